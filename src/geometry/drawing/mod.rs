//! Drawings: their rings as given and on the grid, the cut at the antimeridian, and why one is refused.

mod antimeridian;
mod area_error;
mod drawing;
mod rings;
mod turned;

pub(crate) use antimeridian::{Point, locate};
pub use area_error::{AreaError, AreaFlaw, VertexRef};
pub(crate) use area_error::{MAX_RADIUS_M, RingName};
pub(crate) use drawing::{Drawing, Ring, Vertex, grid_position, is_empty};
pub(crate) use rings::GridRings;
pub(crate) use turned::Turned;
