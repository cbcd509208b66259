//! Sentences of the documentation that state a figure or a case at the edge, each held over many cases.

use canvass::{Area, CameraScope, OpenRequests, Position, RequestId};
use geo::{Destination, Geodesic, GeodesicArea};
use geo_types::{MultiPolygon, Point, Polygon, polygon};
use proptest::prelude::*;

use crate::open_requests::{policy, request, reviewed};
use crate::support::*;

/// A compact polygon around 48 degrees north with edges of at most 3 km.
fn compact(lon: f64, lat: f64, corners: u16, edge_m: f64, turned: f64) -> Polygon {
    let radius = edge_m / 2.0 / (180.0 / f64::from(corners)).to_radians().sin();
    let corner = |number| {
        let bearing = f64::from(number) / f64::from(corners) * 360.0 + turned;
        Geodesic.destination(Point::new(lon, lat), bearing, radius).0
    };
    Polygon::new((0..corners).map(corner).collect(), Vec::new())
}

/// The share by which `Area::size_m2` differs from the size with geodesic edges.
fn off(polygon: &Polygon) -> f64 {
    let area = Area::try_from(polygon).unwrap();
    (area.size_m2() / area.to_multi_polygon().geodesic_area_unsigned() - 1.0).abs()
}

/// Units of 1e-7 degree as degrees, with a part of a unit.
fn degrees(units: i32, part: f64) -> f64 {
    (f64::from(units) + part) / 1e7
}

fn rectangle(west: f64, east: f64, south: f64, north: f64) -> Polygon {
    polygon![(x: west, y: south), (x: east, y: south), (x: east, y: north), (x: west, y: north)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    /// `Area::size_m2`: less than 1e-4 for edges of 3 km at 48 degrees north.
    #[test]
    fn sizes_differ_from_geodesic_ones_by_the_stated_share(
        lon in -180.0..180.0, lat in 47.5..48.5, turned in 0.0..360.0,
        corners in 3..9_u16, edge_m in 500.0..3_000.0,
    ) {
        prop_assert!(off(&compact(lon, lat, corners, edge_m, turned)) < 1e-4);
    }

    /// `OpenRequests::touched_by`: up to 2e-3 degree of latitude from the area's envelope.
    #[test]
    fn onlookers_touch_a_request_up_to_the_stated_reach(north in 0..25_000_i64, seeing in any::<bool>()) {
        let mut open = OpenRequests::new(0);
        let scope = if seeing { CameraScope::SeeingInto } else { CameraScope::StandingIn };
        let asked = request(1, square(10.0, 50.0, 10.01, 50.01)).with_camera_scope(scope);
        let authorized = reviewed(&open, &policy(0), &asked);
        open.open(RequestId(1), &authorized, noon()).unwrap();
        let touched = open.touched_by([place((10, 50), 50_000, 100_000 + north)], noon());
        // One unit more than 20,000 for the rounding of corners.
        let reach = if seeing { 20_001 } else { 0 };
        prop_assert_eq!(!touched.is_empty(), north <= reach);
    }

    /// `Area`: rounding drops a ring that keeps fewer than three different vertices.
    #[test]
    fn rounding_drops_rings_of_one_or_two_places(
        lon in 20_000_000..1_000_000_000_i32,
        lat in 20_000_000..800_000_000_i32,
        parts in prop::collection::vec((-0.4..0.4, -0.4..0.4), 3), wide in 0..2_i32,
    ) {
        let places = [0, 0, wide];
        let corner = |(east, (x, y)): (&i32, &(f64, f64))| {
            (degrees(lon + east, *x), degrees(lat, *y))
        };
        let corners: Vec<(f64, f64)> = places.iter().zip(&parts).map(corner).collect();
        let small = Polygon::new(corners.into(), Vec::new());
        prop_assume!(Area::try_from(&small).is_err_and(|error| error.code() == "collapsed"));
        let whole = MultiPolygon(vec![rectangle(0.0, 1.0, 0.0, 1.0), small]);
        prop_assert_eq!(Area::new(&whole).unwrap().parts(), 1);
    }

    /// `Area`: a ring that keeps three vertices and lies in line stays, covers the line, and has no size.
    #[test]
    fn rounding_keeps_rings_that_lie_in_line(
        lon in 20_000_000..1_000_000_000_i32, lat in 20_000_000..800_000_000_i32,
        step in 1..50_i32, part in 0.05..0.4_f64,
    ) {
        let corners = [(0, 0.0), (step, part), (2 * step, 0.0)]
            .map(|(east, part)| (degrees(lon + east, 0.0), degrees(lat, part)));
        let small = Polygon::new(corners.to_vec().into(), Vec::new());
        let whole = MultiPolygon(vec![rectangle(0.0, 1.0, 0.0, 1.0), small]);
        let area = Area::new(&whole).unwrap();
        prop_assert_eq!((area.parts(), area.part_sizes_m2().last()), (2, Some(0.0)));
        for east in 0..=2 * step {
            prop_assert!(area.covers(Position::from_e7(lon + east, lat).unwrap()));
        }
        prop_assert!(!area.covers(Position::from_e7(lon + step, lat + 1).unwrap()));
    }

    /// `Area`: parts may share an edge on the antimeridian, on whichever turn, and on no other
    /// meridian.
    #[test]
    fn parts_share_an_edge_on_180_degrees_alone(
        west in 170..180_i32, east in -179..-170_i32,
        south in -80..0_i32, height in 1..80_i32,
        turns in prop::array::uniform2(-2..3_i32), meridian in -160..160_i32,
    ) {
        let (south, north) = (f64::from(south), f64::from(south + height));
        let [here, there] = turns.map(|turn| f64::from(turn) * 360.0);
        let (west, east) = (f64::from(west), f64::from(east));
        let cut = MultiPolygon(vec![
            rectangle(west + here, 180.0 + here, south, north),
            rectangle(-180.0 + there, east + there, south, north),
        ]);
        let whole = Area::from_bounds(west, south, east, north).unwrap();
        let cut = Area::new(&cut).unwrap();
        prop_assert!(cut.covers_area(&whole) && whole.covers_area(&cut));
        let meridian = f64::from(meridian);
        let elsewhere = MultiPolygon(vec![
            rectangle(meridian - 5.0 + here, meridian + here, south, north),
            rectangle(meridian + there, meridian + 5.0 + there, south, north),
        ]);
        prop_assert_eq!(Area::new(&elsewhere).unwrap_err().code(), "parts_share_edge");
    }
}

/// The share of 1e-5 that the documentation once had is too small, and 7.6e-5 was measured.
#[test]
fn the_stated_share_of_sizes_is_not_far_too_large() {
    let furthest = (3..9)
        .flat_map(|corners| (0..36).map(move |turned| (corners, turned)))
        .map(|(corners, turned)| {
            off(&compact(11.0, 48.0, corners, 3_000.0, f64::from(turned) * 10.0))
        })
        .fold(0.0, f64::max);
    assert!((5e-5..1e-4).contains(&furthest), "{furthest}");
}
