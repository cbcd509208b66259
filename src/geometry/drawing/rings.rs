//! The rings of an area on the grid.

use geo_types::{Coord, LineString, MultiPolygon, Polygon};

use super::antimeridian;
use super::antimeridian::Point;
use super::drawing::Drawing;
use crate::geometry::grid::{Envelope, HALF_TURN, Position};
use crate::geometry::relate::RingEdge;

/// Open rings in one piece of memory.
///
/// INVARIANT: at least three vertices a ring, no two neighbours equal; at least one ring a part, its
/// shell first; shells run counter-clockwise and holes clockwise unless they enclose nothing.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct GridRings {
    pub(crate) vertices: Vec<Position>,
    /// Where each ring ends in `vertices`.
    pub(crate) ring_ends: Vec<usize>,
    /// Where each part ends in `ring_ends`.
    pub(crate) part_ends: Vec<usize>,
}

impl GridRings {
    /// Rounds the rings of a drawing, drops rings that collapse, and splits at the antimeridian.
    pub(crate) fn rounded(drawing: &Drawing) -> Self {
        let mut rings =
            Self { vertices: Vec::with_capacity(drawing.vertices.len()), ..Self::default() };
        for part in drawing.rings.chunk_by(|a, b| a.part == b.part) {
            let points = part.iter().map(|ring| {
                let vertices = drawing.vertices.get(ring.start..ring.end).unwrap_or_default();
                vertices.iter().map(|vertex| (vertex.lon, vertex.lat))
            });
            if drawing.east <= i64::from(HALF_TURN) {
                rings.push_part(points);
            } else {
                let part: Vec<Vec<Point>> = points.map(Iterator::collect).collect();
                for piece in antimeridian::split(&part) {
                    rings.push_part(piece.into_iter().map(Vec::into_iter));
                }
            }
        }
        rings
    }

    pub(crate) fn push_part<I: Iterator<Item = Point>>(&mut self, rings: impl Iterator<Item = I>) {
        let before = self.ring_ends.len();
        for ring in rings {
            let shell = self.ring_ends.len() == before;
            if !self.push_ring(ring, shell) && shell {
                return;
            }
        }
        self.part_ends.push(self.ring_ends.len());
    }

    /// Whether the ring is still one: has three different vertices.
    fn push_ring(&mut self, points: impl Iterator<Item = Point>, shell: bool) -> bool {
        let start = self.vertices.len();
        for (lon, lat) in points {
            let vertex = Position::vertex(narrow(lon), narrow(lat));
            if self.vertices.get(start..).and_then(<[_]>::last) != Some(&vertex) {
                self.vertices.push(vertex);
            }
        }
        while let [first, .., last] = self.vertices.get(start..).unwrap_or_default()
            && first == last
        {
            self.vertices.pop();
        }
        let ring = self.vertices.get_mut(start..).unwrap_or_default();
        let distinct = match ring {
            [a, b, rest @ ..] => rest.iter().any(|vertex| vertex != a && vertex != b),
            _ => false,
        };
        if !distinct {
            self.vertices.truncate(start);
            return false;
        }
        let doubled = doubled_size(ring);
        if (shell && doubled < 0) || (!shell && doubled > 0) {
            // The first vertex stays the first.
            if let [_, rest @ ..] = ring {
                rest.reverse();
            }
        }
        self.ring_ends.push(self.vertices.len());
        true
    }

    pub(crate) fn ring(&self, index: usize) -> &[Position] {
        let start = index.checked_sub(1).and_then(|before| self.ring_ends.get(before));
        let end = self.ring_ends.get(index).copied().unwrap_or(0);
        self.vertices.get(start.copied().unwrap_or(0)..end).unwrap_or_default()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[Position]> {
        (0..self.ring_ends.len()).map(|index| self.ring(index))
    }

    pub(crate) fn parts(&self) -> impl Iterator<Item = impl Iterator<Item = &[Position]>> {
        let starts = std::iter::once(0).chain(self.part_ends.iter().copied());
        starts.zip(&self.part_ends).map(|(start, &end)| (start..end).map(|index| self.ring(index)))
    }

    /// The bounds, a longitude of 180 staying 180.
    pub(crate) fn envelope(&self) -> Envelope {
        Envelope::of(self.vertices.iter().copied())
    }

    /// The edges that matter in an envelope, the inside to their left.
    pub(crate) fn edges(&self, within: Envelope) -> Vec<RingEdge> {
        let point = |v: Position| (i64::from(v.lon_e7()), i64::from(v.lat_e7()));
        let edges = self.iter().flat_map(|ring| {
            let next = ring.iter().cycle().skip(1);
            ring.iter().zip(next).map(|(&from, &to)| RingEdge::new(point(from), point(to)))
        });
        edges.filter(|edge| edge.matters_in(within)).collect()
    }

    /// The rings as a multipolygon in units of `1 / units` of 1e-7 degree.
    pub(crate) fn planar(&self, units: f64) -> MultiPolygon<f64> {
        let line = |ring: &[Position]| {
            let coords = ring.iter().chain(ring.first()).map(|vertex| Coord {
                x: f64::from(vertex.lon_e7()) / units,
                y: f64::from(vertex.lat_e7()) / units,
            });
            LineString(coords.collect())
        };
        let polygons = self.parts().map(|mut rings| {
            let shell = rings.next().map_or_else(|| LineString(Vec::new()), line);
            Polygon::new(shell, rings.map(line).collect())
        });
        MultiPolygon(polygons.collect())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "after the split at most 1.8e9 either way")]
fn narrow(e7: i64) -> i32 {
    e7 as i32
}

/// Twice the size in the plane of longitude and latitude, positive if counter-clockwise; exact.
fn doubled_size(ring: &[Position]) -> i128 {
    let next = ring.iter().cycle().skip(1);
    let wide = |value: i32| i64::from(value);
    ring.iter()
        .zip(next)
        .map(|(a, b)| {
            let (from, to) = (wide(a.lon_e7()), wide(b.lon_e7()));
            // At most 3.6e9 * 1.8e9, which an i64 holds.
            i128::from((to - from) * -(wide(a.lat_e7()) + wide(b.lat_e7())))
        })
        .sum()
}
