//! The policy, the agencies on record, and their case files.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use canvass::{
    Agency, AgencyId, AuthorizedRequest, CaseFile, OpenedRequest, Policy, Request, RequestId,
    Violations,
};
use jiff::Timestamp;

use crate::store::{Store, StoreError};

/// So many authorised requests are remembered: to review one again costs less than a millisecond.
const REMEMBERED: usize = 100_000;

/// Reviews requests, and remembers what was reviewed.
#[derive(Debug)]
pub struct Cases {
    policy: Policy,
    agencies: BTreeMap<AgencyId, Agency>,
    // INVARIANT: as they are on the disk; the writer alone replaces them, after its commit.
    files: RwLock<HashMap<AgencyId, Arc<CaseFile>>>,
    authorized: RwLock<HashMap<RequestId, AuthorizedRequest>>,
}

/// Why a request that was opened once cannot be routed today.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotAuthorized {
    /// The agency is not on record any more.
    #[error("agency `{0}` is not on record any more")]
    AgencyGone(AgencyId),
    /// Today's policy would refuse it.
    #[error("today's policy would refuse the request: {0}")]
    Refused(Violations),
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
        Ok(Self { policy, agencies, files: RwLock::new(files), authorized: RwLock::default() })
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
        self.review_against(request, agency, &self.file(agency.id), now)
    }

    /// The one place where a policy reviews.
    fn review_against(
        &self,
        request: &Request,
        agency: &Agency,
        file: &CaseFile,
        now: Timestamp,
    ) -> Result<AuthorizedRequest, Violations> {
        self.policy.review(request, agency, file, now)
    }

    /// Reviews a request once more that was opened before a restart: an authorisation cannot be
    /// kept on a disk, so that nobody can write one down by hand. As of when it was opened, and
    /// without history: that was counted then.
    pub(super) fn authorize_again(
        &self,
        id: RequestId,
        opened: &OpenedRequest,
    ) -> Result<AuthorizedRequest, NotAuthorized> {
        let request = opened.request();
        let agency =
            self.agency(request.agency).ok_or(NotAuthorized::AgencyGone(request.agency))?;
        let blank = CaseFile::new(agency.id);
        let authorized = self
            .review_against(request, agency, &blank, opened.opened_at())
            .map_err(NotAuthorized::Refused)?;
        self.remember([(id, authorized.clone())]);
        Ok(authorized)
    }

    /// The authorised request, if it is remembered.
    pub(super) fn authorized(&self, id: RequestId) -> Option<AuthorizedRequest> {
        self.authorized.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    pub(super) fn remember(
        &self,
        authorized: impl IntoIterator<Item = (RequestId, AuthorizedRequest)>,
    ) {
        let mut remembered = self.authorized.write().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.extend(authorized);
    }

    /// An agency's case file.
    pub(super) fn file(&self, agency: AgencyId) -> Arc<CaseFile> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        files.get(&agency).cloned().unwrap_or_else(|| Arc::new(CaseFile::new(agency)))
    }

    pub(super) fn replace(&self, newer: impl IntoIterator<Item = CaseFile>) {
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        files.extend(newer.into_iter().map(|file| (file.agency(), Arc::new(file))));
    }
}
