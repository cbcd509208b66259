//! Turns the clusters of one revision into those of the next.

use std::sync::Arc;

use h3o::{CellIndex, Resolution};

use super::candidates::CandidateBlocks;
use super::edit::{Edit, PARALLEL_EDITS};
use super::overflow_rows::{OverflowRows, settle};
use crate::model::CameraId;
use crate::registry::block::{Block, BlockPool, Row};
use crate::registry::index::{Cluster, Layout, Leaf, Members, PackedRTree, TOGETHER};
use crate::registry::revision::Revision;
use crate::util::parallel;

/// The number of tiles that one thread edits.
const TILES: usize = 8;

/// Fewer clusters than this are not worth another thread.
const FEW: usize = 8;

impl Cluster {
    /// Applies the edits of a revision, in ascending order of their cells.
    pub(crate) fn edit(
        &mut self,
        edits: &[(CellIndex, &Edit)],
        revision: Revision,
        layout: Layout,
        spares: &mut BlockPool,
    ) {
        let found = self.find(edits);
        self.edit_found(edits, &found, revision, layout, spares);
    }

    /// Finds and prefetches the blocks of a tile that the first edits may change.
    fn find(&self, edits: &[(CellIndex, &Edit)]) -> CandidateBlocks {
        match &self.members {
            Members::Clusters(_) => CandidateBlocks::default(),
            Members::Blocks(blocks) => {
                CandidateBlocks::of(edits.get(..TOGETHER).unwrap_or(edits), blocks)
            }
        }
    }

    /// Edits a tile, given the candidates that [`find`](Self::find) returned.
    fn edit_found(
        &mut self,
        edits: &[(CellIndex, &Edit)],
        found: &CandidateBlocks,
        revision: Revision,
        layout: Layout,
        spares: &mut BlockPool,
    ) {
        self.edited = revision;
        let resolution = self.cell.map(CellIndex::resolution);
        let is_built_anew = match (&mut self.members, layout.below(resolution)) {
            (Members::Clusters(clusters), Some(below)) => {
                edit_clusters(clusters, edits, below, revision, layout, spares)
            }
            (Members::Clusters(_), None) => false,
            (Members::Blocks(blocks), _) => {
                // An owner's consent is written with the owner, not with the tiles of their cameras.
                if edits.iter().any(|(_, edit)| !matches!(edit, Edit::Stand { .. })) {
                    self.revision = revision;
                }
                edit_blocks(blocks, &mut self.grown, (edits, found), layout, spares)
            }
        };
        if is_built_anew {
            self.built = revision;
        }
    }

    /// Brings the clusters of the previous revision up to `newer`, which some edits produced. Trees
    /// that no reader holds are changed in place, so the counters of blocks in both revisions stay
    /// untouched; blocks of the previous revision go to the pool.
    pub(crate) fn catch_up(&mut self, newer: &Self, edits: usize, spares: &mut BlockPool) {
        if self.built != newer.built {
            self.build_as(newer);
        }
        match (&mut self.members, &newer.members) {
            (Members::Clusters(mine), Members::Clusters(newer)) => {
                let mut changed = mine.follow(newer, |mine, newer| mine.edited != newer.edited);
                for (mine, newer) in &changed {
                    mine.prefetch();
                    newer.prefetch();
                }
                if edits < PARALLEL_EDITS || changed.len() < FEW {
                    for (mine, newer) in &mut changed {
                        follow(mine, newer, edits, spares);
                    }
                } else {
                    let left = parallel::map_mut(&mut changed, |_, (mine, newer)| {
                        let mut spares = BlockPool::default();
                        follow(mine, newer, edits, &mut spares);
                        spares
                    });
                    for left in left {
                        spares.append(left);
                    }
                }
            }
            (Members::Blocks(mine), Members::Blocks(newer)) => {
                let changed = mine.follow(newer, |mine, newer| !mine.is_same(newer));
                for (_, newer) in &changed {
                    newer.prefetch_counter();
                }
                for (mine, newer) in changed {
                    spares.push(std::mem::replace(mine, newer.clone()).into_block());
                }
            }
            (mine, newer) => *mine = newer.clone(),
        }
        (self.revision, self.edited, self.grown) = (newer.revision, newer.edited, newer.grown);
    }

