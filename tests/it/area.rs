//! Areas: refusals with their messages, accepted drawings, splitting and rounding.

#![allow(clippy::float_cmp, reason = "exact by construction")]

use canvass::error::AreaError;
use canvass::{Area, Position};
use geo::{GeodesicArea, Validation};
use geo_types::{Coord, LineString, MultiPolygon, Polygon};

/// A small drawing for each reason of refusal, with the message that its author gets.
const REFUSALS: &[(&str, &str, &str)] = &[
    ("empty", "POLYGON EMPTY", "the drawing is empty: draw at least one polygon"),
    (
        "too_few_vertices",
        "POLYGON((0 0, 1 1, 0 0))",
        "a ring needs at least three different vertices near `0 0` (part 1, shell, vertex 1)",
    ),
    (
        "latitude_out_of_range",
        "POLYGON((0 0, 1 91, 2 0, 0 0))",
        "the latitude is outside -90..90 (longitude first, both in degrees) near `1 91` (part 1, shell, vertex 2)",
    ),
    (
        "longitude_out_of_range",
        "POLYGON((0 0, 8238000 1, 2 0, 0 0))",
        "the longitude is outside -3600..3600 and cannot be degrees near `8238000 1` (part 1, shell, \
         vertex 2)",
    ),
    (
        "self_crossing",
        "POLYGON((0 0, 2 2, 2 0, 0 2, 0 0))",
        "the outline crosses itself near `1 1` (part 1, shell, after vertex 1; and part 1, shell, \
         after vertex 3)",
    ),
    (
        "self_touch",
        "POLYGON((0 0, 4 0, 4 4, 2 0, 0 4, 0 0))",
        "the outline touches itself near `2 0` (part 1, shell, vertex 1; and part 1, shell, vertex 4)",
    ),
    (
        "spike",
        "POLYGON((0 0, 2 0, 4 0, 2 0, 2 2, 0 0))",
        "the outline goes out and back along the same line near `2 0` (part 1, shell, vertex 3)",
    ),
    (
        "hole_crosses_shell",
        "POLYGON((0 0, 4 0, 4 4, 0 4, 0 0), (3 1, 6 2, 3 3, 3 1))",
        "a hole crosses the outline around it near `4 1.3333333` (part 1, shell, after \
         vertex 2; and part 1, hole 1, after vertex 1)",
    ),
    (
        "hole_along_shell",
        "POLYGON((0 0, 4 0, 4 4, 0 4, 0 0), (0 1, 2 2, 0 3, 0 1))",
        "a hole runs along the outline around it near `0 1` (part 1, shell, after vertex 4; and part \
         1, hole 1, after vertex 3)",
    ),
    (
        "hole_outside_shell",
        "POLYGON((0 0, 4 0, 4 4, 0 4, 0 0), (5 5, 6 5, 6 6, 5 5))",
        "a hole is not inside its outline near `5 5` (part 1, hole 1, vertex 1)",
    ),
    (
        "holes_overlap",
        "POLYGON((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 5 1, 5 5, 1 5, 1 1), (3 3, 7 3, 7 7, 3 7, 3 3))",
        "two holes overlap or share an edge near `3 5` (part 1, hole 1, after vertex 3; and part 1, \
         hole 2, after vertex 4)",
    ),
    (
        "nested_hole",
        "POLYGON((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 8 1, 8 8, 1 8, 1 1), (3 3, 7 3, 7 7, 3 7, 3 3))",
        "a hole is inside another hole near `3 3` (part 1, hole 2, vertex 1; and part 1, hole 1, \
         vertex 1)",
    ),
    (
        "parts_overlap",
        "MULTIPOLYGON(((0 0, 4 0, 4 4, 0 4, 0 0)), ((1 1, 2 1, 2 2, 1 1)))",
        "two parts overlap near `1 1` (part 2, shell, after vertex 1; and part 1, shell, after vertex \
         1)",
    ),
    (
        "parts_share_edge",
        "MULTIPOLYGON(((0 0, 4 0, 4 4, 0 4, 0 0)), ((4 0, 8 0, 8 4, 4 4, 4 0)))",
        "two parts share an edge: draw them as one near `4 0` (part 1, shell, after vertex 2; and \
         part 2, shell, after vertex 4)",
    ),
    (
        "interior_disconnected",
        "POLYGON((0 0, 4 0, 4 4, 0 4, 0 0), (2 0, 3 2, 2 4, 1 2, 2 0))",
        "holes cut the inside into pieces: draw them as parts near `2 4` (part 1, hole 1, vertex 3; \
         and part 1, shell, vertex 3)",
    ),
    (
        "pole_enclosed",
        "POLYGON((0 60, 90 60, 180 60, -90 60, 0 60))",
        "the outline goes around a pole near `0 60` (part 1, shell, vertex 1)",
    ),
    (
        "too_wide",
        "POLYGON((0 0, 150 0, 300 0, 450 0, 450 1, 300 1, 150 1, 0 1, 0 0))",
        "the outline is wider than the world (360 degrees) near `0 0` (part 1, shell, vertex 1)",
    ),
    (
        "collapsed",
        "POLYGON((0 0, 1e-9 0, 0 1e-9, 0 0))",
        "the drawing is smaller than the grid of 1e-7 degree (about 1 cm): draw a larger one",
    ),
    (
        "not_areal",
        "LINESTRING(0 0, 1 1)",
        "expected one polygon or multipolygon, found `LINESTRING`",
    ),
    (
        "syntax",
        "0 0, 1 1",
        "not a valid WKT: it starts with `0` instead of `POLYGON` or `MULTIPOLYGON`",
    ),
];

