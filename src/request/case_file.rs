//! The requests that an agency has opened before.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::authorized::AuthorizedRequest;
use super::case_file_error::CaseFileError;
use super::case_file_form::CaseFileForm;
use super::opened_request::{CaseHash, EarlyEnd, OpenedRequest};
use super::request_state::RequestState;
use super::sharers::Sharers;
use crate::model::{AgencyId, OwnerId, RequestId};

/// The requests that one agency has opened, in all its cases: the history that a
/// [`Policy`](crate::Policy) reviews a new request against.
///
/// Keep one for each agency, or use [`OpenRequests`](crate::OpenRequests), which keeps all of them.
/// It is history, not permission: writing one down and reading it back authorises nothing.
///
/// ```
/// use canvass::*;
///
/// # let area = Area::from_bounds(10.0, 50.0, 10.01, 50.01)?;
/// # let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
/// # let agency = Agency::new(AgencyId(3), "Police", AgencyKind::Local);
/// # let request = Request::new(agency.id, IncidentKind::Burglary, area, window).with_case("26-0117");
/// let (policy, now) = (Policy::without_limits_or_anonymity(), "2026-05-02T09:00:00Z".parse()?);
/// let mut file = CaseFile::new(agency.id);
/// let authorized = policy.review(&request, &agency, &file, now)?;
/// file.open(RequestId(1), &authorized, now)?;
/// file.withdraw(RequestId(1), now)?;
/// assert_eq!(file.state(RequestId(1), now)?, RequestState::Withdrawn);
/// assert_eq!(file.opened_in("26-0117"), 1, "it still counts");
///
/// let kept = serde_json::to_string(&file)?;
/// assert_eq!(serde_json::from_str::<CaseFile>(&kept)?, file);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "CaseFileForm")]
pub struct CaseFile {
    // INVARIANT: each id once, all of this agency, and opened in this order.
    pub(super) agency: AgencyId,
    pub(super) opened: Vec<OpenedRequest>,
    // INVARIANT: the last opening or end in `opened`.
    #[serde(skip)]
    pub(super) last: Option<Timestamp>,
    #[serde(skip_serializing_if = "Sharers::is_empty")]
    pub(super) shared: Sharers,
}

impl CaseFile {
    /// The file of an agency that has not asked anything yet.
    #[must_use]
    pub fn new(agency: AgencyId) -> Self {
        Self { agency, opened: Vec::new(), last: None, shared: Sharers::default() }
    }

    /// The id of the agency whose file this is.
    #[must_use]
    pub fn agency(&self) -> AgencyId {
        self.agency
    }

