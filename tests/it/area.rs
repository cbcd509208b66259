//! Areas: what is refused and in which words, what is accepted, and the laws they keep.

#![allow(clippy::float_cmp, reason = "exact by construction")]

use canvass::{Area, AreaError, Position};
use geo::{Area as _, GeodesicArea, Intersects, Validation, line_intersection::line_intersection};
use geo_types::{Coord, Line, LineString, MultiPolygon, Point, Polygon, Rect};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

/// Each reason, with a drawing small enough to read and the words its author gets.
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
        "the latitude is outside -90..90 near `1 91` (part 1, shell, vertex 2)",
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
        "a hole crosses the outline around it near `4 1.3333333333333333` (part 1, shell, after \
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
    ("syntax", "0 0, 1 1", "not a valid WKT: it does not start with a word"),
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
fn a_refusal_says_where_in_the_arrays() {
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
    // A comb from the west whose two teeth end past the antimeridian: between them is no area.
    let comb = area("POLYGON((170 0, 190 0, 190 2, 175 2, 175 4, 190 4, 190 6, 170 6, 170 0))");
    assert_eq!(comb.parts(), 3);
    assert!(
        !comb.covers(at(180.0, 3.0)) && comb.covers(at(180.0, 2.0)) && comb.covers(at(180.0, 5.0))
    );
    // A hole across, a hole that touches the antimeridian from the west, and one far from it.
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
fn rounding_refuses_nothing_but_what_vanishes() {
    // Valid as given; rounded, the notch's tip crosses to the other side of the bottom edge.
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
fn formats_read_the_same_area() {
    let square = Area::from_bounds(-120.5, 38.25, -119.5, 38.75).unwrap();
    let wkt = "polygon ((-120.5 38.25, -119.5 38.25, -119.5 38.75, -120.5 38.75))";
    let cap = "38.25,-120.5 38.25,-119.5 38.75,-119.5 38.75,-120.5 38.25,-120.5";
    let ring = "[[-120.5,38.25,7],[-119.5,38.25],[-119.5,38.75],[-120.5,38.75],[-120.5,38.25]]";
    let polygon = format!(r#"{{"type":"Polygon","coordinates":[{ring}],"bbox":[-1,0,1,0]}}"#);
    let multi = format!(r#"{{"type":"MultiPolygon","coordinates":[[{ring}]]}}"#);
    let feature = format!(r#"{{"type":"Feature","properties":{{"a":1}},"geometry":{polygon}}}"#);
    let point =
        r#"{"type":"Feature","properties":null,"geometry":{"type":"Point","coordinates":[0,0]}}"#;
    let features = format!(r#"{{"type":"FeatureCollection","features":[{point},{feature}]}}"#);
    let collection = format!(r#"{{"type":"GeometryCollection","geometries":[{multi}]}}"#);
    assert_eq!(area(wkt), square);
    assert_eq!(Area::from_cap_polygon(cap).unwrap(), square);
    for text in [&polygon, &multi, &feature, &features, &collection] {
        assert_eq!(&Area::from_geojson(text).unwrap(), &square, "{text}");
    }
    for text in [&polygon, &multi] {
        assert_eq!(&serde_json::from_str::<Area>(text).unwrap(), &square);
    }
    let rect = Rect::new((-120.5, 38.25), (-119.5, 38.75));
    assert_eq!(Area::try_from(rect).unwrap(), square);
    assert_eq!(Area::try_from(square.to_multi_polygon()).unwrap(), square);
}

#[test]
fn texts_that_are_no_area_say_so() {
    let two = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","properties":null,"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,1],[0,0]]]}},
        {"type":"Feature","properties":null,"geometry":{"type":"Polygon","coordinates":[[[2,0],[3,0],[2,1],[2,0]]]}}]}"#;
    assert_eq!(
        Area::from_geojson(two).unwrap_err().to_string(),
        "expected one polygon or multipolygon, found a feature collection with 2 polygons or multipolygons",
    );
    assert_eq!(
        Area::from_cap_polygon("1,2 3;4").unwrap_err().to_string(),
        "not a valid CAP polygon: `3;4` is not `lat,lon`",
    );
    let not_a_number = Area::from_cap_polygon("1,2 3,x").unwrap_err();
    assert_eq!(not_a_number.to_string(), "not a valid CAP polygon: `x` is not a number");
    for text in ["", "1,2", "1,2 x", "1,2 3 4", "91,2 3"] {
        assert_eq!(Area::from_cap_circle(text).unwrap_err().code(), "syntax", "{text}");
    }
    for text in ["", "POLYGON", "POLYGON((", "POLYGON((0 0, 1))", "POLYGON((0 0, 1 x, 2 2))", "é"]
    {
        let code = Area::from_wkt(text).unwrap_err().code();
        assert!(["syntax", "empty", "too_few_vertices"].contains(&code), "{text} {code}");
    }
    let nested = "GEOMETRYCOLLECTION(".repeat(100_000);
    assert_eq!(Area::from_wkt(&nested).unwrap_err().code(), "not_areal");
    let deserialized = serde_json::from_str::<Area>(
        r#"{"type":"Polygon","coordinates":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}"#,
    );
    assert!(deserialized.unwrap_err().to_string().starts_with("the outline crosses itself"));
}

