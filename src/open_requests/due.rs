//! Which open requests changes matter to, whom they may ask, and whom they have asked.

use jiff::Timestamp;

use super::error::OpenRequestsError;
use super::event::{LifecycleEvent, LifecycleStep};
use super::open_requests::OpenRequests;
use crate::geometry::Position;
use crate::model::{OwnerId, RequestId};
use crate::registry::Snapshot;
use crate::request::{AuthorizedRequest, OpenedRequest, RequestState};
use crate::routing::Route;

impl OpenRequests {
    /// The requests that are open at `now` and whose routes may be others once something has changed
    /// at some positions: ascending, each once. [`Registry::touched`](crate::Registry::touched) gives
    /// where a batch of changes is.
    ///
    /// A request is touched in its area, boundary included; where it asks for cameras that see into
    /// its area, within the farthest reach of it. A route that is not touched stays as it is, but for
    /// what time brings about.
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

    /// Whom an open request may ask at `now` and has not asked yet; nobody if it is not open.
    ///
    /// It is the request's [route](Snapshot::route) without those who were asked for it. Whether
    /// there are households enough is decided of the whole area, whoever was asked. Costs a route,
    /// and O(log a) for each owner if a were asked.
    ///
    /// # Errors
    ///
    /// If there is no such request, or the authorised one is another.
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
        Ok(self.not_asked(id, snapshot.route(&standing, now)))
    }

    /// The first half of [`due`](Self::due), for a service whose snapshots are elsewhere: the request
    /// to route, or `None` if it is not open at `now`, and so asks nobody.
    ///
    /// # Errors
    ///
    /// As [`due`](Self::due).
    pub fn standing(
        &self,
        id: RequestId,
        authorized: &AuthorizedRequest,
        now: Timestamp,
    ) -> Result<Option<AuthorizedRequest>, OpenRequestsError> {
        let opened = self.known(id)?;
        is_of(opened, authorized)?;
        let is_open = self.open.contains_key(&id) && opened.state(now) == RequestState::Open;
        Ok(is_open.then(|| authorized.clone()))
    }

    /// The second half: a route without those who were asked for the request. It leaves nobody where
    /// the route is another request's, or its request is not open at the route's instant.
    #[must_use]
    pub fn not_asked(&self, id: RequestId, mut route: Route) -> Route {
        let standing = self.standing(id, route.authorized(), route.now());
        match self.open.get(&id).filter(|_| matches!(standing, Ok(Some(_)))) {
            Some(standing) => route.leave_out(|owner| standing.asked.contains(&owner)),
            None => route.leave_out(|_| true),
        }
        route
    }

    /// Notes, right before sending, that the owners of a route are asked for an open request, and
    /// returns whom to send to: those of them who were not asked for it before. An owner who is not in
    /// there must not be sent, so that of two who send at once each asks only whom the other does
    /// not.
    ///
    /// Have the notice [reviewed](crate::notice::NoticeDraft::review) before, and what
    /// [`with_notice`](Route::with_notice) and [`AuditEntry::routed`](crate::audit::AuditEntry::routed) take
    /// of each owner, a zone and a salt: a draft or an owner that is refused afterwards would leave
    /// owners counted as asked who were not. Keep the event first, then send:
    /// after a crash between the two somebody may not have been asked, but nobody twice.
    ///
    /// This is about one request. So that it counts towards how often an owner may be asked at all,
    /// apply a [`Change::RecordAsked`](crate::Change::RecordAsked) for each of them to the registry
    /// when the notice is sent, after the last [recheck](Route::recheck).
    ///
    /// # Errors
    ///
    /// If there is no such request, if it is not open, if the route is another request's, or if
    /// something has happened after `now`. Then nothing changes.
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

    /// Forgets that an owner was asked, for all open requests: for whoever is erased. Take them out of the
    /// events that were kept as well, with [`LifecycleEvent::forget`]: a replay of those leads here.
    pub fn forget_owner(&mut self, owner: OwnerId) {
        for standing in self.open.values_mut() {
            standing.asked.remove(&owner);
        }
    }

    /// Whom an open request has asked, ascending. **The operator's.** Nobody, once it has ended.
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
