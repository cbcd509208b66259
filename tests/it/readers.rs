//! Readers of drawings: they read to the end of the text, in every context, with plain messages.

use canvass::Area;
use canvass::error::AreaError;
use geo_types::{Geometry, MultiPolygon};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use wkt::ToWkt;

use crate::area_laws::drawings;

const SQUARE: &str = "POLYGON((0 0, 1 0, 1 1, 0 1, 0 0))";

/// Texts that are read, each as the square from 0 to 1.
const SQUARES: &[&str] = &[
    "polygon((0 0,1 0,1 1,0 1))",
    "\u{feff}POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0))\r\n",
    "POLYGON Z ((0 0 5, 1 0 5, 1 1 5, 0 1 5, 0 0 5))",
    "POLYGONZ((0 0 5, 1 0 NaN, 1 1 5, 0 1 5, 0 0 5))",
    "PolygonZM((0 0 5 1, 1 0 5 1, 1 1 5 1, 0 1 5 1, 0 0 5 1))",
    "POLYGON M((0 0 5, 1 0 5, 1 1 5, 0 1 5, 0 0 5))",
    "POLYGON((0 0 5, 1 0 5, 1 1 5, 0 1 5, 0 0 5))",
    "POLYGON((0 0 5 1, 1 0 5 1, 1 1 5 1, 0 1 5 1, 0 0 5 1))",
    "POLYGON\u{a0}((0\u{a0}0, 1e0 +0, 1. 1, .0 1, -0 0), EMPTY)",
    "MULTIPOLYGON(((0 0, 1 0, 1 1, 0 1, 0 0)))",
    "MULTIPOLYGON(EMPTY, (EMPTY, empty), ((0 0, 1 0, 1 1, 0 1, 0 0), EMPTY), EMPTY)",
];

/// Texts that are refused, with the message that their authors get.
const REFUSED: &[(&str, &str)] = &[
    (
        "POLYGON((0 0, 1 0, 1 1, 0 0))\nPOLYGON((5 5, 6 5, 6 6, 5 5))",
        "not a valid WKT: the polygon ends before `POLYGON` at line 2 column 1: write several \
         polygons as one `MULTIPOLYGON`",
    ),
    (
        "MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0))), (((5 5, 6 5, 6 6, 5 5)))",
        "not a valid WKT: the multipolygon ends before `,` at line 1 column 37: put all polygons \
         between its parentheses",
    ),
    (
        "POLYGON EMPTY)",
        "not a valid WKT: the polygon ends before `)` at line 1 column 14: write several polygons as \
         one `MULTIPOLYGON`",
    ),
    (
        "POLYGON((0 0, 1 0, 1 1, 0 0",
        "not a valid WKT: expected `,` or `)` before the end of the text at line 1 column 28 (part 1, \
         shell, vertex 4)",
    ),
    (
        "POLYGON((0 0, 1 0, 1 1, 0 0), (0.1 0.1, 0.2 0.1, 0.2 north))",
        "not a valid WKT: expected a latitude before `north` at line 1 column 54 (part 1, hole 1, \
         vertex 3)",
    ),
    (
        "POLYGON((0,5 0, 1 0, 1 1, 0,5 0))",
        "not a valid WKT: expected a latitude before `,` at line 1 column 11 (part 1, shell, vertex 1)",
    ),
    (
        "POLYGON Z ((0 0 1, 1 0, 1 1 1, 0 0 1))",
        "not a valid WKT: the vertex has 2 numbers instead of 3, before `,` at line 1 column 23 \
         (part 1, shell, vertex 2)",
    ),
    (
        "MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)) ((5 5, 6 5, 6 6, 5 5)))",
        "not a valid WKT: expected `,` or `)` before `(` at line 1 column 37 (part 1, shell, vertex 4)",
    ),
    (
        "POLYGON(())",
        "not a valid WKT: expected a longitude before `)` at line 1 column 10 (part 1, shell, vertex 1)",
    ),
    (
        "POLYGON(0 0, 1 0, 1 1, 0 0)",
        "not a valid WKT: expected `(` or `EMPTY` before `0` at line 1 column 9 (part 1, shell, vertex 1)",
    ),
    (
        "SRID=4326;POLYGON((0 0, 1 0, 1 1, 0 0))",
        "not a valid WKT: `SRID=4326` in front is not part of WKT: leave it out, for areas are read in \
         that system, longitude first",
    ),
    (
        "srid=27700; POLYGON((530000 180000, 531000 180000, 531000 181000, 530000 180000))",
        "not a valid WKT: `srid=27700` in front is not part of WKT: transform the drawing to longitude \
         and latitude in degrees (4326), and leave it out",
    ),
    (
        "",
        "not a valid WKT: it starts with the end of the text instead of `POLYGON` or `MULTIPOLYGON`",
    ),
    ("POLYGONS((0 0))", "expected one polygon or multipolygon, found `POLYGONS`"),
    ("POLYGON(EMPTY, EMPTY)", "the drawing is empty: draw at least one polygon"),
    (
        "POLYGON(EMPTY, (0.1 0.1, 0.2 0.1, 0.2 0.2, 0.1 0.1))",
        "a hole is not inside its outline near `0.1 0.1` (part 1, hole 1, vertex 1)",
    ),
    (
        "POLYGON((0 -90.00000000000003, 1 0, 1 1, 0 -90.00000000000003))",
        "the latitude is outside -90..90 (longitude first, both in degrees) near `0 -90.0000001` (part 1, shell, vertex 1)",
    ),
    (
        "POLYGON((0 1e300, 1 0, 1 1, 0 1e300))",
        "the latitude is outside -90..90 (longitude first, both in degrees) near `0 1.0000000e300` (part 1, shell, vertex 1)",
    ),
];