    /// Rebuilds the tree like that of the newer cluster, from the own members as far as both have them.
    fn build_as(&mut self, newer: &Self) {
        self.built = newer.built;
        let old = std::mem::replace(&mut self.members, newer.members.clone());
        if let (Members::Clusters(clusters), Members::Clusters(old)) = (&mut self.members, old) {
            let mut own = old.into_items();
            own.sort_unstable_by_key(|cluster| cluster.cell);
            for cluster in clusters.items_mut() {
                if let Ok(place) = own.binary_search_by_key(&cluster.cell, |own| own.cell)
                    && let Some(own) = own.get_mut(place)
                {
                    std::mem::swap(cluster, own);
                }
            }
        }
    }

    fn is_tile(&self) -> bool {
        matches!(self.members, Members::Blocks(_))
    }
}

/// Brings one cluster up to a newer one of the same cell: in place, or by replacing it.
fn follow(mine: &mut Arc<Cluster>, newer: &Arc<Cluster>, edits: usize, spares: &mut BlockPool) {
    match Arc::get_mut(mine) {
        Some(mine) if mine.built == newer.built || !newer.is_tile() => {
            mine.catch_up(newer, edits, spares);
        }
        _ => *mine = Arc::clone(newer),
    }
}

/// Edits the members; returns whether the tree was rebuilt.
fn edit_clusters(
    tree: &mut PackedRTree<Arc<Cluster>>,
    edits: &[(CellIndex, &Edit)],
    below: Resolution,
    revision: Revision,
    layout: Layout,
    spares: &mut BlockPool,
) -> bool {
    let child = |(cell, _): &(CellIndex, &Edit)| cell.parent(below);
    // Ascending by cell, as the edits are. Edits without a member are left over.
    let of_cells = edits.chunk_by(|a, b| child(a) == child(b));
    let mut groups: Vec<_> = of_cells.map(|of| (of.first().and_then(child), Some(of))).collect();
    let mut edited = Vec::with_capacity(groups.len());
    // Each member gets a share of the spare blocks, since not every edit needs one.
    let spare = spares.len();
    let part =
        |group: &[_]| spare.saturating_mul(group.len()).div_ceil(edits.len()).min(group.len());
    for (place, cluster) in tree.items_mut().iter_mut().enumerate() {
        if let Ok(group) = groups.binary_search_by_key(&cluster.cell, |&(cell, _)| cell)
            && let Some(group) = groups.get_mut(group).and_then(|(_, group)| group.take())
        {
            edited.push((place, cluster, group, spares.share(part(group))));
        }
        if edited.len() == groups.len() {
            break;
        }
    }
    let is_any_new = edited.len() < groups.len();
    // The next tile's blocks are prefetched while this one is edited.
    let edit = |edited: &mut [(usize, &mut Arc<Cluster>, &[_], _)]| {
        let mut shapes = Vec::with_capacity(edited.len());
        for (_, cluster, ..) in &*edited {
            cluster.prefetch_root();
        }
        let mut edited = edited.iter_mut().peekable();
        let mut found = edited.peek().map(|(_, cluster, group, _)| cluster.find(group));
        while let (Some((place, cluster, group, spares)), Some(here)) = (edited.next(), found) {
            found = edited.peek().map(|(_, cluster, group, _)| cluster.find(group));
            let cluster = Arc::make_mut(cluster);
            cluster.edit_found(group, &here, revision, layout, spares);
            shapes.push((*place, cluster.envelope(), cluster.is_empty()));
        }
        shapes
    };
    let shapes: Vec<_> = if edits.len() < PARALLEL_EDITS {
        edit(&mut edited)
    } else {
        let together = if below == layout.tile() { TILES } else { 1 };
        let mut parts: Vec<_> = edited.chunks_mut(together).collect();
        parallel::map_mut(&mut parts, |_, edited| edit(edited)).into_iter().flatten().collect()
    };
    for (.., unused) in edited {
        spares.append(unused);
    }
    if !is_any_new && !shapes.iter().any(|&(.., is_empty)| is_empty) {
        // A cluster's envelope stays within the reach of its cell, however often it grows.
        for (place, envelope, _) in shapes {
            tree.grow(place, envelope);
        }
        return false;
    }
    let new = groups.into_iter().filter_map(|(cell, group)| Some((cell, group?)));
    let new = new.map(|(cell, group)| {
        let mut cluster = Cluster::new(cell, layout);
        cluster.edit(group, revision, layout, spares);
        Arc::new(cluster)
    });
    let all = std::mem::replace(tree, PackedRTree::EMPTY).into_items().into_iter().chain(new);
    *tree = Cluster::tree(all.filter(|cluster| !cluster.is_empty()));
    true
}

