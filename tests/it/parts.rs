//! Parts of a route, assigned at random and merged in any order, compared with the route of one
//! registry.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;

use canvass::parts::{PartialError, PartialRoute};
use canvass::policy::SensitiveRule;
use canvass::*;
use h3o::Resolution;
use jiff::Timestamp;

use crate::oracle::{Town, households_of};
use crate::places::some_places;
use crate::quiet::{night, zone};
use crate::support::*;

/// The number of towns: 10,000 with `CANVASS_TOWNS=10000`, otherwise as many as a debug build runs
/// in seconds.
fn towns() -> u64 {
    let given = std::env::var("CANVASS_TOWNS").ok().map(|towns| towns.parse().unwrap());
    given.unwrap_or(if cfg!(debug_assertions) { 500 } else { 10_000 })
}

#[cfg(feature = "sealed-parts")]
pub fn key() -> canvass::parts::OperatorKey {
    canvass::parts::OperatorKey::new([7; 32])
}

/// A part and a request as another process gets them: out of sealed bytes.
#[cfg(feature = "sealed-parts")]
fn sent(part: &PartialRoute) -> PartialRoute {
    PartialRoute::unseal(&key(), &part.seal(&key())).unwrap()
}

#[cfg(feature = "sealed-parts")]
fn received(authorized: &AuthorizedRequest) -> AuthorizedRequest {
    AuthorizedRequest::unseal(&key(), &authorized.seal(&key())).unwrap()
}

/// Without the feature all parts are in one process.
#[cfg(not(feature = "sealed-parts"))]
fn sent(part: &PartialRoute) -> PartialRoute {
    part.clone()
}

#[cfg(not(feature = "sealed-parts"))]
fn received(authorized: &AuthorizedRequest) -> AuthorizedRequest {
    authorized.clone()
}

/// A town with facings and zones, and a request that all rules affect.
pub fn asked_town(rng: &mut Rng) -> (Town, AuthorizedRequest) {
    let origin = (10, 50);
    let cameras = 5 + rng.below(50);
    let mut town = town(rng, origin, cameras);
    for camera in town.cameras.values_mut() {
        camera.facing = rng.once_in(2).then(|| facing(rng));
    }
    for consent in town.consents.values_mut() {
        let zone = zone(rng.pick(&["UTC", "+05:30", "America/New_York", "Pacific/Apia"]));
        *consent = consent.clone().with_zone(zone);
    }
    let min_households = rng.pick(&[0, 1, 2, 3, 5, 11, 20]);
    let mut policy = Policy::without_limits_or_anonymity()
        .with_min_households(min_households)
        .with_max_overlaps(9);
    if rng.once_in(2) {
        policy.quiet_hours = Some(night().with_zone(zone("Asia/Kolkata")));
    }
    if rng.once_in(3) {
        policy.sensitive_places =
            some_places(rng, origin, SensitiveRule::NeverAsk).into_iter().collect();
    }
    let camera_scope = rng.pick(&[CameraScope::StandingIn, CameraScope::SeeingInto]);
    let request = asking(area(rng, origin)).with_camera_scope(camera_scope);
    let mut file = CaseFile::new(AgencyId(1));
    for id in 0..rng.below(3) {
        file.open(RequestId(id), &authorize(area(rng, origin)), noon()).unwrap();
    }
    let authorized = policy.review(&request, &agency(), &file, noon()).unwrap();
    (town, authorized)
}

/// Assigns each camera to one of the towns, with its owner's consent and history.
fn dealt(rng: &mut Rng, town: &Town) -> Vec<Town> {
    let mut parts = vec![Town::default(); usize::try_from(1 + rng.below(6)).unwrap()];
    for (&id, &camera) in &town.cameras {
        let number = parts.len() as u64;
        let part = &mut parts[usize::try_from(rng.below(number)).unwrap()];
        part.cameras.insert(id, camera);
        let owner = camera.owner;
        part.consents.extend(town.consents.get(&owner).map(|consent| (owner, consent.clone())));
        part.asked.extend(town.asked.get(&owner).map(|asked| (owner, asked.clone())));
    }
    parts
}

fn layout(rng: &mut Rng) -> Layout {
    rng.pick(&[Layout::default(), Layout::new(Resolution::Nine, 3)])
}

