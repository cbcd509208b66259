//! Bulletins: their content, and the entries that can be appended.

use canvass::bulletin::*;
use canvass::*;
use h3o::{CellIndex, LatLng, Resolution};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::bulletin_cells::cover;
use crate::support::*;

pub const TEXT: &str = "A parcel was taken from a porch.";

#[track_caller]
pub fn opened() -> Bulletin {
    let authorized = authorize(square(9.99, 49.99, 10.01, 50.01));
    Bulletin::open(&authorized, &agency(), TEXT, Resolution::Seven, noon()).unwrap()
}

/// Opened, corrected, ended and corrected again.
pub fn long() -> Bulletin {
    let mut bulletin = opened();
    bulletin.correct("There were two parcels.", noon()).unwrap();
    bulletin.end(Ending::Expired, noon() + days(1)).unwrap();
    bulletin.correct("The parcels were found.", noon() + days(2)).unwrap();
    bulletin
}

#[track_caller]
pub fn read(written: &Value) -> Result<Bulletin, String> {
    serde_json::from_str(&written.to_string()).map_err(|error| error.to_string())
}

#[test]
fn a_bulletin_is_written_like_this_and_read_again() {
    let bulletin = long();
    let written = serde_json::to_value(&bulletin).unwrap();
    let entry = |at, event, digest| json!({"at": at, "event": event, "digest": digest});
    let expected = json!({
        "text": TEXT,
        "agency": "Springfield Police",
        "incident": "burglary",
        "policy_version": "unlimited",
        "resolution": 7,
        "cells": CELLS,
        "window": {"start": "2026-05-09T18:00:00Z", "end": "2026-05-09T20:00:00Z"},
        "history": [
            entry("2026-05-10T12:00:00Z", json!("opened"), HEADS[0]),
            entry("2026-05-10T12:00:00Z", json!({"correction": "There were two parcels."}), HEADS[1]),
            entry("2026-05-11T12:00:00Z", json!({"ended": "expired"}), HEADS[2]),
            entry("2026-05-12T12:00:00Z", json!({"correction": "The parcels were found."}), HEADS[3]),
        ],
    });
    assert_eq!(written, expected);
    assert_eq!(read(&written).unwrap(), bulletin);
    assert_eq!((bulletin.text(), bulletin.agency()), (TEXT, "Springfield Police"));
    assert_eq!(bulletin.incident(), IncidentKind::Burglary);
    assert_eq!(bulletin.ending(), Some(Ending::Expired));
    assert_eq!(bulletin.head().to_string(), HEADS[3]);
}

/// The cells of [`opened`].
pub const CELLS: [&str; 3] = ["871fa80e0ffffff", "871fa80e2ffffff", "871fa80e3ffffff"];

/// The heads of [`long`], computed by another implementation.
pub const HEADS: [&str; 4] = [
    "6f3b1f9442794ab78e0723be2e3e1843c5c83ba4619b0b956ab0d2b523266d1e",
    "0102229ff772841dab94749e744fc305944ee16b0d143e00dfec00a9418710bf",
    "fb5944159681046e7bf1d46c98a7fc0e645998211e2e9996d2864eab603f2cc7",
    "7f796860c3ac1b9be027b19f2c92e860dd01d447102c35830e8a4d25da45d541",
];

#[test]
fn a_bulletin_mentions_cameras_that_see_into_the_area() {
    let authorized = authorize_seeing_into(square(9.99, 49.99, 10.01, 50.01));
    let bulletin = Bulletin::open(&authorized, &agency(), TEXT, Resolution::Seven, noon()).unwrap();
    assert_eq!(
        (bulletin.camera_scope(), opened().camera_scope()),
        (CameraScope::SeeingInto, CameraScope::StandingIn)
    );
    // The head as another implementation computes it.
    assert_eq!(
        bulletin.head().to_string(),
        "6cc0ccce78f74634229341ffc3a35775ef380beca3b82337d41c64e351d0db09"
    );
    let written = serde_json::to_value(&bulletin).unwrap();
    assert_eq!(written["camera_scope"], "seeing_into");
    assert_eq!(read(&written).unwrap(), bulletin);
    let geojson: Value = serde_json::from_str(&bulletin.to_geojson()).unwrap();
    assert_eq!(geojson["features"][0]["properties"]["camera_scope"], "seeing_into");
    // A default value is not written, and can neither be added nor removed.
    let mut unsaid = written.clone();
    unsaid.as_object_mut().unwrap().remove("camera_scope");
    let mut said = serde_json::to_value(opened()).unwrap();
    assert!(said.get("camera_scope").is_none());
    said["camera_scope"] = json!("seeing_into");
    for edited in [unsaid, said] {
        assert!(read(&edited).unwrap_err().contains("something was edited"), "{edited}");
    }
}

