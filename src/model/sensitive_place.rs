//! A place that a request may not touch, or from which cameras are never asked.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::time::TimeWindow;
use crate::geometry::Area;
use crate::util::coded_enum;

coded_enum! {
    /// The kind of a place that an operator protects.
    ///
    /// The list is closed: each kind is about people who come there for care, faith, learning,
    /// safety or to assemble.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    #[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
    pub enum SensitiveKind {
        /// A hospital, a doctor's office, a clinic.
        Clinic = "clinic",
        /// A church, a mosque, a synagogue, a temple.
        PlaceOfWorship = "place_of_worship",
        /// A school or a kindergarten.
        School = "school",
        /// A shelter for people in need or in danger.
        Shelter = "shelter",
        /// An assembly: it is there for a while, and so must have a window.
        Assembly = "assembly",
    }

    /// Every kind.
    pub const ALL: [Self; _];

    /// The kind's stable `snake_case` code, the same as in serde formats.
    pub fn code;
}

impl SensitiveKind {
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

/// The consequence when a request meets a sensitive place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
pub enum SensitiveRule {
    /// The request is refused. The refusal names the kind of place and its label, so that an
    /// officer can draw again. Do not use this for a place that must stay secret: use
    /// [`NeverAsk`](Self::NeverAsk).
    Refuse,
    /// The request passes, and cameras in the place are not asked. The agency cannot notice.
    NeverAsk,
}

/// One place that an operator protects: its area, boundary included, and its rule.
///
/// ```
/// use canvass::Area;
/// use canvass::policy::{SensitiveKind, SensitivePlace, SensitiveRule};
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

    /// The kind of place.
    #[must_use]
    pub fn kind(&self) -> SensitiveKind {
        self.kind
    }

    /// The operator's label. A refusal shows it to the agency.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The consequence when a request meets it.
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
    pub(crate) fn meets(&self, area: &Area, window: &TimeWindow) -> bool {
        self.counts(window) && self.area.intersects(area)
    }

    /// Whether the place counts for a request about a window.
    pub(crate) fn counts(&self, window: &TimeWindow) -> bool {
        let overlaps = |own: &TimeWindow| own.start() < window.end() && window.start() < own.end();
        self.window.as_ref().is_none_or(overlaps)
    }
}

/// Why something is not a [`SensitivePlace`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SensitivePlaceError {
    /// The label is blank.
    #[error("a label is missing; name the {kind}")]
    LabelMissing {
        /// The kind of the refused place.
        kind: SensitiveKind,
    },
    /// The label is too long.
    #[error("the label has {characters} characters, more than {}", SensitivePlace::MAX_LABEL)]
    LabelTooLong {
        /// How many characters it has.
        characters: usize,
    },
    /// The label has control characters, a line feed for instance.
    #[error("the label `{label}` has a control character; write it on one plain line")]
    LabelNotPlain {
        /// The label, such characters escaped.
        label: String,
    },
    /// An assembly has no window.
    #[error("the assembly `{label}` has no window; give its start and end")]
    WindowMissing {
        /// The label.
        label: String,
    },
}

/// The wire form of a place, before it is validated.
#[derive(Serialize, Deserialize)]
#[serde(
    crate = "crate::util::by_name",
    deny_unknown_fields,
    expecting = "an object with `kind`, `label`, `rule`, `area`, and `window` where it has one"
)]
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
