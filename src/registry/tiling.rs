//! Which H3 cell a position belongs to.

use std::collections::HashMap;

use foldhash::quality::RandomState;
use h3o::{CellIndex, LatLng, Resolution};

use super::Layout;
use crate::geometry::Position;

/// The H3 cell of a position.
pub(crate) fn cell(position: Position, resolution: Resolution) -> CellIndex {
    LatLng::new(position.lat(), position.lon()).unwrap_or_default().to_cell(resolution)
}

/// The cells of many positions: where all corners of a small square are in one cell, so is what
/// lies between them, and the square is looked up only once.
pub(super) struct Tiling {
    layout: Layout,
    squares: [HashMap<(i32, i32), Option<CellIndex>, RandomState>; SQUARES.len()],
}

/// Sides of squares: 2^16 units of 1e-7 degree, at most 730 m, and half of that where a square is in
/// more than one cell. A cell of resolution 6 is about 7 km wide.
const SQUARES: [u32; 2] = [16, 15];
/// By how much corners are taken further out, since a cell's edges are no straight lines in
/// degrees: they bend by less than a centimetre within a square, and this is 70 m.
const MARGIN: i32 = 1 << 12;
/// Nearer to a pole a degree of longitude gets so short that squares are slivers.
const POLAR: i32 = 800_000_000;

impl Tiling {
    pub(super) fn new(layout: Layout) -> Self {
        Self { layout, squares: SQUARES.map(|_| HashMap::default()) }
    }

    pub(super) fn cell(&mut self, position: Position) -> CellIndex {
        let layout = self.layout;
        let (lon, lat) = (position.lon_e7(), position.lat_e7());
        if lat.abs() > POLAR || layout.is_finer_than_squares() {
            return layout.cell(position);
        }
        for (side, squares) in SQUARES.into_iter().zip(&mut self.squares) {
            let square = (lon >> side, lat >> side);
            if let Some(cell) =
                *squares.entry(square).or_insert_with(|| around(square, side, layout))
            {
                return cell;
            }
        }
        layout.cell(position)
    }
}

/// The cell that a square is in, if it is in one.
fn around(square: (i32, i32), side: u32, layout: Layout) -> Option<CellIndex> {
    let [west, south] = [square.0 << side, square.1 << side].map(|low| low.saturating_sub(MARGIN));
    let side = (1 << side) + 2 * MARGIN;
    let corner = |x: i32, y: i32| {
        Position::from_e7(west.saturating_add(x), south.saturating_add(y))
            .ok()
            .map(|corner| layout.cell(corner))
    };
    let first = corner(0, 0)?;
    // The opposite one first, which is most often in another.
    [(side, side), (side, 0), (0, side)]
        .into_iter()
        .all(|(x, y)| corner(x, y) == Some(first))
        .then_some(first)
}