/// Edits the blocks; returns whether the tree was rebuilt.
fn edit_blocks(
    tree: &mut PackedRTree<Leaf>,
    grown: &mut usize,
    (edits, found): (&[(CellIndex, &Edit)], &CandidateBlocks),
    layout: Layout,
    spares: &mut BlockPool,
) -> bool {
    let mut homeless = OverflowRows::default();
    let mut is_emptied = false;
    for (number, edits) in edits.chunks(TOGETHER).enumerate() {
        let next = (number > 0).then(|| CandidateBlocks::of(edits, tree));
        let found = next.as_ref().unwrap_or(found);
        found.prefetch_lists(tree);
        for (&(_, edit), places) in edits.iter().zip(found.iter()) {
            is_emptied |= edit_row(tree, (edit, places), &mut homeless, spares);
        }
    }
    let waiting = homeless.len();
    let homeless = homeless.insert_nearest(tree, spares);
    *grown += waiting - homeless.len();
    let is_worn = *grown > tree.items().len();
    if !is_emptied && !is_worn && homeless.is_empty() {
        return false;
    }
    let mut blocks = std::mem::replace(tree, PackedRTree::EMPTY).into_members();
    if is_worn {
        *grown = 0;
        for (envelope, leaf) in &mut blocks {
            *envelope = leaf.block().envelope();
        }
    }
    *tree = PackedRTree::of(settle(homeless, blocks, layout, spares));
    true
}

/// Carries out an edit, given its candidate blocks. Returns whether the block is empty afterwards.
fn edit_row(
    tree: &mut PackedRTree<Leaf>,
    (edit, places): (&Edit, &[usize]),
    homeless: &mut OverflowRows,
    spares: &mut BlockPool,
) -> bool {
    match *edit {
        Edit::Insert(row) => {
            // A camera in the overflow must not be overtaken by a later edit to itself.
            if !insert_in_place(tree, places, row, spares) {
                homeless.push(row);
            }
            false
        }
        Edit::Remove { camera, .. } => {
            !homeless.remove(camera)
                && with_row(tree, places, camera, spares, Block::remove) == Some(0)
        }
        Edit::Stand { camera, standing, .. } => {
            match homeless.find(camera) {
                Some(row) => row.standing = standing,
                None => {
                    with_row(tree, places, camera, spares, |block, row| {
                        block.set_standing(row, standing);
                    });
                }
            }
            false
        }
    }
}

/// Inserts a row into a block that has room and whose envelope need not grow.
fn insert_in_place(
    tree: &mut PackedRTree<Leaf>,
    places: &[usize],
    row: Row,
    spares: &mut BlockPool,
) -> bool {
    let mut blocks = places.iter().copied();
    let room =
        blocks.find(|&place| tree.items().get(place).is_some_and(|leaf| !leaf.summary().is_full()));
    match room.and_then(|place| tree.items_mut().get_mut(place)) {
        Some(leaf) => {
            leaf.change(spares, |block| block.push(row));
            true
        }
        None => false,
    }
}

/// Changes the row of a camera, and returns the number of rows left in the block.
fn with_row(
    tree: &mut PackedRTree<Leaf>,
    places: &[usize],
    camera: CameraId,
    spares: &mut BlockPool,
    change: impl FnOnce(&mut Block, usize),
) -> Option<usize> {
    let mut blocks = places.iter().copied();
    let (place, row) = blocks.find_map(|place| {
        let row = tree.items().get(place)?.block().find(camera)?;
        Some((place, row))
    })?;
    let leaf = tree.items_mut().get_mut(place)?;
    leaf.change(spares, |block| change(block, row));
    Some(leaf.summary().len())
}
