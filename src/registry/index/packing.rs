//! Packs rows into blocks of neighbours.

use crate::geometry::{Envelope, Position};
use crate::registry::block::{Block, Row};

/// A row, or a reference to one, with its position.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockSlot<T> {
    pub(crate) position: Position,
    pub(crate) row: T,
}

/// Packs rows into blocks of neighbours; see [`split`].
pub(crate) fn pack(rows: &[Row], block_rows: usize) -> Vec<Block> {
    let places = rows.iter().map(|row| BlockSlot { position: row.camera.position, row });
    let mut places: Vec<BlockSlot<&Row>> = places.collect();
    split(&mut places, block_rows, |&&row| Some(row)).collect()
}

/// Splits rows into blocks of neighbours, each but the last of `block_rows`.
/// O(n log(n / `block_rows`)).
pub(crate) fn split<T>(
    places: &mut [BlockSlot<T>],
    block_rows: usize,
    row: impl Fn(&T) -> Option<Row>,
) -> impl Iterator<Item = Block> {
    halve(places, block_rows, &|place| Envelope::of([place.position]));
    let mut rows = Vec::with_capacity(block_rows);
    places.chunks(block_rows).map(move |places| {
        rows.clear();
        rows.extend(places.iter().filter_map(|place| row(&place.row)));
        Block::of(&rows)
    })
}

/// Reorders items so that each run of `room` items are neighbours: halves along the longer side, each
/// but the last a multiple of `room`, until each fits. O(n log(n / `room`)).
pub(crate) fn halve<T>(items: &mut [T], room: usize, envelope: &impl Fn(&T) -> Envelope) {
    let runs = items.len().div_ceil(room);
    if runs <= 1 {
        return;
    }
    let middle = runs / 2 * room;
    let all = items.iter().fold(Envelope::EMPTY, |all, item| all.merged(envelope(item)));
    let [width, height] = all.sides();
    if width >= height {
        items.select_nth_unstable_by_key(middle, |item| envelope(item).west);
    } else {
        items.select_nth_unstable_by_key(middle, |item| envelope(item).south);
    }
    let (left, right) = items.split_at_mut(middle);
    halve(left, room, envelope);
    halve(right, room, envelope);
}

/// The growth of an envelope's half perimeter if it were to contain another.
pub(crate) fn growth(envelope: Envelope, other: Envelope) -> i64 {
    let half = |e: Envelope| {
        i64::from(e.east) - i64::from(e.west) + i64::from(e.north) - i64::from(e.south)
    };
    half(envelope.merged(other)) - half(envelope)
}
