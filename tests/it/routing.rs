//! Routes compared with the oracle, of any size and beside any edge, and the agency's receipts.

use std::collections::{BTreeMap, BTreeSet};

use canvass::policy::{SensitiveKind, SensitivePlace, SensitiveRule};
use canvass::{
    Area, Camera, CameraId, Consent, Denial, Explanation, Layout, OwnerId, Policy, Receipt,
    Registry, Route, Scratch,
};
use h3o::Resolution;

use crate::oracle::{Town, oracle};
use crate::support::*;

/// The origins of towns: far from any line, at the antimeridian, near a pole, at longitude and
/// latitude 0.
pub const ORIGINS: [(i32, i32); 4] = [(10, 50), (180, -17), (-60, 88), (0, 0)];

fn layouts() -> [Layout; 4] {
    [
        Layout::default(),
        Layout::new(Resolution::Zero, 64),
        Layout::new(Resolution::Nine, 5),
        Layout::new(Resolution::Five, 1),
    ]
}

/// Asserts that all ways to route give the oracle's answer.
#[track_caller]
fn agree(town: &Town, area: &Area) -> (usize, usize) {
    let authorized = authorize(area.clone());
    let expected = oracle(town, &authorized, noon());
    for layout in layouts() {
        let snapshot = loaded(town, layout).snapshot();
        let mut levels = 0;
        for (level, route) in routes_at_every_width(&snapshot, &authorized, noon()) {
            assert_eq!(answer(&route), expected, "{layout:?} {level:?}");
            levels += 1;
        }
        // Every x86-64 processor of the last fifteen years has SSE4.2 besides the baseline.
        let least =
            1 + usize::from(cfg!(target_arch = "x86_64")) + usize::from(cfg!(feature = "scalar"));
        assert!(levels >= least, "{levels} levels");
    }
    let inside = town.cameras.values().filter(|camera| area.covers(camera.position)).count();
    (inside, cameras(&expected).len())
}

#[test]
fn routes_equal_the_oracle() {
    let (mut inside, mut asked, mut all) = (0, 0, 0);
    for seed in 0..400 {
        let mut rng = Rng(seed);
        let origin = rng.pick(&ORIGINS);
        let size = rng.pick(&[0, 1, 63, 64, 65, 128, 500]);
        let town = town(&mut rng, origin, size);
        let (is_inside, is_asked) = agree(&town, &area(&mut rng, origin));
        (inside, asked, all) = (inside + is_inside, asked + is_asked, all + town.cameras.len());
    }
    // All cases occur: many rows are inside, many outside, many denied.
    assert!(inside * 20 > all && inside * 2 < all, "{inside} of {all} inside");
    assert!(asked * 10 > inside && asked * 2 < inside, "{asked} of {inside} asked");
}

#[test]
fn every_size_around_a_block_is_routed_whole() {
    for number in [0, 1, 63, 64, 65, 127, 128, 129, 192] {
        let town = street(number);
        let everywhere = authorize(square(9.9, 49.9, 10.1, 50.1));
        let route = snapshot(&town).route(everywhere.assume_open(), noon());
        assert_eq!(route.cameras().len() as u64, number);
        // The first half of the street, its last camera on the boundary.
        let half = number / 2;
        let east = 10.0 + half as f64 * 1e-5;
        let some = authorize(square(9.9, 49.9, east, 50.1));
        let route = snapshot(&town).route(some.assume_open(), noon());
        assert_eq!(route.cameras().len() as u64, number.min(half + 1));
    }
}

/// The sort of rows depends on their number, their owners, and the length of their ids.
#[test]
fn any_number_of_rows_of_any_owners_comes_in_order() {
    let mut rng = Rng(11);
    let everywhere = authorize(square(9.9, 49.9, 10.1, 50.1));
    for number in [1, 2, 63, 64, 65, 255, 256, 257, 2_000] {
        for owners in [1, 3, number / 2 + 1, 4 * number] {
            for stride in [1, 0x1_0000_0001] {
                let mut cameras: Vec<Camera> = (0..number)
                    .map(|id| {
                        let owner = rng.below(owners) * stride;
                        let position = place((10, 50), rng.within(-9, 9), rng.within(-9, 9));
                        camera_at(id * stride, owner, position)
                    })
                    .collect();
                rng.shuffle(&mut cameras);
                let all: BTreeSet<OwnerId> = cameras.iter().map(|camera| camera.owner).collect();
                let consents = all.iter().map(|&owner| (owner, Consent::granted()));
                let snapshot = Registry::bulk_load(&cameras, consents).unwrap().snapshot();
                let mut expected: Vec<(OwnerId, CameraId)> =
                    cameras.iter().map(|camera| (camera.owner, camera.id)).collect();
                expected.sort_unstable();
                for (level, route) in routes_at_every_width(&snapshot, &everywhere, noon()) {
                    let rows = route.recipients().flat_map(|recipient| {
                        recipient.cameras.iter().map(move |&camera| (recipient.owner, camera))
                    });
                    assert!(
                        rows.eq(expected.iter().copied()),
                        "{number} rows of {owners} owners, stride {stride}, {level:?}"
                    );
                    assert_eq!(route.owners(), all.len());
                }
            }
        }
    }
}

