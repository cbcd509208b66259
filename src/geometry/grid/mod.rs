//! Positions and envelopes in units of 1e-7 degree, and sizes on the ellipsoid.

mod ellipsoid_size;
mod envelope;
mod envelope_columns;
mod envelope_index;
mod position;

pub(crate) use ellipsoid_size::ring_size_m2;
pub(crate) use envelope::Envelope;
pub(crate) use envelope_columns::{EnvelopeColumns, NODE_WIDTH, NodeRow};
pub(crate) use envelope_index::EnvelopeIndex;
pub(crate) use position::{E7, HALF_TURN, SevenDecimals, lon_lat, to_e7};
pub use position::{Position, PositionError};
