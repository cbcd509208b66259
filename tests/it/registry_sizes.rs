//! Registries with many cameras of an owner or on a point, many asks, ids, scopes or tiles.

use std::collections::{BTreeMap, BTreeSet};

use canvass::*;
use h3o::{CellIndex, LatLng, Resolution};
use jiff::SignedDuration;

use crate::registry::camera;
use crate::registry_changes::asks;
use crate::support::*;

#[test]
fn an_owner_has_any_number_of_cameras() {
    for number in [0, 1, 2, 100, 300] {
        let registry = Registry::new();
        // The cameras are far apart, so that they are in many tiles, and registered in descending
        // order.
        let cameras: Vec<Camera> = (0..number)
            .map(|id| camera_at(id as u64, 5, place((10, 50), id * 30_000, 0)))
            .collect();
        registry.apply(cameras.iter().rev().copied().map(Change::Register)).unwrap();
        registry.apply([grant(5)]).unwrap();
        assert_eq!(registry.cameras_of(OwnerId(5)), cameras);
        let ids: Vec<u64> = (0..number as u64).collect();
        let expected = if number == 0 { vec![] } else { vec![(5, ids.clone())] };
        assert_eq!(asks(&registry), expected);
        registry.apply([Change::Withdraw { owner: OwnerId(5) }]).unwrap();
        assert_eq!(asks(&registry), []);
        registry.apply([grant(5)]).unwrap();
        assert_eq!(asks(&registry), expected);
        let odd = ids.iter().filter(|id| **id % 2 == 1).map(|&id| CameraId(id));
        registry.apply(odd.map(|camera| Change::Remove { camera })).unwrap();
        let even: Vec<u64> = ids.iter().copied().filter(|id| id % 2 == 0).collect();
        assert_eq!(asks(&registry), if number == 0 { vec![] } else { vec![(5, even.clone())] });
        assert_eq!(registry.cameras_of(OwnerId(5)).len(), even.len());
    }
}

/// An owner's cameras whose ids follow each other are kept as a run: they come and go at both ends, in the middle and
/// apart, beyond the longest run, at the last id and on both sides of 2^32.
#[test]
fn cameras_with_neighbouring_ids_come_and_go() {
    let (mut in_a_row, mut apart) = (0, 0);
    for first in [0, (1 << 32) - 8, u64::MAX - 15] {
        for wide in [6, 16] {
            let (registry, mut rng) = (Registry::new(), Rng(first ^ wide));
            let mut own: [BTreeMap<u64, Camera>; 2] = Default::default();
            registry.apply([grant(5), grant(6)]).unwrap();
            for _ in 0..300 {
                let (id, owner) = (first + rng.below(wide), u64::from(rng.once_in(4)));
                let held = own.iter_mut().find_map(|cameras| cameras.remove(&id));
                if held.is_some() {
                    registry.apply([Change::Remove { camera: CameraId(id) }]).unwrap();
                } else {
                    let new = camera(id, 5 + owner);
                    registry.apply([Change::Register(new)]).unwrap();
                    own[owner as usize].insert(id, new);
                }
                for (owner, cameras) in (5..).zip(&own) {
                    let expected: Vec<Camera> = cameras.values().copied().collect();
                    assert_eq!(registry.cameras_of(OwnerId(owner)), expected, "{first} {wide}");
                    let ids: Vec<&u64> = cameras.keys().collect();
                    let follows = ids.windows(2).all(|pair| pair[0] + 1 == *pair[1]);
                    in_a_row += usize::from(ids.len() > 2 && follows);
                    apart += usize::from(!follows);
                }
            }
            let ids = |cameras: &BTreeMap<u64, Camera>| cameras.keys().copied().collect();
            let expected: Vec<(u64, Vec<u64>)> =
                (5..).zip(own.iter().map(ids)).filter(|(_, ids)| !Vec::is_empty(ids)).collect();
            assert_eq!(asks(&registry), expected);
            for cameras in &own {
                registry
                    .apply(cameras.keys().map(|&id| Change::Remove { camera: CameraId(id) }))
                    .unwrap();
            }
            assert_eq!(registry.snapshot().cameras(), 0);
        }
    }
    assert!(in_a_row > 50 && apart > 50, "{in_a_row} {apart}");
}

#[test]
fn a_refused_list_leaves_many_cameras_unchanged() {
    let cameras: Vec<Camera> = (0..600).map(|id| camera(id, 5)).collect();
    let registry =
        Registry::bulk_load(&cameras[..300], [(OwnerId(5), Consent::granted())]).unwrap();
    let removed = cameras[..299].iter().map(|camera| Change::Remove { camera: camera.id });
    let registered = cameras[300..].iter().copied().map(Change::Register);
    let refused = Change::Remove { camera: CameraId(1_000) };
    let list = registered.chain(removed).chain([Change::Withdraw { owner: OwnerId(5) }, refused]);
    assert_eq!(registry.apply(list.clone()).unwrap_err().index, 600);
    assert_eq!(registry.cameras_of(OwnerId(5)), cameras[..300]);
    assert_eq!(asks(&registry), [(5, (0..300).collect())]);
    registry.apply(list.take(599)).unwrap();
    assert_eq!(registry.cameras_of(OwnerId(5)), cameras[299..]);
}

