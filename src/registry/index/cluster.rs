//! The spatial index: R-trees of blocks, one for each H3 cell, nested and copied on write.

use std::sync::Arc;

use h3o::CellIndex;
use prefetch_index::prefetch_index;

use super::cell_lookup::CellShape;
use super::layout::Layout;
use super::packed_rtree::{Child, Node, PackedRTree};
use crate::geometry::{Envelope, NodeRow, Position};
use crate::model::Camera;
use crate::registry::block::{Block, BlockPool, BlockSummary};
use crate::registry::revision::Revision;

/// The R-tree of one H3 cell: of its child clusters, or of its blocks if the cluster is a tile.
///
/// A snapshot is one tree of clusters. A change copies only the clusters on the path to its tile;
/// revisions share the others.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub(crate) cell: Option<CellIndex>,
    /// For a tile: the revision that last added or removed one of its cameras.
    pub(crate) revision: Revision,
    /// The revision that last changed this cluster or one below.
    pub(crate) edited: Revision,
    /// The revision that last rebuilt the tree; later ones changed members in place.
    pub(crate) built: Revision,
    /// For a tile: the number of rows for which envelopes grew since the tree was built.
    pub(crate) grown: usize,
    /// For a tile: the envelope of its cell.
    shape: Option<Arc<CellShape>>,
    pub(crate) members: Members,
}

/// The members of a cluster.
#[derive(Clone, Debug)]
pub(crate) enum Members {
    Clusters(PackedRTree<Arc<Cluster>>),
    Blocks(PackedRTree<Leaf>),
}

/// A block with its summary, which can be read without the block.
///
/// Its envelope in the tree contains all of its rows. It may be larger, since removing a row does not
/// shrink it.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    // INVARIANT: the block's own summary.
    summary: BlockSummary,
    block: Arc<Block>,
}

impl Leaf {
    pub(crate) fn new(block: Block) -> Self {
        Self { summary: block.summary(), block: Arc::new(block) }
    }

    #[inline]
    pub(crate) fn summary(&self) -> BlockSummary {
        self.summary
    }

    #[inline]
    pub(crate) fn block(&self) -> &Block {
        &self.block
    }

    /// Whether both are the same block in memory.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.block, &other.block)
    }

    /// Prefetches the block, before it is changed or copied.
    pub(crate) fn prefetch(&self) {
        self.block.prefetch_whole();
    }

    /// Prefetches the block's lists, once the block is [prefetched](Self::prefetch).
    pub(crate) fn prefetch_lists(&self) {
        self.block.prefetch_lists();
    }

    /// Prefetches the counter that is written when the block is shared.
    pub(crate) fn prefetch_counter(&self) {
        self.block.prefetch_counter();
    }

    pub(crate) fn into_block(self) -> Arc<Block> {
        self.block
    }

    /// The block, mutably: copied first if somebody else holds it.
    pub(crate) fn change(&mut self, spares: &mut BlockPool, change: impl FnOnce(&mut Block)) {
        let block = spares.make_mut(&mut self.block);
        change(block);
        self.summary = block.summary();
    }
}

/// A node of the R-trees of a cluster and the clusters below. Walk them as if they were one tree.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Branch<'a> {
    Clusters(Node<'a, Arc<Cluster>>),
    Blocks(Node<'a, Leaf>),
}

/// A child of a branch.
pub(crate) enum BranchChild<'a> {
    Branch(Branch<'a>),
    Leaf(&'a Leaf),
}

impl<'a> Branch<'a> {
    #[inline]
    pub(crate) fn envelopes(self) -> NodeRow<'a> {
        match self {
            Self::Clusters(node) => node.envelopes(),
            Self::Blocks(node) => node.envelopes(),
        }
    }

    /// Prefetches the cache lines that the next step down reads first.
    #[inline]
    pub(crate) fn prefetch(self) {
        match self {
            Self::Clusters(node) => node.prefetch(),
            Self::Blocks(node) => node.prefetch(),
        }
    }

    /// Whether the children are blocks.
    #[inline]
    pub(crate) fn has_leaves(self) -> bool {
        match self {
            Self::Clusters(_) => false,
            Self::Blocks(node) => node.is_leaf(),
        }
    }

    #[inline]
    pub(crate) fn at(self, place: usize) -> Option<BranchChild<'a>> {
        match self {
            Self::Clusters(node) => match node.at(place)? {
                Child::Node(node) => Some(BranchChild::Branch(Self::Clusters(node))),
                Child::Item(cluster) => cluster.branch().map(BranchChild::Branch),
            },
            Self::Blocks(node) => match node.at(place)? {
                Child::Node(node) => Some(BranchChild::Branch(Self::Blocks(node))),
                Child::Item(leaf) => Some(BranchChild::Leaf(leaf)),
            },
        }
    }
}

/// A camera, as its tile stores it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Located<'a> {
    pub(crate) tile: &'a Cluster,
    pub(crate) cell: CellIndex,
    pub(crate) camera: Camera,
}

impl Cluster {
    /// The root of an empty registry.
    pub(crate) fn empty() -> Self {
        Self::of(None, Members::Clusters(PackedRTree::EMPTY))
    }

    /// An empty cluster of a cell.
    pub(crate) fn new(cell: Option<CellIndex>, layout: Layout) -> Self {
        let members = match layout.below(cell.map(CellIndex::resolution)) {
            Some(_) => Members::Clusters(PackedRTree::EMPTY),
            None => Members::Blocks(PackedRTree::EMPTY),
        };
        Self::of(cell, members)
    }

