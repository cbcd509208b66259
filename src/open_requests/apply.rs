//! Applies a step, whether it is taken now or replayed.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::error::OpenRequestsError;
use super::event::{LifecycleEvent, LifecycleStep};
use super::open_requests::{FilePlace, OpenRequests, OpenStanding};
use crate::model::{OwnerId, RequestId};
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
        self.carry_out(id, at, step)?;
        self.count(at);
        Ok(())
    }

    /// Applies a step, or changes nothing.
    pub(crate) fn carry_out(
        &mut self,
        id: RequestId,
        at: Timestamp,
        step: &LifecycleStep,
    ) -> Result<(), OpenRequestsError> {
        match step {
            LifecycleStep::Opened { request, until, latest } => {
                let request = request.as_ref().clone();
                let opened = OpenedRequest::new(id, request, at, (*until, *latest))?;
                self.insert(opened)
            }
            LifecycleStep::Extended { until } => {
                let before = self.known(id)?.open_until();
                self.file_of(id)?.extend(id, *until, at)?;
                self.expiries.remove(&(before, id));
                self.expiries.insert((*until, id));
                Ok(())
            }
            LifecycleStep::Asked { owners } => self.insert_asked(id, owners, at),
            LifecycleStep::Decided { enough } => {
                self.known_open(id, at)?;
                let standing = self.standing_mut(id)?;
                if standing.enough.is_some() {
                    return Err(OpenRequestsError::DecidedBefore { id });
                }
                standing.enough = Some(*enough);
                Ok(())
            }
            LifecycleStep::Shared { owners } => self.insert_shared(id, owners, at),
            LifecycleStep::Resolved => {
                self.file_of(id)?.resolve(id, at)?;
                self.forget(id);
                Ok(())
            }
            LifecycleStep::Withdrawn => {
                self.file_of(id)?.withdraw(id, at)?;
                self.forget(id);
                Ok(())
            }
            LifecycleStep::Expired => {
                let opened = self.known(id)?;
                let until = opened.open_until();
                if !self.open.contains_key(&id) {
                    let state = opened.state(at);
                    return Err(CaseFileError::NotOpen { id, state }.into());
                }
                if until != at {
                    return Err(OpenRequestsError::NotExpired { id, at, until });
                }
                self.forget(id);
                Ok(())
            }
        }
    }

    fn insert(&mut self, opened: OpenedRequest) -> Result<(), OpenRequestsError> {
        let (id, agency) = (opened.id, opened.request.agency);
        if self.places.contains_key(&id) {
            return Err(CaseFileError::IdTaken { id }.into());
        }
        self.expiries.insert((opened.open_until(), id));
        self.index.insert(id, &opened.request.ground());
        let file = self.files.entry(agency).or_insert_with(|| CaseFile::new(agency));
        self.places.insert(id, FilePlace { agency, number: file.iter().len() });
        file.append(opened);
        self.open.insert(id, OpenStanding::default());
        Ok(())
    }

    fn insert_asked(
        &mut self,
        id: RequestId,
        owners: &[OwnerId],
        at: Timestamp,
    ) -> Result<(), OpenRequestsError> {
        self.known_open(id, at)?;
        let new = ascending(id, owners)?;
        // Nobody is left where all who were asked are erased.
        let standing = self.standing_mut(id)?;
        if standing.enough != Some(true) {
            return Err(OpenRequestsError::NotDecided { id });
        }
        if let Some(&owner) = new.iter().find(|&owner| standing.asked.contains(owner)) {
            return Err(OpenRequestsError::AskedBefore { id, owner });
        }
        standing.asked.extend(new);
        Ok(())
    }

    fn insert_shared(
        &mut self,
        id: RequestId,
        owners: &[OwnerId],
        at: Timestamp,
    ) -> Result<(), OpenRequestsError> {
        self.known_open(id, at)?;
        let new = ascending(id, owners)?;
        let standing = self.standing_mut(id)?;
        if let Some(&owner) = new.iter().find(|&owner| !standing.asked.contains(owner)) {
            return Err(OpenRequestsError::NotAsked { id, owner });
        }
        if let Some(&owner) = new.iter().find(|&owner| standing.shared.contains(owner)) {
            return Err(OpenRequestsError::SharedBefore { id, owner });
        }
        standing.shared.extend(&new);
        Ok(self.file_of(id)?.record_shared(id, new, at)?)
    }

    fn standing_mut(&mut self, id: RequestId) -> Result<&mut OpenStanding, OpenRequestsError> {
        self.open.get_mut(&id).ok_or(OpenRequestsError::Inconsistent { id })
    }

    /// Forgets of a request that has ended all but its entry in the case file.
    pub(crate) fn forget(&mut self, id: RequestId) {
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

/// The set of a list that ascends.
pub(crate) fn ascending<T: Ord + Copy>(
    id: RequestId,
    list: &[T],
) -> Result<BTreeSet<T>, OpenRequestsError> {
    if list.is_sorted_by(|one, next| one < next) {
        Ok(list.iter().copied().collect())
    } else {
        Err(OpenRequestsError::NotAscending { id })
    }
}