#[test]
fn windows_are_widened_outward_to_whole_hours() {
    for (start, end, wide_start, wide_end) in [
        ("2026-05-09T18:00:00Z", "2026-05-09T20:00:00Z", "2026-05-09T18", "2026-05-09T20"),
        ("2026-05-09T18:00:01Z", "2026-05-09T19:00:01Z", "2026-05-09T18", "2026-05-09T20"),
        ("2026-05-09T18:59:59Z", "2026-05-09T19:00:00Z", "2026-05-09T18", "2026-05-09T19"),
        ("1969-12-31T22:30:00Z", "1969-12-31T23:59:59Z", "1969-12-31T22", "1970-01-01T00"),
    ] {
        let window = TimeWindow::new(at(start), at(end)).unwrap();
        assert_eq!(
            bulletin_of(window).unwrap().window().to_string(),
            format!("{wide_start}:00:00Z/{wide_end}:00:00Z")
        );
    }
    let first = jiff::Timestamp::MIN;
    let window = TimeWindow::new(first, first + SignedDuration::from_hours(2)).unwrap();
    assert_eq!(
        bulletin_of(window).unwrap_err().to_string(),
        "the window cannot be widened to whole hours: it starts in the first hour there is"
    );
}

fn bulletin_of(window: TimeWindow) -> Result<Bulletin, BulletinError> {
    let area = square(9.99, 49.99, 10.01, 50.01);
    let authorized = authorize_request(&asking(area).with_window(window));
    Bulletin::open(&authorized, &agency(), TEXT, Resolution::Seven, noon())
}

#[test]
fn refused_openings_have_a_reason() {
    let small = || square(9.99, 49.99, 10.01, 50.01);
    let open = |area, agency: &Agency, text, resolution, now| {
        Bulletin::open(&authorize(area), agency, text, resolution, now).unwrap_err().to_string()
    };
    let seven = Resolution::Seven;
    let other = agency().with_id(AgencyId(2));
    let (agency, noon) = (agency(), noon());
    let early = noon - SignedDuration::from_secs(1);
    for (error, words) in [
        (
            open(small(), &other, TEXT, seven, noon),
            "the request is agency `1`'s, but the bulletin would name agency `2`",
        ),
        (open(small(), &agency, " \n", seven, noon), "the text is blank: write one for the public"),
        (
            open(small(), &agency, "Call us at once!", seven, noon),
            "line 1, `at once`: do not hurry: say until when the request is open, and leave it there",
        ),
        (
            open(small(), &agency, TEXT, seven, early),
            "the instant `2026-05-10T11:59:59Z` is before `2026-05-10T12:00:00Z`, the last one on record",
        ),
        (
            open(small(), &agency, TEXT, Resolution::Nine, noon),
            "cells of resolution `9` are not published: take one between 5 and 8",
        ),
        (
            open(small(), &agency, TEXT, Resolution::Four, noon),
            "cells of resolution `4` are not published: take one between 5 and 8",
        ),
        (
            open(square(0.0, -85.5, 0.1, -84.9), &agency, TEXT, seven, noon),
            "the area reaches latitude `-85.5`, and no cover goes beyond `85` degrees",
        ),
        (
            open(square(0.0, 0.0, 1.0, 1.0), &agency, TEXT, Resolution::Eight, noon),
            "the area meets more than `4096` cells: take a coarser resolution",
        ),
    ] {
        assert_eq!(error, words);
    }
    assert!(cover(&square(0.0, 84.9, 0.1, 85.0), seven).is_ok());
}

#[test]
fn refused_appends_change_nothing() {
    let mut bulletin = long();
    let before = bulletin.clone();
    let (early, late) = (noon() + days(1), noon() + days(3));
    let failures = [
        bulletin.end(Ending::Resolved, late),
        bulletin.correct("All is well.", early),
        bulletin.correct("You must call.", late),
        bulletin.correct("", late),
    ];
    let words = [
        "the bulletin ended as `expired`: only corrections may follow",
        "the instant `2026-05-11T12:00:00Z` is before `2026-05-12T12:00:00Z`, the last one on record",
        "line 1, `You must`: do not press: whoever does nothing owes no reason",
        "the text is blank: write one for the public",
    ];
    assert_eq!(failures.map(|failure| failure.unwrap_err().to_string()), words);
    assert_eq!(bulletin, before);
    bulletin.correct("All is well.", late).unwrap();
    assert_eq!(bulletin.history().count(), 5);
}

#[test]
fn geojson_has_a_valid_feature_for_each_cell() {
    let island = square(179.9, -17.1, 180.1, -16.9);
    let authorized = authorize(island);
    let bulletin = Bulletin::open(&authorized, &agency(), TEXT, Resolution::Six, noon()).unwrap();
    let written: Value = serde_json::from_str(&bulletin.to_geojson()).unwrap();
    assert_eq!(written["type"], "FeatureCollection");
    let features = written["features"].as_array().unwrap();
    let (mut split, mut sizes) = (0, 0.0);
    for (feature, cell) in features.iter().zip(bulletin.cells()) {
        assert_eq!(feature["type"], "Feature");
        assert_eq!(
            feature["properties"],
            json!({
                "cell": cell, "agency": "Springfield Police", "incident": "burglary",
                "start": "2026-05-09T18:00:00Z", "end": "2026-05-09T20:00:00Z",
            })
        );
        let area = Area::from_geojson(&feature["geometry"].to_string()).unwrap();
        let cell: CellIndex = cell.parse().unwrap();
        let centre = LatLng::from(cell);
        assert!(area.covers(Position::new(centre.lng(), centre.lat()).unwrap()));
        assert!((area.size_m2() / cell.area_m2() - 1.0).abs() < 0.01);
        split += usize::from(area.parts() == 2);
        sizes += area.size_m2();
    }
    assert_eq!(features.len(), bulletin.cells().len());
    assert!(split > 0 && split < features.len() && sizes > 0.0, "{split} of {}", features.len());
}
