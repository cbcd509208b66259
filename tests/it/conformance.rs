//! Cases from other projects' own suites, read from the folder in `CANVASS_CONFORMANCE`.
//!
//! Without that variable every test here prints that it was skipped. A row must have the right
//! answer, unless a rule in this file leaves it out, or `tests/cases/expected_failures.txt` lists
//! it with a reason; an entry of that list which passes fails the test.

#![allow(clippy::float_cmp, reason = "coordinates are on the grid or they are not")]
#![allow(clippy::print_stdout, reason = "the counts are the point of the runner")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use canvass::error::AreaError;
use canvass::{Area, Position};
use geo::{Distance, Euclidean};
use geo_types::{Coord, LineString, MultiPolygon, Point, Polygon};
use serde_json::Value;

/// Distance in degrees within which rounding to the grid may change an answer: a point and an edge
/// may each move by up to half a unit of 1e-7 in both axes.
const GRID: f64 = 2e-7;

enum Verdict {
    Pass,
    Fail(String),
    LeftOut(&'static str),
}
use Verdict::*;

#[test]
fn points_in_polygons_jts() {
    each("pip__jts.jsonl", point_in_polygon);
}

#[test]
fn points_in_polygons_derived_from_jts() {
    each("pip_derived__jts.jsonl", point_in_polygon);
}

#[test]
fn points_in_polygons_turf() {
    each("pip__turf.jsonl", point_in_polygon);
}

#[test]
fn points_in_polygons_hao() {
    each("pip__hao_robust.jsonl", point_in_polygon);
}

#[test]
fn validity_jts() {
    each("validity__jts.jsonl", validity);
}

#[test]
fn validity_turf() {
    each("validity__turf.jsonl", validity);
}

#[test]
fn texts_geojsonhint() {
    each("parse__geojsonhint.jsonl", text);
}

#[test]
fn texts_rfc7946() {
    each("parse__rfc7946.jsonl", text);
}

#[test]
fn texts_json_syntax() {
    each("parse__json_syntax.jsonl", json_syntax);
}

#[test]
fn antimeridian_split() {
    each("antimeridian_split.jsonl", split);
}

#[test]
fn antimeridian_points() {
    each("antimeridian_derived.jsonl", split_point);
}

/// The reader of instants is that of `jiff`; this test shows that requests can rely on it.
#[test]
fn instants() {
    each("datetime__jsonschema.jsonl", |row| {
        if row["format"] != "date-time" {
            return LeftOut("not an instant: a date, a time or a duration");
        }
        let text = row["text"].as_str().unwrap();
        let read = text.parse::<jiff::Timestamp>();
        match (row["ok"].as_bool().unwrap(), read) {
            (true, Err(error)) => Fail(error.to_string()),
            (false, Ok(_)) if text.get(17..19) == Some("60") => {
                LeftOut("a leap second of a minute that had none is read as the second before")
            }
            (false, Ok(_)) => LeftOut("lenient: ISO 8601 beyond RFC 3339"),
            _ => Pass,
        }
    });
}

fn point_in_polygon(row: &Value) -> Verdict {
    let polygons = polygons(&row["polygon"], scale(row));
    let point = coord(&row["point"], scale(row));
    let area = Area::new(&polygons);
    if row["polygon_valid"] == false {
        return refused(area);
    }
    let area = match area {
        Ok(area) => area,
        Err(error) => return collapsed(&polygons, &error),
    };
    compare(&area, &polygons, point, row)
}

fn validity(row: &Value) -> Verdict {
    let polygons = polygons(&row["geometry"], scale(row));
    match (row["valid"].as_bool().unwrap(), Area::new(&polygons)) {
        (true, Ok(_)) => Pass,
        (true, Err(AreaError::Empty)) => LeftOut("empty: a valid geometry, but no area"),
        (true, Err(error)) => collapsed(&polygons, &error),
        (false, Ok(_)) if row["structural"].is_string() => LeftOut("an open ring is closed"),
        (false, area) => refused(area),
    }
}

fn text(row: &Value) -> Verdict {
    let area = Area::from_geojson(row["text"].as_str().unwrap());
    if row["disputed"] == true || row["ok"].is_null() {
        return LeftOut("disputed: either answer is fine");
    }
    let reason = row["rfc_reason"].as_str().unwrap_or_default();
    match (row["ok"].as_bool().unwrap(), row["polygons"].as_u64().unwrap(), area) {
        (true, 1.., Err(error)) if error.code() == "latitude_out_of_range" => {
            LeftOut("not on the globe")
        }
        (true, 1.., Err(error)) => Fail(error.to_string()),
        (true, 1.., Ok(_)) => Pass,
        (false, _, Ok(_)) if reason.starts_with("linear ring") => LeftOut("an open ring is closed"),
        (_, _, area) => refused(area),
    }
}

fn json_syntax(row: &Value) -> Verdict {
    match row["text"].as_str() {
        Some(text) => refused(Area::from_geojson(text)),
        None if row["text_b64"].is_string() => LeftOut("not UTF-8: no text"),
        None => {
            // The two largest files are only described: arrays and objects nested 100,000 deep.
            let deep = ["[".repeat(100_000), "[{\"\":".repeat(50_000)];
            match deep.iter().find(|text| Area::from_geojson(text).is_ok()) {
                Some(_) => Fail("an area".to_owned()),
                None => Pass,
            }
        }
    }
}

fn split(row: &Value) -> Verdict {
    if let Some(out) = other_rules(&row["input"], &row["output"]) {
        return LeftOut(out);
    }
    if row["mode"] == "spherical" {
        return LeftOut("great circles: edges are straight in longitude and latitude");
    }
    let (area, expected) =
        match (Area::new(&polygons(&row["input"], 1.0)), Area::new(&polygons(&row["output"], 1.0)))
        {
            (Err(error), _) if row["pole"] == true && error.code() == "pole_enclosed" => {
                return LeftOut("around a pole: refused");
            }
            (Err(error), Err(expected)) if error.code() == expected.code() => return Pass,
            (Err(error), _) => return Fail(error.to_string()),
            (Ok(area), _) if row["output_valid"] == false => {
                return Fail(format!("{area:?} for an invalid output"));
            }
            (_, Err(error)) => return Fail(format!("the expected output: {error}")),
            (Ok(area), Ok(expected)) => (area, expected),
        };
    let same = (area.size_m2() - expected.size_m2()).abs() <= 1e-6 * expected.size_m2();
    if same && area.parts() == expected.parts() && same_sizes(&area, &expected) {
        Pass
    } else {
        Fail(format!("{area:?} is not {expected:?}"))
    }
}

fn split_point(row: &Value) -> Verdict {
    if let Some(out) = other_rules(&row["polygon"], &row["split"]) {
        return LeftOut(out);
    }
    let area = match Area::new(&polygons(&row["polygon"], 1.0)) {
        Ok(area) => area,
        Err(error) if row["pole"] == true && error.code() == "pole_enclosed" => {
            return LeftOut("around a pole: refused");
        }
        Err(error) => return Fail(error.to_string()),
    };
    compare(&area, &polygons(&row["split"], 1.0), coord(&row["point"], 1.0), row)
}

/// The other project closes rings over a pole; this library refuses them.
fn other_rules(input: &Value, output: &Value) -> Option<&'static str> {
    let on_pole = |polygons: &MultiPolygon<f64>| {
        polygons.iter().any(|polygon| polygon.exterior().0.iter().any(|c| c.y.abs() == 90.0))
    };
    (on_pole(&polygons(output, 1.0)) && !on_pole(&polygons(input, 1.0)))
        .then_some("the peer adds a pole")
}

