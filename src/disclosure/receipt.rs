use jiff::Timestamp;
use serde::Serialize;

use crate::agency::{AgencyId, IncidentKind};
use crate::authorized::AuthorizedRequest;
use crate::routing::Route;
use crate::time::TimeWindow;

/// What the **agency** may see of a request that was authorised.
///
/// It is made of the request's own fields and the policy's version, so it cannot carry an id, a
/// position or a count: for none, few and many recipients it is the same, byte by byte. Even an
/// empty route has one.
///
/// ```
/// # fn show(route: canvass::Route) {
/// let receipt = route.receipt();
/// let case = receipt.case_reference();
/// # }
/// ```
///
/// What the operator's route knows, a receipt has not:
///
/// ```compile_fail,E0599
/// # fn show(route: canvass::Route) {
/// let receipt = route.receipt();
/// let count = receipt.owners();
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    status: Status,
    case_reference: String,
    agency: AgencyId,
    incident: IncidentKind,
    window: TimeWindow,
    policy_version: String,
    reviewed_at: Timestamp,
}

/// The one thing that a receipt says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Accepted,
}

impl Route {
    /// What the agency may see.
    #[must_use]
    pub fn receipt(&self) -> Receipt {
        Receipt::of(self.authorized())
    }
}

impl Receipt {
    fn of(authorized: &AuthorizedRequest) -> Self {
        let request = authorized.request();
        Self {
            status: Status::Accepted,
            case_reference: request.case_reference.clone(),
            agency: request.agency,
            incident: request.incident,
            window: request.window,
            policy_version: authorized.policy_version().to_owned(),
            reviewed_at: authorized.reviewed_at(),
        }
    }

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

    /// What kind of incident the request is about.
    #[must_use]
    pub fn incident(&self) -> IncidentKind {
        self.incident
    }

    /// Which window the request is about.
    #[must_use]
    pub fn window(&self) -> &TimeWindow {
        &self.window
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
