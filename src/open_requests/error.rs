use jiff::Timestamp;

use crate::model::{AgencyId, OwnerId, RequestId};
use crate::request::CaseFileError;

/// Why [`OpenRequests`](crate::OpenRequests) cannot be changed so, cannot answer, or cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenRequestsError {
    /// The case file refuses it.
    #[error(transparent)]
    CaseFile(#[from] CaseFileError),
    /// Something later has happened.
    #[error("`{now}` is before the last event, of `{last}`; time does not run backwards")]
    BackInTime {
        /// The earlier instant.
        now: Timestamp,
        /// The instant of the last event.
        last: Timestamp,
    },
    /// The authorised request is another one.
    #[error("the authorised request is not request `{id}`: pass its own authorisation")]
    OtherRequest {
        /// Which request was meant.
        id: RequestId,
    },
    /// An event asks somebody a second time.
    #[error("owner `{owner}` was asked for request `{id}` before")]
    AskedBefore {
        /// For which request.
        id: RequestId,
        /// Who.
        owner: OwnerId,
    },
    /// Whether there are households enough was decided before, and is not decided again.
    #[error("whether request `{id}` has households enough was decided before")]
    DecidedBefore {
        /// For which request.
        id: RequestId,
    },
    /// Nobody has decided yet whether there are households enough, or there are not.
    #[error(
        "request `{id}` may ask nobody: `decide` whether it has households enough, and keep the event"
    )]
    NotDecided {
        /// Which request.
        id: RequestId,
    },
    /// Somebody is noted as having shared who was not asked.
    #[error("owner `{owner}` was not asked for request `{id}`")]
    NotAsked {
        /// For which request.
        id: RequestId,
        /// Who.
        owner: OwnerId,
    },
    /// An event notes a second time that somebody shared.
    #[error("that owner `{owner}` shared for request `{id}` was noted before")]
    SharedBefore {
        /// For which request.
        id: RequestId,
        /// Who.
        owner: OwnerId,
    },
    /// The owners of an event, or the numbers of a text that was read, are not in order.
    #[error("a list of request `{id}` does not ascend")]
    NotAscending {
        /// Which request.
        id: RequestId,
    },
    /// Events between are missing.
    #[error("event `{found}` does not follow: expected `{expected}`")]
    Gap {
        /// The number of the next event.
        expected: u64,
        /// The number of the event that was to be replayed.
        found: u64,
    },
    /// A list has events of more than one step, and could not be applied whole.
    #[error("event `{sequence}` is of another step: replay the events of one step at a time")]
    SeveralSteps {
        /// The number of the first event of the other step.
        sequence: u64,
    },
    /// No event comes after those that there are.
    #[error("no number is left for another event")]
    NoMoreEvents,
    /// An expiry is missing among the events.
    #[error("request `{id}` expired at `{until}`, and no event records it")]
    ExpiryMissing {
        /// Which request.
        id: RequestId,
        /// When its time was over.
        until: Timestamp,
    },
    /// An event expires a request whose time was not over.
    #[error("request `{id}` is open until `{until}`: it did not expire at `{at}`")]
    NotExpired {
        /// Which request.
        id: RequestId,
        /// When it would have expired.
        at: Timestamp,
        /// Until when it is open.
        until: Timestamp,
    },
    /// An agency has two case files in a text that was read.
    #[error("agency `{agency}` has two case files")]
    TwoCaseFiles {
        /// Which agency.
        agency: AgencyId,
    },
    /// A text has a case file in which nothing was opened.
    #[error("the case file of agency `{agency}` is empty")]
    EmptyCaseFile {
        /// Which agency.
        agency: AgencyId,
    },
    /// A text counts fewer events than its requests took: numbers would be given twice.
    #[error("the next event is `{next}`, and `{least}` or more have happened")]
    TooFewEvents {
        /// The number of the next event.
        next: u64,
        /// How many it took at least.
        least: u64,
    },
    /// A text has the instant of a last event, and no event.
    #[error("the last event is dated `{last}`, and there was none")]
    NothingHappened {
        /// The instant.
        last: Timestamp,
    },
    /// A text contradicts a request's case file, or the other requests.
    #[error("the state of request `{id}` contradicts its case file")]
    Inconsistent {
        /// Which request.
        id: RequestId,
    },
}
