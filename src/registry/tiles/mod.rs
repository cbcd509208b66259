//! TODO-DOC

mod decode;
mod encode;
mod error;
mod tile;

pub(crate) use decode::{Decoded, OwnerRow, Rows, decode};
pub(crate) use encode::{CAMERA, HEADER};
pub use error::{TileError, TileFlaw};
pub use tile::{Tile, TileChanges, TileKey, TileKeyError};