fn same_sizes(a: &Area, b: &Area) -> bool {
    let sorted = |area: &Area| {
        let mut sizes: Vec<f64> = area.part_sizes_m2().collect();
        sizes.sort_by(f64::total_cmp);
        sizes
    };
    sorted(a).iter().zip(sorted(b)).all(|(a, b)| (a - b).abs() <= 1e-4 * b)
}

fn compare(area: &Area, polygons: &MultiPolygon<f64>, point: Coord<f64>, row: &Value) -> Verdict {
    let Ok(position) = Position::new(point.x, point.y) else {
        return LeftOut("not on the globe");
    };
    let expected = row["expect"] != "exterior";
    if area.covers(position) == expected {
        return Pass;
    }
    let on_grid =
        |c: &Coord<f64>| (c.x * 1e7).round() / 1e7 == c.x && (c.y * 1e7).round() / 1e7 == c.y;
    let exact = on_grid(&point) && lines(polygons).all(|line| line.0.iter().all(on_grid));
    let near = lines(polygons).any(|line| Euclidean.distance(&Point(point), line) < GRID);
    if near && !exact {
        return LeftOut("nearer to the boundary than the grid of 1e-7 degree");
    }
    Fail(format!("expected {}", row["expect"]))
}

fn refused(area: Result<Area, AreaError>) -> Verdict {
    match area {
        Ok(area) => Fail(format!("accepted as {area:?}")),
        Err(_) => Pass,
    }
}

