//! Which rows a request is about: those that stand in the area, or those that can see into it too.
//!
//! The second is a walk of its own, so that requests which do not ask for it pay nothing. It is the
//! walk of `prune` with each envelope widened by the farthest reach of a camera: where no edge of the
//! area is in a widened envelope, no view from there meets the boundary, and so all rows see into the
//! area or none. For a view hangs together, and the camera is in it: a view that has a point of the
//! area has one of its boundary, or the camera stands in the area.

use std::ops::ControlFlow;

use fearless_simd::{Level, dispatch};

use super::prune::WalkBuffers;
use super::{prune, refine};
use crate::geometry::{Area, Boundary, Clip, Envelope, Lanes, Position, turns};
use crate::model::{Facing, within_reach};
use crate::registry::{Block, BlockSummary, Branch, BranchChild, Cluster};
use crate::request::CameraScope;
use crate::util::{RowMask, set_bits};

/// Where the walk for a request starts; `None` if nothing is near.
#[inline]
pub(crate) fn start(
    root: &Cluster,
    (around, camera_scope): (Envelope, CameraScope),
    level: Level,
) -> Option<Branch<'_>> {
    match camera_scope {
        CameraScope::StandingIn => prune::start(root, around, level),
        CameraScope::SeeingInto => root.branch(),
    }
}

/// Visits the blocks near an area with the mask of the rows that a request is about, until a visit
/// ends the walk.
pub(crate) fn rows<'a>(
    root: &'a Cluster,
    (area, camera_scope): (&Area, CameraScope),
    level: Level,
    walked: &mut WalkBuffers<'static>,
    mut visit: impl FnMut(&'a Block, RowMask) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let Some(start) = start(root, (area.envelope(), camera_scope), level) else {
        return ControlFlow::Continue(());
    };
    match camera_scope {
        CameraScope::StandingIn => prune::blocks(start, area, level, walked, |window, edges| {
            dispatch!(level, simd => refine::window(simd, area, window, edges));
            window.iter().try_for_each(|found| visit(found.block, found.rows))
        }),
        CameraScope::SeeingInto => blocks(start, area.boundary(), level, |near| {
            visit(near.block, near.rows(near.summary.all()))
        }),
    }
}

/// A block within reach of the area.
pub(crate) struct ReachableBlock<'w, 'a> {
    pub(crate) block: &'a Block,
    pub(crate) summary: BlockSummary,
    boundary: &'w Boundary,
    level: Level,
    /// The edges that matter in the block's widened envelope, with the clip's list.
    clip: Clip,
    list: &'w [Lanes],
    envelope: Envelope,
}

/// Visits the blocks from which a camera may see into an area, given by its boundary, until a visit
/// ends the walk.
#[inline(never)]
pub(crate) fn blocks<'a>(
    start: Branch<'a>,
    boundary: &Boundary,
    level: Level,
    visit: impl FnMut(&ReachableBlock<'_, 'a>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let everywhere = Envelope { west: i32::MIN, south: i32::MIN, east: i32::MAX, north: i32::MAX };
    Walk { boundary, level, visit }.node(start, everywhere, (&Clip::WHOLE, &[]))
}

struct Walk<'w, V> {
    boundary: &'w Boundary,
    level: Level,
    visit: V,
}

impl<'a, V: FnMut(&ReachableBlock<'_, 'a>) -> ControlFlow<()>> Walk<'_, V> {
    /// The children of a node from which a camera may see into the area, given the clip to the node's
    /// widened envelope.
    fn node(
        &mut self,
        branch: Branch<'a>,
        within: Envelope,
        clip: (&Clip, &[Lanes]),
    ) -> ControlFlow<()> {
        let Self { boundary, level, .. } = *self;
        let envelopes = branch.envelopes();
        let mut list = Vec::new();
        for place in set_bits(dispatch!(level, simd => envelopes.all(simd))) {
            // Each clip is to an envelope within the one before, however the last digit of a cosine
            // is rounded.
            let envelope = within_reach(envelopes.get(place)).common(within);
            let is_beside = is_beside(boundary, envelope);
            if !is_beside && !envelope.intersects(boundary.envelope()) {
                continue;
            }
            list.clear();
            let clip = dispatch!(level, simd => boundary.clip(simd, clip, envelope, &mut list));
            if !is_beside && clip.whole() == Some(false) {
                continue;
            }
            match branch.at(place) {
                Some(BranchChild::Branch(below)) => self.node(below, envelope, (&clip, &list))?,
                Some(BranchChild::Leaf(leaf)) => {
                    let (block, summary, list) = (leaf.block(), leaf.summary(), list.as_slice());
                    let near =
                        ReachableBlock { block, summary, boundary, level, clip, list, envelope };
                    (self.visit)(&near)?;
                }
                None => {}
            }
        }
        ControlFlow::Continue(())
    }
}

/// Whether something of an envelope is in an area's envelope beyond the antimeridian.
fn is_beside(boundary: &Boundary, envelope: Envelope) -> bool {
    turns(envelope).any(|turn| envelope.turned(turn).intersects(boundary.envelope()))
}

impl ReachableBlock<'_, '_> {
    /// Those of the candidate rows that stand in the area or see into it. Exact.
    pub(crate) fn rows(&self, candidates: RowMask) -> RowMask {
        let Self { block, level, clip, list, envelope, .. } = *self;
        let standing = match clip.whole() {
            Some(true) => return candidates,
            Some(false) => RowMask::NONE,
            None => {
                let end = candidates.end();
                let edges = (&clip, list);
                let positions = block.positions();
                candidates
                    & dispatch!(level, simd =>
                        self.boundary.mask(simd, edges, envelope, positions, end))
            }
        };
        let open = candidates & !standing & block.facings().mask();
        open.rows().fold(standing, |seeing, row| {
            let facing = block.facings().get(row);
            let sees = facing.is_some_and(|facing| self.sees(block.position(row), facing));
            seeing | RowMask::only_if(sees, row)
        })
    }

    /// Whether a view has a point of the boundary.
    fn sees(&self, position: Position, facing: Facing) -> bool {
        let reached = facing.envelope(Envelope::of([position]));
        let edges = (self.boundary, self.list);
        let is_near = self.clip.may_touch(edges, reached);
        if !is_near && !is_beside(self.boundary, reached) {
            return false;
        }
        let view = facing.fan(position);
        let mut beside = turns(reached).filter_map(|turn| view.turned(turn));
        (is_near && self.clip.touches(edges, &view))
            || beside.any(|view| self.boundary.touches(&view))
    }
}
