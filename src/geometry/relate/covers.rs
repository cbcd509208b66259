//! Whether one area covers another, exactly.
//!
//! The inner area is given by edges that meet in their ends only, the inside to the left of each. Those
//! of the outer area may cross, as rounding may have them: a position counts as inside where their number is odd.
//! Then no edge of the outer area has it on both sides (but one that lies on another, which rounding
//! hardly ever leaves, and then the answer may be a no too many), so the inner area is covered if and
//! only if
//!
//! 1. next to each of its edges, on its inside, is inside of the outer area;
//! 2. no edge of the outer area goes through its inside.
//!
//! For by the second, each piece of its inside is wholly inside the outer area or wholly outside; and
//! each piece has an edge, which by the first decides it.
//!
//! Of our own because `geo::Relate` builds a graph of all edges of both: 140 ms and more for a
//! jurisdiction of 10,000 vertices, where a request has a few that are near some of them.

use crate::geometry::grid::Envelope;

pub(crate) type Point = (i64, i64);

/// A directed edge, the inside to its left.
#[derive(Clone, Copy)]
pub(crate) struct RingEdge {
    from: Point,
    to: Point,
    envelope: Envelope,
}

impl RingEdge {
    /// An edge in units of 1e-7 degree.
    pub(crate) fn new(from: Point, to: Point) -> Self {
        Self { from, to, envelope: envelope(from, to) }
    }

    /// Whether the edge decides anything in an envelope: it is in it or west of it.
    pub(crate) fn matters_in(&self, envelope: Envelope) -> bool {
        self.envelope.intersects(Envelope { west: i32::MIN, ..envelope })
    }
}

/// Up to 16 edges, mostly neighbours in a ring, and their envelope.
struct EdgeRun<'a> {
    edges: &'a [RingEdge],
    envelope: Envelope,
}

fn runs(edges: &[RingEdge]) -> Vec<EdgeRun<'_>> {
    let run = |edges| EdgeRun { edges, envelope: envelope_of(edges) };
    edges.chunks(16).map(run).collect()
}

fn envelope_of(edges: &[RingEdge]) -> Envelope {
    edges.iter().fold(Envelope::EMPTY, |all, edge| all.merged(edge.envelope))
}

/// Whether every point inside `inner` is inside `outer` or on its boundary. Of the outer edges, those
/// that [matter](RingEdge::matters_in) in the envelope of the inner ones suffice.
///
/// O(n m) for n and m edges, most by 16 at once.
pub(crate) fn covers(outer: &[RingEdge], inner: &[RingEdge]) -> bool {
    let all = envelope_of(inner);
    let mut near = outer.iter().filter(|edge| overlap(edge.envelope, all));
    let (outer_runs, inner_runs) = (runs(outer), runs(inner));
    inner.iter().all(|edge| is_inside_along(edge, &outer_runs))
        && !near.any(|edge| enters(edge, &inner_runs))
}

/// Whether every point of some edges is inside `outer` or on its boundary: for edges that rounding left
/// without an inside to their left.
pub(crate) fn covers_edges(outer: &[RingEdge], edges: &[RingEdge]) -> bool {
    let runs = runs(outer);
    edges.iter().all(|edge| is_along(edge, &runs))
}

fn envelope(a: Point, b: Point) -> Envelope {
    let narrow = |e7: i64| i32::try_from(e7).unwrap_or(i32::MAX);
    Envelope {
        west: narrow(a.0.min(b.0)),
        south: narrow(a.1.min(b.1)),
        east: narrow(a.0.max(b.0)),
        north: narrow(a.1.max(b.1)),
    }
}

/// Whether an envelope, which may be flat, has a point strictly inside another.
fn overlap(envelope: Envelope, other: Envelope) -> bool {
    envelope.west < other.east
        && other.west < envelope.east
        && envelope.south < other.north
        && other.south < envelope.north
}

/// Twice the size of a triangle, positive if counter-clockwise; exact.
fn orient(a: Point, b: Point, c: Point) -> i128 {
    i128::from(b.0 - a.0) * i128::from(c.1 - a.1) - i128::from(c.0 - a.0) * i128::from(b.1 - a.1)
}

