//! GeoJSON texts that are no area: no panic, and messages with the reason and the place.

use std::collections::BTreeMap;

use canvass::Area;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Value;

/// GeoJSON texts that are no area, with the message that their authors get.
const NO_GEOJSON: &[(&str, &str)] = &[
    (
        r#"{"type":"Polygon","coordinates":[[[0,0],[9],[9,9],[0,9],[0,0]]]}"#,
        "not a valid GeoJSON: a position needs a longitude and a latitude at `coordinates[0][1]`",
    ),
    (
        r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[0,1]]],[[[2,2],[3,2],[2,3]],[[2,2],[],[2,3]]]]}"#,
        "not a valid GeoJSON: a position needs a longitude and a latitude at `coordinates[1][1][1]`",
    ),
    (
        r#"{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]},{"type":"Polygon","coordinates":[[[0,0],[],[1,1],[0,1]]]}]}"#,
        "not a valid GeoJSON: a position needs a longitude and a latitude at `geometries[1].coordinates[0][1]`",
    ),
    (
        r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":null,"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,1],[0]]]}}]}"#,
        "not a valid GeoJSON: a position needs a longitude and a latitude at `features[0].geometry.coordinates[0][2]`",
    ),
    (
        r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,1]]"#,
        "not a valid GeoJSON: EOF while parsing a list at line 1 column 52",
    ),
    (
        r#"{"type":"Polygon","coordinates":[[[0,0],[1,"0"],[0,1]]]}"#,
        r#"not a valid GeoJSON: invalid type: string "0", expected a number at `coordinates[0][1]` at line 1 column 46"#,
    ),
    (r#"{"type":"FeatureCollection"}"#, "not a valid GeoJSON: missing field `features`"),
    (r#"{"type":"Polygon","coordinates":[]}"#, "the drawing is empty: draw at least one polygon"),
    (
        r#"{"type":"Feature","properties":null,"geometry":null}"#,
        "expected one polygon or multipolygon, found a feature without a geometry",
    ),
    (
        r#"{"type":"LineString","coordinates":[[0,0],[1,1]]}"#,
        "expected one polygon or multipolygon, found `LineString`",
    ),
];

#[test]
fn malformed_areas_are_refused_with_reason_and_place() {
    for (text, words) in NO_GEOJSON {
        assert_eq!(Area::from_geojson(text).unwrap_err().to_string(), *words, "{text}");
    }
    let short = r#"{"type":"Polygon","coordinates":[[[0,0],[9],[9,9]]]}"#;
    let error = serde_json::from_str::<Area>(short).unwrap_err();
    assert_eq!(error.to_string(), Area::from_geojson(short).unwrap_err().to_string());
}

#[test]
fn a_complaint_about_a_long_text_is_short() {
    let long = "9".repeat(10_000) + "é";
    let unknown = format!(r#"{{"type":"{long}","coordinates":[]}}"#);
    for error in [
        Area::from_geojson(&unknown),
        Area::from_wkt(&format!("POLYGON(({long} x))")),
        Area::from_wkt(&"A".repeat(10_000)),
        Area::from_cap_polygon(&long),
        Area::from_cap_circle(&format!("{long},1 2")),
        Area::from_cap_circle(&format!("1,2 {long}")),
    ]
    .map(Result::unwrap_err)
    {
        let words = error.to_string();
        assert!((20..300).contains(&words.len()), "{words}");
    }
    let words = Area::from_cap_polygon(&long).unwrap_err().to_string();
    assert!(words.ends_with("999 ..."), "{words}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn mutated_texts_never_panic(text in mutated_texts()) {
        judged(&text);
    }

    #[test]
    fn mutated_values_never_panic(text in mutated_values()) {
        judged(&text);
    }
}

/// Each verdict occurs often among the texts above, with many reasons.
#[test]
fn mutated_texts_are_read_and_refused_often() {
    let mut runner = TestRunner::deterministic();
    for texts in [mutated_texts().boxed(), mutated_values().boxed()] {
        let (mut read, mut reasons) = (0, BTreeMap::<_, usize>::new());
        for _ in 0..1_000 {
            let text = texts.new_tree(&mut runner).unwrap().current();
            match Area::from_geojson(&text) {
                Ok(_) => read += 1,
                Err(error) => *reasons.entry(error.code()).or_default() += 1,
            }
        }
        assert!((50..800).contains(&read), "{read} {reasons:?}");
        assert!(reasons.len() >= 5, "{reasons:?}");
    }
}

/// Valid texts of which a few characters were dropped, added or replaced.
fn mutated_texts() -> impl Strategy<Value = String> {
    let edit = (
        any::<Index>(),
        0..30_u8,
        prop::sample::select(r#"-019e.,[]{}:"a "#.chars().collect::<Vec<_>>()),
    );
    (prop::sample::select(&TEXTS[..]), prop::collection::vec(edit, 1..4)).prop_map(
        |(text, edits)| {
            let mut text: Vec<char> = text.chars().collect();
            for (at, edit, with) in edits {
                let digits: Vec<usize> =
                    (0..text.len()).filter(|&at| text[at].is_ascii_digit()).collect();
                let place = at.index(text.len());
                match edit {
                    // Mostly digits are changed, since most such texts remain valid JSON.
                    3.. if !digits.is_empty() => {
                        let digit = u32::from(edit) % 9 + 1;
                        text[digits[at.index(digits.len())]] = char::from_digit(digit, 10).unwrap();
                    }
                    0 => drop(text.remove(place)),
                    1 => text.insert(place, with),
                    _ => text[place] = with,
                }
            }
            text.into_iter().collect()
        },
    )
}

/// Valid texts of which a few values were replaced by others, cut short, made longer or reversed.
fn mutated_values() -> impl Strategy<Value = String> {
    let edit = (any::<Index>(), 0..VALUES.len() + 3);
    (prop::sample::select(&TEXTS[..]), prop::collection::vec(edit, 1..5)).prop_map(
        |(text, edits)| {
            let mut tree: Value = serde_json::from_str(text).unwrap();
            for (at, edit) in edits {
                let chosen = at.index(values(&mut tree, &mut |_| ()));
                let mut index = 0;
                values(&mut tree, &mut |value| {
                    if index == chosen {
                        mutate(value, edit);
                    }
                    index += 1;
                });
            }
            tree.to_string()
        },
    )
}

fn mutate(value: &mut Value, edit: usize) {
    match (VALUES.get(edit), value) {
        (Some(text), value) => *value = serde_json::from_str(text).unwrap(),
        (None, Value::Array(items)) if edit == VALUES.len() => drop(items.pop()),
        (None, Value::Array(items)) if edit == VALUES.len() + 1 => {
            let last = items.last().cloned();
            items.extend(last);
        }
        (None, Value::Array(items)) => items.reverse(),
        (None, Value::Object(members)) => {
            let key = members.keys().next_back().cloned();
            key.and_then(|key| members.remove(&key));
        }
        (None, _) => {}
    }
}

/// One text of each kind, to be mutated.
const TEXTS: [&str; 5] = [
    r#"{"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9],[0,9],[0,0]],[[1,1],[2,1],[1,2],[1,1]]]}"#,
    r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[0,1]]],[[[170,5,1],[-170,5,1],[180,9,1]]]]}"#,
    r#"{"type":"Feature","properties":{},"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,1]]]}}"#,
    r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":null,"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,1]]]}}]}"#,
    r#"{"type":"GeometryCollection","geometries":[{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,1]]]},{"type":"Point","coordinates":[3,4]}]}"#,
];

