//! The program's options, and its warnings about configurations and changes.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{OPERATOR, Service, agreed, command, config, request, square};

#[test]
fn the_version_is_printed_and_nothing_else_done() {
    for option in ["--version", "-V"] {
        let ended =
            Command::new(env!("CARGO_BIN_EXE_canvass-service")).arg(option).output().unwrap();
        assert!(ended.status.success() && ended.stderr.is_empty());
        let expected = format!("canvass-service {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(String::from_utf8(ended.stdout).unwrap(), expected);
    }
}

#[test]
fn a_check_reads_everything_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&json!({}), &json!({}));
    let check = || {
        let ended = command(folder.path(), &config).arg("--check").output().unwrap();
        let said = |bytes| String::from_utf8(bytes).unwrap();
        (ended.status.code(), said(ended.stdout), said(ended.stderr))
    };
    let expected = "configuration: 2 agencies\nstore: there is none; a start makes one\n";
    assert_eq!(check(), (Some(0), expected.to_owned(), String::new()));
    assert!(!folder.path().join("data").exists());
    let service = Service::start(folder.path(), &config);
    service.change(&agreed(1, -84.9, 41.1));
    service.change(&agreed(2, -84.9, 41.1));
    service.open(&request("26-1", &square(-84.9, 41.1, 0.008)));
    let (code, _, said) = check();
    assert!(code == Some(1) && said.contains("cannot open"), "{said}");
    service.kill();
    let file = folder.path().join("data/canvass.redb");
    let before = std::fs::read(&file).unwrap();
    let (code, found, said) = check();
    assert_eq!((code, said.as_str()), (Some(0), ""));
    // The first commit stores the period's coverage.
    let expected = "; revision 2, 2 cameras, 1 events, 2 revisions in the log\n";
    assert!(
        found.contains("store: commit 4 of generation ") && found.ends_with(expected),
        "{found}"
    );
    assert_eq!(std::fs::read(&file).unwrap(), before);
    std::fs::write(&file, &before[..before.len() / 2]).unwrap();
    let (code, found, said) = check();
    assert_eq!((code, found.as_str(), said.lines().count()), (Some(1), "", 1), "{said}");
}

#[test]
fn a_configuration_that_lets_nothing_pass_is_warned_about() {
    let folder = tempfile::tempdir().unwrap();
    let warnings = |config: &Value| {
        let ended = command(folder.path(), config).arg("--check").output().unwrap();
        assert!(ended.status.success());
        String::from_utf8(ended.stderr).unwrap()
    };
    let usual = config(&json!({}), &json!({}));
    assert_eq!(warnings(&usual), "");
    let mut none = usual.clone();
    none["agencies"] = json!([]);
    let mut nowhere = usual.clone();
    nowhere["agencies"][1]["agency"].as_object_mut().unwrap().remove("jurisdiction");
    for (config, expected) in [
        (none, "there are no `agencies`"),
        (nowhere, "agency `2` has no `jurisdiction`"),
        (config(&json!({ "agency_kinds": ["federal"] }), &json!({})), "agency `1` is local, which"),
        (
            config(&json!({ "anonymity": "waived", "min_households": 10 }), &json!({})),
            "`policy.anonymity` is waived and `policy.min_households` is 10",
        ),
    ] {
        let said = warnings(&config);
        assert!(said.starts_with("canvass-service: warning: "), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn swapped_longitude_and_latitude_are_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &config(&json!({}), &json!({})));
    let [camera, consent] = agreed(1, -84.9, 41.1);
    let mut swapped = agreed(2, 41.1, -84.9)[0].clone();
    let list = json!([camera, swapped, consent]).to_string();
    let problem = service.post(OPERATOR, "/v1/changes", list).problem(422, "swapped");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{problem}");
    assert_eq!(
        (&problem["errors"][0]["index"], &problem["errors"][0]["camera"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(service.get(OPERATOR, "/v1/owners/1").expect(200)["cameras"], json!([]));
    // A position that is outside all jurisdictions in both orders is accepted.
    swapped["register"]["position"] = json!([2.35, 48.85]);
    assert_eq!(service.change(&[camera, swapped]), 1);
    let moved = json!([{ "move": { "camera": 1, "position": [41.1, -84.9] } }]).to_string();
    service.post(OPERATOR, "/v1/changes", moved).problem(422, "swapped");
    service.stop();
}

#[test]
fn due_requests_come_in_pages() {
    let folder = tempfile::tempdir().unwrap();
    let policy = json!({ "max_requests_per_case": 2000, "max_overlaps": 2000 });
    let service = Service::start(folder.path(), &config(&policy, &json!({})));
    let area = square(-84.9, 41.1, 0.008);
    let mut opened: Vec<u64> = (0..1003)
        .map(|number| {
            service.open(&request(&format!("26-{number}"), &area))["id"].as_u64().unwrap()
        })
        .collect();
    opened.sort_unstable();
    let page = |after: u64| service.get(OPERATOR, &format!("/v1/due?after={after}")).expect(200);
    let first = page(0);
    let numbers =
        |page: &Value| -> Vec<u64> { serde_json::from_value(page["requests"].clone()).unwrap() };
    assert_eq!(numbers(&first), opened[..1000]);
    assert_eq!(first["next"], opened[999]);
    let second = page(opened[999]);
    assert_eq!((numbers(&second), second.get("next")), (opened[1000..].to_vec(), None));
    service.get(OPERATOR, "/v1/due?behind=1").problem(400, "bad_query");
    service.stop();
}
