//! Whether two areas share a point, exactly.

use super::edge::Edge;
use super::{Area, Boundary};

impl Area {
    /// Whether some point is in both areas; their boundaries count, so areas that touch in an edge
    /// or in a corner do. An area in a hole of another does not, unless it touches the hole's edge.
    ///
    /// Exact on the grid of 1e-7 degree, across the antimeridian too. O(n m) for n and m vertices,
    /// but 16 neighbours that are far away are passed over together.
    ///
    /// ```
    /// use canvass::Area;
    ///
    /// let school = Area::from_bounds(-73.98, 40.76, -73.97, 40.77)?;
    /// let next_door = Area::from_bounds(-73.97, 40.76, -73.96, 40.77)?;
    /// let elsewhere = Area::from_bounds(-73.969, 40.76, -73.96, 40.77)?;
    /// assert!(school.intersects(&next_door));
    /// assert!(!school.intersects(&elsewhere));
    /// # Ok::<(), canvass::AreaError>(())
    /// ```
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        // Where no boundaries meet, each ring is wholly inside the other area or wholly outside;
        // and a point of both has a ring around it that is in the other area.
        self.envelope().intersects(other.envelope())
            && (meet(self.boundary(), other.boundary())
                || other.ring_starts().any(|vertex| self.covers(vertex))
                || self.ring_starts().any(|vertex| other.covers(vertex)))
    }
}

/// Whether an edge of one boundary and one of another share a point.
fn meet(one: &Boundary, other: &Boundary) -> bool {
    one.runs().filter(|(_, envelope)| envelope.intersects(other.envelope())).any(
        |(lanes, envelope)| {
            let near = other.runs().filter(|(_, run)| run.intersects(envelope));
            near.flat_map(|(others, _)| others.iter()).any(|edge| {
                edge.envelope().intersects(envelope) && lanes.iter().any(|with| touch(edge, with))
            })
        },
    )
}

/// Whether two edges share a point. One may be a point itself: then all is on its line.
pub(super) fn touch(one: Edge, other: Edge) -> bool {
    // On both lines at once they lie on one, and there their envelopes say it.
    let reaches = |edge: Edge, line: Edge| {
        line.side(edge.ax, edge.ay).signum() * line.side(edge.bx, edge.by).signum() <= 0
    };
    one.envelope().intersects(other.envelope()) && reaches(one, other) && reaches(other, one)
}