#[test]
fn circles_are_circles() {
    let circle = Area::from_circle(at(-73.9, 40.7), 1_000.0).unwrap();
    let round = std::f64::consts::PI * 1e6;
    assert_eq!(circle.vertices(), 64);
    assert!((0.998..1.0).contains(&(circle.size_m2() / round)), "{}", circle.size_m2() / round);
    assert_eq!(Area::from_cap_circle("40.7,-73.9 1").unwrap(), circle);
    let far = Area::from_circle(at(180.0, 0.0), 1_000.0).unwrap();
    assert_eq!(far.parts(), 2);
    assert_eq!(Area::from_circle(at(0.0, 89.0), 500_000.0).unwrap_err().code(), "pole_enclosed");
    assert_eq!(Area::from_circle(at(0.0, 0.0), 1e-4).unwrap_err().code(), "collapsed");
    for radius in [0.0, -1.0, f64::NAN, f64::INFINITY, 2e7] {
        let error = Area::from_circle(at(0.0, 0.0), radius).unwrap_err();
        assert_eq!(error.code(), "radius_out_of_range");
        let words = format!(
            "the radius is `{radius}` m: draw a circle of more than 0 and at most 10000000 m"
        );
        assert_eq!(error.to_string(), words);
    }
}

#[test]
fn bounds_that_enclose_nothing_are_refused() {
    let code = |w, s, e, n| Area::from_bounds(w, s, e, n).unwrap_err().code();
    assert_eq!(code(0.0, 0.0, 0.0, 1.0), "too_few_vertices");
    assert_eq!(code(0.0, 0.0, 1.0, 91.0), "latitude_out_of_range");
    assert_eq!(code(0.0, 0.0, 400.0, 1.0), "too_wide");
    assert_eq!(code(f64::NAN, 0.0, 1.0, 1.0), "not_finite");
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
fn a_repair_says_what_it_changed() {
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

pub fn star(vertices: usize) -> MultiPolygon<f64> {
    let coords = (0..vertices).map(|vertex| {
        let angle = vertex as f64 / vertices as f64 * std::f64::consts::TAU;
        let radius = if vertex % 2 == 0 { 1.0 } else { 0.3 };
        Coord { x: radius * angle.cos(), y: radius * angle.sin() }
    });
    MultiPolygon(vec![Polygon::new(LineString(coords.collect()), Vec::new())])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// `geo` compares all pairs of edges and relates all pairs of rings.
    #[test]
    fn verdicts_equal_those_of_geo(drawing in drawings()) {
        prop_assert_eq!(Area::new(&drawing).is_ok(), is_valid(&drawing), "{:?}", drawing);
    }

    /// Where a ring starts, which way it runs, and whether it is closed says nothing about an area.
    #[test]
    fn verdicts_ignore_start_and_winding(drawing in drawings(), turn in 0..7_usize, flip: bool) {
        let turned = each_ring(&drawing, |coords| {
            coords.pop();
            let middle = turn % coords.len();
            coords.rotate_left(middle);
            if flip { coords.reverse(); }
        });
        prop_assert_eq!(Area::new(&drawing).is_ok(), Area::new(&turned).is_ok());
    }

    /// A drawing further along the map, or on its next turn, is judged alike and covers alike.
    #[test]
    fn verdicts_ignore_the_antimeridian(drawing in drawings(), lon in 0..16_i32, lat in 0..16_i32) {
        let moved = each_ring(&drawing, |coords| coords.iter_mut().for_each(|c| c.x += 174.0));
        match (Area::new(&drawing), Area::new(&moved)) {
            (Ok(here), Ok(there)) => {
                // Off every edge: a cut edge is no longer quite straight.
                let (lon, lat) = (f64::from(lon) / 2.0 + 0.013_7, f64::from(lat) / 2.0 + 0.007_1);
                let wrapped = if lon + 174.0 > 180.0 { lon - 186.0 } else { lon + 174.0 };
                prop_assert_eq!(here.covers(at(lon, lat)), there.covers(at(wrapped, lat)));
                prop_assert!((here.size_m2() / there.size_m2() - 1.0).abs() < 1e-6);
                let again = Area::from_geojson(&there.to_geojson()).unwrap();
                prop_assert_eq!(again, there);
            }
            (Err(_), Err(_)) => {}
            // On the antimeridian that is one part, cut there.
            (Err(here), Ok(_)) if here.code() == "parts_share_edge" => {}
            (here, there) => prop_assert!(false, "{here:?} {there:?}"),
        }
    }

    /// On whole units of 1e-7 degree `geo` is exact as well.
    #[test]
    fn covers_equals_geo(drawing in drawings(), lon in 0..=16_i32, lat in 0..=16_i32) {
        if let Ok(area) = Area::new(&each_ring(&drawing, |c| c.iter_mut().for_each(|c| {
            c.x /= 1e7;
            c.y /= 1e7;
        }))) {
            let position = Position::from_e7(lon, lat).unwrap();
            let point = Point::new(f64::from(lon), f64::from(lat));
            prop_assert_eq!(area.covers(position), drawing.intersects(&point));
        }
    }

    /// What is written is read as the same area, though it was drawn off the grid.
    #[test]
    fn geojson_round_trip(coords in prop::collection::vec((-1e-6..1e-6, -1e-6..1e-6), 3..7)) {
        let shell = LineString(coords.iter().map(|&(x, y)| Coord { x, y }).collect());
        if let Ok(area) = Area::try_from(Polygon::new(shell, Vec::new())) {
            prop_assert_eq!(Area::from_geojson(&area.to_geojson()).unwrap(), area.clone());
            prop_assert_eq!(serde_json::from_str::<Area>(&serde_json::to_string(&area).unwrap()).unwrap(), area);
        }
    }

    /// A repair is an area or an error, and inside is what an odd number of rings go around.
    #[test]
    fn repairs_are_even_odd(drawing in drawings(), lon in 0..8_i32, lat in 0..8_i32) {
        if let Ok(repaired) = Area::repaired(&drawing) {
            // A place that no edge between vertices of the small grid goes through.
            let (x, y) = (f64::from(lon) + 0.501_237_1, f64::from(lat) + 0.497_031_7);
            let around = drawing.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()))
                .filter(|ring| Polygon::new((*ring).clone(), Vec::new()).exterior().0.windows(2)
                    .filter(|edge| {
                        let (a, b) = (edge[0], edge[1]);
                        (a.y > y) != (b.y > y) && x < (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x
                    }).count() % 2 == 1)
                .count();
            prop_assert_eq!(repaired.area().covers(at(x, y)), around % 2 == 1, "{}", repaired);
        }
    }

    #[test]
    fn hostile_numbers_never_panic(coords in prop::collection::vec((hostile(), hostile()), 0..8)) {
        let shell = LineString(coords.iter().map(|&(x, y)| Coord { x, y }).collect());
        let drawing = MultiPolygon(vec![Polygon::new(shell.clone(), vec![shell])]);
        let _ = Area::new(&drawing);
        let _ = Area::repaired(&drawing);
        if let [(w, s), (e, n), ..] = coords[..] {
            let _ = Area::from_bounds(w, s, e, n);
        }
    }

    #[test]
    fn hostile_texts_never_panic(text in "(POLYGON|MULTIPOLYGON|\\{\"type\":\"Polygon\",\"coordinates\":)?[-0-9eE.,() \\[\\]]{0,40}\\}?") {
        let _ = (Area::from_wkt(&text), Area::from_geojson(&text));
        let _ = (Area::from_cap_polygon(&text), Area::from_cap_circle(&text));
    }
}

/// Neither verdict may be rare among the drawings of the tests above.
#[test]
fn drawings_are_valid_and_invalid_often() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut valid, mut reasons) = (0, std::collections::BTreeMap::<_, usize>::new());
    for _ in 0..2_000 {
        let drawing = drawings().new_tree(&mut runner).unwrap().current();
        match Area::new(&drawing) {
            Ok(_) => valid += 1,
            Err(error) => *reasons.entry(error.code()).or_default() += 1,
        }
    }
    assert!((400..1_600).contains(&valid), "{valid} {reasons:?}");
    assert!(reasons.len() >= 9, "{reasons:?}");
}

