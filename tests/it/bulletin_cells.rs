//! The cells of bulletins, against great circles.

use std::collections::BTreeSet;

use canvass::bulletin::*;
use canvass::*;
use geo::{
    Centroid, Haversine, InterpolatePoint, Intersects, LineString, MultiPolygon, Point, Polygon,
    Scale, Translate, polygon,
};
use h3o::{CellIndex, LatLng, Resolution};

use crate::bulletin::TEXT;
use crate::support::*;

const RESOLUTIONS: [Resolution; 4] =
    [Resolution::Five, Resolution::Six, Resolution::Seven, Resolution::Eight];

pub fn cover(area: &Area, resolution: Resolution) -> Result<BTreeSet<CellIndex>, BulletinError> {
    let authorized = authorize(area.clone());
    let bulletin = Bulletin::open(&authorized, &agency(), TEXT, resolution, noon())?;
    Ok(bulletin.cells().map(|cell| cell.parse().unwrap()).collect())
}

/// A cell's polygon with H3's edges, which are great circles, in `steps` steps each.
fn geodesic(cell: CellIndex, steps: usize) -> Polygon {
    let corners: Vec<Point> =
        cell.boundary().iter().map(|at| Point::new(at.lng(), at.lat())).collect();
    let centre = LatLng::from(cell).lng();
    let points = (0..corners.len() * steps).map(|step| {
        let (from, to) = (corners[step / steps], corners[(step / steps + 1) % corners.len()]);
        let ratio = (step % steps) as f64 / steps as f64;
        let at = Haversine.point_at_ratio_between(from, to, ratio);
        (centre + (at.x() - centre + 540.0).rem_euclid(360.0) - 180.0, at.y())
    });
    Polygon::new(points.collect::<LineString>(), vec![])
}

fn meets(cell: &Polygon, area: &MultiPolygon) -> bool {
    [-360.0, 0.0, 360.0].into_iter().any(|turn| cell.translate(turn, 0.0).intersects(area))
}

fn cell_of(at: Position, resolution: Resolution) -> CellIndex {
    LatLng::new(at.lat(), at.lon()).unwrap().to_cell(resolution)
}

/// Asserts that every vertex and position of the area is in a kept cell, no neighbour of a kept
/// cell meets the area, and no kept cell is far from it. Returns the numbers of positions and
/// neighbours checked.
#[track_caller]
fn check_cover(rng: &mut Rng, area: &Area, resolution: Resolution) -> (usize, usize) {
    let kept = cover(area, resolution).unwrap();
    let drawing = area.to_multi_polygon();
    let rings =
        drawing.iter().flat_map(|part| [part.exterior()].into_iter().chain(part.interiors()));
    let vertices: Vec<Position> =
        rings.flat_map(|ring| ring.coords().map(|at| Position::new(at.x, at.y).unwrap())).collect();
    assert!(vertices.iter().all(|&vertex| kept.contains(&cell_of(vertex, resolution))));
    let mut positions = 0;
    for _ in 0..200 {
        // A position between three vertices: nearly always near the area, often in it.
        let [a, b, c] = [(); 3].map(|()| rng.pick(&vertices));
        let mix = |of: fn(Position) -> f64| {
            let turn = |lon: f64| lon + ((of(a) - lon) / 360.0).round() * 360.0;
            (of(a) + turn(of(b)) + turn(of(c))) / 3.0
        };
        let (lon, lat) = (mix(Position::lon), mix(Position::lat));
        let at = Position::new((lon + 540.0).rem_euclid(360.0) - 180.0, lat).unwrap();
        if area.covers(at) {
            positions += 1;
            assert!(kept.contains(&cell_of(at, resolution)), "{at:?} {area:?}");
        }
    }
    let around: BTreeSet<CellIndex> =
        kept.iter().flat_map(|cell| cell.grid_disk::<Vec<_>>(1)).collect();
    let neighbours: Vec<_> = around.difference(&kept).collect();
    for &&cell in &neighbours {
        assert!(!meets(&geodesic(cell, 8), &drawing), "{cell} {area:?}");
    }
    for &cell in &kept {
        let plain = geodesic(cell, 1);
        let centre = plain.centroid().unwrap();
        assert!(meets(&plain.scale_around_point(1.02, 1.02, centre), &drawing), "{cell} {area:?}");
    }
    (positions, neighbours.len())
}

