//! Requests that stand: whoever comes later is asked once, and nobody twice.

use std::collections::BTreeMap;

use canvass::*;
use jiff::{SignedDuration, Timestamp};

use crate::oracle::{Town, households};
use crate::support::*;

const FIRST: RequestId = RequestId(7);
const SECOND: RequestId = RequestId(8);

pub fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

pub fn policy(min_households: u32) -> Policy {
    Policy { min_households, open_days: 10, max_open_days: 28, ..Policy::unlimited() }
}

pub fn of_agency(number: u64) -> Agency {
    Agency { id: AgencyId(number), ..agency() }
}

/// The part of [`street`] from one house to another, both included.
pub fn houses(first: u64, last: u64) -> Area {
    let edge = |house: u64, side: f64| 10.0 + (house as f64 + side) * 1e-5;
    square(edge(first, -0.5), 49.9999, edge(last, 0.5), 50.0001)
}

pub fn request(agency: u64, area: Area) -> Request {
    Request::new(AgencyId(agency), IncidentKind::Burglary, area, evening()).case("26-1")
}

#[track_caller]
fn reviewed(open: &OpenRequests, policy: &Policy, request: &Request) -> AuthorizedRequest {
    let file = open.case_file(request.agency);
    policy.review(request, &of_agency(request.agency.0), &file, noon()).unwrap()
}

/// A first request about some houses, opened at noon.
#[track_caller]
fn opened(policy: &Policy, area: Area) -> (OpenRequests, AuthorizedRequest) {
    let mut open = OpenRequests::new(0);
    let authorized = reviewed(&open, policy, &request(1, area));
    let events = open.open(FIRST, &authorized, noon()).unwrap();
    assert_eq!(events.len(), 1);
    (open, authorized)
}

pub fn house(id: u64, owner: u64) -> Camera {
    let position = place((10, 50), i64::try_from(id).unwrap() * 100, 0);
    let recording = Recording::kept_for_days(60);
    Camera { id: CameraId(id), owner: OwnerId(owner), position, recording, facing: None }
}

pub fn agrees(owner: u64) -> Change {
    Change::SetConsent { owner: OwnerId(owner), consent: Consent::granted() }
}

fn owners(route: &Route) -> Vec<u64> {
    route.recipients().map(|recipient| recipient.owner.0).collect()
}

pub fn written(open: &OpenRequests) -> OpenRequests {
    serde_json::from_str(&serde_json::to_string(open).unwrap()).unwrap()
}

#[test]
fn a_camera_that_sees_into_the_area_is_found_and_asked_where_that_was_asked() {
    // 36 m east of the last house of the area, and it looks west, 100 m far.
    let facing = Some(Facing::new(270.0, 60.0, 100.0).unwrap());
    let onlooker = Camera { position: place((10, 50), 5_900, 0), facing, ..house(59, 59) };
    let registry = Registry::new();
    registry.apply([Change::Register(onlooker), agrees(59)]).unwrap();
    for (standing, found) in [(true, false), (false, true)] {
        let mut open = OpenRequests::new(0);
        let asked = request(1, houses(0, 9));
        let asked = if standing { asked } else { asked.seeing_into() };
        let authorized = reviewed(&open, &policy(0), &asked);
        open.open(FIRST, &authorized, noon()).unwrap();
        let near: &[RequestId] = if found { &[FIRST] } else { &[] };
        assert_eq!(open.touched_by([onlooker.position], noon()), near);
        assert_eq!(written(&open).touched_by([onlooker.position], noon()), near);
        let due = open.due(FIRST, &authorized, &registry.snapshot(), noon()).unwrap();
        assert_eq!(owners(&due), if found { vec![59] } else { vec![] });
        // A kilometre off nothing can see into it.
        assert_eq!(open.touched_by([place((10, 50), 140_000, 0)], noon()), []);
        open.resolve(FIRST, noon()).unwrap();
        assert_eq!(open.touched_by([onlooker.position], noon()), []);
    }
}

