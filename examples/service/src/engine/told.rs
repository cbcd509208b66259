//! What callers are told, as answers have it.

use canvass::{
    AgencyId, Camera, CameraId, Consent, OpenedRequest, OwnerId, RequestId, RequestState, Revision,
    Route,
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// What an agency is told of a request: its number, where it is in its life, and the receipt. Nothing
/// in it comes from a camera or an owner.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Told<'a> {
    id: RequestId,
    state: RequestState,
    open_until: Timestamp,
    latest: Timestamp,
    receipt: &'a RawValue,
}

impl<'a> Told<'a> {
    /// Of a request as it is at some instant, with its receipt as it was given.
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

/// Whom an operator is to ask.
#[derive(Clone, Debug, Serialize)]
pub struct Routed<'a> {
    request: RequestId,
    agency: AgencyId,
    case_reference: &'a str,
    revision: Revision,
    now: Timestamp,
    owners: usize,
    cameras: usize,
    recipients: Vec<Recipient<'a>>,
}

#[derive(Clone, Debug, Serialize)]
struct Recipient<'a> {
    owner: OwnerId,
    cameras: &'a [CameraId],
    /// From which instant on a notice may be sent, if it is an hour of quiet where they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<Timestamp>,
}

impl<'a> Routed<'a> {
    /// The recipients of a request's route.
    #[must_use]
    pub fn of(request: RequestId, route: &'a Route) -> Self {
        let asked = route.authorized().request();
        let recipients = route.recipients().map(|recipient| Recipient {
            owner: recipient.owner,
            cameras: recipient.cameras,
            not_before: recipient.not_before,
        });
        Self {
            request,
            agency: asked.agency,
            case_reference: &asked.case_reference,
            revision: route.revision(),
            now: route.now(),
            owners: route.owners(),
            cameras: route.cameras().len(),
            recipients: recipients.collect(),
        }
    }
}

/// What is held of one owner.
#[derive(Clone, Debug, Serialize)]
pub struct Holdings {
    /// Who.
    pub owner: OwnerId,
    /// As of which state.
    pub revision: Revision,
    /// Their consent.
    pub consent: Consent,
    /// Their cameras, ascending.
    pub cameras: Vec<Camera>,
}

/// A value as JSON. These are numbers, texts and instants: writing them cannot fail.
pub(super) fn raw(value: &impl Serialize) -> Box<RawValue> {
    to_raw_value(value).unwrap_or_default()
}
