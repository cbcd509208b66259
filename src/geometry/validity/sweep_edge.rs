//! The edges of a sweep, and on which side of them a vertex is.

use std::cmp::Ordering;

use geo::kernels::{Kernel, RobustKernel};
use geo_types::Coord;

use crate::geometry::drawing::Turned;

/// Which edge of a drawing: the one that starts at the vertex with that number.
pub(crate) type EdgeId = u32;

/// A number of vertices, edges or rings as it is kept here.
pub(crate) fn index(id: usize) -> u32 {
    u32::try_from(id).unwrap_or(u32::MAX)
}

/// A place in the unwrapped plane of a sweep.
pub(crate) trait SweepPlace: Copy + PartialEq {
    /// About where it is, for messages.
    fn coord(self) -> Coord<f64>;

    /// Orders from west to east, and from south to north where longitudes are equal; exact.
    fn cmp(&self, other: &Self) -> Ordering;

    /// Whether it is first in that order.
    fn is_before(&self, other: &Self) -> bool;

    /// Positive if the three turn counter-clockwise; exact in sign.
    fn orient(a: Self, b: Self, c: Self) -> f64;
}

impl SweepPlace for Coord<f64> {
    #[inline]
    fn coord(self) -> Coord<f64> {
        self
    }

    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.x.total_cmp(&other.x).then(self.y.total_cmp(&other.y))
    }

    #[inline]
    fn is_before(&self, other: &Self) -> bool {
        // Finite and never -0.0, so cheaper than a total order, and the same.
        self.x < other.x || (self.x <= other.x && self.y < other.y)
    }

    #[inline]
    fn orient(a: Self, b: Self, c: Self) -> f64 {
        match RobustKernel::orient2d(a, b, c) {
            geo::Orientation::CounterClockwise => 1.0,
            geo::Orientation::Clockwise => -1.0,
            geo::Orientation::Collinear => 0.0,
        }
    }
}

impl SweepPlace for Turned {
    fn coord(self) -> Coord<f64> {
        Coord { x: self.x, y: self.y }
    }

    fn cmp(&self, other: &Self) -> Ordering {
        self.cmp_lon(other).then(self.y.total_cmp(&other.y))
    }

    fn is_before(&self, other: &Self) -> bool {
        self.cmp(other).is_lt()
    }

    fn orient(a: Self, b: Self, c: Self) -> f64 {
        Self::orient(a, b, c)
    }
}

/// An edge from its western to its eastern end (from its southern, if it is vertical).
#[derive(Clone, Copy)]
pub(crate) struct SweepEdge<P> {
    pub(crate) low: P,
    pub(crate) high: P,
    pub(crate) ring: u32,
    /// Whether the ring runs along it from `low` to `high`.
    pub(crate) forward: bool,
}

/// Positive above an edge the sweep line meets, negative below, zero on it; exact.
#[inline]
pub(crate) fn side<P: SweepPlace>(edge: &SweepEdge<P>, at: P) -> f64 {
    let (low, high, lat) = (edge.low.coord().y, edge.high.coord().y, at.coord().y);
    let (south, north) = if low < high { (low, high) } else { (high, low) };
    if lat > north {
        1.0
    } else if lat < south {
        -1.0
    } else {
        P::orient(edge.low, edge.high, at)
    }
}

/// About where the lines of two edges meet, for messages.
pub(crate) fn intersection<P: SweepPlace>(a: &SweepEdge<P>, b: &SweepEdge<P>) -> Coord<f64> {
    let (a, b) = ((a.low.coord(), a.high.coord()), (b.low.coord(), b.high.coord()));
    let (along, across) = (a.1 - a.0, b.1 - b.0);
    let denominator = along.x * across.y - along.y * across.x;
    let offset = b.0 - a.0;
    let share = (offset.x * across.y - offset.y * across.x) / denominator;
    if share.is_finite() {
        let share = share.clamp(0.0, 1.0);
        Coord { x: a.0.x + along.x * share, y: a.0.y + along.y * share }
    } else {
        a.0
    }
}
