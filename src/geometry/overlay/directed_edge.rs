//! Edges between places of the grid, and the exact tests on them.

use crate::geometry::drawing::Point;

/// An edge from its western to its eastern end (from its southern, if it is vertical).
pub(super) type DirectedEdge = (Point, Point);

/// The southern and the northern end.
pub(super) fn span(edge: DirectedEdge) -> (i64, i64) {
    (edge.0.1.min(edge.1.1), edge.0.1.max(edge.1.1))
}

/// Positive if the three turn counter-clockwise; exact.
pub(super) fn orient(a: Point, b: Point, c: Point) -> i128 {
    i128::from(b.0 - a.0) * i128::from(c.1 - a.1) - i128::from(c.0 - a.0) * i128::from(b.1 - a.1)
}

/// Whether a place lies on an edge, between its ends.
pub(super) fn is_inside_edge(point: Point, edge: DirectedEdge) -> bool {
    edge.0 < point && point < edge.1 && orient(edge.0, edge.1, point) == 0
}

/// Where two edges properly cross, to the nearest place of the grid.
pub(super) fn crossing(a: DirectedEdge, b: DirectedEdge) -> Option<Point> {
    let (from, to) = (orient(b.0, b.1, a.0), orient(b.0, b.1, a.1));
    let (other_from, other_to) = (orient(a.0, a.1, b.0), orient(a.0, a.1, b.1));
    let opposite = |one: i128, other: i128| one.signum() * other.signum() < 0;
    if !opposite(from, to) || !opposite(other_from, other_to) {
        return None;
    }
    let run = from - to;
    let at = |start: i64, end: i64| {
        // At most 7e9 * 3e19, which an i128 holds.
        let numerator = i128::from(end - start) * from;
        let (numerator, run) = if run < 0 { (-numerator, -run) } else { (numerator, run) };
        let rounded = (2 * numerator + run).div_euclid(2 * run);
        start + i64::try_from(rounded).unwrap_or(0)
    };
    Some((at(a.0.0, a.1.0), at(a.0.1, a.1.1)))
}
