//! The public view: bulletins, coverage at fixed dates, and the audit log.

use canvass::audit::{
    AuditBatch, AuditEntry, AuditEvent, ConsistencyProof, InclusionProof, TreeHead,
};
use serde_json::{Value, json};

use super::{approve, noticed, opened, street};
use crate::support::{FIRST, OPERATOR, Service, request, square};

#[test]
fn the_public_sees_who_asks_by_which_rules_and_where() {
    let folder = tempfile::tempdir().unwrap();
    let (service, id) = opened(folder.path(), &json!({}));
    let agencies = service.get("", "/v1/agencies").expect(200);
    let agency = |name: &str| json!({ "name": name, "kind": "local" });
    assert_eq!(agencies["agencies"], json!([agency("Agency 1"), agency("Agency 2")]));
    let rules = service.get("", "/v1/policy").expect(200);
    assert_eq!(
        (&rules["policy"]["max_window_minutes"], &rules["policy"]["version"]),
        (&json!(720), &json!("default-1"))
    );
    assert!(rules["refusals"].as_array().unwrap().contains(&json!("outside_jurisdiction")));
    approve(&service, id);
    let list = service.get("", "/v1/bulletins").expect(200);
    let bulletin = &list["bulletins"][0];
    assert_eq!(
        (&bulletin["id"], &bulletin["agency"], &list["more"]),
        (&json!(1), &json!("Agency 1"), &json!(false))
    );
    assert_eq!(bulletin["outline"]["type"], "FeatureCollection");
    assert_eq!(
        bulletin["cells"].as_array().unwrap().len(),
        bulletin["outline"]["features"].as_array().unwrap().len()
    );
    // The bulletin lacks the request's id, which the agency knows.
    assert!(!list.to_string().contains(&id.to_string()), "{list}");
    // A reader can read it back, which verifies its history.
    let mut read = bulletin.clone();
    for ours in ["id", "ending", "head", "outline"] {
        read.as_object_mut().unwrap().remove(ours);
    }
    let read: canvass::bulletin::Bulletin = serde_json::from_value(read).unwrap();
    assert_eq!(json!(read.head()), bulletin["head"]);
}

#[test]
fn bulletins_come_in_pages_the_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &noticed(&json!({})));
    for place in 0..3 {
        let area = square(-84.9 + 0.05 * f64::from(place), 41.1, 0.008);
        let told = service.open(&request(&format!("26-{place}"), &area));
        approve(&service, told["id"].as_u64().unwrap());
    }
    let ids = |query: &str| {
        let list = service.get("", &format!("/v1/bulletins{query}")).expect(200);
        let list = list["bulletins"].as_array().unwrap().clone();
        list.iter().map(|bulletin| bulletin["id"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ids(""), [3, 2, 1]);
    assert_eq!(ids("?before=3"), [2, 1]);
    assert_eq!(ids("?before=1"), [0; 0]);
    service.get("", "/v1/bulletins?before=x").problem(400, "bad_query");
}

/// A service that makes coverage anew when a period begins.
fn covering(folder: &std::path::Path, seconds: u64) -> Service {
    let mut config = noticed(&json!({}));
    config["coverage"] = json!({ "seconds": seconds, "resolution": 8, "min_households": 11 });
    Service::start(folder, &config)
}

/// The present coverage, once there is one.
fn coverage(service: &Service) -> Value {
    let made = (0..200).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        let answer = service.get("", "/v1/coverage");
        (answer.status == 200).then(|| answer.json())
    });
    made.unwrap()
}

#[test]
fn coverage_is_made_at_fixed_dates_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    // The next period begins in a century.
    let service = covering(folder.path(), 4_000_000_000);
    let first = coverage(&service);
    assert_eq!(first["cells"]["features"], json!([]));
    service.change(&street(1, 40, -84.899, 41.101));
    std::thread::sleep(std::time::Duration::from_millis(2500));
    assert_eq!(coverage(&service), first);
    service.stop();
    let service = covering(folder.path(), 4_000_000_000);
    assert_eq!(coverage(&service), first);
}

#[test]
fn coverage_follows_the_registry_from_period_to_period() {
    let folder = tempfile::tempdir().unwrap();
    let service = covering(folder.path(), 2);
    service.change(&street(1, 40, -84.899, 41.101));
    let covered = (0..100).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        let made = coverage(&service);
        (made["cells"]["features"] != json!([])).then_some(made)
    });
    let covered = covered.unwrap();
    let seen = covered["cells"]["features"].as_array().unwrap();
    let least: u64 = seen.iter().map(|f| f["properties"]["at_least"].as_u64().unwrap()).sum();
    assert!((11..=40).contains(&least), "{covered}");
    assert_eq!((&covered["resolution"], &covered["min_households"]), (&json!(8), &json!(11)));
    let next: jiff::Timestamp = covered["next"].as_str().unwrap().parse().unwrap();
    assert_eq!(next.as_second() % 2, 0);
}