#[test]
fn one_list_registers_and_changes_many_on_a_point() {
    let registry = Registry::new();
    let registered = (0..700).map(|id| Change::Register(camera(id, id)));
    let granted = (0..700).filter(|id| id % 3 != 0).map(grant);
    let removed =
        (0..700).filter(|id| id % 2 == 0).map(|id| Change::Remove { camera: CameraId(id) });
    let withdrawn =
        (0..700).filter(|id| id % 5 == 0).map(|id| Change::Withdraw { owner: OwnerId(id) });
    registry.apply(registered.chain(granted).chain(removed).chain(withdrawn)).unwrap();
    let left = (0..700).filter(|id| id % 3 != 0 && id % 2 != 0 && id % 5 != 0);
    assert_eq!(asks(&registry), left.map(|id| (id, vec![id])).collect::<Vec<_>>());
}

#[test]
fn a_history_is_kept_as_far_as_limits_need() {
    let most = Consent::granted().with_limit(AskLimit::new(AskLimit::MAX, AskLimit::MAX).unwrap());
    let registry = Registry::new();
    registry
        .apply([
            Change::Register(camera(1, 1)),
            Change::SetConsent { owner: OwnerId(1), consent: most },
        ])
        .unwrap();
    for number in 1..=40 {
        // Asked from the newest instant to the oldest: the oldest are dropped first.
        let at = noon() - SignedDuration::from_hours(number);
        registry.apply([Change::RecordAsked { owner: OwnerId(1), agency: None, at }]).unwrap();
        assert_eq!(asks(&registry).is_empty(), number >= i64::from(AskLimit::MAX), "{number}");
    }
}

#[test]
fn ids_of_any_size_share_a_block() {
    let ids = [0, 1, u64::from(u32::MAX), 1 << 32, (1 << 32) + 1, 1 << 63, u64::MAX - 1, u64::MAX];
    let mut cameras: Vec<Camera> = Vec::new();
    for (index, &id) in ids.iter().enumerate() {
        cameras.push(camera(id, ids[(index + 3) % ids.len()]));
    }
    let expected = |cameras: &[Camera]| {
        let mut by_owner = BTreeMap::<u64, Vec<u64>>::new();
        for camera in cameras {
            by_owner.entry(camera.owner.0).or_default().push(camera.id.0);
        }
        by_owner.into_iter().collect::<Vec<_>>()
    };
    let consents = || ids.iter().map(|&owner| (OwnerId(owner), Consent::granted()));
    for turn in 0..ids.len() {
        // The wide views come first, last and in between.
        cameras.rotate_left(1);
        let at_once = Registry::bulk_load(&cameras, consents()).unwrap();
        let one_by_one = Registry::new();
        one_by_one.apply(ids.iter().map(|&owner| grant(owner))).unwrap();
        for &camera in &cameras {
            one_by_one.apply([Change::Register(camera)]).unwrap();
        }
        for registry in [&at_once, &one_by_one] {
            assert_eq!(asks(registry), expected(&cameras), "{turn}");
            // The remaining cameras are found after each removal and each return.
            for camera in &cameras {
                registry.apply([Change::Remove { camera: camera.id }]).unwrap();
                let left: Vec<Camera> = cameras.iter().filter(|c| *c != camera).copied().collect();
                assert_eq!(asks(registry), expected(&left), "{turn}");
                registry.apply([Change::Register(*camera)]).unwrap();
                registry
                    .apply([Change::Withdraw { owner: camera.owner }, grant(camera.owner.0)])
                    .unwrap();
                assert_eq!(asks(registry), expected(&cameras), "{turn}");
            }
        }
    }
}

/// There are more scopes than 16 bits can number: rows of low and of high numbers stay distinct
/// after each change of consent, in older snapshots too.
#[test]
fn scopes_of_any_number_share_a_block() {
    let all = (1 << 16) + 200;
    let consent = |number: u64| {
        let asker = number.is_multiple_of(3).then_some(AgencyId(1));
        Consent::granted()
            .with_agencies(Scope::only(asker.into_iter().chain([AgencyId(2 + number)])))
    };
    let row = |id: u64| camera_at(id, id, place((10, 50), i64::try_from(id).unwrap() * 100, 0));
    let cameras: Vec<Camera> = (0..all).map(row).collect();
    let consents = (0..all).map(|id| (OwnerId(id), consent(id)));
    let registry = Registry::bulk_load(&cameras, consents).unwrap();
    // Blocks of low numbers, of high ones and of both.
    let some = all - 400..all;
    let east = |id: u64| 10.0 + (id as f64 - 0.5) * 1e-5;
    let here = authorize(square(east(some.start), 49.9, east(all), 50.1));
    let mut said: BTreeMap<u64, bool> = some.clone().map(|id| (id, id % 3 == 0)).collect();
    let mut older = Vec::new();
    let mut rng = Rng(3);
    for _ in 0..40 {
        let mut list = Vec::new();
        for _ in 0..rng.pick(&[1, 10, 40]) {
            let owner = some.start + rng.below(400);
            let other = if rng.once_in(2) { rng.below(all) } else { all - 1 - rng.below(200) };
            let withdrawn = rng.once_in(3);
            said.insert(owner, !withdrawn && other % 3 == 0);
            let consent = if withdrawn { Consent::default() } else { consent(other) };
            list.push(Change::SetConsent { owner: OwnerId(owner), consent });
        }
        older.push((registry.apply(list).unwrap(), said.clone()));
        let earlier = &older[usize::try_from(rng.below(older.len() as u64)).unwrap()];
        for (snapshot, said) in [&older[older.len() - 1], earlier] {
            let route = snapshot.route(here.assume_open(), noon());
            let asked = route.recipients().map(|recipient| recipient.owner.0);
            assert!(asked.eq(said.iter().filter(|(_, yes)| **yes).map(|(&owner, _)| owner)));
        }
        older.truncate(9);
    }
}

