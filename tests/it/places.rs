//! Sensitive places: refusals of areas that touch one, the look-up, and the serde form.

use std::time::{Duration, Instant};

use canvass::policy::{SensitiveKind, SensitivePlace, SensitivePlaces, SensitiveRule};
use canvass::{AgencyId, Area, AuthorizedRequest, CaseFile, Policy, TimeWindow, Violations};
use jiff::SignedDuration;

use crate::oracle::Town;
use crate::support::*;

pub fn place_of(rule: SensitiveRule, area: Area, window: Option<TimeWindow>) -> SensitivePlace {
    let kind = if window.is_some() { SensitiveKind::Assembly } else { SensitiveKind::Clinic };
    SensitivePlace::new(kind, "Main Street", rule, area, window).unwrap()
}

fn refused(area: Area) -> SensitivePlace {
    place_of(SensitiveRule::Refuse, area, None)
}

/// A policy with places and an anonymity set, without limits of geometry.
pub fn protecting(min_households: u32, places: impl IntoIterator<Item = SensitivePlace>) -> Policy {
    let sensitive_places = places.into_iter().collect();
    Policy::without_limits_or_anonymity()
        .with_min_households(min_households)
        .with_sensitive_places(sensitive_places)
}

pub fn review(policy: &Policy, area: &Area) -> Result<AuthorizedRequest, Violations> {
    policy.review(&asking(area.clone()), &agency(), &CaseFile::new(AgencyId(1)), noon())
}

pub fn asked(town: &Town, authorized: &AuthorizedRequest) -> Vec<u64> {
    owners(&snapshot(town).route(authorized.assume_open(), noon()))
}

#[test]
fn a_touched_place_refuses_by_kind_and_label() {
    let area = |west| square(west, 50.0, 10.02, 50.02);
    for (kind, words) in [
        (SensitiveKind::Clinic, "clinic"),
        (SensitiveKind::PlaceOfWorship, "place of worship"),
        (SensitiveKind::School, "school"),
        (SensitiveKind::Shelter, "shelter"),
    ] {
        let place = square(10.0, 50.0, 10.01, 50.01);
        let place = SensitivePlace::new(kind, "St Mary's", SensitiveRule::Refuse, place, None);
        let policy = protecting(0, [place.unwrap()]);
        // A common edge is enough; a hair less is not.
        let violations = review(&policy, &area(10.01)).unwrap_err();
        let words = format!(
            "the area touches the {words} `St Mary's`, about which nobody may ask; draw around it"
        );
        assert_eq!(violations.to_string(), words);
        assert_eq!(codes(&violations), ["sensitive_place"]);
        assert!(review(&policy, &area(10.010_000_1)).is_ok());
    }
}

#[test]
fn an_area_drawn_around_a_place_passes() {
    let policy = protecting(0, [refused(square(10.004, 50.004, 10.005, 50.005))]);
    let hole = |to: &str| {
        let text = format!(
            "POLYGON((10 50, 10.01 50, 10.01 50.01, 10 50.01), (10.003 50.003, 10.003 {to}, {to_lon} {to}, {to_lon} 50.003))",
            to_lon = to.replace("50.", "10."),
        );
        Area::from_wkt(&text).unwrap()
    };
    assert!(review(&policy, &hole("50.006")).is_ok());
    assert!(review(&policy, &hole("50.005")).is_err(), "its edge touches");
    assert!(review(&policy, &hole("50.0045")).is_err(), "it sticks out");
    assert!(review(&policy, &square(10.0, 50.0, 10.01, 50.01)).is_err(), "wholly inside");
    assert!(review(&policy, &square(10.0041, 50.0041, 10.0049, 50.0049)).is_err(), "within it");
}

#[test]
fn all_touched_places_are_named_in_order() {
    let named = |label: &str, rule, west: f64| {
        let area = square(west, 50.0, west + 0.001, 50.001);
        SensitivePlace::new(SensitiveKind::School, label, rule, area, None).unwrap()
    };
    let policy = protecting(
        0,
        [
            named("East", SensitiveRule::Refuse, 10.008),
            named("Silent", SensitiveRule::NeverAsk, 10.004),
            named("West", SensitiveRule::Refuse, 10.0),
            named("Elsewhere", SensitiveRule::Refuse, 11.0),
        ],
    );
    let violations = review(&policy, &square(10.0, 50.0, 10.01, 50.01)).unwrap_err();
    assert_eq!(
        violations.to_string(),
        "the area touches the school `East`, about which nobody may ask; draw around it; \
         the area touches the school `West`, about which nobody may ask; draw around it"
    );
}