/// The values that replace others.
const VALUES: [&str; 14] = [
    "null",
    "[]",
    "[[]]",
    "[[[]]]",
    "[1]",
    "{}",
    "\"Polygon\"",
    "\"Feature\"",
    "true",
    "0",
    "1e308",
    "-1e-308",
    "181",
    "18446744073709551615",
];

/// Visits a value and all its descendants; returns their number.
fn values(value: &mut Value, visit: &mut impl FnMut(&mut Value)) -> usize {
    let below: usize = match value {
        Value::Array(items) => items.iter_mut().map(|item| values(item, visit)).sum(),
        Value::Object(members) => members.values_mut().map(|item| values(item, visit)).sum(),
        _ => 0,
    };
    visit(value);
    below + 1
}

/// Reads a text in both ways: if both accept it, the areas are equal; an error has a code and a
/// message.
#[track_caller]
fn judged(text: &str) {
    let (read, record) = (Area::from_geojson(text), serde_json::from_str::<Area>(text));
    assert_eq!(read.as_ref().ok(), record.ok().as_ref(), "two readers of {text}");
    match read {
        Ok(area) => assert!(area.vertices() > 2, "{text}"),
        Err(error) => {
            let words = error.to_string();
            assert!(
                !error.code().is_empty() && !words.contains("deserializing"),
                "{text}: {words}"
            );
        }
    }
}
