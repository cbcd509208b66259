//! Errors of a step in a request's life, and of a case file that is read.

use jiff::Timestamp;

use super::request_state::RequestState;
use crate::model::{AgencyId, RequestId};

/// Why a [`CaseFile`](crate::CaseFile) cannot be changed this way, or cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CaseFileError {
    /// The request is another agency's.
    #[error("the request is agency `{named}`'s, but the case file is agency `{file}`'s")]
    OtherAgency {
        /// The agency that the request names.
        named: AgencyId,
        /// The agency whose file it is.
        file: AgencyId,
    },
    /// A request with this id was opened before.
    #[error("request `{id}` was opened before")]
    IdTaken {
        /// Which id.
        id: RequestId,
    },
    /// The case has had as many requests as the policy allows.
    #[error("the case has had {allowed} requests, and no more are allowed")]
    CaseExhausted {
        /// How many are allowed.
        allowed: u32,
    },
    /// A request that may ask for cameras of this one was opened since this one was reviewed: its area
    /// shares a point with this one's, or a camera may see into both.
    #[error("request `{id}`, which meets it, was opened since the review; review it again")]
    OverlapOpened {
        /// Which request.
        id: RequestId,
    },
    /// The file has no such request.
    #[error("the case file has no request `{id}`")]
    Unknown {
        /// Which id.
        id: RequestId,
    },
    /// The request is not open.
    #[error("request `{id}` is {state}, not open")]
    NotOpen {
        /// Which request.
        id: RequestId,
        /// The state it is in.
        state: RequestState,
    },
    /// The request cannot be open so long, or ends later anyway.
    #[error("request `{id}` cannot be extended to `{until}`; choose from `{from}` to `{latest}`")]
    CannotExtend {
        /// Which request.
        id: RequestId,
        /// Until when it should be open.
        until: Timestamp,
        /// Until when it is open.
        from: Timestamp,
        /// Until when it may be open at most.
        latest: Timestamp,
    },
    /// Something later is in the file.
    #[error("`{now}` is before `{last}`, which is in the case file; time does not run backwards")]
    BackInTime {
        /// The earlier instant.
        now: Timestamp,
        /// The last one in the file.
        last: Timestamp,
    },
    /// The times of a request that was read do not ascend.
    #[error(
        "request `{id}` was opened at `{at}`, until `{until}`, `{latest}` at the latest: these do not ascend"
    )]
    Disordered {
        /// Which request.
        id: RequestId,
        /// When it was opened.
        at: Timestamp,
        /// Until when it is open.
        until: Timestamp,
        /// Until when it may be open at most.
        latest: Timestamp,
    },
    /// A request that was read ended when it was not open.
    #[error("request `{id}` ended at `{end}`, but it was open from `{at}` to before `{until}`")]
    EndedWhileNotOpen {
        /// Which request.
        id: RequestId,
        /// When it ended.
        end: Timestamp,
        /// When it was opened.
        at: Timestamp,
        /// Until when it was open.
        until: Timestamp,
    },
    /// The times that owners shared, in a text that was read, are not in order.
    #[error("the list of those who shared footage with agency `{agency}` does not ascend")]
    SharersNotAscending {
        /// Whose file it is.
        agency: AgencyId,
    },
}

impl CaseFileError {
    /// The error's stable `snake_case` code.
    ///
    /// ```
    /// use canvass::{AgencyId, CaseFile, RequestId};
    ///
    /// let mut file = CaseFile::new(AgencyId(1));
    /// let error = file.resolve(RequestId(7), "2026-05-10T12:00:00Z".parse()?);
    /// assert_eq!(error.map_err(|error| error.code()), Err("unknown"));
    /// # Ok::<(), jiff::Error>(())
    /// ```
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OtherAgency { .. } => "other_agency",
            Self::SharersNotAscending { .. } => "sharers_not_ascending",
            Self::IdTaken { .. } => "id_taken",
            Self::CaseExhausted { .. } => "case_exhausted",
            Self::OverlapOpened { .. } => "overlap_opened",
            Self::Unknown { .. } => "unknown",
            Self::NotOpen { .. } => "not_open",
            Self::CannotExtend { .. } => "cannot_extend",
            Self::BackInTime { .. } => "back_in_time",
            Self::Disordered { .. } => "disordered",
            Self::EndedWhileNotOpen { .. } => "ended_while_not_open",
        }
    }
}
