//! Where: positions and areas. Knows nothing of cameras.

mod antimeridian;
mod area;
mod area_error;
mod covering;
mod drawing;
mod edges;
mod envelope;
mod even_odd;
mod formats;
mod position;
mod repair;
mod size;
mod sweep_order;
mod validity;

pub use area::Area;
pub use area_error::{AreaError, Flaw, Place};
pub(crate) use edges::{Boundary, Clip, Lanes};
pub(crate) use envelope::Envelope;
pub use position::{Position, PositionError};
pub use repair::Repaired;
