//! Whether areas cover each other, compared with `geo`.

use canvass::{Area, Position};
use geo::Relate;
use geo_types::{Coord, LineString, MultiPolygon, Polygon};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::area::area;
use crate::area_laws::{are_areas, drawings, each_ring, star};

#[test]
fn an_area_covers_areas_within_it() {
    let ring = "POLYGON((0 0, 9 0, 9 9, 0 9, 0 0), (3 3, 6 3, 6 6, 3 6, 3 3))";
    for (outer, inner, covered) in [
        (ring, ring, true),
        (ring, "POLYGON((0 0, 3 0, 3 9, 0 9, 0 0))", true),
        (ring, "POLYGON((9 9, 8 9, 9 8, 9 9))", true),
        (ring, "POLYGON((1 1, 8 1, 8 8, 1 8, 1 1))", false),
        (ring, "POLYGON((3 3, 6 3, 6 6, 3 6, 3 3))", false),
        (ring, "POLYGON((1 1, 2 1, 2 2, 1 1), (1.5 1.2, 1.6 1.2, 1.6 1.3, 1.5 1.2))", true),
        (ring, "POLYGON((8 8, 10 8, 10 9, 8 8))", false),
        ("POLYGON((0 0, 9 0, 9 9, 5 1, 0 9, 0 0))", "POLYGON((0 9, 0 0, 9 0, 9 9, 0 9))", false),
        (
            "POLYGON((170 0, -170 0, -170 9, 170 9, 170 0))",
            "POLYGON((179 0, 181 0, 181 1, 179 1, 179 0))",
            true,
        ),
        (
            "POLYGON((170 0, -170 0, -170 9, 170 9, 170 0))",
            "POLYGON((179 0, 191 0, 191 1, 179 1, 179 0))",
            false,
        ),
        // The second part is a sliver, which rounding turns into a line.
        (
            "POLYGON((0.001 0, 0.009 0, 0.009 0.008, 0.001 0.008, 0.001 0))",
            "MULTIPOLYGON(((0.002 0, 0.003 0, 0.002 0.001, 0.002 0)), ((0.006 0, 0.008 0.002, 0.009 0.003, 0.006 0)))",
            true,
        ),
    ] {
        assert_eq!(area(outer).covers_area(&area(inner)), covered, "{outer} {inner}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6_000, ..ProptestConfig::default() })]

    /// On whole units of 1e-7 degree `geo` relates exactly as well.
    #[test]
    fn covers_area_equals_geo(outer in drawings(), inner in drawings(), scale in 0..3_usize, by in (-2..3_i32, -2..3_i32)) {
        let scale = [1.0, 1e4, 3e7][scale];
        let e7 = |drawing: &MultiPolygon<f64>, by: (i32, i32)| each_ring(drawing, |c| c.iter_mut().for_each(|c| {
            c.x = (c.x + f64::from(by.0)) * scale / 1e7;
            c.y = (c.y + f64::from(by.1)) * scale / 1e7;
        }));
        let moved = each_ring(&inner, |c| c.iter_mut().for_each(|c| {
            c.x += f64::from(by.0);
            c.y += f64::from(by.1);
        }));
        if are_areas(&[&outer, &moved])
            && let (Ok(one), Ok(other)) = (Area::new(&e7(&outer, (0, 0))), Area::new(&e7(&inner, by)))
        {
            prop_assert_eq!(one.covers_area(&other), outer.relate(&moved).is_covers(), "{:?} {:?}", outer, moved);
        }
    }

    /// Holds for areas that rounding made invalid as well: a covered area has all its positions
    /// covered, and an area covers itself and each part of it.
    #[test]
    fn a_covered_area_has_its_positions_covered(
        outer in prop::collection::vec((-9e-7..9e-7, -9e-7..9e-7), 3..9),
        inner in prop::collection::vec((-5e-7..5e-7, -5e-7..5e-7), 3..5),
    ) {
        let area = |coords: &[(f64, f64)]| {
            let shell = LineString(coords.iter().map(|&(x, y)| Coord { x, y }).collect());
            Area::try_from(Polygon::new(shell, Vec::new()))
        };
        if let (Ok(outer), Ok(inner)) = (area(&outer), area(&inner)) {
            let grid = (-9..10).flat_map(|x| (-9..10).map(move |y| Position::from_e7(x, y).unwrap()));
            if outer.covers_area(&inner) {
                let mut missing = grid.filter(|&p| inner.covers(p) && !outer.covers(p));
                prop_assert_eq!(missing.next(), None);
            }
            let around = Area::from_bounds(-9e-7, -9e-7, 9e-7, 9e-7).unwrap();
            prop_assert!(around.covers_area(&outer) && around.covers_area(&inner));
            let again = Area::from_geojson(&outer.to_geojson()).unwrap();
            prop_assert!(outer.covers_area(&again));
        }
    }
}

/// Both verdicts are common among the drawings of the test above, with shared edges and holes.
#[test]
fn areas_are_covered_and_not_often() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut covered, mut not) = (0, 0);
    while covered + not < 1_000 {
        let mut draw = || drawings().new_tree(&mut runner).unwrap().current();
        let (Ok(outer), Ok(inner)) = (Area::new(&draw()), Area::new(&draw())) else { continue };
        if outer != inner && outer.covers_area(&inner) { covered += 1 } else { not += 1 }
    }
    assert!(covered > 30 && not > 300, "{covered} {not}");
}

#[test]
fn a_small_area_is_decided_against_many_vertices() {
    let county = Area::new(&star(10_000)).unwrap();
    let tip = Area::from_bounds(0.9, -0.000_01, 0.95, 0.000_01).unwrap();
    let town = Area::from_bounds(-0.1, -0.1, 0.1, 0.1).unwrap();
    assert!(county.covers_area(&tip) && county.covers_area(&town));
    assert!(!county.covers_area(&Area::from_bounds(0.9, 0.0, 0.95, 0.1).unwrap()));
}

/// Rounding makes two edges of the outer area cross; the space between them is outside.
#[test]
fn edges_crossed_by_rounding_cover_by_their_inside() {
    let area = |coords: &[(f64, f64)]| {
        let e7 = coords.iter().map(|&(x, y)| Coord { x: x * 1e-7, y: y * 1e-7 });
        Area::try_from(Polygon::new(LineString(e7.collect()), Vec::new())).unwrap()
    };
    let outer =
        area(&[(-6.299, 3.502), (-0.503, -8.105), (5.358, 0.0), (-3.775, 1.764), (-8.171, 5.25)]);
    let inner = area(&[(0.0, 0.0), (0.0, -2.343), (-3.637, -0.572)]);
    assert!(!outer.covers(Position::from_e7(-4, -1).unwrap()));
    assert!(!outer.covers_area(&inner));
    assert!(outer.covers_area(&area(&[(0.0, 0.0), (0.0, -2.343), (-2.637, -0.572)])));
    // A part that rounding flattened is covered only if all of its line is, not only its vertices.
    let dented =
        area(&[(1.667, -2.026), (-5.688, 0.0), (0.0, 7.804), (0.0, 2.714), (-1.728, 2.752)]);
    let flat = area(&[(0.0, 0.0), (0.0, 4.94), (-0.038, -1.056)]);
    assert!(!dented.covers_area(&flat));
    assert!(area(&[(-9.0, -9.0), (9.0, -9.0), (9.0, 9.0), (-9.0, 9.0)]).covers_area(&flat));
}
