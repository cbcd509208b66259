//! Agencies, and the kinds of incident that they may ask about.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ids::AgencyId;
use crate::geometry::Area;
use crate::util::coded_enum;

/// A public agency that may submit requests.
///
/// You keep this record. A request only names an [`AgencyId`], and the policy refuses a request
/// whose agency is not the one in your record.
///
/// ```
/// use canvass::{Agency, AgencyId, AgencyKind, Area};
///
/// let county = Area::from_bounds(-74.1, 40.6, -73.8, 40.9)?;
/// let (id, name) = (AgencyId(3), "Ashford Police Department".to_owned());
/// let agency = Agency::new(id, name, AgencyKind::Local).with_jurisdiction(county);
/// assert_eq!(serde_json::from_str::<Agency>(&serde_json::to_string(&agency)?)?, agency);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", deny_unknown_fields)]
#[non_exhaustive]
pub struct Agency {
    /// The agency's id, which requests name.
    pub id: AgencyId,
    /// The name by which owners know it. Notices and bulletins use it.
    pub name: String,
    /// The level of government it belongs to.
    pub kind: AgencyKind,
    /// The area in which it has authority. With `None`, a policy that requires a jurisdiction
    /// refuses every request of the agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jurisdiction: Option<Area>,
}

impl Agency {
    /// An agency whose jurisdiction is not on record: a policy that requires one refuses its
    /// requests. Add it with [`with_jurisdiction`](Self::with_jurisdiction).
    #[must_use]
    pub fn new(id: AgencyId, name: impl Into<String>, kind: AgencyKind) -> Self {
        Self { id, name: name.into(), kind, jurisdiction: None }
    }

    /// The same agency with the area in which it has authority, or with `None` if that is not on record.
    #[must_use]
    pub fn with_jurisdiction(self, jurisdiction: impl Into<Option<Area>>) -> Self {
        Self { jurisdiction: jurisdiction.into(), ..self }
    }

    /// The same agency with another id.
    #[must_use]
    pub fn with_id(self, id: AgencyId) -> Self {
        Self { id, ..self }
    }

    /// The same agency with another name.
    #[must_use]
    pub fn with_name(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// The same agency on another level of government.
    #[must_use]
    pub fn with_kind(self, kind: AgencyKind) -> Self {
        Self { kind, ..self }
    }
}

coded_enum! {
    /// The level of government that an agency belongs to.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    #[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
    pub enum AgencyKind {
        /// A city, town or campus.
        Local = "local",
        /// A county or parish.
        County = "county",
        /// A state or territory.
        State = "state",
        /// A national agency.
        Federal = "federal",
    }

    /// Every kind, from the smallest jurisdiction to the largest.
    pub const ALL: [Self; _];

    /// The kind's stable `snake_case` code, the same as in serde formats.
    pub fn code;
}

impl fmt::Display for AgencyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for AgencyKind {
    type Err = CodeError;

    /// Reads a code, as [`code`](Self::code) gives it.
    ///
    /// # Errors
    ///
    /// If no kind has this code.
    fn from_str(code: &str) -> Result<Self, CodeError> {
        let found = Self::ALL.into_iter().find(|kind| kind.code() == code);
        found.ok_or_else(|| CodeError::new(code, Self::ALL.map(Self::code)))
    }
}

/// A text is not the code of any kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not one of {known}")]
pub struct CodeError {
    /// The text given, cut off behind 40 characters.
    pub text: String,
    known: String,
}

impl CodeError {
    fn new(text: &str, known: impl IntoIterator<Item = &'static str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        Self { text: text.chars().take(40).collect(), known: known.join(", ") }
    }
}

coded_enum! {
    /// The kind of incident that a request is about.
    ///
    /// The list is closed: there is no kind for a protest, an announcement or "other", so a
    /// request about one cannot be written. An unknown kind does not deserialise.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    #[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
    #[non_exhaustive]
    pub enum IncidentKind {
        /// A missing or endangered person.
        MissingPerson = "missing_person",
        /// A kidnapping or an abduction.
        Abduction = "abduction",
        /// A death under investigation.
        Homicide = "homicide",
        /// An assault on a person.
        Assault = "assault",
        /// Shots fired.
        Shooting = "shooting",
        /// A theft by force or threat.
        Robbery = "robbery",
        /// A break-in.
        Burglary = "burglary",
        /// A stolen vehicle.
        VehicleTheft = "vehicle_theft",
        /// A theft without force, of a parcel for instance.
        Theft = "theft",
        /// Damage done on purpose.
        Vandalism = "vandalism",
        /// A fire set on purpose.
        Arson = "arson",
        /// A collision whose driver left.
        HitAndRun = "hit_and_run",
        /// Any other collision on a road.
        Collision = "collision",
    }

    /// Every kind, in the order of their declaration.
    pub const ALL: &[Self];

    /// The kind's stable `snake_case` code, the same as in serde formats.
    pub fn code;
}

impl IncidentKind {
    /// The kind with this code. Use it where no serde format is at hand: a form, a command line.
    ///
    /// ```
    /// use canvass::IncidentKind;
    ///
    /// assert_eq!(IncidentKind::from_code("burglary"), Some(IncidentKind::Burglary));
    /// assert_eq!(IncidentKind::from_code("protest"), None);
    /// ```
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }
}

impl FromStr for IncidentKind {
    type Err = CodeError;

    /// Reads a code, as [`from_code`](Self::from_code), with an error that lists the codes.
    ///
    /// # Errors
    ///
    /// If no kind has this code.
    fn from_str(code: &str) -> Result<Self, CodeError> {
        let codes = Self::ALL.iter().map(|kind| kind.code());
        Self::from_code(code).ok_or_else(|| CodeError::new(code, codes))
    }
}

impl fmt::Display for IncidentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
