//! The route example's files of areas, and names in its files of cameras.

use serde_json::Value;

use crate::route_tool::{AREAS, CAMERAS, JSON, ids, refusal, run, run_with};

/// A place in an invalid feature is one in the file, whatever ends its lines.
#[test]
fn a_fault_of_a_feature_is_placed_in_the_file() {
    let good = r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1]]]}"#;
    let feature = |geometry: &str| format!(r#"{{"type":"Feature","geometry":{geometry}}},"#);
    for end in ["\n", "\r\n", "\r"] {
        let wrong = r#"{"type":"Polygon","coordinates":[[[0,null]]]}"#;
        let lines = [
            r#"{"type":"FeatureCollection","features":["#,
            &feature(good),
            &feature(wrong),
            "",
            &feature(&["{", "", r#""é":0,"type":"Polygon","coordinates":[["x"]]}"#].join(end)),
            &format!("  {good}"),
            "]}",
        ];
        let ran = run_with(CAMERAS.as_bytes(), &lines.join(end), &JSON);
        let errors: Vec<Value> = ran
            .out
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["error"].clone())
            .collect();
        let of = |index: usize| errors[index].as_str().unwrap_or_default();
        assert_eq!((errors.len(), &errors[0], &errors[3]), (4, &Value::Null, &Value::Null));
        assert!(
            of(1).ends_with("at `coordinates[0][0]` at line 3 column 70"),
            "{end:?}: {}",
            of(1)
        );
        assert!(
            of(2).ends_with("at `coordinates[0][0]` at line 7 column 42"),
            "{end:?}: {}",
            of(2)
        );
    }
}

/// A second drawing in an object would be lost silently; the library refuses it as well.
#[test]
fn a_second_drawing_in_an_object_is_refused() {
    let ring = "[[[-73.98,40.76],[-73.97,40.76],[-73.97,40.77],[-73.98,40.76]]]";
    let polygon = format!(r#"{{"type":"Polygon","coordinates":{ring}}}"#);
    for member in [
        format!(r#""coordinates":{ring}"#),
        r#""features":[]"#.to_owned(),
        format!(r#""geometries":[{polygon}]"#),
    ] {
        let feature = format!(r#"{{"type":"Feature","geometry":{polygon},{member}}}"#);
        assert!(canvass::Area::from_geojson(&feature).is_err());
        let areas = format!(r#"{{"type":"FeatureCollection","features":[{feature}]}}"#);
        let ran = run_with(CAMERAS.as_bytes(), &areas, &JSON);
        assert!(ran.out.contains("a `Feature` cannot have a member"), "{}", ran.out);
    }
    let areas = format!(r#"{{"type":"FeatureCollection","features":[],"geometry":{polygon}}}"#);
    let error = run_with(CAMERAS.as_bytes(), &areas, &JSON).result.unwrap_err();
    assert!(
        error.ends_with(
            "a `FeatureCollection` cannot have a member `geometry`: draw one or the other"
        ),
        "{error}"
    );
}

/// Two spellings that look alike would be two households.
#[test]
fn names_with_invisible_characters_are_refused() {
    for mark in ['\u{200b}', '\u{feff}', '\u{ad}', '\u{2060}', '\u{202c}', '\u{7f}', '\u{85}'] {
        let code = format!("U+{:04X}", u32::from(mark));
        for (row, column) in [
            (format!("7{mark}1,-73.975,40.765,1"), "id"),
            (format!("7,-73.975,40.765,1{mark}7"), "owner"),
        ] {
            let cameras = format!("id,lon,lat,owner\n{row}\n8,-73.975,40.765,17\n");
            let error = refusal(&cameras, &[]);
            assert!(error.starts_with(&format!("<stdin>:2: column {column}: ")), "{error}");
            assert!(error.contains(&code), "{error}");
            let ran = run(&cameras, &[&["--skip-bad-rows"], &JSON[..]].concat());
            assert_eq!(ids(&ran), [8]);
        }
    }
    // Joiners of scripts and line ends in quoted names are text.
    let cameras = "id,lon,lat,owner\n1,-73.975,40.765,\"می\u{200c}خواهم\n2\"\n";
    assert_eq!(ids(&run(cameras, &JSON)), [1]);
}

#[test]
fn areas_in_another_encoding_are_named() {
    let utf16 = |to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        AREAS.encode_utf16().flat_map(to_bytes).collect()
    };
    for bytes in [utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)] {
        let areas = String::from_utf8(bytes).unwrap();
        let error = run_with(CAMERAS.as_bytes(), &areas, &JSON).result.unwrap_err();
        assert!(
            error.contains("areas.geojson:1: a NUL byte") && error.contains("UTF-16"),
            "{error}"
        );
    }
}

#[test]
fn a_list_in_the_place_of_an_object_is_refused() {
    let listed = r#"["FeatureCollection",[]]"#;
    let error = run_with(CAMERAS.as_bytes(), listed, &[]).result.unwrap_err();
    assert!(error.ends_with("areas.geojson:1: not a GeoJSON text: not an object"), "{error}");
    let feature = r#"{"type":"FeatureCollection","features":[["Feature",null,null,null]]}"#;
    let ran = run_with(CAMERAS.as_bytes(), feature, &["--format", "json"]);
    assert!(ran.out.contains("not a feature: not an object"), "{}", ran.out);
}
