//! Allocations of the hot path: none with a warm scratch and a warm route, the same for a receipt
//! whoever is asked, and in proportion to their bytes for tiles. These tests are a binary of their
//! own, since counting replaces the allocator of the whole binary.

#![allow(missing_docs, reason = "nobody reads the documentation of tests")]
#![allow(clippy::unwrap_used, reason = "tests")]

use allocation_counter::measure;
use canvass::policy::{Anonymity, SensitiveKind, SensitivePlace, SensitiveRule};
use canvass::{
    Agency, AgencyId, AgencyKind, Area, AuthorizedRequest, Camera, CameraId, CaseFile, Change,
    Consent, IncidentKind, OpenRequests, OwnerId, Policy, Position, Recording, Registry, Request,
    RequestId, Route, Scope, Scratch, Snapshot, TimeWindow, Zone,
};
use jiff::{SignedDuration, Timestamp};

mod tiles;

/// 40 x 40 houses 20 m apart with one camera each; of seven owners one did not agree, one agreed for
/// other agencies, and one was asked often lately.
fn town() -> Snapshot {
    let cameras: Vec<Camera> = (0..1_600)
        .map(|id| {
            Camera::new(
                CameraId(id),
                OwnerId(id / 2),
                Position::new(10.0 + (id % 40) as f64 * 0.000_3, 50.0 + (id / 40) as f64 * 0.000_2)
                    .unwrap(),
                Recording::kept_for_days(60),
            )
        })
        .collect();
    let consents = (0..800).filter(|owner| owner % 7 != 0).map(|owner| {
        let scope = if owner % 7 == 1 { Scope::only([AgencyId(9)]) } else { Scope::Any };
        // For some owners it is a quiet hour, so that they must wait.
        let zone = if owner % 7 == 3 { "Pacific/Apia" } else { "Europe/Paris" };
        (OwnerId(owner), Consent::granted().with_agencies(scope).with_zone(zone.parse().unwrap()))
    });
    let registry = Registry::bulk_load(&cameras, consents).unwrap();
    let often = (0..800).filter(|owner| owner % 7 == 2);
    let asked = |owner| [1, 2].map(|ago| (owner, ago));
    registry
        .apply(often.flat_map(asked).map(|(owner, days)| Change::RecordAsked {
            owner: OwnerId(owner),
            agency: Some(AgencyId(1)),
            at: now() - SignedDuration::from_hours(24 * days),
        }))
        .unwrap()
}

fn now() -> Timestamp {
    "2026-05-10T12:00:00Z".parse().unwrap()
}

fn authorize(policy: &Policy, area: Area) -> AuthorizedRequest {
    authorize_after(policy, &CaseFile::new(AgencyId(1)), area)
}

fn authorize_after(policy: &Policy, file: &CaseFile, area: Area) -> AuthorizedRequest {
    let window = TimeWindow::new(
        "2026-05-09T18:00:00Z".parse().unwrap(),
        "2026-05-09T20:00:00Z".parse().unwrap(),
    );
    let agency = Agency::new(AgencyId(1), "Springfield Police", AgencyKind::Local)
        .with_jurisdiction(Area::from_bounds(9.0, 49.0, 11.0, 51.0).unwrap());
    let request = Request::new(agency.id, IncidentKind::Burglary, area, window.unwrap())
        .with_case("26-0117")
        .with_contact("Det. Smith");
    policy.review(&request, &agency, file, now()).unwrap()
}

/// An octagon around the middle of the town, or around its north-eastern corner.
fn octagon(lon: f64, lat: f64) -> Area {
    let text: Vec<String> = (0..8_i32)
        .map(|corner| {
            let angle = f64::from(corner) * std::f64::consts::FRAC_PI_4;
            format!("{} {}", lon + 0.004 * angle.cos(), lat + 0.003 * angle.sin())
        })
        .collect();
    Area::from_wkt(&format!("POLYGON(({}))", text.join(","))).unwrap()
}