#[test]
fn every_refusal_has_a_code_and_plain_words() {
    for (code, drawing, words) in REFUSALS {
        let error = Area::from_wkt(drawing).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (*code, *words), "{drawing}");
    }
    let [first, .., last] = [(0.0, 0.0), (f64::NAN, 1.0), (1.0, 0.0)].map(Coord::from);
    let shell = LineString(vec![first, Coord { x: f64::NAN, y: 1.0 }, last]);
    let error = Area::try_from(Polygon::new(shell, Vec::new())).unwrap_err();
    assert_eq!(error.code(), "not_finite");
    assert_eq!(error.place().unwrap().vertex(), 1);
}

#[test]
fn a_refusal_points_into_the_arrays() {
    let text = "MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)), ((9 9, 5 9, 5 5, 9 5, 9 9), (6 6, 8 8, 8 6, 6 8, 6 6)))";
    let AreaError::Flawed { at, with: Some(with), .. } = Area::from_wkt(text).unwrap_err() else {
        panic!("no place")
    };
    assert_eq!((at.part(), at.ring(), at.vertex(), at.lon_lat()), (1, 1, 0, (7.0, 7.0)));
    assert_eq!((with.part(), with.ring(), with.vertex()), (1, 1, 2));
}

#[test]
fn touching_in_points_is_fine() {
    let accepted = [
        // A hole that touches its shell once, and one that touches that hole once.
        "POLYGON((0 0, 9 0, 9 9, 0 9, 0 0), (0 4, 2 3, 2 5, 0 4), (2 5, 4 5, 4 7, 2 5))",
        // Three holes that touch in one place.
        "POLYGON((0 0, 9 0, 9 9, 0 9, 0 0), (4 4, 1 4, 1 5, 4 4), (4 4, 7 4, 7 5, 4 4), (4 4, 5 1, 4 1, 4 4))",
        // Parts that touch at a corner; an island in a lake that touches the shore.
        "MULTIPOLYGON(((0 0, 1 0, 1 1, 0 1, 0 0)), ((1 1, 2 1, 2 2, 1 2, 1 1)))",
        "MULTIPOLYGON(((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 8 1, 8 8, 1 8, 1 1)), ((1 1, 3 2, 2 3, 1 1)))",
        // Repeated vertices, also around the end; a vertex on a straight edge.
        "POLYGON((0 0, 0 0, 1 0, 2 0, 2 0, 2 2, 0 0, 0 0))",
    ];
    for text in accepted {
        area(text);
    }
}

#[test]
fn the_boundary_of_shells_and_holes_is_inside() {
    let area = area("POLYGON((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1))");
    for (lon, lat, inside) in [
        (0.0, 0.0, true),
        (4.0, 2.0, true),
        (1.5, 1.0, true),
        (2.0, 2.0, true),
        (1.5, 1.5, false),
        (1.500_000_1, 1.000_000_1, false),
        (-0.000_000_1, 2.0, false),
        (3.0, 3.0, true),
    ] {
        assert_eq!(area.covers(at(lon, lat)), inside, "{lon} {lat}");
    }
}

