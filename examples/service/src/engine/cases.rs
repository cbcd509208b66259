//! The policy, the agencies on record, and their case files.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use canvass::{
    Agency, AgencyId, AuthorizedRequest, CaseFile, CaseFileError, OpenedRequest, Policy,
    ReopenError, Request, RequestId, RequestState, Violations,
};
use jiff::Timestamp;

use crate::store::{Store, StoreError};

/// So many open requests are remembered: to review one again costs less than a millisecond.
const REMEMBERED: usize = 100_000;

/// Reviews requests, and remembers what was reviewed.
#[derive(Debug)]
pub struct Cases {
    policy: Policy,
    agencies: BTreeMap<AgencyId, Agency>,
    // INVARIANT: as they are on the disk; the writer alone replaces them, after its commit.
    files: RwLock<HashMap<AgencyId, Arc<CaseFile>>>,
    // INVARIANT: as in `files`. Written while this is locked, and by the writer after `files`.
    remembered: RwLock<HashMap<RequestId, Remembered>>,
}

/// A request that was opened, and its authorisation.
#[derive(Clone, Debug)]
pub(super) struct Remembered {
    pub(super) authorized: AuthorizedRequest,
    pub(super) opened: OpenedRequest,
}

/// Why a request that was opened once cannot be routed now.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotAuthorized {
    /// The agency is not on record any more.
    #[error("agency `{0}` is not on record any more")]
    AgencyGone(AgencyId),
    /// It is not open any more.
    #[error("request `{id}` is {state}, not open")]
    NotOpen {
        /// Which request.
        id: RequestId,
        /// What it is.
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
    pub(super) fn load(
        policy: Policy,
        agencies: Vec<Agency>,
        store: &Store,
    ) -> Result<Self, StoreError> {
        let agencies: BTreeMap<_, _> =
            agencies.into_iter().map(|agency| (agency.id, agency)).collect();
        let files = agencies
            .keys()
            .map(|&id| Ok((id, Arc::new(store.case_file(id)?))))
            .collect::<Result<_, StoreError>>()?;
        Ok(Self { policy, agencies, files: RwLock::new(files), remembered: RwLock::default() })
    }

    /// An agency on record.
    #[must_use]
    pub fn agency(&self, id: AgencyId) -> Option<&Agency> {
        self.agencies.get(&id)
    }

    /// Reviews what an agency submitted, against what it asked before.
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
        self.policy.review(request, agency, &self.file(agency.id), now)
    }

    /// The authorised request, if it is remembered.
    ///
    /// # Errors
    ///
    /// If it is not open.
    pub(super) fn remembered(
        &self,
        id: RequestId,
        now: Timestamp,
    ) -> Option<Result<AuthorizedRequest, NotAuthorized>> {
        let remembered = self.remembered.read().unwrap_or_else(PoisonError::into_inner);
        let Remembered { authorized, opened } = remembered.get(&id)?;
        Some(match opened.state(now) {
            RequestState::Open => Ok(authorized.clone()),
            state => Err(NotAuthorized::NotOpen { id, state }),
        })
    }

    /// Authorises an agency's request again that was opened before a restart: an authorisation cannot
    /// be kept on a disk, so that nobody can write one down by hand.
    ///
    /// # Errors
    ///
    /// If it is not open, or if today's policy would have refused it.
    pub(super) fn authorize_again(
        &self,
        id: RequestId,
        agency: AgencyId,
        now: Timestamp,
    ) -> Result<AuthorizedRequest, NotAuthorized> {
        let record = self.agency(agency).ok_or(NotAuthorized::AgencyGone(agency))?;
        let authorized = self.policy.reopen(&self.file(agency), id, record, now)?;
        let mut remembered = self.remembered.write().unwrap_or_else(PoisonError::into_inner);
        // It may have ended since; then the writer has replaced the file already, or will find what
        // is remembered here.
        if let Some(opened) = self.file(agency).iter().find(|opened| opened.id() == id).cloned() {
            let newer = Remembered { authorized: authorized.clone(), opened };
            insert(&mut remembered, [(id, newer)]);
        }
        Ok(authorized)
    }

    /// An agency's case file.
    pub(super) fn file(&self, agency: AgencyId) -> Arc<CaseFile> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        files.get(&agency).cloned().unwrap_or_else(|| Arc::new(CaseFile::new(agency)))
    }

    /// Puts newer case files in place, remembers what was opened in them, and notes what went on in
    /// its life. For the writer, after its commit.
    pub(super) fn replace(
        &self,
        newer: impl IntoIterator<Item = CaseFile>,
        opened: impl IntoIterator<Item = (RequestId, Remembered)>,
        went_on: impl IntoIterator<Item = OpenedRequest>,
    ) {
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        let newer = newer.into_iter().map(|file| (file.agency(), Arc::new(file)));
        let older: Vec<_> = newer.filter_map(|(agency, file)| files.insert(agency, file)).collect();
        drop(files);
        // A long file takes its time to be dropped: nobody should wait for that.
        drop(older);
        let mut remembered = self.remembered.write().unwrap_or_else(PoisonError::into_inner);
        insert(&mut remembered, opened);
        for newer in went_on {
            if let Some(Remembered { opened, .. }) = remembered.get_mut(&newer.id()) {
                *opened = newer;
            }
        }
    }
}

fn insert(
    remembered: &mut HashMap<RequestId, Remembered>,
    opened: impl IntoIterator<Item = (RequestId, Remembered)>,
) {
    if remembered.len() >= REMEMBERED {
        remembered.clear();
    }
    remembered.extend(opened);
}
