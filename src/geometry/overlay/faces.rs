//! The faces that edges enclose, as rings with their holes.

use std::cmp::Ordering;
use std::collections::HashMap;

use geo_types::{Coord, LineString, MultiPolygon, Polygon};

use super::directed_edge::{DirectedEdge, orient};
use crate::geometry::drawing::{Point, locate};
use crate::geometry::grid::E7;
use crate::geometry::validity::SweepOrder;

/// Rings with the inside to the left that pass no place twice, of edges that meet in ends only.
pub(super) fn rings(edges: &[DirectedEdge]) -> Vec<Vec<Point>> {
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
pub(super) fn nested(rings: Vec<Vec<Point>>) -> MultiPolygon<f64> {
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
