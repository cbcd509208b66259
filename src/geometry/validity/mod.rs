//! Validation of drawings by the rules of OGC Simple Features, in one plane sweep.

mod collision;
mod ring_nesting;
mod sweep;
mod sweep_edge;
mod sweep_line;
mod touch_graph;

pub(crate) use collision::Collision;
pub(crate) use sweep::find_flaw;
pub(crate) use sweep_line::SweepOrder;
