//! The boundary of an area, prepared for point-in-area tests of 64 positions at a time.

mod clip;
mod corner_path;
mod edge;
mod point_mask;
mod prepared;

pub(crate) use clip::Clip;
pub(crate) use edge::{Edge, Lanes};
pub(crate) use prepared::Boundary;
