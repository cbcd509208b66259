//! Standing requests: an owner who comes while one is open is asked once, and events are in order.

use serde_json::{Value, json};

use crate::support::{FIRST, OPERATOR, Service, agreed, config, request, square};

const AREA: (f64, f64, f64) = (-84.9, 41.1, 0.008);

fn area() -> Value {
    square(AREA.0, AREA.1, AREA.2)
}

/// An owner in the area who agreed.
fn house(owner: u64) -> [Value; 2] {
    agreed(owner, AREA.0 + 0.0002 * owner as f64, 41.102)
}

fn houses(owners: std::ops::RangeInclusive<u64>) -> Vec<Value> {
    owners.flat_map(house).collect()
}

#[track_caller]
fn owners(routed: &Value) -> Vec<u64> {
    let recipients = routed["recipients"].as_array().unwrap().iter();
    recipients.map(|recipient| recipient["owner"].as_u64().unwrap()).collect()
}

struct Desk<'a> {
    service: &'a Service,
    id: Value,
}

impl Desk<'_> {
    fn path(&self, verb: &str) -> String {
        format!("/v1/requests/{}/{verb}", self.id)
    }

    #[track_caller]
    fn due(&self) -> Value {
        self.service.get(OPERATOR, "/v1/due").expect(200)["requests"].clone()
    }

    #[track_caller]
    fn route(&self) -> Vec<u64> {
        owners(&self.service.get(OPERATOR, &self.path("route")).expect(200))
    }

    #[track_caller]
    fn ask(&self) -> Vec<u64> {
        owners(&self.service.post(OPERATOR, &self.path("ask"), "{}").expect(200))
    }

    /// The numbers and steps of the events after one.
    #[track_caller]
    fn events(&self, after: u64) -> Vec<(u64, String)> {
        let page = self.service.get(OPERATOR, &format!("/v1/events?after={after}")).expect(200);
        let step = |event: &Value| match event["step"].as_str() {
            Some(name) => name.to_owned(),
            None => event["step"].as_object().unwrap().keys().next().unwrap().clone(),
        };
        let events = page["events"].as_array().unwrap().iter();
        events.map(|event| (event["sequence"].as_u64().unwrap(), step(event))).collect()
    }
}

