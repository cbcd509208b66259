//! Rows packed into blocks of neighbours.

use super::block::{Block, Row};
use super::rtree::sides;
use crate::geometry::{Envelope, Position};

/// Where a row stands, and which row it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) position: Position,
    pub(crate) row: u32,
}

/// Packs rows into blocks of neighbours, as [`split`] does.
pub(crate) fn pack(rows: &[Row], block_rows: usize) -> impl Iterator<Item = Block> {
    let place = |(row, at): (u32, &Row)| Place { position: at.camera.position, row };
    let mut places: Vec<Place> = (0..).zip(rows).map(place).collect();
    split(&mut places, block_rows, |row| rows.get(row).copied()).into_iter()
}

/// Splits rows into blocks of neighbours: halves along the longer side, each but the last a
/// multiple of `block_rows`, until each fits. O(n log(n / `block_rows`)).
pub(crate) fn split(
    places: &mut [Place],
    block_rows: usize,
    row: impl Fn(usize) -> Option<Row>,
) -> Vec<Block> {
    let mut blocks = Vec::with_capacity(places.len().div_ceil(block_rows));
    split_into(places, block_rows, &row, &mut blocks);
    blocks
}

fn split_into(
    places: &mut [Place],
    block_rows: usize,
    row: &impl Fn(usize) -> Option<Row>,
    blocks: &mut Vec<Block>,
) {
    let count = places.len().div_ceil(block_rows);
    if count <= 1 {
        if !places.is_empty() {
            blocks.push(Block::of(places.iter().filter_map(|place| row(place.row as usize))));
        }
        return;
    }
    let middle = count / 2 * block_rows;
    let [width, height] = sides(&Envelope::of(places.iter().map(|place| place.position)));
    if width >= height {
        places.select_nth_unstable_by_key(middle, |place| place.position.lon_e7());
    } else {
        places.select_nth_unstable_by_key(middle, |place| place.position.lat_e7());
    }
    let (left, right) = places.split_at_mut(middle);
    split_into(left, block_rows, row, blocks);
    split_into(right, block_rows, row, blocks);
}

/// By how much an envelope's half perimeter would grow to contain another.
pub(super) fn growth(envelope: Envelope, other: Envelope) -> i64 {
    let half = |e: Envelope| {
        i64::from(e.east) - i64::from(e.west) + i64::from(e.north) - i64::from(e.south)
    };
    half(envelope.merged(other)) - half(envelope)
}
