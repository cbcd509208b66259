//! Places that a request may not touch, or from which cameras are never asked.

use std::fmt;
use std::sync::Arc;

use rstar::{RTree, RTreeObject};
use serde::{Deserialize, Serialize};

use crate::geometry::{Area, Envelope};
use crate::time::TimeWindow;

/// What kind of place it is that an operator protects.
///
/// A closed list: each is about people who come there for care, faith, learning, safety or to say
/// something together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SensitiveKind {
    /// A hospital, a doctor's office, a clinic.
    Clinic,
    /// A church, a mosque, a synagogue, a temple.
    PlaceOfWorship,
    /// A school or a kindergarten.
    School,
    /// A shelter for people in need or in danger.
    Shelter,
    /// An assembly: it is there for a while, and so must have a window.
    Assembly,
}

impl SensitiveKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Clinic, Self::PlaceOfWorship, Self::School, Self::Shelter, Self::Assembly];

    /// The kind's stable `snake_case` code, the same as in serde formats.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Clinic => "clinic",
            Self::PlaceOfWorship => "place_of_worship",
            Self::School => "school",
            Self::Shelter => "shelter",
            Self::Assembly => "assembly",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Clinic => "clinic",
            Self::PlaceOfWorship => "place of worship",
            Self::School => "school",
            Self::Shelter => "shelter",
            Self::Assembly => "assembly",
        }
    }
}

impl fmt::Display for SensitiveKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// What follows where a request meets a sensitive place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SensitiveRule {
    /// The request is refused, and the agency is told the kind of place and its label, so that it can
    /// draw again. Not for a place that must stay secret.
    Refuse,
    /// The request passes, and cameras in the place are not asked; nothing tells the agency.
    NeverAsk,
}

/// One place that an operator protects: its area, boundary included, and what follows.
///
/// ```
/// use canvass::{Area, SensitiveKind, SensitivePlace, SensitiveRule};
///
/// let area = Area::from_bounds(-73.98, 40.76, -73.97, 40.77)?;
/// let school = SensitiveKind::School;
/// let place = SensitivePlace::new(school, "PS 9", SensitiveRule::Refuse, area.clone(), None)?;
/// assert_eq!((place.kind(), place.label()), (school, "PS 9"));
/// assert!(SensitivePlace::new(school, " ", SensitiveRule::Refuse, area, None).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Record", into = "Record")]
pub struct SensitivePlace {
    // INVARIANT: the label is one that `SensitivePlace::new` takes; an assembly has a window.
    kind: SensitiveKind,
    label: String,
    rule: SensitiveRule,
    area: Area,
    window: Option<TimeWindow>,
}

impl SensitivePlace {
    /// The most characters of a label.
    pub const MAX_LABEL: usize = 120;

    /// A place under the operator's label for it. With a window it counts only for requests whose
    /// window overlaps that; without one it always does.
    ///
    /// # Errors
    ///
    /// If the label is blank, has control characters, or is longer than
    /// [`MAX_LABEL`](Self::MAX_LABEL) characters; or if an assembly has no window.
    pub fn new(
        kind: SensitiveKind,
        label: impl Into<String>,
        rule: SensitiveRule,
        area: Area,
        window: Option<TimeWindow>,
    ) -> Result<Self, SensitivePlaceError> {
        let label = label.into();
        let characters = label.chars().count();
        if label.trim().is_empty() {
            Err(SensitivePlaceError::LabelMissing { kind })
        } else if characters > Self::MAX_LABEL {
            Err(SensitivePlaceError::LabelTooLong { characters })
        } else if label.chars().any(char::is_control) {
            Err(SensitivePlaceError::LabelNotPlain { label: label.escape_debug().to_string() })
        } else if kind == SensitiveKind::Assembly && window.is_none() {
            Err(SensitivePlaceError::WindowMissing { label })
        } else {
            Ok(Self { kind, label, rule, area, window })
        }
    }

    /// What kind of place it is.
    #[must_use]
    pub fn kind(&self) -> SensitiveKind {
        self.kind
    }

    /// The operator's label. A refusal shows it to the agency.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What follows where a request meets it.
    #[must_use]
    pub fn rule(&self) -> SensitiveRule {
        self.rule
    }

    /// Where it is.
    #[must_use]
    pub fn area(&self) -> &Area {
        &self.area
    }

    /// When it counts; `None` if always.
    #[must_use]
    pub fn window(&self) -> Option<&TimeWindow> {
        self.window.as_ref()
    }