/// Ids up to the last one of an upper half, between blocks of other upper halves.
#[test]
fn ids_come_in_order_across_blocks() {
    let everywhere = everywhere();
    for uppers in [[0, 0, 0], [1, 1, 1], [0, 0, 1], [0, 1, 0], [1, 0, 0]] {
        for number in 1..=9 {
            // Three towns a degree apart; the highest ids are in the west.
            let towns = uppers.iter().zip(0..).flat_map(|(upper, town)| {
                (0..number).map(move |house| {
                    let id = (upper << 32) + u64::from(u32::MAX - 3 * house - town);
                    (id, i64::from(town) * 10_000_000 + i64::from(house) * 100)
                })
            });
            let cameras: Vec<Camera> =
                towns.map(|(id, east)| camera_at(id, id, place((10, 50), east, 0))).collect();
            let consents = cameras.iter().map(|camera| (camera.owner, Consent::granted()));
            let snapshot = Registry::bulk_load(&cameras, consents).unwrap().snapshot();
            let mut expected: Vec<_> =
                cameras.iter().map(|camera| (camera.owner, vec![camera.id])).collect();
            expected.sort_unstable();
            let route = snapshot.route(everywhere.assume_open(), noon());
            assert_eq!(answer(&route), expected, "{number} houses each, {uppers:?}");
        }
    }
}

#[test]
fn a_long_edge_is_decided_in_integers() {
    // 40 degrees long: the products of its sides do not fit the exact range of `f64`.
    let mut rng = Rng(5);
    let town = town(&mut rng, (10, 50), 200);
    let ring = vec![(-10.0, 40.000_000_1), (30.000_000_1, 60.0), (30.0, 61.3), (-10.0, 61.0)];
    let shape = geo::Polygon::new(ring.into(), vec![]);
    let (inside, _) = agree(&town, &Area::try_from(shape).unwrap());
    assert!(inside > 20 && inside < 180, "{inside} of 200 inside");
}

#[test]
fn an_edge_around_the_earth_is_decided_in_integers() {
    // Along a parallel an edge may go around the world: the difference of its ends does not fit 32 bits.
    let mut rng = Rng(6);
    let town = town(&mut rng, (180, 60), 200);
    let ring = vec![(-180.0, 60.0), (180.0, 60.0), (180.0, 80.0), (-180.0, 80.0)];
    let shape = geo::Polygon::new(ring.into(), vec![]);
    let (inside, _) = agree(&town, &Area::try_from(shape).unwrap());
    assert!(inside > 40 && inside < 160, "{inside} of 200 inside");
}

/// Cameras one unit on either side of an edge of any length, where rounding in the descent must not
/// decide: each camera has a block of its own, which the boundary barely touches.
#[test]
fn a_camera_right_beside_an_edge_is_on_its_side() {
    let (mut inside, mut all) = (0, 0);
    for seed in 0..100 {
        let mut rng = Rng(seed);
        let far = rng.pick(&[6, 40, 3_000, 1_000_000, 30_000_000, 400_000_000]);
        let corners: Vec<(i64, i64)> =
            (0..4).map(|_| (rng.within(-far, far), rng.within(-far, far))).collect();
        let ring = corners.iter().map(|&(x, y)| (x as f64 / 1e7, y as f64 / 1e7)).collect();
        let Ok(area) = Area::try_from(geo::Polygon::new(ring, vec![])) else { continue };
        let mut town = street(100);
        for camera in town.cameras.values_mut() {
            let edge = usize::try_from(rng.below(4)).unwrap();
            let ((ax, ay), (bx, by)) = (corners[edge], corners[(edge + 1) % 4]);
            let along = rng.below(1_001) as f64 / 1_000.0;
            let mut beside =
                |a: i64, b: i64| a + ((b - a) as f64 * along).round() as i64 + rng.within(-1, 1);
            camera.position = place((0, 0), beside(ax, bx), beside(ay, by));
        }
        let authorized = authorize(area);
        let expected = oracle(&town, &authorized, noon());
        let snapshot = loaded(&town, Layout::new(Resolution::Zero, 1)).snapshot();
        for (level, route) in routes_at_every_width(&snapshot, &authorized, noon()) {
            assert_eq!(answer(&route), expected, "{seed}: {corners:?}, {level:?}");
        }
        (inside, all) = (inside + expected.len(), all + town.cameras.len());
    }
    assert!(inside * 3 > all && inside * 3 < all * 2, "{inside} of {all} inside");
}