#[test]
fn newcomers_are_asked_once_by_an_open_request() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&json!({}), &json!({}));
    let service = Service::start(folder.path(), &config);
    service.change(&houses(1..=12));
    let told = service.open(&request("26-1", &area()));
    let desk = Desk { service: &service, id: told["id"].clone() };
    assert_eq!((desk.due(), desk.events(0)), (json!([told["id"]]), vec![(1, "opened".into())]));

    // A route asks nobody; handing over asks once.
    let all: Vec<u64> = (1..=12).collect();
    assert_eq!((desk.route(), desk.route()), (all.clone(), all.clone()));
    let first = service.post_keyed(OPERATOR, &desk.path("ask"), "ask-1", "{}").expect(200);
    assert_eq!(owners(&first), all);
    assert_eq!((desk.due(), desk.route(), desk.ask()), (json!([]), vec![], vec![]));

    // Changes elsewhere have no effect. In the area an owner agrees, withdraws before being asked,
    // and agrees again.
    service.change(&agreed(50, -84.0, 41.1));
    assert_eq!(desk.due(), json!([]));
    service.change(&house(13));
    assert_eq!((desk.due(), desk.route()), (json!([told["id"]]), vec![13]));
    service.change(&[json!({ "withdraw": { "owner": 13 } })]);
    assert_eq!((desk.route(), desk.ask()), (vec![], vec![]));
    // An answer that may not have arrived is repeated, without owners who withdrew since or have no
    // camera.
    let again = || service.post_keyed(OPERATOR, &desk.path("ask"), "ask-1", "{}").expect(200);
    assert_eq!(again(), first);
    service.change(&[
        json!({ "withdraw": { "owner": 2 } }),
        json!({ "remove": { "camera": 4 } }),
        json!({ "set_consent": { "owner": 5, "consent": {
            "standing": "granted", "agencies": { "all_but": [1] } } } }),
    ]);
    let left = [1, 3, 6, 7, 8, 9, 10, 11, 12];
    assert_eq!((owners(&again()), &again()["owners"]), (left.to_vec(), &json!(9)));
    assert_eq!(again()["cameras"], 9);
    let agrees = |owner: u64| json!({ "set_consent": { "owner": owner, "consent": { "standing": "granted" } } });
    service.change(&[agrees(13), agrees(5), house(4)[0].clone()]);
    assert_eq!((desk.due(), desk.ask()), (json!([told["id"]]), vec![13]));
    // An owner who was asked and comes back is not asked again, nor is one with another camera.
    let mut camera = house(3)[0].clone();
    camera["register"]["id"] = json!(300);
    service.change(&[agrees(2), camera]);
    assert_eq!((desk.due(), desk.ask()), (json!([told["id"]]), vec![]));
    let expected = ["opened", "decided", "asked", "asked"].map(str::to_owned);
    assert_eq!(desk.events(0), (1..).zip(expected).collect::<Vec<_>>());

    let metrics = service.get(OPERATOR, "/metrics").text;
    for line in [
        "canvass_requests_opened_total 1",
        "canvass_events_total 4",
        "canvass_owners_asked_total 13",
    ] {
        assert!(metrics.lines().any(|l| l == line), "no `{line}` in {metrics}");
    }

    // A restart examines all open requests again, and asks nobody again.
    let (id, path) = (desk.id.clone(), desk.path("ask"));
    service.kill();
    let service = Service::start(folder.path(), &config);
    let desk = Desk { service: &service, id };
    assert_eq!(service.get(FIRST, &format!("/v1/requests/{}", desk.id)).expect(200), told);
    assert_eq!(desk.due(), json!([told["id"]]));
    service.change(&house(14));
    assert_eq!((desk.ask(), desk.ask(), desk.due()), (vec![14], vec![], json!([])));
    service.post(FIRST, &desk.path("resolve"), "{}").expect(200);
    service.change(&house(15));
    assert_eq!(desk.due(), json!([]));
    service.post(OPERATOR, &path, "{}").problem(409, "not_open");
    // Nobody is named again once the request has ended.
    service.post_keyed(OPERATOR, &path, "ask-1", "{}").problem(409, "not_open");
    assert_eq!(desk.events(4), [(5, "asked".into()), (6, "resolved".into())]);
    assert_eq!((desk.events(6), desk.events(u64::MAX)), (vec![], vec![]));
}

#[test]
fn an_ask_counts_towards_the_owners_limit() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &config(&json!({}), &json!({})));
    let mut changes = houses(1..=12);
    // An agency may use half of a limit, rounded up: two of four.
    changes.extend((1..=12).map(|owner| {
        let most = if owner == 5 { 1 } else { 4 };
        json!({ "set_consent": { "owner": owner, "consent": {
            "standing": "granted", "limit": { "per_7_days": most, "per_30_days": most } } } })
    }));
    service.change(&changes);
    let ids = ["26-1", "26-2"].map(|case| service.open(&request(case, &area()))["id"].clone());
    let [first, second] = ids.map(|id| Desk { service: &service, id });
    assert!(second.route().contains(&5));
    assert_eq!(first.ask().len(), 12);
    let left: Vec<u64> = (1..=12).filter(|&owner| owner != 5).collect();
    assert_eq!((second.route(), second.ask()), (left.clone(), left));
}

#[test]
fn concurrent_asks_name_each_owner_once() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &config(&json!({}), &json!({})));
    service.change(&houses(1..=20));
    let desk =
        Desk { service: &service, id: service.open(&request("26-1", &area()))["id"].clone() };
    let (agent, address, path) = (service.agent(), service.address(), desk.path("ask"));
    let mut asked: Vec<u64> = std::thread::scope(|scope| {
        let ask = || crate::support::post(&agent, address, OPERATOR, &path, b"{}").unwrap();
        let asking: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        for owner in 21..=24 {
            service.change(&house(owner));
        }
        let answers = asking.into_iter().map(|asking| asking.join().unwrap().expect(200));
        answers.flat_map(|answer| owners(&answer)).collect()
    });
    asked.extend(desk.ask());
    asked.sort_unstable();
    assert_eq!(asked, (1..=24).collect::<Vec<_>>());
    let events = desk.events(0);
    assert!(events.iter().map(|event| event.0).eq(1..=events.len() as u64), "{events:?}");
}
