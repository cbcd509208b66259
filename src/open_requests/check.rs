//! Whether a step can happen: all reasons against it, found before anything is changed.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::error::OpenRequestsError;
use super::event::{LifecycleEvent, LifecycleStep};
use super::open_requests::{OpenRequests, OpenStanding};
use crate::model::{OwnerId, RequestId};
use crate::request::{CaseFileError, OpenedRequest};

impl OpenRequests {
    /// Refuses a step that cannot happen at an instant, whatever its number.
    pub(super) fn check(
        &self,
        id: RequestId,
        at: Timestamp,
        step: &LifecycleStep,
    ) -> Result<(), OpenRequestsError> {
        match step {
            LifecycleStep::Opened { until, latest, .. } => {
                OpenedRequest::check_times(id, at, (*until, *latest))?;
                if self.places.contains_key(&id) {
                    return Err(CaseFileError::IdTaken { id }.into());
                }
                Ok(())
            }
            LifecycleStep::Extended { until } => {
                let file = self.case_file(self.known(id)?.request().agency);
                Ok(file.check_extension(id, *until, at)?)
            }
            LifecycleStep::Decided { .. } => {
                self.known_open(id, at)?;
                match self.standing_of(id)?.enough {
                    Some(_) => Err(OpenRequestsError::DecidedBefore { id }),
                    None => Ok(()),
                }
            }
            LifecycleStep::Asked { owners } => self.check_asked(id, owners, at),
            LifecycleStep::Shared { owners } => self.check_shared(id, owners, at),
            LifecycleStep::Resolved | LifecycleStep::Withdrawn => {
                let file = self.case_file(self.known(id)?.request().agency);
                Ok(file.check_open(id, at)?)
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
                Ok(())
            }
        }
    }

    /// Refuses events that are not those of one step that can happen next.
    pub(super) fn check_events(&self, events: &[LifecycleEvent]) -> Result<(), OpenRequestsError> {
        self.has_numbers(events.len())?;
        let (mut next, mut last) = (self.next, self.last);
        let mut due = self.expiries.iter().copied().peekable();
        let mut stepped = false;
        let mut ends_at_once = None;
        for &LifecycleEvent { sequence, at, id, ref step } in events {
            if sequence != next {
                return Err(OpenRequestsError::Gap { expected: next, found: sequence });
            }
            if let Some(last) = last.filter(|&last| at < last) {
                return Err(OpenRequestsError::BackInTime { now: at, last });
            }
            let is_expired = *step == LifecycleStep::Expired;
            if stepped {
                // A request that is opened for no time at all ends in the step that opens it.
                if !is_expired || ends_at_once.take() != Some((at, id)) {
                    return Err(OpenRequestsError::SeveralSteps { sequence });
                }
            } else if is_expired && due.next_if_eq(&(at, id)).is_some() {
                // It is the next one that is due.
            } else if let Some(&(until, id)) = due.peek().filter(|&&(until, _)| until <= at) {
                return Err(OpenRequestsError::ExpiryMissing { id, until });
            } else {
                // Expiries before it are of other requests: an expired one takes no step.
                self.check(id, at, step)?;
                stepped = true;
                if let LifecycleStep::Opened { until, .. } = step {
                    ends_at_once = Some((*until, id));
                }
            }
            // INVARIANT: `has_numbers` has seen that there is a number for each.
            next = next.saturating_add(1);
            last = Some(at);
        }
        Ok(())
    }

    fn check_asked(
        &self,
        id: RequestId,
        owners: &[OwnerId],
        at: Timestamp,
    ) -> Result<(), OpenRequestsError> {
        self.known_open(id, at)?;
        check_ascending(id, owners)?;
        let standing = self.standing_of(id)?;
        if standing.enough != Some(true) {
            return Err(OpenRequestsError::NotDecided { id });
        }
        match owners.iter().find(|owner| standing.asked.contains(owner)) {
            Some(&owner) => Err(OpenRequestsError::AskedBefore { id, owner }),
            None => Ok(()),
        }
    }

    fn check_shared(
        &self,
        id: RequestId,
        owners: &[OwnerId],
        at: Timestamp,
    ) -> Result<(), OpenRequestsError> {
        self.known_open(id, at)?;
        check_ascending(id, owners)?;
        let standing = self.standing_of(id)?;
        if let Some(&owner) = owners.iter().find(|owner| !standing.asked.contains(owner)) {
            return Err(OpenRequestsError::NotAsked { id, owner });
        }
        match owners.iter().find(|owner| standing.shared.contains(owner)) {
            Some(&owner) => Err(OpenRequestsError::SharedBefore { id, owner }),
            None => Ok(()),
        }
    }

    fn standing_of(&self, id: RequestId) -> Result<&OpenStanding, OpenRequestsError> {
        self.open.get(&id).ok_or(OpenRequestsError::Inconsistent { id })
    }
}

fn check_ascending(id: RequestId, list: &[OwnerId]) -> Result<(), OpenRequestsError> {
    if list.is_sorted_by(|one, next| one < next) {
        return Ok(());
    }
    Err(OpenRequestsError::NotAscending { id })
}

/// The set of a list that ascends.
pub(super) fn ascending(
    id: RequestId,
    list: &[OwnerId],
) -> Result<BTreeSet<OwnerId>, OpenRequestsError> {
    check_ascending(id, list)?;
    Ok(list.iter().copied().collect())
}
