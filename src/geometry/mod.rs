//! Where: positions and areas. Knows nothing of cameras.

mod antimeridian;
mod area;
mod area_error;
mod boundary;
mod covering;
mod drawing;
mod edge;
mod envelope;
mod even_odd;
mod fan;
mod formats;
mod geojson;
mod mask;
mod meeting;
mod overlap;
mod position;
mod repair;
mod rings;
mod size;
mod sweep_edge;
mod sweep_order;
mod sweep_touches;
mod validity;

pub use area::Area;
pub use area_error::{AreaError, Flaw, Place};
pub(crate) use boundary::{Boundary, Clip};
pub(crate) use edge::Lanes;
pub(crate) use envelope::Envelope;
pub(crate) use fan::{ArcPlaces, Fan, turns};
pub(crate) use overlap::Overlap;
pub(crate) use position::{E7, to_e7};
pub use position::{Position, PositionError};
pub use repair::Repaired;