    /// A tile of blocks, as a revision left it.
    pub(crate) fn tile(
        cell: CellIndex,
        revision: Revision,
        blocks: impl IntoIterator<Item = Block>,
    ) -> Self {
        let leaves = blocks.into_iter().map(|block| (block.envelope(), Leaf::new(block)));
        Self {
            revision,
            ..Self::of(Some(cell), Members::Blocks(PackedRTree::of(leaves.collect())))
        }
    }

    fn of(cell: Option<CellIndex>, members: Members) -> Self {
        let [revision, edited, built] = [Revision(0); 3];
        let shape = match members {
            Members::Clusters(_) => None,
            Members::Blocks(_) => cell.map(|cell| Arc::new(CellShape::of(cell))),
        };
        Self { cell, revision, edited, built, grown: 0, shape, members }
    }

    /// The topmost node; `None` if the cluster is empty.
    #[inline]
    pub(crate) fn branch(&self) -> Option<Branch<'_>> {
        match &self.members {
            Members::Clusters(clusters) => clusters.root().map(Branch::Clusters),
            Members::Blocks(blocks) => blocks.root().map(Branch::Blocks),
        }
    }

    /// Prefetches the lines that a search reads first.
    pub(crate) fn prefetch(&self) {
        prefetch_index(std::slice::from_ref(&self.cell), 0);
        prefetch_index(std::slice::from_ref(&self.members), 0);
    }

    /// Prefetches the lines that a search reads of a tile's tree, once the cluster is in the cache.
    pub(crate) fn prefetch_root(&self) {
        if let Members::Blocks(blocks) = &self.members
            && let Some(node) = blocks.root()
        {
            node.prefetch();
        }
    }

    pub(crate) fn envelope(&self) -> Envelope {
        match &self.members {
            Members::Clusters(clusters) => clusters.envelope(),
            Members::Blocks(blocks) => blocks.envelope(),
        }
    }

    /// Whether no member is left.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.members {
            Members::Clusters(clusters) => clusters.items().is_empty(),
            Members::Blocks(blocks) => blocks.items().is_empty(),
        }
    }

    /// All blocks of this and of all clusters below.
    pub(crate) fn blocks<'a>(&'a self, visit: &mut impl FnMut(&'a Block)) {
        match &self.members {
            Members::Clusters(clusters) => {
                clusters.items().iter().for_each(|cluster| cluster.blocks(visit));
            }
            Members::Blocks(blocks) => {
                blocks.items().iter().for_each(|leaf| visit(leaf.block()));
            }
        }
    }

    /// Whether a position certainly belongs to this tile, whoever registers there. Uncertain near a
    /// side of its cell.
    pub(crate) fn is_well_around(&self, position: Position) -> bool {
        self.shape.as_ref().is_some_and(|shape| shape.is_well_around(position))
    }

    /// Builds the clusters above tiles that are in ascending order of their cells, up to the root.
    pub(crate) fn assemble(tiles: Vec<Arc<Self>>, layout: Layout) -> Self {
        Self::level(None, tiles, layout)
    }

    fn level(cell: Option<CellIndex>, tiles: Vec<Arc<Self>>, layout: Layout) -> Self {
        let resolution = cell.map(CellIndex::resolution);
        let clusters = match layout.below(resolution) {
            Some(below) if below < layout.tile() => {
                let parent = |tile: &Arc<Self>| tile.cell.and_then(|cell| cell.parent(below));
                let siblings = tiles.chunk_by(|a, b| parent(a) == parent(b));
                let level = |siblings: &[Arc<Self>]| {
                    let cell = siblings.first().and_then(parent);
                    Arc::new(Self::level(cell, siblings.to_vec(), layout))
                };
                siblings.map(level).collect()
            }
            _ => tiles,
        };
        Self::of(cell, Members::Clusters(Self::tree(clusters)))
    }

    /// The R-tree of some clusters.
    pub(crate) fn tree(clusters: impl IntoIterator<Item = Arc<Self>>) -> PackedRTree<Arc<Self>> {
        let member = |cluster: Arc<Self>| (cluster.envelope(), cluster);
        PackedRTree::of(clusters.into_iter().map(member).collect())
    }

    /// The revision that last added or removed one of a tile's cameras.
    pub(crate) fn revision(&self) -> Revision {
        self.revision
    }

    /// All tiles below, with their cells.
    pub(crate) fn tiles(&self, visit: &mut impl FnMut(CellIndex, &Arc<Self>)) {
        let Members::Clusters(clusters) = &self.members else { return };
        for cluster in clusters.items() {
            match (&cluster.members, cluster.cell) {
                (Members::Blocks(_), Some(cell)) => visit(cell, cluster),
                _ => cluster.tiles(visit),
            }
        }
    }

    /// Whether there is a tile of a cell below. O(members) at each level.
    pub(crate) fn has_tile(&self, tile: CellIndex) -> bool {
        let Members::Clusters(clusters) = &self.members else { return false };
        clusters.items().iter().any(|cluster| match cluster.cell {
            Some(cell) if cell == tile => true,
            Some(cell) => tile.parent(cell.resolution()) == Some(cell) && cluster.has_tile(tile),
            None => false,
        })
    }
}
