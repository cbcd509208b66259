//! The open requests that changes affect, the owners whom they may ask, and those whom they have
//! asked.

use jiff::Timestamp;

use super::error::OpenRequestsError;
use super::event::{LifecycleEvent, LifecycleStep};
use super::open_requests::OpenRequests;
use crate::geometry::Position;
use crate::model::{OwnerId, RequestId};
use crate::registry::Snapshot;
use crate::request::{AuthorizedRequest, OpenedRequest, RequestState, StandingRequest};
use crate::routing::Route;

impl OpenRequests {
    /// The open requests at `now` whose routes may change because something changed at some
    /// positions: ascending, each once. Pass it the positions that
    /// [`Registry::touched`](crate::Registry::touched) returns for a batch of changes.
    ///
    /// A request is touched in its area, boundary included; where it asks for cameras that see into
    /// its area, in the area's envelope widened by 2e-3 degree of latitude (222 m) and as many metres
    /// of longitude on each side: a little more than the [farthest reach](crate::Facing::MAX_REACH_M)
    /// of a camera. A route that is not touched changes only with time.
    ///
    /// O(log n + k) for each position and k parts of areas near it, of n in all: a quarter of a
    /// microsecond for each request that is found. Twice that while an [expiry](Self::expire) is due.
    #[must_use]
    pub fn touched_by(
        &self,
        positions: impl IntoIterator<Item = Position>,
        now: Timestamp,
    ) -> Vec<RequestId> {
        let mut found = Vec::new();
        for position in positions {
            self.index.at(position, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        if !self.are_all_open(now) {
            found.retain(|&id| self.state(id, now) == Ok(RequestState::Open));
        }
        found
    }

    /// Whether all that is in the index is open at `now`: it is there from its opening until its end
    /// is emitted, so this holds where `now` is not in the past and no expiry is due.
    fn are_all_open(&self, now: Timestamp) -> bool {
        self.last.is_none_or(|last| last <= now)
            && self.expiries.first().is_none_or(|&(until, _)| now < until)
    }

    /// Decides whether the area of an open request has households enough for the
    /// [anonymity set](crate::Policy::min_households): call it before the first [`due`](Self::due), and keep
    /// the event. It is decided once. A request that has too few asks nobody, whoever registers later: or
    /// it would ring in the moment in which one certain house does. One that has enough asks later joiners
    /// as they come, as long as its area keeps enough.
    ///
    /// No event comes if it was decided before. Costs a walk over the cameras of the area, so call it apart
    /// from answering the agency.
    ///
    /// # Errors
    ///
    /// If there is no such request, if it is not open, if the authorised one is another, or if something
    /// has happened after `now`. Then nothing changes.
    pub fn decide(
        &mut self,
        id: RequestId,
        authorized: &AuthorizedRequest,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<Vec<LifecycleEvent>, OpenRequestsError> {
        self.decide_with(id, authorized, || snapshot.may_be_asked_in(authorized), now)
    }

    /// The same for a service whose snapshots are elsewhere: `enough` is called only if it was not decided
    /// before, and gives whether the merged parts
    /// [have enough households](crate::parts::PartialRoute::has_enough_households).
    ///
    /// # Errors
    ///
    /// As [`decide`](Self::decide).
    pub fn decide_with(
        &mut self,
        id: RequestId,
        authorized: &AuthorizedRequest,
        enough: impl FnOnce() -> bool,
        now: Timestamp,
    ) -> Result<Vec<LifecycleEvent>, OpenRequestsError> {
        self.check_time_order(now)?;
        is_of(self.known_open(id, now)?, authorized)?;
        if self.is_decided(id) {
            return Ok(self.expire(now));
        }
        self.take(id, now, LifecycleStep::Decided { enough: enough() })
    }

    /// Whether it was [decided](Self::decide) if an open request has households enough.
    #[must_use]
    pub fn is_decided(&self, id: RequestId) -> bool {
        self.open.get(&id).is_some_and(|standing| standing.enough.is_some())
    }

    /// Whom an open request may ask at `now` and has not asked yet; nobody if it is not open, or if it was
    /// [decided](Self::decide) that its area has too few households.
    ///
    /// This is the request's [route](Snapshot::route) without the owners who were asked for it. The
    /// anonymity set counts all households in the area, also those who were asked. Costs a route,
    /// and O(log a) for each owner if a were asked.
    ///
    /// Pass the newest snapshot. An older one than you used before asks nobody twice and decides nothing
    /// again, since both are recorded here and not in the registry; it may name an owner who withdrew
    /// meanwhile. That is true of any route once time passes, so [recheck](Route::recheck) before you send:
    /// it drops them, and refuses a snapshot older than the route.
    ///
    /// # Errors
    ///
    /// If there is no such request, the authorised one is another, or nobody has decided yet.
    pub fn due(
        &self,
        id: RequestId,
        authorized: &AuthorizedRequest,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<Route, OpenRequestsError> {
        let Some(standing) = self.standing(id, authorized, now)? else {
            return Ok(Route::empty(authorized, now).of_revision(snapshot.revision()));
        };
        Ok(self.not_asked(id, snapshot.route(standing, now)))
    }

    /// The first half of [`due`](Self::due): the request as routing takes it, or `None` if it asks nobody: if
    /// it is not open at `now`, or has too few households. Use it to route into a scratch of your own, to
    /// [recheck](Route::recheck) a route, or where your snapshots are elsewhere.
    ///
    /// The token borrows this value: while you hold it, the request cannot end.
    ///
    /// # Errors
    ///
    /// As [`due`](Self::due).
    pub fn standing<'a>(
        &'a self,
        id: RequestId,
        authorized: &'a AuthorizedRequest,
        now: Timestamp,
    ) -> Result<Option<StandingRequest<'a>>, OpenRequestsError> {
        let opened = self.known(id)?;
        is_of(opened, authorized)?;
        let standing = self.open.get(&id).filter(|_| opened.state(now) == RequestState::Open);
        match standing.map(|standing| standing.enough) {
            Some(None) => Err(OpenRequestsError::NotDecided { id }),
            Some(Some(true)) => Ok(Some(StandingRequest::new(authorized, opened))),
            Some(Some(false)) | None => Ok(None),
        }
    }

    /// The second half: a route without those who were asked for the request. It leaves nobody where
    /// the route is another request's, or its request is not open at the route's instant.
    #[must_use]
    pub fn not_asked(&self, id: RequestId, mut route: Route) -> Route {
        let stands = matches!(self.standing(id, route.authorized(), route.now()), Ok(Some(_)));
        match self.open.get(&id).filter(|_| stands) {
            Some(standing) => route.leave_out(|owner| standing.asked.contains(&owner)),
            None => route.leave_out(|_| true),
        }
        route
    }

    /// Records that the owners of a route are about to be asked for an open request. Call it right
    /// before you send. Send only to the owners it returns, who were not asked for this request
    /// before: if two threads send at once, each then asks owners whom the other does not.
    ///
    /// Before you call it, have the notice [reviewed](crate::notice::NoticeDraft::review), and have
    /// ready each owner's zone for [`with_notice`](Route::with_notice) and salt for
    /// [`AuditEntry::routed`](crate::audit::AuditEntry::routed): a draft or an owner that is
    /// refused afterwards would leave owners recorded as asked who were not. Store the event first,
    /// then send: after a crash between the two somebody may not have been asked, but nobody is
    /// asked twice.
    ///
    /// This records one request only. To count it towards the owners' limits, apply a
    /// [`Change::RecordAsked`](crate::Change::RecordAsked) for each of them to the registry when
    /// you send the notice, after the last [recheck](Route::recheck).
    ///
    /// # Errors
    ///
    /// If there is no such request, if it is not open, if the route is another request's, if it was not
    /// decided that there are households enough and the route has somebody, or if something has happened
    /// after `now`. Then nothing changes.
    pub fn record_asked(
        &mut self,
        id: RequestId,
        route: &Route,
        now: Timestamp,
    ) -> Result<(Route, Vec<LifecycleEvent>), OpenRequestsError> {
        self.check_time_order(now)?;
        is_of(self.known_open(id, now)?, route.authorized())?;
        let mut new = route.clone();
        if let Some(standing) = self.open.get(&id) {
            new.leave_out(|owner| standing.asked.contains(&owner));
        }
        let owners: Vec<OwnerId> = new.recipients().map(|recipient| recipient.owner).collect();
        let events = if owners.is_empty() {
            self.expire(now)
        } else {
            self.take(id, now, LifecycleStep::Asked { owners })?
        };
        Ok((new, events))
    }

    /// Forgets that an owner was asked and shared, for all requests: for whoever is erased. Take them out of the
    /// events that were kept as well, with [`LifecycleEvent::forget`]: a replay of those leads here.
    pub fn forget_owner(&mut self, owner: OwnerId) {
        for standing in self.open.values_mut() {
            standing.asked.remove(&owner);
            standing.shared.remove(&owner);
        }
        for file in self.files.values_mut() {
            file.forget_owner(owner);
        }
    }

    /// When an owner was asked, for which request and so by which agency, in the order of `events`: for
    /// the owner's page. **The operator's and the owner's.**
    ///
    /// Give all events that were kept, whose steps led here; a request that is not known here is passed
    /// over. O(events), and O(log n) for each that names the owner.
    ///
    /// ```
    /// use canvass::{LifecycleEvent, OpenRequests, OwnerId};
    ///
    /// fn page(open: &OpenRequests, events: &[LifecycleEvent], owner: OwnerId) -> Vec<String> {
    ///     let asked = open.asked_of(owner, events);
    ///     let line = |(at, opened): (_, &canvass::OpenedRequest)| {
    ///         let request = opened.request();
    ///         format!("{at}: agency {} about a {}", request.agency, request.incident)
    ///     };
    ///     asked.map(line).collect()
    /// }
    /// # assert!(page(&OpenRequests::new(0), &[], OwnerId(1)).is_empty());
    /// ```
    pub fn asked_of<'a>(
        &'a self,
        owner: OwnerId,
        events: impl IntoIterator<Item = &'a LifecycleEvent>,
    ) -> impl Iterator<Item = (Timestamp, &'a OpenedRequest)> {
        let asked = events.into_iter().filter(move |event| event.asks(owner));
        asked.filter_map(|event| Some((event.at, self.get(event.id)?)))
    }

    /// The owners whom an open request has asked, ascending. **The operator's.** Empty once it has
    /// ended.
    pub fn asked(&self, id: RequestId) -> impl Iterator<Item = OwnerId> {
        self.open.get(&id).into_iter().flat_map(|standing| standing.asked.iter().copied())
    }
}

fn is_of(opened: &OpenedRequest, authorized: &AuthorizedRequest) -> Result<(), OpenRequestsError> {
    if opened.request() == authorized.request() {
        Ok(())
    } else {
        Err(OpenRequestsError::OtherRequest { id: opened.id() })
    }
}
