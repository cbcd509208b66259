//! The request that an agency submits.

use serde::{Deserialize, Serialize};

use super::search_area::{CameraScope, SearchArea};
use crate::geometry::Area;
use crate::model::{AgencyId, IncidentKind, TimeWindow};

/// A request as an agency submits it: untrusted until a [`Policy`](crate::Policy) has reviewed it.
///
/// Its parts are valid by themselves; the policy decides whether the whole may be asked. A
/// request can be written to and read from any serde format that has names of fields.
///
/// ```
/// use canvass::Request;
///
/// let sent = r#"{
///     "agency": 3, "incident": "burglary",
///     "area": {"type": "Polygon", "coordinates": [[[10, 50], [10.01, 50], [10.01, 50.01], [10, 50]]]},
///     "window": {"start": "2026-05-01T18:00:00Z", "end": "2026-05-01T21:00:00Z"},
///     "case_reference": "26-0117", "contact": "Sgt. Ames, +1 555 0100"
/// }"#;
/// let request: Request = serde_json::from_str(sent)?;
/// assert_eq!(request, Request::new(request.agency, request.incident, request.area.clone(), request.window)
///     .with_case("26-0117")
///     .with_contact("Sgt. Ames, +1 555 0100"));
///
/// let reversed = sent.replace("21:00", "17:00");
/// let error = serde_json::from_str::<Request>(&reversed).unwrap_err();
/// assert!(error.to_string().starts_with("the window is empty: its end `2026-05-01T17:00:00Z`"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", deny_unknown_fields)]
#[non_exhaustive]
pub struct Request {
    /// The id of the agency that claims to ask.
    pub agency: AgencyId,
    /// The kind of incident it is about.
    pub incident: IncidentKind,
    /// The area in which it asks for footage.
    pub area: Area,
    /// The window of time of which it asks for footage.
    pub window: TimeWindow,
    /// The cameras it is about: those that stand in the area, unless it asks for more, which a
    /// policy must allow.
    #[serde(default, skip_serializing_if = "CameraScope::is_default")]
    pub camera_scope: CameraScope,
    /// The agency's reference of the case.
    #[serde(default)]
    pub case_reference: String,
    /// A contact whom an owner may call about it.
    #[serde(default)]
    pub contact: String,
}

impl Request {
    /// A request about cameras that stand in the area. Add a case reference and a contact with
    /// [`with_case`](Self::with_case) and [`with_contact`](Self::with_contact): the default policy
    /// requires both.
    #[must_use]
    pub fn new(agency: AgencyId, incident: IncidentKind, area: Area, window: TimeWindow) -> Self {
        Self {
            agency,
            incident,
            area,
            window,
            camera_scope: CameraScope::StandingIn,
            case_reference: String::new(),
            contact: String::new(),
        }
    }

    /// The same request by another agency.
    #[must_use]
    pub fn with_agency(self, agency: AgencyId) -> Self {
        Self { agency, ..self }
    }

    /// The same request about another kind of incident.
    #[must_use]
    pub fn with_incident(self, incident: IncidentKind) -> Self {
        Self { incident, ..self }
    }

    /// The same request about another area.
    #[must_use]
    pub fn with_area(self, area: Area) -> Self {
        Self { area, ..self }
    }

    /// The same request about another window.
    #[must_use]
    pub fn with_window(self, window: TimeWindow) -> Self {
        Self { window, ..self }
    }

    /// The same request with another scope: use it to ask for cameras that see into the area, too.
    #[must_use]
    pub fn with_camera_scope(self, camera_scope: CameraScope) -> Self {
        Self { camera_scope, ..self }
    }

    /// The same request with a case reference.
    #[must_use]
    pub fn with_case(self, reference: impl Into<String>) -> Self {
        Self { case_reference: reference.into(), ..self }
    }

    /// The same request with somebody to call.
    #[must_use]
    pub fn with_contact(self, contact: impl Into<String>) -> Self {
        Self { contact: contact.into(), ..self }
    }

    /// Where it asks, and for which cameras.
    pub(crate) fn ground(&self) -> SearchArea {
        (self.area.clone(), self.camera_scope)
    }
}
