//! The pipeline: prune, refine, evaluate, collect.
//!
//! - **prune** walks the R-trees with the area's edges, clipped at each node to those that matter
//!   there. It may only keep too much.
//! - **refine** decides in which rows of a block the boundary crosses the camera is in the area.
//!   Exact.
//! - **evaluate** decides which rows may be asked: consent and footage. Exact; anything unknown is
//!   a no.
//! - **collect** groups the rows in both masks by owner, in a deterministic order.

mod batch;
mod collect;
mod evaluate;
mod explain;
mod pipeline;
mod prune;
mod quiet_waits;
mod refine;
mod route;
mod scratch;
mod view_walk;

pub use explain::{Explanation, Funnel, OperatorFunnel};
pub(crate) use pipeline::Gathered;
pub use route::{RecheckError, Recipient, Recipients, Route};
pub use scratch::{Scratch, SimdLevel};
