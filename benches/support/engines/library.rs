//! The library as an engine, and in other ways beside which its own time is read.

use canvass::{CameraId, OwnerId, Registry, Route, Scratch, Snapshot};

use super::Engine;
use crate::support::cases::Query;

/// The library.
pub struct Canvass {
    /// Kept, since its look-ups count towards the library's memory.
    registry: Registry,
    snapshot: Snapshot,
    scratch: Scratch,
    route: Option<Route>,
}

impl Canvass {
    /// Routes in the registry's present state.
    pub fn new(registry: Registry) -> Self {
        Self { snapshot: registry.snapshot(), registry, scratch: Scratch::new(), route: None }
    }

    /// The same engine with another scratch.
    #[must_use]
    pub fn with_scratch(self, scratch: Scratch) -> Self {
        Self { scratch, ..self }
    }
}

impl Engine for Canvass {
    fn name(&self) -> &'static str {
        "canvass"
    }

    fn route(&mut self, query: &Query) {
        let now = query.question.now;
        let route = self.route.get_or_insert_with(|| Route::empty(&query.authorized, now));
        self.snapshot.route_into(query.authorized.assume_open(), now, &mut self.scratch, route);
    }

    fn owners(&self) -> usize {
        self.route.as_ref().map_or(0, Route::owners)
    }

    fn rows(&self) -> Vec<(OwnerId, CameraId)> {
        rows(self.route.as_ref())
    }

    fn snapshot(&self) -> Option<&Snapshot> {
        Some(&self.snapshot)
    }
}

/// The library on the same requests in another way, beside which its own time is read.
pub struct Beside {
    way: Way,
    snapshot: Snapshot,
    scratch: Scratch,
    route: Option<Route>,
}

/// In which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Under a policy without limits: other owners are asked, where there are few households.
    Unlimited,
    /// With the review before each route, as it is done once for each request.
    Reviewed,
}

impl Beside {
    /// Routes in the same registry.
    pub fn new(way: Way, snapshot: Snapshot) -> Self {
        Self { way, snapshot, scratch: Scratch::new(), route: None }
    }
}

impl Engine for Beside {
    fn name(&self) -> &'static str {
        match self.way {
            Way::Unlimited => "unlimited",
            Way::Reviewed => "with review",
        }
    }

    fn route(&mut self, query: &Query) {
        let now = query.question.now;
        let route = self.route.get_or_insert_with(|| Route::empty(&query.authorized, now));
        let reviewed = match (self.way, &query.review) {
            (Way::Reviewed, Some(review)) => Some(review.authorized()),
            _ => None,
        };
        let authorized = match self.way {
            Way::Unlimited => &query.unlimited,
            Way::Reviewed => reviewed.as_ref().unwrap_or(&query.authorized),
        };
        self.snapshot.route_into(authorized.assume_open(), now, &mut self.scratch, route);
    }

    fn owners(&self) -> usize {
        self.route.as_ref().map_or(0, Route::owners)
    }

    fn rows(&self) -> Vec<(OwnerId, CameraId)> {
        rows(self.route.as_ref())
    }

    fn is_compared(&self) -> bool {
        self.way == Way::Reviewed
    }
}

fn rows(route: Option<&Route>) -> Vec<(OwnerId, CameraId)> {
    let recipients = route.into_iter().flat_map(Route::recipients);
    recipients.flat_map(|to| to.cameras.iter().map(move |&camera| (to.owner, camera))).collect()
}
