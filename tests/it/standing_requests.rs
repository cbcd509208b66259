//! Only a request that stands asks anybody, and for as long as it stands.

use canvass::error::RecheckError;
use canvass::parts::PartialRoute;
use canvass::{
    AuthorizedRequest, Change, Layout, OpenRequests, OwnerId, Policy, Registry, RequestId, Route,
    Scratch, Snapshot, StandingRequest,
};
use jiff::{SignedDuration, Timestamp};

use crate::support::*;

const ID: RequestId = RequestId(1);

/// A request for two days about a street of forty, opened an hour after its review, and decided.
fn opened() -> (Registry, OpenRequests, AuthorizedRequest, Timestamp) {
    let registry = loaded(&street(40), Layout::default());
    let policy = Policy::without_limits_or_anonymity().with_open_days(2).with_max_open_days(4);
    let authorized = authorize_under(&policy, houses(0, 29));
    let (mut open, at) = (OpenRequests::new(0), noon() + SignedDuration::from_hours(1));
    open.open(ID, &authorized, at).unwrap();
    open.decide(ID, &authorized, &registry.snapshot(), at).unwrap();
    (registry, open, authorized, at)
}

/// The owners asked by every function that asks somebody: all have to agree.
fn asked_by_all_ways(snapshot: &Snapshot, standing: StandingRequest<'_>, now: Timestamp) -> usize {
    let authorized = standing.authorized();
    let one = snapshot.route(standing, now);
    let mut into = Route::empty(authorized, now);
    snapshot.route_into(standing, now, &mut Scratch::new(), &mut into);
    let batch = snapshot.route_batch(&[standing], now).remove(0);
    let part = snapshot.partial_route(authorized, now);
    let whole = PartialRoute::nothing(authorized, now).merge(part).unwrap();
    let merged = whole.finish(standing).unwrap();
    let before = snapshot.route(authorized.assume_open(), noon());
    let rechecked = before.recheck(standing, snapshot, now).unwrap();
    assert!(before.owners() == 30 && one == into && one == batch && one == merged);
    assert_eq!(answer(&one), answer(&rechecked));
    one.owners()
}

#[test]
fn a_token_asks_nobody_while_its_request_is_not_open() {
    let (registry, open, authorized, at) = opened();
    let standing = open.standing(ID, &authorized, at).unwrap().unwrap();
    assert_eq!(standing.opened().map(canvass::OpenedRequest::id), Some(ID));
    let snapshot = registry.snapshot();
    let second = SignedDuration::from_secs(1);
    for (now, owners) in [
        (at - second, 0),
        (at, 30),
        (at + days(2) - second, 30),
        (at + days(2), 0),
        (at + days(200), 0),
    ] {
        assert_eq!(asked_by_all_ways(&snapshot, standing, now), owners, "{now}");
        assert_eq!(standing.is_open(now), owners > 0);
    }
}

#[test]
fn an_assumed_request_is_over_after_the_longest_time() {
    let (registry, _, authorized, at) = opened();
    let standing = authorized.assume_open();
    assert_eq!(standing.opened(), None);
    let snapshot = registry.snapshot();
    for (now, owners) in [(at, 30), (at + days(3), 30), (noon() + days(4), 0)] {
        assert_eq!(asked_by_all_ways(&snapshot, standing, now), owners, "{now}");
    }
}

#[test]
fn an_ended_request_gives_no_token() {
    type End = fn(&mut OpenRequests, Timestamp);
    let ends: [(&str, End); 3] = [
        ("withdrawn", |open, now| drop(open.withdraw(ID, now).unwrap())),
        ("resolved", |open, now| drop(open.resolve(ID, now).unwrap())),
        ("expired", |open, now| drop(open.expire(now + days(2)))),
    ];
    for (name, end) in ends {
        let (registry, mut open, authorized, at) = opened();
        let due = open.due(ID, &authorized, &registry.snapshot(), at).unwrap();
        assert_eq!(due.owners(), 30);
        end(&mut open, at);
        let later = at + days(2);
        assert_eq!(open.standing(ID, &authorized, later), Ok(None), "{name}");
        assert!(open.due(ID, &authorized, &registry.snapshot(), later).unwrap().is_empty());
        assert!(open.record_asked(ID, &due, later).is_err(), "{name}");
        assert!(open.not_asked(ID, due).is_empty());
    }
}

#[test]
fn a_route_is_rechecked_with_its_own_request() {
    let (registry, open, authorized, at) = opened();
    let snapshot = registry.snapshot();
    let due = open.due(ID, &authorized, &snapshot, at).unwrap();
    let other = authorize(houses(0, 28));
    let refused = due.recheck(other.assume_open(), &snapshot, at).unwrap_err();
    assert_eq!(refused, RecheckError::OtherRequest);
    let words = "the route is another request's: recheck it with the request that it was made of";
    assert_eq!(refused.to_string(), words);
    // An equal review is the same request, as after a restart.
    let policy = Policy::without_limits_or_anonymity().with_open_days(2).with_max_open_days(4);
    let again = authorize_under(&policy, houses(0, 29));
    assert_eq!(due.recheck(again.assume_open(), &snapshot, at).unwrap(), due);
}

#[test]
fn an_older_snapshot_asks_nobody_twice_and_a_recheck_corrects_it() {
    let (registry, mut open, authorized, at) = opened();
    let older = registry.snapshot();
    let newer = registry.apply([Change::Withdraw { owner: OwnerId(3) }]).unwrap();
    let first = open.due(ID, &authorized, &newer, at).unwrap();
    assert_eq!(first.owners(), 29);
    open.record_asked(ID, &first, at).unwrap();
    // The owner who withdrew is in the older snapshot's route; nobody else, since they were asked.
    let stale = open.due(ID, &authorized, &older, at).unwrap();
    assert_eq!(owners(&stale), [3]);
    let standing = open.standing(ID, &authorized, at).unwrap().unwrap();
    assert!(stale.recheck(standing, &newer, at).unwrap().is_empty());
    assert!(first.recheck(standing, &older, at).is_err(), "nor does a recheck go back");
}
