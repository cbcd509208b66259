//! The meaning of each change of a registry, and refusals.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use canvass::error::*;
use canvass::*;

use crate::registry::camera;
use crate::support::*;

/// The owners and cameras that a request everywhere asks, as plain numbers.
#[track_caller]
pub fn asks(registry: &Registry) -> Vec<(u64, Vec<u64>)> {
    let route = registry.snapshot().route(everywhere().assume_open(), noon());
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
    // A refused list leaves nothing behind that would disturb later changes.
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
    assert_eq!(registry.cameras_of(OwnerId(3)), [camera_at(1, 3, somewhere)]);
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
fn asks_outlive_a_withdrawal_and_new_grant() {
    let registry = Registry::new();
    let once = Consent::granted().with_limit(AskLimit::new(1, 1).unwrap());
    let consent = || Change::SetConsent { owner: OwnerId(1), consent: once.clone() };
    let asked = |at| Change::RecordAsked { owner: OwnerId(1), agency: None, at };
    registry.apply([Change::Register(camera(1, 1)), consent(), asked(noon() - days(1))]).unwrap();
    assert_eq!(asks(&registry), []);
    registry.apply([Change::Withdraw { owner: OwnerId(1) }]).unwrap();
    registry.apply([consent()]).unwrap();
    assert_eq!(registry.consent(OwnerId(1)), once);
    assert_eq!(asks(&registry), []);
    // This holds as well if the owner had nothing left in between, and was asked while withdrawn.
    registry
        .apply([Change::Remove { camera: CameraId(1) }, Change::Withdraw { owner: OwnerId(1) }])
        .unwrap();
    registry.apply([asked(noon() - days(2))]).unwrap();
    registry.apply([Change::Register(camera(1, 1)), consent()]).unwrap();
    assert_eq!(asks(&registry), []);
    let generous = Consent::granted().with_limit(AskLimit::new(3, 3).unwrap());
    registry.apply([Change::SetConsent { owner: OwnerId(1), consent: generous }]).unwrap();
    assert_eq!(asks(&registry), [(1, vec![1])]);
    registry.apply([asked(noon() + days(1))]).unwrap();
    assert_eq!(asks(&registry), []);
}

#[test]
fn an_owner_who_is_forgotten_was_never_known() {
    let registry = Registry::new();
    let once = Consent::granted().with_limit(AskLimit::new(1, 1).unwrap());
    let consent = || Change::SetConsent { owner: OwnerId(1), consent: once.clone() };
    let asked = || Change::RecordAsked { owner: OwnerId(1), agency: None, at: noon() - days(1) };
    let forget = || Change::Forget { owner: OwnerId(1) };
    registry.apply([Change::Register(camera(1, 1)), consent(), asked()]).unwrap();
    assert_eq!(registry.touched(&[forget()]), [camera(1, 1).position]);
    registry.apply([forget()]).unwrap();
    assert_eq!(
        (registry.consent(OwnerId(1)), registry.asked(OwnerId(1))),
        (Consent::default(), vec![])
    );
    // The owner's camera stays, and a new consent starts with no history.
    assert_eq!(registry.cameras_of(OwnerId(1)), [camera(1, 1)]);
    registry.apply([consent()]).unwrap();
    assert_eq!(asks(&registry), [(1, vec![1])]);
    // With the last camera removed in the same list, the tiles equal those of a registry that never
    // had the owner.
    registry.apply([asked(), forget(), Change::Remove { camera: CameraId(1) }]).unwrap();
    registry.apply([forget()]).unwrap();
    assert_eq!(registry.tiles().changed.len(), 0);
    let change: Change = serde_json::from_str(r#"{"forget":{"owner":7}}"#).unwrap();
    assert_eq!(change, Change::Forget { owner: OwnerId(7) });
}

#[test]
fn bulk_loading_refuses_duplicates() {
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
    for second in [Consent::default(), Consent::granted()] {
        let consents = [(OwnerId(9), Consent::default()), (OwnerId(9), second)];
        let error = Registry::bulk_load(&cameras[..3], consents).unwrap_err();
        let reason = ChangeRefusal::TwoConsents { owner: OwnerId(9) };
        assert_eq!((error.index, error.reason), (1, reason));
    }
    let empty = Registry::bulk_load(&[], []).unwrap();
    assert_eq!((empty.snapshot().cameras(), empty.snapshot().revision()), (0, Revision(0)));
}

/// As if the consent had been set by a change: without camera, consent and history the owner is unknown.
#[test]
fn bulk_loading_keeps_no_owner_without_camera_who_did_not_agree() {
    let consents = [1, 2, 3].map(|owner| (OwnerId(owner), Consent::default()));
    let registry = Registry::bulk_load(&[camera(1, 1), camera(2, 2)], consents).unwrap();
    assert_eq!(registry.owners_after(None, 9), [OwnerId(1), OwnerId(2)]);
    assert_eq!(asks(&registry), []);
    let changes = [1, 3]
        .map(|owner| Change::SetConsent { owner: OwnerId(owner), consent: Consent::granted() });
    registry.apply(changes).unwrap();
    assert_eq!(registry.owners_after(None, 9), [1, 2, 3].map(OwnerId));
    assert_eq!(asks(&registry), [(1, vec![1])]);
}

#[test]
fn an_older_snapshot_stays_as_it_was() {
    let registry = Registry::new();
    registry.apply([Change::Register(camera(1, 1)), grant(1)]).unwrap();
    let older = registry.snapshot();
    let everywhere = everywhere();
    let before = older.route(everywhere.assume_open(), noon());
    registry.apply([Change::Withdraw { owner: OwnerId(1) }]).unwrap();
    // A number of scopes that nobody uses any more is reused.
    let scoped = Consent::granted().with_agencies(canvass::Scope::only([]));
    registry.apply([Change::SetConsent { owner: OwnerId(2), consent: scoped.clone() }]).unwrap();
    registry
        .apply([Change::Register(camera(2, 2)), Change::Remove { camera: CameraId(1) }])
        .unwrap();
    assert_eq!(older.route(everywhere.assume_open(), noon()), before);
    assert_eq!(older.explain(&everywhere, noon(), CameraId(1)), Explanation::Asked);
    assert_eq!(older.explain(&everywhere, noon(), CameraId(2)), Explanation::NotRegistered);
    assert_eq!((older.cameras(), older.revision()), (1, Revision(1)));
    assert!(
        before
            .recheck(before.authorized().assume_open(), &registry.snapshot(), noon())
            .unwrap()
            .is_empty()
    );
    assert_eq!(asks(&registry), []);
}

/// Readers run while a writer withdraws: no revision goes back, and nobody is asked in a snapshot
/// that was taken after the withdrawal returned.
#[test]
fn readers_see_each_withdrawal_and_never_go_back() {
    const OWNERS: u64 = 300;
    let cameras: Vec<Camera> =
        (0..OWNERS).map(|id| camera_at(id, id, place((10, 50), id as i64 * 40_000, 0))).collect();
    let consents = (0..OWNERS).map(|owner| (OwnerId(owner), Consent::granted()));
    let registry = Registry::bulk_load(&cameras, consents).unwrap();
    let everywhere = everywhere();
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
                    let route = snapshot.route(everywhere.assume_open(), noon());
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
            // Lets readers run in between, up to a limit in case all of them have failed.
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
