//! Sensitive places from which nobody is asked: routes leave them out, and the agency cannot
//! notice.

use canvass::policy::{SensitivePlace, SensitiveRule};
use canvass::{Area, Change, Denial, Explanation, Layout, OwnerId, Policy, Position};

use crate::oracle::{households, in_places, oracle, sparing};
use crate::places::{asked, place_of, protecting, review, some_places};
use crate::support::*;

#[test]
fn cameras_in_or_on_a_place_are_never_asked() {
    let town = street(40);
    let policy = protecting(0, [never_asked(houses(10, 19))]);
    let authorized = review(&policy, &houses(0, 29)).unwrap();
    assert_eq!(asked(&town, &authorized), (0..10).chain(20..30).collect::<Vec<_>>());
    // Narrower by a hair, so that the camera is no longer on the boundary.
    let narrower = square(10.000_100_1, 49.9999, 10.000_189_9, 50.0001);
    let authorized = review(&protecting(0, [never_asked(narrower)]), &houses(0, 29)).unwrap();
    assert_eq!(asked(&town, &authorized), (0..=10).chain(19..30).collect::<Vec<_>>());
    // A place that covers the whole area.
    let policy = protecting(0, [never_asked(houses(0, 39))]);
    assert_eq!(asked(&town, &review(&policy, &houses(3, 29)).unwrap()), [0_u64; 0]);
}

#[test]
fn an_owner_is_asked_for_the_camera_outside() {
    let mut town = street(20);
    for camera in town.cameras.values_mut() {
        camera.owner = OwnerId(7);
    }
    town.consents.insert(OwnerId(7), canvass::Consent::granted());
    let authorized = review(&protecting(0, [never_asked(houses(5, 40))]), &houses(0, 19)).unwrap();
    let route = snapshot(&town).route(authorized.assume_open(), noon());
    let ids: Vec<u64> = route.cameras().iter().map(|camera| camera.0).collect();
    assert_eq!((route.owners(), ids), (1, vec![0, 1, 2, 3, 4]));
}

#[test]
fn households_in_a_place_count_for_the_anonymity_set() {
    let place = || [never_asked(houses(1, 40))];
    let ask =
        |last| asked(&street(40), &review(&protecting(11, place()), &houses(0, last)).unwrap());
    assert_eq!(ask(10), [0]);
    assert_eq!(ask(9), [0_u64; 0]);
}

#[test]
fn silent_places_leave_no_trace_for_the_agency() {
    let snapshot = snapshot(&street(40));
    let receipt = |policy: &Policy| {
        let route = snapshot.route(review(policy, &houses(0, 29)).unwrap().assume_open(), noon());
        (route.owners(), serde_json::to_string(&route.receipt()).unwrap())
    };
    let (all, plain) = receipt(&protecting(0, []));
    let (some, sparing) = receipt(&protecting(0, [never_asked(houses(10, 19))]));
    assert_eq!((all, some), (30, 20));
    assert_eq!(plain, sparing);
}

#[test]
fn explanations_and_funnel_count_cameras_in_places() {
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
    let route = registry.snapshot().route(authorized.assume_open(), noon());
    let position = Position::new(10.000_15, 50.0).unwrap();
    let moved = Change::Move { camera: canvass::CameraId(3), position };
    let newer = registry.apply([moved]).unwrap();
    let kept = route.recheck(route.authorized().assume_open(), &newer, noon()).unwrap();
    assert_eq!(
        owners(&kept),
        (0..30).filter(|&id| id != 3 && !(10..20).contains(&id)).collect::<Vec<_>>()
    );
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
        let expected = sparing(&town, &authorized, &places, noon());
        let layout = rng.pick(&[Layout::default(), Layout::new(h3o::Resolution::Nine, 5)]);
        let snapshot = loaded(&town, layout).snapshot();
        for (level, route) in routes_at_every_width(&snapshot, &authorized, noon()) {
            assert_eq!(answer(&route), expected, "{seed}, {level:?}");
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
    // All cases occur in many towns: some cameras are spared, all, or none.
    assert!(some > 15 && all > 20 && none > 20, "{some} {all} {none}");
}

pub fn never_asked(area: Area) -> SensitivePlace {
    place_of(SensitiveRule::NeverAsk, area, None)
}

/// The part of [`street`] from one house to another, both included and on the boundary.
fn houses(first: u64, last: u64) -> Area {
    let at = |house: u64| 10.0 + house as f64 * 1e-5;
    square(at(first), 49.9999, at(last), 50.0001)
}
