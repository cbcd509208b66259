//! A drawing on another turn of the map has exactly the verdict it has at home; repairs and
//! overlaps do not depend on how a region is drawn.

use canvass::{Area, CaseFile, Policy};
use geo_types::{Coord, LineString, MultiPolygon, Polygon, polygon};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::area_laws::{drawings, each_ring};
use crate::guard::{opened, review};

fn ring(coords: &[(f64, f64)]) -> LineString<f64> {
    coords.iter().map(|&(x, y)| Coord { x, y }).collect()
}

/// The hole touches the diagonal from 5.4 to 6.06 at 5.73; with 360 added to each and rounded it
/// would not.
#[test]
fn a_hole_touches_an_edge_on_another_turn() {
    let shell =
        "(179 -1, -179 -1, -90 -1, 0 -1, 5.4 5.4, 6.06 6.06, 6.06 60, -60 60, -179 60, 179 60)";
    let hole = "(5.73 5.73, 5.23 6.73, 5.53 7.73)";
    let area = Area::from_wkt(&format!("POLYGON({shell}, {hole})")).unwrap();
    assert_eq!(Area::from_geojson(&area.to_geojson()).unwrap(), area);
}

#[test]
fn a_step_across_180_has_no_length() {
    let flat = Area::from_wkt("POLYGON((180 0, 180 1, -180 1))").unwrap_err();
    assert_eq!(flat.code(), "too_few_vertices");
    let slanted = Area::from_wkt("POLYGON((-180 0, 180 3, 180 5, -180 5))").unwrap_err();
    assert_eq!(slanted.code(), "spike", "{slanted}");
    // Along a parallel the same edges go around the world.
    let band = Area::from_wkt("POLYGON((-180 0, 180 0, 180 5, -180 5))").unwrap();
    assert_eq!(band.bounds(), (-180.0, 0.0, 180.0, 5.0));
}

/// Holes between -6 and 6 degrees, on hundredths, which binary numbers cannot represent exactly.
fn holes(drawing: &MultiPolygon<f64>) -> Vec<LineString<f64>> {
    let hundredths = |degrees: f64| format!("{degrees:.2}").parse::<f64>().unwrap();
    let lines =
        drawing.iter().flat_map(|part| std::iter::once(part.exterior()).chain(part.interiors()));
    lines
        .map(|line| {
            let coord = |c: &Coord<f64>| Coord {
                x: hundredths(c.x * 0.33 - 1.23),
                y: hundredths(c.y * 0.33 + 0.07),
            };
            line.0.iter().map(coord).collect()
        })
        .collect()
}

/// One outline at home, and one so wide across 180 that its middle is on another turn.
fn around(holes: &[LineString<f64>]) -> [MultiPolygon<f64>; 2] {
    let home = [
        (-170.0, -80.0),
        (-60.0, -80.0),
        (60.0, -80.0),
        (60.0, 80.0),
        (-60.0, 80.0),
        (-170.0, 80.0),
    ];
    let wide = [
        (170.0, -80.0),
        (-170.0, -80.0),
        (-60.0, -80.0),
        (60.0, -80.0),
        (60.0, 80.0),
        (-60.0, 80.0),
        (-170.0, 80.0),
        (170.0, 80.0),
    ];
    [ring(&home), ring(&wide)].map(|shell| MultiPolygon(vec![Polygon::new(shell, holes.to_vec())]))
}

