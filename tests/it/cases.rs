//! The library's own cases, one a line: an area with positions inside and outside, or the reason
//! for a refusal.

use canvass::{Area, Position};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    geometry: serde_json::Value,
    #[serde(default)]
    inside: Vec<[f64; 2]>,
    #[serde(default)]
    outside: Vec<[f64; 2]>,
    refused: Option<String>,
}

#[test]
fn our_own_cases() {
    let (mut covered, mut refused) = (0, 0);
    for line in include_str!("../cases/areas.jsonl").lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let area = Area::from_geojson(&case.geometry.to_string());
        match (area, &case.refused) {
            (Err(error), Some(code)) => {
                assert_eq!(error.code(), code, "{}", case.name);
                refused += 1;
            }
            (Ok(area), None) => {
                for (places, expected) in [(&case.inside, true), (&case.outside, false)] {
                    assert!(!places.is_empty(), "{}: no positions", case.name);
                    for &[lon, lat] in places {
                        let position = Position::new(lon, lat).unwrap();
                        assert_eq!(area.covers(position), expected, "{}: {position}", case.name);
                        covered += 1;
                    }
                }
            }
            (Ok(_), Some(code)) => panic!("{}: accepted, not {code}", case.name),
            (Err(error), None) => panic!("{}: {error}", case.name),
        }
    }
    assert!(covered > 50 && refused > 10, "{covered} positions, {refused} refusals");
}
