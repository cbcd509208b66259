//! The state of all requests that stand, and the steps that change it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::error::OpenRequestsError;
use super::event::{LifecycleEvent, LifecycleStep};
use super::index::AreaIndex;
use crate::model::{AgencyId, OwnerId, RequestId};
use crate::request::{AuthorizedRequest, CaseFile, OpenedRequest, RequestState};

/// The case files of all agencies, the owners whom each open request has asked, and an R-tree of
/// the areas of open requests.
///
/// You open, extend, resolve and withdraw a request here, by the rules of its [`CaseFile`], and
/// each step returns a [`LifecycleEvent`]. Store the events: replaying them restores an equal
/// value, and so does this value written with serde and read back. There is no clock: an expiry
/// that is due comes before any step at a later `now`, or when you call [`expire`](Self::expire).
///
/// While a request is open, [`decide`](Self::decide) settles once whether its area has households enough,
/// [`touched_by`](Self::touched_by) decides whether changes of the registry matter to it, and
/// [`due`](Self::due) whom to ask who was not asked yet:
/// [`record_asked`](Self::record_asked) comes before sending, and nobody gets past it twice for one
/// request. It is neither permission nor an authorisation: after a restart
/// [`Policy::reopen`](crate::Policy::reopen) gives that.
///
/// ```
/// use canvass::*;
/// use canvass::error::*;
/// # fn request() -> Result<Request, Box<dyn std::error::Error>> {
/// #     let area = Area::from_bounds(-73.98, 40.76, -73.97, 40.77)?;
/// #     let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
/// #     Ok(Request::new(AgencyId(3), IncidentKind::Burglary, area, window))
/// # }
/// # fn porch() -> Result<Camera, PositionError> {
/// #     let position = Position::new(-73.975, 40.765)?;
/// #     Ok(Camera::new(CameraId(7), OwnerId(1), position, Recording::kept_for_days(30)))
/// # }
/// # let agency = Agency::new(AgencyId(3), "Police", AgencyKind::Local);
/// # let registry = Registry::new();
/// let mut open = OpenRequests::new(0);
/// let (id, monday) = (RequestId(1), "2026-05-04T09:00:00Z".parse()?);
/// let policy = Policy::without_limits_or_anonymity().with_open_days(10).with_max_open_days(28);
/// let authorized = policy.review(&request()?, &agency, &open.case_file(agency.id), monday)?;
/// let events = open.open(id, &authorized, monday)?;
/// assert_eq!(events[0].sequence, 0);
/// // Whether enough households live there is decided at the first look.
/// let events = open.decide(id, &authorized, &registry.snapshot(), monday)?;
/// assert_eq!(events[0].step, LifecycleStep::Decided { enough: true });
/// assert!(open.due(id, &authorized, &registry.snapshot(), monday)?.is_empty());
///
/// // On Tuesday somebody registers a camera there, and agrees to be asked.
/// let tuesday = "2026-05-05T09:00:00Z".parse()?;
/// let yes = Change::SetConsent { owner: OwnerId(1), consent: Consent::granted() };
/// let changes = [Change::Register(porch()?), yes];
/// let snapshot = registry.apply(changes.clone())?;
/// assert_eq!(open.touched_by(registry.touched(&changes), tuesday), [id]);
///
/// let due = open.due(id, &authorized, &snapshot, tuesday)?;
/// let (to_send, events) = open.record_asked(id, &due, tuesday)?;
/// assert_eq!((to_send.cameras(), events[0].sequence), (&[CameraId(7)][..], 2));
/// // It counts towards how often the owner may be asked at all.
/// let by = Some(agency.id);
/// let asked = to_send.recipients().map(|to| Change::RecordAsked { owner: to.owner, agency: by, at: tuesday });
/// let snapshot = registry.apply(asked)?;
/// assert!(open.due(id, &authorized, &snapshot, tuesday)?.is_empty());
///
/// // Nobody did anything on the 14th, and the request has expired all the same.
/// let events = open.expire("2026-05-20T00:00:00Z".parse()?);
/// assert_eq!(events[0].step, LifecycleStep::Expired);
/// assert_eq!(events[0].at, "2026-05-14T09:00:00Z".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct OpenRequests {
    /// The number of the next event.
    pub(super) next: u64,
    /// The instant of the last event.
    pub(super) last: Option<Timestamp>,
    // INVARIANT: under its agency, and no request is in two of them.
    pub(super) files: BTreeMap<AgencyId, CaseFile>,
    // INVARIANT: those of the files that have not ended, and whose expiry has no event yet.
    pub(super) open: BTreeMap<RequestId, OpenStanding>,
    // The fields below are derived from those above.
    /// Where each request is in the files.
    pub(super) places: HashMap<RequestId, FilePlace>,
    pub(super) expiries: BTreeSet<(Timestamp, RequestId)>,
    pub(super) index: AreaIndex,
}

