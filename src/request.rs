//! What an agency submits.

use serde::{Deserialize, Serialize};

use crate::agency::{AgencyId, IncidentKind};
use crate::facing::near;
use crate::geometry::{Area, Envelope};
use crate::time::TimeWindow;

/// What an agency submits: untrusted until a [`Policy`](crate::Policy) has reviewed it.
///
/// Its parts are valid by themselves; whether the whole may be asked is the policy's to say. A
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
///     .case("26-0117")
///     .contact("Sgt. Ames, +1 555 0100"));
///
/// let reversed = sent.replace("21:00", "17:00");
/// let error = serde_json::from_str::<Request>(&reversed).unwrap_err();
/// assert!(error.to_string().starts_with("the window is empty: its end `2026-05-01T17:00:00Z`"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "crate::by_name", deny_unknown_fields)]
pub struct Request {
    /// Which agency says it asks.
    pub agency: AgencyId,
    /// What kind of incident it is about.
    pub incident: IncidentKind,
    /// Where.
    pub area: Area,
    /// When.
    pub window: TimeWindow,
    /// For which cameras: those that stand in the area unless it says more, which a policy must
    /// allow.
    #[serde(default, skip_serializing_if = "Sight::is_usual")]
    pub sight: Sight,
    /// The agency's reference of the case.
    #[serde(default)]
    pub case_reference: String,
    /// Whom an owner may call about it.
    #[serde(default)]
    pub contact: String,
}

/// Which cameras a request is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// Those that stand in the area or on its boundary.
    #[default]
    StandingIn,
    /// These, and those whose [view](crate::Facing) has a point in common with the area: see
    /// [`Camera::sees_into`](crate::Camera::sees_into). Cameras of which no facing is known are only
    /// asked where they stand in it.
    SeeingInto,
}

impl Sight {
    /// Whether it is what requests ask for that do not say.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    pub(crate) fn is_usual(&self) -> bool {
        *self == Self::StandingIn
    }
}

/// An area, and which cameras are asked for there.
pub(crate) type Ground = (Area, Sight);

/// Whether cameras that see into one area are asked for, and these may be asked for the other, too.
/// It may only say yes too often.
pub(crate) fn shares_views(one: &Ground, other: &Ground) -> bool {
    let meet = |ones: &[Envelope], others: &[Envelope]| {
        others.iter().any(|&theirs| ones.iter().any(|own| own.intersects(theirs)))
    };
    [one.1, other.1].contains(&Sight::SeeingInto) && meet(&reach(one), &reach(other))
}

/// Whether the same camera may be asked for both: the areas share a point, or a camera may see into one and
/// be asked for the other. Only of views it may say yes too often.
pub(crate) fn meet(one: &Ground, other: &Ground) -> bool {
    one.0.intersects(&other.0) || shares_views(one, other)
}

/// Envelopes of where the cameras stand that may be asked for: more than one at the antimeridian.
pub(crate) fn reach((area, sight): &Ground) -> Vec<Envelope> {
    match sight {
        Sight::StandingIn => vec![area.envelope()],
        Sight::SeeingInto => near(area.envelope()),
    }
}

impl Request {
    /// Where it asks, and for which cameras.
    pub(crate) fn ground(&self) -> Ground {
        (self.area.clone(), self.sight)
    }

    /// Whether it asks for the same cameras.
    pub(crate) fn is_about(&self, (area, sight): &Ground) -> bool {
        self.sight == *sight && self.area == *area
    }

    /// A request about cameras that stand in the area, without a case reference and a contact,
    /// which a policy may require.
    #[must_use]
    pub fn new(agency: AgencyId, incident: IncidentKind, area: Area, window: TimeWindow) -> Self {
        Self {
            agency,
            incident,
            area,
            window,
            sight: Sight::StandingIn,
            case_reference: String::new(),
            contact: String::new(),
        }
    }

    /// The same request for the cameras that can see into the area, too.
    #[must_use]
    pub fn seeing_into(self) -> Self {
        Self { sight: Sight::SeeingInto, ..self }
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
