//! `Snapshot::route`: the pipeline of prune, refine, evaluate and collect.

use std::ops::ControlFlow;

use fearless_simd::{Level, dispatch};
use jiff::Timestamp;

use super::evaluate::ConsentQuery;
use super::prune::{ReachedBlock, WalkBuffers};
use super::route::Route;
use super::scratch::Scratch;
use super::{prune, refine, view_walk};
use crate::model::OwnerId;
use crate::registry::{Block, Branch, Snapshot};
use crate::request::{AuthorizedRequest, CameraScope, Request};
use crate::util::{RowMask, trace};

impl Snapshot {
    /// The owners to ask, each with the cameras that match: in the area, on its boundary included,
    /// with footage of the window, and with the owner's consent to be asked this at `now`.
    ///
    /// A fraction of a second in `now` is dropped: consents, pauses and limits are decided as of the
    /// second that `now` lies in.
    ///
    /// Cannot fail: a review refuses before. The cost grows with the blocks on
    /// the area's boundary and with the result, not with the registry.
    ///
    /// With fewer households in the area than the policy's anonymity set the route is empty, whatever
    /// the agency asked before.
    ///
    /// A request for cameras that [see into](crate::CameraScope::SeeingInto) the area goes another way, which
    /// looks at the blocks within 200 m of the boundary and at the views of their cameras.
    #[must_use]
    pub fn route(&self, authorized: &AuthorizedRequest, now: Timestamp) -> Route {
        let mut route = Route::empty(authorized, now);
        self.route_into(authorized, now, &mut Scratch::new(), &mut route);
        route
    }

    /// The same into a route that is written over, with a scratch that is reused: with both warm
    /// nothing is allocated, unless the request asks for cameras that see into the area.
    pub fn route_into(
        &self,
        authorized: &AuthorizedRequest,
        now: Timestamp,
        scratch: &mut Scratch,
        route: &mut Route,
    ) {
        trace::span!("route", revision = self.revision().0);
        authorized.prefetch();
        let start = view_walk::start(self.root(), authorized.about(), scratch.level);
        route.reset(authorized, self.revision(), now);
        if let Some(start) = start {
            self.fill(route, authorized, start, scratch);
        }
        trace::event!(owners = route.owners(), cameras = route.cameras().len(), "routed");
    }

    /// Adds to an empty route all who may be asked, given where the walk starts.
    pub(super) fn fill(
        &self,
        route: &mut Route,
        authorized: &AuthorizedRequest,
        start: Branch<'_>,
        scratch: &mut Scratch,
    ) {
        let Scratch { level, walked, collected, census, waits } = scratch;
        let now = route.now();
        let request = authorized.request();
        let inquiry = ConsentQuery::new(authorized, self.terms(), now);
        collected.clear();
        waits.clear();
        let quiet = authorized.quiet_hours();
        let mut take = |block: &Block, asked: RowMask| {
            collected.take(block, asked);
            if let Some(hours) = quiet {
                waits.take((block, asked), self.terms(), hours, now);
            }
        };
        let flow = if request.camera_scope == CameraScope::SeeingInto {
            view_walk::blocks(start, request.area.boundary(), *level, |near| {
                let (block, zone) = (near.block, near.zone);
                let rows = dispatch!(*level, simd => inquiry.candidates(simd, block, zone));
                let rows = near.rows(rows);
                let asked = dispatch!(*level, simd => inquiry.evaluate(simd, block, zone, rows));
                take(block, asked);
                ControlFlow::Continue(())
            })
        } else {
            prune::blocks(start, &request.area, *level, walked, |window, edges| {
                dispatch!(*level, simd => {
                    for found in &mut *window {
                        found.rows = inquiry.candidates(simd, found.block, found.zone);
                    }
                    refine::window(simd, &request.area, window, edges);
                    for ReachedBlock { block, zone, rows, .. } in &mut *window {
                        *rows = inquiry.evaluate(simd, block, *zone, *rows);
                    }
                    for found in window {
                        take(found.block, found.rows);
                    }
                });
                ControlFlow::Continue(())
            })
        };
        debug_assert!(flow.is_continue(), "nothing ends this walk");
        if collected.is_empty() {
            // Nobody may be asked, so the number of households does not matter.
            return;
        }
        let needed = authorized.min_households() as usize;
        if collected.has_households(needed, *level)
            || self.has_households(needed, request, *level, walked, census)
        {
            collected.group_into(route, *level);
            waits.write_into(route);
        }
    }

    /// Whether at least `needed` households have a camera that the request is about, whatever they
    /// answered. Stops when it has seen enough.
    fn has_households(
        &self,
        needed: usize,
        request: &Request,
        level: Level,
        walked: &mut WalkBuffers<'static>,
        seen: &mut Vec<OwnerId>,
    ) -> bool {
        let are_enough = |seen: &mut Vec<OwnerId>| {
            seen.sort_unstable();
            seen.dedup();
            seen.len() >= needed
        };
        // Repeats go each time that half as many have come: so it takes O(n log n) for n rows, and few
        // rows are looked at that need not be.
        let mut full = needed;
        seen.clear();
        let of = (&request.area, request.camera_scope);
        let flow = view_walk::rows(self.root(), of, level, walked, |block, inside| {
            for (owner, _) in inside.rows().map(|row| block.ids(row)) {
                seen.push(owner);
                if seen.len() >= full {
                    if are_enough(seen) {
                        return ControlFlow::Break(());
                    }
                    full = needed.max(seen.len() + seen.len() / 2);
                }
            }
            ControlFlow::Continue(())
        });
        flow.is_break() || are_enough(seen)
    }
}
