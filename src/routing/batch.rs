//! Many requests at once.

use jiff::Timestamp;

use super::{Route, Scratch};
use crate::authorized::AuthorizedRequest;
use crate::geometry::Envelope;
use crate::parallel;
use crate::registry::Snapshot;

/// Requests that one thread takes in a row: neighbours, so that blocks stay in the cache.
const RUN: usize = 64;

impl Snapshot {
    /// Routes many requests: the same as [`route`](Snapshot::route) on each, in the same order.
    ///
    /// Requests are taken in the order of a curve through their areas, so that neighbours find
    /// each other's blocks in the cache; on all cores with the feature `parallel`.
    #[must_use]
    pub fn route_batch(&self, requests: &[AuthorizedRequest], now: Timestamp) -> Vec<Route> {
        let mut order: Vec<(u64, usize)> = requests
            .iter()
            .map(|authorized| place(authorized.request().area.envelope()))
            .zip(0..)
            .collect();
        order.sort_unstable();
        let runs = parallel::map(order.len().div_ceil(RUN), Scratch::new, |scratch, run| {
            let run = order.iter().skip(run * RUN).take(RUN);
            run.filter_map(|&(_, index)| {
                let authorized = requests.get(index)?;
                let mut route = Route::empty(authorized, now);
                self.route_into(authorized, now, scratch, &mut route);
                Some((index, route))
            })
            .collect::<Vec<_>>()
        });
        let mut routes: Vec<Option<Route>> = vec![None; requests.len()];
        for (index, route) in runs.into_iter().flatten() {
            if let Some(slot) = routes.get_mut(index) {
                *slot = Some(route);
            }
        }
        routes.into_iter().flatten().collect()
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
