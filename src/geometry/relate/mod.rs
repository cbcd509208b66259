//! TODO-DOC

mod covers;
mod intersects;

pub(crate) use covers::{RingEdge, covers, covers_edges};
pub(crate) use intersects::{meet, touch};
