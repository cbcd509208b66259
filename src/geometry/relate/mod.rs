//! Whether one area covers another, and whether two areas intersect.

mod covers;
mod intersects;

pub(crate) use covers::{RingEdge, covers, covers_edges};
pub(crate) use intersects::{meet, touch};
