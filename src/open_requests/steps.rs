//! Conditions of any step: the order of time, numbers of events, and expiries that come first.

use jiff::Timestamp;

use super::error::OpenRequestsError;
use super::open_requests::OpenRequests;
use crate::model::RequestId;
use crate::request::{CaseFileError, OpenedRequest, RequestState};

impl OpenRequests {
    pub(super) fn expired_by(&self, now: Timestamp) -> Vec<(Timestamp, RequestId)> {
        self.expiries.range(..=(now, RequestId(u64::MAX))).copied().collect()
    }

    /// Notes that an event has happened.
    pub(super) fn count(&mut self, at: Timestamp) {
        // INVARIANT: whoever gets here has seen that there is a number left.
        self.next = self.next.saturating_add(1);
        self.last = Some(at);
    }

    pub(super) fn known(&self, id: RequestId) -> Result<&OpenedRequest, CaseFileError> {
        self.get(id).ok_or(CaseFileError::Unknown { id })
    }

    /// The request, if it is open at `now`.
    pub(super) fn known_open(
        &self,
        id: RequestId,
        now: Timestamp,
    ) -> Result<&OpenedRequest, CaseFileError> {
        let opened = self.known(id)?;
        match opened.state(now) {
            RequestState::Open => Ok(opened),
            state => Err(CaseFileError::NotOpen { id, state }),
        }
    }

    /// Refuses where there are not so many numbers left. At a million events a second that takes
    /// half a million years.
    pub(super) fn has_numbers(&self, events: usize) -> Result<(), OpenRequestsError> {
        if (u64::MAX - self.next) < events as u64 {
            return Err(OpenRequestsError::NoMoreEvents);
        }
        Ok(())
    }

    pub(super) fn check_time_order(&self, now: Timestamp) -> Result<(), OpenRequestsError> {
        match self.last {
            Some(last) if now < last => Err(OpenRequestsError::BackInTime { now, last }),
            _ => Ok(()),
        }
    }
}
