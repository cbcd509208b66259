//! Why a call is refused, or could not be completed.

use canvass::audit::{NonceReused, SaltMissing};
use canvass::bulletin::BulletinError;
use canvass::error::{CaseFileError, ChangeError, OpenRequestsError, RecheckError};
use canvass::outcome::OutcomeError;
use canvass::{CameraId, RequestId};

use jiff::Timestamp;

use super::RestoreError;
use crate::store::{OtherBody, StoreError};

/// Why the engine could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stored data do not form a registry, or its requests.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// Two entries of the audit log have one nonce.
    #[error("the audit log cannot be read: {0}")]
    AuditLog(#[from] NonceReused),
    /// A thread cannot be started.
    #[error("a thread cannot be started: {0}")]
    Thread(std::io::Error),
}

/// Why a job was refused, for good.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Changes cannot be applied.
    #[error(transparent)]
    Changes(#[from] ChangeError),
    /// The request cannot be opened, or this step is not allowed.
    #[error(transparent)]
    Requests(OpenRequestsError),
    /// The case file refuses it.
    #[error(transparent)]
    CaseFile(#[from] CaseFileError),
    /// Answers cannot be counted.
    #[error(transparent)]
    Outcome(#[from] OutcomeError),
    /// Nobody has approved a notice, so nobody is asked.
    #[error(
        "nobody has approved a notice for request `{0}`; approve one first (where another system \
         approves notices, the configuration has `notices.approval` `elsewhere`)"
    )]
    NoticeNotApproved(RequestId),
    /// The bulletin cannot be changed so.
    #[error(transparent)]
    Bulletin(#[from] BulletinError),
    /// Nobody has this invitation, or it is no longer valid.
    #[error("this invitation was used, has expired, or never was; ask the operator for another")]
    InvitationUnknown,
    /// The owner has no such camera.
    #[error("camera `{0}` is none of yours")]
    NoSuchCamera(CameraId),
    /// The key was sent before with another body.
    #[error(transparent)]
    OtherBody(#[from] OtherBody),
    /// The service is stopping.
    #[error("the service is stopping; nothing was done")]
    Stopping,
    /// The store failed; only reading it again shows whether the job was stored.
    #[error(
        "the store failed; it is not known whether this was kept: send it again with the same key \
         once the service is ready"
    )]
    StoreFailed,
    /// A copy was put back, and withdrawals since its time may be missing.
    #[error(
        "a copy of the store was put back, and withdrawals since {since} may be missing; nobody is \
         asked until they are named: see POST /v1/restored"
    )]
    Held {
        /// The instant from which they may be missing.
        since: Timestamp,
    },
    /// No copy was put back, or it was released already.
    #[error("no copy of the store was put back that is still held")]
    NotHeld,
    /// The named withdrawals do not go back far enough.
    #[error(
        "withdrawals since {since} may be missing, and those that are named are complete since \
         {complete} only"
    )]
    NotComplete {
        /// The instant from which withdrawals may be missing.
        since: Timestamp,
        /// The instant from which the named ones are complete.
        complete: Timestamp,
    },
    /// A copy is being written already.
    #[error("a copy is being written; one is enough")]
    Copying,
}

impl From<OpenRequestsError> for Refusal {
    fn from(error: OpenRequestsError) -> Self {
        match error {
            OpenRequestsError::CaseFile(error) => Self::CaseFile(error),
            error => Self::Requests(error),
        }
    }
}

/// Why the writer does not do a job.
#[derive(Debug)]
pub(super) enum Failure {
    /// The job cannot be done, and nothing was changed.
    Refused(Refusal),
    /// The writer cannot go on.
    Fault(Fault),
}

/// Why the writer cannot continue: its memory differs from the disk, or is inconsistent.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the ledger of outcomes does not go with the case file: {0}")]
    Ledger(#[from] OutcomeError),
    #[error("events cannot be published to readers: {0}")]
    Events(#[from] OpenRequestsError),
    #[error("the owners asked cannot be recorded in the registry: {0}")]
    Asked(ChangeError),
    #[error("the audit log refuses an entry: {0}")]
    Nonce(#[from] NonceReused),
    #[error("the audit log cannot name who was asked: {0}")]
    Salt(#[from] SaltMissing),
    #[error("a bulletin does not end with its request: {0}")]
    Bulletin(#[from] BulletinError),
    #[error("a route cannot be rechecked: {0}")]
    Recheck(#[from] RecheckError),
    #[error("nothing can be drawn by chance: {0}")]
    Chance(#[from] getrandom::Error),
}

impl<E: Into<Refusal>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
