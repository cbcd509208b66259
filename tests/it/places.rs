//! Sensitive places: what touches one is refused, or passes and asks nobody there.

use std::time::{Duration, Instant};

use canvass::{
    AgencyId, Area, AuthorizedRequest, CaseFile, Change, Denial, Explanation, IncidentKind, Layout,
    OwnerId, Policy, Position, Request, RequestId, Scratch, SensitiveKind, SensitivePlace,
    SensitivePlaces, SensitiveRule, SimdLevel, TimeWindow, Violations,
};
use jiff::SignedDuration;
use proptest::prelude::{ProptestConfig, any};
use proptest::{prop_assert, prop_assert_eq, proptest};

use crate::oracle::{Town, households, in_places, oracle, sparing};
use crate::support::*;

fn place_of(rule: SensitiveRule, area: Area, window: Option<TimeWindow>) -> SensitivePlace {
    let kind = if window.is_some() { SensitiveKind::Assembly } else { SensitiveKind::Clinic };
    SensitivePlace::new(kind, "Main Street", rule, area, window).unwrap()
}

fn refused(area: Area) -> SensitivePlace {
    place_of(SensitiveRule::Refuse, area, None)
}

fn never_asked(area: Area) -> SensitivePlace {
    place_of(SensitiveRule::NeverAsk, area, None)
}

/// Only places and the anonymity set, no limits of geometry.
fn protecting(min_households: u32, places: impl IntoIterator<Item = SensitivePlace>) -> Policy {
    let sensitive_places = places.into_iter().collect();
    Policy { min_households, sensitive_places, ..Policy::unlimited() }
}

fn review(policy: &Policy, area: &Area) -> Result<AuthorizedRequest, Violations> {
    let request = Request::new(AgencyId(1), IncidentKind::Burglary, area.clone(), evening())
        .case("26-0117")
        .contact("Det. Smith");
    policy.review(&request, &agency(), &CaseFile::new(AgencyId(1)), noon())
}

/// The part of [`street`] from one house to another, both included and on the boundary.
fn houses(first: u64, last: u64) -> Area {
    let at = |house: u64| 10.0 + house as f64 * 1e-5;
    square(at(first), 49.9999, at(last), 50.0001)
}

fn owners(town: &Town, authorized: &AuthorizedRequest) -> Vec<u64> {
    let route = snapshot(town).route(authorized, noon());
    route.recipients().map(|recipient| recipient.owner.0).collect()
}