/// The log's entries as everybody sees them.
fn entries(service: &Service) -> (TreeHead, Vec<AuditEntry>) {
    let mut all = Vec::new();
    loop {
        let told = service.get("", &format!("/v1/log/entries?from={}", all.len())).expect(200);
        let read = |entry: &Value| serde_json::from_value::<AuditEntry>(entry["entry"].clone());
        all.extend(told["entries"].as_array().unwrap().iter().map(|entry| read(entry).unwrap()));
        if told["more"] == false {
            return (serde_json::from_value(told["head"].clone()).unwrap(), all);
        }
    }
}

/// A service that closes a batch of its log each so many seconds.
fn logging(folder: &std::path::Path, seconds: u64) -> Service {
    let mut config = noticed(&json!({}));
    config["log"] = json!({ "seconds": seconds });
    Service::start(folder, &config)
}

/// The codes of events in the log that are not about a route, ascending.
fn events(entries: &[AuditEntry]) -> Vec<String> {
    let mut events: Vec<String> = entries
        .iter()
        .filter_map(|entry| match entry.event() {
            AuditEvent::Accepted => Some("accepted".to_owned()),
            AuditEvent::Receipt => Some("receipt".to_owned()),
            AuditEvent::Refused { codes } => Some(codes.join(",")),
            _ => None,
        })
        .collect();
    events.sort_unstable();
    events
}

/// Opens and asks, is refused, and asks again, which names nobody.
fn busy(service: &Service) {
    service.change(&street(1, 12, -84.899, 41.101));
    let told = service.open(&request("26-1", &square(-84.9, 41.1, 0.008)));
    let id = told["id"].as_u64().unwrap();
    let small = request("26-2", &square(-84.9, 41.1, 0.0001)).to_string();
    service.post(FIRST, "/v1/requests", small).problem(422, "refused");
    approve(service, id);
    for _ in 0..2 {
        service.post(OPERATOR, &format!("/v1/requests/{id}/ask"), "{}").expect(200);
    }
}

#[test]
fn the_log_shows_nothing_before_its_period_ends() {
    let folder = tempfile::tempdir().unwrap();
    let service = logging(folder.path(), 4_000_000_000);
    busy(&service);
    std::thread::sleep(std::time::Duration::from_millis(2500));
    assert_eq!(service.get("", "/v1/log/head").expect(200)["size"], 0);
    assert_eq!(entries(&service).1, []);
    // What waits is kept, and is in the first batch.
    service.kill();
    let service = logging(folder.path(), 1);
    let (head, seen) = batch(&service);
    assert_eq!(seen.len() as u64, head.size());
    assert_eq!(events(&seen), ["accepted", "area_too_small", "receipt"]);
}

/// The log once it has what happened.
fn batch(service: &Service) -> (TreeHead, Vec<AuditEntry>) {
    let found = (0..100).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        let (head, seen) = entries(service);
        (events(&seen).len() == 3).then_some((head, seen))
    });
    found.unwrap()
}

#[test]
fn a_period_is_one_batch_of_one_size() {
    let folder = tempfile::tempdir().unwrap();
    let service = logging(folder.path(), 2);
    busy(&service);
    let (older, seen) = batch(&service);
    assert_eq!(events(&seen), ["accepted", "area_too_small", "receipt"]);
    let mut batches = std::collections::BTreeMap::<_, Vec<&AuditEntry>>::new();
    for entry in &seen {
        batches.entry(entry.at()).or_default().push(entry);
    }
    for (at, batch) in batches {
        assert_eq!((at.as_second() % 2, at.subsec_nanosecond()), (0, 0));
        let routed =
            batch.iter().filter(|entry| matches!(entry.event(), AuditEvent::Routed { .. }));
        assert_eq!(routed.count() % AuditBatch::STEP, 0, "{at}");
        assert!(batch.iter().map(|entry| entry.nonce()).is_sorted(), "{at}");
    }
    std::thread::sleep(std::time::Duration::from_millis(3500));
    let (head, _) = entries(&service);
    assert!(head.size() > older.size(), "there is a batch where nothing happened");
    service.stop();
    // From now on the head stays as it is.
    let service = logging(folder.path(), 4_000_000_000);
    let (head, seen) = entries(&service);
    let proof = |path: String| service.get("", &path).expect(200)["proof"].clone();
    let consistency = proof(format!("/v1/log/consistency?older={}", older.size()));
    let consistency: ConsistencyProof = serde_json::from_value(consistency).unwrap();
    head.verify_extends(&older, &consistency).unwrap();
    for (index, entry) in (0..).zip(&seen).step_by(7) {
        let inclusion = proof(format!("/v1/log/inclusion?index={index}"));
        let inclusion: InclusionProof = serde_json::from_value(inclusion).unwrap();
        head.verify_inclusion(index, entry, &inclusion).unwrap();
    }
    let (size, after) = (head.size(), head.size() + 1);
    service.get("", &format!("/v1/log/inclusion?index={size}")).problem(404, "no_such_entry");
    service.get("", &format!("/v1/log/consistency?older={after}")).problem(404, "no_such_entry");
}