/// Whether the inside of an edge's own area, right beside the edge, is inside another area whose
/// edges do not go through there.
///
/// Decided half a unit above the edge's lower end: no vertex is at that latitude. A level edge has
/// nothing beside it there, but it is never the only edge of a piece.
fn is_inside_along(edge: &RingEdge, runs: &[EdgeRun<'_>]) -> bool {
    let rises = edge.from.1 < edge.to.1;
    let (low, high) = if rises { (edge.from, edge.to) } else { (edge.to, edge.from) };
    if low.1 == high.1 {
        return true;
    }
    let level = 2 * low.1 + 1;
    // Where an edge is at that latitude, as a fraction: below 2^67 over below 2^33.
    let at = |low: Point, high: Point| {
        let run = i128::from(high.1 - low.1);
        let along = i128::from(high.0 - low.0) * i128::from(level - 2 * low.1);
        (2 * run * i128::from(low.0) + along, 2 * run)
    };
    let here = at(low, high);
    let mut inside = false;
    for edge in near_parallel(runs, level, low.0.max(high.0)) {
        let there =
            if edge.from.1 < edge.to.1 { at(edge.from, edge.to) } else { at(edge.to, edge.from) };
        let (here, there) = (here.0 * there.1, there.0 * here.1);
        // The inside is west of an edge that goes north, and east of one that goes south.
        inside ^= if rises { there < here } else { there <= here };
    }
    inside
}

/// The edges that cross a parallel, given in half units, and do not begin east of a meridian.
fn near_parallel<'a>(
    runs: &'a [EdgeRun<'a>],
    level: i64,
    east: i64,
) -> impl Iterator<Item = &'a RingEdge> {
    let is_near = move |envelope: Envelope| {
        2 * i64::from(envelope.south) < level
            && level < 2 * i64::from(envelope.north)
            && i64::from(envelope.west) <= east
    };
    let runs = runs.iter().filter(move |run| is_near(run.envelope));
    runs.flat_map(|run| run.edges).filter(move |edge| is_near(edge.envelope))
}

/// Whether an edge has a point strictly inside an area.
fn enters(edge: &RingEdge, runs: &[EdgeRun<'_>]) -> bool {
    match stops(edge, runs) {
        None => true,
        Some(stops) => pieces(&stops).any(|middle| side(middle, runs) == Side::Inside),
    }
}

/// Whether an edge has no point outside an area.
fn is_along(edge: &RingEdge, runs: &[EdgeRun<'_>]) -> bool {
    stops(edge, runs).is_some_and(|stops| {
        let ends = stops.iter().map(|&(x, y)| (2 * x, 2 * y));
        ends.chain(pieces(&stops)).all(|point| side(point, runs) != Side::Outside)
    })
}

/// Where an edge meets vertices of an area, its own ends included, in order; `None` if it crosses an
/// edge. Between two stops it meets no other edge but one that it runs along.
fn stops(edge: &RingEdge, runs: &[EdgeRun<'_>]) -> Option<Vec<Point>> {
    let (a, b) = (edge.from, edge.to);
    let mut stops = vec![a, b];
    let near = runs.iter().filter(|run| run.envelope.intersects(edge.envelope));
    for other in near.flat_map(|run| run.edges) {
        if !other.envelope.intersects(edge.envelope) {
            continue;
        }
        let (from, to) = (orient(a, b, other.from).signum(), orient(a, b, other.to).signum());
        if from * to < 0
            && orient(other.from, other.to, a).signum() * orient(other.from, other.to, b).signum()
                < 0
        {
            return None;
        }
        // Each vertex ends one edge of its ring.
        if to == 0 && edge.envelope.intersects(envelope(other.to, other.to)) {
            stops.push(other.to);
        }
    }
    stops.sort_unstable();
    Some(stops)
}

/// The middles between stops, in half units.
fn pieces(stops: &[Point]) -> impl Iterator<Item = Point> {
    stops.windows(2).filter_map(|stops| match *stops {
        [from, to] if from != to => Some((from.0 + to.0, from.1 + to.1)),
        _ => None,
    })
}

/// Where a point is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Inside,
    OnEdge,
    Outside,
}

/// Where a point, given in half units, is.
fn side(point: Point, runs: &[EdgeRun<'_>]) -> Side {
    let (x, y) = point;
    let beside = |envelope: Envelope| {
        2 * i64::from(envelope.south) <= y
            && y <= 2 * i64::from(envelope.north)
            && 2 * i64::from(envelope.west) <= x
    };
    let mut inside = false;
    let near = runs.iter().filter(|run| beside(run.envelope)).flat_map(|run| run.edges);
    for edge in near.filter(|edge| beside(edge.envelope)) {
        let double = |(x, y): Point| (2 * x, 2 * y);
        let (from, to) = (double(edge.from), double(edge.to));
        let (low, high) = if from.1 < to.1 { (from, to) } else { (to, from) };
        let side = orient(low, high, point);
        if side == 0 && x <= low.0.max(high.0) {
            return Side::OnEdge;
        }
        inside ^= low.1 <= y && y < high.1 && side < 0;
    }
    if inside { Side::Inside } else { Side::Outside }
}
