//! An erased owner is in no row and no byte of the file; and a registry is exported and imported in
//! bulk.

use std::path::Path;

use serde_json::{Value, json};

use super::{Browser, approve, noticed, owner, street};
use crate::support::{FIRST, OPERATOR, Service, command, config, request, square};

/// A number whose bytes and digits occur in nothing else.
const ADA: u64 = 0x1a_c3d7_5e91_b26f;
const CAMERA: u64 = 0x13_97c1_6db5_48e3;

/// The forms in which a number or a text of hers occurs in a file.
fn found(file: &Path) -> Vec<&'static str> {
    let bytes = std::fs::read(file).unwrap();
    let contains = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    let mut found = Vec::new();
    for (name, number) in [("owner", ADA), ("camera", CAMERA)] {
        let forms = [
            number.to_string().into_bytes(),
            number.to_le_bytes().to_vec(),
            number.to_be_bytes().to_vec(),
        ];
        if forms.iter().any(|form| contains(form)) {
            found.push(name);
        }
    }
    if contains(b"Pacific/Kiritimati") {
        found.push("zone");
    }
    found
}

#[test]
fn an_erased_owner_is_in_no_byte_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/canvass.redb");
    let service = Service::start(folder.path(), &noticed(&json!({})));
    service.change(&street(1, 14, -84.899, 41.101));
    // Both requests reach the neighbours: an agency may use half of a limit.
    let often = json!({ "standing": "granted", "limit": { "per_7_days": 4, "per_30_days": 4 } });
    let often = |owner| json!({ "set_consent": { "owner": owner, "consent": often.clone() } });
    service.change(&(1..=14).map(often).collect::<Vec<_>>());
    let consent = json!({ "standing": "granted", "zone": "Pacific/Kiritimati",
        "limit": { "per_7_days": 4, "per_30_days": 4 } });
    service.change(&[
        json!({ "register": { "id": CAMERA, "owner": ADA, "position": [-84.895_123_4, 41.105_123_4],
            "recording": { "kept_days": 60 } } }),
        json!({ "set_consent": { "owner": ADA, "consent": consent } }),
    ]);
    // She is asked for a request that ends and one that stays open, shares, and is in answers
    // stored for keys.
    let mut ids = Vec::new();
    let ada = owner(&service, ADA);
    for case in ["26-1", "26-2"] {
        let told = service.open(&request(case, &square(-84.9, 41.1, 0.008)));
        let id = told["id"].as_u64().unwrap();
        approve(&service, id);
        let ask = format!("/v1/requests/{id}/ask");
        let asked = service.post_keyed(OPERATOR, &ask, &format!("ask-{case}"), "{}").expect(200);
        assert!(asked.to_string().contains(&ADA.to_string()));
        let answer = json!({ "answer": "shared" }).to_string();
        ada.post(&format!("/v1/me/requests/{id}/answer"), answer).expect(200);
        ids.push(id);
    }
    service.post(FIRST, &format!("/v1/requests/{}/resolve", ids[0]), "{}").expect(200);
    assert_eq!(found(&file), ["owner", "camera", "zone"], "the search finds nothing");

    let head = service.get("", "/v1/log/head").expect(200);
    let erased = service.send(OPERATOR, "DELETE", &format!("/v1/owners/{ADA}")).expect(200);
    assert_eq!((&erased["owner"], &erased["cameras"]), (&json!(ADA), &json!(1)));
    ada.get("/v1/me").problem(401, "session_unknown");
    let token = ada.told["token"].as_str().unwrap();
    service.get(token, "/v1/me").problem(401, "token_unknown");
    let held = service.get(OPERATOR, &format!("/v1/owners/{ADA}")).expect(200);
    assert_eq!(
        (&held["cameras"], &held["consent"]["standing"]),
        (&json!([]), &json!("not_granted"))
    );
    let events = |service: &Service| service.get(OPERATOR, "/v1/events?after=0").expect(200);
    let told = events(&service);
    assert!(!told.to_string().contains(&ADA.to_string()), "{told}");
    let letters = |service: &Service| {
        let letters =
            service.get(OPERATOR, &format!("/v1/requests/{}/letters", ids[1])).expect(200);
        letters["letters"].as_array().unwrap().len()
    };
    assert_eq!(letters(&service), 14);
    service.stop();
    // The start rewrites the file.
    let service = Service::start(folder.path(), &noticed(&json!({})));
    assert_eq!(found(&file), [""; 0]);
    assert!(!folder.path().join("data/canvass.redb.new").exists());
    // Everything else is there: others' requests and answers, bulletins, and the log, whose tags
    // nobody can assign to her.
    assert_eq!(events(&service), told);
    assert_eq!(letters(&service), 14);
    assert_eq!(service.get("", "/v1/log/head").expect(200), head);
    assert_eq!(
        service.get("", "/v1/bulletins").expect(200)["bulletins"].as_array().unwrap().len(),
        2
    );
    service.post(FIRST, &format!("/v1/requests/{}/resolve", ids[1]), "{}").expect(200);
    service.get(FIRST, &format!("/v1/requests/{}/outcome", ids[1])).expect(200);
    // A later owner with her number is a new one, who was never asked.
    let again = owner(&service, ADA);
    assert_eq!(again.get("/v1/me/requests").expect(200)["requests"], json!([]));
    drop(again);
    service.stop();
}

