//! Rows that fit no block as it is.

use std::collections::HashMap;

use foldhash::quality::RandomState;

use super::block::{Block, Row};
use super::cluster::Leaf;
use super::layout::Layout;
use super::packing::{growth, pack};
use super::spares::Spares;
use crate::camera::CameraId;
use crate::geometry::Envelope;

/// Rows that fit no block as it is. Found by their cameras, since a list of changes may register many
/// and then speak of each.
#[derive(Default)]
pub(super) struct Homeless {
    rows: Vec<Row>,
    // INVARIANT: where each camera's row is in `rows`.
    places: HashMap<CameraId, usize, RandomState>,
}

/// A block of a tile with its envelope.
type Housed = (Envelope, Leaf);

impl Homeless {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn push(&mut self, row: Row) {
        self.places.insert(row.camera.id, self.rows.len());
        self.rows.push(row);
    }

    pub(super) fn find(&mut self, camera: CameraId) -> Option<&mut Row> {
        let &place = self.places.get(&camera)?;
        self.rows.get_mut(place)
    }

    /// Whether the camera's row was one of these.
    pub(super) fn remove(&mut self, camera: CameraId) -> bool {
        let Some(place) = self.places.remove(&camera) else { return false };
        self.rows.swap_remove(place);
        if let Some(moved) = self.rows.get(place) {
            self.places.insert(moved.camera.id, place);
        }
        true
    }

    /// Gives the rows homes among the blocks of a tile, and drops blocks that are empty.
    pub(super) fn settle(
        self,
        mut blocks: Vec<Housed>,
        layout: Layout,
        spares: &mut Spares,
    ) -> Vec<Housed> {
        blocks.retain(|(_, leaf)| leaf.zone().len() > 0);
        if self.rows.len() > blocks.len() {
            // So many that packing all of them anew costs less than finding a place for each.
            let settled = blocks.iter().flat_map(|(_, leaf)| leaf.block().iter());
            let rows: Vec<Row> = settled.chain(self.rows).collect();
            return pack(&rows, layout.block_rows()).map(house).collect();
        }
        for row in self.rows {
            settle(&mut blocks, row, spares);
        }
        blocks
    }
}

fn house(block: Block) -> Housed {
    (block.envelope(), Leaf::new(block))
}

/// Gives one row a home: in the nearest block if that has room, or in a half of it.
fn settle(blocks: &mut Vec<Housed>, row: Row, spares: &mut Spares) {
    let here = Envelope::of([row.camera.position]);
    let nearest = blocks.iter_mut().min_by_key(|(envelope, _)| growth(*envelope, here));
    match nearest {
        Some((envelope, leaf)) if !leaf.zone().is_full() => {
            *envelope = envelope.merged(here);
            leaf.change(spares, |block| block.push(row));
        }
        Some(full) => {
            let rows: Vec<Row> = full.1.block().iter().chain([row]).collect();
            let mut halves = pack(&rows, rows.len().div_ceil(2)).map(house);
            if let Some(first) = halves.next() {
                *full = first;
            }
            blocks.extend(halves);
        }
        None => blocks.push(house(Block::of([row]))),
    }
}
