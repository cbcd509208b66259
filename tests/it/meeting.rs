//! Whether areas share a point, compared with `geo`.

use canvass::{Area, Position};
use geo::Intersects;
use geo_types::{Coord, LineString, MultiPolygon, Polygon};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::area::area;
use crate::area_laws::{are_areas, drawings, each_ring, star};

/// Asserts the expectation in both orders.
#[track_caller]
fn share(one: &Area, other: &Area, expected: bool) {
    assert_eq!(one.intersects(other), expected, "{one:?} {other:?}");
    assert_eq!(other.intersects(one), expected, "{other:?} {one:?}");
}

#[test]
fn areas_share_the_points_they_touch_in() {
    let ring = "POLYGON((0 0, 9 0, 9 9, 0 9, 0 0), (3 3, 6 3, 6 6, 3 6, 3 3))";
    for (one, other, expected) in [
        (ring, ring, true),
        (ring, "POLYGON((9 9, 10 9, 10 10, 9 9))", true),
        (ring, "POLYGON((9.0000001 9, 10 9, 10 10, 9.0000001 9))", false),
        (ring, "POLYGON((9 2, 10 2, 10 3, 9 3, 9 2))", true),
        (ring, "POLYGON((9 5, 10 4, 10 6, 9 5))", true),
        (ring, "POLYGON((-1 -1, 10 -1, 10 10, -1 10, -1 -1))", true),
        (ring, "POLYGON((1 1, 2 1, 2 2, 1 1))", true),
        // Areas in the hole: apart from its edge, with a corner on it, along it, and equal to the
        // hole.
        (ring, "POLYGON((4 4, 5 4, 5 5, 4 4))", false),
        (ring, "POLYGON((3.0000001 4, 5 4, 5 5, 3.0000001 4))", false),
        (ring, "POLYGON((3 4, 5 4, 5 5, 3 4))", true),
        (ring, "POLYGON((3 4, 5 4, 5 5, 3 5, 3 4))", true),
        (ring, "POLYGON((3 3, 6 3, 6 6, 3 6, 3 3))", true),
        // An area whose hole surrounds the other one.
        (
            "POLYGON((-9 -9, 18 -9, 18 18, -9 18, -9 -9), (-1 -1, 10 -1, 10 10, -1 10, -1 -1))",
            ring,
            false,
        ),
        // A second part inside, and one in a hole.
        (ring, "MULTIPOLYGON(((20 0, 21 0, 21 1, 20 0)), ((1 1, 2 1, 2 2, 1 1)))", true),
        (ring, "MULTIPOLYGON(((20 0, 21 0, 21 1, 20 0)), ((4 4, 5 4, 5 5, 4 4)))", false),
        // Triangles whose bounding boxes overlap.
        ("POLYGON((0 0, 9 0, 0 9, 0 0))", "POLYGON((9 1, 9 9, 1 9, 9 1))", false),
        ("POLYGON((0 0, 9 0, 0 9, 0 0))", "POLYGON((9 0, 9 9, 0 9, 9 0))", true),
        // A cross: no vertex of one lies in the other.
        ("POLYGON((0 3, 9 3, 9 4, 0 4, 0 3))", "POLYGON((3 0, 4 0, 4 9, 3 9, 3 0))", true),
        // Areas across the antimeridian, from both sides, also with one point in common.
        (
            "POLYGON((170 0, 180 0, 180 9, 170 9, 170 0))",
            "POLYGON((-180 8, -170 8, -170 10, -180 10, -180 8))",
            true,
        ),
        (
            "POLYGON((170 0, 180 0, 180 9, 170 9, 170 0))",
            "POLYGON((-180 9, -170 9, -170 10, -180 10, -180 9))",
            true,
        ),
        (
            "POLYGON((170 0, 180 5, 170 9, 170 0))",
            "POLYGON((-180 5, -170 4, -170 6, -180 5))",
            true,
        ),
        (
            "POLYGON((170 0, 180 5, 170 9, 170 0))",
            "POLYGON((-180 6, -170 5, -170 7, -180 6))",
            false,
        ),
        (
            "POLYGON((170 0, -170 0, -170 9, 170 9, 170 0))",
            "POLYGON((-175 1, -174 1, -174 2, -175 1))",
            true,
        ),
    ] {
        share(&area(one), &area(other), expected);
    }
}

fn moved(drawing: &MultiPolygon<f64>, by: (i32, i32), scale: f64) -> MultiPolygon<f64> {
    each_ring(drawing, |coords| {
        for c in coords.iter_mut() {
            c.x = (c.x + f64::from(by.0)) * scale;
            c.y = (c.y + f64::from(by.1)) * scale;
        }
    })
}

