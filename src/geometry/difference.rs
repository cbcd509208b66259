//! How two areas lie to each other: apart, the same, or overlapping, and then by how much they differ.

use super::area::Area;
use crate::geometry::drawing::Drawing;
use crate::geometry::grid::{ring_size_m2, to_e7};
use crate::geometry::overlay::even_odd;

/// Areas that share less than this are apart: rounding a crossing to the grid moves an edge by half
/// a unit, so areas that only touch may seem to share a little.
const SHARED_M2: f64 = 1.0;

/// How one area lies to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Overlap {
    /// They share nothing, or less than a square metre.
    Apart,
    /// They are the same region, however it was drawn.
    Same,
    /// They share something and differ.
    Partial {
        /// The size in square metres of the region that is in exactly one of them.
        difference_m2: f64,
    },
}

impl Area {
    /// Whether this area is the same region as another: the first vertex, the direction and extra
    /// vertices on straight edges make no difference.
    pub(crate) fn is_same_region(&self, other: &Self) -> bool {
        self.envelope() == other.envelope() && self.overlap(other) == Overlap::Same
    }

    /// How this area lies to another.
    ///
    /// The region in exactly one of them is the region that an odd number of their rings go around,
    /// all rings taken together. O(n²) for n vertices of both. Where the overlay cannot be computed,
    /// the answer is an overlap without any difference: a policy that refuses areas which differ too
    /// little then refuses this one.
    pub(crate) fn overlap(&self, other: &Self) -> Overlap {
        if self == other {
            return Overlap::Same;
        }
        if !self.envelope().intersects(other.envelope()) {
            return Overlap::Apart;
        }
        let rings = [self.to_multi_polygon().0, other.to_multi_polygon().0].concat();
        let Ok(region) = Drawing::read(&rings).and_then(|drawing| even_odd(&drawing)) else {
            return Overlap::Partial { difference_m2: 0.0 };
        };
        if region.0.is_empty() {
            return Overlap::Same;
        }
        let size = |ring: &geo_types::LineString<f64>| {
            let e7 = |degrees| i64::from(to_e7(degrees));
            ring_size_m2(ring.0.iter().map(|at| (e7(at.x), e7(at.y))))
        };
        let sizes = region.iter().map(|polygon| {
            size(polygon.exterior()) - polygon.interiors().iter().map(size).sum::<f64>()
        });
        let difference_m2 = sizes.sum::<f64>().max(0.0);
        let shared_m2 = f64::midpoint(self.size_m2(), other.size_m2()) - difference_m2 / 2.0;
        if shared_m2 < SHARED_M2 { Overlap::Apart } else { Overlap::Partial { difference_m2 } }
    }
}