#[test]
fn a_warm_request_allocates_nothing() {
    let snapshot = town();
    // Three anonymity sets: 11 is reached by the owners asked alone; 180 only by all households,
    // and only in some areas; 10,000 never.
    for min_households in [0, 11, 180, 10_000] {
        let policy = Policy::in_zone(Zone::UTC)
            .with_anonymity(Anonymity::Waived)
            .with_min_households(min_households);
        let requests =
            [octagon(10.006, 50.004), octagon(10.012, 50.008)].map(|area| authorize(&policy, area));
        let mut scratch = Scratch::new();
        let mut route = Route::empty(&requests[0], now());
        let (mut owners, mut waiting) = (Vec::new(), 0);
        for request in &requests {
            snapshot.route_into(request.assume_open(), now(), &mut scratch, &mut route);
            owners.push(route.owners());
            waiting += route.recipients().filter(|asked| asked.not_before.is_some()).count();
        }
        // The counter works: it counts the allocations of a cold start.
        let cold = measure(|| {
            snapshot.route_into(requests[0].assume_open(), now(), &mut Scratch::new(), &mut route);
        });
        assert!(cold.count_total > 0);
        let warm = measure(|| {
            for request in &requests {
                snapshot.route_into(request.assume_open(), now(), &mut scratch, &mut route);
            }
        });
        assert_eq!(warm.count_total, 0, "{warm:?}");
        assert_eq!(waiting > 10, min_households < 1_000, "{waiting}");
        let asked = owners.iter().map(|&owners| owners > 30).collect::<Vec<_>>();
        assert_eq!(asked, [min_households < 1_000, min_households < 100], "{owners:?}");
    }
}

/// Buffers that are swapped or filled up to a whole vector are as large after the first route as any later one of the
/// same request needs: in areas with few rows and many, near one block and over several levels of the trees.
#[test]
fn nothing_is_allocated_from_the_second_route_on() {
    let (snapshot, mut asked) = (town(), Vec::new());
    for min_households in [0, 11, 180] {
        let policy = Policy::in_zone(Zone::UTC)
            .with_anonymity(Anonymity::Waived)
            .with_min_households(min_households)
            .with_min_area_m2(0.0);
        // From one house wide to the whole town.
        for houses in 1..=40 {
            let side = f64::from(houses);
            let (east, north) = (10.0 + side * 0.000_3, 50.0 + side * 0.000_2);
            let area = Area::from_bounds(9.999_9, 49.999_9, east, north).unwrap();
            let request = authorize(&policy, area);
            let (mut scratch, mut route) = (Scratch::new(), Route::empty(&request, now()));
            let mut routed =
                || snapshot.route_into(request.assume_open(), now(), &mut scratch, &mut route);
            let first = measure(&mut routed);
            for turn in 2..5 {
                let later = measure(&mut routed);
                assert_eq!(later.count_total, 0, "{houses} houses, turn {turn}: {later:?}");
            }
            assert!(first.count_total > 0);
            asked.push(route.owners());
        }
    }
    let (few, many) = (asked.iter().min().unwrap(), asked.iter().max().unwrap());
    assert!(*few == 0 && *many > 300, "{asked:?}");
}

/// As a service routes: the default policy, a case file with earlier areas that overlap and owners who shared,
/// and a request that stands.
#[test]
fn a_warm_request_with_history_allocates_nothing() {
    let (snapshot, policy) = (town(), Policy::in_zone(Zone::UTC).with_max_requests_per_case(99));
    let mut open = OpenRequests::new(0);
    let agency = AgencyId(1);
    for earlier in 0..60_u32 {
        let area = octagon(10.006 + f64::from(earlier) * 1e-5, 50.004);
        let authorized = authorize_after(&policy, &open.case_file(agency), area);
        let id = RequestId(u64::from(earlier));
        open.open(id, &authorized, now()).unwrap();
        open.decide(id, &authorized, &snapshot, now()).unwrap();
        if earlier == 0 {
            let due = open.due(id, &authorized, &snapshot, now()).unwrap();
            let (asked, _) = open.record_asked(id, &due, now()).unwrap();
            let shared = asked.recipients().map(|to| to.owner).step_by(3);
            open.record_shared(id, shared, now()).unwrap();
        }
    }
    let authorized = authorize_after(&policy, &open.case_file(agency), octagon(10.006, 50.004));
    let id = RequestId(60);
    open.open(id, &authorized, now()).unwrap();
    open.decide(id, &authorized, &snapshot, now()).unwrap();
    let (mut scratch, mut route) = (Scratch::new(), Route::empty(&authorized, now()));
    let mut routed = || {
        let standing = open.standing(id, &authorized, now()).unwrap().unwrap();
        snapshot.route_into(standing, now(), &mut scratch, &mut route);
        route.owners()
    };
    // The first grows all buffers, those that two steps swap included.
    assert!(routed() > 30);
    let warm = measure(|| (0..4).for_each(|_| assert!(routed() > 30)));
    assert_eq!(warm.count_total, 0, "{warm:?}");
}

