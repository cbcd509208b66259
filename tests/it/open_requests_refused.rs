//! Steps that a request refuses, and requests that ask nobody.

use canvass::error::*;
use canvass::*;

use crate::open_requests::*;
use crate::support::*;

#[test]
fn every_opened_request_remains_listed() {
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
fn impossible_steps_have_a_reason_and_change_nothing() {
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
    let foreign = "the authorised request is not request `7`: pass its own authorisation";
    let due = open.due(FIRST, &other, &snapshot, noon()).unwrap_err();
    assert_eq!(due.to_string(), foreign);
    let route = snapshot.route(other.assume_open(), noon());
    assert_eq!(open.record_asked(FIRST, &route, noon()).unwrap_err(), due);
    // A route to nobody is refused for the same reasons as any other.
    let nobody = Route::empty(&authorized, noon());
    let asked = |now| words(open.clone().record_asked(FIRST, &nobody, now).map(|it| it.1));
    assert_eq!(asked(noon() - secs(1)), back);
    assert_eq!(asked(late), "request `7` is expired, not open");
    let unknown = open.due(SECOND, &authorized, &snapshot, noon()).unwrap_err().to_string();
    assert_eq!(unknown, "the case file has no request `8`");
    assert_eq!(open, before);
    assert_eq!(open.expire(late).len(), 1, "a refusal has not swallowed the expiry");
}

/// Even where nobody looks whether it is open: a route of one that ended long ago asks nobody.
#[test]
fn a_request_past_its_longest_time_asks_nobody() {
    let (_, authorized) = opened(&policy(0), houses(0, 9));
    let snapshot = snapshot(&street(5));
    let asks = |now| {
        let route = snapshot.route(authorized.assume_open(), now);
        let funnel = snapshot.funnel(&authorized, now);
        assert_eq!((funnel.asked(), funnel.permitted()), (route.cameras().len(), 5));
        let explained = snapshot.explain_area(&authorized, now);
        let [(camera, reason), ..] = explained[..] else { panic!("nobody lives there") };
        assert_eq!(snapshot.explain(&authorized, now, camera.id), reason);
        (route.owners(), reason)
    };
    let last = noon() + days(28);
    assert_eq!(asks(last - secs(1)), (5, Explanation::Asked));
    assert_eq!(asks(last), (0, Explanation::RequestOver));
    assert!(authorized.is_over(last) && !authorized.is_over(last - secs(1)));
}

/// A service whose snapshots are elsewhere routes in between.
#[test]
fn both_halves_of_due_ask_nobody_for_another_request() {
    let (registry, now) = (Registry::new(), noon());
    registry.apply([Change::Register(camera_at(1, 1, place((10, 50), 0, 0))), grant(1)]).unwrap();
    let authorized = authorize_under(
        &Policy::without_limits_or_anonymity().with_open_days(1).with_max_open_days(1),
        houses(0, 9),
    );
    let mut open = OpenRequests::new(0);
    open.open(RequestId(1), &authorized, now).unwrap();
    open.decide_with(RequestId(1), &authorized, || true, now).unwrap();
    let route = || registry.snapshot().route(authorized.assume_open(), now);
    let standing = open.standing(RequestId(1), &authorized, now).unwrap();
    assert_eq!(standing.map(StandingRequest::authorized), Some(&authorized));
    assert_eq!(open.not_asked(RequestId(1), route()), route());
    assert_eq!(route().owners(), 1);
    // Of no request, of another one, and when its time is over.
    assert!(open.not_asked(RequestId(2), route()).is_empty());
    assert!(open.standing(RequestId(2), &authorized, now).is_err());
    let other = registry.snapshot().route(authorize(houses(0, 8)).assume_open(), now);
    assert!(!other.is_empty() && open.not_asked(RequestId(1), other).is_empty());
    let late = registry.snapshot().route(authorized.assume_open(), now + days(2));
    assert!(late.is_empty() && open.not_asked(RequestId(1), late).is_empty());
    assert_eq!(open.standing(RequestId(1), &authorized, now + days(2)), Ok(None));
    // And once the owner was asked.
    open.record_asked(RequestId(1), &route(), now).unwrap();
    assert!(open.not_asked(RequestId(1), route()).is_empty());
}
