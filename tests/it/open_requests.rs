//! Standing requests: an owner who comes later is asked once, and nobody is asked twice.

use canvass::error::*;
use canvass::*;
use jiff::{SignedDuration, Timestamp};

use crate::support::*;

pub const FIRST: RequestId = RequestId(7);

pub const SECOND: RequestId = RequestId(8);

pub fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

pub fn policy(min_households: u32) -> Policy {
    Policy::without_limits_or_anonymity()
        .with_min_households(min_households)
        .with_open_days(10)
        .with_max_open_days(28)
}

pub fn of_agency(number: u64) -> Agency {
    agency().with_id(AgencyId(number))
}

pub fn request(agency: u64, area: Area) -> Request {
    Request::new(AgencyId(agency), IncidentKind::Burglary, area, evening()).with_case("26-1")
}

#[track_caller]
pub fn reviewed(open: &OpenRequests, policy: &Policy, request: &Request) -> AuthorizedRequest {
    let file = open.case_file(request.agency);
    policy.review(request, &of_agency(request.agency.0), &file, noon()).unwrap()
}

/// A first request about some houses, opened at noon.
#[track_caller]
pub fn opened(policy: &Policy, area: Area) -> (OpenRequests, AuthorizedRequest) {
    let mut open = OpenRequests::new(0);
    let authorized = reviewed(&open, policy, &request(1, area));
    let events = open.open(FIRST, &authorized, noon()).unwrap();
    assert_eq!(events.len(), 1);
    (open, authorized)
}

/// Decides at noon, with the event of that.
#[track_caller]
pub fn decided(
    open: &mut OpenRequests,
    authorized: &AuthorizedRequest,
    snapshot: &Snapshot,
) -> Vec<LifecycleEvent> {
    let events = open.decide(FIRST, authorized, snapshot, noon()).unwrap();
    assert!(matches!(events[..], [LifecycleEvent { step: LifecycleStep::Decided { .. }, .. }]));
    events
}

/// The camera of a house of [`street`].
pub fn house(id: u64, owner: u64) -> Camera {
    camera_at(id, owner, place((10, 50), i64::try_from(id).unwrap() * 100, 0))
}

pub fn agrees(owner: u64) -> Change {
    Change::SetConsent { owner: OwnerId(owner), consent: Consent::granted() }
}

pub fn written(open: &OpenRequests) -> OpenRequests {
    serde_json::from_str(&serde_json::to_string(open).unwrap()).unwrap()
}

