//! After a restart: [`Policy::reopen`] authorises an open request again, by a review.

use jiff::Timestamp;

use crate::agency::Agency;
use crate::authorized::AuthorizedRequest;
use crate::case_file::{CaseFile, CaseFileError, RequestId, RequestState};
use crate::policy::Policy;
use crate::violation::Violations;

impl Policy {
    /// Authorises a request again that is open at `now`, by reviewing it against the file as it was
    /// before it was opened, and as of its opening. A file authorises nothing by itself.
    ///
    /// Costs a review and a copy of the file.
    ///
    /// # Errors
    ///
    /// If the file has no such request, if it is not open, or if this policy would have refused it;
    /// that includes one that was opened so long after its review that its window had become too
    /// old in between.
    pub fn reopen(
        &self,
        file: &CaseFile,
        id: RequestId,
        agency: &Agency,
        now: Timestamp,
    ) -> Result<AuthorizedRequest, ReopenError> {
        let state = file.state(id, now)?;
        if state != RequestState::Open {
            return Err(CaseFileError::NotOpen { id, state }.into());
        }
        let (before, opened) = file.before(id).ok_or(CaseFileError::Unknown { id })?;
        Ok(self.review(opened.request(), agency, &before, opened.opened_at())?)
    }
}

/// Why a request cannot be authorised again.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReopenError {
    /// It is not open.
    #[error(transparent)]
    CaseFile(#[from] CaseFileError),
    /// The policy refuses it.
    #[error(transparent)]
    Refused(#[from] Violations),
}