/// Where a request is in the files.
#[derive(Clone, Copy, Debug)]
pub(super) struct FilePlace {
    pub(super) agency: AgencyId,
    /// Counted from 0, in its agency's file.
    pub(super) number: usize,
}

/// The state of an open request besides its entry in the case file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OpenStanding {
    /// Whether the area had households enough when it was first looked at; `None` before.
    pub(super) enough: Option<bool>,
    pub(super) asked: BTreeSet<OwnerId>,
    // INVARIANT: some of `asked`.
    pub(super) shared: BTreeSet<OwnerId>,
}

impl OpenRequests {
    /// No requests; `next` is the number of the first event.
    #[must_use]
    pub fn new(next: u64) -> Self {
        Self::of(next, None, BTreeMap::new())
    }

    pub(super) fn of(
        next: u64,
        last: Option<Timestamp>,
        files: BTreeMap<AgencyId, CaseFile>,
    ) -> Self {
        Self {
            next,
            last,
            files,
            open: BTreeMap::new(),
            places: HashMap::new(),
            expiries: BTreeSet::new(),
            index: AreaIndex::default(),
        }
    }

    /// The number of the next event; at `u64::MAX` there is none.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.next
    }

    /// The instant of the last event: nothing can be done before it.
    #[must_use]
    pub fn last_event_at(&self) -> Option<Timestamp> {
        self.last
    }

    /// The first instant at or after `now` at which something can happen: `now` itself, or that of the
    /// last event where that is later.
    ///
    /// Read the clock, lock this value, and pass every `now` through this function. A service that
    /// reads the clock before it locks gets the lock out of order now and then, and clocks are set
    /// back: the earlier `now` would be refused, since events never run backwards.
    ///
    /// ```
    /// use std::sync::Mutex;
    ///
    /// use canvass::*;
    /// # let area = Area::from_bounds(-73.98, 40.76, -73.97, 40.77)?;
    /// # let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
    /// # let request = Request::new(AgencyId(3), IncidentKind::Burglary, area, window);
    /// # let agency = Agency::new(AgencyId(3), "Police", AgencyKind::Local);
    /// # let authorized = Policy::without_limits_or_anonymity().review(&request, &agency, &CaseFile::new(agency.id), "2026-05-04T09:00:00Z".parse()?)?;
    /// let open = Mutex::new(OpenRequests::new(0));
    /// // Two threads read the clock; the one that was later gets the lock first.
    /// let (earlier, later) = ("2026-05-04T09:00:00Z".parse()?, "2026-05-04T09:00:01Z".parse()?);
    ///
    /// let mut locked = open.lock().map_err(|_| "poisoned")?;
    /// let now = locked.clamp_now(later);
    /// locked.open(RequestId(1), &authorized, now)?;
    ///
    /// assert!(locked.resolve(RequestId(1), earlier).is_err());
    /// let now = locked.clamp_now(earlier);
    /// assert_eq!(now, later);
    /// locked.resolve(RequestId(1), now)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn clamp_now(&self, now: Timestamp) -> Timestamp {
        self.last_event_at().map_or(now, |last| now.max(last))
    }

    /// An agency's case file, to [review](crate::Policy::review) its next request against; an empty
    /// one for an agency that has not asked anything yet.
    #[must_use]
    pub fn case_file(&self, agency: AgencyId) -> Cow<'_, CaseFile> {
        let file = self.files.get(&agency);
        file.map_or_else(|| Cow::Owned(CaseFile::new(agency)), Cow::Borrowed)
    }

    /// An opened request in any state.
    #[must_use]
    pub fn get(&self, id: RequestId) -> Option<&OpenedRequest> {
        let place = self.places.get(&id)?;
        self.files.get(&place.agency)?.at(place.number)
    }

    /// All opened requests in any state: by agency, and each agency's in the order of opening. If
    /// your service counts its ids, continue after the highest of these.
    pub fn opened(&self) -> impl Iterator<Item = &OpenedRequest> {
        self.files.values().flat_map(CaseFile::iter)
    }

    /// The state of a request at `now`.
    ///
    /// # Errors
    ///
    /// If no such request was opened.
    pub fn state(&self, id: RequestId, now: Timestamp) -> Result<RequestState, OpenRequestsError> {
        Ok(self.known(id)?.state(now))
    }

    /// The requests that are open at `now`, ascending by id.
    ///
    /// Effects of time alone, such as a pause that ends, are in no change: to find owners who may
    /// be asked since, go through all of these from time to time.
    pub fn open_at(&self, now: Timestamp) -> impl Iterator<Item = &OpenedRequest> {
        let open = self.open.keys().filter_map(|&id| self.get(id));
        open.filter(move |opened| opened.state(now) == RequestState::Open)
    }

    /// Opens an authorised request, in its agency's case file.
    ///
    /// The events are the expiries that are due, and then the opening. O(requests of the agency),
    /// and O(log n) for n open requests.
    ///
    /// # Errors
    ///
    /// As [`CaseFile::open`]; if the id is any other request's; or if something has happened after
    /// `now`. Then nothing changes.
    pub fn open(
        &mut self,
        id: RequestId,
        authorized: &AuthorizedRequest,
        now: Timestamp,
    ) -> Result<Vec<LifecycleEvent>, OpenRequestsError> {
        let events = self.plan_open(id, authorized, now)?;
        self.carry_out_all(&events)?;
        Ok(events)
    }

    /// Keeps an open request open until a later instant.
    ///
    /// # Errors
    ///
    /// As [`CaseFile::extend`], or if something has happened after `now`. Then nothing changes.
    pub fn extend(
        &mut self,
        id: RequestId,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<LifecycleEvent>, OpenRequestsError> {
        self.take(id, now, LifecycleStep::Extended { until })
    }

    /// Notes that owners shared footage with the agency for an open request: the agency knows them from then
    /// on, and [`Policy::min_new_households`](crate::Policy::min_new_households) counts them no more for a
    /// while. Note it in the transaction that keeps their answer. Who is noted already gives no event; an
    /// answer that is taken back changes nothing, since footage was sent.
    ///
    /// # Errors
    ///
    /// If there is no such request, if it is not open, if an owner was not asked for it, or if something
    /// has happened after `now`. Then nothing changes.
    pub fn record_shared(
        &mut self,
        id: RequestId,
        owners: impl IntoIterator<Item = OwnerId>,
        now: Timestamp,
    ) -> Result<Vec<LifecycleEvent>, OpenRequestsError> {
        self.check_time_order(now)?;
        self.known_open(id, now)?;
        let known = self.open.get(&id);
        let is_new = |owner: &OwnerId| known.is_none_or(|known| !known.shared.contains(owner));
        let owners: BTreeSet<OwnerId> = owners.into_iter().filter(is_new).collect();
        if owners.is_empty() {
            return Ok(self.expire(now));
        }
        self.take(id, now, LifecycleStep::Shared { owners: owners.into_iter().collect() })
    }

    /// Ends an open request because the agency needs no more footage. Forgets whom it asked.
    ///
    /// # Errors
    ///
    /// As [`CaseFile::resolve`], or if something has happened after `now`. Then nothing changes.
    pub fn resolve(
        &mut self,
        id: RequestId,
        now: Timestamp,
    ) -> Result<Vec<LifecycleEvent>, OpenRequestsError> {
        self.take(id, now, LifecycleStep::Resolved)
    }

    /// Ends an open request because the agency takes it back. Whom it asked is forgotten.
    ///
    /// # Errors
    ///
    /// As [`CaseFile::withdraw`], or if something has happened after `now`. Then nothing changes.
    pub fn withdraw(
        &mut self,
        id: RequestId,
        now: Timestamp,
    ) -> Result<Vec<LifecycleEvent>, OpenRequestsError> {
        self.take(id, now, LifecycleStep::Withdrawn)
    }

    /// The requests that have expired by `now`, each reported once, in the order of time and then
    /// of ids.
    ///
    /// You need not call this in time: a request that has expired gives nobody to ask, reported or
    /// not. An expiry for which no event number is left is not reported.
    #[must_use = "each expiry is reported once"]
    pub fn expire(&mut self, now: Timestamp) -> Vec<LifecycleEvent> {
        let due = self.expired_by(now).into_iter();
        let left = usize::try_from(u64::MAX - self.next).unwrap_or(usize::MAX);
        let due = due.take(left);
        due.map(|(at, id)| {
            let sequence = self.next;
            self.forget(id);
            self.count(at);
            LifecycleEvent { sequence, at, id, step: LifecycleStep::Expired }
        })
        .collect()
    }
}