#[test]
fn an_area_is_told_from_another_of_the_same_envelope() {
    let corners = vec![(10.0, 50.0), (10.001, 50.0), (10.0, 50.001)];
    let half = Area::try_from(geo::Polygon::new(corners.into(), vec![])).unwrap();
    let (mut open, _) = opened(&policy(0), half);
    let beyond = place((10, 50), 9_000, 9_000);
    assert_eq!(open.touched_by([beyond], noon()), []);
    let whole = reviewed(&open, &policy(0), &request(1, square(10.0, 50.0, 10.001, 50.001)));
    open.open(SECOND, &whole, noon()).unwrap();
    assert!(open.touched_by([beyond], noon()).contains(&SECOND));
    assert!(written(&open).touched_by([beyond], noon()).contains(&SECOND));
}

#[test]
fn an_area_that_ends_at_the_antimeridian_is_touched_on_it() {
    let (open, _) = opened(&policy(0), square(179.99, -17.0, 180.0, -16.99));
    for (east, touched) in [(-100_000, true), (0, true), (1, false), (-100_001, false)] {
        let found = open.touched_by([place((180, -17), east, 50_000)], noon());
        assert_eq!(found == [FIRST], touched, "{east}");
    }
}

#[test]
fn who_registers_or_agrees_while_a_request_is_open_is_asked_once() {
    let (mut open, authorized) = opened(&policy(0), houses(0, 9));
    let registry = Registry::new();
    registry
        .apply([Change::Register(house(1, 1)), Change::Register(house(2, 2)), agrees(1)])
        .unwrap();
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
    // Who opts out before they were asked vanishes; who was asked is not asked again.
    registry.apply([Change::Register(house(4, 4)), agrees(4)]).unwrap();
    let due = open.due(FIRST, &authorized, &registry.snapshot(), now).unwrap();
    assert_eq!(owners(&due), [4]);
    let out = [Change::Withdraw { owner: OwnerId(4) }, Change::Withdraw { owner: OwnerId(1) }];
    assert_eq!(ask(&mut open, &registry, &out, now), [0_u64; 0]);
    assert!(due.recheck(&registry.snapshot(), now).is_empty());
    assert_eq!(ask(&mut open, &registry, &[agrees(1), agrees(4)], now), [4]);
    assert_eq!(open.asked(FIRST).map(|owner| owner.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn an_owner_is_never_asked_twice_for_one_request() {
    let (mut open, authorized) = opened(&policy(0), houses(0, 9));
    let mut log = Vec::new();
    let registry = Registry::new();
    registry.apply([Change::Register(house(1, 1)), agrees(1)]).unwrap();
    let due = open.due(FIRST, &authorized, &registry.snapshot(), noon()).unwrap();
    // Two who send at once: the second sends to nobody.
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
            // A route that forgets who was asked does not get past the record.
            let all = registry.snapshot().route(authorized, now);
            assert_eq!(owners(&all), [1]);
            assert!(open.clone().record_asked(FIRST, &all, now).unwrap().0.is_empty());
        }
    };
    // A second camera, the first one anew, a consent given again, without any limit.
    registry.apply([Change::Register(house(2, 1))]).unwrap();
    nobody_is_due(&open, &registry, noon());
    registry
        .apply([Change::Remove { camera: CameraId(1) }, Change::Register(house(1, 1))])
        .unwrap();
    registry.apply([Change::Withdraw { owner: OwnerId(1) }]).unwrap();
    let often = AskLimit::new(AskLimit::MAX, AskLimit::MAX).unwrap();
    let unlimited = Consent::granted().limited(often);
    registry.apply([Change::SetConsent { owner: OwnerId(1), consent: unlimited }]).unwrap();
    nobody_is_due(&open, &registry, noon());
    // An extension, time, a restart, a replay.
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
    // Another request in the same case is another request.
    let other = reviewed(&open, &policy(0), &request(1, houses(0, 9)));
    open.open(SECOND, &other, noon() + days(9)).unwrap();
    let due = open.due(SECOND, &other, &registry.snapshot(), noon() + days(9)).unwrap();
    assert_eq!(owners(&due), [1]);
}

#[test]
fn only_an_open_request_asks_anybody() {
    let (open, authorized) = opened(&policy(0), houses(0, 9));
    let snapshot = snapshot(&street(5));
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
        let route = snapshot.route(&authorized, now);
        let mut copy = open.clone();
        let recorded = copy.record_asked(FIRST, &route, now.max(noon()));
        if asks || state == RequestState::Authorized {
            assert_eq!(recorded.unwrap().0, route);
        } else {
            let refused = CaseFileError::NotOpen { id: FIRST, state };
            assert_eq!(recorded.unwrap_err(), refused.into());
            assert_eq!(&copy, open, "nothing changes");
        }
        // Whether it is open is the case file's to say.
        assert_eq!(open.case_file(AgencyId(1)).state(FIRST, now), Ok(state));
    }
}

