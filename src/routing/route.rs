//! The result of routing, for the operator.

use std::fmt;

use jiff::Timestamp;

use crate::model::{CameraId, OwnerId};
use crate::registry::{Revision, Snapshot};
use crate::request::{AuthorizedRequest, StandingRequest};

/// The owners to ask: **the operator's**, never the agency's. Show the agency [`Route::receipt`].
///
/// Each owner occurs once; owners ascend, and so do the cameras of one. A route is as of one
/// [`Revision`] and one instant: [`recheck`](Route::recheck) it right before sending.
///
/// Only a [`Snapshot`] puts cameras into a route, and only those whose owners' consents permit it:
///
/// ```
/// # use canvass::{Route, Snapshot, StandingRequest};
/// # fn ask(snapshot: Snapshot, standing: StandingRequest<'_>, now: jiff::Timestamp) -> usize {
/// let route = snapshot.route(standing, now);
/// route.cameras().len()
/// # }
/// ```
///
/// A request that no policy authorised cannot be routed:
///
/// ```compile_fail,E0308
/// # use canvass::{Request, Route, Snapshot};
/// # fn ask(snapshot: Snapshot, request: Request, now: jiff::Timestamp) -> usize {
/// let route = snapshot.route(request, now);
/// route.cameras().len()
/// # }
/// ```
///
/// Nobody else adds to it:
///
/// ```compile_fail,E0616
/// # use canvass::{CameraId, Route, Snapshot, StandingRequest};
/// # fn ask(snapshot: Snapshot, standing: StandingRequest<'_>, now: jiff::Timestamp) -> usize {
/// let mut route = snapshot.route(standing, now);
/// route.cameras.push(CameraId(7));
/// # route.cameras().len()
/// # }
/// ```
#[derive(Clone, PartialEq)]
pub struct Route {
    authorized: AuthorizedRequest,
    revision: Revision,
    now: Timestamp,
    // INVARIANT: owners ascend strictly. The cameras of one end at the number, and start
    // where those of the one before end; they ascend, and there is at least one.
    owners: Vec<(OwnerId, usize)>,
    cameras: Vec<CameraId>,
    // INVARIANT: owners of the route, ascending strictly; few have to wait by day.
    waiting: Vec<(OwnerId, Timestamp)>,
}

/// One owner to ask, with the cameras that match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipient<'a> {
    /// The owner to ask.
    pub owner: OwnerId,
    /// The owner's cameras that match: at least one, ascending.
    pub cameras: &'a [CameraId],
    /// The first instant at which you may disturb the owner, if it is a quiet hour where they live;
    /// `None` if at once. A function of the route's [`now`](Route::now) alone.
    ///
    /// Send nothing until then. [Recheck](Route::recheck) when the time has come: somebody may have
    /// withdrawn in the night.
    pub not_before: Option<Timestamp>,
}