/// Merges parts pairwise in any order, some of them sealed and opened on the way.
pub fn merged(rng: &mut Rng, mut parts: Vec<PartialRoute>) -> Result<PartialRoute, PartialError> {
    while parts.len() > 1 {
        rng.shuffle(&mut parts);
        let (one, other) = (parts.pop().unwrap(), parts.pop().unwrap());
        let both = one.merge(other)?;
        parts.push(if rng.once_in(4) { sent(&both) } else { both });
    }
    Ok(parts.pop().unwrap())
}

#[test]
fn parts_of_any_town_are_its_route() {
    let (mut asked, mut waited, mut hidden, mut together, mut adds, mut spares) =
        (0, 0, 0, 0, 0, 0);
    for seed in 0..towns() {
        let mut rng = Rng(seed);
        let (town, authorized) = asked_town(&mut rng);
        let whole =
            loaded(&town, layout(&mut rng)).snapshot().route(authorized.assume_open(), noon());
        let towns = dealt(&mut rng, &town);
        let opened = received(&authorized);
        assert_eq!(opened, authorized, "{seed}");
        let part = |town| loaded(town, Layout::default()).snapshot().partial_route(&opened, noon());
        let mut parts: Vec<_> = towns.iter().map(part).collect();
        let shortened: Vec<_> = parts.iter().filter(|part| part.cameras() > 0).cloned().collect();
        if rng.once_in(2) {
            parts.push(PartialRoute::nothing(&authorized, noon()));
        }
        let route = merged(&mut rng, parts).unwrap().finish(authorized.assume_open()).unwrap();
        assert_eq!(answer(&route), answer(&whole), "{seed}");
        assert!(route == whole && route.digest() == whole.digest(), "{seed}");

        asked += usize::from(!whole.is_empty());
        waited += waits(&whole).len();
        let needed = authorized.min_households() as usize;
        let (area, scope) = (&authorized.request().area, authorized.request().camera_scope);
        let counts = || towns.iter().map(|town| households_of(town, area, scope).len());
        hidden += usize::from(whole.is_empty() && households_of(&town, area, scope).len() < needed);
        together += usize::from(!whole.is_empty() && counts().all(|number| number < needed));
        // A twin whose parts carry numbers, cut off at the anonymity set, counts a household twice.
        let added: usize = counts().map(|number| number.min(needed)).sum();
        adds +=
            usize::from((added >= needed) != (households_of(&town, area, scope).len() >= needed));
        // A twin whose parts count no households where nobody agreed asks too few.
        let nothing = PartialRoute::nothing(&authorized, noon());
        let short = shortened.into_iter().try_fold(nothing, PartialRoute::merge).unwrap();
        spares +=
            usize::from(answer(&short.finish(authorized.assume_open()).unwrap()) != answer(&whole));
    }
    let counted = [asked, waited, hidden, together, adds, spares];
    assert!(counted.iter().all(|&number| number as u64 > towns() / 200), "{counted:?}");
}

#[test]
fn merging_is_commutative_and_associative_with_an_identity() {
    let (mut fine, mut refused) = (0, 0);
    for seed in 0..towns() / 5 {
        let mut rng = Rng(seed);
        let (town, authorized) = asked_town(&mut rng);
        let part = |rng: &mut Rng| {
            // One of three towns that may share cameras, at revisions that may differ.
            let mut some = town.clone();
            let (of, kept) = (rng.below(9), rng.below(9));
            some.cameras.retain(|id, _| id.0 % 9 == of || id.0 % 9 == kept);
            let revision = Revision(2 + rng.below(3));
            let registry = loaded(&some, Layout::default());
            let part = registry.apply_at(revision, []).unwrap().partial_route(&authorized, noon());
            part.unchanged_to(Revision(revision.0 + rng.below(3)))
        };
        let [a, b, c] = [part(&mut rng), part(&mut rng), part(&mut rng)];
        let nothing = || PartialRoute::nothing(&authorized, noon());
        assert!(
            a.clone().merge(nothing()).unwrap() == a && nothing().merge(a.clone()) == Ok(a.clone())
        );
        let both = |a: &PartialRoute, b: &PartialRoute| a.clone().merge(b.clone());
        let (one, other) = (both(&a, &b), both(&b, &a));
        assert_eq!(one.is_ok(), other.is_ok());
        assert!(one.is_err() || one == other, "{seed}");
        let left = one.and_then(|both| both.merge(c.clone()));
        let right = both(&b, &c).and_then(|both| a.clone().merge(both));
        let third = both(&c, &a).and_then(|both| both.merge(b.clone()));
        assert_eq!([right.is_ok(), third.is_ok()], [left.is_ok(); 2], "{seed}");
        assert!(left.is_err() || (left == right && left == third), "{seed}");
        *(if left.is_ok() { &mut fine } else { &mut refused }) += 1;
    }
    assert!(fine > 5 && refused > 5, "{fine} {refused}");
}