/// Whether drawings of whole numbers, which `geo` compares, are areas: three vertices in line are not,
/// though they can be a sliver once they are divided.
pub fn are_areas(drawings: &[&MultiPolygon<f64>]) -> bool {
    drawings.iter().all(|drawing| Area::new(drawing).is_ok())
}

/// Up to three parts with up to two holes on a grid so small that rings often touch.
pub fn drawings() -> impl Strategy<Value = MultiPolygon<f64>> {
    let around = |low: i32, high: i32| {
        prop::collection::btree_set((low..=high, low..=high), 3..7).prop_map(|points| {
            // Around their middle, so that most rings are simple.
            let count = points.len() as f64;
            let sum = points
                .iter()
                .fold((0.0, 0.0), |sum, p| (sum.0 + f64::from(p.0), sum.1 + f64::from(p.1)));
            let middle = (sum.0 / count + 0.01, sum.1 / count + 0.013);
            let angle =
                |p: &(i32, i32)| (f64::from(p.1) - middle.1).atan2(f64::from(p.0) - middle.0);
            let mut points: Vec<(i32, i32)> = points.into_iter().collect();
            points.sort_by(|a, b| angle(a).total_cmp(&angle(b)));
            points
        })
    };
    let any = prop::collection::vec((0..=8, 0..=8), 3..6)
        .prop_filter("a ring", |p| p.iter().collect::<std::collections::BTreeSet<_>>().len() > 2);
    let square = Just(vec![(0, 0), (8, 0), (8, 8), (0, 8)]);
    let shell = prop_oneof![6 => square, 4 => around(0, 8), 1 => any];
    let polygon = (shell, prop::collection::vec(around(0, 6), 0..3), 0..3_i32);
    let one = polygon.clone().prop_map(|polygon| vec![polygon]);
    let small = (around(0, 4), prop::collection::vec(around(1, 3), 0..1), 0..5_i32);
    let many = prop::collection::vec(small, 2..4);
    prop_oneof![3 => one, 2 => many].prop_map(|polygons| {
        let line = |points: &[(i32, i32)], by: i32| {
            LineString(
                points
                    .iter()
                    .map(|p| Coord { x: f64::from(p.0 + by), y: f64::from(p.1) })
                    .collect(),
            )
        };
        let polygons = polygons.iter().map(|(shell, holes, by)| {
            let by = if holes.is_empty() { *by } else { 0 };
            Polygon::new(line(shell, by), holes.iter().map(|hole| line(hole, 0)).collect())
        });
        MultiPolygon(polygons.collect())
    })
}