#[test]
fn forms_of_one_square_are_read_as_one_area() {
    let square = Area::from_bounds(0.0, 0.0, 1.0, 1.0).unwrap();
    for text in SQUARES {
        assert_eq!(Area::from_wkt(text).as_ref(), Ok(&square), "{text}");
    }
}

#[test]
fn refused_texts_name_place_and_remedy() {
    for (text, words) in REFUSED {
        assert_eq!(Area::from_wkt(text).unwrap_err().to_string(), *words, "{text}");
    }
}

/// A drawing member in an object of another type, or a repeated one, is refused; it would be lost
/// otherwise.
#[test]
fn geojson_loses_no_part_of_a_drawing() {
    let ring = "[[[0,0],[1,0],[1,1],[0,0]]]";
    let polygon = format!(r#"{{"type":"Polygon","coordinates":{ring}}}"#);
    let words = |text: &str| Area::from_geojson(text).unwrap_err().to_string();
    assert_eq!(
        words(&format!(r#"{{"type":"Feature","geometry":{polygon},"coordinates":{ring}}}"#)),
        "not a valid GeoJSON: a `Feature` cannot have a member `coordinates`: draw one or the other",
    );
    let twice = format!(r#"{{"type":"Polygon","coordinates":{ring},"coordinates":{ring}}}"#);
    assert!(words(&twice).contains("a member occurs twice"), "{}", words(&twice));
    assert_eq!(
        words(&format!(
            r#"{{"type":"Feature","geometry":{{"type":"Feature","geometry":{polygon}}}}}"#
        )),
        "not a valid GeoJSON: `Feature` is not a type of a GeoJSON geometry at `geometry`",
    );
    let deep = format!(r#"{{"type":"Polygon","coordinates":[{ring}]}}"#);
    assert!(words(&deep).contains("expected a number at `coordinates[0][0]`"), "{}", words(&deep));
    let member = format!(r#"{{"type":"Polygon","coordinates":{ring},"geometry":null,"x":[{{}}]}}"#);
    assert!(Area::from_geojson(&member).is_ok());
}

/// Empty drawings beside a polygon change nothing, in any kind of collection.
#[test]
fn empty_drawings_are_passed_over_everywhere() {
    let polygon = json!({ "type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]] });
    let area = Area::from_geojson(&polygon.to_string()).unwrap();
    let empties = [
        json!({ "type": "Polygon", "coordinates": [] }),
        json!({ "type": "Polygon", "coordinates": [[], []] }),
        json!({ "type": "MultiPolygon", "coordinates": [[], [[]]] }),
        json!({ "type": "GeometryCollection", "geometries": [
            { "type": "MultiPolygon", "coordinates": [] },
            { "coordinates": [[]], "type": "Polygon" },
        ] }),
    ];
    let feature = |geometry: &Value| json!({ "type": "Feature", "geometry": geometry });
    // Geometries of other types, empty ones among them, are passed over in collections.
    for other in [
        json!({ "type": "Point", "coordinates": [] }),
        json!({ "coordinates": [], "type": "Point" }),
        json!({ "type": "MultiPoint", "coordinates": [] }),
        json!({ "type": "LineString", "coordinates": [] }),
        json!({ "type": "MultiLineString", "coordinates": [[], []] }),
        json!({ "type": "GeometryCollection", "geometries": [] }),
    ] {
        for geometries in [[&other, &polygon], [&polygon, &other]] {
            let parts = json!({ "type": "GeometryCollection", "geometries": geometries });
            assert_eq!(Area::from_geojson(&parts.to_string()).as_ref(), Ok(&area), "{parts}");
            let features =
                json!({ "type": "FeatureCollection", "features": geometries.map(feature) });
            assert_eq!(Area::from_geojson(&features.to_string()).as_ref(), Ok(&area), "{features}");
        }
        assert_eq!(Area::from_geojson(&other.to_string()).unwrap_err().code(), "not_areal");
    }
    for empty in &empties {
        assert_eq!(Area::from_geojson(&empty.to_string()).unwrap_err().code(), "empty", "{empty}");
        for geometries in [[empty, &polygon], [&polygon, empty]] {
            let parts = json!({ "type": "GeometryCollection", "geometries": geometries });
            let features =
                json!({ "type": "FeatureCollection", "features": geometries.map(feature) });
            for text in [parts.to_string(), features.to_string(), feature(&parts).to_string()] {
                assert_eq!(Area::from_geojson(&text).as_ref(), Ok(&area), "{text}");
            }
        }
    }
    let only = json!({ "type": "FeatureCollection", "features": empties.each_ref().map(feature) });
    assert_eq!(Area::from_geojson(&only.to_string()).unwrap_err().code(), "empty");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    /// Behind a valid text only white space may follow.
    #[test]
    fn a_text_with_rubbish_behind_is_refused(
        drawing in drawings(),
        rubbish in "[-0-9a-zA-Z.,;:()\\[\\]{}\"\0é]{1,8}",
        space in "[ \t\r\n]{0,2}",
    ) {
        let text = drawing.wkt_string();
        let area = Area::from_wkt(&text);
        prop_assert_eq!(Area::from_wkt(&format!("{text}{space}")), area.clone());
        let behind = format!("{text}{space}{rubbish}");
        prop_assert_eq!(Area::from_wkt(&behind).unwrap_err().code(), "syntax", "{}", behind);
        if let Ok(area) = area {
            let behind = format!("{}{space}{rubbish}", area.to_geojson());
            prop_assert_eq!(Area::from_geojson(&behind).unwrap_err().code(), "syntax", "{}", behind);
            prop_assert!(serde_json::from_str::<Area>(&behind).is_err());
        }
    }

    /// A text with one mark removed or doubled is refused; digits and blanks are exempt.
    #[test]
    fn a_text_with_a_mark_more_or_less_is_refused(drawing in drawings(), at: Index, twice: bool) {
        let mut text = drawing.wkt_string();
        let marks: Vec<usize> = text.match_indices(['(', ')', ',']).map(|(at, _)| at).collect();
        let place = *at.get(&marks);
        let mark = text.remove(place);
        if twice {
            text.insert(place, mark);
            text.insert(place, mark);
        }
        prop_assert!(Area::from_wkt(&text).is_err(), "{}", text);
    }

    /// All readers make the same area of a drawing, as do the crates `wkt` and `geojson`.
    #[test]
    fn readers_agree_on_each_drawing(drawing in drawings(), type_last: bool) {
        let expected = Area::new(&drawing);
        let text = drawing.wkt_string();
        prop_assert_eq!(Area::from_wkt(&text), expected.clone());
        let read: MultiPolygon<f64> = wkt::TryFromWkt::try_from_wkt_str(&text).unwrap();
        prop_assert_eq!(Area::new(&read), expected.clone());

        let geometry = geojson::GeometryValue::from(&drawing);
        let text = match serde_json::to_value(&geometry).unwrap() {
            Value::Object(members) if type_last => format!(
                r#"{{"coordinates":{},"type":"MultiPolygon"}}"#, members["coordinates"]
            ),
            value => value.to_string(),
        };
        let area = Area::from_geojson(&text);
        prop_assert_eq!(&area, &expected);
        prop_assert_eq!(serde_json::from_str::<Area>(&text).ok(), area.ok());
        let read = text.parse::<geojson::Geometry>().unwrap();
        prop_assert_eq!(Geometry::try_from(read).unwrap(), Geometry::MultiPolygon(drawing));
    }

    /// Empty polygons and rings at any place of a text do not change the area.
    #[test]
    fn empties_anywhere_change_nothing(
        drawing in drawings(),
        empties in prop::collection::vec((any::<Index>(), select(vec![json!([]), json!([[]]), json!([[], []])])), 1..4),
        hole: Index,
    ) {
        let expected = Area::new(&drawing);
        let mut value = serde_json::to_value(geojson::GeometryValue::from(&drawing)).unwrap();
        let parts = value["coordinates"].as_array_mut().unwrap();
        let chosen = hole.index(parts.len());
        let rings = parts[chosen].as_array_mut().unwrap();
        rings.insert(1 + hole.index(rings.len()), json!([]));
        for (at, empty) in empties {
            let parts = value["coordinates"].as_array_mut().unwrap();
            parts.insert(at.index(parts.len() + 1), empty);
        }
        let text = value.to_string();
        let read = Area::from_geojson(&text);
        match (&read, &expected) {
            (Err(read), Err(expected)) => prop_assert_eq!(read.code(), expected.code()),
            (read, expected) => prop_assert_eq!(read, expected, "{}", text),
        }
        prop_assert_eq!(serde_json::from_str::<Area>(&text).ok(), read.ok());
    }

    /// Whatever ends its lines, a text has one verdict, with one message and one place.
    #[test]
    fn line_ends_change_no_message(
        drawing in drawings(),
        ends in prop::collection::vec(select(vec!["\r", "\n", "\r\n"]), 3),
        rubbish in "[a-z\"é]{1,3}",
    ) {
        let wkt = drawing.wkt_string();
        let json = geojson::GeometryValue::from(&drawing).to_string();
        let places = |text: &str, read: fn(&str) -> Result<Area, AreaError>| -> Vec<String> {
            let lines: Vec<&str> = text.split(',').collect();
            let mut words: Vec<String> = ends.iter().map(|end| {
                let text = format!("{}{end}{end}{rubbish}", lines.join(&format!(",{end}")));
                read(&text).unwrap_err().to_string()
            }).collect();
            words.dedup();
            words
        };
        for words in [places(&wkt, Area::from_wkt), places(&json, Area::from_geojson)] {
            prop_assert_eq!(words.len(), 1, "{:?}", words);
        }
    }

    /// Places in messages are numbers with at most seven decimals.
    #[test]
    fn places_are_shown_with_seven_decimals(
        coords in prop::collection::vec((-200.0..200.0, -91.0..91.0), 1..7),
    ) {
        let ring: Vec<String> = coords.iter().map(|(x, y): &(f64, f64)| format!("{x} {y}")).collect();
        if let Err(error) = Area::from_wkt(&format!("POLYGON(({}))", ring.join(","))) {
            let words = error.to_string();
            let decimals = |word: &str| {
                let (_, after) = word.split_once('.')?;
                Some(after.chars().take_while(char::is_ascii_digit).count())
            };
            prop_assert!(!words.contains("NaN"), "{}", words);
            prop_assert!(words.split([' ', '`']).filter_map(decimals).all(|count| count <= 7), "{}", words);
        }
    }
}

/// The texts above are accepted without the rubbish, so that the rubbish is the reason of the
/// refusal.
#[test]
fn rubbish_is_the_only_fault_of_the_square() {
    assert!(Area::from_wkt(SQUARE).is_ok());
    for rubbish in [")", ",", "x", "\0", " 5", "-- north", "SRID=4326", "EMPTY", "\u{a0}x"] {
        let text = format!("{SQUARE}{rubbish}");
        assert_eq!(Area::from_wkt(&text).unwrap_err().code(), "syntax", "{text:?}");
    }
}

/// LF, CR LF and CR alone each end one line, and a column is a character, in texts of both formats.
#[test]
fn places_are_counted_as_editors_count_them() {
    for end in ["\n", "\r\n", "\r"] {
        let wkt = ["POLYGON(", "(0 0,", "é 1", "))"].join(end);
        let words = Area::from_wkt(&wkt).unwrap_err().to_string();
        assert!(words.contains("before `é` at line 3 column 1 ("), "{end:?}: {words}");
        let json = [r#"{"name":"é","#, "", r#""ü":1,"type":"Polygon","coordinates":[[[0,null]]]}"#];
        let words = Area::from_geojson(&json.join(end)).unwrap_err().to_string();
        let place = "expected a number at `coordinates[0][0]` at line 3 column 46";
        assert!(words.ends_with(place), "{end:?}: {words}");
        let cut = [r#"{"type":"Polygon","#, r#""coordinates":["#, "é"].join(end);
        let words = Area::from_geojson(&cut).unwrap_err().to_string();
        assert!(words.ends_with("expected value at line 3 column 1"), "{end:?}: {words}");
    }
}