/// Followers of one log, each with the changes of its own owners, are late by different amounts.
#[test]
fn late_followers_are_exact_at_a_common_revision_or_refused() {
    let (mut newest, mut older, mut apart) = (0, 0, 0);
    for seed in 0..towns() / 2 {
        let mut rng = Rng(seed);
        let (town, authorized) = asked_town(&mut rng);
        let of = NonZeroU16::new(u16::try_from(1 + rng.below(5)).unwrap()).unwrap();
        let mut log: Vec<(OwnerId, Change)> = Vec::new();
        for change in changes(&town) {
            log.push((owner_of(&change), change));
        }
        for _ in 0..rng.below(9) {
            let owner =
                rng.pick(&town.cameras.values().map(|camera| camera.owner).collect::<Vec<_>>());
            log.push((owner, Change::Withdraw { owner }));
        }
        let last = log.len() as u64;
        let whole = Registry::new();
        let mut snapshots = vec![whole.snapshot()];
        snapshots.extend(log.iter().map(|(_, change)| whole.apply([change.clone()]).unwrap()));
        let parts = (0..of.get()).map(|partition| {
            let read = last - if rng.once_in(3) { rng.below(last.min(8)) } else { 0 };
            let registry = Registry::new();
            for (revision, (owner, change)) in (1..=read).zip(&log) {
                if owner.partition(of) == partition {
                    registry.apply_at(Revision(revision), [change.clone()]).unwrap();
                }
            }
            let part = registry.snapshot().partial_route(&authorized, noon());
            part.unchanged_to(Revision(read))
        });
        let parts: Vec<_> = parts.collect();
        let begins = parts.iter().map(|part| part.as_of().start().0).max().unwrap();
        let ends = parts.iter().map(|part| part.as_of().end().0).min().unwrap();
        match merged(&mut rng, parts) {
            Ok(part) => {
                assert_eq!(part.as_of(), Revision(begins)..=Revision(ends), "{seed}");
                for revision in begins..=ends {
                    let snapshot = &snapshots[usize::try_from(revision).unwrap()];
                    let route = snapshot.route(authorized.assume_open(), noon());
                    let own = part.clone().finish(authorized.assume_open()).unwrap();
                    assert_eq!(answer(&own), answer(&route), "{seed}");
                    assert!(revision < ends || own == route, "{seed}");
                }
                *(if ends == last { &mut newest } else { &mut older }) += 1;
            }
            Err(error) => {
                assert!(begins > ends, "{seed}: {error}");
                assert!(matches!(error, PartialError::Apart { .. }), "{error}");
                apart += 1;
            }
        }
    }
    assert!(
        [newest, older, apart].iter().all(|&number| number > towns() / 100),
        "{newest} {older} {apart}"
    );
}

fn owner_of(change: &Change) -> OwnerId {
    match change {
        Change::Register(camera) => camera.owner,
        Change::SetConsent { owner, .. }
        | Change::Withdraw { owner }
        | Change::RecordAsked { owner, .. } => *owner,
        _ => panic!("not in these logs"),
    }
}

fn at_noon(town: &Town, authorized: &AuthorizedRequest) -> PartialRoute {
    snapshot(town).partial_route(authorized, noon())
}

#[test]
fn parts_of_another_question_are_refused() {
    let part = |policy: &Policy, area| at_noon(&street(20), &authorize_under(policy, area));
    let plain = Policy::without_limits_or_anonymity();
    let mut others = vec![
        part(&plain.clone().with_min_households(3), houses(0, 9)),
        part(&plain.clone().with_quiet_hours(night()), houses(0, 9)),
        part(&plain.clone().with_version("2"), houses(0, 9)),
        part(&plain, houses(0, 8)),
    ];
    let authorized = authorize_under(&plain, houses(0, 9));
    let later: Timestamp = "2026-05-10T12:00:00.5Z".parse().unwrap();
    others.push(snapshot(&street(20)).partial_route(&authorized, later));
    let spares =
        crate::places::protecting(0, some_places(&mut Rng(1), (10, 50), SensitiveRule::NeverAsk));
    others.push(part(&spares, houses(0, 9)));
    for other in others {
        let one = PartialRoute::nothing(&authorized, noon());
        assert_eq!(one.merge(other.clone()), Err(PartialError::OtherQuestion));
        let is_later = other == snapshot(&street(20)).partial_route(&authorized, later);
        assert_eq!(
            other.finish(authorized.assume_open()).is_ok(),
            is_later,
            "an instant of its own is the part's"
        );
    }
}

