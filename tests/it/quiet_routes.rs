//! Quiet hours in routes: which owners must wait, and until when.

use canvass::{CameraId, Change, Layout, OwnerId, Policy, Route, Scratch};
use jiff::SignedDuration;
use jiff::civil::time;
use proptest::prelude::*;

use crate::oracle::{oracle, waiting};
use crate::quiet::{hours, night, zone};
use crate::support::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Routes and rechecks have the waits that the naive twin computes for each owner, by night and
    /// by day.
    #[test]
    fn a_route_marks_owners_who_must_wait(seed in any::<u64>()) {
        let mut rng = Rng(seed);
        let mut town = town(&mut rng, (10, 50), 200);
        let places = ["UTC", "+05:30", "America/New_York", "Pacific/Apia", "Asia/Tokyo", "-08:00"];
        for consent in town.consents.values_mut() {
            if rng.once_in(2) {
                *consent = consent.clone().with_zone(zone(rng.pick(&places)));
            }
        }
        let policy = Policy::without_limits_or_anonymity().with_quiet_hours(night().with_zone(zone("Asia/Kolkata")));
        let authorized = authorize_under(&policy, area(&mut rng, (10, 50)));
        let registry = loaded(&town, rng.pick(&[Layout::default(), Layout::new(h3o::Resolution::Nine, 3)]));
        let route = registry.snapshot().route(authorized.assume_open(), noon());
        prop_assert_eq!(answer(&route), oracle(&town, &authorized, noon()));
        prop_assert_eq!(waits(&route), waiting(&town, &authorized, noon()));
        // A later instant, after some owners have left or moved house.
        let later = noon() + SignedDuration::from_mins(rng.within(0, 600));
        let Some(leaving) = route.recipients().next().map(|recipient| recipient.owner) else {
            return Ok(());
        };
        let moved = route.recipients().last().map(|recipient| recipient.owner).unwrap();
        let consent = town.consents[&moved].clone().with_zone(zone("Australia/Lord_Howe"));
        town.consents.insert(moved, consent.clone());
        town.consents.remove(&leaving);
        let newer = registry
            .apply([Change::SetConsent { owner: moved, consent }, Change::Withdraw { owner: leaving }])
            .unwrap();
        let rechecked = route.recheck(route.authorized().assume_open(), &newer, later).unwrap();
        let kept: Vec<OwnerId> = rechecked.recipients().map(|recipient| recipient.owner).collect();
        let mut expected = waiting(&town, &authorized, later);
        expected.retain(|(owner, _)| kept.contains(owner));
        prop_assert_eq!(waits(&rechecked), expected);
        prop_assert!(!kept.contains(&leaving));
    }
}

#[test]
fn some_wait_while_others_do_not() {
    // Noon in UTC is evening in India and night in Samoa.
    let mut town = street(100);
    for (owner, consent) in &mut town.consents {
        let place = ["+05:30", "Pacific/Apia", "Europe/Paris"][(owner.0 % 3) as usize];
        *consent = consent.clone().with_zone(zone(place));
    }
    let policy = Policy::without_limits_or_anonymity().with_quiet_hours(night());
    let authorized = authorize_under(&policy, square(9.9, 49.9, 10.1, 50.1));
    let route = snapshot(&town).route(authorized.assume_open(), noon());
    assert_eq!((route.owners(), waits(&route).len()), (100, 33));
    assert!(waits(&route).iter().all(|wait| *wait == (wait.0, at("2026-05-10T19:00:00Z"))));
    // Without quiet hours nobody waits; below the anonymity set nobody is asked.
    let unlimited = authorize(square(9.9, 49.9, 10.1, 50.1));
    assert_eq!(waits(&snapshot(&town).route(unlimited.assume_open(), noon())), []);
    let many = policy.with_min_households(101);
    let authorized = authorize_under(&many, square(9.9, 49.9, 10.1, 50.1));
    let empty = snapshot(&town).route(authorized.assume_open(), noon());
    assert_eq!((empty.owners(), waits(&empty).len()), (0, 0));
}

#[test]
fn a_recheck_marks_remaining_owners_who_must_wait() {
    let midday = hours(time(11, 0, 0, 0), time(14, 0, 0, 0));
    let policy = Policy::without_limits_or_anonymity().with_quiet_hours(midday);
    let authorized = authorize_under(&policy, square(9.9, 49.9, 10.1, 50.1));
    let town = street(3);
    let registry = loaded(&town, Layout::default());
    let route = registry.snapshot().route(authorized.assume_open(), noon());
    // The second owner has another camera now: the owner is in both routes, but with no common
    // camera.
    let second = town.cameras[&CameraId(1)];
    let changes =
        [Change::Remove { camera: second.id }, Change::Register(second.with_id(CameraId(9)))];
    let rechecked = route
        .recheck(route.authorized().assume_open(), &registry.apply(changes).unwrap(), noon())
        .unwrap();
    let until = at("2026-05-10T14:00:00Z");
    assert_eq!(waits(&rechecked), [(OwnerId(0), until), (OwnerId(2), until)]);
    assert_eq!(rechecked.cameras(), [CameraId(0), CameraId(2)]);
}

/// A scratch carries nothing over from one request, instant or town to the next.
#[test]
fn a_reused_scratch_marks_waits_as_a_fresh_one() {
    let places = ["+05:30", "Pacific/Apia", "Europe/Paris"];
    let towns = [0, 1, 2].map(|first| {
        let mut town = street(30);
        for (owner, consent) in &mut town.consents {
            *consent = consent.clone().with_zone(zone(places[(owner.0 as usize / 10 + first) % 3]));
        }
        snapshot(&town)
    });
    let policies = [Some(night()), None, Some(hours(time(11, 0, 0, 0), time(18, 0, 0, 0)))]
        .map(|quiet_hours| Policy::without_limits_or_anonymity().with_quiet_hours(quiet_hours));
    let areas = [square(9.9, 49.9, 10.1, 50.1), square(10.000_1, 49.9, 10.1, 50.1)];
    let mut scratch = Scratch::new();
    let mut route = Route::empty(&authorize(areas[0].clone()), noon());
    let (mut wait, mut all) = (0, 0);
    for turn in 0..120 {
        let now = noon() + SignedDuration::from_hours(7 * turn as i64);
        let authorized = authorize_under(&policies[turn / 3 % 3], areas[turn % 2].clone());
        towns[turn / 9 % 3].route_into(authorized.assume_open(), now, &mut scratch, &mut route);
        assert_eq!(route, towns[turn / 9 % 3].route(authorized.assume_open(), now), "{turn}");
        (wait, all) = (wait + waits(&route).len(), all + route.owners());
    }
    assert!(wait * 10 > all && wait * 2 < all, "{wait} of {all}");
}
