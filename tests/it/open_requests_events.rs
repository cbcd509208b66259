//! Events of standing requests: their order and form, and texts that are refused on reading or
//! replay.

use canvass::error::*;
use canvass::*;
use jiff::{SignedDuration, Timestamp};

use crate::open_requests::*;
use crate::support::*;

#[test]
fn expiries_come_first_in_order_of_time() {
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
    assert!(on_the_second.expire(over + hour - secs(1)).is_empty(), "each expiry is reported once");
    assert_eq!(on_the_second.expire(over + hour).len(), 2);
    // Any later step first returns the expiries that are due.
    events.extend(open.resolve(RequestId(4), over + days(1)).unwrap());
    let steps: Vec<(u64, u64, Timestamp)> =
        events.iter().map(|event| (event.sequence, event.id.0, event.at)).collect();
    let opened = [(100, 3, noon()), (101, 1, noon() + hour), (102, 2, noon() + hour)];
    let expired = [(104, 3, over), (105, 1, over + hour), (106, 2, over + hour)];
    let all = [&opened[..], &[(103, 4, noon() + 30 * hour)], &expired, &[(107, 4, over + days(1))]];
    assert_eq!(steps, all.concat());
    assert_eq!((open.next_sequence(), open.last_event_at()), (108, Some(over + days(1))));
    // A request with no time to stand expires right after its opening.
    let request = request(1, houses(0, 9));
    let never = reviewed(&open, &policy(0).with_open_days(0), &request);
    let events = open.open(RequestId(9), &never, over + days(2)).unwrap();
    assert!(matches!(events[0].step, LifecycleStep::Opened { .. }));
    assert_eq!((events.len(), &events[1].step), (2, &LifecycleStep::Expired));
    assert_eq!(written(&open), open);
}

#[test]
fn after_the_last_number_nothing_happens_any_more() {
    let mut open = OpenRequests::new(u64::MAX - 2);
    let first = reviewed(&open, &policy(0), &request(1, houses(0, 9)));
    let opening = open.open(FIRST, &first, noon()).unwrap();
    // A due expiry comes first, so one free number is not enough.
    let second = reviewed(&open, &policy(0), &request(1, houses(20, 29)));
    let (before, late) = (open.clone(), noon() + days(10));
    let refused = open.open(SECOND, &second, late);
    assert_eq!(refused, Err(OpenRequestsError::NoMoreEvents));
    assert_eq!(open, before);
    let events = open.expire(late);
    assert_eq!((events.len(), open.next_sequence()), (1, u64::MAX));
    // Of two expiries the first takes the last number; the second expires without an event.
    let mut two = OpenRequests::new(u64::MAX - 3);
    two.open(FIRST, &first, noon()).unwrap();
    two.open(SECOND, &second, noon()).unwrap();
    assert_eq!(two.expire(late).iter().map(|event| event.id).collect::<Vec<_>>(), [FIRST]);
    assert_eq!((two.next_sequence(), two.expire(late)), (u64::MAX, vec![]));
    assert_eq!(two.state(SECOND, late), Ok(RequestState::Expired));
    assert_eq!(open.open(SECOND, &second, late), Err(OpenRequestsError::NoMoreEvents));
    // Possible events are replayed, and impossible ones are refused.
    let mut replayed = OpenRequests::new(u64::MAX - 2);
    for event in opening.iter().chain(&events) {
        replayed.replay(event).unwrap();
    }
    assert_eq!(replayed, open);
    let past = LifecycleEvent::new(u64::MAX, events[0].at, events[0].id, events[0].step.clone());
    assert_eq!(replayed.replay(&past), Err(OpenRequestsError::NoMoreEvents));
}