#[test]
fn an_area_that_touches_a_refused_place_is_refused_with_its_kind_and_label() {
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
        // An edge in common is enough; a hair less is not.
        let violations = review(&policy, &area(10.01)).unwrap_err();
        let words = format!(
            "the area touches the {words} `St Mary's`, about which nobody may ask; draw around it"
        );
        assert_eq!(violations.to_string(), words);
        let codes: Vec<_> = violations.iter().map(canvass::Violation::code).collect();
        assert_eq!(codes, ["sensitive_place"]);
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
fn every_place_that_is_touched_is_named_in_the_order_of_the_list() {
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
fn an_area_past_the_limits_of_geometry_or_size_is_not_compared_with_places() {
    let area = square(10.0, 50.0, 10.005, 50.005);
    let places = || [refused(area.clone())];
    let codes = |policy: &Policy| -> Vec<&str> {
        let violations = review(policy, &area).unwrap_err();
        violations.iter().map(canvass::Violation::code).collect()
    };
    let policy = Policy { max_vertices: 3, ..protecting(0, places()) };
    assert_eq!(codes(&policy), ["too_many_vertices"]);
    let exactly = Policy { max_area_m2: area.size_m2(), ..protecting(0, places()) };
    assert_eq!(codes(&exactly), ["sensitive_place"]);
    let policy = Policy { max_area_m2: area.size_m2().next_down(), ..exactly };
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
        assert_eq!(owners(&town, &silent).is_empty(), counts, "{window}");
    }
}

#[test]
fn cameras_in_a_place_are_never_asked_those_on_its_boundary_neither() {
    let town = street(40);
    let policy = protecting(0, [never_asked(houses(10, 19))]);
    let authorized = review(&policy, &houses(0, 29)).unwrap();
    assert_eq!(owners(&town, &authorized), (0..10).chain(20..30).collect::<Vec<_>>());
    // By a hair no more on the boundary.
    let narrower = square(10.000_100_1, 49.9999, 10.000_189_9, 50.0001);
    let authorized = review(&protecting(0, [never_asked(narrower)]), &houses(0, 29)).unwrap();
    assert_eq!(owners(&town, &authorized), (0..=10).chain(19..30).collect::<Vec<_>>());
    // A place that is all of the area.
    let policy = protecting(0, [never_asked(houses(0, 39))]);
    assert_eq!(owners(&town, &review(&policy, &houses(3, 29)).unwrap()), [0_u64; 0]);
}

#[test]
fn an_owner_with_a_camera_elsewhere_is_asked_for_that_one() {
    let mut town = street(20);
    for camera in town.cameras.values_mut() {
        camera.owner = OwnerId(7);
    }
    town.consents.insert(OwnerId(7), canvass::Consent::granted());
    let authorized = review(&protecting(0, [never_asked(houses(5, 40))]), &houses(0, 19)).unwrap();
    let route = snapshot(&town).route(&authorized, noon());
    let ids: Vec<u64> = route.cameras().iter().map(|camera| camera.0).collect();
    assert_eq!((route.owners(), ids), (1, vec![0, 1, 2, 3, 4]));
}

#[test]
fn households_in_a_place_count_for_the_anonymity_set() {
    let place = || [never_asked(houses(1, 40))];
    let ask =
        |last| owners(&street(40), &review(&protecting(11, place()), &houses(0, last)).unwrap());
    assert_eq!(ask(10), [0]);
    assert_eq!(ask(9), [0_u64; 0]);
}

#[test]
fn nothing_tells_the_agency_of_a_place_from_which_nobody_is_asked() {
    let snapshot = snapshot(&street(40));
    let receipt = |policy: &Policy| {
        let route = snapshot.route(&review(policy, &houses(0, 29)).unwrap(), noon());
        (route.owners(), serde_json::to_string(&route.receipt()).unwrap())
    };
    let (all, plain) = receipt(&protecting(0, []));
    let (some, sparing) = receipt(&protecting(0, [never_asked(houses(10, 19))]));
    assert_eq!((all, some), (30, 20));
    assert_eq!(plain, sparing);
}

#[test]
fn explanations_and_the_funnel_say_who_is_in_a_place() {
    let mut town = street(40);
    town.consents.remove(&OwnerId(12));
    let snapshot = snapshot(&town);
    let authorized =
        review(&protecting(11, [never_asked(houses(10, 35))]), &houses(0, 29)).unwrap();
    let explain = |id| snapshot.explain(&authorized, noon(), canvass::CameraId(id));
    assert_eq!(explain(9), Explanation::Asked);
    assert_eq!(explain(10), Explanation::Denied(Denial::SensitivePlace));
    assert_eq!(explain(12), Explanation::Denied(Denial::NotGranted), "the first reason");
    assert_eq!(explain(33), Explanation::OutsideArea);
    let funnel = snapshot.funnel(&authorized, noon());
    assert_eq!((funnel.in_area(), funnel.households()), (30, 30));
    assert_eq!((funnel.permitted(), funnel.asked()), (10, 10));
    assert_eq!(funnel.denied().last(), Some((Denial::SensitivePlace, 19)));
    assert_eq!(serde_json::to_string(&explain(10)).unwrap(), r#"{"denied":"sensitive_place"}"#);
    assert_eq!(Denial::SensitivePlace.to_string(), "sensitive_place");
}

#[test]
fn a_recheck_asks_nobody_who_has_moved_into_a_place() {
    let registry = loaded(&street(40), Layout::default());
    let authorized = review(&protecting(0, [never_asked(houses(10, 19))]), &houses(0, 29)).unwrap();
    let route = registry.snapshot().route(&authorized, noon());
    let position = Position::new(10.000_15, 50.0).unwrap();
    let moved = Change::Move { camera: canvass::CameraId(3), position };
    let newer = registry.apply([moved]).unwrap();
    let kept = route.recheck(&newer, noon());
    let left: Vec<u64> = kept.recipients().map(|recipient| recipient.owner.0).collect();
    assert_eq!(left, (0..30).filter(|&id| id != 3 && !(10..20).contains(&id)).collect::<Vec<_>>());
}

/// Some places on the grid of a town, of which some have a window that does not overlap.
fn some_places(rng: &mut Rng, origin: (i32, i32), rule: SensitiveRule) -> Vec<SensitivePlace> {
    let past = TimeWindow::new(noon() - days(30), noon() - days(29)).unwrap();
    let number = 1 + rng.below(3);
    let place = |_| {
        let window = rng.pick(&[None, None, Some(evening()), Some(past)]);
        place_of(rule, area(rng, origin), window)
    };
    (0..number).map(place).collect()
}

#[test]
fn routes_that_spare_places_equal_the_oracle() {
    let (mut some, mut all, mut none) = (0, 0, 0);
    for seed in 0..300 {
        let mut rng = Rng(seed);
        let origin = rng.pick(&[(10, 50), (180, -17), (0, 0)]);
        let size = rng.pick(&[20, 64, 65, 300]);
        let town = town(&mut rng, origin, size);
        let places = some_places(&mut rng, origin, SensitiveRule::NeverAsk);
        let policy = protecting(rng.pick(&[0, 2, 11]), places.clone());
        let request = area(&mut rng, origin);
        let authorized = review(&policy, &request).unwrap();
        let expected = sparing(&town, &authorized, &[], &places, noon());
        let layout = rng.pick(&[Layout::default(), Layout::new(h3o::Resolution::Nine, 5)]);
        let snapshot = loaded(&town, layout).snapshot();
        for mut scratch in SimdLevel::ALL.into_iter().filter_map(Scratch::with_simd) {
            let mut route = canvass::Route::empty(&authorized, noon());
            snapshot.route_into(&authorized, noon(), &mut scratch, &mut route);
            assert_eq!(answer(&route), expected, "{seed}");
        }
        let spared = in_places(&town, &authorized, &places);
        let asked = cameras(&expected);
        let funnel = snapshot.funnel(&authorized, noon());
        assert_eq!(funnel.asked(), asked.len(), "{seed}");
        assert_eq!(funnel.households(), households(&town, &request).len(), "{seed}");
        for &id in town.cameras.keys() {
            match snapshot.explain(&authorized, noon(), id) {
                Explanation::Asked => assert!(asked.contains(&id) && !spared.contains(&id)),
                Explanation::Denied(Denial::SensitivePlace) => assert!(spared.contains(&id)),
                _ => assert!(!asked.contains(&id)),
            }
            if size == 300 && id.0 > 140 {
                break;
            }
        }
        let alone = oracle(&town, &authorized, noon());
        some += usize::from(!expected.is_empty() && expected != alone);
        all += usize::from(expected.is_empty() && !alone.is_empty());
        none += usize::from(!alone.is_empty() && expected == alone);
    }
    // Not vacuous: some are spared, all, or none, each in plenty of towns.
    assert!(some > 15 && all > 20 && none > 20, "{some} {all} {none}");
}

#[test]
fn a_guarded_route_spares_places_as_well() {
    let town = street(100);
    let places = [never_asked(houses(30, 34))];
    let policy = protecting(11, places.clone());
    let mut file = CaseFile::new(AgencyId(1));
    let old = houses(20, 49);
    file.open(RequestId(1), &review(&policy, &old).unwrap(), noon()).unwrap();
    let request = Request::new(AgencyId(1), IncidentKind::Burglary, houses(20, 54), evening());
    let authorized = policy.review(&request, &agency(), &file, noon()).unwrap();
    let route = snapshot(&town).route(&authorized, noon());
    assert_eq!(answer(&route), sparing(&town, &authorized, &[old], &places, noon()));
    assert_eq!(route.owners(), 25);
    let funnel = snapshot(&town).funnel(&authorized, noon());
    assert_eq!((funnel.permitted(), funnel.guarded(), funnel.asked()), (30, 5, 25));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Law: what passes review has no camera's place in common with any place that is refused.
    #[test]
    fn what_passes_touches_no_refused_place(seed in any::<u64>()) {
        let mut rng = Rng(seed);
        let places = some_places(&mut rng, (10, 50), SensitiveRule::Refuse);
        let request = area(&mut rng, (10, 50));
        let counts = |place: &&SensitivePlace| place.window().is_none_or(|own| *own == evening());
        let touched = places.iter().filter(counts).any(|place| place.area().intersects(&request));
        let outcome = review(&protecting(0, places.clone()), &request);
        prop_assert_eq!(outcome.is_err(), touched);
        if outcome.is_ok() {
            let town = town(&mut rng, (10, 50), 300);
            let mut inside = town.cameras.values().filter(|camera| request.covers(camera.position));
            let is_in = |at| places.iter().filter(counts).any(|place| place.area().covers(at));
            prop_assert!(inside.all(|camera| !is_in(camera.position)));
        }
    }
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
    let policy = Policy { sensitive_places: places, ..Policy::unlimited() };
    assert_eq!(review(&policy, &area).unwrap_err().iter().count(), 4);
    // To look at all would be 100 million comparisons.
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
fn a_place_that_cannot_be_says_why() {
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
        "the assembly `May Day` has no window; say from when to when it is",
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
