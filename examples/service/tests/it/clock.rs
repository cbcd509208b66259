//! Effects of time, in an engine whose clock is the test's, and in the program with its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use canvass::{AuthorizedRequest, LifecycleEvent, LifecycleStep, RequestId};
use canvass_service::engine::{Engine, Refusal, Step, Threads};
use canvass_service::metrics::Metrics;
use canvass_service::settings::Settings;
use canvass_service::store::{Answered, Caller, Once};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{
    FIRST, OPERATOR, Service, Table, agreed, complaint, config, insert, remove, request, square,
};

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

fn start(folder: &std::path::Path, config: &Value) -> (Arc<Engine>, Threads) {
    let settings: Settings = serde_json::from_value(config.clone()).unwrap();
    let (rules, metrics) = (settings.rules(), Arc::new(Metrics::default()));
    Engine::start(&folder.join("data"), rules, &settings.limits, &metrics).unwrap()
}

/// A request about the hours before an instant, reviewed then.
fn reviewed(engine: &Engine, case: &str, now: Timestamp) -> AuthorizedRequest {
    let mut request = request(case, &square(-84.9, 41.1, 0.008));
    let ago = |hours| (now - SignedDuration::from_hours(hours)).to_string();
    request["window"] = json!({ "start": ago(5), "end": ago(3) });
    let request: canvass::Request = serde_json::from_value(request).unwrap();
    let record = engine.cases().agency(request.agency).unwrap().clone();
    engine.cases().review(&request, &record, now).unwrap()
}

async fn open(engine: &Engine, case: &str, now: Timestamp) -> Result<RequestId, Refusal> {
    let authorized = reviewed(engine, case, now);
    Ok(engine.open(authorized, now, None).await?.request.unwrap())
}

fn events(engine: &Engine) -> Vec<LifecycleEvent> {
    let events = engine.events(0).unwrap().into_iter();
    events.map(|event| serde_json::from_str(event.get()).unwrap()).collect()
}

