//! Steps that are planned, and replayed all or none, compared with steps taken on a copy.

use canvass::error::*;
use canvass::*;
use jiff::Timestamp;

use crate::open_requests::*;
use crate::support::*;

/// A random step of one of a few requests; it may be one that cannot happen.
fn a_step(rng: &mut Rng, now: Timestamp) -> LifecycleStep {
    let owners = || (0..4).map(OwnerId);
    match rng.below(7) {
        0 => LifecycleStep::Extended { until: now + days(rng.within(0, 20)) },
        1 => LifecycleStep::Resolved,
        2 => LifecycleStep::Withdrawn,
        3 => LifecycleStep::Decided { enough: !rng.once_in(4) },
        4 => LifecycleStep::Shared { owners: owners().filter(|_| rng.once_in(2)).collect() },
        _ => LifecycleStep::Asked { owners: owners().filter(|_| rng.once_in(2)).collect() },
    }
}

/// Events that are wrong in one place, or right.
fn corrupted(rng: &mut Rng, events: &[LifecycleEvent], now: Timestamp) -> Vec<LifecycleEvent> {
    let mut events = events.to_vec();
    let at = rng.below(events.len() as u64) as usize;
    match rng.below(8) {
        0 => drop(events.remove(at)),
        1 => events.swap(0, at),
        2 => events[at].sequence += 1,
        3 => events[at].id = RequestId(rng.below(8)),
        4 => events[at].at = now + secs(rng.within(-1_000_000, 1)),
        5 => events[at].step = a_step(rng, now),
        6 => events.push(events[at].clone()),
        _ => {}
    }
    events
}

#[test]
fn events_of_a_step_are_applied_all_or_none() {
    let (mut applied, mut refused, mut several, mut with_expiries) = (0, 0, 0, 0);
    for seed in 0..120 {
        let mut rng = Rng(seed);
        let (mut open, mut now) = (OpenRequests::new(rng.below(3)), noon());
        for _ in 0..60 {
            now += secs(rng.pick(&[0, 1, 3_600, 86_400, 400_000]));
            let id = RequestId(rng.below(8));
            let mut copy = open.clone();
            let (planned, taken) = if rng.once_in(3) {
                let first = rng.below(29);
                let request = request(1 + rng.below(2), houses(first, first + 1));
                let policy = policy(0).with_open_days(rng.pick(&[0, 1, 10]));
                let file = open.case_file(request.agency);
                let reviewed =
                    policy.review(&request, &of_agency(request.agency.0), &file, now).unwrap();
                (open.plan_open(id, &reviewed, now), copy.open(id, &reviewed, now))
            } else {
                let step = a_step(&mut rng, now);
                // A copy that replays one event after the other, beginning with the expiries.
                let mut taken = Ok(copy.expire(now));
                let event = LifecycleEvent::new(copy.next_sequence(), now, id, step.clone());
                match copy.replay(&event) {
                    Ok(()) => taken.as_mut().unwrap().push(event),
                    Err(error) => taken = Err(error),
                }
                (open.plan(id, step, now), taken)
            };
            assert_eq!(planned, taken, "a plan has the events of the step");
            let Ok(events) = planned else {
                refused += 1;
                continue;
            };
            with_expiries += usize::from(events.len() > 1);
            let before = open.clone();
            let wrong = corrupted(&mut rng, &events, now);
            // The twin throws a copy away where an event of the list is refused.
            let mut twin = open.clone();
            let expected = wrong.iter().try_for_each(|event| twin.replay(event));
            match open.replay_step(&wrong) {
                Ok(()) => {
                    assert_eq!((expected, &open), (Ok(()), &twin));
                    applied += 1;
                }
                Err(error) => {
                    // The list is no step's: of two, or with an event twice.
                    let is_another = match error {
                        OpenRequestsError::SeveralSteps { .. } => true,
                        OpenRequestsError::Gap { expected, found } => found < expected,
                        _ => false,
                    };
                    assert!(is_another || expected == Err(error), "{error} or {expected:?}");
                    assert_eq!(open, before, "nothing has changed");
                    several += usize::from(is_another);
                }
            }
            // Those of the list that were applied are passed over.
            open = before;
            open.replay_step(&events).unwrap();
            open.replay_step(&events).unwrap();
            assert_eq!(open, copy);
            for position in (0..30).map(|number| house(number, number).position) {
                assert_eq!(open.touched_by([position], now), copy.touched_by([position], now));
            }
        }
    }
    let counts = [applied, refused, several, with_expiries];
    assert!(counts.iter().all(|&count| count > 100), "{counts:?}");
}

#[test]
fn two_steps_in_one_list_are_refused() {
    let (mut open, authorized) = opened(&policy(0), houses(0, 9));
    let before = open.clone();
    let mut events = open.decide_with(FIRST, &authorized, || true, noon()).unwrap();
    events.extend(open.resolve(FIRST, noon()).unwrap());
    let mut replayed = before.clone();
    let refused = replayed.replay_step(&events).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "event `2` is of another step: replay the events of one step at a time"
    );
    assert_eq!(replayed, before);
    for event in &events {
        replayed.replay_step(std::slice::from_ref(event)).unwrap();
    }
    assert_eq!(replayed, open);
}
