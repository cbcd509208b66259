//! The walk over the R-trees: which blocks have rows in the area. It may only keep too much.
//!
//! All trees are walked level by level, as one, and each node is prefetched as soon as the walk reaches its parent.

use std::ops::ControlFlow;

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch};

use crate::geometry::{Area, Clip, Envelope, Lanes};
use crate::registry::{Block, BlockSummary, Branch, BranchChild, Cluster};
use crate::util::{RowMask, set_bits};

/// A block that may have rows in the area.
#[derive(Clone, Debug)]
pub(crate) struct ReachedBlock<'a> {
    pub(crate) block: &'a Block,
    pub(crate) summary: BlockSummary,
    pub(crate) touch: Touch,
    /// Those of its rows that are still in question.
    pub(crate) rows: RowMask,
}

/// How the boundary meets a block.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Touch {
    /// Not at all: all rows are in the area.
    Inside,
    /// It may cross the block, as the clip has it, within the envelope.
    Crossed(Clip, Envelope),
}

/// A node that the walk reached, with the edges of the boundary that matter there.
#[derive(Clone, Copy, Debug)]
struct ReachedNode<'a> {
    branch: Branch<'a>,
    clip: Clip,
}

/// So many nodes are looked at in one dispatch.
const TOGETHER: usize = 16;
/// Blocks are handed on by about so many: enough for the first ones to have come from memory, few
/// enough for all of them to stay in the cache.
const WINDOW: usize = 32;

/// Buffers of a walk, to be reused.
#[derive(Clone, Debug, Default)]
pub(crate) struct WalkBuffers<'a> {
    /// The nodes of one level, and of the next one, with the edges of their clips.
    reached: (Vec<ReachedNode<'a>>, Vec<Lanes>),
    next: (Vec<ReachedNode<'a>>, Vec<Lanes>),
    /// Blocks to be handed on, with the edges of theirs.
    window: (Vec<ReachedBlock<'a>>, Vec<Lanes>),
}

impl WalkBuffers<'_> {
    /// The memory alone, of nothing that is borrowed. Collecting in place keeps it.
    fn cleared<'b>(self) -> WalkBuffers<'b> {
        fn cleared<A, B>((items, mut edges): (Vec<A>, Vec<Lanes>)) -> (Vec<B>, Vec<Lanes>) {
            edges.clear();
            (items.into_iter().filter_map(|_| None).collect(), edges)
        }
        let Self { reached, next, window } = self;
        WalkBuffers { reached: cleared(reached), next: cleared(next), window: cleared(window) }
    }
}

/// Where the walk for an area starts: down to there only one node of each level meets its envelope, so
/// that nothing has to be kept in mind. `None` if nothing is near.
#[inline]
pub(crate) fn start(root: &Cluster, around: Envelope, level: Level) -> Option<Branch<'_>> {
    let root = root.branch()?;
    dispatch!(level, simd => descend(simd, root, around))
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
fn descend<S: Simd>(simd: S, mut branch: Branch<'_>, around: Envelope) -> Option<Branch<'_>> {
    loop {
        let met = branch.envelopes().meeting(simd, around);
        let mut places = set_bits(met);
        let place = places.next()?;
        match branch.at(place) {
            Some(BranchChild::Branch(below)) if places.next().is_none() => branch = below,
            _ => return Some(branch),
        }
    }
}

/// Visits the blocks that may have rows in an area, a window at a time, until a visit ends the walk.
pub(crate) fn blocks<'a>(
    start: Branch<'a>,
    area: &Area,
    level: Level,
    memory: &mut WalkBuffers<'static>,
    visit: impl FnMut(&mut [ReachedBlock<'a>], &[Lanes]) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut walk = Walk { area, level, walked: std::mem::take(memory).cleared(), visit };
    let flow = walk.run(start);
    *memory = walk.walked.cleared();
    flow
}

struct Walk<'w, 'a, V> {
    area: &'w Area,
    level: Level,
    walked: WalkBuffers<'a>,
    visit: V,
}

impl<'a, V: FnMut(&mut [ReachedBlock<'a>], &[Lanes]) -> ControlFlow<()>> Walk<'_, 'a, V> {
    fn run(&mut self, start: Branch<'a>) -> ControlFlow<()> {
        let Self { area, level, walked: WalkBuffers { reached, next, window }, visit } = self;
        // The names are swapped, not the buffers: so the same walk finds each as large as it left it.
        let (mut reached, mut next) = (reached, next);
        reached.0.push(ReachedNode { branch: start, clip: Clip::WHOLE });
        while !reached.0.is_empty() {
            for together in reached.0.chunks(TOGETHER) {
                let from = &reached.1;
                dispatch!(*level, simd => step(simd, area, (together, from), &mut *next, window));
                if window.0.len() >= WINDOW {
                    visit(&mut window.0, &window.1)?;
                    window.0.clear();
                    window.1.clear();
                }
            }
            reached.0.clear();
            reached.1.clear();
            std::mem::swap(&mut reached, &mut next);
        }
        visit(&mut window.0, &window.1)
    }
}

/// Goes from some nodes to those of the next level, and to blocks.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
fn step<'a, S: Simd>(
    simd: S,
    area: &Area,
    (reached, from): (&[ReachedNode<'a>], &[Lanes]),
    (next, of_next): &mut (Vec<ReachedNode<'a>>, Vec<Lanes>),
    (window, of_blocks): &mut (Vec<ReachedBlock<'a>>, Vec<Lanes>),
) {
    let around = area.envelope();
    for &ReachedNode { branch, clip } in reached {
        let envelopes = branch.envelopes();
        let to = if branch.has_leaves() { &mut *of_blocks } else { &mut *of_next };
        let is_whole = clip.whole().is_some();
        let met = if is_whole { envelopes.all(simd) } else { envelopes.meeting(simd, around) };
        for place in set_bits(met) {
            let envelope = envelopes.get(place);
            // While a node contains the area there is nothing to cut off; and one that sticks out is not
            // inside as a whole.
            let is_uncut = clip.is_unclipped()
                && !branch.has_leaves()
                && (envelope.contains(around)
                    || (!around.contains(envelope) && area.boundary().has_few_edges()));
            let clip = if is_whole || is_uncut {
                clip
            } else {
                area.boundary().clip(simd, (&clip, from), envelope, to)
            };
            let touch = match clip.whole() {
                Some(false) => continue,
                Some(true) => Touch::Inside,
                None => Touch::Crossed(clip, envelope),
            };
            match branch.at(place) {
                Some(BranchChild::Branch(branch)) => {
                    branch.prefetch();
                    next.push(ReachedNode { branch, clip });
                }
                Some(BranchChild::Leaf(leaf)) => {
                    let (block, summary) = (leaf.block(), leaf.summary());
                    block.prefetch(summary.granted_len(), matches!(touch, Touch::Crossed(..)));
                    window.push(ReachedBlock { block, summary, touch, rows: summary.all() });
                }
                None => {}
            }
        }
    }
}