#[tokio::test]
async fn requests_expire_by_the_clock_of_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&json!({ "max_requests_per_case": 9 }), &json!({}));
    let (engine, threads) = start(folder.path(), &config);
    // Whole seconds, as in the library.
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    let then = now - days(17);
    let houses: Vec<Value> =
        (1..=12).flat_map(|owner| agreed(owner, -84.9 + 0.0002 * owner as f64, 41.102)).collect();
    let changes = serde_json::from_value(json!(houses)).unwrap();
    engine.apply(changes, json!(houses).to_string().into_bytes(), then, None).await.unwrap();
    let first = open(&engine, "26-1", then).await.unwrap();
    let second = open(&engine, "26-1", then + days(1)).await.unwrap();
    let third = open(&engine, "26-1", then + days(6)).await.unwrap();
    let authorized = engine.cases().authorized(first, then + days(7)).unwrap();
    engine.decide(first, authorized.clone(), then + days(7)).await.unwrap();
    let route = engine.due(first, &authorized, then + days(7)).unwrap();
    assert_eq!(route.owners(), 12);
    engine.ask(first, route, then + days(7), None).await.unwrap();

    engine.clock(then + days(10) - SignedDuration::from_secs(1)).await.unwrap();
    assert_eq!(engine.waiting(then + days(9)).await.unwrap().len(), 3);
    assert_eq!(events(&engine).len(), 5);
    // The clock stood still, and then it is much later: both expired when they did.
    engine.clock(then + days(12)).await.unwrap();
    let agency = canvass::AgencyId(1);
    // Its bands have noise, and never change.
    let outcome = engine.outcome(agency, first).await.unwrap().unwrap();
    assert_eq!(engine.outcome(agency, first).await.unwrap().unwrap(), outcome);
    assert!(engine.outcome(agency, third).await.unwrap().is_err());
    let mut happened = events(&engine);
    let expired: Vec<_> = happened.split_off(5);
    let expected = [(6, first, then + days(10)), (7, second, then + days(11))];
    let expired: Vec<_> = expired
        .into_iter()
        .inspect(|event| assert_eq!(event.step, LifecycleStep::Expired))
        .map(|event| (event.sequence, event.id, event.at))
        .collect();
    assert_eq!(expired, expected);
    assert!(engine.cases().authorized(first, then + days(12)).is_err());
    assert_eq!(engine.waiting(then + days(12)).await.unwrap(), [third]);
    // A clock that is set back undoes no event.
    engine.clock(then).await.unwrap();
    let fourth = open(&engine, "26-1", then + days(10)).await.unwrap();
    let last = events(&engine).pop().unwrap();
    assert_eq!((last.id, last.at), (fourth, then + days(11)));
    engine.stop().await;
    drop(engine);
    tokio::task::spawn_blocking(|| threads.join()).await.unwrap();

    // The program has its own clock: it reports requests that expired while it was down.
    tokio::task::spawn_blocking(move || {
        let service = Service::start(folder.path(), &config);
        assert_eq!(
            service.get(FIRST, &format!("/v1/requests/{first}")).expect(200)["state"],
            "expired"
        );
        let begun = Instant::now();
        let expired = loop {
            let page = service.get(OPERATOR, "/v1/events?after=8").expect(200)["events"].take();
            assert!(begun.elapsed() < Duration::from_secs(30), "the clock stands still");
            if page != json!([]) {
                break page;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let at = then + days(16);
        assert_eq!(expired, json!([{ "sequence": 9, "at": at, "id": third, "step": "expired" }]));
        service.stop();
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_consent_that_expires_in_the_queue_asks_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, threads) = start(folder.path(), &config(&json!({}), &json!({})));
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    let mut changes: Vec<Value> =
        (1..=13).flat_map(|owner| agreed(owner, -84.9 + 0.0002 * owner as f64, 41.102)).collect();
    changes.push(json!({ "set_consent": { "owner": 5, "consent": {
        "standing": "granted", "expires": now + SignedDuration::from_secs(5) } } }));
    let list = serde_json::from_value(json!(changes)).unwrap();
    engine.apply(list, json!(changes).to_string().into_bytes(), now, None).await.unwrap();
    let id = open(&engine, "26-1", now).await.unwrap();
    let authorized = engine.cases().authorized(id, now).unwrap();
    engine.decide(id, authorized.clone(), now).await.unwrap();
    let route = engine.due(id, &authorized, now).unwrap();
    assert_eq!(route.owners(), 13);
    // No change came in between: the revision is the same, at a later instant.
    let asked = engine.ask(id, route, now + SignedDuration::from_secs(5), None).await.unwrap();
    let asked: Value = serde_json::from_str(asked.body.get()).unwrap();
    assert_eq!(asked["owners"], 12);
    assert!(asked["recipients"].as_array().unwrap().iter().all(|named| named["owner"] != 5));
    let LifecycleStep::Asked { owners } = &events(&engine)[2].step else { panic!("nobody asked") };
    assert_eq!(owners.len(), 12);
    engine.stop().await;
    drop(engine);
    tokio::task::spawn_blocking(|| threads.join()).await.unwrap();
}

/// Changes between a route and the writer's turn, all at the same instant.
#[tokio::test]
async fn changes_made_while_a_route_waits_count() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, threads) = start(folder.path(), &config(&json!({}), &json!({})));
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    let house = |owner: u64| agreed(owner, -84.9 + 0.0002 * owner as f64, 41.102);
    let change = async |changes: Vec<Value>| {
        let list = serde_json::from_value(json!(changes)).unwrap();
        engine.apply(list, json!(changes).to_string().into_bytes(), now, None).await.unwrap();
    };
    let owners = |asked: Result<Answered, Refusal>| -> Vec<u64> {
        let asked: Value = serde_json::from_str(asked.unwrap().body.get()).unwrap();
        let named = asked["recipients"].as_array().unwrap().iter();
        named.map(|named| named["owner"].as_u64().unwrap()).collect()
    };
    change((1..=13).flat_map(house).collect()).await;
    let id = open(&engine, "26-1", now).await.unwrap();
    let authorized = engine.cases().authorized(id, now).unwrap();
    engine.decide(id, authorized.clone(), now).await.unwrap();
    let route = engine.due(id, &authorized, now).unwrap();
    assert_eq!(route.owners(), 13);
    // One owner withdraws and is not asked; another registers, for whom the request stays due.
    change(vec![json!({ "withdraw": { "owner": 5 } })]).await;
    change(house(14).into()).await;
    let once = Once::new(Caller::Operator, b"key", "/ask", b"{}", 0);
    let ask = || engine.ask(id, route.clone(), now, Some(once.clone()));
    let left: Vec<u64> = (1..=13).filter(|&owner| owner != 5).collect();
    assert_eq!(owners(ask().await), left);
    assert_eq!(engine.waiting(now).await.unwrap(), [id]);
    assert_eq!(owners(ask().await), left);
    let next = engine.due(id, &authorized, now).unwrap();
    assert_eq!(owners(engine.ask(id, next, now, None).await), [14]);
    assert_eq!(engine.waiting(now).await.unwrap(), []);
    // The agency ends the request: no owner is handed over again, even with an old route.
    let agency = canvass::AgencyId(1);
    engine.go_on(agency, id, Step::Resolve, now, None).await.unwrap();
    let refused = ask().await.unwrap_err().to_string();
    assert_eq!(refused, format!("request `{id}` is resolved, not open"));
    engine.stop().await;
    drop(engine);
    tokio::task::spawn_blocking(|| threads.join()).await.unwrap();
}

