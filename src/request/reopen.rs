//! After a restart: [`Policy::reopen`] authorises an open request again, by a review.

use jiff::Timestamp;

use super::authorized::AuthorizedRequest;
use super::case_file::CaseFile;
use super::case_file_error::CaseFileError;
use super::policy::Policy;
use super::request_state::RequestState;
use super::violation::Violations;
use crate::model::{Agency, RequestId};

impl Policy {
    /// Authorises a request again that is open at `now`. Use this after a restart: a file
    /// authorises nothing by itself. The request is reviewed as of its opening, against the file as
    /// it was before.
    ///
    /// Costs a review and a copy of the file.
    ///
    /// ```
    /// # use canvass::*;
    /// # let area = Area::from_bounds(10.0, 50.0, 10.01, 50.01)?;
    /// # let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
    /// # let agency = Agency::new(AgencyId(3), "Police", AgencyKind::Local);
    /// # let request = Request::new(agency.id, IncidentKind::Burglary, area, window);
    /// # let (policy, id) = (Policy::without_limits_or_anonymity().with_open_days(10), RequestId(1));
    /// # let mut file = CaseFile::new(agency.id);
    /// # let monday = "2026-05-04T09:00:00Z".parse()?;
    /// let authorized = policy.review(&request, &agency, &file, monday)?;
    /// file.open(id, &authorized, monday)?;
    /// // The service restarts on Tuesday, with the file that it kept.
    /// let tuesday = "2026-05-05T09:00:00Z".parse()?;
    /// assert_eq!(policy.reopen(&file, id, &agency, tuesday)?, authorized);
    /// // Two weeks later the request has expired.
    /// let late = policy.reopen(&file, id, &agency, "2026-05-18T09:00:00Z".parse()?);
    /// assert_eq!(late.unwrap_err().to_string(), "request `1` is expired, not open");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
