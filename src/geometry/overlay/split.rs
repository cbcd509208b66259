//! Splitting edges where they meet, so that they meet in their ends only.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::directed_edge::{DirectedEdge, crossing, is_inside_edge, span};
use crate::geometry::drawing::{AreaError, Point};

/// Cuts that any drawing may need in one round, and more for each edge it has. There can be n² of
/// them, and the next round would look at pairs of the pieces.
const FEW_CUTS: usize = 10_000;
const CUTS_PER_EDGE: usize = 4;

/// Where edges are to be cut, by their index.
pub(super) type Cuts = BTreeMap<usize, Vec<Point>>;

/// Edges in order, each that is there an odd number of times once.
pub(super) fn cancelled(mut edges: Vec<DirectedEdge>) -> Vec<DirectedEdge> {
    edges.retain(|(a, b)| a != b);
    for edge in &mut edges {
        if edge.0 > edge.1 {
            *edge = (edge.1, edge.0);
        }
    }
    edges.sort_unstable();
    let odd = edges.chunk_by(|a, b| a == b).filter(|same| same.len() % 2 == 1);
    odd.filter_map(|same| same.first().copied()).collect()
}

/// Where edges meet other than in common ends.
///
/// O(n²) at worst: all pairs of edges whose longitudes overlap are looked at. Memory is O(n), since
/// there may not be more cuts than that.
pub(super) fn meetings(edges: &[DirectedEdge]) -> Result<Cuts, AreaError> {
    let most = FEW_CUTS.saturating_add(edges.len().saturating_mul(CUTS_PER_EDGE));
    let mut number = 0;
    let mut cuts = Cuts::new();
    for (index, &a) in edges.iter().enumerate() {
        let rest = edges.iter().enumerate().skip(index + 1);
        // Sorted by their western ends: none after the first beyond can meet this one.
        for (other, &b) in rest.take_while(|(_, b)| b.0.0 <= a.1.0) {
            let (a_lats, b_lats) = (span(a), span(b));
            if a_lats.0 > b_lats.1 || b_lats.0 > a_lats.1 {
                continue;
            }
            for (id, edge, (p, q)) in [(index, a, b), (other, b, a)] {
                for end in [p, q] {
                    if is_inside_edge(end, edge) {
                        number += 1;
                        cuts.entry(id).or_default().push(end);
                    }
                }
            }
            if let Some(place) = crossing(a, b) {
                for (id, edge) in [(index, a), (other, b)] {
                    if place != edge.0 && place != edge.1 {
                        number += 1;
                        cuts.entry(id).or_default().push(place);
                    }
                }
            }
            if number > most {
                return Err(AreaError::Irreparable);
            }
        }
    }
    Ok(cuts)
}

/// Splits edges at their cuts.
pub(super) fn cut(edges: &[DirectedEdge], mut cuts: Cuts) -> Vec<DirectedEdge> {
    let mut pieces = Vec::with_capacity(edges.len() + 2 * cuts.len());
    for (index, &(from, to)) in edges.iter().enumerate() {
        let mut places = cuts.remove(&index).unwrap_or_default();
        // Along the edge; rounding may have put a place beside it, so not in order of points.
        let along = |p: &Point| {
            i128::from(p.0 - from.0) * i128::from(to.0 - from.0)
                + i128::from(p.1 - from.1) * i128::from(to.1 - from.1)
        };
        places.sort_unstable_by_key(|place| (along(place), *place));
        push_pieces(&mut pieces, from, places, to);
    }
    pieces
}

fn push_pieces(
    pieces: &mut Vec<DirectedEdge>,
    from: Point,
    places: impl IntoIterator<Item = Point>,
    to: Point,
) {
    let mut last = from;
    for place in places.into_iter().chain([to]) {
        pieces.push((last, place));
        last = place;
    }
}

/// Bends each edge to all ends and crossings that are less than a unit's square away from it (Hobby,
/// "Practical segment intersection with finite precision output", 1999): the pieces meet in ends only.
///
/// O(n h) for n edges and h ends and crossings at worst: those whose longitudes an edge passes.
pub(super) fn snap(edges: &[DirectedEdge], cuts: &Cuts) -> Vec<DirectedEdge> {
    let ends = edges.iter().flat_map(|&(from, to)| [from, to]);
    let mut hot: Vec<Point> = ends.chain(cuts.values().flatten().copied()).collect();
    hot.sort_unstable();
    hot.dedup();
    let mut pieces = Vec::with_capacity(edges.len() + 2 * hot.len());
    for &edge in edges {
        let (from, to) = edge;
        let lats = span(edge);
        let first = hot.partition_point(|place| place.0 < from.0);
        let passed = hot.iter().skip(first).take_while(|place| place.0 <= to.0);
        let mut places: Vec<Point> = passed
            .filter(|place| (lats.0..=lats.1).contains(&place.1))
            .filter(|&&place| place != from && place != to && meets_square(edge, place))
            .copied()
            .collect();
        // The edge runs east, and north or south throughout: so do the squares that it passes.
        let north = if to.1 < from.1 { -1 } else { 1 };
        places.sort_unstable_by_key(|place| (place.0, place.1 * north));
        push_pieces(&mut pieces, from, places, to);
    }
    pieces
}

/// Whether an edge meets the places that are rounded to one: from half a unit west and south of it,
/// up to but without half a unit east and north. Exact.
fn meets_square((from, to): DirectedEdge, place: Point) -> bool {
    // In half units. A share of the edge's way is a fraction, with whether it belongs to the range.
    let mut least = (0, 1, true);
    let mut most = (1, 1, true);
    for (from, to, at) in [(from.0, to.0, place.0), (from.1, to.1, place.1)] {
        let [low, high] = [2 * at - 1, 2 * at + 1].map(|end| i128::from(end - 2 * from));
        let way = 2 * i128::from(to - from);
        let (first, last) = match way.signum() {
            1 => ((low, way, true), (high, way, false)),
            -1 => ((-high, -way, false), (-low, -way, true)),
            _ if low <= 0 && 0 < high => continue,
            _ => return false,
        };
        least = narrower(least, first, Ordering::Greater);
        most = narrower(most, last, Ordering::Less);
    }
    match (least.0 * most.1).cmp(&(most.0 * least.1)) {
        Ordering::Less => true,
        Ordering::Equal => least.2 && most.2,
        Ordering::Greater => false,
    }
}

/// A fraction, its denominator positive, and whether it belongs to the range that it ends.
type End = (i128, i128, bool);

/// The one of two ends that leaves less of a range.
fn narrower(a: End, b: End, inner: Ordering) -> End {
    match (b.0 * a.1).cmp(&(a.0 * b.1)) {
        Ordering::Equal => (a.0, a.1, a.2 && b.2),
        order if order == inner => b,
        _ => a,
    }
}