#[test]
fn newcomers_during_an_open_request_are_asked_once() {
    let (mut open, authorized) = opened(&policy(0), houses(0, 9));
    let registry = Registry::new();
    registry
        .apply([Change::Register(house(1, 1)), Change::Register(house(2, 2)), agrees(1)])
        .unwrap();
    decided(&mut open, &authorized, &registry.snapshot());
    let mut now = noon();
    let ask = |open: &mut OpenRequests, registry: &Registry, changes: &[Change], now| {
        registry.apply(changes.iter().cloned()).unwrap();
        let touched = open.touched_by(registry.touched(changes), now);
        assert_eq!(touched, if changes.is_empty() { vec![] } else { vec![FIRST] });
        let due = open.due(FIRST, &authorized, &registry.snapshot(), now).unwrap();
        let (to_send, events) = open.record_asked(FIRST, &due, now).unwrap();
        assert_eq!(to_send, due, "nobody else sends");
        assert_eq!(events.len(), usize::from(!due.is_empty()));
        owners(&to_send)
    };
    assert_eq!(ask(&mut open, &registry, &[], now), [1]);
    assert_eq!(ask(&mut open, &registry, &[], now), [0_u64; 0]);
    now += secs(1);
    assert_eq!(ask(&mut open, &registry, &[agrees(2)], now), [2], "opted in later");
    let both = [Change::Register(house(3, 3)), agrees(3)];
    assert_eq!(ask(&mut open, &registry, &both, now), [3], "registered later");
    // An owner who opts out before being asked disappears; an owner who was asked is not asked
    // again.
    registry.apply([Change::Register(house(4, 4)), agrees(4)]).unwrap();
    let due = open.due(FIRST, &authorized, &registry.snapshot(), now).unwrap();
    assert_eq!(owners(&due), [4]);
    let out = [Change::Withdraw { owner: OwnerId(4) }, Change::Withdraw { owner: OwnerId(1) }];
    assert_eq!(ask(&mut open, &registry, &out, now), [0_u64; 0]);
    assert!(
        due.recheck(due.authorized().assume_open(), &registry.snapshot(), now).unwrap().is_empty()
    );
    assert_eq!(ask(&mut open, &registry, &[agrees(1), agrees(4)], now), [4]);
    assert_eq!(open.asked(FIRST).map(|owner| owner.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn an_owner_sees_who_asked_and_when() {
    let mut open = OpenRequests::new(0);
    let registry = Registry::new();
    let cameras = [1, 2].map(|id| Change::Register(house(id, id)));
    registry.apply(cameras.into_iter().chain([agrees(1), agrees(2)])).unwrap();
    let mut events = Vec::new();
    for (id, agency) in [(1, 5), (2, 6)] {
        let now = noon() + secs(id as i64);
        let authorized = reviewed(&open, &policy(0), &request(agency, houses(0, 9)));
        events.extend(open.open(RequestId(id), &authorized, now).unwrap());
        let snapshot = registry.snapshot();
        events.extend(open.decide(RequestId(id), &authorized, &snapshot, now).unwrap());
        let due = open.due(RequestId(id), &authorized, &snapshot, now).unwrap();
        events.extend(open.record_asked(RequestId(id), &due, now).unwrap().1);
        // The second is about somebody who agreed after the first, too.
        registry.apply([Change::Register(house(3, 3)), agrees(3)]).ok();
    }
    events.extend(open.resolve(RequestId(1), noon() + secs(3)).unwrap());
    let seen = |owner| {
        let asked = open.asked_of(OwnerId(owner), &events);
        asked.map(|(at, it)| (at, it.id().0, it.request().agency.0)).collect::<Vec<_>>()
    };
    let (first, second) = ((noon() + secs(1), 1, 5), (noon() + secs(2), 2, 6));
    assert_eq!(seen(1), [first, second], "an ended request is still seen");
    assert_eq!(seen(3), [second]);
    assert_eq!(seen(4), []);
    // Whoever is erased is in no event any more.
    for event in &mut events {
        event.forget(OwnerId(1));
    }
    assert_eq!(open.asked_of(OwnerId(1), &events).count(), 0);
}

#[test]
fn an_owner_is_never_asked_twice_for_one_request() {
    let (mut open, authorized) = opened(&policy(0), houses(0, 9));
    let mut log = Vec::new();
    let registry = Registry::new();
    registry.apply([Change::Register(house(1, 1)), agrees(1)]).unwrap();
    log.extend(decided(&mut open, &authorized, &registry.snapshot()));
    let due = open.due(FIRST, &authorized, &registry.snapshot(), noon()).unwrap();
    // Two threads send at once: the second sends to nobody.
    let (first, events) = open.record_asked(FIRST, &due, noon()).unwrap();
    assert_eq!(owners(&first), [1]);
    log.extend(events);
    let (second, events) = open.record_asked(FIRST, &due, noon()).unwrap();
    assert!(second.is_empty() && second.cameras().is_empty() && events.is_empty());

    let nobody_is_due = |open: &OpenRequests, registry: &Registry, now: Timestamp| {
        let file = open.case_file(AgencyId(1));
        let again = policy(0).reopen(&file, FIRST, &agency(), now).unwrap();
        for authorized in [&authorized, &again] {
            let due = open.due(FIRST, authorized, &registry.snapshot(), now).unwrap();
            assert!(due.is_empty(), "{due:?}");
            // A plain route includes owners already asked, and the record removes them.
            let all = registry.snapshot().route(authorized.assume_open(), now);
            assert_eq!(owners(&all), [1]);
            assert!(open.clone().record_asked(FIRST, &all, now).unwrap().0.is_empty());
        }
    };
    // The events: a second camera, the first camera registered anew, a repeated consent; all
    // without a limit.
    registry.apply([Change::Register(house(2, 1))]).unwrap();
    nobody_is_due(&open, &registry, noon());
    registry
        .apply([Change::Remove { camera: CameraId(1) }, Change::Register(house(1, 1))])
        .unwrap();
    registry.apply([Change::Withdraw { owner: OwnerId(1) }]).unwrap();
    let often = AskLimit::new(AskLimit::MAX, AskLimit::MAX).unwrap();
    let unlimited = Consent::granted().with_limit(often);
    registry.apply([Change::SetConsent { owner: OwnerId(1), consent: unlimited }]).unwrap();
    nobody_is_due(&open, &registry, noon());
    // The events: an extension, time, a restart, a replay.
    open.extend(FIRST, noon() + days(20), noon() + days(9)).unwrap();
    nobody_is_due(&open, &registry, noon() + days(19));
    nobody_is_due(&written(&open), &registry, noon() + days(19));
    let (mut replayed, _) = opened(&policy(0), houses(0, 9));
    for _ in 0..2 {
        for event in &log {
            replayed.replay(event).unwrap();
        }
        nobody_is_due(&replayed, &registry, noon() + days(5));
    }
    // Another request in the same case asks for itself.
    let other = reviewed(&open, &policy(0), &request(1, houses(0, 9)));
    open.open(SECOND, &other, noon() + days(9)).unwrap();
    open.decide(SECOND, &other, &registry.snapshot(), noon() + days(9)).unwrap();
    let due = open.due(SECOND, &other, &registry.snapshot(), noon() + days(9)).unwrap();
    assert_eq!(owners(&due), [1]);
}

#[test]
fn only_an_open_request_asks_anybody() {
    let (mut open, authorized) = opened(&policy(0), houses(0, 9));
    let snapshot = snapshot(&street(5));
    decided(&mut open, &authorized, &snapshot);
    let (early, late) = (noon() + days(1), noon() + days(10));
    let mut resolved = open.clone();
    let mut withdrawn = open.clone();
    assert_eq!(resolved.resolve(FIRST, early).unwrap()[0].step, LifecycleStep::Resolved);
    assert_eq!(withdrawn.withdraw(FIRST, early).unwrap()[0].step, LifecycleStep::Withdrawn);
    let mut said = open.clone();
    assert_eq!(said.expire(late).len(), 1);
    for (open, now, state) in [
        (&open, noon() - secs(1), RequestState::Authorized),
        (&open, noon(), RequestState::Open),
        (&open, late - secs(1), RequestState::Open),
        (&open, late, RequestState::Expired),
        (&said, late, RequestState::Expired),
        (&resolved, early, RequestState::Resolved),
        (&withdrawn, early, RequestState::Withdrawn),
        (&withdrawn, late, RequestState::Withdrawn),
    ] {
        let asks = state == RequestState::Open;
        assert_eq!(open.state(FIRST, now), Ok(state));
        let due = open.due(FIRST, &authorized, &snapshot, now).unwrap();
        assert_eq!((due.owners(), due.revision()), (if asks { 5 } else { 0 }, snapshot.revision()));
        assert_eq!((due.authorized(), due.now()), (&authorized, now));
        let position = place((10, 50), 100, 0);
        let touched = if asks { vec![FIRST] } else { vec![] };
        assert_eq!(open.touched_by([position, position], now), touched, "{state}");
        assert_eq!(open.open_at(now).map(OpenedRequest::id).collect::<Vec<_>>(), touched);
        let route = snapshot.route(authorized.assume_open(), now);
        let mut copy = open.clone();
        let recorded = copy.record_asked(FIRST, &route, now.max(noon()));
        if asks || state == RequestState::Authorized {
            assert_eq!(recorded.unwrap().0, route);
        } else {
            let refused = CaseFileError::NotOpen { id: FIRST, state };
            assert_eq!(recorded.unwrap_err(), refused.into());
            assert_eq!(&copy, open, "nothing changes");
        }
        // The case file decides whether it is open.
        assert_eq!(open.case_file(AgencyId(1)).state(FIRST, now), Ok(state));
    }
}

#[test]
fn the_anonymity_set_counts_the_whole_area() {
    let (mut open, authorized) = opened(&policy(11), houses(0, 19));
    let registry = Registry::new();
    let agreed =
        |house_number| [Change::Register(house(house_number, house_number)), agrees(house_number)];
    registry.apply((0..10).flat_map(agreed)).unwrap();
    let due = |open: &OpenRequests| {
        owners(&open.due(FIRST, &authorized, &registry.snapshot(), noon()).unwrap())
    };
    registry.apply([Change::Register(house(10, 10))]).unwrap();
    decided(&mut open, &authorized, &registry.snapshot());
    assert_eq!(due(&open), (0..10).collect::<Vec<_>>(), "the eleventh counts, and says no");
    let route = open.due(FIRST, &authorized, &registry.snapshot(), noon()).unwrap();
    open.record_asked(FIRST, &route, noon()).unwrap();
    // A new owner is asked among eleven households, ten of which were asked before.
    registry.apply([agrees(10)]).unwrap();
    assert_eq!(due(&open), [10]);
    // With ten households again nobody is asked.
    registry.apply([Change::Remove { camera: CameraId(3) }]).unwrap();
    assert_eq!(due(&open), [0_u64; 0]);
}

#[test]
fn quiet_hours_delay_only_owners_not_asked_yet() {
    let hours =
        QuietHours::new(jiff::civil::time(11, 0, 0, 0), jiff::civil::time(14, 0, 0, 0), Zone::UTC);
    let (mut open, authorized) = opened(&policy(0).with_quiet_hours(hours.unwrap()), houses(0, 9));
    let registry = loaded(&street(3), Layout::default());
    decided(&mut open, &authorized, &registry.snapshot());
    let due = open.due(FIRST, &authorized, &registry.snapshot(), noon()).unwrap();
    open.record_asked(FIRST, &due, noon()).unwrap();
    registry.apply([Change::Register(house(5, 5)), agrees(5)]).unwrap();
    let due = open.due(FIRST, &authorized, &registry.snapshot(), noon()).unwrap();
    assert_eq!(waits(&due), [(OwnerId(5), at("2026-05-10T14:00:00Z"))]);
}

/// Or a request would ring in the moment in which one certain house registers.
#[test]
fn too_few_households_at_the_first_look_ask_nobody_later() {
    let (mut open, authorized) = opened(&policy(11), houses(0, 19));
    let registry = Registry::new();
    let joins = |number| registry.apply([Change::Register(house(number, number)), agrees(number)]);
    (0..10).for_each(|number| drop(joins(number).unwrap()));
    let undecided = Err(OpenRequestsError::NotDecided { id: FIRST });
    let due = |open: &OpenRequests| {
        let due = open.due(FIRST, &authorized, &registry.snapshot(), noon());
        due.map(|route| owners(&route))
    };
    assert_eq!(due(&open), undecided);
    let events = decided(&mut open, &authorized, &registry.snapshot());
    assert_eq!(events[0].step, LifecycleStep::Decided { enough: false });
    assert_eq!(due(&open), Ok(vec![]));
    (10..15).for_each(|number| drop(joins(number).unwrap()));
    // Asked again, after a restart, and by a route that does not know of the decision.
    for mut open in [open.clone(), written(&open)] {
        let again = open.decide(FIRST, &authorized, &registry.snapshot(), noon()).unwrap();
        assert_eq!((again, due(&open)), (vec![], Ok(vec![])));
        let route = registry.snapshot().route(authorized.assume_open(), noon());
        assert_eq!(route.owners(), 15);
        let refused = open.record_asked(FIRST, &route, noon()).unwrap_err();
        assert_eq!(Err::<(), _>(refused), undecided.clone().map(|_: Vec<u64>| ()));
        let event =
            LifecycleEvent::new(open.next_sequence(), noon(), FIRST, events[0].step.clone());
        let twice = Err(OpenRequestsError::DecidedBefore { id: FIRST });
        assert_eq!(open.replay(&event), twice);
    }
    // The next request about the same area asks all of them.
    let second = reviewed(&open, &policy(11), &request(1, houses(0, 19)));
    open.open(SECOND, &second, noon()).unwrap();
    open.decide(SECOND, &second, &registry.snapshot(), noon()).unwrap();
    assert_eq!(open.due(SECOND, &second, &registry.snapshot(), noon()).unwrap().owners(), 15);
    // And whoever joins an area that had enough is asked as they come.
    joins(15).unwrap();
    assert_eq!(open.due(SECOND, &second, &registry.snapshot(), noon()).unwrap().owners(), 16);
    assert_eq!(due(&open), Ok(vec![]));
}