impl Route {
    /// A route to nobody, to be written over by [`Snapshot::route_into`].
    #[must_use]
    pub fn empty(authorized: &AuthorizedRequest, now: Timestamp) -> Self {
        Self {
            authorized: authorized.clone(),
            revision: Revision(0),
            now,
            owners: Vec::new(),
            cameras: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// The same as of a revision.
    pub(crate) fn of_revision(self, revision: Revision) -> Self {
        Self { revision, ..self }
    }

    /// The request that was routed.
    #[must_use]
    pub fn authorized(&self) -> &AuthorizedRequest {
        &self.authorized
    }

    /// The revision of the registry that was routed on.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The instant of routing.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether nobody is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }

    /// How many owners are asked.
    #[must_use]
    pub fn owners(&self) -> usize {
        self.owners.len()
    }

    /// The matching cameras of all owners, in the order of their owners.
    #[must_use]
    pub fn cameras(&self) -> &[CameraId] {
        &self.cameras
    }

    /// The owners to ask, ascending.
    #[must_use]
    pub fn recipients(&self) -> Recipients<'_> {
        Recipients { route: self, next: 0, start: 0, wait: 0 }
    }

    /// The same route without those who may no longer be asked, as of a newer snapshot and `now`:
    /// owners who withdrew, paused, expired or reached their limit since, and cameras that were
    /// removed or moved away; and without all of them once the request is not open any more. Nobody is
    /// added. Waiting times are as of `now` as well. Costs as much as routing again. Use the newest
    /// snapshot.
    ///
    /// Call it before you apply a [`Change::RecordAsked`](crate::Change::RecordAsked) for the
    /// owners: afterwards this very request may use up their limit.
    ///
    /// ```
    /// # use canvass::*;
    /// # let agency = Agency::new(AgencyId(3), "Police", AgencyKind::Local);
    /// # let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
    /// # let now = "2026-05-02T09:00:00Z".parse()?;
    /// # let area = Area::from_bounds(-73.98, 40.76, -73.97, 40.78)?;
    /// # let request = Request::new(agency.id, IncidentKind::Burglary, area, window);
    /// # let authorized = Policy::without_limits_or_anonymity().review(&request, &agency, &CaseFile::new(agency.id), now)?;
    /// # let (position, recording) = (Position::new(-73.975, 40.77)?, Recording::kept_for_days(30));
    /// # let camera = |id| Camera::new(CameraId(id), OwnerId(id), position, recording);
    /// # let once = Consent::granted().with_limit(AskLimit::new(1, 1)?);
    /// # let consents = [(OwnerId(1), once.clone()), (OwnerId(2), once)];
    /// # let registry = Registry::bulk_load(&[camera(1), camera(2)], consents)?;
    /// # let (mut open, id) = (OpenRequests::new(0), RequestId(1));
    /// # open.open(id, &authorized, now)?;
    /// # open.decide(id, &authorized, &registry.snapshot(), now)?;
    /// let route = open.due(id, &authorized, &registry.snapshot(), now)?;
    /// assert_eq!(route.owners(), 2);
    /// let newer = registry.apply([Change::Withdraw { owner: OwnerId(1) }])?;
    /// let standing = open.standing(id, &authorized, now)?.ok_or("it has ended")?;
    /// let route = route.recheck(standing, &newer, now)?;
    /// assert_eq!(route.cameras(), [CameraId(2)]);
    /// # let asked = Change::RecordAsked { owner: OwnerId(2), agency: Some(agency.id), at: now };
    /// # assert!(route.recheck(standing, &registry.apply([asked])?, now)?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the snapshot is older than the route, since it does not know of those who withdrew since; or if
    /// the route is another request's.
    pub fn recheck(
        &self,
        standing: StandingRequest<'_>,
        newer: &Snapshot,
        now: Timestamp,
    ) -> Result<Self, RecheckError> {
        if newer.revision() < self.revision {
            let (route, snapshot) = (self.revision, newer.revision());
            return Err(RecheckError::StaleSnapshot { route, snapshot });
        }
        if !standing.authorized().is_same(&self.authorized) {
            return Err(RecheckError::OtherRequest);
        }
        let mut kept = Self::empty(&self.authorized, now);
        let again = newer.route(standing, now);
        kept.revision = again.revision;
        let mut now_asked = again.recipients().peekable();
        for was in self.recipients() {
            while now_asked.next_if(|recipient| recipient.owner < was.owner).is_some() {}
            let Some(is) = now_asked.peek().filter(|recipient| recipient.owner == was.owner) else {
                continue;
            };
            let both =
                was.cameras.iter().filter(|&camera| is.cameras.binary_search(camera).is_ok());
            kept.extend(both.map(|&camera| (was.owner, camera)));
            if let (Some(instant), Some(&(last, _))) = (is.not_before, kept.owners.last())
                && last == is.owner
            {
                kept.waiting.push((is.owner, instant));
            }
        }
        Ok(kept)
    }

    /// Leaves out some owners, with their cameras and waits.
    pub(crate) fn leave_out(&mut self, left_out: impl Fn(OwnerId) -> bool) {
        if !self.owners.iter().any(|&(owner, _)| left_out(owner)) {
            return;
        }
        let kept = self.recipients().filter(|recipient| !left_out(recipient.owner));
        let rows: Vec<(OwnerId, CameraId)> =
            kept.flat_map(|kept| kept.cameras.iter().map(move |&id| (kept.owner, id))).collect();
        self.owners.clear();
        self.cameras.clear();
        self.extend(rows.into_iter());
        self.waiting.retain(|&(owner, _)| !left_out(owner));
    }

    /// Makes it a route to nobody, keeping its memory.
    pub(crate) fn reset(
        &mut self,
        authorized: &AuthorizedRequest,
        revision: Revision,
        now: Timestamp,
    ) {
        self.authorized.clone_from(authorized);
        self.revision = revision;
        self.now = now;
        self.owners.clear();
        self.cameras.clear();
        self.waiting.clear();
    }

    /// Notes who must wait: owners of the route, ascending.
    pub(crate) fn wait(&mut self, waiting: &[(OwnerId, Timestamp)]) {
        self.waiting.extend_from_slice(waiting);
    }

    /// Adds rows sorted by owner and camera, of owners who come after those of the route.
    pub(crate) fn extend(&mut self, rows: impl Iterator<Item = (OwnerId, CameraId)> + Clone) {
        let (known, first) = (self.cameras.len(), self.owners.len());
        self.cameras.extend(rows.clone().map(|(_, camera)| camera));
        let (added, end) = (self.cameras.len() - known, self.cameras.len());
        // Each row is written where its owner's entry is, so that nothing branches on whose the next is.
        self.owners.resize(first + added, (OwnerId(0), end));
        let mut place = first;
        let mut before = None;
        for (end, (owner, _)) in (known + 1..).zip(rows) {
            place += usize::from(before.is_some_and(|before| before != owner));
            before = Some(owner);
            if let Some(entry) = self.owners.get_mut(place) {
                *entry = (owner, end);
            }
        }
        self.owners.truncate(place + usize::from(before.is_some()));
    }
}

/// Why a route cannot be [rechecked](Route::recheck).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecheckError {
    /// The snapshot is older than the route.
    #[error(
        "the snapshot is of revision `{snapshot}` and the route of `{route}`: it does not know who withdrew in \
         between; recheck against a newer one"
    )]
    StaleSnapshot {
        /// The route's revision.
        route: Revision,
        /// The snapshot's.
        snapshot: Revision,
    },
    /// The route is another request's.
    #[error("the route is another request's: recheck it with the request that it was made of")]
    OtherRequest,
}

