//! Writers and readers of small states.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::Mutex as Plain;

use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::thread;

use crate::publish::Publisher;

const WRITERS: usize = 3;
const CHANGES: usize = 2;

/// The revision equals the number of changes, which are in order: `writer * CHANGES + change`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    revision: usize,
    changes: Vec<usize>,
}

/// The writer's look-ups: the changes applied, kept beside the state, as in the registry.
type LookUps = Vec<usize>;

fn append(look_ups: &mut LookUps, old: &State, change: usize) -> State {
    assert_eq!(*look_ups, old.changes, "both sides belong together");
    look_ups.push(change);
    thread::yield_now();
    State { revision: old.revision + 1, changes: look_ups.clone() }
}

fn apply(publisher: &Publisher<LookUps, State>, change: usize) -> Arc<State> {
    let next =
        |look_ups: &mut LookUps, old: &State| Ok::<_, Infallible>(append(look_ups, old, change));
    let retire = |look_ups: &mut LookUps, old: Arc<State>, new: &State| {
        assert_eq!(*look_ups, new.changes, "both sides belong together");
        assert_eq!(old.revision + 1, new.revision, "none between");
        assert!(new.changes.starts_with(&old.changes));
    };
    let Ok(state) = publisher.apply(next, retire);
    state
}

/// Runs a scenario under schedules of both kinds. It returns its course, and courses must differ.
#[track_caller]
fn explore(at_least: usize, scene: impl Fn() -> Vec<usize> + Send + Sync + 'static) {
    let outcomes = Arc::new(Plain::new(BTreeSet::new()));
    let noted = Arc::clone(&outcomes);
    let run = Arc::new(move || {
        let outcome = scene();
        noted.lock().expect("whole").insert(outcome);
    });
    let again = Arc::clone(&run);
    shuttle::check_random(move || run(), 2_000);
    shuttle::check_pct(move || again(), 1_000, 3);
    let outcomes = outcomes.lock().expect("whole").len();
    println!("{outcomes} outcomes");
    assert!(outcomes >= at_least, "{outcomes} outcomes are too few to show anything");
}

#[test]
fn revisions_are_atomic_and_readers_never_go_back() {
    explore(50, || {
        let publisher = Arc::new(Publisher::new(LookUps::new(), State::default()));
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let publisher = Arc::clone(&publisher);
                thread::spawn(move || {
                    let own = (0..CHANGES).map(|change| writer * CHANGES + change);
                    own.map(|change| {
                        let state = apply(&publisher, change);
                        assert_eq!(state.changes.last(), Some(&change));
                        let later = publisher.load();
                        assert!(later.changes.starts_with(&state.changes), "a writer is a reader");
                        state.revision
                    })
                    .collect::<Vec<_>>()
                })
            })
            .collect();
        let reader = Arc::clone(&publisher);
        let reader = thread::spawn(move || {
            let mut seen = vec![];
            let mut last = Arc::new(State::default());
            for _ in 0..4 {
                let state = reader.load();
                assert_eq!(state.revision, state.changes.len(), "whole");
                assert!(state.changes.starts_with(&last.changes), "{last:?} before {state:?}");
                seen.push(state.revision);
                last = state;
            }
            seen
        });
        let mut revisions: Vec<_> =
            writers.into_iter().flat_map(|writer| writer.join().expect("a writer")).collect();
        let mut outcome = reader.join().expect("a reader");
        outcome.extend(publisher.load().changes.iter());
        revisions.sort_unstable();
        assert!(revisions.into_iter().eq(1..=WRITERS * CHANGES), "each revision once");
        let last = publisher.load();
        let all: BTreeSet<_> = last.changes.iter().copied().collect();
        assert!(all.into_iter().eq(0..WRITERS * CHANGES), "none lost");
        outcome
    });
}

#[test]
fn an_applied_withdrawal_is_in_the_state() {
    explore(4, || {
        let publisher = Arc::new(Publisher::new(LookUps::new(), State::default()));
        let applied = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&publisher);
        let other = thread::spawn(move || {
            apply(&other, 10);
            apply(&other, 11);
        });
        let (withdrawing, done) = (Arc::clone(&publisher), Arc::clone(&applied));
        let withdrawing = thread::spawn(move || {
            for change in 1..=3 {
                apply(&withdrawing, change);
                done.store(change, Ordering::SeqCst);
            }
        });
        let mut outcome = vec![];
        for _ in 0..3 {
            let withdrawn = applied.load(Ordering::SeqCst);
            let state = publisher.load();
            assert!((1..=withdrawn).all(|change| state.changes.contains(&change)), "{state:?}");
            outcome.push(withdrawn);
        }
        other.join().expect("a writer");
        withdrawing.join().expect("a writer");
        outcome
    });
}

#[test]
fn a_refusal_publishes_nothing() {
    explore(10, || {
        let publisher = Arc::new(Publisher::new(LookUps::new(), State::default()));
        let refused = Arc::clone(&publisher);
        let refused = thread::spawn(move || {
            for _ in 0..2 {
                let next = |look_ups: &mut LookUps, old: &State| {
                    append(look_ups, old, 99);
                    look_ups.pop();
                    Err(old.revision)
                };
                let error = refused.apply(next, |_, _, _| unreachable!("nothing was published"));
                let error = error.expect_err("refused");
                assert!(refused.load().revision >= error);
            }
        });
        let writer = Arc::clone(&publisher);
        let writer = thread::spawn(move || {
            for change in 1..=3 {
                apply(&writer, change);
            }
        });
        let mut outcome = vec![];
        for _ in 0..3 {
            publisher.inspect(|look_ups, state| assert_eq!(*look_ups, state.changes));
            let state = publisher.load();
            assert!(state.changes.iter().copied().eq(1..=state.revision), "{state:?}");
            outcome.push(state.revision);
        }
        refused.join().expect("a writer");
        writer.join().expect("a writer");
        assert_eq!(publisher.load().revision, 3);
        outcome
    });
}
