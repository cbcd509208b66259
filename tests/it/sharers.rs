//! Households that shared footage with an agency: it knows them, so they hide nobody else.

use std::collections::BTreeSet;

use canvass::error::OpenRequestsError;
use canvass::*;
use jiff::Timestamp;

use crate::open_requests::{FIRST, SECOND, decided, opened, request, reviewed, written};
use crate::oracle::{households, oracle};
use crate::support::*;

fn policy(min_new_households: u32) -> Policy {
    Policy::without_limits_or_anonymity()
        .with_min_households(11)
        .with_min_new_households(min_new_households)
        .with_sharers_known_days(30)
        .with_open_days(10)
        .with_max_open_days(28)
}

/// A file in which a request was opened 60 days ago, and owners shared so many days ago.
fn file(shared: impl IntoIterator<Item = (u64, i64)>) -> CaseFile {
    let mut file = CaseFile::new(agency().id);
    let then = noon() - days(60);
    let first = policy(0).review(&request(1, houses(0, 9)), &agency(), &file, then).unwrap();
    file.open(FIRST, &first, then).unwrap();
    for (owner, ago) in shared {
        file.record_shared(FIRST, [OwnerId(owner)], noon() - days(ago)).unwrap();
    }
    file
}

#[test]
fn ten_earlier_sharers_do_not_hide_an_eleventh_household() {
    let snapshot = snapshot(&street(40));
    let asked = |policy: &Policy, file: &CaseFile, last| {
        let request = request(1, houses(0, last)).with_case("26-2");
        let authorized = policy.review(&request, &agency(), file, noon()).unwrap();
        let route = snapshot.route(authorized.assume_open(), noon());
        let funnel = snapshot.funnel(&authorized, noon());
        assert_eq!((funnel.households() as u64, funnel.asked()), (last + 1, route.owners()));
        let explained = snapshot.explain(&authorized, noon(), CameraId(0));
        let reason =
            if route.is_empty() { Explanation::TooFewHouseholds } else { Explanation::Asked };
        assert_eq!(explained, reason);
        (route.owners(), funnel.new_households())
    };
    let sharers = file((0..10).map(|owner| (owner, 5)));
    assert_eq!(asked(&policy(11), &file([]), 10), (11, 11));
    assert_eq!(asked(&policy(11), &sharers, 10), (0, 1), "ten are known, and one is new");
    assert_eq!(asked(&policy(11), &sharers, 19), (0, 10));
    assert_eq!(asked(&policy(11), &sharers, 20), (21, 11), "then all are asked, sharers too");
    // Fewer may have to be new, or all count.
    assert_eq!(asked(&policy(1), &sharers, 10), (11, 1));
    assert_eq!(asked(&policy(2), &sharers, 10), (0, 1));
    assert_eq!(asked(&policy(0), &sharers, 10).0, 11);
    // They are known for 30 days: to the second, and no more a second later.
    let (old, new) =
        (file((0..10).map(|owner| (owner, 30))), file((0..10).map(|owner| (owner, 31))));
    assert_eq!(asked(&policy(11), &old, 10), (0, 1));
    assert_eq!(asked(&policy(11), &new, 10), (11, 11));
}

/// Random towns, files and policies: who is asked is the oracle's answer if enough are new, or nobody.
#[test]
fn routes_with_sharers_equal_the_oracle() {
    let (mut asked, mut hindered) = (0, 0);
    for seed in 0..200 {
        let mut rng = Rng(seed);
        let size = rng.pick(&[20, 64, 65, 300]);
        let town = town(&mut rng, (10, 50), size);
        let area = area(&mut rng, (10, 50));
        let inside: Vec<OwnerId> = households(&town, &area).into_iter().collect();
        let mut shared: Vec<(u64, i64)> = Vec::new();
        for owner in &inside {
            if !rng.once_in(6) {
                shared.push((owner.0, rng.within(0, 36)));
            }
        }
        let known: BTreeSet<OwnerId> =
            shared.iter().filter(|(_, ago)| *ago <= 30).map(|&(owner, _)| OwnerId(owner)).collect();
        let min_households = rng.pick(&[2, 5, 11, 20]);
        let min_new_households =
            min_households - rng.below(u64::from(min_households) / 2 + 1) as u32;
        let policy = policy(min_new_households).with_min_households(min_households);
        let request = request(1, area).with_case("26-2");
        let authorized = policy.review(&request, &agency(), &file(shared), noon()).unwrap();
        let mut expected = oracle(&town, &authorized, noon());
        let new = inside.iter().filter(|owner| !known.contains(owner)).count();
        let everybody = expected.clone();
        if new < min_new_households as usize {
            expected.clear();
        }
        let snapshot = loaded(&town, Layout::default()).snapshot();
        for (level, route) in routes_at_every_width(&snapshot, &authorized, noon()) {
            assert_eq!(answer(&route), expected, "{seed}, {level:?}");
        }
        asked += usize::from(!expected.is_empty() && !known.is_empty());
        hindered += usize::from(expected != everybody);
    }
    assert!(asked > 20 && hindered > 20, "{asked} {hindered}");
}