/// Neither owners, cameras nor places: a log that has one gives nobody away.
impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { authorized, revision, now, .. } = self;
        let mut shown = f.debug_struct("Route");
        shown.field("authorized", authorized).field("revision", revision).field("now", now);
        shown.finish_non_exhaustive()
    }
}

/// The recipients of a [`Route`], ascending by owner.
#[derive(Clone)]
pub struct Recipients<'a> {
    route: &'a Route,
    next: usize,
    start: usize,
    wait: usize,
}

impl<'a> Iterator for Recipients<'a> {
    type Item = Recipient<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let &(owner, end) = self.route.owners.get(self.next)?;
        let cameras = self.route.cameras.get(self.start..end).unwrap_or(&[]);
        self.next += 1;
        self.start = end;
        let waiting = self.route.waiting.get(self.wait).filter(|waiting| waiting.0 == owner);
        self.wait += usize::from(waiting.is_some());
        Some(Recipient { owner, cameras, not_before: waiting.map(|&(_, instant)| instant) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.route.owners.len() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Recipients<'_> {}

impl fmt::Debug for Recipients<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipients").finish_non_exhaustive()
    }
}

#[expect(clippy::into_iter_without_iter, reason = "`recipients` is the clearer name")]
impl<'a> IntoIterator for &'a Route {
    type Item = Recipient<'a>;
    type IntoIter = Recipients<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.recipients()
    }
}