/// The refusal of a valid drawing, which is right only if the drawing is smaller than the grid.
fn collapsed(polygons: &MultiPolygon<f64>, error: &AreaError) -> Verdict {
    let thin = |polygon: &Polygon<f64>| {
        let coords = polygon.exterior().0.iter();
        let rounded = coords.filter_map(|c| Position::new(c.x, c.y).ok());
        rounded.collect::<BTreeSet<Position>>().len() < 3
    };
    if *error == AreaError::Collapsed && polygons.iter().all(thin) {
        LeftOut("smaller than the grid of 1e-7 degree")
    } else {
        Fail(error.to_string())
    }
}

fn scale(row: &Value) -> f64 {
    row["scale_pow2"].as_i64().map_or(1.0, |power| 2_f64.powi(i32::try_from(power).unwrap()))
}

fn coord(value: &Value, scale: f64) -> Coord<f64> {
    Coord { x: value[0].as_f64().unwrap() * scale, y: value[1].as_f64().unwrap() * scale }
}

fn polygons(value: &Value, scale: f64) -> MultiPolygon<f64> {
    let line = |value: &Value| {
        LineString(value.as_array().unwrap().iter().map(|value| coord(value, scale)).collect())
    };
    let polygon = |value: &Value| {
        let mut lines = value.as_array().unwrap().iter().map(line);
        let shell = lines.next().unwrap_or_else(|| LineString(Vec::new()));
        Polygon::new(shell, lines.collect())
    };
    let coordinates = &value["coordinates"];
    match value["type"].as_str() {
        Some("Polygon") => MultiPolygon(vec![polygon(coordinates)]),
        Some("MultiPolygon") => {
            MultiPolygon(coordinates.as_array().unwrap().iter().map(polygon).collect())
        }
        other => panic!("{other:?}"),
    }
}

fn lines(polygons: &MultiPolygon<f64>) -> impl Iterator<Item = &LineString<f64>> {
    polygons.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()))
}

/// Judges every row of a file, prints the count, and fails on a row that is neither right nor
/// expected to fail.
fn each(file: &str, judge: impl Fn(&Value) -> Verdict) {
    let Some(folder) = std::env::var_os("CANVASS_CONFORMANCE") else {
        println!("{file}: skipped, for CANVASS_CONFORMANCE names no folder");
        return;
    };
    let text = std::fs::read_to_string(PathBuf::from(folder).join(file)).unwrap();
    let expected = expected_failures(file);
    let (mut passed, mut failed) = (0, Vec::new());
    let mut left_out = BTreeMap::<_, usize>::new();
    let mut met = Vec::new();
    for (line, row) in text.lines().enumerate() {
        let row: Value = serde_json::from_str(row).unwrap();
        let line = line + 1;
        let verdict = judge(&row);
        let is_expected = expected.contains_key(&line);
        match verdict {
            LeftOut(rule) => *left_out.entry(rule).or_default() += 1,
            Pass if is_expected => failed.push(format!("{line}: expected to fail, but passes")),
            Pass => passed += 1,
            Fail(_) if is_expected => met.push(line),
            Fail(why) => failed.push(format!("{line}: {}: {why}", row["name"])),
        }
        if is_expected && !met.contains(&line) {
            failed.push(format!("{line}: in the list of expected failures, but did not fail"));
        }
    }
    let ran = passed + failed.len() + met.len();
    println!("{file}: ran {ran}, passed {passed}, expected failures {}", met.len());
    for (rule, count) in left_out {
        println!("    left out {count}: {rule}");
    }
    assert!(failed.is_empty(), "{file}: {} failed:\n{}", failed.len(), failed.join("\n"));
    assert!(passed > 0, "{file}: nothing ran");
}

/// Line numbers of a file with the reason why they are expected to fail: `file:line: reason` on
/// each line.
fn expected_failures(file: &str) -> BTreeMap<usize, String> {
    include_str!("../cases/expected_failures.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(|line| {
            let (of, rest) = line.split_once(':').unwrap();
            let (row, reason) = rest.split_once(": ").unwrap();
            (of == file).then(|| (row.parse().unwrap(), reason.to_owned()))
        })
        .collect()
}