#[test]
fn oversized_areas_are_not_compared_with_places() {
    let area = square(10.0, 50.0, 10.005, 50.005);
    let places = || [refused(area.clone())];
    let codes = |policy: &Policy| codes(&review(policy, &area).unwrap_err());
    let policy = protecting(0, places()).with_max_vertices(3);
    assert_eq!(codes(&policy), ["too_many_vertices"]);
    let exactly = protecting(0, places()).with_max_area_m2(area.size_m2());
    assert_eq!(codes(&exactly), ["sensitive_place"]);
    let policy = exactly.with_max_area_m2(area.size_m2().next_down());
    assert_eq!(codes(&policy), ["area_too_large"]);
}

#[test]
fn an_assembly_counts_for_windows_that_overlap_its_own() {
    let area = square(10.0, 50.0, 10.005, 50.005);
    let by = |start: i64, end: i64| {
        let second = SignedDuration::from_secs;
        TimeWindow::new(evening().start() + second(start), evening().end() + second(end)).unwrap()
    };
    let town = street(20);
    for (window, counts) in [
        (by(0, 0), true),
        (by(-3_600, 3_600), true),
        (by(600, -600), true),
        (by(7_199, 9_000), true),
        (by(7_200, 9_000), false),
        (by(-9_000, -7_199), true),
        (by(-9_000, -7_200), false),
    ] {
        let place = |rule| [place_of(rule, area.clone(), Some(window))];
        let outcome = review(&protecting(0, place(SensitiveRule::Refuse)), &area);
        assert_eq!(outcome.is_err(), counts, "{window}");
        if let Err(violations) = outcome {
            assert_eq!(
                violations.to_string(),
                "the area touches the assembly `Main Street`, about which nobody may ask; draw around it"
            );
        }
        let silent = review(&protecting(0, place(SensitiveRule::NeverAsk)), &area).unwrap();
        assert_eq!(asked(&town, &silent).is_empty(), counts, "{window}");
    }
}

/// Some places on the grid of a town, some of them with a window that does not overlap.
pub fn some_places(rng: &mut Rng, origin: (i32, i32), rule: SensitiveRule) -> Vec<SensitivePlace> {
    let past = TimeWindow::new(noon() - days(30), noon() - days(29)).unwrap();
    let number = 1 + rng.below(3);
    let place = |_| {
        let window = rng.pick(&[None, None, Some(evening()), Some(past)]);
        place_of(rule, area(rng, origin), window)
    };
    (0..number).map(place).collect()
}

/// Law: an area that passes review has no point in common with a place whose rule is refusal.
#[test]
fn areas_that_pass_touch_no_refused_place() {
    let (mut passed, mut refused) = (0, 0);
    for seed in 0..200 {
        let mut rng = Rng(seed);
        let places = some_places(&mut rng, (10, 50), SensitiveRule::Refuse);
        let request = area(&mut rng, (10, 50));
        let counts = |place: &&SensitivePlace| place.window().is_none_or(|own| *own == evening());
        let touched = places.iter().filter(counts).any(|place| place.area().intersects(&request));
        let outcome = review(&protecting(0, places.clone()), &request);
        assert_eq!(outcome.is_err(), touched, "{seed}");
        if outcome.is_ok() {
            let town = town(&mut rng, (10, 50), 300);
            let mut inside = town.cameras.values().filter(|camera| request.covers(camera.position));
            let is_in = |at| places.iter().filter(counts).any(|place| place.area().covers(at));
            assert!(inside.all(|camera| !is_in(camera.position)), "{seed}");
        }
        *if touched { &mut refused } else { &mut passed } += 1;
    }
    assert!(passed > 20 && refused > 20, "{passed} {refused}");
}

