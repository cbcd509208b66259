//! The walk over the R-trees: which blocks have rows in the area. It may only keep too much.

use std::ops::ControlFlow;

use fearless_simd::Level;
use rstar::{ParentNode, RTreeNode, RTreeObject};
use smallvec::SmallVec;

use crate::geometry::{Boundary, Clip, Envelope, Lanes};
use crate::registry::{Block, Cluster, Item, Member};

/// A block that may have rows in the area.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) block: &'a Block,
    pub(super) touch: Touch,
}

/// How the boundary meets a block.
#[derive(Clone, Copy, Debug)]
pub(super) enum Touch {
    /// Not at all: all rows are in the area.
    Inside,
    /// It may cross the block, as the clip has it, within the envelope.
    Crossed(Clip, Envelope),
}

/// Has the blocks of a window fetched from memory together.
#[inline]
pub(super) fn touch(window: &[Found<'_>]) {
    let first = window.iter().fold(0, |sum, found| sum ^ found.block.touch_first());
    std::hint::black_box(first);
    let rest = window.iter().fold(0, |sum, found| {
        sum ^ found.block.touch_rest(matches!(found.touch, Touch::Crossed(..)))
    });
    std::hint::black_box(rest);
}

/// Blocks are handed on by so many, so that what they cost in cache misses is waited for together.
const WINDOW: usize = 32;
/// Children of a node that fit on the stack.
const CHILDREN: usize = 32;

/// The edges of clips on the way down, in memory to reuse.
#[derive(Clone, Debug, Default)]
pub(super) struct ClipLists {
    /// Those of the nodes: of each second level, one after another.
    nodes: [Vec<Lanes>; 2],
    /// Those of the blocks in the window.
    blocks: Vec<Lanes>,
}

/// Visits the blocks that may have rows in an area, given by its boundary, a window at a time,
/// until a visit ends the walk.
pub(super) fn blocks<'a>(
    root: &'a Cluster,
    boundary: &Boundary,
    level: Level,
    lists: &mut ClipLists,
    visit: impl FnMut(&[Found<'a>], &[Lanes]) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let ClipLists { nodes: [upper, lower], blocks } = lists;
    blocks.clear();
    let mut walk = Walk { boundary, level, blocks, window: SmallVec::new(), visit };
    walk.node(root.tree().root(), &boundary.unclipped(), upper, lower)?;
    walk.flush()
}

struct Walk<'w, 'a, V> {
    boundary: &'w Boundary,
    level: Level,
    blocks: &'w mut Vec<Lanes>,
    window: SmallVec<[Found<'a>; WINDOW + CHILDREN]>,
    visit: V,
}

impl<'a, V: FnMut(&[Found<'a>], &[Lanes]) -> ControlFlow<()>> Walk<'_, 'a, V> {
    /// The children of a node that the boundary may touch, as the clip in the list has it.
    fn node(
        &mut self,
        node: &'a ParentNode<Member>,
        clip: &Clip,
        list: &mut Vec<Lanes>,
        below: &mut Vec<Lanes>,
    ) -> ControlFlow<()> {
        let area = self.boundary.envelope();
        let mut children: SmallVec<[&'a RTreeNode<Member>; CHILDREN]> = SmallVec::new();
        let mut envelopes: SmallVec<[Envelope; CHILDREN]> = SmallVec::new();
        for child in node.children() {
            let envelope = child.envelope();
            if envelope.intersects(area) {
                children.push(child);
                envelopes.push(envelope);
            }
        }
        if let Some(RTreeNode::Leaf(Member { item: Item::Block(_), .. })) = children.first() {
            return self.blocks_of(&children, &envelopes, (clip, list));
        }
        let mut clips: SmallVec<[Clip; CHILDREN]> = SmallVec::new();
        let depth = below.len();
        self.boundary.clip(self.level, (clip, list), &envelopes, below, true, |clip| {
            clips.push(clip);
        });
        let kept = || {
            let clipped = children.iter().zip(&clips);
            let kept = clipped.filter(|(_, clip)| clip.whole() != Some(false));
            kept.filter_map(|(&child, clip)| subtree(child).map(|node| (node, clip)))
        };
        // Has the children of all of them fetched from memory together.
        std::hint::black_box(kept().fold(0, |sum, (node, _)| {
            sum ^ node.children().first().map_or(0, |child| child.envelope().west)
        }));
        for (node, clip) in kept() {
            match clip.whole() {
                Some(_) => self.everything(node)?,
                None => self.node(node, clip, below, list)?,
            }
        }
        below.truncate(depth);
        ControlFlow::Continue(())
    }

    /// The blocks of a node: those that may have rows in the area go to the window.
    fn blocks_of(
        &mut self,
        children: &[&'a RTreeNode<Member>],
        envelopes: &[Envelope],
        clip: (&Clip, &[Lanes]),
    ) -> ControlFlow<()> {
        if self.window.len() + children.len() > WINDOW {
            self.flush()?;
        }
        let mut each = children.iter().zip(envelopes);
        let Self { boundary, level, blocks, window, .. } = self;
        boundary.clip(*level, clip, envelopes, blocks, false, |clip| {
            let Some((&child, &envelope)) = each.next() else { return };
            let RTreeNode::Leaf(Member { item: Item::Block(block), .. }) = child else { return };
            let touch = match clip.whole() {
                Some(false) => return,
                Some(true) => Touch::Inside,
                None => Touch::Crossed(clip, envelope),
            };
            window.push(Found { block: block.as_ref(), touch });
        });
        ControlFlow::Continue(())
    }

    /// All blocks below a node that is wholly in the area.
    fn everything(&mut self, node: &'a ParentNode<Member>) -> ControlFlow<()> {
        for child in node.children() {
            match child {
                RTreeNode::Parent(parent) => self.everything(parent)?,
                RTreeNode::Leaf(member) => match &member.item {
                    Item::Cluster(cluster) => self.everything(cluster.tree().root())?,
                    Item::Block(block) => {
                        self.window.push(Found { block: block.as_ref(), touch: Touch::Inside });
                        if self.window.len() >= WINDOW {
                            self.flush()?;
                        }
                    }
                },
            }
        }
        ControlFlow::Continue(())
    }

    /// Hands the window on.
    fn flush(&mut self) -> ControlFlow<()> {
        (self.visit)(&self.window, self.blocks)?;
        self.window.clear();
        self.blocks.clear();
        ControlFlow::Continue(())
    }
}

/// The node that a child of a node stands for; a block is none.
fn subtree(child: &RTreeNode<Member>) -> Option<&ParentNode<Member>> {
    match child {
        RTreeNode::Parent(parent) => Some(parent),
        RTreeNode::Leaf(Member { item: Item::Cluster(cluster), .. }) => Some(cluster.tree().root()),
        RTreeNode::Leaf(Member { item: Item::Block(_), .. }) => None,
    }
}