#[test]
fn cells_cover_an_area_and_no_neighbour_meets_it() {
    let mut rng = Rng(11);
    let mut counts = Vec::new();
    for round in 0..48 {
        let anywhere = (rng.within(-180, 180) as i32, rng.within(-84, 84) as i32);
        let origin = [(180, -17), (-180, 64), (10, 50), anywhere, anywhere, anywhere][round % 6];
        let area = area(&mut rng, origin);
        let resolution = rng.pick(&RESOLUTIONS[..3]);
        counts.push(check_cover(&mut rng, &area, resolution));
    }
    let positions: usize = counts.iter().map(|count| count.0).sum();
    assert!(positions > 1_000 && positions < 200 * counts.len(), "{positions}");
    assert!(counts.iter().all(|count| count.1 >= 5), "{counts:?}");
    assert!(counts.iter().any(|count| count.1 > 30), "{counts:?}");
}

/// Cells across the line have their centre, and so their polygon, on the other side of the map.
#[test]
fn cells_cover_an_area_beside_the_antimeridian() {
    let mut rng = Rng(14);
    for lat in [-60.0, -17.0, 0.0, 52.0, 71.0] {
        for resolution in RESOLUTIONS {
            // The area reaches the line, or ends shortly before it.
            for (far, near) in [(0.1, 0.0), (0.05, 0.000_1), (0.002, 0.001)] {
                let east = square(180.0 - far, lat, 180.0 - near, lat + far);
                let west = square(near - 180.0, lat, far - 180.0, lat + far);
                check_cover(&mut rng, &east, resolution);
                check_cover(&mut rng, &west, resolution);
            }
        }
    }
}

#[test]
fn cells_cover_where_there_are_pentagons_and_holes() {
    let mut rng = Rng(12);
    for pentagon in Resolution::Seven.pentagons() {
        let at = LatLng::from(pentagon);
        let (x, y) = (at.lng(), at.lat());
        let area = Area::try_from(polygon!(
            exterior: [(x: x - 0.1, y: y - 0.1), (x: x + 0.1, y: y - 0.1), (x: x + 0.1, y: y + 0.1), (x: x - 0.1, y: y + 0.1)],
            interiors: [[(x: x - 0.07, y: y - 0.07), (x: x + 0.07, y: y - 0.07), (x: x + 0.07, y: y + 0.07), (x: x - 0.07, y: y + 0.07)]],
        ));
        let area = area.unwrap();
        check_cover(&mut rng, &area, Resolution::Seven);
        let kept = cover(&area, Resolution::Seven).unwrap();
        assert!(!kept.contains(&pentagon));
        assert!(
            cover(&square(x - 0.01, y - 0.01, x + 0.01, y + 0.01), Resolution::Seven)
                .unwrap()
                .contains(&pentagon)
        );
    }
}

/// A cell's edges are great circles: a speck on the middle of one is in two cells, which straight
/// edges in degrees would miss.
#[test]
fn a_speck_between_cells_is_in_both() {
    let mut rng = Rng(13);
    let mut pairs = 0;
    for _ in 0..150 {
        let lat = if rng.once_in(2) { rng.within(8_300, 8_450) } else { rng.within(-8_450, 8_450) };
        let lat = lat as f64 / 100.0;
        let lon = rng.within(-17_800, 17_800) as f64 / 100.0;
        let resolution = rng.pick(&RESOLUTIONS);
        let cell = LatLng::new(lat, lon).unwrap().to_cell(resolution);
        for middle in geodesic(cell, 2).exterior().coords().skip(1).step_by(2) {
            let (x, y, wide) = (middle.x, middle.y, 2e-6 / lat.to_radians().cos());
            let speck = square(x - wide, y - 2e-6, x + wide, y + 2e-6);
            let kept = cover(&speck, resolution).unwrap();
            let inside = [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9), (0.0, 0.0)];
            let cells: BTreeSet<_> = inside
                .map(|(east, north)| Position::new(x + east * wide, y + north * 2e-6).unwrap())
                .map(|at| cell_of(at, resolution))
                .into();
            assert!(cells.is_subset(&kept), "{x} {y} {cells:?} {kept:?}");
            pairs += usize::from(cells.len() == 2);
        }
    }
    assert!(pairs > 500, "{pairs}");
}
