//! Threads that change a registry and threads that read it. The machine decides how they
//! interleave; each thread's steps follow a seed, which is printed, and taken from `CANVASS_SEED`
//! if set.

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use canvass::error::ChangeRefusal;
use canvass::{
    AuthorizedRequest, Camera, CameraId, Change, Consent, OwnerId, Position, Registry, Revision,
    Snapshot,
};
use h3o::{LatLng, Resolution};

use crate::oracle::Answer;
use crate::support::*;

/// The positions of the tests' cameras, in two tiles of the default layout.
const PLACES: [(i32, i32); 2] = [(10, 50), (12, 50)];

/// No test waits for other threads longer than this.
const PATIENCE: Duration = Duration::from_secs(20);

#[expect(clippy::print_stdout, reason = "shown for a test that fails")]
fn seed() -> u64 {
    let drawn = || std::collections::hash_map::RandomState::new().hash_one(0);
    let given = std::env::var("CANVASS_SEED").ok().map(|seed| seed.parse().unwrap());
    let seed = given.unwrap_or_else(drawn);
    println!("CANVASS_SEED={seed}");
    seed
}

fn asked(snapshot: &Snapshot, authorized: &AuthorizedRequest) -> Answer {
    answer(&snapshot.route(authorized.assume_open(), noon()))
}

#[test]
fn the_places_are_in_two_tiles() {
    let tile = |(lon, lat): (i32, i32)| {
        LatLng::new(f64::from(lat), f64::from(lon)).unwrap().to_cell(Resolution::Five)
    };
    assert_ne!(tile(PLACES[0]), tile(PLACES[1]));
}

/// The position of a camera at a revision.
fn spot(which: usize, revision: u64) -> Position {
    place(PLACES[which], (revision % 97) as i64 * 1_000, (revision % 89) as i64 * 1_000)
}

/// Asserts that a snapshot shows one revision in both tiles: at an even revision owner 0 agrees, at
/// an odd one owner 1, and both cameras have moved.
#[track_caller]
fn is_whole(snapshot: &Snapshot, authorized: &AuthorizedRequest) {
    let revision = snapshot.revision().0;
    let who = revision % 2;
    assert_eq!(asked(snapshot, authorized), [(OwnerId(who), vec![CameraId(who)])], "{revision}");
    let funnel = snapshot.funnel(authorized, noon());
    assert_eq!((funnel.in_area(), funnel.permitted()), (2, 1), "{revision}");
    for which in [0, 1] {
        let found = snapshot.find(CameraId(which as u64)).unwrap();
        assert_eq!(found.position, spot(which, revision), "{revision}");
    }
}

/// A registry at revision 0 as [`is_whole`] expects it.
fn two_owners() -> Registry {
    let cameras = [0, 1].map(|which| camera_at(which as u64, which as u64, spot(which, 0)));
    Registry::bulk_load(&cameras, [(OwnerId(0), Consent::granted())]).unwrap()
}

/// The changes of a revision, in any order.
fn swap(rng: &mut Rng, revision: u64) -> Vec<Change> {
    let who = revision % 2;
    let to = |which: usize| Change::Move {
        camera: CameraId(which as u64),
        position: spot(which, revision),
    };
    let mut changes = vec![withdraw(1 - who), grant(who), to(0), to(1)];
    rng.shuffle(&mut changes);
    changes
}

#[test]
fn readers_see_whole_revisions_only_and_never_an_older_one() {
    let mut rng = Rng(seed());
    let (registry, authorized) = (two_owners(), everywhere());
    let (done, seen, overtaken) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let mut refused = 0;
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut last = None;
                loop {
                    let finished = done.load(Ordering::SeqCst);
                    let snapshot = registry.snapshot();
                    assert!(Some(snapshot.revision()) >= last);
                    is_whole(&snapshot, &authorized);
                    if last.replace(snapshot.revision()) != last {
                        seen.fetch_add(1, Ordering::SeqCst);
                    }
                    if registry.snapshot().revision() > snapshot.revision() {
                        overtaken.fetch_add(1, Ordering::SeqCst);
                    }
                    if finished {
                        break;
                    }
                }
            });
        }
        let start = Instant::now();
        let enough = || seen.load(Ordering::SeqCst) > 200 && overtaken.load(Ordering::SeqCst) > 30;
        let mut revision = 0;
        while (revision < 500 || !enough()) && start.elapsed() < PATIENCE {
            if rng.once_in(3) {
                // All changes of the next revision, followed by one that is refused.
                let mut changes = swap(&mut rng, revision + 1);
                changes.push(Change::Remove { camera: CameraId(2) });
                let error = registry.apply(changes).unwrap_err();
                assert_eq!(error.reason, ChangeRefusal::NotRegistered { camera: CameraId(2) });
                assert_eq!(registry.snapshot().revision(), Revision(revision));
                refused += 1;
            }
            revision += 1;
            let snapshot = registry.apply(swap(&mut rng, revision)).unwrap();
            assert_eq!(snapshot.revision(), Revision(revision));
        }
        done.store(true, Ordering::SeqCst);
    });
    let (seen, overtaken) = (seen.into_inner(), overtaken.into_inner());
    assert!(seen > 200 && overtaken > 30 && refused > 100, "{seen} {overtaken} {refused}");
}

