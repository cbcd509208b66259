//! TODO-DOC

mod antimeridian;
mod area_error;
mod drawing;
mod rings;

pub(crate) use antimeridian::{Point, locate};
pub(crate) use area_error::MAX_RADIUS_M;
pub use area_error::{AreaError, AreaFlaw, VertexRef};
pub(crate) use drawing::{Drawing, Ring, Vertex};
pub(crate) use rings::GridRings;
