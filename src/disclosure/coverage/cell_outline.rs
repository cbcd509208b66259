//! The outlines of H3 cells.

use geo_types::{Coord, LineString, MultiPolygon, Polygon};
use h3o::CellIndex;

use crate::geometry::Area;

/// The area with a cell's vertices; at most one cell of a resolution is around each pole.
pub(crate) fn outline(cell: CellIndex) -> Option<Area> {
    let vertices = cell.boundary();
    let mut ring: Vec<Coord<f64>> =
        vertices.iter().map(|vertex| Coord { x: vertex.lng(), y: vertex.lat() }).collect();
    if is_around_pole(&ring) {
        ring = cap(ring);
    }
    Area::new(&MultiPolygon(vec![Polygon::new(LineString(ring), Vec::new())])).ok()
}

/// Whether the ring, each edge going the short way, ends a turn away from where it began.
fn is_around_pole(ring: &[Coord<f64>]) -> bool {
    let nexts = ring.iter().cycle().skip(1);
    let turns: f64 = ring.iter().zip(nexts).map(|(a, b)| ((b.x - a.x) / 360.0).round()).sum();
    turns != 0.0
}

/// A ring around a pole as a map with the pole as its edge has it: eastward from the antimeridian to
/// the antimeridian, and back along the pole.
fn cap(mut ring: Vec<Coord<f64>>) -> Vec<Coord<f64>> {
    ring.sort_by(|a, b| a.x.total_cmp(&b.x));
    let (Some(&first), Some(&last)) = (ring.first(), ring.last()) else { return ring };
    let pole = 90.0_f64.copysign(first.y);
    let along = (180.0 - last.x) / (first.x + 360.0 - last.x);
    let cut = last.y + along * (first.y - last.y);
    ring.insert(0, Coord { x: -180.0, y: cut });
    ring.extend([(180.0, cut), (180.0, pole), (-180.0, pole)].map(|(x, y)| Coord { x, y }));
    if pole < 0.0 {
        // Counter-clockwise, as other outlines are.
        ring.reverse();
    }
    ring
}
