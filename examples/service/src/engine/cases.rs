//! The policy, the agencies on record, and the requests that were opened, as readers see them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use canvass::error::{CaseFileError, OpenRequestsError, ReopenError};
use canvass::{
    Agency, AgencyId, AuthorizedRequest, CaseFile, LifecycleEvent, LifecycleStep, OpenRequests,
    OpenedRequest, OwnerId, Policy, Request, RequestId, RequestState, Route, Snapshot, Violations,
};
use jiff::Timestamp;

/// The number of authorised requests in memory; reviewing one again costs less than a millisecond.
const REMEMBERED: usize = 100_000;

/// Reviews requests, remembers the authorised ones, and decides whom to ask.
#[derive(Debug)]
pub struct Cases {
    policy: Policy,
    agencies: BTreeMap<AgencyId, Agency>,
    // INVARIANT: the state after the events on the disk; the writer alone replays more, after its
    // commit.
    open: RwLock<OpenRequests>,
    /// Only `open` decides whether a request is open, never this cache.
    remembered: RwLock<HashMap<RequestId, AuthorizedRequest>>,
}

/// Why an opened request cannot be routed now.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotAuthorized {
    /// There is no such request.
    #[error("there is no request `{0}`")]
    Unknown(RequestId),
    /// The agency is not on record any more.
    #[error("agency `{0}` is not on record any more")]
    AgencyGone(AgencyId),
    /// It is not open any more.
    #[error("request `{id}` is {state}, not open")]
    NotOpen {
        /// The request's id.
        id: RequestId,
        /// Its state.
        state: RequestState,
    },
    /// It cannot be authorised again after a restart.
    #[error("the request cannot be authorised again: {0}")]
    Again(ReopenError),
}

impl From<ReopenError> for NotAuthorized {
    fn from(error: ReopenError) -> Self {
        match error {
            ReopenError::CaseFile(CaseFileError::NotOpen { id, state }) => {
                Self::NotOpen { id, state }
            }
            error => Self::Again(error),
        }
    }
}

impl Cases {
    pub(super) fn new(policy: Policy, agencies: Vec<Agency>, open: OpenRequests) -> Self {
        let agencies = agencies.into_iter().map(|agency| (agency.id, agency)).collect();
        Self { policy, agencies, open: RwLock::new(open), remembered: RwLock::default() }
    }

    /// An agency on record.
    #[must_use]
    pub fn agency(&self, id: AgencyId) -> Option<&Agency> {
        self.agencies.get(&id)
    }

    /// Reviews an agency's request against its case file.
    ///
    /// # Errors
    ///
    /// Every violation at once.
    pub fn review(
        &self,
        request: &Request,
        agency: &Agency,
        now: Timestamp,
    ) -> Result<AuthorizedRequest, Violations> {
        self.policy.review(request, agency, &self.open().case_file(agency.id), now)
    }

    /// The operator's limits.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The agencies on record, by their numbers.
    pub fn agencies(&self) -> impl Iterator<Item = &Agency> {
        self.agencies.values()
    }

    /// Reads all opened requests under a lock; the writer waits meanwhile.
    pub fn look<T>(&self, look: impl FnOnce(&OpenRequests) -> T) -> T {
        look(&self.open())
    }

    /// Reads the requests that an agency has opened.
    pub fn with_case_file<T>(&self, agency: AgencyId, look: impl FnOnce(&CaseFile) -> T) -> T {
        look(&self.open().case_file(agency))
    }

    /// An opened request in any state.
    #[must_use]
    pub fn request(&self, id: RequestId) -> Option<OpenedRequest> {
        self.open().get(id).cloned()
    }

    /// An authorised request: from the review at its opening or, after a restart, from another
    /// review by the same rules. An authorisation cannot be stored, so nobody can forge one on the
    /// disk.
    ///
    /// # Errors
    ///
    /// If it is not open, or if the present policy would have refused it.
    pub fn authorized(
        &self,
        id: RequestId,
        now: Timestamp,
    ) -> Result<AuthorizedRequest, NotAuthorized> {
        let open = self.open();
        match open.state(id, now) {
            Ok(RequestState::Open) => {}
            Ok(state) => return Err(NotAuthorized::NotOpen { id, state }),
            Err(_) => return Err(NotAuthorized::Unknown(id)),
        }
        let remembered = self.remembered.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(authorized) = remembered.get(&id) {
            return Ok(authorized.clone());
        }
        drop(remembered);
        let opened = open.get(id).ok_or(NotAuthorized::Unknown(id))?;
        let agency = opened.request().agency;
        let record = self.agency(agency).ok_or(NotAuthorized::AgencyGone(agency))?;
        let authorized = self.policy.reopen(&open.case_file(agency), id, record, now)?;
        drop(open);
        self.remember([(id, authorized.clone())]);
        Ok(authorized)
    }

    /// The owners whom an open request may ask and has not asked yet.
    ///
    /// # Errors
    ///
    /// If the authorised request is not this one.
    pub fn due(
        &self,
        id: RequestId,
        authorized: &AuthorizedRequest,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<Route, OpenRequestsError> {
        self.open().due(id, authorized, snapshot, now)
    }

    /// Publishes events to readers, once they are on the disk. For the writer.
    ///
    /// # Errors
    ///
    /// If they do not follow from the published state.
    pub(super) fn publish(
        &self,
        events: &[LifecycleEvent],
        opened: impl IntoIterator<Item = (RequestId, AuthorizedRequest)>,
    ) -> Result<(), OpenRequestsError> {
        // Remembered before it is open, so that nobody repeats the review.
        self.remember(opened);
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        events.iter().try_for_each(|event| open.replay(event))?;
        drop(open);
        let mut remembered = self.remembered.write().unwrap_or_else(PoisonError::into_inner);
        for event in events {
            if ends(&event.step) {
                remembered.remove(&event.id);
            }
        }
        Ok(())
    }

    /// Replaces the state that readers see by the one on the disk. For the writer.
    pub(super) fn replace(&self, with: OpenRequests) {
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = with;
    }

    /// Forgets erased owners. For the writer.
    pub(super) fn forget(&self, owners: &[OwnerId]) {
        if !owners.is_empty() {
            let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
            for &owner in owners {
                open.forget_owner(owner);
            }
        }
    }

    fn open(&self) -> RwLockReadGuard<'_, OpenRequests> {
        self.open.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, authorized: impl IntoIterator<Item = (RequestId, AuthorizedRequest)>) {
        let mut remembered = self.remembered.write().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.extend(authorized);
    }
}

/// Whether a step ends its request.
pub(super) fn ends(step: &LifecycleStep) -> bool {
    matches!(step, LifecycleStep::Resolved | LifecycleStep::Withdrawn | LifecycleStep::Expired)
}