fn verdict(drawing: &MultiPolygon<f64>) -> Result<(), &'static str> {
    Area::new(drawing).map(drop).map_err(|error| error.code())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn holes_on_another_turn_are_judged_alike(drawing in drawings()) {
        let [home, wide] = around(&holes(&drawing));
        prop_assert_eq!(verdict(&home), verdict(&wide));
    }

    /// One region from another first vertex, in the other direction, with more vertices or on
    /// another turn.
    #[test]
    fn one_region_counts_as_one_overlap(start in 0..5_usize, flip: bool, turns in -2..3_i32) {
        let drawn = ring(&[(179.99, 0.0), (180.01, 0.0), (180.02, 0.011), (180.0, 0.017), (179.99, 0.01)]);
        let first = MultiPolygon(vec![Polygon::new(drawn, Vec::new())]);
        let again = each_ring(&first, |coords| {
            coords.pop();
            coords.rotate_left(start);
            if flip { coords.reverse(); }
            coords.push(coords[0]);
            for coord in coords { coord.x += f64::from(turns) * 360.0; }
        });
        let policy = Policy::without_limits_or_anonymity().with_max_overlaps(1);
        let areas = [&first, &again].map(|drawing| Area::new(drawing).unwrap());
        let file: CaseFile = opened(&policy, &areas);
        let new = Area::from_bounds(179.98, 0.005, -179.99, 0.02).unwrap();
        prop_assert!(review(&policy, &file, &new).is_ok());
        let other = Area::from_bounds(179.985, 0.0, -179.99, 0.01).unwrap();
        let file = opened(&Policy::without_limits_or_anonymity(), &[areas[0].clone(), other]);
        prop_assert!(review(&policy, &file, &new).is_err(), "two regions count as two");
    }

    /// A repair moves no edge by more than half a unit of the grid in either axis, and reports a
    /// change if and only if the drawing is refused.
    #[test]
    fn a_repair_moves_nothing_far(spokes in stars()) {
        let drawing = MultiPolygon(vec![Polygon::new(spokes, Vec::new())]);
        let repaired = Area::repaired(&drawing);
        if let Ok(repaired) = repaired {
            prop_assert_eq!(repaired.is_changed(), Area::new(&drawing).is_err());
            prop_assert!(furthest(&repaired.area().to_multi_polygon(), &drawing) < 0.75);
        }
    }
}

/// Crossing spikes around one place, a few thousand units of the grid long.
fn stars() -> impl Strategy<Value = LineString<f64>> {
    let spoke = (0..2_000_i32, 0..2_000_i32);
    prop::collection::vec(spoke, 3..40).prop_map(|spokes| {
        spokes
            .iter()
            .map(|&(x, y)| Coord { x: f64::from(x) / 1e7, y: f64::from(y) / 1e7 })
            .collect()
    })
}

