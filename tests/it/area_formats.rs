//! Areas from texts, circles and bounds, and areas written as GeoJSON.

use canvass::Area;
use geo_types::Rect;

use crate::area::{area, at};

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
fn texts_without_an_area_are_refused_by_name() {
    let two = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","properties":null,"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,1],[0,0]]]}},
        {"type":"Feature","properties":null,"geometry":{"type":"Polygon","coordinates":[[[2,0],[3,0],[2,1],[2,0]]]}}]}"#;
    assert_eq!(
        Area::from_geojson(two).unwrap_err().to_string(),
        "expected one polygon or multipolygon, found a feature collection with 2 polygons or multipolygons",
    );
    assert_eq!(
        Area::from_cap_polygon("1,2 3;4").unwrap_err().to_string(),
        "not a valid CAP polygon: pair 2, `3;4`, is not `lat,lon`",
    );
    let not_a_number = Area::from_cap_polygon("1,2 3,x").unwrap_err();
    assert_eq!(
        not_a_number.to_string(),
        "not a valid CAP polygon: pair 2, `3,x`, is not `lat,lon`: the longitude is not a number",
    );
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

/// Ten turns east a corner lies beside an edge; after the move back it is just beyond the edge.
#[test]
fn an_area_drawn_turns_away_round_trips() {
    let text = "MULTIPOLYGON(((3589.995 -0.005, 3590.015 -0.005, 3590.015 0.015, 3589.995 0.015)), \
                ((3590 0.03, 3590.03 0, 3590.06 0.03, 3590.03 0.06)))";
    let area = Area::from_wkt(text).unwrap();
    let again = Area::from_geojson(&area.to_geojson()).unwrap();
    assert_eq!(again, area);
    assert_eq!(area.bounds(), (-10.005, -0.005, -9.94, 0.06));
    // The rounded area alone is not valid, so the drawing as given must have been written.
    assert!(Area::new(&area.to_multi_polygon()).is_err());
}