/// An area of coordinates in units of 1e-7 degree.
fn area_e7(coords: &[(f64, f64)]) -> Option<Area> {
    let e7 = coords.iter().map(|&(x, y)| Coord { x: x * 1e-7, y: y * 1e-7 });
    Area::try_from(Polygon::new(LineString(e7.collect()), Vec::new())).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6_000, ..ProptestConfig::default() })]

    /// On whole units of 1e-7 degree `geo` decides exactly as well.
    #[test]
    fn intersects_equals_geo(one in drawings(), other in drawings(), scale in 0..3_usize, by in (-9..10_i32, -9..10_i32)) {
        let scale = [1.0, 1e4, 3e7][scale] / 1e7;
        let there = moved(&other, by, 1.0);
        if are_areas(&[&one, &there])
            && let (Ok(a), Ok(b)) = (Area::new(&moved(&one, (0, 0), scale)), Area::new(&moved(&other, by, scale)))
        {
            let expected = one.intersects(&there);
            prop_assert_eq!(a.intersects(&b), expected, "{:?} {:?} {:?}", one, other, by);
            prop_assert_eq!(b.intersects(&a), expected, "{:?} {:?} {:?}", other, one, by);
        }
    }

    /// Holds for areas that rounding made cross themselves as well: a position of both is shared,
    /// and an area that covers another shares it.
    #[test]
    fn a_position_of_both_is_shared(
        one in prop::collection::vec((-9.0..9.0, -9.0..9.0), 3..9),
        other in prop::collection::vec((-5.0..9.0, -5.0..9.0), 3..5),
    ) {
        if let (Some(one), Some(other)) = (area_e7(&one), area_e7(&other)) {
            let grid = (-9..10).flat_map(|x| (-9..10).map(move |y| Position::from_e7(x, y).unwrap()));
            let mut both = grid.filter(|&p| one.covers(p) && other.covers(p));
            if both.next().is_some() || one.covers_area(&other) {
                prop_assert!(one.intersects(&other) && other.intersects(&one));
            }
            prop_assert!(one.intersects(&one));
        }
    }
}

/// Both verdicts are common among the drawings of the test above, also where boxes overlap.
#[test]
fn areas_share_a_point_and_not_often() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut shared, mut not, mut close) = (0, 0, 0);
    while shared + not < 1_000 {
        let mut draw = || drawings().new_tree(&mut runner).unwrap().current();
        let (one, other) = (draw(), moved(&draw(), (5, 4), 1.0));
        let (Ok(one), Ok(other)) = (Area::new(&one), Area::new(&other)) else { continue };
        if one.intersects(&other) {
            shared += 1;
        } else {
            not += 1;
        }
        let ((_, _, east, north), (west, south, ..)) = (one.bounds(), other.bounds());
        close += usize::from(!one.intersects(&other) && west <= east && south <= north);
    }
    assert!(shared > 200 && not > 100 && close > 30, "{shared} {not} {close}");
}

/// Rounding makes two edges cross; the space between them is outside.
#[test]
fn edges_crossed_by_rounding_share_by_their_inside() {
    let crossed =
        [(-6.299, 3.502), (-0.503, -8.105), (5.358, 0.0), (-3.775, 1.764), (-8.171, 5.25)];
    let crossed = area_e7(&crossed).unwrap();
    let grid = || (-9..10).flat_map(|x| (-9..10).map(move |y| (x, y)));
    for (x, y) in grid() {
        let covered = crossed.covers(Position::from_e7(x, y).unwrap());
        let unit =
            area_e7(&[(0, 0), (1, 0), (0, 1)].map(|(i, j)| (f64::from(x + i), f64::from(y + j))));
        // A triangle of one unit with a corner inside shares that corner.
        assert!(!covered || crossed.intersects(&unit.unwrap()), "{x} {y}");
    }
    assert!(!crossed.covers(Position::from_e7(-4, -1).unwrap()));
}

#[test]
fn a_small_area_is_intersected_with_many_vertices() {
    let county = Area::new(&star(10_000)).unwrap();
    share(&county, &Area::from_bounds(0.9, 0.0, 0.95, 0.1).unwrap(), true);
    share(&county, &Area::from_bounds(-0.1, -0.1, 0.1, 0.1).unwrap(), true);
    share(&county, &Area::from_bounds(0.9, 0.9, 0.95, 0.95).unwrap(), false);
}
