//! The edges of a sweep, and on which side of them a vertex is.

use geo::kernels::{Kernel, RobustKernel};
use geo_types::Coord;

/// Which edge of a drawing: the one that starts at the vertex with that number.
pub(crate) type EdgeId = u32;

/// A number of vertices, edges or rings as it is kept here.
pub(crate) fn index(id: usize) -> u32 {
    u32::try_from(id).unwrap_or(u32::MAX)
}

/// An edge from its western to its eastern end (from its southern, if it is vertical).
#[derive(Clone, Copy)]
pub(crate) struct SweepEdge {
    pub(crate) low: Coord<f64>,
    pub(crate) high: Coord<f64>,
    pub(crate) ring: u32,
    /// Whether the ring runs along it from `low` to `high`.
    pub(crate) forward: bool,
}

/// Positive above an edge the sweep line meets, negative below, zero on it; exact.
#[inline]
pub(crate) fn side(edge: &SweepEdge, at: Coord<f64>) -> f64 {
    let (south, north) = if edge.low.y < edge.high.y {
        (edge.low.y, edge.high.y)
    } else {
        (edge.high.y, edge.low.y)
    };
    if at.y > north {
        1.0
    } else if at.y < south {
        -1.0
    } else {
        orient(edge.low, edge.high, at)
    }
}

/// Positive if the three turn counter-clockwise; exact in sign.
#[inline]
pub(crate) fn orient(a: Coord<f64>, b: Coord<f64>, c: Coord<f64>) -> f64 {
    match RobustKernel::orient2d(a, b, c) {
        geo::Orientation::CounterClockwise => 1.0,
        geo::Orientation::Clockwise => -1.0,
        geo::Orientation::Collinear => 0.0,
    }
}

/// About where the lines of two edges meet, for messages.
pub(crate) fn intersection(a: &SweepEdge, b: &SweepEdge) -> Coord<f64> {
    let (along, across) = (a.high - a.low, b.high - b.low);
    let denominator = along.x * across.y - along.y * across.x;
    let offset = b.low - a.low;
    let share = (offset.x * across.y - offset.y * across.x) / denominator;
    if share.is_finite() {
        let share = share.clamp(0.0, 1.0);
        Coord { x: a.low.x + along.x * share, y: a.low.y + along.y * share }
    } else {
        a.low
    }
}
