//! Who asks, and about what.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::AgencyId;
use crate::geometry::Area;

/// A public agency that may submit requests.
///
/// The record is the operator's: a request only names an [`AgencyId`], and the policy refuses a
/// request whose agency is not the one in the operator's record.
///
/// ```
/// use canvass::{Agency, AgencyId, AgencyKind, Area};
///
/// let county = Area::from_bounds(-74.1, 40.6, -73.8, 40.9)?;
/// let (id, name) = (AgencyId(3), "Ashford Police Department".to_owned());
/// let agency = Agency { id, name, kind: AgencyKind::Local, jurisdiction: Some(county) };
/// assert_eq!(serde_json::from_str::<Agency>(&serde_json::to_string(&agency)?)?, agency);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agency {
    /// Which agency.
    pub id: AgencyId,
    /// Its name, as owners know it.
    pub name: String,
    /// Which level of government it belongs to.
    pub kind: AgencyKind,
    /// Where it has authority; `None` where the operator has not recorded that, and then a policy
    /// that asks for a jurisdiction refuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jurisdiction: Option<Area>,
}

/// The level of government that an agency belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgencyKind {
    /// A city, town or campus.
    Local,
    /// A county or parish.
    County,
    /// A state or territory.
    State,
    /// A national agency.
    Federal,
}

impl AgencyKind {
    /// The kind's stable `snake_case` code, the same as in serde formats.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::County => "county",
            Self::State => "state",
            Self::Federal => "federal",
        }
    }
}

impl fmt::Display for AgencyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

macro_rules! incident_kinds {
    ($($(#[$doc:meta])* $name:ident $code:literal,)*) => {
        /// What kind of incident a request is about.
        ///
        /// The list is closed: there is no kind for a protest, an announcement or "other", so a
        /// request about one cannot be written. An unknown kind does not deserialise.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum IncidentKind { $($(#[$doc])* $name,)* }

        impl IncidentKind {
            /// Every kind, in the order of their codes' declaration.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The kind's stable `snake_case` code, the same as in serde formats.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The kind that has a code, for what is no serde format: a form, a command line.
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
    };
}

incident_kinds! {
    /// A missing or endangered person.
    MissingPerson "missing_person",
    /// A kidnapping or an abduction.
    Abduction "abduction",
    /// A death under investigation.
    Homicide "homicide",
    /// An assault on a person.
    Assault "assault",
    /// Shots fired.
    Shooting "shooting",
    /// A theft by force or threat.
    Robbery "robbery",
    /// A break-in.
    Burglary "burglary",
    /// A stolen vehicle.
    VehicleTheft "vehicle_theft",
    /// A theft without force, of a parcel for instance.
    Theft "theft",
    /// Damage done on purpose.
    Vandalism "vandalism",
    /// A fire set on purpose.
    Arson "arson",
    /// A collision whose driver left.
    HitAndRun "hit_and_run",
    /// Any other collision on a road.
    Collision "collision",
}

impl fmt::Display for IncidentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