#[test]
fn a_review_looks_only_at_the_places_that_are_near() {
    // 100,000 schools on a grid of 0.01 degree, of which an area meets four.
    let school = |index: i32| {
        let (x, y) = (f64::from(index % 400) * 0.01, f64::from(index / 400) * 0.01);
        let area = square(10.0 + x, 50.0 + y, 10.001 + x, 50.001 + y);
        let label = format!("School {index}");
        SensitivePlace::new(SensitiveKind::School, label, SensitiveRule::Refuse, area, None)
            .unwrap()
    };
    let places: SensitivePlaces = (0..100_000).map(school).collect();
    assert_eq!(places.iter().len(), 100_000);
    let area = square(10.5, 50.5, 10.51, 50.51);
    let met = places.met_by(&area, &evening());
    let labels: Vec<&str> = met.iter().map(|place| place.label()).collect();
    assert_eq!(labels, ["School 20050", "School 20051", "School 20450", "School 20451"]);
    let policy = Policy::without_limits_or_anonymity().with_sensitive_places(places);
    assert_eq!(review(&policy, &area).unwrap_err().iter().count(), 4);
    // A scan would take 100 million comparisons.
    let start = Instant::now();
    for _ in 0..1_000 {
        assert_eq!(policy.sensitive_places.met_by(&area, &evening()).len(), 4);
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    // A clone of the policy shares the places.
    let clones: Vec<Policy> = (0..10_000).map(|_| policy.clone()).collect();
    assert_eq!(clones.last(), Some(&policy));
}

#[test]
fn places_are_written_as_a_plain_list_and_read_again() {
    let square = square(10.0, 50.0, 10.5, 50.5);
    let school = SensitiveKind::School;
    let places: SensitivePlaces = [
        SensitivePlace::new(school, "PS 9", SensitiveRule::Refuse, square.clone(), None).unwrap(),
        place_of(SensitiveRule::NeverAsk, square, Some(evening())),
    ]
    .into_iter()
    .collect();
    let polygon = r#"{"type":"Polygon","coordinates":[[[10.0,50.0],[10.5,50.0],[10.5,50.5],[10.0,50.5],[10.0,50.0]]]}"#;
    let text = format!(
        r#"[{{"kind":"school","label":"PS 9","rule":"refuse","area":{polygon}}},{{"kind":"assembly","label":"Main Street","rule":"never_ask","area":{polygon},"window":{{"start":"2026-05-09T18:00:00Z","end":"2026-05-09T20:00:00Z"}}}}]"#
    );
    assert_eq!(serde_json::to_string(&places).unwrap(), text);
    assert_eq!(serde_json::from_str::<SensitivePlaces>(&text).unwrap(), places);
    let policy = protecting(3, places.iter().cloned());
    let written = serde_json::to_string(&policy).unwrap();
    assert!(written.contains(&format!(r#""sensitive_places":{text}"#)));
    assert_eq!(serde_json::from_str::<Policy>(&written).unwrap(), policy);
    for kind in SensitiveKind::ALL {
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.code()));
    }
}

#[test]
fn impossible_places_are_refused_with_a_reason() {
    let make = |kind, label: &str| {
        let area = square(10.0, 50.0, 10.5, 50.5);
        let place = SensitivePlace::new(kind, label, SensitiveRule::NeverAsk, area, None);
        place.map(|place| place.label().to_owned()).map_err(|error| error.to_string())
    };
    let refused = |kind, label: &str, words: &str| assert_eq!(make(kind, label), Err(words.into()));
    refused(SensitiveKind::PlaceOfWorship, " ", "a label is missing; name the place of worship");
    refused(
        SensitiveKind::Assembly,
        "May Day",
        "the assembly `May Day` has no window; give its start and end",
    );
    refused(
        SensitiveKind::School,
        "PS\n9",
        "the label `PS\\n9` has a control character; write it on one plain line",
    );
    let long = "ö".repeat(121);
    refused(SensitiveKind::School, &long, "the label has 121 characters, more than 120");
    assert!(make(SensitiveKind::School, &"ö".repeat(120)).is_ok());
    let text = r#"[{"kind":"school","label":"","rule":"refuse","area":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}}]"#;
    let read = |text: &str| serde_json::from_str::<SensitivePlaces>(text).unwrap_err().to_string();
    assert!(read(text).starts_with("a label is missing; name the school"));
    assert!(read(&text.replace("school", "home")).starts_with("unknown variant `home`"));
    assert!(read(&text.replace("label", "name")).starts_with("unknown field `name`"));
}

/// Otherwise requests that are refused anyway could map all places.
#[test]
fn a_place_is_named_only_where_nothing_else_is_refused() {
    let area = square(10.0, 50.0, 10.01, 50.01);
    let places = protecting(0, [place_of(SensitiveRule::Refuse, area.clone(), None)]);
    let codes = |policy: &Policy| {
        let refused = review(policy, &area).unwrap_err();
        refused.iter().map(canvass::Violation::code).collect::<Vec<_>>()
    };
    assert_eq!(codes(&places), ["sensitive_place"]);
    let stricter = [
        (places.clone().with_agency_kinds([]), "agency_kind_not_allowed"),
        (places.clone().with_max_window_minutes(1), "window_too_long"),
        (places.clone().with_max_area_m2(1.0), "area_too_large"),
        (places.clone().with_max_requests_per_case(0), "case_exhausted"),
    ];
    for (policy, code) in stricter {
        assert_eq!(codes(&policy), [code]);
    }
}