#[test]
fn an_event_whose_only_owner_is_erased_stays_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let config = noticed(&json!({ "anonymity": "waived", "min_households": 0 }));
    let service = Service::start(folder.path(), &config);
    service.change(&street(7, 1, -84.899, 41.101));
    let told = service.open(&request("26-1", &square(-84.9, 41.1, 0.008)));
    let id = told["id"].as_u64().unwrap();
    approve(&service, id);
    service.post(OPERATOR, &format!("/v1/requests/{id}/ask"), "{}").expect(200);
    service.send(OPERATOR, "DELETE", "/v1/owners/7").expect(200);
    service.kill();
    let service = Service::start(folder.path(), &config);
    let events = service.get(OPERATOR, "/v1/events?after=0").expect(200);
    assert_eq!(events["events"][2]["step"], json!({ "asked": { "owners": [] } }));
    let path = format!("/v1/requests/{id}/resolve");
    assert_eq!(service.post(FIRST, &path, "{}").expect(200)["state"], "resolved");
    assert_eq!(
        Browser::new(&service, "localhost").get("/v1/bulletins/1").expect(200)["ending"],
        "resolved"
    );
}

/// The whole registry, page by page.
fn exported(service: &Service) -> Vec<Value> {
    let (mut pages, mut after) = (Vec::new(), String::new());
    loop {
        let page = service.get(OPERATOR, &format!("/v1/export{after}")).expect(200);
        let next = page["next"].clone();
        pages.push(page);
        if next.is_null() {
            return pages;
        }
        after = format!("?after={next}");
    }
}

#[test]
fn a_registry_is_exported_and_imported_with_its_progress() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let service = Service::start(from.path(), &config(&json!({}), &json!({})));
    for part in 0..3 {
        service.change(&street(1 + part * 4000, 4000, -84.9 + 0.01 * part as f64, 41.101));
    }
    let at = "2026-05-01T10:00:00Z";
    service.change(&[
        json!({ "record_asked": { "owner": 5, "agency": 1, "at": at } }),
        json!({ "withdraw": { "owner": 6 } }),
    ]);
    let pages = exported(&service);
    assert_eq!(pages.len(), 3, "12,000 owners are three pages");
    let lines: Vec<String> = pages.iter().map(Value::to_string).collect();
    let file = to.path().join("registry.ndjson");
    std::fs::write(&file, format!("{}\nnothing\n", lines.join("\n"))).unwrap();
    let small = config(&json!({}), &json!({ "changes_per_list": 9000 }));
    let import = |skip: &str| {
        let mut command = command(to.path(), &small);
        command.arg("--import").arg(&file).args(["--skip", skip]);
        let ended = command.stderr(std::process::Stdio::piped()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (ended.status.code(), text(ended.stdout), text(ended.stderr))
    };
    let (code, progress, complaint) = import("0");
    assert_eq!(code, Some(1));
    assert!(
        complaint.contains("line 4 cannot be read") && complaint.contains("--skip 3"),
        "{complaint}"
    );
    assert!(progress.lines().count() >= 2 && progress.contains(" % of the file"), "{progress}");
    std::fs::write(&file, lines.join("\n")).unwrap();
    // Changes that were applied before are not applied again.
    let (code, _, complaint) = import("2");
    assert_eq!(code, Some(1));
    assert!(
        complaint.contains("lines 3 to 3") && complaint.contains("registered already"),
        "{complaint}"
    );
    let (code, progress, complaint) = import("3");
    assert_eq!(code, Some(0), "{complaint}");
    assert!(progress.ends_with("all of the file\n"), "{progress}");
    let copy = Service::start(to.path(), &config(&json!({}), &json!({})));
    let without_revision = |pages: Vec<Value>| {
        let changes =
            pages.into_iter().flat_map(|page| page["changes"].as_array().unwrap().clone());
        changes.collect::<Vec<_>>()
    };
    let (one, other) = (without_revision(pages), without_revision(exported(&copy)));
    assert!(one == other, "{} and {} changes", one.len(), other.len());
    assert!(one.contains(&json!({ "record_asked": { "owner": 5, "agency": 1, "at": at } })));
    assert!(!one.iter().any(|change| change["set_consent"]["owner"] == 6));
}