    /// Whether a request about an area and a window meets the place. Exact.
    fn meets(&self, area: &Area, window: &TimeWindow) -> bool {
        self.counts(window) && self.area.intersects(area)
    }

    /// Whether the place counts for a request about a window.
    fn counts(&self, window: &TimeWindow) -> bool {
        let overlaps = |own: &TimeWindow| own.start() < window.end() && window.start() < own.end();
        self.window.as_ref().is_none_or(overlaps)
    }
}

/// Why something is no [`SensitivePlace`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SensitivePlaceError {
    /// The label is blank.
    #[error("a label is missing; name the {kind}")]
    LabelMissing {
        /// What kind of place it would be.
        kind: SensitiveKind,
    },
    /// The label is too long.
    #[error("the label has {characters} characters, more than {}", SensitivePlace::MAX_LABEL)]
    LabelTooLong {
        /// How many characters it has.
        characters: usize,
    },
    /// The label has control characters, a line feed for instance.
    #[error("the label `{label}` has a control character; write it in one plain line")]
    LabelNotPlain {
        /// The label, such characters escaped.
        label: String,
    },
    /// An assembly has no window.
    #[error("the assembly `{label}` has no window; say from when to when it is")]
    WindowMissing {
        /// The label.
        label: String,
    },
}

/// The wire form of a place, before it is validated.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    kind: SensitiveKind,
    label: String,
    rule: SensitiveRule,
    area: Area,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    window: Option<TimeWindow>,
}

impl TryFrom<Record> for SensitivePlace {
    type Error = SensitivePlaceError;

    fn try_from(record: Record) -> Result<Self, Self::Error> {
        let Record { kind, label, rule, area, window } = record;
        Self::new(kind, label, rule, area, window)
    }
}

impl From<SensitivePlace> for Record {
    fn from(place: SensitivePlace) -> Self {
        let SensitivePlace { kind, label, rule, area, window } = place;
        Self { kind, label, rule, area, window }
    }
}

/// The places that an operator protects, made once and looked up by each review.
///
/// Cloning is cheap: clones share their content. In serde formats it is the list of the places. The
/// order is kept: refusals name places in it.
///
/// ```
/// use canvass::{Policy, SensitivePlaces};
///
/// let places = r#"[{"kind":"clinic","label":"Women's clinic","rule":"never_ask","area":
///     {"type":"Polygon","coordinates":[[[10,50],[10.001,50],[10.001,50.001],[10,50]]]}}]"#;
/// let sensitive_places: SensitivePlaces = serde_json::from_str(places)?;
/// let policy = Policy { sensitive_places, ..Policy::default() };
/// assert_eq!(policy.sensitive_places.iter().len(), 1);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(from = "Vec<SensitivePlace>", into = "Vec<SensitivePlace>")]
pub struct SensitivePlaces(Arc<Indexed>);

#[derive(Default)]
struct Indexed {
    places: Vec<SensitivePlace>,
    // INVARIANT: one for each place.
    tree: RTree<Entry>,
}

/// Where a place is, and which of the places it is.
struct Entry {
    envelope: Envelope,
    index: usize,
}

impl RTreeObject for Entry {
    type Envelope = Envelope;

    fn envelope(&self) -> Envelope {
        self.envelope
    }
}

impl SensitivePlaces {
    /// A set of places. O(n log n) for n places.
    #[must_use]
    pub fn new(places: impl IntoIterator<Item = SensitivePlace>) -> Self {
        let places: Vec<SensitivePlace> = places.into_iter().collect();
        let entries = places.iter().enumerate();
        let entries =
            entries.map(|(index, place)| Entry { envelope: place.area.envelope(), index });
        let tree = RTree::bulk_load(entries.collect());
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

    /// The places whose own envelopes are in one of some envelopes and which count for a request about
    /// a window, in the order in which they were given.
    pub(crate) fn within(
        &self,
        envelopes: &[Envelope],
        window: &TimeWindow,
    ) -> Vec<&SensitivePlace> {
        self.near(envelopes).filter(|place| place.counts(window)).collect()
    }

    fn near(&self, envelopes: &[Envelope]) -> impl Iterator<Item = &SensitivePlace> {
        let found =
            envelopes.iter().flat_map(|&near| self.0.tree.locate_in_envelope_intersecting(near));
        let mut indexes: Vec<usize> = found.map(|entry| entry.index).collect();
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