/// The greatest distance of an edge's middle or end from all edges of a drawing, in units of the
/// grid.
fn furthest(area: &MultiPolygon<f64>, drawing: &MultiPolygon<f64>) -> f64 {
    let lines = |of: &MultiPolygon<f64>| -> Vec<[(f64, f64); 2]> {
        let rings = of.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
        rings
            .flat_map(|ring| {
                ring.lines()
                    .map(|line| [line.start, line.end].map(|c| (c.x * 1e7, c.y * 1e7)))
                    .collect::<Vec<_>>()
            })
            .collect()
    };
    let given = lines(drawing);
    let off = |(x, y): (f64, f64)| {
        let from = |&[(ax, ay), (bx, by)]: &[(f64, f64); 2]| {
            let (dx, dy) = (bx - ax, by - ay);
            let along = (((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
            (x - ax - along * dx).hypot(y - ay - along * dy)
        };
        given.iter().map(from).fold(f64::INFINITY, f64::min)
    };
    let places = lines(area)
        .into_iter()
        .flat_map(|[a, b]| [a, b, (f64::midpoint(a.0, b.0), f64::midpoint(a.1, b.1))]);
    places.map(off).fold(0.0, f64::max)
}

/// Parts may share an edge where RFC 7946 cuts drawings: on any turn of the antimeridian, and on no
/// other meridian.
#[test]
fn parts_share_an_edge_on_the_antimeridian_alone() {
    let two = |west: f64, middle: [f64; 2], east: f64| {
        let parts = [(west, middle[0]), (middle[1], east)].map(|(west, east)| {
            polygon![(x: west, y: 0.0), (x: east, y: 0.0), (x: east, y: 1.0), (x: west, y: 1.0)]
        });
        Area::new(&MultiPolygon(parts.to_vec()))
    };
    let whole = Area::from_bounds(179.0, 0.0, -179.0, 1.0).unwrap();
    for (west, middle, east) in [
        (179.0, [180.0, -180.0], -179.0),
        (179.0, [180.0, 180.0], 181.0),
        (-181.0, [-180.0, 180.0], 181.0),
    ] {
        let cut = two(west, middle, east).unwrap();
        assert!(whole.covers_area(&cut) && cut.covers_area(&whole), "{west} {middle:?} {east}");
    }
    assert_eq!(two(178.0, [179.0, 179.0], 180.0).unwrap_err().code(), "parts_share_edge");
}

#[test]
fn rounding_drops_points_and_keeps_lines() {
    let square = "(0 0, 1 0, 1 1, 0 0)";
    let point = "((5 5, 5.00000001 5, 5 5.00000001))";
    let area = Area::from_wkt(&format!("MULTIPOLYGON(({square}), {point})")).unwrap();
    assert_eq!(area.parts(), 1);
    let line = "((5 5, 5.0000001 5.00000001, 5.0000002 5))";
    let area = Area::from_wkt(&format!("MULTIPOLYGON(({square}), {line})")).unwrap();
    assert_eq!((area.parts(), area.part_sizes_m2().last()), (2, Some(0.0)));
    assert!(area.covers(canvass::Position::new(5.000_000_1, 5.0).unwrap()));
}

#[test]
fn a_part_that_is_left_out_is_a_change() {
    let drawing = MultiPolygon(vec![
        polygon![(x: 0.0, y: 0.0), (x: 1.0, y: 0.0), (x: 1.0, y: 1.0)],
        polygon![(x: 5.0, y: 5.0), (x: 6.0, y: 6.0), (x: 5.0, y: 5.0)],
    ]);
    let refused = Area::new(&drawing).unwrap_err();
    let repaired = Area::repaired(&drawing).unwrap();
    assert_eq!(repaired.cause(), Some(&refused));
    assert_eq!((repaired.parts(), repaired.vertices_removed()), ((2, 1), 2));
    assert!(repaired.to_string().contains("parts 2 to 1"), "{repaired}");
}

/// Repeated rounding once moved an edge of this star by six units.
#[test]
fn a_star_of_a_thousand_spokes_keeps_its_edges() {
    let coords = (0..2_000_u32).map(|vertex| {
        let angle = f64::from(vertex) / 2_000.0 * std::f64::consts::TAU;
        let radius = if vertex % 2 == 0 { 2e-5 } else { 1e-6 };
        Coord { x: radius * angle.cos(), y: radius * angle.sin() }
    });
    let drawing = MultiPolygon(vec![Polygon::new(coords.collect(), Vec::new())]);
    let rounded = each_ring(&drawing, |coords| {
        for coord in coords {
            *coord = Coord { x: (coord.x * 1e7).round() / 1e7, y: (coord.y * 1e7).round() / 1e7 };
        }
    });
    let repaired = Area::repaired(&rounded).unwrap();
    assert!(repaired.is_changed());
    let far = furthest(&repaired.area().to_multi_polygon(), &rounded);
    assert!(far < 0.75, "{far}");
}

/// The drawings of the tests above are accepted and refused for many reasons.
#[test]
fn wide_outlines_are_accepted_and_refused_often() {
    let mut runner = TestRunner::deterministic();
    let mut accepted = 0;
    for _ in 0..1_000 {
        let [_, wide] = around(&holes(&drawings().new_tree(&mut runner).unwrap().current()));
        accepted += u32::from(verdict(&wide).is_ok());
    }
    assert!((100..900).contains(&accepted), "{accepted}");
}
