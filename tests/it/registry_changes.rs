//! What changes of a registry mean, and what is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use canvass::*;
use h3o::{CellIndex, LatLng, Resolution};
use jiff::SignedDuration;

use crate::registry::{camera, grant};
use crate::support::*;

/// Whom a request everywhere asks, as plain numbers.
#[track_caller]
fn asks(registry: &Registry) -> Vec<(u64, Vec<u64>)> {
    let authorized = authorize(square(9.0, 49.0, 11.0, 51.0));
    let route = registry.snapshot().route(&authorized, noon());
    let ids = |cameras: &[CameraId]| cameras.iter().map(|camera| camera.0).collect();
    route.recipients().map(|recipient| (recipient.owner.0, ids(recipient.cameras))).collect()
}

#[test]
fn a_refused_change_names_itself_and_nothing_is_applied() {
    let registry = Registry::new();
    registry.apply([Change::Register(camera(1, 1)), grant(1)]).unwrap();
    let somewhere = place((10, 50), 100, 0);
    for (change, words) in [
        (
            Change::Register(camera(1, 2)),
            "change 4 cannot be applied, so none was: camera `1` is registered already; replace or \
             move it",
        ),
        (
            Change::Replace(camera(9, 1)),
            "change 4 cannot be applied, so none was: camera `9` is not registered",
        ),
        (
            Change::Move { camera: CameraId(9), position: somewhere },
            "change 4 cannot be applied, so none was: camera `9` is not registered",
        ),
        (
            Change::Remove { camera: CameraId(9) },
            "change 4 cannot be applied, so none was: camera `9` is not registered",
        ),
    ] {
        let batch = [
            Change::Withdraw { owner: OwnerId(1) },
            Change::Register(camera(2, 1)),
            grant(2),
            Change::Replace(camera(1, 2)),
            change,
            Change::Remove { camera: CameraId(1) },
        ];
        let before = registry.snapshot();
        assert_eq!(registry.apply(batch).unwrap_err().to_string(), words);
        assert_eq!(registry.snapshot().revision(), before.revision());
        assert_eq!(registry.consent(OwnerId(1)), Consent::granted());
        assert_eq!(registry.consent(OwnerId(2)), Consent::default());
        assert_eq!(registry.cameras_of(OwnerId(1)), [camera(1, 1)]);
        assert_eq!(registry.cameras_of(OwnerId(2)), []);
        assert_eq!(asks(&registry), [(1, vec![1])]);
    }
    // What was refused left nothing behind that would be in the way later.
    registry.apply([Change::Register(camera(2, 2)), grant(2)]).unwrap();
    assert_eq!(asks(&registry), [(1, vec![1]), (2, vec![2])]);
}

#[test]
fn changes_of_one_batch_build_on_each_other() {
    let registry = Registry::new();
    let somewhere = place((10, 50), 5_000_000, 0);
    registry
        .apply([
            Change::Register(camera(1, 1)),
            Change::Move { camera: CameraId(1), position: somewhere },
            Change::Remove { camera: CameraId(1) },
            Change::Register(camera(1, 2)),
            Change::Replace(camera(1, 3)),
            grant(3),
            Change::Withdraw { owner: OwnerId(3) },
            grant(3),
            Change::Move { camera: CameraId(1), position: somewhere },
        ])
        .unwrap();
    assert_eq!(registry.cameras_of(OwnerId(3)), [Camera { position: somewhere, ..camera(1, 3) }]);
    assert_eq!(asks(&registry), [(3, vec![1])]);
    let twice = [Change::Remove { camera: CameraId(1) }, Change::Remove { camera: CameraId(1) }];
    assert_eq!(registry.apply(twice).unwrap_err().index, 1);
    assert_eq!(asks(&registry), [(3, vec![1])]);
}

