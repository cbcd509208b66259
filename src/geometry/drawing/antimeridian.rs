//! Rings that go past the antimeridian: unwrapped for validation, then split at ±180 degrees.

#![expect(clippy::float_cmp, reason = "whole turns and the antimeridian itself are exact")]

use std::cmp::Ordering;

use geo_types::Coord;

use super::turned::Turned;

/// A full turn in units of 1e-7 degree.
pub(crate) const FULL_TURN: i64 = 3_600_000_000;
/// The antimeridian in units of 1e-7 degree.
const CUT: i64 = FULL_TURN / 2;

/// A vertex in units of 1e-7 degree, `(lon, lat)`, unwrapped.
pub(crate) type Point = (i64, i64);

/// Turns to add to each vertex so that no edge is wider than 180 degrees, the first vertex staying
/// where it is; `None` if the ring does not close then, that is, if it goes around a pole.
///
/// An edge from exactly -180 to exactly 180 degrees is a step of no length across the antimeridian,
/// unless it lies on a pole, or the ring would be flat or not close: then it goes around the world
/// along its parallel, if it has one latitude. So a whole band, and land cut at ±180 down to the pole,
/// are read as drawn, while `180 0, 180 1, -180 1` is flat.
pub(crate) fn unwrap(coords: &[Coord<f64>]) -> Option<Vec<i32>> {
    let (turns, closes) = turns(coords, WorldEdge::Across);
    let mut unwrapped = coords.iter().zip(&turns).map(|(&coord, &turn)| Turned::new(coord, turn));
    let first = unwrapped.next();
    let flat = unwrapped.all(|place| first.is_some_and(|first| place.cmp_lon(&first).is_eq()));
    if closes && !flat {
        return Some(turns);
    }
    let (along, closes_along) = self::turns(coords, WorldEdge::Along);
    if closes_along {
        return Some(along);
    }
    closes.then_some(turns)
}

/// How to read an edge from -180 to 180 degrees.
#[derive(Clone, Copy, PartialEq)]
enum WorldEdge {
    Across,
    Along,
}

fn turns(coords: &[Coord<f64>], reading: WorldEdge) -> (Vec<i32>, bool) {
    let mut turn = 0_i32;
    let mut turns = Vec::with_capacity(coords.len());
    for (coord, next) in coords.iter().zip(coords.iter().cycle().skip(1)) {
        turns.push(turn);
        let step = next.x - coord.x;
        let of_world = step.abs() == 360.0 && coord.x.abs() == 180.0;
        let on_pole = coord.y.abs() == 90.0;
        let as_given = of_world && coord.y == next.y && (on_pole || reading == WorldEdge::Along);
        if step.abs() > 180.0 && !as_given {
            turn = turn.saturating_sub(whole((step / 360.0).round()));
        }
    }
    (turns, turn == 0)
}

/// A number of turns that is whole, and small since longitudes are within ten turns.
#[expect(clippy::cast_possible_truncation, reason = "a small whole number")]
pub(crate) fn whole(turns: f64) -> i32 {
    turns as i32
}

/// Splits a part, its shell first, at the antimeridian, and brings the eastern pieces back by a
/// turn. Every vertex is at most a turn east of -180 degrees.
///
/// Cut edges get a vertex on the antimeridian at the latitude rounded to the grid. Just off the
/// antimeridian the inside is between every other pair of crossings, however rounding moved the
/// rings before. O(n log n), and O(pieces) for each hole that is not cut.
pub(crate) fn split(rings: &[Vec<Point>]) -> Vec<Vec<Vec<Point>>> {
    let mut parts = side(rings, 1);
    for mut part in side(rings, -1) {
        for point in part.iter_mut().flatten() {
            point.0 -= FULL_TURN;
        }
        parts.push(part);
    }
    parts
}

/// The pieces west (`sign` 1) or east (-1) of the antimeridian.
fn side(rings: &[Vec<Point>], sign: i64) -> Vec<Vec<Vec<Point>>> {
    let depth = |point: &Point| sign * (CUT - point.0);
    let mut shells = Vec::new();
    let mut holes = Vec::new();
    let mut chains = Vec::new();
    for (index, ring) in rings.iter().enumerate() {
        let on_line = ring.iter().filter(|point| depth(point) == 0).count();
        if ring.iter().all(|point| depth(point) <= 0) {
            continue;
        }
        if on_line <= 1 && ring.iter().all(|point| depth(point) >= 0) {
            if index == 0 { &mut shells } else { &mut holes }.push(ring.clone());
        } else {
            cut(ring, depth, &mut chains);
        }
    }
    shells.extend(link(chains, sign));
    assign(shells, holes)
}

/// A stretch of a ring strictly on one side, its two ends on the antimeridian.
struct Chain {
    points: Vec<Point>,
    ends: [Crossing; 2],
}

