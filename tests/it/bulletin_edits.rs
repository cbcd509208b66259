//! Bulletins that were edited or shortened, and heads that reveal it.

use canvass::*;
use h3o::{LatLng, Resolution};
use serde_json::{Value, json};

use crate::bulletin::*;
use crate::support::*;

#[test]
fn a_kept_head_recognises_its_continuation() {
    let first = opened();
    let mut other = opened();
    let (head, longer) = (first.head(), long());
    assert!(first.continues(&head) && longer.continues(&head));
    for entry in longer.history() {
        assert!(longer.continues(&entry.digest()));
    }
    assert!(!first.continues(&longer.head()));
    other.correct("There were three parcels.", noon()).unwrap();
    assert!(other.continues(&head) && !other.continues(&longer.head()));
    assert!(!longer.continues(&other.head()));
}

#[test]
fn every_edit_is_found_on_reading() {
    let written = serde_json::to_value(long()).unwrap();
    let edited = |pointer: &str, value: Value| {
        let mut written = written.clone();
        *written.pointer_mut(pointer).unwrap() = value;
        read(&written).unwrap_err()
    };
    let digest = |entry| {
        format!(
            "entry `{entry}` of the history has another digest than its content: something was edited"
        )
    };
    let order = |entry| {
        format!(
            "entry `{entry}` of the history is out of place: the opening comes first, and there is one end at most"
        )
    };
    for (pointer, value, words) in [
        ("/text", json!("Nothing was taken."), digest(0)),
        ("/agency", json!("Shelbyville Police"), digest(0)),
        ("/incident", json!("assault"), digest(0)),
        ("/policy_version", json!("2"), digest(0)),
        ("/window/end", json!("2026-05-09T21:00:00Z"), digest(0)),
        ("/cells", json!([CELLS[0]]), digest(0)),
        ("/history/0/at", json!("2026-05-10T11:00:00Z"), digest(0)),
        ("/history/0/digest", json!("00".repeat(32)), digest(0)),
        ("/history/1/event/correction", json!("There was one."), digest(1)),
        ("/history/2/event/ended", json!("resolved"), digest(2)),
        ("/history/2/event", json!({"correction": "expired"}), digest(2)),
        ("/history/2/at", json!("2026-05-11T12:00:01Z"), digest(2)),
        ("/history/3/digest", json!(HEADS[2]), digest(3)),
        ("/history/0/event", json!({"ended": "expired"}), order(0)),
        ("/history/1/event", json!("opened"), order(1)),
        ("/history/3/event", json!({"ended": "expired"}), order(3)),
        ("/history", json!([]), order(0)),
        (
            "/history/3/at",
            json!("2026-05-01T12:00:00Z"),
            "entry `3` of the history is before the one that it follows".to_owned(),
        ),
        (
            "/window/end",
            json!("2026-05-09T20:30:00Z"),
            "the window is not one of whole hours".to_owned(),
        ),
        (
            "/resolution",
            json!(9),
            "the resolution is `9`, and bulletins have one between 5 and 8".to_owned(),
        ),
        (
            "/resolution",
            json!(8),
            format!(
                "`{}` is not an H3 cell of the bulletin's resolution away from the poles",
                CELLS[0]
            ),
        ),
        (
            "/cells/1",
            json!("nowhere"),
            "`nowhere` is not an H3 cell of the bulletin's resolution away from the poles"
                .to_owned(),
        ),
        (
            "/cells",
            json!([LatLng::new(89.9, 0.0).unwrap().to_cell(Resolution::Seven).to_string()]),
            "`870326352ffffff` is not an H3 cell of the bulletin's resolution away from the poles"
                .to_owned(),
        ),
        (
            "/cells",
            json!([]),
            "there are `0` cells, and bulletins have between 1 and 4096".to_owned(),
        ),
        ("/cells", json!([CELLS[1], CELLS[0]]), "the cells do not ascend".to_owned()),
        ("/cells", json!([CELLS[0], CELLS[0]]), "the cells do not ascend".to_owned()),
    ] {
        assert_eq!(edited(pointer, value), words, "{pointer}");
    }
    // A cell has one spelling, and a cover has at most 4,096 cells; these refusals come before the
    // history is read.
    let cell = CELLS[1].to_uppercase();
    let unknown =
        format!("`{cell}` is not an H3 cell of the bulletin's resolution away from the poles");
    assert_eq!(edited("/cells/1", json!(cell)), unknown);
    let all = LatLng::new(50.0, 10.0).unwrap().to_cell(Resolution::Two).children(Resolution::Seven);
    let mut names: Vec<String> = all.map(|cell| cell.to_string()).collect();
    names.sort_unstable();
    assert_eq!(edited("/cells", json!(names[..4_096])), digest(0));
    assert_eq!(
        edited("/cells", json!(names[..4_097])),
        "there are `4097` cells, and bulletins have between 1 and 4096"
    );
    let mut dropped = written.clone();
    dropped["history"].as_array_mut().unwrap().remove(1);
    assert_eq!(read(&dropped).unwrap_err(), digest(1));
    let mut more = written.clone();
    more["owners"] = json!([7]);
    assert!(read(&more).unwrap_err().starts_with("unknown field `owners`"));
    more = written.clone();
    more["history"][0]["cameras"] = json!(3);
    assert!(read(&more).unwrap_err().starts_with("unknown field `cameras`"));
}

#[test]
fn a_kept_head_reveals_a_shortened_history() {
    let (longer, mut written) = (long(), serde_json::to_value(long()).unwrap());
    written["history"].as_array_mut().unwrap().truncate(2);
    assert!(!read(&written).unwrap().continues(&longer.head()));
}