#[test]
fn the_antimeridian_is_crossed_the_short_way_and_split() {
    let square = "POLYGON((170 10, -170 10, -170 20, 170 20, 170 10))";
    let same = [
        "POLYGON((170 10, 190 10, 190 20, 170 20, 170 10))",
        "POLYGON((-190 10, -170 10, -170 20, -190 20, -190 10))",
        "POLYGON((890 10, 910 10, 910 20, 890 20, 890 10))",
        "MULTIPOLYGON(((170 10, 180 10, 180 20, 170 20, 170 10)), ((-180 10, -170 10, -170 20, -180 20, -180 10)))",
    ];
    let expected = area(square);
    assert_eq!((expected.parts(), expected.bounds()), (2, (-180.0, 10.0, 180.0, 20.0)));
    for text in same {
        let area = area(text);
        assert_eq!(area.size_m2(), expected.size_m2(), "{text}");
        for lon in [169.0, 170.0, 175.0, 180.0, -180.0, -175.0, -170.0, -169.0, 0.0] {
            let inside = !(-169.5..169.5).contains(&lon);
            assert_eq!(area.covers(at(lon, 15.0)), inside && lon.abs() >= 170.0, "{text} {lon}");
        }
    }
    assert_eq!(Area::from_bounds(170.0, 10.0, -170.0, 20.0).unwrap().size_m2(), expected.size_m2());
}

#[test]
fn a_split_keeps_bays_holes_and_islands_apart() {
    // A comb from the west whose two teeth end past the antimeridian; the gap between them is
    // outside.
    let comb = area("POLYGON((170 0, 190 0, 190 2, 175 2, 175 4, 190 4, 190 6, 170 6, 170 0))");
    assert_eq!(comb.parts(), 3);
    assert!(
        !comb.covers(at(180.0, 3.0)) && comb.covers(at(180.0, 2.0)) && comb.covers(at(180.0, 5.0))
    );
    // A hole across the antimeridian, a hole that touches it from the west, and a hole far from it.
    let holes = area(
        "POLYGON((170 0, 190 0, 190 9, 170 9, 170 0), (179 1, 181 1, 181 2, 179 2, 179 1), \
         (180 5, 178 6, 178 4, 180 5), (-175 7, -173 7, -173 8, -175 7))",
    );
    assert_eq!(holes.parts(), 2);
    assert!(!holes.covers(at(180.0, 1.5)) && holes.covers(at(180.0, 5.0)));
    assert!(!holes.covers(at(178.5, 5.0)) && !holes.covers(at(-173.5, 7.4)));
    assert_eq!(Area::from_geojson(&holes.to_geojson()).unwrap(), holes);
    // Parts are compared around the world.
    let twice = "MULTIPOLYGON(((170 0, 190 0, 190 9, 170 0)), ((-179 1, -175 1, -175 2, -179 1)))";
    assert_eq!(Area::from_wkt(twice).unwrap_err().code(), "parts_overlap");
}

#[test]
fn the_whole_band_is_the_whole_band() {
    let band = Area::from_bounds(-180.0, 40.0, 180.0, 50.0).unwrap();
    let drawn = area("POLYGON((-180 40, 180 40, 180 50, -180 50, -180 40))");
    assert!((band.size_m2() / drawn.size_m2() - 1.0).abs() < 1e-12);
    for lon in [-180.0, -90.0, 0.0, 90.0, 180.0] {
        assert!(band.covers(at(lon, 45.0)) && drawn.covers(at(lon, 45.0)));
        assert!(!band.covers(at(lon, 51.0)) && !drawn.covers(at(lon, 51.0)));
    }
    let world = Area::from_bounds(0.0, -90.0, 360.0, 90.0).unwrap();
    assert!((world.size_m2() / 510_065_621_724_088.0 - 1.0).abs() < 1e-9, "{}", world.size_m2());
    assert!(world.covers_area(&band));
    // Land cut at the antimeridian down to the pole.
    let south = area("POLYGON((-180 -80, -60 -70, 60 -75, 180 -80, 180 -90, -180 -90, -180 -80))");
    assert!(south.covers(at(0.0, -89.0)) && south.covers(at(180.0, -85.0)));
    assert_eq!(Area::from_geojson(&south.to_geojson()).unwrap(), south);
}

