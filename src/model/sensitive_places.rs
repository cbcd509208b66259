//! The places that requests may not touch, or from which cameras are never asked.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::sensitive_place::{SensitivePlace, SensitiveRule};
use super::time::TimeWindow;
use crate::geometry::{Area, Envelope, EnvelopeIndex, Position};

/// The places that an operator protects. Make the set once and put it into your
/// [`Policy`](crate::Policy); each review looks it up.
///
/// Cloning is cheap: clones share their content. In serde formats it is the list of the places. The
/// order is kept: refusals name places in it.
///
/// ```
/// use canvass::policy::SensitivePlaces;
/// use canvass::{Policy, Zone};
///
/// let places = r#"[{"kind":"clinic","label":"Women's clinic","rule":"never_ask","area":
///     {"type":"Polygon","coordinates":[[[10,50],[10.001,50],[10.001,50.001],[10,50]]]}}]"#;
/// let sensitive_places: SensitivePlaces = serde_json::from_str(places)?;
/// let policy = Policy::in_zone(Zone::UTC).with_sensitive_places(sensitive_places);
/// assert_eq!(policy.sensitive_places.iter().len(), 1);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(from = "Vec<SensitivePlace>", into = "Vec<SensitivePlace>")]
pub struct SensitivePlaces(Arc<Indexed>);

#[derive(Default)]
struct Indexed {
    places: Vec<SensitivePlace>,
    // INVARIANT: of the envelope of each place under that rule, by its index in `places`. A review reads
    // the first alone, so that its time does not depend on silent places.
    refused: EnvelopeIndex,
    silent: EnvelopeIndex,
}

impl SensitivePlaces {
    /// A set of places. O(n log n) for n places.
    #[must_use]
    pub fn new(places: impl IntoIterator<Item = SensitivePlace>) -> Self {
        let places: Vec<SensitivePlace> = places.into_iter().collect();
        let under = |rule| {
            let numbered = places.iter().enumerate().filter(move |(_, place)| place.rule() == rule);
            EnvelopeIndex::of(numbered.map(|(number, place)| (number, place.area().envelope())))
        };
        let (refused, silent) = (under(SensitiveRule::Refuse), under(SensitiveRule::NeverAsk));
        Self(Arc::new(Indexed { places, refused, silent }))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.places.is_empty()
    }

    /// The places, in the order in which they were given.
    pub fn iter(&self) -> std::slice::Iter<'_, SensitivePlace> {
        self.0.places.iter()
    }

    /// The places that a request about an area and a window meets, in the order in which they were
    /// given: those that share a point with the area, the boundaries included, and whose window, if
    /// they have one, overlaps the request's. **The operator's**: it names places that must stay secret,
    /// and its time depends on them.
    ///
    /// O(log n + k) for n places of which k are near, and a comparison with each of the k.
    #[must_use]
    pub fn met_by(&self, area: &Area, window: &TimeWindow) -> Vec<&SensitivePlace> {
        self.near([&self.0.refused, &self.0.silent], area, window)
    }

    /// The same of the places under [`SensitiveRule::Refuse`] alone: neither the answer nor its time
    /// depends on silent places, so that you can use it for what an agency is shown.
    #[must_use]
    pub fn refused_by(&self, area: &Area, window: &TimeWindow) -> Vec<&SensitivePlace> {
        self.near([&self.0.refused], area, window)
    }

    fn near<const N: usize>(
        &self,
        trees: [&EnvelopeIndex; N],
        area: &Area,
        window: &TimeWindow,
    ) -> Vec<&SensitivePlace> {
        let mut indexes: Vec<usize> =
            trees.iter().flat_map(|tree| tree.meeting(area.envelope())).collect();
        indexes.sort_unstable();
        let places = indexes.into_iter().filter_map(|index| self.0.places.get(index));
        places.filter(|place| place.meets(area, window)).collect()
    }

    /// The places under [`SensitiveRule::NeverAsk`] that count for a request about a window.
    pub(crate) fn silent(&self, window: &TimeWindow) -> impl Iterator<Item = &SensitivePlace> {
        let silent = self.iter().filter(|place| place.rule() == SensitiveRule::NeverAsk);
        silent.filter(move |place| place.counts(window))
    }

    /// Whether a place under [`SensitiveRule::NeverAsk`] has its envelope near one of some envelopes.
    /// O(log n).
    pub(crate) fn has_silent_near(&self, envelopes: &[Envelope]) -> bool {
        envelopes.iter().any(|&near| self.0.silent.meeting(near).next().is_some())
    }

    /// Whether a position is in a place under [`SensitiveRule::NeverAsk`] that counts for a request about
    /// a window, on its boundary included. O(log n + k) for k places around it.
    pub(crate) fn is_silent(&self, position: Position, window: &TimeWindow) -> bool {
        // A place that ends at the antimeridian has 180 as its side, positions there have -180.
        let here = Envelope::of([position]);
        let from_the_west = here.across_the_antimeridian();
        std::iter::once(here)
            .chain(from_the_west)
            .flat_map(|envelope| self.0.silent.meeting(envelope))
            .filter_map(|index| self.0.places.get(index))
            .any(|place| place.counts(window) && place.area().covers(position))
    }
}

impl<'a> IntoIterator for &'a SensitivePlaces {
    type Item = &'a SensitivePlace;
    type IntoIter = std::slice::Iter<'a, SensitivePlace>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<SensitivePlace> for SensitivePlaces {
    fn from_iter<I: IntoIterator<Item = SensitivePlace>>(places: I) -> Self {
        Self::new(places)
    }
}

impl From<Vec<SensitivePlace>> for SensitivePlaces {
    fn from(places: Vec<SensitivePlace>) -> Self {
        Self::new(places)
    }
}

impl From<SensitivePlaces> for Vec<SensitivePlace> {
    fn from(places: SensitivePlaces) -> Self {
        places.0.places.clone()
    }
}

impl PartialEq for SensitivePlaces {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.places == other.0.places
    }
}

impl Eq for SensitivePlaces {}

impl fmt::Debug for SensitivePlaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}
