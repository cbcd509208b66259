//! Why something cannot be, or was not done.

use canvass::error::{CaseFileError, ChangeError, OpenRequestsError};
use canvass::outcome::OutcomeError;

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
    /// What was read does not make a registry, or no requests.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// A thread cannot be started.
    #[error("a thread cannot be started: {0}")]
    Thread(std::io::Error),
}

/// Why something was not done, and will not be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Changes cannot be applied.
    #[error(transparent)]
    Changes(#[from] ChangeError),
    /// The request cannot be opened, or not go on so.
    #[error(transparent)]
    Requests(OpenRequestsError),
    /// The case file does not take it.
    #[error(transparent)]
    CaseFile(#[from] CaseFileError),
    /// Answers cannot be counted.
    #[error(transparent)]
    Outcome(#[from] OutcomeError),
    /// The key was sent before, and then with something else.
    #[error(transparent)]
    OtherBody(#[from] OtherBody),
    /// The service is stopping.
    #[error("the service is stopping; nothing was done")]
    Stopping,
    /// The store failed; only reading it again shows what is kept.
    #[error(
        "the store failed; it is not known whether this was kept: send it again with the same key \
         once the service is ready"
    )]
    StoreFailed,
    /// A copy was put back, and withdrawals since may be missing.
    #[error(
        "a copy of the store was put back, and withdrawals since {since} may be missing; nobody is \
         asked until they are named: see POST /v1/restored"
    )]
    Held {
        /// Since when.
        since: Timestamp,
    },
    /// No copy was put back, or it was released already.
    #[error("no copy of the store was put back that is still held")]
    NotHeld,
    /// The withdrawals that are named do not go back far enough.
    #[error(
        "withdrawals since {since} may be missing, and those that are named are complete since \
         {complete} only"
    )]
    NotComplete {
        /// Since when they may be missing.
        since: Timestamp,
        /// Since when they are all named.
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

/// Why the writer does not do something.
#[derive(Debug)]
pub(super) enum Failure {
    /// It cannot be done, and nothing was.
    Refused(Refusal),
    /// The writer cannot go on.
    Fault(Fault),
}

/// Why the writer cannot go on: what it has in memory is not what is kept, or is no whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the ledger of outcomes does not go with the case file: {0}")]
    Ledger(#[from] OutcomeError),
    #[error("readers cannot be told what happened: {0}")]
    Events(#[from] OpenRequestsError),
    #[error("who was asked cannot be noted in the registry: {0}")]
    Asked(ChangeError),
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