#[test]
fn the_form_of_events_is_pinned_and_gaps_refused() {
    let (mut open, authorized) = opened(&policy(0), houses(0, 9));
    let mut log = Vec::new();
    log.extend(decided(&mut open, &authorized, &snapshot(&street(3))));
    let route = snapshot(&street(3)).route(authorized.assume_open(), noon());
    log.extend(open.record_asked(FIRST, &route, noon()).unwrap().1);
    log.extend(open.extend(FIRST, noon() + days(11), noon() + days(1)).unwrap());
    log.extend(open.expire(noon() + days(12)));
    let text = serde_json::to_string(&log).unwrap();
    let expected = concat!(
        r#"[{"sequence":1,"at":"2026-05-10T12:00:00Z","id":7,"step":{"decided":{"enough":true}}},"#,
        r#"{"sequence":2,"at":"2026-05-10T12:00:00Z","id":7,"step":{"asked":{"owners":[0,1,2]}}},"#,
        r#"{"sequence":3,"at":"2026-05-11T12:00:00Z","id":7,"step":{"extended":{"until":"2026-05-21T12:00:00Z"}}},"#,
        r#"{"sequence":4,"at":"2026-05-21T12:00:00Z","id":7,"step":"expired"}]"#,
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
        ("[0,1,2]", "[0,2,1]", "a list of request `7` does not ascend"),
        (
            r#"{"enough":true}"#,
            r#"{"enough":false}"#,
            "request `7` may ask nobody: `decide` whether it has households enough, and keep the event",
        ),
        (
            r#"{"extended":{"until":"2026-05-21T12:00:00Z"}}"#,
            r#"{"asked":{"owners":[2]}}"#,
            "owner `2` was asked for request `7` before",
        ),
        (
            r#""at":"2026-05-11T"#,
            r#""at":"2026-05-20T"#,
            "request `7` expired at `2026-05-20T12:00:00Z`, and no event records it",
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
    // An erased owner is in no event any more: the event's number stays, with nobody asked.
    let erased = replay(&text.replace("[0,1,2]", "[]")).unwrap();
    assert_eq!(erased.next_sequence(), 5);
    let twice = text.replace(
        r#""step":"expired"}]"#,
        r#""step":"expired"},{"sequence":5,"at":"2026-05-21T12:00:00Z","id":7,"step":"expired"}]"#,
    );
    assert_eq!(replay(&twice).unwrap_err(), "request `7` is expired, not open");
}

/// Two requests end in one second: the replay passes through a state with one expiry applied.
#[test]
fn expiries_of_one_second_come_one_by_one() {
    let mut open = OpenRequests::new(0);
    for (id, agency, hours) in [(1, 1, 0), (2, 2, 0), (3, 3, 1)] {
        let authorized = reviewed(&open, &policy(0), &request(agency, houses(0, 9)));
        let now = noon() + SignedDuration::from_hours(hours);
        open.open(RequestId(id), &authorized, now).unwrap();
    }
    let before = open.clone();
    let events = open.expire(noon() + days(20));
    assert_eq!(events.iter().map(|event| event.id.0).collect::<Vec<_>>(), [1, 2, 3]);
    let mut replayed = before.clone();
    for event in &events {
        replayed.replay(event).unwrap();
        assert_eq!(written(&replayed), replayed);
    }
    assert_eq!(replayed, open);
    for late in &events[1..] {
        let early = LifecycleEvent::new(events[0].sequence, late.at, late.id, late.step.clone());
        let missing = OpenRequestsError::ExpiryMissing { id: RequestId(1), until: events[0].at };
        assert_eq!(before.clone().replay(&early), Err(missing));
    }
}

#[test]
fn events_of_ended_or_foreign_requests_are_refused() {
    let (mut open, authorized) = opened(&policy(2), houses(0, 9));
    let mut other = OpenRequests::new(1);
    let second = reviewed(&other, &policy(2), &request(2, houses(5, 15)));
    let opening = other.open(SECOND, &second, noon()).unwrap().remove(0);
    let LifecycleStep::Opened { request, until, latest, .. } = opening.step.clone() else {
        panic!("{opening:?}")
    };
    let step = LifecycleStep::Opened { request, until, latest };
    let taken = LifecycleEvent::new(opening.sequence, opening.at, FIRST, step);
    let refused = Err(CaseFileError::IdTaken { id: FIRST }.into());
    assert_eq!(open.clone().replay(&taken), refused);
    assert_eq!(open.clone().replay(&opening), Ok(()));
    let route = snapshot(&street(3)).route(authorized.assume_open(), noon());
    let mut asking = open.clone();
    decided(&mut asking, &authorized, &snapshot(&street(3)));
    let asked = asking.record_asked(FIRST, &route, noon()).unwrap().1.remove(0);
    open.withdraw(FIRST, noon()).unwrap();
    let asked = LifecycleEvent::new(open.next_sequence(), asked.at, asked.id, asked.step);
    let ended = CaseFileError::NotOpen { id: FIRST, state: RequestState::Withdrawn };
    assert_eq!(open.replay(&asked), Err(ended.into()));
}

#[test]
fn unreachable_states_are_not_read() {
    let (mut open, authorized) = opened(&policy(2), houses(0, 9));
    let route = snapshot(&street(3)).route(authorized.assume_open(), noon());
    decided(&mut open, &authorized, &snapshot(&street(3)));
    open.record_asked(FIRST, &route, noon()).unwrap();
    let second = reviewed(&open, &policy(2), &request(1, houses(5, 15)));
    open.open(SECOND, &second, noon() + days(1)).unwrap();
    let text = serde_json::to_string(&open).unwrap();
    assert_eq!(serde_json::from_str::<OpenRequests>(&text).unwrap(), open);
    let standing = r#""open":[{"id":7,"enough":true,"asked":[0,1,2]},{"id":8,"asked":[]}]"#;
    assert!(text.contains(standing), "{text}");
    let (_, files) = text.split_once(r#""files":["#).unwrap();
    let (file, _) = files.split_once(r#"],"open":["#).unwrap();
    let inconsistent = |id| format!("the state of request `{id}` contradicts its case file");
    let ascend = "a list of request `7` does not ascend".to_owned();
    for (from, to, words) in [
        // Whom a request asked cannot be dropped with the request: it is open in its file.
        (r#"{"id":7,"enough":true,"asked":[0,1,2]},"#, "", inconsistent(7)),
        (r#""asked":[0,1,2]"#, r#""asked":[0,1,1]"#, ascend),
        // A request must not stand twice, nor without an opening, nor after its end.
        (r#"{"id":8,"asked":[]}"#, r#"{"id":9,"asked":[]}"#, inconsistent(8)),
        (r#"{"id":8,"asked":[]}"#, r#"{"id":8,"asked":[]},{"id":8,"asked":[]}"#, inconsistent(8)),
        (r#"{"id":8,"asked":[]}"#, r#"{"id":8,"asked":[]},{"id":9,"asked":[]}"#, inconsistent(9)),
        (
            r#""2026-06-07T12:00:00Z","ended":null"#,
            r#""2026-06-07T12:00:00Z","ended":{"resolved":"2026-05-10T12:00:00Z"}"#,
            inconsistent(7),
        ),
        (r#""last":"2026-05-11"#, r#""last":"2026-05-10"#, inconsistent(8)),
        (r#""last":"2026-05-11"#, r#""last":"2026-06-11"#, inconsistent(7)),
        (r#""last":"2026-05-11T12:00:00Z""#, r#""last":null"#, inconsistent(7)),
        (
            r#""files":["#,
            &format!(r#""files":[{file},"#),
            "agency `1` has two case files".to_owned(),
        ),
        (
            r#""files":["#,
            r#""files":[{"agency":9,"opened":[]},"#,
            "the case file of agency `9` is empty".to_owned(),
        ),
        // Two were opened, and one of them was decided and asked; whatever else happened, numbers do not come twice.
        (
            r#""next":4"#,
            r#""next":3"#,
            "the next event is `3`, and `4` or more have happened".to_owned(),
        ),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        let refused = serde_json::from_str::<OpenRequests>(&changed).unwrap_err().to_string();
        assert!(refused.starts_with(&words), "{from}: {refused}");
    }
    // More than these may have happened, an extension say; but not before the first was opened.
    let later = text.replace(r#""next":4"#, r#""next":5"#);
    assert_eq!(serde_json::from_str::<OpenRequests>(&later).unwrap().next_sequence(), 5);
    let none = |last| format!(r#"{{"next":4,"last":{last},"files":[],"open":[]}}"#);
    assert_eq!(serde_json::from_str::<OpenRequests>(&none("null")).unwrap(), OpenRequests::new(4));
    let refused = serde_json::from_str::<OpenRequests>(&none(r#""2026-05-11T12:00:00Z""#));
    let words = "the last event is dated `2026-05-11T12:00:00Z`, and there was none";
    assert!(refused.unwrap_err().to_string().starts_with(words));
    // A request that has ended took two numbers.
    open.resolve(FIRST, noon() + days(1)).unwrap();
    open.resolve(SECOND, noon() + days(1)).unwrap();
    let ended = serde_json::to_string(&open).unwrap();
    assert_eq!(serde_json::from_str::<OpenRequests>(&ended).unwrap(), open);
    let refused =
        serde_json::from_str::<OpenRequests>(&ended.replace(r#""next":6"#, r#""next":3"#));
    let words = "the next event is `3`, and `4` or more have happened";
    assert!(refused.unwrap_err().to_string().starts_with(words));
}
