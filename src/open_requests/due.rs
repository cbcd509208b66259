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
    /// its area, within the farthest reach of it. A route that is not touched changes only
    /// with time.
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
        let opened = self.known(id)?;
        is_of(opened, authorized)?;
        let mut route = Route::empty(authorized, now);
        match self.open.get(&id) {
            Some(standing) if opened.state(now) == RequestState::Open => {
                route = snapshot.route(authorized, now);
                route.leave_out(|owner| standing.asked.contains(&owner));
            }
            _ => route.reset(authorized, snapshot.revision(), now),
        }
        Ok(route)
    }

    /// Notes, right before sending, that the owners of a route are asked for an open request, and
    /// returns whom to send to: those of them who were not asked for it before. An owner who is not in
    /// there must not be sent, so that of two who send at once each asks only whom the other does
    /// not.
    ///
    /// Before, have the notice [reviewed](crate::notice::NoticeDraft::review), and have ready what
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