    /// How many requests were opened in a case. References are compared without the white space
    /// around them. A request that was withdrawn or has expired counts as well: otherwise an agency
    /// could withdraw one to get a third. O(requests).
    #[must_use]
    pub fn opened_in(&self, case_reference: &str) -> u32 {
        let is_in_case = in_case(case_reference);
        let number = self.iter().filter(|opened| is_in_case(opened)).count();
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// The last opening or end in the file, before which nothing in it can be changed any more.
    ///
    /// ```
    /// # use canvass::{AgencyId, CaseFile};
    /// assert_eq!(CaseFile::new(AgencyId(3)).last(), None);
    /// ```
    #[must_use]
    pub fn last(&self) -> Option<Timestamp> {
        self.last
    }

    /// Opens an authorised request, which counts from then on.
    /// O(requests).
    ///
    /// # Errors
    ///
    /// If `now` is before the last opening or end in the file, if the request is another agency's,
    /// if its id is taken, if its case has had as many requests as the policy allowed since it was
    /// reviewed, or if its policy limits overlaps and a request was opened since whose area overlaps
    /// this one's and differs from it.
    pub fn open(
        &mut self,
        id: RequestId,
        authorized: &AuthorizedRequest,
        now: Timestamp,
    ) -> Result<(), CaseFileError> {
        let opened = self.opening(id, authorized, now)?;
        self.append(opened);
        Ok(())
    }

    /// The entry that [`open`](Self::open) would put into the file. The file is gone through once.
    pub(crate) fn opening(
        &self,
        id: RequestId,
        authorized: &AuthorizedRequest,
        now: Timestamp,
    ) -> Result<OpenedRequest, CaseFileError> {
        let request = authorized.request();
        let allowed = authorized.max_per_case();
        self.check_time_order(now)?;
        if request.agency != self.agency {
            return Err(CaseFileError::OtherAgency { named: request.agency, file: self.agency });
        }
        let is_in_case = in_case(&request.case_reference);
        let (mut is_taken, mut in_case, mut near) = (false, 0_u32, Vec::new());
        for opened in self {
            is_taken |= opened.id == id;
            in_case = in_case.saturating_add(u32::from(is_in_case(opened)));
            if opened.is_near(&request.area) {
                near.push(opened);
            }
        }
        if is_taken {
            return Err(CaseFileError::IdTaken { id });
        }
        if in_case >= allowed {
            return Err(CaseFileError::CaseExhausted { allowed });
        }
        let known = authorized.earlier();
        let unseen = near.into_iter().find(|other| {
            !known.contains(&other.request.area) && authorized.is_new_overlap(&other.request.area)
        });
        if let Some(unseen) = unseen {
            return Err(CaseFileError::OverlapOpened { id: unseen.id });
        }
        let (days, most) = authorized.open_days();
        let (until, latest) = (after_days(now, days), after_days(now, most));
        OpenedRequest::new(id, request.clone(), now, (until, latest))
    }

    /// Adds a request that was opened once, without asking a policy: it is history. The caller has
    /// made sure that it is this agency's, that its id is new, and that nothing later is in the file.
    pub(crate) fn append(&mut self, opened: OpenedRequest) {
        debug_assert_eq!(opened.request.agency, self.agency, "another agency's");
        self.last = self.last.max(Some(opened.last()));
        self.opened.push(opened);
    }

    /// The request at a place, counted from 0: a request keeps its place.
    pub(crate) fn at(&self, place: usize) -> Option<&OpenedRequest> {
        self.opened.get(place)
    }

    /// The requests that are open at `now`, in the order in which they were opened. O(requests).
    pub fn open_at(&self, now: Timestamp) -> impl Iterator<Item = &OpenedRequest> {
        self.iter().filter(move |opened| opened.state(now) == RequestState::Open)
    }

    /// Where a request is in its life at `now`. O(requests).
    ///
    /// # Errors
    ///
    /// If the file has no such request.
    pub fn state(&self, id: RequestId, now: Timestamp) -> Result<RequestState, CaseFileError> {
        Ok(self.find(id)?.state(now))
    }

    /// Keeps an open request open until a later instant. You need no new review.
    ///
    /// # Errors
    ///
    /// If `now` is before the last opening or end in the file, if the file has no such request, if
    /// it is not open, or if `until` is before it ends anyway or after the latest that was fixed at
    /// opening.
    pub fn extend(
        &mut self,
        id: RequestId,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), CaseFileError> {
        self.check_extension(id, until, now)?;
        self.find_mut(id)?.until = until;
        Ok(())
    }

    /// Refuses to keep a request open until a later instant where [`extend`](Self::extend) does.
    pub(crate) fn check_extension(
        &self,
        id: RequestId,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), CaseFileError> {
        self.check_open(id, now)?;
        let opened = self.find(id)?;
        let (from, latest) = (opened.until, opened.latest);
        if until < from || until > latest {
            return Err(CaseFileError::CannotExtend { id, until, from, latest });
        }
        Ok(())
    }

    /// Ends an open request because the agency needs no more footage.
    ///
    /// # Errors
    ///
    /// If `now` is before the last opening or end in the file, if the file has no such request, or
    /// if it is not open.
    pub fn resolve(&mut self, id: RequestId, now: Timestamp) -> Result<(), CaseFileError> {
        self.end(id, EarlyEnd::Resolved(now))
    }

    /// Ends an open request because the agency takes it back. It still counts in its case.
    ///
    /// # Errors
    ///
    /// If `now` is before the last opening or end in the file, if the file has no such request, or
    /// if it is not open.
    pub fn withdraw(&mut self, id: RequestId, now: Timestamp) -> Result<(), CaseFileError> {
        self.end(id, EarlyEnd::Withdrawn(now))
    }

    /// Notes that owners shared footage of one of its requests with the agency, which knows them from then
    /// on: [`Policy::min_new_households`](crate::Policy::min_new_households) counts them no more for a while.
    /// To note it again changes nothing. O(n) for each owner, if owners shared n times.
    ///
    /// # Errors
    ///
    /// If the file has no such request, or if `now` is before its opening.
    pub fn record_shared(
        &mut self,
        id: RequestId,
        owners: impl IntoIterator<Item = OwnerId>,
        now: Timestamp,
    ) -> Result<(), CaseFileError> {
        let at = self.find(id)?.at;
        if now < at {
            return Err(CaseFileError::BackInTime { now, last: at });
        }
        for owner in owners {
            self.shared.insert(owner, now);
        }
        Ok(())
    }

    /// Forgets that an owner shared footage: for whoever is erased.
    pub fn forget_owner(&mut self, owner: OwnerId) {
        self.shared.forget(owner);
    }

    /// Who shared footage with the agency.
    pub(crate) fn shared(&self) -> &Sharers {
        &self.shared
    }

    /// A request, and the file as it was before it was opened.
    pub(crate) fn before(&self, id: RequestId) -> Option<(Self, &OpenedRequest)> {
        let place = self.iter().position(|opened| opened.id == id)?;
        let (before, rest) = self.opened.split_at_checked(place)?;
        let last = before.iter().map(OpenedRequest::last).max();
        let opened = rest.first()?;
        let shared = self.shared.up_to(opened.at);
        Some((Self { agency: self.agency, opened: before.to_vec(), last, shared }, opened))
    }

    fn end(&mut self, id: RequestId, end: EarlyEnd) -> Result<(), CaseFileError> {
        self.check_open(id, end.at())?;
        self.find_mut(id)?.ended = Some(end);
        self.last = Some(end.at());
        Ok(())
    }

    fn find(&self, id: RequestId) -> Result<&OpenedRequest, CaseFileError> {
        self.iter().find(|opened| opened.id == id).ok_or(CaseFileError::Unknown { id })
    }

    fn find_mut(&mut self, id: RequestId) -> Result<&mut OpenedRequest, CaseFileError> {
        let found = self.opened.iter_mut().find(|opened| opened.id == id);
        found.ok_or(CaseFileError::Unknown { id })
    }

    /// Refuses a request that is not open, or an instant before the last opening or end in the file.
    pub(crate) fn check_open(&self, id: RequestId, now: Timestamp) -> Result<(), CaseFileError> {
        let state = self.state(id, now)?;
        self.check_time_order(now)?;
        if state != RequestState::Open {
            return Err(CaseFileError::NotOpen { id, state });
        }
        Ok(())
    }

    /// Refuses an instant before the last opening or end in the file.
    fn check_time_order(&self, now: Timestamp) -> Result<(), CaseFileError> {
        match self.last {
            Some(last) if now < last => Err(CaseFileError::BackInTime { now, last }),
            _ => Ok(()),
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

/// Whether a request was opened in a case.
fn in_case(case_reference: &str) -> impl Fn(&OpenedRequest) -> bool {
    let (case, hash) = (case_reference.trim(), CaseHash::of(case_reference));
    move |opened| opened.case == hash && opened.request.case_reference.trim() == case
}

/// So many days of 24 hours later, or the end of time.
pub(crate) fn after_days(now: Timestamp, days: u32) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MAX)
}