#[test]
fn ten_thousand_cameras_share_a_point() {
    let cameras: Vec<Camera> = (0..10_000).map(|id| camera(id, id)).collect();
    let consents = (0..10_000).filter(|id| id % 3 == 0);
    let granted: Vec<u64> = consents.clone().collect();
    let here = authorize(square(9.999, 49.999, 10.001, 50.001));
    let elsewhere = authorize(square(10.000_000_1, 49.999, 10.001, 50.001));
    let at_once = Registry::bulk_load(
        &cameras,
        consents.clone().map(|owner| (OwnerId(owner), Consent::granted())),
    )
    .unwrap();
    let one_by_one = Registry::new();
    let changes = cameras.iter().copied().map(Change::Register).chain(consents.map(grant));
    let changes: Vec<Change> = changes.collect();
    for changes in changes.chunks(2_500) {
        one_by_one.apply(changes.iter().cloned()).unwrap();
    }
    for registry in [at_once, one_by_one] {
        let ids = |route: &canvass::Route| route.cameras().iter().map(|c| c.0).collect::<Vec<_>>();
        assert_eq!(ids(&registry.snapshot().route(here.assume_open(), noon())), granted);
        assert!(registry.snapshot().route(elsewhere.assume_open(), noon()).is_empty());
        let gone = granted.iter().filter(|id| **id % 2 == 0).take(200).copied();
        let newer = registry.apply(gone.clone().map(|id| Change::Remove { camera: CameraId(id) }));
        let gone: Vec<u64> = gone.collect();
        let left: Vec<u64> = granted.iter().copied().filter(|id| !gone.contains(id)).collect();
        assert_eq!(ids(&newer.unwrap().route(here.assume_open(), noon())), left);
        let moved = place((10, 50), 1, 0);
        let newer = registry.apply([Change::Move { camera: CameraId(left[7]), position: moved }]);
        assert_eq!(ids(&newer.unwrap().route(elsewhere.assume_open(), noon())), [left[7]]);
    }
}

/// Cameras move between a cluster of so many tiles that its tree has one level more, and clusters
/// of few.
#[test]
fn owners_are_followed_into_tiles_of_clusters_of_any_height() {
    let of =
        |at: Position, resolution| LatLng::new(at.lat(), at.lon()).unwrap().to_cell(resolution);
    let east = |units: i64| place((10, 50), units, 0);
    let start = of(east(0), Resolution::Six);
    let border =
        (0..1_000).map(|step| 10_000 * step).find(|&x| of(east(x), Resolution::Six) != start);
    let mut rng = Rng(4);
    let cameras: Vec<Camera> = (0..4_000)
        .map(|id| {
            let (x, y) = (rng.within(-450_000, 100_000), rng.within(-200_000, 200_000));
            camera_at(id, id, place((10, 50), border.unwrap() + x, y))
        })
        .collect();
    let mut clusters = BTreeMap::<CellIndex, BTreeSet<CellIndex>>::new();
    for camera in &cameras {
        let cluster = clusters.entry(of(camera.position, Resolution::Six)).or_default();
        cluster.insert(of(camera.position, Resolution::Nine));
    }
    let tiles: Vec<usize> = clusters.values().map(BTreeSet::len).collect();
    assert!(tiles.iter().any(|&n| n > 64) && tiles.iter().any(|&n| n < 64), "{tiles:?}");

    let consents = cameras.iter().map(|camera| (camera.owner, Consent::granted()));
    let layout = Layout::new(Resolution::Nine, 60);
    let registry = Registry::bulk_load_with_layout(&cameras, consents, layout).unwrap();
    let odd = (0..4_000).filter(|id| id % 2 == 1);
    registry.apply(odd.map(|id| Change::Withdraw { owner: OwnerId(id) })).unwrap();
    let even = (0..4_000).filter(|id| id % 2 == 0);
    assert_eq!(asks(&registry), even.map(|id| (id, vec![id])).collect::<Vec<_>>());
}
