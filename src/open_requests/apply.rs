//! Applies a step that was checked, whether it is taken now or replayed.

use jiff::Timestamp;

use super::error::OpenRequestsError;
use super::event::{LifecycleEvent, LifecycleStep};
use super::open_requests::{FilePlace, OpenRequests, OpenStanding};
use crate::model::RequestId;
use crate::request::{CaseFile, CaseFileError, OpenedRequest};

impl OpenRequests {
    /// Applies an event, unless it was applied before. You can replay a log of events from any
    /// point at or before the [next](Self::next_sequence), any number of times.
    ///
    /// # Errors
    ///
    /// If the event is not the next one, or cannot have happened next. Then nothing changes.
    ///
    /// ```
    /// use canvass::{LifecycleEvent, OpenRequests};
    ///
    /// let log = r#"[{"sequence":0,"at":"2026-05-20T12:00:00Z","id":7,"step":"resolved"}]"#;
    /// let log: Vec<LifecycleEvent> = serde_json::from_str(log)?;
    /// let unknown = OpenRequests::new(0).replay(&log[0]).unwrap_err();
    /// assert_eq!(unknown.to_string(), "the case file has no request `7`");
    /// assert_eq!(OpenRequests::new(1).replay(&log[0]), Ok(()), "done before");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn replay(&mut self, event: &LifecycleEvent) -> Result<(), OpenRequestsError> {
        let &LifecycleEvent { sequence, at, id, ref step } = event;
        if sequence < self.next {
            return Ok(());
        }
        if sequence > self.next {
            return Err(OpenRequestsError::Gap { expected: self.next, found: sequence });
        }
        self.has_numbers(1)?;
        self.check_time_order(at)?;
        if let Some(&(until, expired)) = self.expiries.first()
            && until <= at
            && (*step != LifecycleStep::Expired || (until, expired) != (at, id))
        {
            return Err(OpenRequestsError::ExpiryMissing { id: expired, until });
        }
        self.check(id, at, step)?;
        self.carry_out(id, at, step)
    }

    /// Applies a step that was checked, and counts it.
    pub(super) fn carry_out(
        &mut self,
        id: RequestId,
        at: Timestamp,
        step: &LifecycleStep,
    ) -> Result<(), OpenRequestsError> {
        match step {
            LifecycleStep::Opened { request, until, latest } => {
                let request = request.as_ref().clone();
                self.insert(OpenedRequest::new(id, request, at, (*until, *latest))?);
            }
            LifecycleStep::Extended { until } => {
                let before = self.known(id)?.open_until();
                self.file_of(id)?.extend(id, *until, at)?;
                self.expiries.remove(&(before, id));
                self.expiries.insert((*until, id));
            }
            LifecycleStep::Asked { owners } => self.standing_mut(id)?.asked.extend(owners),
            LifecycleStep::Decided { enough } => self.standing_mut(id)?.enough = Some(*enough),
            LifecycleStep::Shared { owners } => {
                self.standing_mut(id)?.shared.extend(owners);
                self.file_of(id)?.record_shared(id, owners.iter().copied(), at)?;
            }
            LifecycleStep::Resolved => {
                self.file_of(id)?.resolve(id, at)?;
                self.forget(id);
            }
            LifecycleStep::Withdrawn => {
                self.file_of(id)?.withdraw(id, at)?;
                self.forget(id);
            }
            LifecycleStep::Expired => self.forget(id),
        }
        self.count(at);
        Ok(())
    }

    fn insert(&mut self, opened: OpenedRequest) {
        let (id, agency) = (opened.id, opened.request.agency);
        self.expiries.insert((opened.open_until(), id));
        self.index.insert(id, &opened.request.ground());
        let file = self.files.entry(agency).or_insert_with(|| CaseFile::new(agency));
        self.places.insert(id, FilePlace { agency, number: file.iter().len() });
        file.append(opened);
        self.open.insert(id, OpenStanding::default());
    }

    fn standing_mut(&mut self, id: RequestId) -> Result<&mut OpenStanding, OpenRequestsError> {
        self.open.get_mut(&id).ok_or(OpenRequestsError::Inconsistent { id })
    }

    /// Forgets of a request that has ended all but its entry in the case file.
    pub(super) fn forget(&mut self, id: RequestId) {
        if self.open.remove(&id).is_none() {
            return;
        }
        let own = self.get(id).map(|opened| (opened.open_until(), opened.request.ground()));
        if let Some((until, ground)) = own {
            self.index.remove(id, &ground);
            self.expiries.remove(&(until, id));
        }
    }

    fn file_of(&mut self, id: RequestId) -> Result<&mut CaseFile, CaseFileError> {
        let unknown = CaseFileError::Unknown { id };
        let place = self.places.get(&id).ok_or(unknown)?;
        self.files.get_mut(&place.agency).ok_or(unknown)
    }
}
