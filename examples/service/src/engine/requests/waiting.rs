//! Open requests that may have further owners to ask.

use canvass::{Position, RequestId, Revision};
use jiff::Timestamp;

use super::Requests;

impl Requests {
    /// Whether any request is open; otherwise no change affects one.
    pub(in crate::engine) fn any_open(&self, now: Timestamp) -> bool {
        self.open.open_at(self.not_before(now)).next().is_some()
    }

    /// Marks the requests that a change at some positions affects, with its revision.
    pub(in crate::engine) fn touch(
        &mut self,
        at: Vec<Position>,
        now: Timestamp,
        revision: Revision,
    ) {
        let touched = self.open.touched_by(at, self.not_before(now));
        self.waiting.extend(touched.into_iter().map(|id| (id, revision)));
    }

    /// Marks all open requests, since effects of time are in no change.
    pub(in crate::engine) fn look_again(&mut self, now: Timestamp, revision: Revision) {
        let open = self.open.open_at(self.not_before(now));
        self.waiting.extend(open.map(|opened| (opened.id(), revision)));
    }

    /// The marked requests in ascending order: they may have further owners to ask.
    pub(in crate::engine) fn waiting(&self, now: Timestamp) -> Vec<RequestId> {
        self.waiting_after(now, RequestId(0), usize::MAX)
    }

    /// As [`waiting`](Self::waiting), for ids above `after`, at most `most` of them.
    pub(in crate::engine) fn waiting_after(
        &self,
        now: Timestamp,
        after: RequestId,
        most: usize,
    ) -> Vec<RequestId> {
        let is_open = |id: &RequestId| self.open.get(*id).is_some_and(|r| now < r.open_until());
        let next = RequestId(after.0.saturating_add(1));
        self.waiting.range(next..).map(|(id, _)| *id).filter(is_open).take(most).collect()
    }
}
