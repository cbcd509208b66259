//! The content of answers to callers.

use std::borrow::Cow;

use canvass::{
    AgencyId, AuthorizedRequest, Camera, CameraId, Consent, OpenedRequest, OwnerId, Question,
    Registry, RequestId, RequestState, Revision, Route,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

/// An agency's view of a request: its id, its state, and the receipt. Nothing in it comes from a
/// camera or an owner.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Told<'a> {
    id: RequestId,
    state: RequestState,
    open_until: Timestamp,
    latest: Timestamp,
    receipt: &'a RawValue,
}

impl<'a> Told<'a> {
    /// The view of a request at some instant, with its stored receipt.
    #[must_use]
    pub fn of(opened: &OpenedRequest, receipt: &'a RawValue, now: Timestamp) -> Self {
        Self {
            id: opened.id(),
            state: opened.state(now),
            open_until: opened.open_until(),
            latest: opened.latest(),
            receipt,
        }
    }
}

/// The owners whom an operator is to ask.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Routed<'a> {
    request: RequestId,
    agency: AgencyId,
    case_reference: Cow<'a, str>,
    revision: Revision,
    now: Timestamp,
    owners: usize,
    cameras: usize,
    recipients: Vec<Recipient<'a>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Recipient<'a> {
    owner: OwnerId,
    cameras: Cow<'a, [CameraId]>,
    /// The first instant at which a notice may be sent, if the owner has a quiet hour now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_before: Option<Timestamp>,
}

impl<'a> Routed<'a> {
    /// The recipients of a request's route.
    #[must_use]
    pub fn of(request: RequestId, route: &'a Route) -> Self {
        let asked = route.authorized().request();
        let recipients = route.recipients().map(|recipient| Recipient {
            owner: recipient.owner,
            cameras: Cow::Borrowed(recipient.cameras),
            not_before: recipient.not_before,
        });
        Self {
            request,
            agency: asked.agency,
            case_reference: Cow::Borrowed(&asked.case_reference),
            revision: route.revision(),
            now: route.now(),
            owners: route.owners(),
            cameras: route.cameras().len(),
            recipients: recipients.collect(),
        }
    }

    /// The same recipients at a later instant: owners whose consent still permits it, with the
    /// cameras that they still have, and the present waiting times. Their limits are ignored: this
    /// very request already counts towards those.
    #[must_use]
    pub(super) fn again(
        mut self,
        registry: &Registry,
        authorized: &AuthorizedRequest,
        now: Timestamp,
    ) -> Self {
        let asked = authorized.request();
        let question = Question { agency: asked.agency, incident: asked.incident, now };
        self.recipients.retain_mut(|Recipient { owner, cameras, not_before }| {
            let consent = registry.consent(*owner);
            let registered = registry.cameras_of(*owner);
            cameras.to_mut().retain(|&id| registered.iter().any(|camera| camera.id == id));
            *not_before = authorized
                .quiet_hours()
                .and_then(|hours| hours.not_before(now, consent.zone().unwrap_or(hours.zone())));
            consent.evaluate(&question, &[]).is_ok() && !cameras.is_empty()
        });
        self.owners = self.recipients.len();
        self.cameras = self.recipients.iter().map(|recipient| recipient.cameras.len()).sum();
        self
    }
}

/// The data held of one owner.
#[derive(Clone, Debug, Serialize)]
pub struct Holdings {
    /// The owner's id.
    pub owner: OwnerId,
    /// The revision of the registry.
    pub revision: Revision,
    /// Their consent.
    pub consent: Consent,
    /// Their cameras, ascending.
    pub cameras: Vec<Camera>,
}

/// A value as JSON. It has only numbers, texts and instants, so writing cannot fail.
pub(super) fn raw(value: &impl Serialize) -> Box<RawValue> {
    to_raw_value(value).unwrap_or_default()
}
