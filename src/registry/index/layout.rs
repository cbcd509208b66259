//! The layout of cameras in tiles and blocks.

use h3o::{CellIndex, LatLng, Resolution};

use crate::geometry::Position;
use crate::util::BLOCK_ROWS;

/// The layout of cameras in tiles and blocks. Routes do not depend on it; their cost does. Use the
/// default unless you have measured another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    tile: Resolution,
    block_rows: usize,
}

impl Default for Layout {
    /// H3 cells of resolution 5 (253 km2), blocks filled to 60 of 64 rows.
    fn default() -> Self {
        Self { tile: Resolution::Five, block_rows: BLOCK_ROWS - BLOCK_ROWS / 16 }
    }
}

impl Layout {
    /// Tiles of an H3 resolution, and blocks that bulk loading fills with `block_rows` cameras, so that
    /// the rest of the 64 rows is free for later ones. `block_rows` is clamped to 1 to 64.
    #[must_use]
    pub fn new(tile: Resolution, block_rows: usize) -> Self {
        Self { tile, block_rows: block_rows.clamp(1, BLOCK_ROWS) }
    }

    /// The H3 resolution of a tile.
    #[must_use]
    pub fn tile(self) -> Resolution {
        self.tile
    }

    pub(crate) fn block_rows(self) -> usize {
        self.block_rows
    }

    /// The tile of a position.
    pub(crate) fn cell(self, position: Position) -> CellIndex {
        cell(position, self.tile)
    }

    /// The resolution of the clusters below those of `resolution`; the last ones are tiles.
    ///
    /// Every third resolution: a change then copies at most 343 members at each of two levels. With
    /// fewer levels changes cost more, with more levels routing does.
    pub(crate) fn below(self, resolution: Option<Resolution>) -> Option<Resolution> {
        let tile = u8::from(self.tile);
        let next = match resolution {
            None => tile % 3,
            Some(resolution) => u8::from(resolution) + 3,
        };
        (next <= tile).then(|| Resolution::try_from(next).ok()).flatten()
    }
}

/// The H3 cell of a position.
pub(crate) fn cell(position: Position, resolution: Resolution) -> CellIndex {
    LatLng::new(position.lat(), position.lon()).unwrap_or_default().to_cell(resolution)
}
