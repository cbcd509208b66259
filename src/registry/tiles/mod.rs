//! Tiles: the parts of a registry that a service stores as bytes. In reading order: tiles and their
//! keys, the format with the encoder, the decoder, and its errors.

mod tile;
mod encode;
mod decode;
mod error;

pub(crate) use decode::{Decoded, OwnerRow, Rows, decode};
pub(crate) use encode::{CAMERA, HEADER};
pub use error::{TileError, TileFlaw};
pub use tile::{Tile, TileChanges, TileKey, TileKeyError};
