//! One edit to the rows of a tile.

use crate::geometry::Position;
use crate::model::CameraId;
use crate::registry::block::{Row, RowStanding};

/// With at least so many edits, another thread is worth starting.
pub(crate) const PARALLEL_EDITS: usize = 512;

/// One edit to the rows of a tile.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edit {
    Insert(Row),
    Remove { position: Position, camera: CameraId },
    Stand { position: Position, camera: CameraId, standing: RowStanding },
}

impl Edit {
    pub(crate) fn position(&self) -> Position {
        match *self {
            Self::Insert(row) => row.camera.position,
            Self::Remove { position, .. } | Self::Stand { position, .. } => position,
        }
    }
}
