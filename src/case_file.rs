//! What an agency has asked before.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::agency::AgencyId;
use crate::authorized::AuthorizedRequest;
use crate::camera::id;
use crate::request::Request;

id! {
    /// The operator's number for a request that was opened.
    RequestId
}

/// What one agency has asked before, in all its cases: the history that a
/// [`Policy`](crate::Policy) reviews a new request against.
///
/// A value that the operator keeps, one for each agency. It is history, not permission: writing
/// one down and reading it back authorises nothing.
///
/// ```
/// use canvass::{AgencyId, CaseFile};
///
/// let file = CaseFile::new(AgencyId(3));
/// assert_eq!(file.opened_in("26-0117"), 0);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    agency: AgencyId,
    opened: Vec<OpenedRequest>,
}

/// A request that was opened; it cannot be changed any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenedRequest {
    id: RequestId,
    request: Request,
    at: Timestamp,
}

impl CaseFile {
    /// The file of an agency that has not asked anything yet.
    #[must_use]
    pub fn new(agency: AgencyId) -> Self {
        Self { agency, opened: Vec::new() }
    }

    /// Whose file it is.
    #[must_use]
    pub fn agency(&self) -> AgencyId {
        self.agency
    }

    /// How many requests were opened in a case. References are compared without the white space
    /// around them. O(requests).
    #[must_use]
    pub fn opened_in(&self, case_reference: &str) -> u32 {
        let case = case_reference.trim();
        let same = |opened: &&OpenedRequest| opened.request.case_reference.trim() == case;
        u32::try_from(self.opened.iter().filter(same).count()).unwrap_or(u32::MAX)
    }

    /// Opens an authorised request, which from then on counts.
    ///
    /// # Errors
    ///
    /// If the request is another agency's, if its id is taken, if its case has had as many
    /// requests as the policy allowed since it was reviewed, or if a request whose area overlaps
    /// this one's was opened since.
    pub fn open(
        &mut self,
        id: RequestId,
        authorized: &AuthorizedRequest,
        now: Timestamp,
    ) -> Result<(), CaseFileError> {
        let request = authorized.request();
        let allowed = authorized.max_per_case();
        if request.agency != self.agency {
            Err(CaseFileError::OtherAgency { named: request.agency, file: self.agency })
        } else if self.opened.iter().any(|opened| opened.id == id) {
            Err(CaseFileError::IdTaken { id })
        } else if self.opened_in(&request.case_reference) >= allowed {
            Err(CaseFileError::CaseExhausted { allowed })
        } else if let Some(unseen) =
            self.iter().find(|o| authorized.is_new_overlap(&o.request.area))
        {
            Err(CaseFileError::OverlapOpened { id: unseen.id })
        } else {
            self.opened.push(OpenedRequest { id, request: request.clone(), at: now });
            Ok(())
        }
    }

    /// The requests that were opened, in that order.
    pub fn iter(&self) -> std::slice::Iter<'_, OpenedRequest> {
        self.opened.iter()
    }
}

impl<'a> IntoIterator for &'a CaseFile {
    type Item = &'a OpenedRequest;
    type IntoIter = std::slice::Iter<'a, OpenedRequest>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl OpenedRequest {
    /// The operator's number for it.
    #[must_use]
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// What was asked.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// When it was opened.
    #[must_use]
    pub fn opened_at(&self) -> Timestamp {
        self.at
    }
}

/// Why a request cannot be entered in a [`CaseFile`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CaseFileError {
    /// The request is another agency's.
    #[error("the request is agency `{named}`'s, but the case file is agency `{file}`'s")]
    OtherAgency {
        /// The agency that the request names.
        named: AgencyId,
        /// The agency whose file it is.
        file: AgencyId,
    },
    /// A request with this id was opened before.
    #[error("request `{id}` was opened before")]
    IdTaken {
        /// Which id.
        id: RequestId,
    },
    /// The case has had as many requests as the policy allows.
    #[error("the case has had {allowed} requests, and no more are allowed")]
    CaseExhausted {
        /// How many are allowed.
        allowed: u32,
    },
    /// A request whose area overlaps this one's was opened since this one was reviewed.
    #[error("request `{id}`, which overlaps it, was opened since the review; review it again")]
    OverlapOpened {
        /// Which request.
        id: RequestId,
    },
}
