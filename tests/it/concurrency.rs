//! Threads that change a registry and threads that read it. The machine decides how they
//! interleave; each thread's steps follow a seed, which is printed, and taken from `CANVASS_SEED`
//! if set.

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
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
pub const PLACES: [(i32, i32); 2] = [(10, 50), (12, 50)];

/// No test waits for other threads longer than this.
pub const PATIENCE: Duration = Duration::from_secs(20);

#[expect(clippy::print_stdout, reason = "shown for a test that fails")]
pub fn seed() -> u64 {
    let drawn = || std::collections::hash_map::RandomState::new().hash_one(0);
    let given = std::env::var("CANVASS_SEED").ok().map(|seed| seed.parse().unwrap());
    let seed = given.unwrap_or_else(drawn);
    println!("CANVASS_SEED={seed}");
    seed
}

pub fn asked(snapshot: &Snapshot, authorized: &AuthorizedRequest) -> Answer {
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
pub fn spot(which: usize, revision: u64) -> Position {
    place(PLACES[which], (revision % 97) as i64 * 1_000, (revision % 89) as i64 * 1_000)
}

/// Asserts that a snapshot shows one revision in both tiles: at an even revision owner 0 agrees, at
/// an odd one owner 1, and both cameras have moved.
#[track_caller]
pub fn is_whole(snapshot: &Snapshot, authorized: &AuthorizedRequest) {
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
pub fn two_owners() -> Registry {
    let cameras = [0, 1].map(|which| camera_at(which as u64, which as u64, spot(which, 0)));
    Registry::bulk_load(&cameras, [(OwnerId(0), Consent::granted())]).unwrap()
}

/// The changes of a revision, in any order.
pub fn swap(rng: &mut Rng, revision: u64) -> Vec<Change> {
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
