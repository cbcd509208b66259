//! Rows for which no block has room within its envelope.

use std::collections::HashMap;

use foldhash::quality::RandomState;

use crate::geometry::Envelope;
use crate::model::CameraId;
use crate::registry::block::{Block, BlockPool, Row};
use crate::registry::index::{Layout, Leaf, PackedRTree, growth, pack};

/// Rows for which no block has room within its envelope. Indexed by camera, since a batch may register
/// many and then change each.
#[derive(Default)]
pub(crate) struct OverflowRows {
    rows: Vec<Row>,
    // INVARIANT: the index of each camera's row in `rows`.
    places: HashMap<CameraId, usize, RandomState>,
}

/// A block of a tile with its envelope.
type NewLeaf = (Envelope, Leaf);

impl OverflowRows {
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn push(&mut self, row: Row) {
        self.places.insert(row.camera.id, self.rows.len());
        self.rows.push(row);
    }

    pub(crate) fn find(&mut self, camera: CameraId) -> Option<&mut Row> {
        let &place = self.places.get(&camera)?;
        self.rows.get_mut(place)
    }

    /// Removes a camera's row; `false` if it is not here.
    pub(crate) fn remove(&mut self, camera: CameraId) -> bool {
        let Some(place) = self.places.remove(&camera) else { return false };
        self.rows.swap_remove(place);
        if let Some(moved) = self.rows.get(place) {
            self.places.insert(moved.camera.id, place);
        }
        true
    }

    /// Inserts each row into the nearest block, whose envelope grows in place; returns the rows whose
    /// nearest block is full. Returns all of them if they are so many that packing the tile anew costs
    /// less.
    pub(crate) fn insert_nearest(
        self,
        tree: &mut PackedRTree<Leaf>,
        spares: &mut BlockPool,
    ) -> Vec<Row> {
        let mut rows = self.rows;
        if !are_many(&rows, tree.items().len()) {
            rows.retain(|&row| !insert_nearest(tree, row, spares));
        }
        rows
    }
}

/// With so many rows, packing the whole tile anew costs less than inserting each.
fn are_many(rows: &[Row], blocks: usize) -> bool {
    rows.len() > blocks
}

/// Inserts a row into the nearest block, unless that is full.
fn insert_nearest(tree: &mut PackedRTree<Leaf>, row: Row, spares: &mut BlockPool) -> bool {
    let Some(place) = tree.nearest(row.camera.position) else { return false };
    match tree.items_mut().get_mut(place) {
        Some(leaf) if !leaf.summary().is_full() => leaf.change(spares, |block| block.push(row)),
        _ => return false,
    }
    tree.grow(place, Envelope::of([row.camera.position]));
    true
}

/// Inserts rows into the blocks of a tile that is rebuilt, and drops empty blocks.
pub(crate) fn settle(
    rows: Vec<Row>,
    mut blocks: Vec<NewLeaf>,
    layout: Layout,
    spares: &mut BlockPool,
) -> Vec<NewLeaf> {
    blocks.retain(|(_, leaf)| leaf.summary().len() > 0);
    if are_many(&rows, blocks.len()) {
        let settled = blocks.iter().flat_map(|(_, leaf)| leaf.block().iter());
        let rows: Vec<Row> = settled.chain(rows).collect();
        return pack(&rows, layout.block_rows()).into_iter().map(to_leaf).collect();
    }
    for row in rows {
        settle_one(&mut blocks, row, spares);
    }
    blocks
}

fn to_leaf(block: Block) -> NewLeaf {
    (block.envelope(), Leaf::new(block))
}

/// Inserts one row into the nearest block, which is split in halves if it is full.
fn settle_one(blocks: &mut Vec<NewLeaf>, row: Row, spares: &mut BlockPool) {
    let here = Envelope::of([row.camera.position]);
    let nearest = blocks.iter_mut().min_by_key(|(envelope, _)| growth(*envelope, here));
    match nearest {
        Some((envelope, leaf)) if !leaf.summary().is_full() => {
            *envelope = envelope.merged(here);
            leaf.change(spares, |block| block.push(row));
        }
        Some(full) => {
            let rows: Vec<Row> = full.1.block().iter().chain([row]).collect();
            let mut halves = pack(&rows, rows.len().div_ceil(2)).into_iter().map(to_leaf);
            if let Some(first) = halves.next() {
                *full = first;
            }
            blocks.extend(halves);
        }
        None => blocks.push(to_leaf(Block::of(&[row]))),
    }
}