#[test]
fn a_share_is_recorded_once_and_forgotten_with_its_owner() {
    let (mut open, authorized) = opened(&policy(11), houses(0, 19));
    let registry = loaded(&street(20), Layout::default());
    let mut log = decided(&mut open, &authorized, &registry.snapshot());
    let due = open.due(FIRST, &authorized, &registry.snapshot(), noon()).unwrap();
    log.extend(open.record_asked(FIRST, &due, noon()).unwrap().1);
    let share = |open: &mut OpenRequests, owners: &[u64], now: Timestamp| {
        open.record_shared(FIRST, owners.iter().map(|&owner| OwnerId(owner)), now)
    };
    let late = noon() + days(1);
    let events = share(&mut open, &[4, 2], late).unwrap();
    let text =
        r#"[{"sequence":3,"at":"2026-05-11T12:00:00Z","id":7,"step":{"shared":{"owners":[2,4]}}}]"#;
    assert_eq!(serde_json::to_string(&events).unwrap(), text);
    log.extend(events);
    assert_eq!(share(&mut open, &[4], late), Ok(vec![]), "noted before");
    log.extend(share(&mut open, &[4, 5], late).unwrap());
    let stranger = OpenRequestsError::NotAsked { id: FIRST, owner: OwnerId(30) };
    let before = open.clone();
    assert_eq!(share(&mut open, &[6, 30], late), Err(stranger));
    assert_eq!(open, before, "nothing changes");
    // Replayed and read back it is the same, and each event by itself is as good.
    let (mut replayed, _) = opened(&policy(11), houses(0, 19));
    for _ in 0..2 {
        for event in &log {
            replayed.replay(event).unwrap();
        }
    }
    assert_eq!((&replayed, &written(&open)), (&open, &open));
    let again = LifecycleEvent::new(open.next_sequence(), late, FIRST, log[3].step.clone());
    assert!(replayed.replay(&again).is_err());
    // The next request counts them no more; a request that was reviewed before does.
    let next = |open: &OpenRequests| {
        let second = reviewed(open, &policy(11), &request(1, houses(0, 12)).with_case("26-2"));
        registry.snapshot().funnel(&second, noon()).new_households()
    };
    assert_eq!((next(&open), next(&written(&open))), (10, 10));
    // Of who was erased nothing is left, in the state and in the events.
    open.forget_owner(OwnerId(4));
    assert_eq!(next(&open), 11);
    for event in &mut log {
        event.forget(OwnerId(4));
    }
    let (mut replayed, _) = opened(&policy(11), houses(0, 19));
    for event in &log {
        replayed.replay(event).unwrap();
    }
    assert_eq!(replayed, open);
    assert!(!serde_json::to_string(&open).unwrap().contains(r#""owner":4"#));
    assert_eq!(open.resolve(FIRST, late).unwrap().len(), 1);
    assert!(share(&mut open, &[6], late).is_err(), "only while it is open");
    assert_eq!(next(&open), 11, "known after its end as well");
}

#[test]
fn a_restart_knows_those_who_shared_before_the_opening() {
    let mut file = file((0..10).map(|owner| (owner, 20)));
    let request = request(1, houses(0, 19)).with_case("26-2");
    let authorized = policy(11).review(&request, &agency(), &file, noon()).unwrap();
    file.open(SECOND, &authorized, noon()).unwrap();
    file.record_shared(SECOND, (10..15).map(OwnerId), noon() + days(1)).unwrap();
    let again = policy(11).reopen(&file, SECOND, &agency(), noon() + days(2)).unwrap();
    assert!(again == authorized, "a restart changes nothing");
    assert_eq!(snapshot(&street(20)).funnel(&again, noon()).new_households(), 10);
}

#[test]
fn debug_does_not_show_who_shared() {
    let few = file([]);
    let many = file((0..2_000).map(|owner| (owner, 3)));
    let shown = |file: &CaseFile| {
        let request = request(1, houses(0, 19)).with_case("26-2");
        format!("{:?}", policy(11).review(&request, &agency(), file, noon()).unwrap())
    };
    assert_eq!(shown(&few), shown(&many));
    assert_eq!(format!("{few:?}"), format!("{many:?}"));
}

/// The attack in one request: ten earlier sharers and one house, to learn whether it is registered.
#[test]
fn ten_sharers_and_one_house_reveal_nothing() {
    let attack = |min_new_households: u32| {
        let policy = policy(min_new_households).with_sharers_known_days(365);
        let sharers = file((0..10).map(|owner| (owner, 50)));
        let rings = |house: u64| {
            let mut town = street(40);
            // One house in five is registered.
            town.cameras.retain(|camera, _| {
                camera.0 < 10 || (camera.0 == house && house.is_multiple_of(5))
            });
            let request = request(1, houses(0, 39)).with_case("26-2");
            let authorized = policy.review(&request, &agency(), &sharers, noon()).unwrap();
            !snapshot(&town).route(authorized.assume_open(), noon()).is_empty()
        };
        (20..40).filter(|&house| rings(house)).collect::<Vec<u64>>()
    };
    assert_eq!(attack(0), [20, 25, 30, 35], "without the rule each registered house rings");
    let default = default_policy();
    assert_eq!((default.min_new_households, default.sharers_known_days), (5, 365));
    assert_eq!(attack(5), [0_u64; 0]);
}
