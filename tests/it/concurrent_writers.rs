//! Threads that change one registry at once, and lists of changes that panic.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use canvass::*;

use crate::concurrency::*;
use crate::support::*;

/// A change of one of a few cameras and owners; about half of the camera changes cannot be applied.
fn any_change(rng: &mut Rng) -> Change {
    let (camera_id, owner) = (rng.below(20), rng.below(8));
    let position = place(rng.pick(&PLACES), rng.within(0, 50) * 1_000, rng.within(0, 50) * 1_000);
    match rng.below(8) {
        0 | 1 => Change::Register(camera_at(camera_id, owner, position)),
        2 => Change::Replace(camera_at(camera_id, owner, position)),
        3 if rng.once_in(2) => Change::Upsert(camera_at(camera_id, owner, position)),
        3 => Change::Move { camera: CameraId(camera_id), position },
        4 => Change::Remove { camera: CameraId(camera_id) },
        5 | 6 => grant(owner),
        _ => withdraw(owner),
    }
}

#[test]
fn several_writers_lose_no_change() {
    const WRITERS: u64 = 4;
    let (seed, authorized) = (seed(), everywhere());
    let (registry, start) = (Registry::new(), Barrier::new(WRITERS as usize));
    let rounds = [const { AtomicU64::new(0) }; WRITERS as usize];
    let (mut applied, mut refused) = (Vec::new(), 0);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (registry, start, authorized) = (&registry, &start, &authorized);
                let rounds = &rounds;
                scope.spawn(move || {
                    let mut rng = Rng(seed.wrapping_add(writer));
                    let (mut applied, mut refused) = (Vec::new(), 0);
                    start.wait();
                    let began = Instant::now();
                    for round in 0..200 {
                        // No writer gets far ahead, so that writers alternate on any machine.
                        rounds[writer as usize].store(round, Ordering::SeqCst);
                        let lags = |other: &AtomicU64| other.load(Ordering::SeqCst) + 5 < round;
                        while rounds.iter().any(lags) && began.elapsed() < PATIENCE {
                            thread::yield_now();
                        }
                        let number = 1 + rng.below(3);
                        let changes: Vec<_> = (0..number).map(|_| any_change(&mut rng)).collect();
                        match registry.apply(changes.clone()) {
                            Ok(snapshot) => {
                                let asked = asked(&snapshot, authorized);
                                applied.push((snapshot.revision(), writer, changes, asked));
                            }
                            Err(_) => refused += 1,
                        }
                    }
                    (applied, refused)
                })
            })
            .collect();
        for writer in writers {
            let (its, refusals) = writer.join().unwrap();
            applied.extend(its);
            refused += refusals;
        }
    });
    applied.sort_by_key(|&(revision, ..)| revision);
    let turns = applied.windows(2).filter(|pair| pair[0].1 != pair[1].1).count();
    assert!(refused > 50 && applied.len() > 100 && turns > 20, "{refused} {turns}");

    let again = Registry::new();
    let mut answered = BTreeSet::new();
    for (expected, (revision, _, changes, asked_then)) in (1..).zip(applied) {
        assert_eq!(revision, Revision(expected), "each revision once");
        let snapshot = again.apply(changes).unwrap();
        assert_eq!(asked(&snapshot, &authorized), asked_then, "{revision}");
        answered.insert(asked_then.len());
    }
    assert!(answered.len() > 3, "{answered:?}");
    assert_eq!(again.snapshot().revision(), registry.snapshot().revision());
    assert_eq!(again.snapshot().cameras(), registry.snapshot().cameras());
    for owner in (0..8).map(OwnerId) {
        assert_eq!(again.cameras_of(owner), registry.cameras_of(owner));
        assert_eq!(again.consent(owner), registry.consent(owner));
    }
}

/// The caller's code runs while the changes are taken from the iterator; if it panics, no change is
/// applied.
#[test]
fn changes_that_panic_half_way_change_nothing() {
    let registry = two_owners();
    let newcomer = Change::Register(camera_at(2, 0, spot(0, 5)));
    let good = [withdraw(0), grant(1), newcomer, Change::Remove { camera: CameraId(1) }];
    // Resumed and not raised, so that no panic is reported for an intended one.
    let panicking = || -> Change { std::panic::resume_unwind(Box::new("the caller's own")) };
    let changes = good.into_iter().chain(std::iter::once_with(panicking));
    assert!(catch_unwind(AssertUnwindSafe(|| registry.apply(changes))).is_err());

    is_whole(&registry.snapshot(), &everywhere());
    assert_eq!(registry.consent(OwnerId(0)), Consent::granted());
    assert_eq!(registry.consent(OwnerId(1)), Consent::default());
    assert_eq!(registry.cameras_of(OwnerId(0)), [camera_at(0, 0, spot(0, 0))]);
    assert_eq!(registry.cameras_of(OwnerId(1)), [camera_at(1, 1, spot(1, 0))]);

    // A change that a half-changed registry would refuse.
    let next =
        [Change::Register(camera_at(2, 0, spot(0, 5))), Change::Remove { camera: CameraId(1) }];
    let snapshot = registry.apply(next).unwrap();
    assert_eq!((snapshot.revision(), snapshot.cameras()), (Revision(1), 2));
    let agreed = (OwnerId(0), vec![CameraId(0), CameraId(2)]);
    assert_eq!(asked(&snapshot, &everywhere()), [agreed]);
}

/// An iterator of changes may read the registry to which they are applied.
#[test]
fn changes_may_be_drawn_from_the_registry_itself() {
    let registry = two_owners();
    let owners = [0, 1].map(OwnerId);
    let agreed = |&owner: &OwnerId| registry.consent(owner) == Consent::granted();
    let changes = owners.into_iter().filter(agreed).map(|owner| Change::Withdraw { owner });
    let snapshot = registry.apply(changes).unwrap();
    assert_eq!(asked(&snapshot, &everywhere()), []);
}