fn cut(ring: &[Point], depth: impl Fn(&Point) -> i64, chains: &mut Vec<Chain>) {
    let Some(outside) = ring.iter().position(|point| depth(point) <= 0) else { return };
    let mut before = ring.get(outside).copied().unwrap_or_default();
    let mut open: Option<(Crossing, Vec<Point>)> = None;
    for &point in ring.iter().cycle().skip(outside + 1).take(ring.len()) {
        let inside = depth(&point) > 0;
        if inside && open.is_none() {
            let first = Crossing::of(before, point);
            open = Some((first, vec![first.point()]));
        }
        if let Some((_, points)) = &mut open
            && inside
        {
            points.push(point);
        } else if let Some((first, mut points)) = open.take() {
            let last = Crossing::of(before, point);
            points.push(last.point());
            chains.push(Chain { points, ends: [first, last] });
        }
        before = point;
    }
}

/// An edge that meets the antimeridian, from its western end; it does not run along it.
#[derive(Clone, Copy)]
struct Crossing {
    from: Point,
    run: i128,
    rise: i128,
}

impl Crossing {
    fn of(a: Point, b: Point) -> Self {
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        Self { from: a, run: i128::from(b.0 - a.0).max(1), rise: i128::from(b.1 - a.1) }
    }

    /// The latitude there, times the run: exact.
    fn scaled_lat(&self) -> i128 {
        i128::from(self.from.1) * self.run + i128::from(CUT - self.from.0) * self.rise
    }

    /// The place to the nearest unit, halves away from zero.
    fn point(&self) -> Point {
        let scaled = self.scaled_lat();
        let half = if scaled < 0 { -self.run } else { self.run };
        let lat = (scaled * 2 + half) / (self.run * 2);
        (CUT, i64::try_from(lat).unwrap_or(0))
    }

    /// Orders from south to north a hair's breadth off the antimeridian on one side (as in
    /// [`side`]): exact, for edges that meet it in one place may be of different pieces.
    fn south_to_north(&self, other: &Self, sign: i64) -> Ordering {
        let by_lat = (self.scaled_lat() * other.run).cmp(&(other.scaled_lat() * self.run));
        let by_slope = (self.rise * other.run).cmp(&(other.rise * self.run));
        by_lat.then(if sign > 0 { by_slope.reverse() } else { by_slope })
    }
}

/// Joins chains into rings: sorted along the antimeridian, ends 0 and 1, 2 and 3, ... are joined.
fn link(chains: Vec<Chain>, sign: i64) -> Vec<Vec<Point>> {
    // End `2 * chain` is the first point of a chain and `2 * chain + 1` its last.
    let mut ends: Vec<(Crossing, usize)> = chains
        .iter()
        .enumerate()
        .flat_map(|(id, chain)| [(chain.ends[0], 2 * id), (chain.ends[1], 2 * id + 1)])
        .collect();
    ends.sort_unstable_by(|(a, id), (b, other)| a.south_to_north(b, sign).then(id.cmp(other)));
    let mut partner = vec![0; ends.len()];
    for pair in ends.chunks_exact(2) {
        if let [(_, a), (_, b)] = *pair {
            if let Some(slot) = partner.get_mut(a) {
                *slot = b;
            }
            if let Some(slot) = partner.get_mut(b) {
                *slot = a;
            }
        }
    }
    let mut chains: Vec<Option<Vec<Point>>> =
        chains.into_iter().map(|chain| Some(chain.points)).collect();
    let mut rings = Vec::new();
    for first in 0..chains.len() {
        let mut ring = Vec::new();
        let mut entry = 2 * first;
        while let Some(mut chain) = chains.get_mut(entry / 2).and_then(Option::take) {
            if entry % 2 == 1 {
                chain.reverse();
            }
            ring.append(&mut chain);
            entry = partner.get(entry ^ 1).copied().unwrap_or(entry);
        }
        if !ring.is_empty() {
            rings.push(ring);
        }
    }
    rings
}

/// Gives each uncut hole to the piece around it.
fn assign(shells: Vec<Vec<Point>>, holes: Vec<Vec<Point>>) -> Vec<Vec<Vec<Point>>> {
    let mut parts: Vec<Vec<Vec<Point>>> = shells.into_iter().map(|shell| vec![shell]).collect();
    for hole in holes {
        let around = |part: &[Vec<Point>]| {
            let shell = part.first().map_or(&[][..], Vec::as_slice);
            hole.iter().find_map(|&point| locate(shell, point)).unwrap_or(true)
        };
        let found = if parts.len() == 1 { Some(0) } else { parts.iter().position(|p| around(p)) };
        if let Some(part) = parts.get_mut(found.unwrap_or(0)) {
            part.push(hole);
        }
    }
    parts
}

/// Whether a point is inside a ring; `None` on its boundary.
pub(crate) fn locate(ring: &[Point], point: Point) -> Option<bool> {
    let mut inside = false;
    for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
        let side = i128::from(b.0 - a.0) * i128::from(point.1 - a.1)
            - i128::from(point.0 - a.0) * i128::from(b.1 - a.1);
        let within =
            |low: i64, high: i64, value: i64| low.min(high) <= value && value <= low.max(high);
        if side == 0 && within(a.0, b.0, point.0) && within(a.1, b.1, point.1) {
            return None;
        }
        if (a.1 <= point.1) != (b.1 <= point.1) && (side > 0) == (b.1 > a.1) {
            inside = !inside;
        }
    }
    Some(inside)
}
