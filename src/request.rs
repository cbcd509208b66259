//! What an agency submits.

use serde::{Deserialize, Serialize};

use crate::agency::{AgencyId, IncidentKind};
use crate::geometry::Area;
use crate::time::TimeWindow;

/// What an agency submits: untrusted until a [`Policy`](crate::Policy) has reviewed it.
///
/// Its parts are valid by themselves; whether the whole may be asked is the policy's to say. A
/// request can be written to and read from any serde format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Which agency says it asks.
    pub agency: AgencyId,
    /// What kind of incident it is about.
    pub incident: IncidentKind,
    /// Where.
    pub area: Area,
    /// When.
    pub window: TimeWindow,
    /// The agency's reference of the case.
    #[serde(default)]
    pub case_reference: String,
    /// Whom an owner may call about it.
    #[serde(default)]
    pub contact: String,
}

impl Request {
    /// A request without a case reference and a contact, which a policy may require.
    #[must_use]
    pub fn new(agency: AgencyId, incident: IncidentKind, area: Area, window: TimeWindow) -> Self {
        Self {
            agency,
            incident,
            area,
            window,
            case_reference: String::new(),
            contact: String::new(),
        }
    }

    /// The same request with a case reference.
    #[must_use]
    pub fn case(self, reference: impl Into<String>) -> Self {
        Self { case_reference: reference.into(), ..self }
    }

    /// The same request with somebody to call.
    #[must_use]
    pub fn contact(self, contact: impl Into<String>) -> Self {
        Self { contact: contact.into(), ..self }
    }
}
