//! Numbers of a configuration out of range: each is refused with its field, its value and the range.

use serde_json::{Value, json};

use crate::support::{command, config};

/// The error of a configuration that is refused.
fn refusal(config: &Value) -> String {
    let folder = tempfile::tempdir().unwrap();
    let ended = command(folder.path(), config).arg("--check").output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success(), "{said}");
    said
}

#[test]
fn limits_out_of_range_are_refused_by_name() {
    for (limits, words) in [
        (json!({ "vertices": 3 }), "limit `vertices` is 3, so that no area is read; at least 4"),
        (json!({ "look_again_seconds": 0 }), "limit `look_again_seconds` is 0, so that nothing"),
        (json!({ "key_hours": 9000 }), "limit `key_hours` is 9000; at most 8784"),
        (
            json!({ "answer_seconds": u64::MAX }),
            "limit `answer_seconds` is 18446744073709551615; at most 4294967295",
        ),
        (json!({ "drain_seconds": 1_u64 << 32 }), "limit `drain_seconds` is 4294967296; at most"),
        (json!({ "connections": 1_u64 << 40 }), "limit `connections` is 1099511627776; at most"),
        (json!({ "body_bytes": -1 }), "invalid value: integer `-1`"),
    ] {
        let said = refusal(&config(&json!({}), &limits));
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn numbers_of_planes_out_of_range_are_refused_by_name() {
    for (plane, numbers, words) in [
        ("log", json!({ "seconds": 0 }), "`log.seconds` is 0"),
        (
            "log",
            json!({ "seconds": 1_u64 << 32 }),
            "`log.seconds` is 4294967296; at most 4294967295",
        ),
        (
            "coverage",
            json!({ "seconds": 1_u64 << 60 }),
            "`coverage.seconds` is 1152921504606846976",
        ),
        (
            "coverage",
            json!({ "resolution": 9 }),
            "`coverage.resolution` is 9; from 0, the coarsest, to 8",
        ),
        (
            "coverage",
            json!({ "min_households": 10 }),
            "`coverage.min_households` is 10; at least 11",
        ),
        (
            "notices",
            json!({ "resolution": 4 }),
            "`notices.resolution` is 4; from 5, the coarsest, to 8",
        ),
        ("notices", json!({ "resolution": 16 }), "`notices.resolution` is 16; from 5"),
    ] {
        let mut config = config(&json!({}), &json!({}));
        config[plane] = numbers;
        let said = refusal(&config);
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn limits_of_the_policy_out_of_range_are_refused_by_name() {
    for (policy, words) in [
        (json!({ "min_area_m2": -1 }), "`min_area_m2` is -1.0: expected a finite number"),
        (json!({ "agency_kinds": [] }), "`agency_kinds` is empty: no agency may ask"),
        (json!({ "max_requests_per_case": 0 }), "`max_requests_per_case` is 0: no request"),
    ] {
        let said = refusal(&config(&policy, &json!({})));
        assert!(said.contains(words), "{said}");
    }
}
