//! Events of requests, as values that a service keeps and replays.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{OwnerId, RequestId};
use crate::request::Request;

/// One step in the life of a request. **The operator's**: it names owners, and its number reveals
/// how much all agencies ask together.
///
/// Numbers follow each other without a gap, and instants never run backwards. In serde formats the
/// step has its name in `snake_case`; this form is stable, so a log can keep events as JSON.
///
/// ```
/// use canvass::{LifecycleEvent, LifecycleStep};
///
/// let event: LifecycleEvent = serde_json::from_str(
///     r#"{"sequence":12,"at":"2026-05-20T12:00:00Z","id":7,"step":"expired"}"#,
/// )?;
/// assert_eq!(event.step, LifecycleStep::Expired);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", deny_unknown_fields)]
#[non_exhaustive]
pub struct LifecycleEvent {
    /// The event's number: one more than that of the event before.
    pub sequence: u64,
    /// The instant at which it happened. For an expiry that is the end of the request's time, not
    /// the instant at which you looked.
    pub at: Timestamp,
    /// The id of the request.
    pub id: RequestId,
    /// The step that was taken.
    pub step: LifecycleStep,
}

impl LifecycleEvent {
    /// An event from its parts, for a log that keeps them in a form of its own.
    /// [`OpenRequests::replay`](crate::OpenRequests::replay) checks that it follows the one before.
    #[must_use]
    pub const fn new(sequence: u64, at: Timestamp, id: RequestId, step: LifecycleStep) -> Self {
        Self { sequence, at, id, step }
    }

    /// Whether the owner was asked by this event.
    #[must_use]
    pub fn asks(&self, owner: OwnerId) -> bool {
        match &self.step {
            LifecycleStep::Asked { owners } => owners.contains(&owner),
            _ => false,
        }
    }

    /// Takes an owner out of an event that names them: for whoever is erased. The event stays, be it that
    /// nobody is left in it, since numbers have no gaps. `false` if it does not name them.
    ///
    /// ```
    /// use canvass::{LifecycleEvent, OwnerId};
    ///
    /// let mut event: LifecycleEvent = serde_json::from_str(
    ///     r#"{"sequence":12,"at":"2026-05-20T12:00:00Z","id":7,"step":{"asked":{"owners":[3,5]}}}"#,
    /// )?;
    /// assert!(event.forget(OwnerId(3)) && !event.forget(OwnerId(3)));
    /// assert!(serde_json::to_string(&event)?.contains(r#""owners":[5]"#));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn forget(&mut self, owner: OwnerId) -> bool {
        let (LifecycleStep::Asked { owners } | LifecycleStep::Shared { owners }) = &mut self.step
        else {
            return false;
        };
        let before = owners.len();
        owners.retain(|asked| *asked != owner);
        owners.len() < before
    }
}

/// A step in the life of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum LifecycleStep {
    /// The request was opened.
    Opened {
        /// The request.
        request: Box<Request>,
        /// The first instant at which it is open no more, if nothing else happens.
        until: Timestamp,
        /// How far it may be extended.
        latest: Timestamp,
    },
    /// The request stays open for longer.
    Extended {
        /// The first instant at which it is open no more.
        until: Timestamp,
    },
    /// Owners are about to be asked.
    Asked {
        /// Who, ascending: none of them was asked for this request before.
        owners: Vec<OwnerId>,
    },
    /// Whether its area has households enough was decided, once and for all.
    Decided {
        /// Whether it has. If not, the request asks nobody.
        enough: bool,
    },
    /// Owners shared footage with the agency, which knows them from then on.
    Shared {
        /// Who, ascending: each was asked for this request, and none of them shared for it before.
        owners: Vec<OwnerId>,
    },
    /// The agency needs no more footage.
    Resolved,
    /// The agency took the request back.
    Withdrawn,
    /// The request's time is over.
    Expired,
}
