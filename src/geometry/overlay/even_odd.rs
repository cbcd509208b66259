//! The region that an odd number of rings go around, however they cross.
//!
//! Edges are split where they meet, on the grid of 1e-7 degree; stretches that two edges share cancel out. No
//! edge ends up further than half a unit of the grid, in either axis, from where it was.
//! A plane sweep then finds on which side of each edge the inside is, and walks along the edges with
//! the inside to the left give rings.
//!
//! Of our own because a repair must neither panic nor lose pieces nor depend on a hash order:
//! `geo::MakeValid` loses pieces that touch others in several vertices and orders parts anew in each
//! run, and the overlay behind `geo::BooleanOps` can panic where rings touch.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use geo_types::{Coord, LineString, MultiPolygon, Polygon};

use crate::geometry::drawing::{AreaError, Drawing, Point, locate};
use crate::geometry::grid::E7;
use crate::geometry::validity::SweepOrder;

/// Rounds of splitting. One is enough unless rounding a crossing lets edges cross anew; then they are
/// [snapped](snap), after which none should.
const ROUNDS: usize = 32;

/// Cuts that any drawing may need in one round, and more for each edge it has. There can be n² of
/// them, and the next round would look at pairs of the pieces.
const FEW_CUTS: usize = 10_000;
const CUTS_PER_EDGE: usize = 4;

/// An edge from its western to its eastern end (from its southern, if it is vertical).
type DirectedEdge = (Point, Point);

/// Makes rings, in degrees, of the edges of a drawing.
pub(crate) fn even_odd(drawing: &Drawing) -> Result<MultiPolygon<f64>, AreaError> {
    let mut edges = Vec::with_capacity(drawing.vertices.len());
    for ring in &drawing.rings {
        let vertices = drawing.vertices.get(ring.start..ring.end).unwrap_or_default();
        let next = vertices.iter().cycle().skip(1);
        edges.extend(vertices.iter().zip(next).map(|(a, b)| ((a.lon, a.lat), (b.lon, b.lat))));
    }
    let given = cancelled(edges);
    let meetings = meetings(&given)?;
    let mut edges = cancelled(cut(&given, meetings.clone()));
    for round in 0..ROUNDS {
        let crossings = self::meetings(&edges)?;
        if crossings.is_empty() {
            return Ok(nested(rings(&edges)));
        }
        // To split the pieces again would round them again, and move edges further each time.
        edges =
            cancelled(if round == 0 { snap(&given, &meetings) } else { cut(&edges, crossings) });
    }
    Err(AreaError::Irreparable)
}

/// Where edges are to be cut, by their index.
type Cuts = BTreeMap<usize, Vec<Point>>;

