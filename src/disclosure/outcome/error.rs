//! Why there is no outcome, or why a record is not a ledger of outcomes.

use crate::model::{AgencyId, OwnerId, RequestId};
use crate::request::{CaseFileError, RequestState};

/// Why [`Outcomes`](crate::outcome::Outcomes) do not take or give something; they are then as they were.
///
/// Whether an agency gets one depends on times and the order of requests, never on
/// who was asked or answered: an agency may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutcomeError {
    /// The request or the case file is another agency's.
    #[error("this is agency `{named}`'s, but the outcomes are agency `{known}`'s")]
    OtherAgency {
        /// The agency that is named.
        named: AgencyId,
        /// The agency whose outcomes these are.
        known: AgencyId,
    },
    /// A request with this id is there already.
    #[error("request `{id}` is in the outcomes already")]
    IdTaken {
        /// Which id.
        id: RequestId,
    },
    /// There is no such request.
    #[error("the outcomes have no request `{id}`")]
    Unknown {
        /// Which id.
        id: RequestId,
    },
    /// The owner was not asked, so there is nothing to answer.
    #[error("owner `{owner}` was not asked for request `{id}`")]
    NotAsked {
        /// Which owner.
        owner: OwnerId,
        /// Which request.
        id: RequestId,
    },
    /// The request is closed: its outcome does not change any more.
    #[error("request `{id}` is closed, and nothing more is counted")]
    Closed {
        /// Which request.
        id: RequestId,
    },
    /// The request is still open in the case file.
    #[error("request `{id}` is {state}: its outcome is for after its end")]
    NotEnded {
        /// Which request.
        id: RequestId,
        /// The state it is in.
        state: RequestState,
    },
    /// The request was not closed yet.
    #[error("request `{id}` is not closed: its outcome is for after its end")]
    NotClosed {
        /// Which request.
        id: RequestId,
    },
    /// The answers belong to a pool and have no outcome of their own.
    #[error("the answers to request `{id}` are released only as part of a pool")]
    OnlyPooled {
        /// Which request.
        id: RequestId,
    },
    /// A pool is not complete.
    #[error(
        "pool `{pool}` is not complete: pools fill in order, each with {requests} requests that are closed"
    )]
    PoolNotComplete {
        /// Which pool, counted from 0.
        pool: usize,
        /// How many requests a pool has.
        requests: usize,
    },
    /// The case file does not have the request.
    #[error(transparent)]
    CaseFile(#[from] CaseFileError),
}

/// Why a record is not a ledger of outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutcomesReadError {
    /// Two requests have one id.
    #[error("request `{id}` occurs twice")]
    IdTaken {
        /// Which id.
        id: RequestId,
    },
    /// The lowest band does not end where a band begins.
    #[error("the lowest band of request `{id}` ends before `{lowest_end}`, where no band begins")]
    LowestEnd {
        /// Which request.
        id: RequestId,
        /// The value that was read.
        lowest_end: u64,
    },
    /// An owner shared who was not asked.
    #[error("owner `{owner}` shared for request `{id}` without being asked")]
    NotAsked {
        /// Which owner.
        owner: OwnerId,
        /// Which request.
        id: RequestId,
    },
    /// The entry of a request does not fit its release and its pool.
    #[error("the entry of request `{id}` does not fit its release and its pool")]
    Kept {
        /// Which request.
        id: RequestId,
    },
    /// Bands are not among those that are published.
    #[error("the bands of request `{id}` are not among those that are published")]
    Bands {
        /// Which request.
        id: RequestId,
    },
    /// There are more or fewer pools than complete ones.
    #[error("there are `{pools}` pools, and `{complete}` are complete")]
    Pools {
        /// How many were read.
        pools: usize,
        /// How many there must be.
        complete: usize,
    },
    /// The bands of a pool are not among those that are published.
    #[error("the bands of pool `{pool}` are not among those that are published")]
    PoolBands {
        /// Which pool, counted from 0.
        pool: usize,
    },
}
