//! How cameras are laid out in tiles and blocks.

use h3o::{CellIndex, LatLng, Resolution};

use crate::geometry::Position;
use crate::util::BLOCK_ROWS;

/// How cameras are laid out. Any layout gives the same routes; it decides what they cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    tile: Resolution,
    block_rows: usize,
}

impl Default for Layout {
    /// H3 cells of resolution 5 (253 km2), blocks filled to 60 of 64 rows.
    fn default() -> Self {
        Self { tile: Resolution::Five, block_rows: 60 }
    }
}

impl Layout {
    /// Tiles of an H3 resolution, and blocks that are filled with `block_rows` cameras at bulk
    /// loading: what is left of the 64 is room for those to come. The number is taken between 1
    /// and 64.
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

    /// The tile that a position belongs to.
    pub(crate) fn cell(self, position: Position) -> CellIndex {
        cell(position, self.tile)
    }

    /// The resolution of the clusters below those of `resolution`, which are tiles at the last.
    ///
    /// Every third resolution: a change then copies at most 343 members at each of two levels.
    /// Fewer levels would make a change dearer, more of them the walk.
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