#[test]
fn expiries_come_first_in_the_order_of_time_and_to_the_second() {
    let mut open = OpenRequests::new(100);
    let mut events = Vec::new();
    for (id, hours) in [(3, 0), (1, 1), (2, 1), (4, 30)] {
        let request = request(id, houses(0, 9));
        let authorized = reviewed(&open, &policy(0), &request);
        let now = noon() + SignedDuration::from_hours(hours);
        events.extend(open.open(RequestId(id), &authorized, now).unwrap());
    }
    let over = noon() + days(10);
    let hour = SignedDuration::from_hours(1);
    assert!(open.clone().expire(over - secs(1)).is_empty());
    let mut on_the_second = open.clone();
    assert_eq!(on_the_second.expire(over).len(), 1);
    assert!(on_the_second.expire(over + hour - secs(1)).is_empty(), "each is said once");
    assert_eq!(on_the_second.expire(over + hour).len(), 2);
    // Whatever is done says them first.
    events.extend(open.resolve(RequestId(4), over + days(1)).unwrap());
    let steps: Vec<(u64, u64, Timestamp)> =
        events.iter().map(|event| (event.sequence, event.id.0, event.at)).collect();
    let opened = [(100, 3, noon()), (101, 1, noon() + hour), (102, 2, noon() + hour)];
    let expired = [(104, 3, over), (105, 1, over + hour), (106, 2, over + hour)];
    let all = [&opened[..], &[(103, 4, noon() + 30 * hour)], &expired, &[(107, 4, over + days(1))]];
    assert_eq!(steps, all.concat());
    assert_eq!((open.next_sequence(), open.last_event_at()), (108, Some(over + days(1))));
    // Opened for no time at all: it expires at once, after it was opened.
    let request = request(1, houses(0, 9));
    let never = reviewed(&open, &Policy { open_days: 0, ..policy(0) }, &request);
    let events = open.open(RequestId(9), &never, over + days(2)).unwrap();
    assert!(matches!(events[0].step, LifecycleStep::Opened { .. }));
    assert_eq!((events.len(), &events[1].step), (2, &LifecycleStep::Expired));
    assert_eq!(written(&open), open);
}

#[test]
fn every_request_that_was_opened_is_named_whatever_became_of_it() {
    let mut open = OpenRequests::new(0);
    assert_eq!(open.opened().count(), 0);
    for (id, agency) in [(1, 2), (9, 1), (3, 1)] {
        let authorized = reviewed(&open, &policy(0), &request(agency, houses(id, id)));
        open.open(RequestId(id), &authorized, noon()).unwrap();
    }
    open.withdraw(RequestId(9), noon()).unwrap();
    open.extend(RequestId(3), noon() + days(28), noon()).unwrap();
    let late = noon() + days(11);
    assert_eq!(open.expire(late).len(), 1);
    let states = |open: &OpenRequests| {
        open.opened().map(|opened| (opened.id().0, opened.state(late))).collect::<Vec<_>>()
    };
    let (withdrawn, expired) = (RequestState::Withdrawn, RequestState::Expired);
    assert_eq!(states(&open), [(9, withdrawn), (3, RequestState::Open), (1, expired)]);
    assert_eq!(states(&written(&open)), states(&open));
}

