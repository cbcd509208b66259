use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{AgencyId, IncidentKind, TimeWindow};
use crate::request::{AuthorizedRequest, CameraScope};
use crate::routing::Route;

/// The **agency's** view of an authorised request. You may show it to the agency at once.
///
/// It is made of the request's own fields and the policy's version, so it cannot carry an id, a
/// position or a count: for none, few and many recipients it is the same, byte by byte. Even an
/// empty route has one, and so has a request that was not routed yet. Making one looks at no
/// camera, so the time that it takes reveals nothing either.
///
/// **How long [`Snapshot::route`](crate::Snapshot::route) takes depends on who lives there**, and
/// is the operator's alone: answer the agency before you route, or independently of it.
///
/// ```
/// # use canvass::*;
/// # let area = Area::from_wkt("POLYGON((-73.98 40.76, -73.97 40.76, -73.97 40.78, -73.98 40.76))")?;
/// # let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
/// # let agency = Agency::new(AgencyId(3), "Police", AgencyKind::Local);
/// # let request = Request::new(agency.id, IncidentKind::Burglary, area, window).with_case("26-0117");
/// # let now = "2026-05-02T09:00:00Z".parse()?;
/// # let authorized = Policy::without_limits_or_anonymity().review(&request, &agency, &CaseFile::new(agency.id), now)?;
/// let receipt = authorized.receipt(); // send this, and route afterwards
/// assert_eq!(receipt.case_reference(), "26-0117");
/// assert_eq!(Registry::new().snapshot().route(authorized.assume_open(), now).receipt(), receipt);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A receipt has nothing of the operator's route:
///
/// ```compile_fail,E0599
/// # fn show(route: canvass::Route) {
/// let receipt = route.receipt();
/// let count = receipt.owners();
/// # }
/// ```
///
/// A receipt can be read back; reading one proves nothing about who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", deny_unknown_fields)]
pub struct Receipt {
    status: Status,
    case_reference: String,
    agency: AgencyId,
    incident: IncidentKind,
    window: TimeWindow,
    #[serde(default, skip_serializing_if = "CameraScope::is_default")]
    camera_scope: CameraScope,
    policy_version: String,
    reviewed_at: Timestamp,
}

/// The one status that a receipt has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
enum Status {
    Accepted,
}

impl AuthorizedRequest {
    /// The agency's receipt. Costs two copies of a text, for an area of any size.
    #[must_use]
    pub fn receipt(&self) -> Receipt {
        let request = self.request();
        Receipt {
            status: Status::Accepted,
            case_reference: request.case_reference.clone(),
            agency: request.agency,
            incident: request.incident,
            window: request.window,
            camera_scope: request.camera_scope,
            policy_version: self.policy_version().to_owned(),
            reviewed_at: self.reviewed_at(),
        }
    }
}

impl Route {
    /// The agency's view: the [receipt of the request](AuthorizedRequest::receipt), which no
    /// recipient changes.
    #[must_use]
    pub fn receipt(&self) -> Receipt {
        self.authorized().receipt()
    }
}

impl Receipt {
    /// The case that the request belongs to.
    #[must_use]
    pub fn case_reference(&self) -> &str {
        &self.case_reference
    }

    /// Which agency asked.
    #[must_use]
    pub fn agency(&self) -> AgencyId {
        self.agency
    }

    /// The kind of incident.
    #[must_use]
    pub fn incident(&self) -> IncidentKind {
        self.incident
    }

    /// Which window the request is about.
    #[must_use]
    pub fn window(&self) -> &TimeWindow {
        &self.window
    }

    /// Which cameras the request is about, as it asked; it is written only where they are not just
    /// those that stand in the area.
    #[must_use]
    pub fn camera_scope(&self) -> CameraScope {
        self.camera_scope
    }

    /// The version of the policy that let the request pass.
    #[must_use]
    pub fn policy_version(&self) -> &str {
        &self.policy_version
    }

    /// When the request was reviewed and accepted.
    #[must_use]
    pub fn reviewed_at(&self) -> Timestamp {
        self.reviewed_at
    }
}
