//! The places that requests may not touch, or from which cameras are never asked.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::sensitive_place::SensitivePlace;
use super::time::TimeWindow;
use crate::geometry::{Area, Envelope, EnvelopeIndex};

/// The places that an operator protects. Make the set once and put it into your
/// [`Policy`](crate::Policy); each review looks it up.
///
/// Cloning is cheap: clones share their content. In serde formats it is the list of the places. The
/// order is kept: refusals name places in it.
///
/// ```
/// use canvass::Policy;
/// use canvass::policy::SensitivePlaces;
///
/// let places = r#"[{"kind":"clinic","label":"Women's clinic","rule":"never_ask","area":
///     {"type":"Polygon","coordinates":[[[10,50],[10.001,50],[10.001,50.001],[10,50]]]}}]"#;
/// let sensitive_places: SensitivePlaces = serde_json::from_str(places)?;
/// let policy = Policy::default().with_sensitive_places(sensitive_places);
/// assert_eq!(policy.sensitive_places.iter().len(), 1);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(from = "Vec<SensitivePlace>", into = "Vec<SensitivePlace>")]
pub struct SensitivePlaces(Arc<Indexed>);

#[derive(Default)]
struct Indexed {
    places: Vec<SensitivePlace>,
    // INVARIANT: of the envelope of each place, by its index.
    tree: EnvelopeIndex,
}

impl SensitivePlaces {
    /// A set of places. O(n log n) for n places.
    #[must_use]
    pub fn new(places: impl IntoIterator<Item = SensitivePlace>) -> Self {
        let places: Vec<SensitivePlace> = places.into_iter().collect();
        let tree = EnvelopeIndex::of(places.iter().map(|place| place.area().envelope()));
        Self(Arc::new(Indexed { places, tree }))
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
    /// they have one, overlaps the request's.
    ///
    /// O(log n + k) for n places of which k are near, and a comparison with each of the k.
    #[must_use]
    pub fn met_by(&self, area: &Area, window: &TimeWindow) -> Vec<&SensitivePlace> {
        self.near(&[area.envelope()]).filter(|place| place.meets(area, window)).collect()
    }

    /// The places whose own envelopes are in one of some envelopes and which count for a request
    /// about a window, in the order in which they were given.
    pub(crate) fn within(
        &self,
        envelopes: &[Envelope],
        window: &TimeWindow,
    ) -> Vec<&SensitivePlace> {
        self.near(envelopes).filter(|place| place.counts(window)).collect()
    }

    fn near(&self, envelopes: &[Envelope]) -> impl Iterator<Item = &SensitivePlace> {
        let found = envelopes.iter().flat_map(|&near| self.0.tree.meeting(near));
        let mut indexes: Vec<usize> = found.collect();
        indexes.sort_unstable();
        indexes.dedup();
        indexes.into_iter().filter_map(|index| self.0.places.get(index))
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