#[test]
fn the_anonymity_set_is_that_of_the_whole_area_and_not_of_who_is_new() {
    let (mut open, authorized) = opened(&policy(11), houses(0, 19));
    let registry = Registry::new();
    let agreed =
        |house_number| [Change::Register(house(house_number, house_number)), agrees(house_number)];
    registry.apply((0..10).flat_map(agreed)).unwrap();
    let due = |open: &OpenRequests| {
        owners(&open.due(FIRST, &authorized, &registry.snapshot(), noon()).unwrap())
    };
    assert_eq!(due(&open), [0_u64; 0], "10 households are too few");
    registry.apply([Change::Register(house(10, 10))]).unwrap();
    assert_eq!(due(&open), (0..10).collect::<Vec<_>>(), "the eleventh counts, and says no");
    let route = open.due(FIRST, &authorized, &registry.snapshot(), noon()).unwrap();
    open.record_asked(FIRST, &route, noon()).unwrap();
    // One who is new is asked among eleven who live there, ten of whom were asked before.
    registry.apply([agrees(10)]).unwrap();
    assert_eq!(due(&open), [10]);
    // And not any more when there are ten again.
    registry.apply([Change::Remove { camera: CameraId(3) }]).unwrap();
    assert_eq!(due(&open), [0_u64; 0]);
}

#[test]
fn a_later_request_guards_an_earlier_one_that_stands() {
    let (mut open, first) = opened(&policy(11), houses(0, 39));
    let town = street(39);
    let registry = loaded(&town, Layout::default());
    let due = |open: &OpenRequests, id, authorized: &AuthorizedRequest| {
        open.due(id, authorized, &registry.snapshot(), noon()).unwrap()
    };
    let route = due(&open, FIRST, &first);
    assert_eq!(route.owners(), 39);
    open.record_asked(FIRST, &route, noon()).unwrap();
    let alone = open.clone();
    // The agency asks again, about all but the last house, where nobody has a camera yet.
    let second = reviewed(&open, &policy(11), &request(1, houses(0, 38)));
    open.open(SECOND, &second, noon()).unwrap();
    registry.apply([Change::Register(house(39, 39)), agrees(39)]).unwrap();
    assert_eq!(owners(&due(&alone, FIRST, &first)), [39]);
    assert!(due(&open, FIRST, &first).is_empty(), "the two would differ by one household");
    assert!(due(&written(&open), FIRST, &first).is_empty());
    // What happens in either area may matter to both.
    let touched = open.touched_by([house(39, 39).position], noon());
    assert_eq!(touched, [FIRST, SECOND]);
    // It stays so once the later request has ended.
    open.resolve(SECOND, noon()).unwrap();
    assert!(due(&open, FIRST, &first).is_empty());
    assert_eq!(open.touched_by([house(39, 39).position], noon()), [FIRST]);
    assert_eq!(due(&open, FIRST, &first).authorized(), &first, "the request is still its own");
}

#[test]
fn who_must_wait_waits_and_who_was_asked_does_not() {
    let hours =
        QuietHours::new(jiff::civil::time(11, 0, 0, 0), jiff::civil::time(14, 0, 0, 0), Zone::UTC);
    let (mut open, authorized) =
        opened(&Policy { quiet_hours: Some(hours.unwrap()), ..policy(0) }, houses(0, 9));
    let registry = loaded(&street(3), Layout::default());
    let due = open.due(FIRST, &authorized, &registry.snapshot(), noon()).unwrap();
    open.record_asked(FIRST, &due, noon()).unwrap();
    registry.apply([Change::Register(house(5, 5)), agrees(5)]).unwrap();
    let due = open.due(FIRST, &authorized, &registry.snapshot(), noon()).unwrap();
    assert_eq!(waits(&due), [(OwnerId(5), at("2026-05-10T14:00:00Z"))]);
}