fn hostile() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -200.0..200.0,
        2 => (-2..=2).prop_map(|n| f64::from(n) * 90.0),
        1 => prop::num::f64::ANY,
        1 => Just(-0.0),
        1 => Just(f64::MIN_POSITIVE),
        1 => -1e-9..1e-9,
    ]
}

/// What `geo` says, and the two rules it leaves out: no ring is flat, and rings of a part do not
/// touch in a cycle, for then its inside falls into pieces.
fn is_valid(drawing: &MultiPolygon<f64>) -> bool {
    drawing.is_valid()
        && drawing.iter().all(|polygon| {
            let rings: Vec<_> =
                std::iter::once(polygon.exterior()).chain(polygon.interiors()).collect();
            if rings
                .iter()
                .any(|ring| Polygon::new((*ring).clone(), Vec::new()).unsigned_area() == 0.0)
            {
                return false;
            }
            let mut touches = std::collections::BTreeSet::new();
            let mut places = Vec::new();
            for (a, ring) in rings.iter().enumerate() {
                for (b, other) in rings.iter().enumerate().skip(a + 1) {
                    for meeting in ring
                        .lines()
                        .flat_map(|e| other.lines().filter_map(move |f| line_intersection(e, f)))
                    {
                        let Line { start, .. } = meeting.into_line();
                        let place = places.iter().position(|&p| p == start).unwrap_or_else(|| {
                            places.push(start);
                            places.len() - 1
                        });
                        touches.extend([(a, rings.len() + place), (b, rings.len() + place)]);
                    }
                }
            }
            // A forest has no cycle: each touch joins two trees.
            let mut tree: Vec<usize> = (0..rings.len() + places.len()).collect();
            touches.into_iter().all(|(ring, place)| {
                let (from, to) = (tree[ring], tree[place]);
                tree.iter_mut().filter(|tree| **tree == from).for_each(|tree| *tree = to);
                from != to
            })
        })
}