#[test]
fn rounding_refuses_only_areas_that_vanish() {
    // Valid as given; rounding moves the notch's tip across the bottom edge.
    let notch = "POLYGON((0 0, 10 0.0000001, 10 5, 4 0.000000045, 0 5, 0 0))";
    let area = area(notch);
    assert_eq!(area.vertices(), 5);
    assert!(!area.to_multi_polygon().is_valid());
    let again = Area::from_geojson(&area.to_geojson()).unwrap();
    assert_eq!(again, area);
    assert!(Area::from_bounds(0.0, 0.0, 10.0, 5.0).unwrap().covers_area(&area));
    assert!(area.covers_area(&Area::from_bounds(9.0, 1.0, 9.5, 2.0).unwrap()));
    assert!(!area.covers_area(&Area::from_bounds(3.0, 1.0, 9.5, 2.0).unwrap()));
    // A hole and a part below the grid are dropped.
    let rest = self::area(
        "MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0), (0.5 0.1, 0.500000001 0.1, 0.5 0.100000001, 0.5 0.1)), \
         ((5 5, 5.00000001 5, 5 5.00000001, 5 5)))",
    );
    assert_eq!((rest.parts(), rest.vertices()), (1, 3));
}

#[test]
fn sizes_leave_holes_out() {
    let whole = area("POLYGON((0 0, 0.02 0, 0.02 0.02, 0 0.02, 0 0))");
    let hole = area("POLYGON((0.01 0.01, 0.015 0.01, 0.015 0.015, 0.01 0.01))");
    let text = "POLYGON((0 0, 0.02 0, 0.02 0.02, 0 0.02, 0 0), (0.01 0.01, 0.015 0.01, 0.015 0.015, 0.01 0.01))";
    let rest = area(text);
    assert!((rest.size_m2() - (whole.size_m2() - hole.size_m2())).abs() < 1e-6);
    let geodesic = whole.to_multi_polygon().geodesic_area_unsigned();
    assert!((whole.size_m2() / geodesic - 1.0).abs() < 1e-6);
    let both = area(
        "MULTIPOLYGON(((0 0, 0.02 0, 0.02 0.02, 0 0.02, 0 0)), ((1 0, 1.02 0, 1.02 0.02, 1 0.02, 1 0)))",
    );
    let sizes: Vec<f64> = both.part_sizes_m2().collect();
    assert!(
        (sizes[0] - sizes[1]).abs() < 1e-3
            && (sizes.iter().sum::<f64>() - both.size_m2()).abs() < 1e-3
    );
}

#[test]
fn a_repair_describes_its_changes() {
    let repaired = |text: &str| {
        let geometry: geo_types::Geometry<f64> = wkt(text);
        let drawing = match geometry {
            geo_types::Geometry::Polygon(polygon) => MultiPolygon(vec![polygon]),
            geo_types::Geometry::MultiPolygon(polygons) => polygons,
            other => panic!("{other:?}"),
        };
        Area::repaired(&drawing)
    };
    let bow_tie = repaired("POLYGON((0 0, 2 2, 2 0, 0 2, 0 0))").unwrap();
    assert_eq!(bow_tie.cause().unwrap().code(), "self_crossing");
    assert_eq!(
        (bow_tie.parts(), bow_tie.vertices_added(), bow_tie.vertices_removed()),
        ((1, 2), 1, 0)
    );
    assert!(bow_tie.area().covers(at(0.5, 1.0)) && !bow_tie.area().covers(at(1.0, 0.5)));
    assert!(bow_tie.to_string().contains("1 vertices added, 0 removed, parts 1 to 2"), "{bow_tie}");

    let valid = repaired("POLYGON((0 0, 2 0, 2 2, 0 0))").unwrap();
    assert!(!valid.is_changed() && valid.to_string() == "nothing changed");

    let spike = repaired("POLYGON((0 0, 2 0, 4 0, 2 0, 2 2, 0 0))").unwrap();
    assert_eq!((spike.parts(), spike.vertices_removed()), ((1, 1), 1));
    let dateline = repaired("POLYGON((170 0, 190 10, 190 0, 170 10, 170 0))").unwrap();
    assert_eq!(dateline.parts().1, 2);
    assert!(dateline.area().covers(at(-172.0, 5.0)) && dateline.area().covers(at(172.0, 5.0)));
    for nothing in ["POLYGON EMPTY", "POLYGON((0 0, 1 1, 2 2, 0 0))", "POLYGON((0 0, 1 1, 0 0))"] {
        assert!(repaired(nothing).is_err(), "{nothing}");
    }
}

#[track_caller]
pub fn area(text: &str) -> Area {
    Area::from_wkt(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[track_caller]
pub fn at(lon: f64, lat: f64) -> Position {
    Position::new(lon, lat).unwrap()
}

fn wkt(text: &str) -> geo_types::Geometry<f64> {
    use std::str::FromStr;
    wkt::Wkt::<f64>::from_str(text).unwrap().try_into().unwrap()
}