#[test]
fn the_same_area_asked_again_stands_for_itself_once_the_first_has_ended() {
    const THIRD: RequestId = RequestId(3);
    let (mut open, _) = opened(&policy(11), houses(0, 39));
    let again = reviewed(&open, &policy(11), &request(1, houses(0, 39)));
    open.open(SECOND, &again, noon()).unwrap();
    let other = reviewed(&open, &policy(11), &request(1, houses(30, 49)).case("26-2"));
    let events = open.open(THIRD, &other, noon()).unwrap();
    let LifecycleStep::Opened { compared, .. } = &events[0].step else { panic!("{events:?}") };
    assert_eq!(compared, &[FIRST, SECOND], "all that ask the same");
    let (near, far) = (house(5, 5).position, house(45, 45).position);
    let touched = |open: &OpenRequests, at, expected: &[RequestId]| {
        assert_eq!(open.touched_by([at], noon()), expected);
        assert_eq!(written(open).touched_by([at], noon()), expected);
        assert_eq!(&written(open), open);
    };
    touched(&open, near, &[THIRD, FIRST, SECOND]);
    touched(&open, far, &[THIRD, FIRST, SECOND]);
    open.resolve(FIRST, noon()).unwrap();
    touched(&open, near, &[THIRD, SECOND]);
    open.resolve(SECOND, noon()).unwrap();
    touched(&open, near, &[THIRD]);
    touched(&open, far, &[THIRD]);
    open.resolve(THIRD, noon()).unwrap();
    touched(&open, near, &[]);
}

#[test]
fn after_the_last_number_nothing_happens_any_more() {
    let mut open = OpenRequests::new(u64::MAX - 2);
    let first = reviewed(&open, &policy(0), &request(1, houses(0, 9)));
    let opening = open.open(FIRST, &first, noon()).unwrap();
    // An expiry that is due comes before, so that one number is not enough.
    let second = reviewed(&open, &policy(0), &request(1, houses(20, 29)));
    let (before, late) = (open.clone(), noon() + days(10));
    let refused = open.open(SECOND, &second, late);
    assert_eq!(refused, Err(OpenRequestsError::NoMoreEvents));
    assert_eq!(open, before);
    let events = open.expire(late);
    assert_eq!((events.len(), open.next_sequence()), (1, u64::MAX));
    assert_eq!(open.open(SECOND, &second, late), Err(OpenRequestsError::NoMoreEvents));
    // What happened is replayed, and what cannot have happened is not.
    let mut replayed = OpenRequests::new(u64::MAX - 2);
    for event in opening.iter().chain(&events) {
        replayed.replay(event).unwrap();
    }
    assert_eq!(replayed, open);
    let past = LifecycleEvent { sequence: u64::MAX, ..events[0].clone() };
    assert_eq!(replayed.replay(&past), Err(OpenRequestsError::NoMoreEvents));
}

#[test]
fn what_cannot_be_done_says_why_and_changes_nothing() {
    let (mut open, authorized) = opened(&policy(0), houses(0, 9));
    let before = open.clone();
    let snapshot = snapshot(&street(5));
    let words =
        |result: Result<Vec<LifecycleEvent>, OpenRequestsError>| result.unwrap_err().to_string();
    let other = reviewed(&open, &policy(0), &request(2, houses(3, 4)));
    assert_eq!(words(open.open(FIRST, &other, noon())), "request `7` was opened before");
    let late = noon() + days(10);
    assert_eq!(words(open.resolve(FIRST, late)), "request `7` is expired, not open");
    assert_eq!(words(open.withdraw(SECOND, late)), "the case file has no request `8`");
    let back = "`2026-05-10T11:59:59Z` is before the last event, of `2026-05-10T12:00:00Z`; time \
                does not run backwards";
    assert_eq!(words(open.extend(FIRST, late, noon() - secs(1))), back);
    let foreign = "what was authorised is not request `7`: take its own authorisation";
    let due = open.due(FIRST, &other, &snapshot, noon()).unwrap_err();
    assert_eq!(due.to_string(), foreign);
    let route = snapshot.route(&other, noon());
    assert_eq!(open.record_asked(FIRST, &route, noon()).unwrap_err(), due);
    let unknown = open.due(SECOND, &authorized, &snapshot, noon()).unwrap_err().to_string();
    assert_eq!(unknown, "the case file has no request `8`");
    assert_eq!(open, before);
    assert_eq!(open.expire(late).len(), 1, "a refusal has not swallowed the expiry");
}