trait IntoLine {
    fn into_line(self) -> Line<f64>;
}

impl IntoLine for geo::LineIntersection<f64> {
    fn into_line(self) -> Line<f64> {
        match self {
            Self::SinglePoint { intersection, .. } => Line::new(intersection, intersection),
            Self::Collinear { intersection } => intersection,
        }
    }
}

pub fn each_ring(
    drawing: &MultiPolygon<f64>,
    mut change: impl FnMut(&mut Vec<Coord<f64>>),
) -> MultiPolygon<f64> {
    let polygons = drawing.iter().map(|polygon| {
        let mut change = |line: &LineString<f64>| {
            let mut coords = line.0.clone();
            change(&mut coords);
            LineString(coords)
        };
        Polygon::new(
            change(polygon.exterior()),
            polygon.interiors().iter().map(&mut change).collect(),
        )
    });
    MultiPolygon(polygons.collect())
}

#[track_caller]
pub fn area(text: &str) -> Area {
    Area::from_wkt(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[track_caller]
fn at(lon: f64, lat: f64) -> Position {
    Position::new(lon, lat).unwrap()
}

fn wkt(text: &str) -> geo_types::Geometry<f64> {
    use std::str::FromStr;
    wkt::Wkt::<f64>::from_str(text).unwrap().try_into().unwrap()
}

/// In the plane ten turns east a corner lies beside an edge, and at home a hair beyond it.
#[test]
fn an_area_drawn_some_turns_away_is_written_so_that_it_can_be_read() {
    let text = "MULTIPOLYGON(((3589.995 -0.005, 3590.015 -0.005, 3590.015 0.015, 3589.995 0.015)), \
                ((3590 0.03, 3590.03 0, 3590.06 0.03, 3590.03 0.06)))";
    let area = Area::from_wkt(text).unwrap();
    let again = Area::from_geojson(&area.to_geojson()).unwrap();
    assert_eq!(again, area);
    assert_eq!(area.bounds(), (-10.005, -0.005, -9.94, 0.06));
    // Not vacuous: written as it was rounded, it could not be.
    assert!(Area::new(&area.to_multi_polygon()).is_err());
}