#[test]
fn a_camera_in_two_parts_is_refused() {
    let town = street(3);
    let authorized = authorize(houses(0, 9));
    let part = || at_noon(&town, &authorized);
    let twice = PartialError::TwiceCamera { camera: CameraId(0) };
    assert_eq!(part().merge(part()), Err(twice));
    // In the other part the camera belongs to another owner.
    let mut other = street(3);
    other.cameras.retain(|id, _| id.0 == 2);
    other.cameras.values_mut().for_each(|camera| camera.owner = OwnerId(9));
    other.consents.insert(OwnerId(9), Consent::granted());
    let both = part().merge(at_noon(&other, &authorized)).unwrap();
    assert_eq!(
        both.finish(authorized.assume_open()),
        Err(PartialError::TwiceCamera { camera: CameraId(2) })
    );
}

#[cfg(feature = "sealed-parts")]
#[test]
fn a_part_names_no_household_that_is_not_needed() {
    let mut town = street(100);
    town.consents.retain(|owner, _| owner.0 < 50);
    let bytes = |min_households| {
        let policy = Policy::without_limits_or_anonymity().with_min_households(min_households);
        at_noon(&town, &authorize_under(&policy, houses(0, 99))).seal(&key()).len()
    };
    // Fifty agreed owners are enough for eleven; sixty agreed ones do not exist, so sixty of all
    // households are named.
    assert_eq!([11, 50, 60, 200].map(|needed| bytes(needed) - bytes(0)), [88, 400, 480, 800]);
}

#[test]
fn merged_waits_end_at_the_later_instant() {
    let policy = Policy::without_limits_or_anonymity().with_quiet_hours(night());
    let authorized = authorize_under(&policy, houses(0, 9));
    let part = |id: u64, place: &str| {
        let mut town = street(10);
        town.cameras.retain(|camera, _| camera.0 == id);
        town.cameras.values_mut().for_each(|camera| camera.owner = OwnerId(1));
        let consent = Consent::granted().with_zone(zone(place));
        town.consents = BTreeMap::from([(OwnerId(1), consent)]);
        at_noon(&town, &authorized)
    };
    let parts = || [part(1, "Pacific/Apia"), part(2, "UTC"), part(3, "-14:00")];
    for seed in 0..6 {
        let whole = merged(&mut Rng(seed), parts().to_vec()).unwrap();
        let route = whole.finish(authorized.assume_open()).unwrap();
        assert_eq!(waits(&route), [(OwnerId(1), at("2026-05-10T22:00:00Z"))]);
    }
}

#[test]
fn partitions_are_whole_pages_and_of_even_size() {
    for of in [1, 2, 8, 64, 1_024, 3, 7, 65_535_u16] {
        let mut sizes = BTreeMap::<u16, u32>::new();
        for owner in 0..20_000 {
            let partition = OwnerId(owner).partition(of.try_into().unwrap());
            assert!(partition < of);
            *sizes.entry(partition).or_default() += 1;
        }
        let even = 20_000 / u32::from(of);
        let is_even = |&size: &u32| of > 64 || (size > even * 8 / 10 && size < even * 12 / 10);
        assert!(sizes.values().all(is_even), "{of}: {sizes:?}");
    }
    // No tile page of one partition is in another's.
    let eight = 8.try_into().unwrap();
    let mut seen = BTreeSet::new();
    for partition in 0..8 {
        let owners = (0..5_000).map(OwnerId).filter(|owner| owner.partition(eight) == partition);
        let registry = Registry::new();
        registry.apply(owners.map(|owner| grant(owner.0))).unwrap();
        let keys = registry.tiles().changed;
        assert!(keys.iter().all(|tile| seen.insert(tile.key())), "{partition}");
    }
    assert!(seen.len() > 1_000);
}