#[test]
fn a_snapshot_is_unchanged_by_a_thousand_revisions() {
    let mut rng = Rng(seed());
    let (registry, authorized) = (two_owners(), everywhere());
    registry.apply(swap(&mut rng, 1)).unwrap();
    let old = registry.snapshot();
    let (done, reads) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    is_whole(&old, &authorized);
                    reads.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let start = Instant::now();
        let mut revision = 1;
        while (revision < 1_001 || reads.load(Ordering::SeqCst) < 100) && start.elapsed() < PATIENCE
        {
            revision += 1;
            registry.apply(swap(&mut rng, revision)).unwrap();
        }
        done.store(true, Ordering::SeqCst);
    });
    assert_eq!(old.revision(), Revision(1));
    is_whole(&old, &authorized);
    assert!(registry.snapshot().revision() > Revision(1_000) && reads.into_inner() >= 100);
}

/// Two threads withdraw consents, one applies other changes, and readers are notified of each
/// withdrawal.
#[test]
fn an_acknowledged_withdrawal_is_in_the_next_snapshot() {
    const OWNERS: u64 = 120;
    const READERS: usize = 2;
    let seed = seed();
    let cameras: Vec<Camera> = (0..OWNERS)
        .map(|id| camera_at(id, id, place(PLACES[(id % 2) as usize], id as i64 * 1_000, 0)))
        .collect();
    let consents = (0..OWNERS).map(|owner| (OwnerId(owner), Consent::granted()));
    let registry = Registry::bulk_load(&cameras, consents).unwrap();
    let authorized = everywhere();
    let (done, amid) = (AtomicBool::new(false), AtomicU64::new(0));
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..READERS).map(|_| mpsc::channel()).unzip();
    let senders = &senders;
    thread::scope(|scope| {
        for receiver in receivers {
            let (registry, authorized, amid) = (&registry, &authorized, &amid);
            scope.spawn(move || {
                let mut gone = BTreeSet::new();
                while gone.len() < OWNERS as usize {
                    let (owner, since): (OwnerId, Revision) =
                        receiver.recv_timeout(PATIENCE).unwrap();
                    gone.insert(owner);
                    let snapshot = registry.snapshot();
                    assert!(snapshot.revision() >= since);
                    let asked = asked(&snapshot, authorized);
                    assert!(asked.iter().all(|(owner, _)| !gone.contains(owner)), "{owner}");
                    amid.fetch_add(u64::from(!asked.is_empty()), Ordering::SeqCst);
                }
            });
        }
        let withdrawing = [0, 1].map(|half| {
            let (registry, amid) = (&registry, &amid);
            scope.spawn(move || {
                let mut left: Vec<u64> = (0..OWNERS).filter(|owner| owner % 2 == half).collect();
                let mut rng = Rng(seed ^ half);
                let start = Instant::now();
                while !left.is_empty() {
                    // Some owners are left to be asked, so that the check is not of an empty route.
                    let withdrawn = OWNERS / 2 - left.len() as u64;
                    while amid.load(Ordering::SeqCst) < withdrawn / 2 && start.elapsed() < PATIENCE
                    {
                        thread::yield_now();
                    }
                    let owner = left.swap_remove(rng.below(left.len() as u64) as usize);
                    let revision = registry.apply([withdraw(owner)]).unwrap().revision();
                    for sender in senders {
                        sender.send((OwnerId(owner), revision)).unwrap();
                    }
                    thread::yield_now();
                }
            })
        });
        scope.spawn(|| {
            let mut rng = Rng(!seed);
            while !done.load(Ordering::SeqCst) {
                let camera = CameraId(rng.below(OWNERS));
                let position = place(rng.pick(&PLACES), rng.within(0, 300) * 1_000, 1_000);
                registry.apply([Change::Move { camera, position }]).unwrap();
            }
        });
        let ends = withdrawing.map(thread::ScopedJoinHandle::join);
        done.store(true, Ordering::SeqCst);
        assert!(ends.iter().all(Result::is_ok));
    });
    assert_eq!(asked(&registry.snapshot(), &authorized), []);
    let (revisions, amid) = (registry.snapshot().revision().0, amid.into_inner());
    assert!(revisions > OWNERS && amid > 20, "{revisions} {amid}");
}

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
