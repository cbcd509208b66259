//! Rows packed into blocks of neighbours.

use super::block::{Block, Row, RowStanding};
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

/// Splits rows into blocks of neighbours, each but the last of `block_rows`.
/// O(n log(n / `block_rows`)).
pub(crate) fn split(
    places: &mut [Place],
    block_rows: usize,
    row: impl Fn(usize) -> Option<Row>,
) -> Vec<Block> {
    halve(places, block_rows, &|place| Envelope::of([place.position]));
    let mut rows = Vec::with_capacity(block_rows);
    let block = |places: &[Place]| {
        rows.clear();
        rows.extend(places.iter().filter_map(|place| row(place.row as usize)));
        // In the order in which a block has them, so that none has to change places.
        let agreed = |row: &&Row| row.standing != RowStanding::NotGranted;
        let others = rows.iter().filter(|row| !agreed(row));
        Block::of(rows.iter().filter(agreed).chain(others).copied())
    };
    places.chunks(block_rows).map(block).collect()
}

/// Puts items in an order in which each run of `room` of them are neighbours: halves along the longer
/// side, each but the last a multiple of `room`, until each fits. O(n log(n / `room`)).
pub(super) fn halve<T>(items: &mut [T], room: usize, envelope: &impl Fn(&T) -> Envelope) {
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

/// By how much an envelope's half perimeter would grow to contain another.
pub(super) fn growth(envelope: Envelope, other: Envelope) -> i64 {
    let half = |e: Envelope| {
        i64::from(e.east) - i64::from(e.west) + i64::from(e.north) - i64::from(e.south)
    };
    half(envelope.merged(other)) - half(envelope)
}