#[test]
fn every_denial_is_reached_by_the_row_it_is_about() {
    let mut reached: Vec<Denial> = Vec::new();
    for seed in 0..40 {
        let mut rng = Rng(seed);
        let snapshot = snapshot(&town(&mut rng, (10, 50), 300));
        let everywhere = square(9.0, 49.0, 11.0, 51.0);
        let (kind, rule) = (SensitiveKind::Clinic, SensitiveRule::NeverAsk);
        let clinic =
            SensitivePlace::new(kind, "clinic", rule, square(10.0, 50.0, 10.1, 50.1), None);
        let sensitive_places = clinic.into_iter().collect();
        let policy = Policy::without_limits_or_anonymity().with_sensitive_places(sensitive_places);
        let everywhere = authorize_under(&policy, everywhere);
        let funnel = snapshot.funnel(&everywhere, noon());
        reached.extend(funnel.denied().filter(|&(_, number)| number > 0).map(|(denial, _)| denial));
    }
    reached.sort_unstable();
    reached.dedup();
    assert_eq!(reached, Denial::ALL);
}

#[test]
fn below_the_anonymity_set_nobody_is_asked() {
    let policy =
        |min_households| Policy::without_limits_or_anonymity().with_min_households(min_households);
    let everywhere = || square(9.9, 49.9, 10.1, 50.1);
    for (least, number, asked) in
        [(1, 1, 1), (2, 1, 0), (2, 2, 2), (11, 10, 0), (11, 11, 11), (11, 12, 12)]
    {
        let snapshot = snapshot(&street(number));
        let authorized = authorize_under(&policy(least), everywhere());
        assert_eq!(snapshot.route(authorized.assume_open(), noon()).owners(), asked);
        let explained = snapshot.explain(&authorized, noon(), CameraId(0));
        let expected = if asked == 0 { Explanation::TooFewHouseholds } else { Explanation::Asked };
        assert_eq!(explained, expected);
    }
    // Households count whether they agreed or not; only those who did are asked.
    let mut town = street(11);
    town.consents.retain(|&owner, _| owner == OwnerId(3));
    let route =
        snapshot(&town).route(authorize_under(&policy(11), everywhere()).assume_open(), noon());
    assert_eq!(answer(&route), vec![(OwnerId(3), vec![CameraId(3)])]);
}

#[test]
fn receipts_round_trip_and_funnels_name_denials() {
    let authorized = authorize(square(9.0, 49.0, 11.0, 51.0));
    let receipt = authorized.receipt();
    let json = serde_json::to_string(&receipt).unwrap();
    assert_eq!(serde_json::from_str::<Receipt>(&json).unwrap(), receipt);
    for other in [
        json.replace("accepted", "refused"),
        json.replace('{', r#"{"owners":7,"#),
        json.replace("20:00:00Z", "10:00:00Z"),
        json.replace("burglary", "protest"),
    ] {
        assert!(other != json && serde_json::from_str::<Receipt>(&other).is_err(), "{other}");
    }
    let mut town = street(20);
    town.consents.remove(&OwnerId(3));
    let funnel = snapshot(&town).funnel(&authorized, noon());
    let denied: usize = funnel.denied().map(|(_, number)| number).sum();
    let json = serde_json::to_value(funnel.for_operator()).unwrap();
    let named = json["denied"].as_object().unwrap();
    let numbers = named.iter().map(|(code, number)| (code.as_str(), number.as_u64().unwrap()));
    let expected: BTreeMap<_, _> = funnel.denied().map(|(d, n)| (d.code(), n as u64)).collect();
    assert_eq!(numbers.collect::<BTreeMap<_, _>>(), expected);
    assert!(denied > 0 && expected["not_granted"] > 0 && expected.len() == Denial::ALL.len());
}

#[test]
fn receipts_are_equal_for_none_few_and_many() {
    let policy = Policy::without_limits_or_anonymity().with_min_households(11);
    let authorized = authorize_under(&policy, square(9.9, 49.9, 10.1, 50.1));
    let receipts: Vec<String> = [0, 3, 11, 500]
        .iter()
        .map(|&number| snapshot(&street(number)).route(authorized.assume_open(), noon()).receipt())
        .map(|receipt| serde_json::to_string(&receipt).unwrap())
        .collect();
    assert!(receipts.iter().all(|receipt| *receipt == receipts[0]), "{receipts:?}");
    assert_eq!(
        receipts[0],
        r#"{"status":"accepted","case_reference":"26-0117","agency":1,"incident":"burglary","window":{"start":"2026-05-09T18:00:00Z","end":"2026-05-09T20:00:00Z"},"policy_version":"unlimited","reviewed_at":"2026-05-10T12:00:00Z"}"#
    );
}

#[test]
fn a_scratch_serves_any_registry_and_any_question() {
    let mut scratch = Scratch::new();
    for seed in 0..60 {
        let mut rng = Rng(seed);
        let town = town(&mut rng, (10, 50), 80);
        let authorized = authorize(area(&mut rng, (10, 50)));
        let mut route = Route::empty(&authorized, noon());
        snapshot(&town).route_into(authorized.assume_open(), noon(), &mut scratch, &mut route);
        assert_eq!(answer(&route), oracle(&town, &authorized, noon()));
    }
}