/// Or an agency could learn of a shelter by the time of its refusals and receipts.
#[test]
fn a_review_costs_the_same_with_silent_places() {
    let area = octagon(10.006, 50.004);
    let silent = |west: f64, south: f64| {
        let place = Area::from_bounds(west, south, west + 0.001, south + 0.001).unwrap();
        let (kind, rule) = (SensitiveKind::Shelter, SensitiveRule::NeverAsk);
        SensitivePlace::new(kind, "A shelter", rule, place, None).unwrap()
    };
    let around = (0..100).map(|place| silent(10.0055 + f64::from(place) * 1e-5, 50.0035));
    let policies = [
        Vec::new(),
        vec![silent(10.0055, 50.0035)],
        vec![silent(10.5, 50.5)],
        around.collect::<Vec<_>>(),
    ]
    .map(|places| Policy::in_zone(Zone::UTC).with_sensitive_places(places.into()));
    let work = |policy: &Policy| {
        let mut passed = None;
        let review = measure(|| passed = Some(authorize(policy, area.clone())));
        let passed = passed.unwrap();
        let mut copy = None;
        let clone = measure(|| copy = Some(passed.clone()));
        let shown = format!("{passed:?}");
        let receipt = measure(|| drop(passed.receipt()));
        let freed = measure(|| drop((passed, copy)));
        let count = |info: allocation_counter::AllocationInfo| (info.count_total, info.bytes_total);
        // All that was allocated is freed at the end, however much that is.
        (
            count(review),
            count(clone),
            count(receipt),
            freed.count_current,
            freed.bytes_current,
            shown,
        )
    };
    // An area computes its size once.
    let _ = area.size_m2();
    let first = work(&policies[0]);
    assert!(first.0.0 > 0);
    for policy in &policies {
        assert_eq!(work(policy), first);
    }
    let with_a_shelter = town().route(authorize(&policies[1], area.clone()).assume_open(), now());
    assert!(
        with_a_shelter.owners()
            < town().route(authorize(&policies[0], area).assume_open(), now()).owners()
    );
}

/// Or an agency could count those who shared, and who was erased of them.
#[test]
fn a_review_is_the_same_work_however_many_owners_shared() {
    let policy = Policy::in_zone(Zone::UTC).with_max_requests_per_case(9);
    let area = octagon(10.006, 50.004);
    let work = |sharers: u64| {
        let mut file = CaseFile::new(AgencyId(1));
        let first = authorize_after(&policy, &file, area.clone());
        file.open(RequestId(1), &first, now()).unwrap();
        file.record_shared(RequestId(1), (0..sharers).map(OwnerId), now()).unwrap();
        let mut passed = None;
        let review = measure(|| passed = Some(authorize_after(&policy, &file, area.clone())));
        let passed = passed.unwrap();
        let receipt = measure(|| drop(passed.receipt()));
        let freed = measure(|| drop(passed));
        let count = |info: allocation_counter::AllocationInfo| (info.count_total, info.bytes_total);
        (count(review), count(receipt), freed.count_current, freed.bytes_current)
    };
    let _ = area.size_m2();
    let none = work(0);
    assert_eq!([work(1), work(1_000)], [none; 2]);
}

#[test]
fn a_receipt_costs_the_same_for_none_few_and_many() {
    let snapshot = town();
    let policy = Policy::without_limits_or_anonymity().with_min_households(11);
    // A part of the town from its south-western corner: its width and height in houses.
    let part = |wide: f64, high: f64| {
        let (east, north) = ((wide - 0.5) * 0.000_3, (high - 0.5) * 0.000_2);
        Area::from_bounds(9.999, 49.999, 10.0 + east, 50.0 + north).unwrap()
    };
    let mut file = CaseFile::new(AgencyId(1));
    let first = authorize(&policy, part(30.0, 4.0));
    file.open(RequestId(1), &first, now()).unwrap();
    let nowhere = Area::from_bounds(10.2, 50.2, 10.21, 50.21).unwrap();
    let requests = [
        authorize(&policy, nowhere),
        authorize(&policy, part(4.0, 4.0)),
        first,
        authorize(&policy, part(40.0, 40.0)),
        authorize_after(&policy, &file, part(34.0, 4.0)),
    ];
    let mut asked = Vec::new();
    let mut receipts = Vec::new();
    for authorized in &requests {
        let route = snapshot.route(authorized.assume_open(), now());
        asked.push(route.owners());
        let mut text = Vec::with_capacity(1_000);
        for receipt in [|route: &Route| route.authorized().receipt(), Route::receipt] {
            text.clear();
            let work = measure(|| serde_json::to_writer(&mut text, &receipt(&route)).unwrap());
            receipts.push((work, text.clone()));
        }
    }
    assert!(receipts.iter().all(|receipt| *receipt == receipts[0]), "{receipts:?}");
    assert!(receipts[0].0.count_total > 0, "nothing was counted");
    // The numbers of owners asked: none, too few, some, many, and more beside an earlier area.
    assert_eq!(asked, [0, 0, 35, 456, 38]);
}
