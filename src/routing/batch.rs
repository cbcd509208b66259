//! Many requests at once.

use std::slice::from_ref;

use jiff::Timestamp;
use prefetch_index::prefetch_index;

use super::route::Route;
use super::scratch::Scratch;
use super::view_walk;
use crate::geometry::Envelope;
use crate::registry::Snapshot;
use crate::request::StandingRequest;
use crate::util::{parallel, trace};

/// Requests that one thread takes in a row: neighbours, so that blocks stay in the cache.
const RUN: usize = 64;

impl Snapshot {
    /// Routes many requests: the same as [`route`](Snapshot::route) on each, in the same order. Use
    /// it when you have several requests at hand.
    ///
    /// Requests are taken in the order of a curve through their areas, so that neighbours find
    /// each other's blocks in the cache; on all cores with the feature `parallel`.
    #[must_use]
    pub fn route_batch(&self, requests: &[StandingRequest<'_>], now: Timestamp) -> Vec<Route> {
        trace::span!("route_batch", revision = self.revision().0, requests = requests.len());
        let empty = |standing: &StandingRequest<'_>| {
            Route::empty(standing.authorized(), now).of_revision(self.revision())
        };
        let mut routes: Vec<Route> = requests.iter().map(empty).collect();
        let tasks = requests.iter().zip(&mut routes);
        let mut tasks: Vec<Task<'_>> =
            tasks.map(|(&standing, route)| Task::new(standing, route)).collect();
        tasks.sort_unstable_by_key(|task| task.place);
        parallel::for_runs(&mut tasks, RUN, Scratch::new, |scratch, run| {
            for turn in 0..run.len() {
                prefetch(run.get(turn..).unwrap_or_default());
                if let Some(Task { standing, route, .. }) = run.get_mut(turn) {
                    let about = standing.authorized().about();
                    let start = view_walk::start(self.root(), about, scratch.level);
                    if let Some(start) = start {
                        self.fill(route, *standing, start, scratch);
                    }
                }
            }
        });
        routes
    }
}

/// A request, and the empty route that is to be filled.
struct Task<'a> {
    place: u64,
    standing: StandingRequest<'a>,
    route: &'a mut Route,
}

impl<'a> Task<'a> {
    fn new(standing: StandingRequest<'a>, route: &'a mut Route) -> Self {
        let (around, _) = standing.authorized().about();
        Self { place: place(around), standing, route }
    }
}

/// Prefetches the parts of coming requests that routing reads. Each step follows pointers that the
/// one before had fetched a turn ago; nothing waits for them here.
fn prefetch(soon: &[Task<'_>]) {
    if let Some(task) = soon.get(4) {
        prefetch_index(from_ref(task.standing.authorized()), 0);
        prefetch_index(from_ref(&*task.route), 0);
    }
    if let Some(task) = soon.get(3) {
        task.standing.authorized().prefetch();
    }
    if let Some(task) = soon.get(2) {
        task.standing.authorized().request().area.boundary().prefetch();
    }
    if let Some(task) = soon.get(1) {
        task.standing.authorized().request().area.boundary().prefetch_edges();
    }
}

/// The place of an envelope's middle on a Z curve over the world.
fn place(envelope: Envelope) -> u64 {
    let spread = |number: i32| {
        // From signed to unsigned, keeping the order; then a zero before each bit.
        let bits = u64::from(number.cast_unsigned() ^ (1 << 31));
        [(16, 0x0000_ffff_0000_ffff), (8, 0x00ff_00ff_00ff_00ff), (4, 0x0f0f_0f0f_0f0f_0f0f)]
            .into_iter()
            .chain([(2, 0x3333_3333_3333_3333), (1, 0x5555_5555_5555_5555_u64)])
            .fold(bits, |bits, (shift, mask)| (bits | bits << shift) & mask)
    };
    let lon = i32::midpoint(envelope.west, envelope.east);
    let lat = i32::midpoint(envelope.south, envelope.north);
    spread(lon) | spread(lat) << 1
}