#[tokio::test]
async fn a_clock_set_back_does_not_delay_the_next_sweep() {
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({ "look_again_seconds": 3600 });
    let (engine, threads) = start(folder.path(), &config(&json!({}), &limits));
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    let id = open(&engine, "26-1", now).await.unwrap();
    // Nobody lives there, so one check removes the request from the list until a change affects it.
    let look = async |at| {
        let authorized = engine.cases().authorized(id, at).unwrap();
        engine.decide(id, authorized.clone(), at).await.unwrap();
        let route = engine.due(id, &authorized, at).unwrap();
        engine.ask(id, route, at, None).await.unwrap();
        engine.waiting(at).await.unwrap()
    };
    engine.clock(now + days(5)).await.unwrap();
    assert_eq!(look(now + days(5)).await, []);
    let soon = SignedDuration::from_mins(59);
    engine.clock(now + days(5) + soon).await.unwrap();
    assert_eq!(engine.waiting(now).await.unwrap(), [], "looked again too soon");
    engine.clock(now).await.unwrap();
    assert_eq!(engine.waiting(now).await.unwrap(), [id]);
    assert_eq!(look(now).await, []);
    engine.clock(now + soon).await.unwrap();
    assert_eq!(engine.waiting(now).await.unwrap(), [], "looked again too soon");
    engine.stop().await;
    drop(engine);
    tokio::task::spawn_blocking(|| threads.join()).await.unwrap();
}

#[test]
fn limits_beyond_all_semaphores_and_timers_are_refused() {
    for name in ["in_flight", "connections", "head_seconds"] {
        let config = |limit: u64| config(&json!({}), &json!({ name: limit }));
        let read = |limit| serde_json::from_value::<Settings>(config(limit));
        let error = read(1 << 32).unwrap_err().to_string();
        assert_eq!(error, format!("limit `{name}` is 4294967296; at most 4294967295"));
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(folder.path(), &config((1 << 32) - 1));
        assert_eq!(service.get("", "/healthz").status, 200);
        service.stop();
    }
}

#[test]
fn events_that_are_missing_stop_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&json!({}), &json!({}));
    let service = Service::start(folder.path(), &config);
    let ids =
        [0, 1].map(|_| service.open(&request("26-1", &square(-84.9, 41.1, 0.008)))["id"].clone());
    service.post(FIRST, &format!("/v1/requests/{}/resolve", ids[0]), "{}").expect(200);
    service.stop();
    let [first, second] = ids.map(|id| id.as_u64().unwrap());

    for (table, key, expected) in [
        ("events", 3, "events are missing: the last is `2`, and there were `3`".to_owned()),
        ("events", 2, "event `3` does not follow: expected `2`".to_owned()),
        (
            "outcomes",
            second,
            format!("entry `{second}` of table `outcomes` cannot be read: it is missing"),
        ),
        (
            "outcomes",
            first,
            format!("entry `{first}` of table `outcomes` cannot be read: it is missing"),
        ),
    ] {
        let row = remove(folder.path(), Table::new(table), key);
        let said = complaint(folder.path(), &config);
        assert!(said.contains(&expected), "{said}");
        insert(folder.path(), Table::new(table), key, &row);
    }
    Service::start(folder.path(), &config).stop();
}