#[test]
fn events_are_written_in_these_words_and_those_that_do_not_follow_are_refused() {
    let (mut open, authorized) = opened(&policy(0), houses(0, 9));
    let mut log = Vec::new();
    let route = snapshot(&street(3)).route(&authorized, noon());
    log.extend(open.record_asked(FIRST, &route, noon()).unwrap().1);
    log.extend(open.extend(FIRST, noon() + days(11), noon() + days(1)).unwrap());
    log.extend(open.expire(noon() + days(12)));
    let text = serde_json::to_string(&log).unwrap();
    let expected = concat!(
        r#"[{"sequence":1,"at":"2026-05-10T12:00:00Z","id":7,"step":{"asked":{"owners":[0,1,2]}}},"#,
        r#"{"sequence":2,"at":"2026-05-11T12:00:00Z","id":7,"step":{"extended":{"until":"2026-05-21T12:00:00Z"}}},"#,
        r#"{"sequence":3,"at":"2026-05-21T12:00:00Z","id":7,"step":"expired"}]"#,
    );
    assert_eq!(text, expected);
    let (start, _) = opened(&policy(0), houses(0, 9));
    let replay = |text: &str| {
        let events: Vec<LifecycleEvent> = serde_json::from_str(text).unwrap();
        let mut open = start.clone();
        for event in &events {
            let before = open.clone();
            if let Err(error) = open.replay(event) {
                assert_eq!(open, before, "nothing changes");
                return Err(error.to_string());
            }
        }
        Ok(open)
    };
    assert_eq!(replay(&text), Ok(open));
    for (from, to, words) in [
        (r#""sequence":2"#, r#""sequence":5"#, "event `5` does not follow: expected `2`"),
        ("[0,1,2]", "[0,2,1]", "a list of request `7` does not ascend, or is empty"),
        ("[0,1,2]", "[]", "a list of request `7` does not ascend, or is empty"),
        (
            r#"{"extended":{"until":"2026-05-21T12:00:00Z"}}"#,
            r#"{"asked":{"owners":[2]}}"#,
            "owner `2` was asked for request `7` before",
        ),
        (
            r#""at":"2026-05-11T"#,
            r#""at":"2026-05-20T"#,
            "request `7` expired at `2026-05-20T12:00:00Z`, and no event says so",
        ),
        (
            r#""at":"2026-05-21T12:00:00Z""#,
            r#""at":"2026-05-21T11:59:59Z""#,
            "request `7` is open until `2026-05-21T12:00:00Z`: it did not expire at \
             `2026-05-21T11:59:59Z`",
        ),
        (
            r#""at":"2026-05-21T12:00:00Z""#,
            r#""at":"2026-05-10T12:00:00Z""#,
            "`2026-05-10T12:00:00Z` is before the last event, of `2026-05-11T12:00:00Z`; time does \
             not run backwards",
        ),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        assert_eq!(replay(&changed).unwrap_err(), words);
    }
    let twice = text.replace("]\"", "").replace(
        r#""step":"expired"}]"#,
        r#""step":"expired"},{"sequence":4,"at":"2026-05-21T12:00:00Z","id":7,"step":"expired"}]"#,
    );
    assert_eq!(replay(&twice).unwrap_err(), "request `7` is expired, not open");
}

#[test]
fn what_no_events_lead_to_is_not_read() {
    let (mut open, authorized) = opened(&policy(2), houses(0, 9));
    let route = snapshot(&street(3)).route(&authorized, noon());
    open.record_asked(FIRST, &route, noon()).unwrap();
    let second = reviewed(&open, &policy(2), &request(1, houses(5, 15)));
    open.open(SECOND, &second, noon() + days(1)).unwrap();
    let text = serde_json::to_string(&open).unwrap();
    assert_eq!(serde_json::from_str::<OpenRequests>(&text).unwrap(), open);
    let standing =
        r#""open":[{"id":7,"compared":[8],"asked":[0,1,2]},{"id":8,"compared":[7],"asked":[]}]"#;
    assert!(text.contains(standing), "{text}");
    let inconsistent =
        |id| format!("what is written about request `{id}` contradicts its case file");
    let ascend = "a list of request `7` does not ascend, or is empty".to_owned();
    for (from, to, words) in [
        // Whom a request asked cannot be dropped with the request: it is open in its file.
        (r#"{"id":7,"compared":[8],"asked":[0,1,2]},"#, "", inconsistent(7)),
        (r#""asked":[0,1,2]"#, r#""asked":[0,1,1]"#, ascend),
        (r#"{"id":8,"compared":[7]"#, r#"{"id":8,"compared":[]"#, inconsistent(7)),
        (r#"{"id":8,"compared":[7]"#, r#"{"id":8,"compared":[7,9]"#, inconsistent(8)),
        (r#"{"id":8,"compared":[7]"#, r#"{"id":9,"compared":[7]"#, inconsistent(8)),
        (r#""last":"2026-05-11"#, r#""last":"2026-05-10"#, inconsistent(8)),
        (r#""last":"2026-05-11"#, r#""last":"2026-06-11"#, inconsistent(7)),
        (r#""last":"2026-05-11T12:00:00Z""#, r#""last":null"#, inconsistent(7)),
        (
            r#""files":["#,
            r#""files":[{"agency":1,"opened":[]},"#,
            "agency `1` has two case files".to_owned(),
        ),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        let refused = serde_json::from_str::<OpenRequests>(&changed).unwrap_err().to_string();
        assert!(refused.starts_with(&words), "{from}: {refused}");
    }
}

#[test]
fn positions_find_the_open_requests_around_them_as_a_scan_does() {
    let (mut hits, mut misses, mut at_the_line) = (0, 0, 0);
    for seed in 0..60 {
        let mut rng = Rng(seed);
        let origin = rng.pick(&[(10, 50), (180, 10), (-180, -40), (0, 0)]);
        let mut open = OpenRequests::new(0);
        let mut areas = BTreeMap::new();
        for number in 0..30 {
            let id = RequestId(number * 3 % 31);
            let area = area(&mut rng, origin);
            let authorized = reviewed(&open, &policy(0), &request(number, area.clone()));
            open.open(id, &authorized, noon()).unwrap();
            areas.insert(id, area);
        }
        for id in [3, 6, 9].map(RequestId) {
            open.resolve(id, noon()).unwrap();
            areas.remove(&id);
        }
        let town = town(&mut rng, origin, 60);
        let restored = written(&open);
        for camera in town.cameras.values() {
            let one = Town { cameras: [(camera.id, *camera)].into(), ..Town::default() };
            let inside = |area: &Area| !households(&one, area).is_empty();
            let scan = areas.iter().filter(|(_, area)| inside(area)).map(|(&id, _)| id);
            let scan: Vec<RequestId> = scan.collect();
            assert_eq!(open.touched_by([camera.position], noon()), scan, "seed {seed}");
            assert_eq!(restored.touched_by([camera.position], noon()), scan, "seed {seed}");
            hits += scan.len();
            misses += areas.len() - scan.len();
            at_the_line += usize::from(camera.position.lon_e7() == -1_800_000_000) * scan.len();
        }
    }
    assert!(hits > 1_000 && misses > 1_000 && at_the_line > 50, "{hits} {misses} {at_the_line}");
}