/// Edges in order, each that is there an odd number of times once.
fn cancelled(mut edges: Vec<DirectedEdge>) -> Vec<DirectedEdge> {
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
fn meetings(edges: &[DirectedEdge]) -> Result<Cuts, AreaError> {
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
fn cut(edges: &[DirectedEdge], mut cuts: Cuts) -> Vec<DirectedEdge> {
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
fn snap(edges: &[DirectedEdge], cuts: &Cuts) -> Vec<DirectedEdge> {
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

fn span(edge: DirectedEdge) -> (i64, i64) {
    (edge.0.1.min(edge.1.1), edge.0.1.max(edge.1.1))
}

/// Positive if the three turn counter-clockwise; exact.
fn orient(a: Point, b: Point, c: Point) -> i128 {
    i128::from(b.0 - a.0) * i128::from(c.1 - a.1) - i128::from(c.0 - a.0) * i128::from(b.1 - a.1)
}

fn is_inside_edge(point: Point, edge: DirectedEdge) -> bool {
    edge.0 < point && point < edge.1 && orient(edge.0, edge.1, point) == 0
}

/// Where two edges properly cross, to the nearest place of the grid.
fn crossing(a: DirectedEdge, b: DirectedEdge) -> Option<Point> {
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

/// Rings with the inside to the left that pass no place twice, of edges that meet in ends only.
fn rings(edges: &[DirectedEdge]) -> Vec<Vec<Point>> {
    let mut steps: HashMap<Point, Vec<Point>> = HashMap::new();
    for (&(a, b), inside_above) in edges.iter().zip(inside_above(edges)) {
        let (from, to) = if inside_above { (a, b) } else { (b, a) };
        steps.entry(from).or_default().push(to);
    }
    let mut rings = Vec::new();
    for &(west, east) in edges {
        for start in [west, east] {
            walk(&mut steps, start, &mut rings);
        }
    }
    rings
}

/// Walks from a place until there are no steps left from it, each loop becoming a ring.
fn walk(steps: &mut HashMap<Point, Vec<Point>>, start: Point, rings: &mut Vec<Vec<Point>>) {
    let mut path = vec![start];
    let mut places = HashMap::from([(start, 0)]);
    let mut before = None;
    let mut here = start;
    while let Some(next) = take_step(steps, here, before) {
        before = Some(here);
        here = next;
        if let Some(&earlier) = places.get(&here) {
            let mut ring = vec![here];
            ring.extend(path.drain(earlier + 1..));
            for place in ring.iter().skip(1) {
                places.remove(place);
            }
            rings.push(ring);
        } else {
            places.insert(here, path.len());
            path.push(here);
        }
    }
}

/// The next step along the face to the left: the first clockwise from where the walk came from.
fn take_step(
    steps: &mut HashMap<Point, Vec<Point>>,
    here: Point,
    before: Option<Point>,
) -> Option<Point> {
    let next = steps.get_mut(&here)?;
    let by_turn = |a: &Point, b: &Point| match before {
        Some(before) => clockwise(here, before, *a, *b),
        None => a.cmp(b),
    };
    let (best, _) = next.iter().enumerate().min_by(|(_, a), (_, b)| by_turn(a, b))?;
    Some(next.swap_remove(best))
}

/// Which of two directions from a place comes first, turning clockwise from a third.
fn clockwise(at: Point, from: Point, a: Point, b: Point) -> Ordering {
    // The half turn right of `from` comes first, then the other.
    let half = |to: Point| match orient(at, from, to).signum() {
        -1 => 0,
        0 => 1,
        _ => 2,
    };
    half(a).cmp(&half(b)).then_with(|| orient(at, a, b).signum().cmp(&0))
}

/// For each edge whether the inside is above it: it is, if it is not above the edge just below.
fn inside_above(edges: &[DirectedEdge]) -> Vec<bool> {
    let mut events: Vec<(Point, bool, usize)> = Vec::with_capacity(2 * edges.len());
    for (index, edge) in edges.iter().enumerate() {
        events.push((edge.0, true, index));
        events.push((edge.1, false, index));
    }
    events.sort_unstable();
    let mut above = vec![false; edges.len()];
    let mut order = SweepOrder::default();
    for group in events.chunk_by(|a, b| a.0 == b.0) {
        let Some(&(at, ..)) = group.first() else { continue };
        let ends = group.iter().filter(|event| !event.1).count();
        let edge = |id: u32| edges.get(id as usize).copied().unwrap_or_default();
        let cursor = order.seek(|id| {
            let (from, to) = edge(id);
            orient(from, to, at) > 0
        });
        let mut leaving: Vec<u32> = group
            .iter()
            .filter(|event| event.1)
            .filter_map(|event| u32::try_from(event.2).ok())
            .collect();
        leaving.sort_unstable_by(|&a, &b| 0.cmp(&orient(at, edge(a).1, edge(b).1)));
        let below = order.before(cursor).and_then(|before| order.get(before));
        let mut inside = below.is_some_and(|id| above.get(id as usize) == Some(&true));
        for &id in &leaving {
            inside = !inside;
            if let Some(slot) = above.get_mut(id as usize) {
                *slot = inside;
            }
        }
        order.replace(cursor, ends, &leaving);
    }
    above
}

/// Gives each hole (clockwise) to the smallest shell (counter-clockwise) around it.
fn nested(rings: Vec<Vec<Point>>) -> MultiPolygon<f64> {
    let doubled = |ring: &[Point]| -> i128 {
        let next = ring.iter().cycle().skip(1);
        ring.iter().zip(next).map(|(a, b)| orient((0, 0), *a, *b)).sum()
    };
    let (mut shells, holes): (Vec<_>, Vec<_>) =
        rings.into_iter().map(|ring| (doubled(&ring), ring)).partition(|(size, _)| *size > 0);
    shells.sort_unstable();
    let mut inner = vec![Vec::new(); shells.len()];
    for (_, hole) in holes {
        let is_around =
            |shell: &[Point]| hole.iter().find_map(|&point| locate(shell, point)).unwrap_or(true);
        if let Some(shell) = shells.iter().position(|(_, shell)| is_around(shell))
            && let Some(holes) = inner.get_mut(shell)
        {
            holes.push(degrees(&hole));
        }
    }
    let polygons =
        shells.iter().zip(inner).map(|((_, shell), holes)| Polygon::new(degrees(shell), holes));
    MultiPolygon(polygons.collect())
}

fn degrees(ring: &[Point]) -> LineString<f64> {
    let coords = ring.iter().map(|&(lon, lat)| Coord { x: lon as f64 / E7, y: lat as f64 / E7 });
    LineString(coords.collect())
}
