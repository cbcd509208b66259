//! Steps that are events first: planned on one state, and applied wherever the log leads.

use jiff::Timestamp;

use super::error::OpenRequestsError;
use super::event::{LifecycleEvent, LifecycleStep};
use super::open_requests::OpenRequests;
use crate::model::RequestId;
use crate::request::{AuthorizedRequest, OpenedRequest};

impl OpenRequests {
    /// The events of a step that is not taken here: the expiries that are due, and then the step. Use it
    /// where a log decides which steps happen: plan, append the events to the log, and
    /// [`replay_step`](Self::replay_step) them once they are in it. Plan an opening with
    /// [`plan_open`](Self::plan_open), which compares the request with its agency's case file.
    ///
    /// Costs as much as the step, and O(k) for k expiries that are due; the state is not copied.
    ///
    /// # Errors
    ///
    /// As the step itself, or if something has happened after `now`.
    ///
    /// ```
    /// use canvass::*;
    ///
    /// # let area = Area::from_bounds(-73.98, 40.76, -73.97, 40.77)?;
    /// # let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
    /// # let request = Request::new(AgencyId(3), IncidentKind::Burglary, area, window);
    /// # let agency = Agency::new(AgencyId(3), "Police", AgencyKind::Local);
    /// # let now = "2026-05-04T09:00:00Z".parse()?;
    /// # let authorized = Policy::without_limits_or_anonymity().review(&request, &agency, &CaseFile::new(agency.id), now)?;
    /// let mut open = OpenRequests::new(0);
    /// let events = open.plan_open(RequestId(1), &authorized, now)?;
    /// assert_eq!(open.opened().count(), 0, "nothing has happened yet");
    /// // The log has the events: every process that reads it gets to the same state.
    /// open.replay_step(&events)?;
    /// let events = open.plan(RequestId(1), LifecycleStep::Withdrawn, now)?;
    /// open.replay_step(&events)?;
    /// assert_eq!(open.state(RequestId(1), now)?, RequestState::Withdrawn);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn plan(
        &self,
        id: RequestId,
        step: LifecycleStep,
        now: Timestamp,
    ) -> Result<Vec<LifecycleEvent>, OpenRequestsError> {
        self.check_time_order(now)?;
        // Expiries are of other requests: an expired one takes no step.
        let due = self.expired_by(now);
        self.has_numbers(due.len().saturating_add(1))?;
        self.check(id, now, &step)?;
        // Opened for no time at all, it expires in the same step, if a number is left for that.
        let ends_at_once = matches!(&step, LifecycleStep::Opened { until, .. } if *until <= now);
        let expired = |(at, id)| (at, id, LifecycleStep::Expired);
        let steps = due.into_iter().map(expired).chain([(now, id, step)]);
        let steps = steps.chain(ends_at_once.then(|| expired((now, id))));
        let event = |(sequence, (at, id, step))| LifecycleEvent { sequence, at, id, step };
        Ok((self.next..u64::MAX).zip(steps).map(event).collect())
    }

    /// The events of an opening that does not happen here: as [`plan`](Self::plan).
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn plan_open(
        &self,
        id: RequestId,
        authorized: &AuthorizedRequest,
        now: Timestamp,
    ) -> Result<Vec<LifecycleEvent>, OpenRequestsError> {
        let file = self.case_file(authorized.request().agency);
        let OpenedRequest { request, until, latest, .. } = file.opening(id, authorized, now)?;
        let request = Box::new(std::sync::Arc::unwrap_or_clone(request));
        self.plan(id, LifecycleStep::Opened { request, until, latest }, now)
    }

    /// Applies the events of one step, all or none: expiries that come before it, and the step. Events that
    /// were applied before are passed over, as by [`replay`](Self::replay).
    ///
    /// Costs as much as the step, and O(log n) for each expiry, of n open requests. A clone to replay on, and
    /// to throw away after an error, would cost O(n).
    ///
    /// # Errors
    ///
    /// If the events are of several steps, are not the next ones, or cannot have happened next. Then nothing
    /// changes.
    pub fn replay_step(&mut self, events: &[LifecycleEvent]) -> Result<(), OpenRequestsError> {
        let known = events.iter().take_while(|event| event.sequence < self.next).count();
        let events = events.get(known..).unwrap_or_default();
        self.check_events(events)?;
        self.carry_out_all(events)
    }

    /// Takes one step now, and returns its events.
    pub(super) fn take(
        &mut self,
        id: RequestId,
        now: Timestamp,
        step: LifecycleStep,
    ) -> Result<Vec<LifecycleEvent>, OpenRequestsError> {
        let events = self.plan(id, step, now)?;
        self.carry_out_all(&events)?;
        Ok(events)
    }

    pub(super) fn carry_out_all(
        &mut self,
        events: &[LifecycleEvent],
    ) -> Result<(), OpenRequestsError> {
        // INVARIANT: checked, so none of them is refused and the list is applied whole.
        events.iter().try_for_each(|event| self.carry_out(event.id, event.at, &event.step))
    }
}
