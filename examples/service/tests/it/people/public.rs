//! The public view: bulletins, coverage at fixed dates, and the audit log.

use canvass::audit::{AuditEntry, AuditEvent, ConsistencyProof, InclusionProof, TreeHead};
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

/// The log's public entries; none for a withheld one.
fn entries(service: &Service) -> (TreeHead, Vec<Option<AuditEntry>>) {
    let told = service.get("", "/v1/log/entries").expect(200);
    let read = |entry: &Value| serde_json::from_value(entry["entry"].clone()).ok();
    let entries = told["entries"].as_array().unwrap().iter().map(read).collect();
    (serde_json::from_value(told["head"].clone()).unwrap(), entries)
}

#[test]
fn entries_of_open_requests_are_withheld_heads_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let (service, id) = opened(folder.path(), &json!({}));
    // Acceptance and receipt.
    let (older, seen) = entries(&service);
    assert_eq!((older.size(), seen), (2, vec![None, None]));
    let small = request("26-2", &square(-84.9, 41.1, 0.0001)).to_string();
    service.post(FIRST, "/v1/requests", small).problem(422, "refused");
    approve(&service, id);
    for _ in 0..2 {
        service.post(OPERATOR, &format!("/v1/requests/{id}/ask"), "{}").expect(200);
    }
    let (head, seen) = entries(&service);
    let seen: Vec<bool> = seen.iter().map(Option::is_some).collect();
    assert_eq!(seen, [false, false, true, false, false]);
    // Proofs show everybody that the log has the withheld entries and extends itself.
    let proof = |path: String| service.get("", &path).expect(200)["proof"].clone();
    let consistency = proof(format!("/v1/log/consistency?older={}", older.size()));
    let consistency: ConsistencyProof = serde_json::from_value(consistency).unwrap();
    head.verify_extends(&older, &consistency).unwrap();
    service.post(FIRST, &format!("/v1/requests/{id}/resolve"), "{}").expect(200);
    let (after, seen) = entries(&service);
    assert_eq!(after, head);
    let mut events = Vec::new();
    for (index, entry) in (0..).zip(seen) {
        let entry = entry.unwrap();
        let inclusion = proof(format!("/v1/log/inclusion?index={index}"));
        let inclusion: InclusionProof = serde_json::from_value(inclusion).unwrap();
        head.verify_inclusion(index, &entry, &inclusion).unwrap();
        events.push(match entry.event() {
            AuditEvent::Accepted => "accepted".to_owned(),
            AuditEvent::Receipt => "receipt".to_owned(),
            AuditEvent::Refused { codes } => codes.join(","),
            AuditEvent::Routed { asked, .. } => format!("routed {}", asked.band()),
            other => panic!("{other:?}"),
        });
    }
    // Entries for twelve owners and for none look alike.
    assert_eq!(events, ["accepted", "receipt", "area_too_small", "routed 16", "routed 16"]);
    service.get("", "/v1/log/inclusion?index=5").problem(404, "no_such_entry");
    service.get("", "/v1/log/consistency?older=6").problem(404, "no_such_entry");
    service.stop();
    let service = Service::start(folder.path(), &noticed(&json!({})));
    assert_eq!(entries(&service).0, head);
}
