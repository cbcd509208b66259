//! Positions and areas: reading, validation, point-in-area tests, overlays. Knows nothing of cameras.

mod area;
mod boundary;
mod difference;
mod drawing;
mod grid;
mod input;
mod overlay;
mod relate;
mod validity;
mod view_fan;
mod width;

pub use area::Area;
pub(crate) use boundary::{Boundary, Clip, Lanes};
pub(crate) use difference::Overlap;
pub use drawing::{AreaError, AreaFlaw, VertexRef};
pub(crate) use grid::{E7, Envelope, EnvelopeColumns, EnvelopeIndex, NODE_WIDTH, NodeRow, to_e7};
pub use grid::{Position, PositionError};
pub use input::Repaired;
pub(crate) use view_fan::{ArcPositions, ViewFan, turns};
pub(crate) use width::Neck;
