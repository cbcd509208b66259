//! `Snapshot::route`: the pipeline of prune, refine, evaluate and collect.

use std::ops::ControlFlow;

use fearless_simd::{Level, dispatch};
use jiff::Timestamp;

use super::evaluate::ConsentQuery;
use super::prune::{ReachedBlock, WalkBuffers};
use super::route::Route;
use super::scratch::Scratch;
use super::{prune, refine, view_walk};
use crate::model::{CameraId, OwnerId};
use crate::registry::{Block, Branch, Snapshot};
use crate::request::{AuthorizedRequest, CameraScope, StandingRequest};
use crate::util::{RowMask, trace};

/// The rows of one part of a registry for a request, before households are counted.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Who may be asked with which camera, ascending.
    pub(crate) rows: Vec<(OwnerId, CameraId)>,
    /// Who of them must wait, and until when: ascending by owner, each once.
    pub(crate) waiting: Vec<(OwnerId, Timestamp)>,
    /// Households with a camera that the request is about, ascending: all of them, or as many as the
    /// request needs.
    pub(crate) households: Vec<OwnerId>,
    /// The same of those that are new to the agency, if some are not.
    pub(crate) new_households: Vec<OwnerId>,
}

impl Snapshot {
    /// The owners to ask, each with the cameras that match: in the area or on its boundary, with
    /// footage of the window, and with the owner's consent to be asked this at `now`.
    ///
    /// A fraction of a second in `now` is dropped: consents, pauses and limits are decided as of the
    /// second that `now` lies in.
    ///
    /// You need no error handling: a review refuses before, and a [`StandingRequest`] is open as long as
    /// you hold it. At an instant at which it is not, nobody is asked. The cost grows with the blocks on the
    /// area's boundary and with the result, not with the registry.
    ///
    /// With fewer households in the area than the policy's anonymity set the route is empty, whatever
    /// the agency asked before; nor are those enough of whom too many shared footage with it lately.
    ///
    /// A request for cameras that [see into](crate::CameraScope::SeeingInto) the area takes another
    /// walk, which looks at the blocks within 200 m of the boundary and at the views of their
    /// cameras.
    #[must_use]
    pub fn route(&self, standing: StandingRequest<'_>, now: Timestamp) -> Route {
        let mut route = Route::empty(standing.authorized(), now);
        self.route_into(standing, now, &mut Scratch::new(), &mut route);
        route
    }

    /// Routes into an existing route and a reused scratch. Use it in a loop: with both warm nothing
    /// is allocated, unless the request asks for cameras that see into the area.
    pub fn route_into(
        &self,
        standing: StandingRequest<'_>,
        now: Timestamp,
        scratch: &mut Scratch,
        route: &mut Route,
    ) {
        trace::span!("route", revision = self.revision().0);
        let authorized = standing.authorized();
        authorized.prefetch();
        let start = view_walk::start(self.root(), authorized.about(), scratch.level);
        route.reset(authorized, self.revision(), now);
        if let Some(start) = start {
            self.fill(route, standing, start, scratch);
        }
        trace::event!(owners = route.owners(), cameras = route.cameras().len(), "routed");
    }

    /// Adds to an empty route all who may be asked, given where the walk starts.
    pub(super) fn fill(
        &self,
        route: &mut Route,
        standing: StandingRequest<'_>,
        start: Branch<'_>,
        scratch: &mut Scratch,
    ) {
        let authorized = standing.authorized();
        self.gather((authorized, route.now()), start, scratch);
        let Scratch { level, walked, collected, census, waits } = scratch;
        if collected.is_empty() || !standing.is_open(route.now()) {
            // Nobody may be asked, so the number of households does not matter.
            return;
        }
        if collected.has_anonymity_set(authorized, *level)
            || self.has_anonymity_set(authorized, *level, walked, census)
        {
            collected.group_into(route, *level);
            waits.write_into(route);
        }
    }

    /// Collects the rows that may be asked and who of their owners must wait, given where the walk
    /// starts. Whether the households are enough is decided afterwards.
    #[inline]
    fn gather(
        &self,
        (authorized, now): (&AuthorizedRequest, Timestamp),
        start: Branch<'_>,
        scratch: &mut Scratch,
    ) {
        let Scratch { level, walked, collected, waits, .. } = scratch;
        let request = authorized.request();
        let query = ConsentQuery::new(authorized, self.terms(), now);
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
                let (block, summary) = (near.block, near.summary);
                let rows = dispatch!(*level, simd => query.candidates(simd, block, summary));
                let rows = near.rows(rows);
                let asked = dispatch!(*level, simd => query.evaluate(simd, block, summary, rows));
                take(block, asked);
                ControlFlow::Continue(())
            })
        } else {
            prune::blocks(start, &request.area, *level, walked, |window, edges| {
                dispatch!(*level, simd => {
                    for found in &mut *window {
                        found.rows = query.candidates(simd, found.block, found.summary);
                    }
                    refine::window(simd, &request.area, window, edges);
                    for ReachedBlock { block, summary, rows, .. } in &mut *window {
                        *rows = query.evaluate(simd, block, *summary, *rows);
                    }
                    for found in window {
                        take(found.block, found.rows);
                    }
                });
                ControlFlow::Continue(())
            })
        };
        debug_assert!(flow.is_continue(), "nothing ends this walk");
    }

    /// Collects for a part of a route: the rows that may be asked, and households up to the number
    /// that the whole needs, whether or not there are enough here.
    pub(crate) fn gather_part(&self, authorized: &AuthorizedRequest, now: Timestamp) -> Gathered {
        let mut scratch = Scratch::new();
        let mut gathered = Gathered::default();
        let level = scratch.level;
        let Some(start) = view_walk::start(self.root(), authorized.about(), level) else {
            return gathered;
        };
        self.gather((authorized, now), start, &mut scratch);
        let Scratch { walked, collected, census, waits, .. } = &mut scratch;
        collected.write_into(&mut gathered.rows, level);
        gathered.waiting = waits.sorted().to_vec();
        let needed = authorized.min_households() as usize;
        let asked = gathered.rows.iter().map(|&(owner, _)| owner);
        gathered.households.extend(asked);
        gathered.households.dedup();
        if !authorized.is_anonymity_set(gathered.households.iter().copied()) {
            self.has_anonymity_set(authorized, level, walked, census);
            gathered.households.clone_from(census);
        }
        if let Some((sharers, since)) = authorized.sharers() {
            let all = gathered.households.iter().copied();
            let new = all.filter(|&owner| !sharers.has_shared(owner, since));
            gathered.new_households = new.take(authorized.min_new_households() as usize).collect();
        }
        gathered.households.truncate(needed);
        gathered
    }

    /// Whether enough households for the policy have a camera that the request is about, whatever they
    /// answered. Stops when it has seen enough.
    pub(super) fn has_anonymity_set(
        &self,
        authorized: &AuthorizedRequest,
        level: Level,
        walked: &mut WalkBuffers<'static>,
        seen: &mut Vec<OwnerId>,
    ) -> bool {
        let request = authorized.request();
        let needed = authorized.min_households() as usize;
        let are_enough = |seen: &mut Vec<OwnerId>| {
            seen.sort_unstable();
            seen.dedup();
            authorized.is_anonymity_set(seen.iter().copied())
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

    /// Whether the households in a request's area are enough to ask any of them.
    pub(crate) fn may_be_asked_in(&self, authorized: &AuthorizedRequest) -> bool {
        let Scratch { level, mut walked, mut census, .. } = Scratch::new();
        self.has_anonymity_set(authorized, level, &mut walked, &mut census)
    }
}