#[test]
fn consent_may_come_before_the_cameras_and_outlives_them() {
    let registry = Registry::new();
    registry.apply([grant(1)]).unwrap();
    assert_eq!(asks(&registry), []);
    registry.apply([Change::Register(camera(1, 1)), Change::Register(camera(2, 2))]).unwrap();
    assert_eq!(asks(&registry), [(1, vec![1])]);
    registry.apply([grant(2)]).unwrap();
    assert_eq!(asks(&registry), [(1, vec![1]), (2, vec![2])]);
    registry.apply([Change::Remove { camera: CameraId(1) }]).unwrap();
    assert_eq!(asks(&registry), [(2, vec![2])]);
    registry.apply([Change::Register(camera(3, 1))]).unwrap();
    assert_eq!(asks(&registry), [(1, vec![3]), (2, vec![2])]);
}

#[test]
fn an_owner_has_any_number_of_cameras() {
    for number in [0, 1, 2, 100, 300] {
        let registry = Registry::new();
        // Far apart, so that they are in many tiles, and registered from the last on.
        let cameras: Vec<Camera> = (0..number)
            .map(|id| Camera { position: place((10, 50), id * 30_000, 0), ..camera(id as u64, 5) })
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

#[test]
fn many_cameras_of_an_owner_are_as_before_where_a_list_is_refused() {
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
fn a_list_may_register_many_on_a_point_and_speak_of_each() {
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
fn a_camera_that_changes_owners_follows_the_new_one() {
    let registry = Registry::new();
    registry.apply([Change::Register(camera(1, 1)), Change::Register(camera(2, 1))]).unwrap();
    registry.apply([grant(1)]).unwrap();
    registry.apply([Change::Replace(camera(1, 2))]).unwrap();
    assert_eq!(asks(&registry), [(1, vec![2])]);
    assert_eq!(registry.cameras_of(OwnerId(2)), [camera(1, 2)]);
    registry.apply([grant(2), Change::Withdraw { owner: OwnerId(1) }]).unwrap();
    assert_eq!(asks(&registry), [(2, vec![1])]);
    registry.apply([Change::Replace(camera(2, 2))]).unwrap();
    assert_eq!(asks(&registry), [(2, vec![1, 2])]);
    assert_eq!(registry.cameras_of(OwnerId(1)), []);
}

#[test]
fn who_withdrew_and_grants_again_was_still_asked() {
    let registry = Registry::new();
    let once = Consent::granted().limited(AskLimit::new(1, 1).unwrap());
    let consent = || Change::SetConsent { owner: OwnerId(1), consent: once.clone() };
    let asked = |at| Change::RecordAsked { owner: OwnerId(1), at };
    registry.apply([Change::Register(camera(1, 1)), consent(), asked(noon() - days(1))]).unwrap();
    assert_eq!(asks(&registry), []);
    registry.apply([Change::Withdraw { owner: OwnerId(1) }]).unwrap();
    registry.apply([consent()]).unwrap();
    assert_eq!(registry.consent(OwnerId(1)), once);
    assert_eq!(asks(&registry), []);
    // Also if the owner had nothing left in between, and if a question came while withdrawn.
    registry
        .apply([Change::Remove { camera: CameraId(1) }, Change::Withdraw { owner: OwnerId(1) }])
        .unwrap();
    registry.apply([asked(noon() - days(2))]).unwrap();
    registry.apply([Change::Register(camera(1, 1)), consent()]).unwrap();
    assert_eq!(asks(&registry), []);
    let generous = Consent::granted().limited(AskLimit::new(3, 3).unwrap());
    registry.apply([Change::SetConsent { owner: OwnerId(1), consent: generous }]).unwrap();
    assert_eq!(asks(&registry), [(1, vec![1])]);
    registry.apply([asked(noon() + days(1))]).unwrap();
    assert_eq!(asks(&registry), []);
}

#[test]
fn a_history_of_any_length_is_remembered_as_far_as_it_matters() {
    let most = Consent::granted().limited(AskLimit::new(AskLimit::MAX, AskLimit::MAX).unwrap());
    let registry = Registry::new();
    registry
        .apply([
            Change::Register(camera(1, 1)),
            Change::SetConsent { owner: OwnerId(1), consent: most },
        ])
        .unwrap();
    for number in 1..=40 {
        // From the newest to the oldest: the oldest are the first to be forgotten.
        let at = noon() - SignedDuration::from_hours(number);
        registry.apply([Change::RecordAsked { owner: OwnerId(1), at }]).unwrap();
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
        // Wide ones first, last and in between.
        cameras.rotate_left(1);
        let at_once = Registry::bulk_load(&cameras, consents()).unwrap();
        let one_by_one = Registry::new();
        one_by_one.apply(ids.iter().map(|&owner| grant(owner))).unwrap();
        for &camera in &cameras {
            one_by_one.apply([Change::Register(camera)]).unwrap();
        }
        for registry in [&at_once, &one_by_one] {
            assert_eq!(asks(registry), expected(&cameras), "{turn}");
            // What is left is found whatever goes, and comes back.
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

/// Of more scopes than 16 bits can number: whatever each owner says then, rows of low and of high numbers are
/// told apart, in older snapshots too.
#[test]
fn scopes_of_any_number_share_a_block() {
    let all = (1 << 16) + 200;
    let consent = |number: u64| {
        let asker = number.is_multiple_of(3).then_some(AgencyId(1));
        Consent::granted().agencies(Scope::only(asker.into_iter().chain([AgencyId(2 + number)])))
    };
    let row = |id: u64| Camera {
        position: place((10, 50), i64::try_from(id).unwrap() * 100, 0),
        ..camera(id, id)
    };
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
            let route = snapshot.route(&here, noon());
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
        assert_eq!(ids(&registry.snapshot().route(&here, noon())), granted);
        assert!(registry.snapshot().route(&elsewhere, noon()).is_empty());
        let gone = granted.iter().filter(|id| **id % 2 == 0).take(200).copied();
        let newer = registry.apply(gone.clone().map(|id| Change::Remove { camera: CameraId(id) }));
        let gone: Vec<u64> = gone.collect();
        let left: Vec<u64> = granted.iter().copied().filter(|id| !gone.contains(id)).collect();
        assert_eq!(ids(&newer.unwrap().route(&here, noon())), left);
        let moved = place((10, 50), 1, 0);
        let newer = registry.apply([Change::Move { camera: CameraId(left[7]), position: moved }]);
        assert_eq!(ids(&newer.unwrap().route(&elsewhere, noon())), [left[7]]);
    }
}

/// Between a cluster of so many tiles that their tree has one level more, and clusters of few.
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
            Camera { position: place((10, 50), border.unwrap() + x, y), ..camera(id, id) }
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

#[test]
fn bulk_loading_refuses_what_occurs_twice() {
    let cameras = [camera(1, 1), camera(2, 1), camera(3, 1), camera(2, 2), camera(1, 3)];
    let error = Registry::bulk_load(&cameras, []).unwrap_err();
    assert_eq!(
        error.to_string(),
        "change 3 cannot be applied, so none was: camera `2` is registered already; replace or move \
         it",
    );
    let consents = [(1, true), (2, true), (3, false), (2, false), (1, true)];
    let consents = consents.map(|(owner, granted)| {
        (OwnerId(owner), if granted { Consent::granted() } else { Consent::default() })
    });
    let error = Registry::bulk_load(&cameras[..3], consents).unwrap_err();
    assert_eq!(
        error.to_string(),
        "change 3 cannot be applied, so none was: owner `2` has two consents; give the one that \
         holds",
    );
    let empty = Registry::bulk_load(&[], []).unwrap();
    assert_eq!((empty.snapshot().cameras(), empty.snapshot().revision()), (0, Revision(0)));
}

#[test]
fn an_older_snapshot_stays_as_it_was() {
    let registry = Registry::new();
    registry.apply([Change::Register(camera(1, 1)), grant(1)]).unwrap();
    let older = registry.snapshot();
    let everywhere = authorize(square(9.0, 49.0, 11.0, 51.0));
    let before = older.route(&everywhere, noon());
    registry.apply([Change::Withdraw { owner: OwnerId(1) }]).unwrap();
    // The number of the scopes that nobody uses any more goes to other ones.
    let scoped = Consent::granted().agencies(canvass::Scope::only([]));
    registry.apply([Change::SetConsent { owner: OwnerId(2), consent: scoped.clone() }]).unwrap();
    registry
        .apply([Change::Register(camera(2, 2)), Change::Remove { camera: CameraId(1) }])
        .unwrap();
    assert_eq!(older.route(&everywhere, noon()), before);
    assert_eq!(older.explain(&everywhere, noon(), CameraId(1)), Explanation::Asked);
    assert_eq!(older.explain(&everywhere, noon(), CameraId(2)), Explanation::NotRegistered);
    assert_eq!((older.cameras(), older.revision()), (1, Revision(1)));
    assert!(before.recheck(&registry.snapshot(), noon()).is_empty());
    assert_eq!(asks(&registry), []);
}

/// Readers while a writer withdraws: no revision goes back, and nobody is asked in a snapshot that
/// was taken after the withdrawal returned.
#[test]
fn readers_see_each_withdrawal_and_never_go_back() {
    const OWNERS: u64 = 300;
    let cameras: Vec<Camera> = (0..OWNERS)
        .map(|id| Camera { position: place((10, 50), id as i64 * 40_000, 0), ..camera(id, id) })
        .collect();
    let consents = (0..OWNERS).map(|owner| (OwnerId(owner), Consent::granted()));
    let registry = Registry::bulk_load(&cameras, consents).unwrap();
    let everywhere = authorize(square(9.0, 49.0, 12.0, 51.0));
    let (withdrawn, reads) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut last = Revision(0);
                loop {
                    let gone = withdrawn.load(Ordering::SeqCst);
                    let snapshot = registry.snapshot();
                    assert!(snapshot.revision() >= last && snapshot.revision().0 >= gone);
                    last = snapshot.revision();
                    let route = snapshot.route(&everywhere, noon());
                    // Owners withdraw in ascending order, one for each revision.
                    let first = route.recipients().next().map_or(OWNERS, |first| first.owner.0);
                    assert_eq!(first, last.0);
                    assert_eq!(route.owners() as u64, OWNERS - last.0);
                    reads.fetch_add(1, Ordering::Relaxed);
                    if gone == OWNERS {
                        break;
                    }
                }
            });
        }
        for owner in 0..OWNERS {
            registry.apply([Change::Withdraw { owner: OwnerId(owner) }]).unwrap();
            withdrawn.store(owner + 1, Ordering::SeqCst);
            // Let readers in between; not for ever, should they all have failed.
            let start = Instant::now();
            while owner % 50 == 0
                && reads.load(Ordering::Relaxed) <= owner / 50
                && start.elapsed().as_secs() < 10
            {
                std::thread::yield_now();
            }
        }
    });
    assert!(reads.into_inner() > 6);
}

#[test]
fn codes_of_refusals_are_pinned() {
    let (camera, owner) = (CameraId(1), OwnerId(1));
    let codes = [
        ChangeRefusal::AlreadyRegistered { camera },
        ChangeRefusal::NotRegistered { camera },
        ChangeRefusal::TwoConsents { owner },
        ChangeRefusal::RegistryFull,
        ChangeRefusal::NoMoreRevisions,
    ]
    .map(|refusal| refusal.code());
    let expected = [
        "already_registered",
        "not_registered",
        "two_consents",
        "registry_full",
        "no_more_revisions",
    ];
    assert_eq!(codes, expected);
}
