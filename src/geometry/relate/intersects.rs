//! Whether two areas share a point, exactly.

use crate::geometry::boundary::{Boundary, Edge};

/// Whether an edge of one boundary and one of another share a point.
pub(crate) fn meet(one: &Boundary, other: &Boundary) -> bool {
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
pub(crate) fn touch(one: Edge, other: Edge) -> bool {
    // Two edges on one line reach each other by this test; there the envelopes decide.
    let reaches = |edge: Edge, line: Edge| {
        line.side(edge.ax, edge.ay).signum() * line.side(edge.bx, edge.by).signum() <= 0
    };
    one.envelope().intersects(other.envelope()) && reaches(one, other) && reaches(other, one)
}
