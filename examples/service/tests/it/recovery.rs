//! Restored old copies, missing files, and copies made while the program runs.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{FIRST, OPERATOR, Service, agreed, complaint, config, request, square};

fn settings() -> Value {
    config(
        &json!({ "anonymity": "waived", "min_households": 0, "quiet_hours": "none" }),
        &json!({}),
    )
}

fn houses(owners: std::ops::RangeInclusive<u64>) -> Vec<Value> {
    owners.flat_map(|owner| agreed(owner, -84.9 + 0.0002 * owner as f64, 41.102)).collect()
}

fn withdraw(owner: u64) -> Value {
    json!({ "withdraw": { "owner": owner } })
}

fn opened(service: &Service) -> String {
    let told = service.open(&request("26-1", &square(-84.9, 41.1, 0.008)));
    format!("/v1/requests/{}", told["id"])
}

/// The owners in an answer.
fn named(answer: &Value) -> Vec<u64> {
    let named = answer["recipients"].as_array().unwrap().iter();
    named.map(|named| named["owner"].as_u64().unwrap()).collect()
}

fn store(folder: &Path) -> std::path::PathBuf {
    folder.join("data/canvass.redb")
}

#[test]
fn a_restored_old_copy_asks_nobody_who_withdrew() {
    let folder = tempfile::tempdir().unwrap();
    let config = settings();
    let service = Service::start(folder.path(), &config);
    service.change(&houses(1..=20));
    let path = opened(&service);
    let generation = |service: &Service| {
        let events = service.get(OPERATOR, "/v1/events?after=0").expect(200);
        events["generation"].as_str().unwrap().to_owned()
    };
    let before = generation(&service);
    service.stop();
    let copy = fs::read(store(folder.path())).unwrap();
    let service = Service::start(folder.path(), &config);
    for owner in [3, 7, 11] {
        service.change(&[withdraw(owner)]);
    }
    // Whoever follows the events by their numbers sees when they are given once more.
    assert_eq!(generation(&service), before);
    service.stop();

    fs::write(store(folder.path()), &copy).unwrap();
    let said = complaint(folder.path(), &config);
    assert_eq!(said.lines().count(), 1, "{said}");
    // The first commit stores the period's coverage.
    assert!(said.contains("ends at commit 3 of generation "), "{said}");
    assert!(said.contains("and commit 6 of generation "), "{said}");
    assert!(said.contains("--restore"), "{said}");
    assert_eq!(fs::read(store(folder.path())).unwrap(), copy, "a refused store was changed");

    let service = Service::start_with(folder.path(), &config, &["--restore"]);
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("3 acknowledged commits are lost"), "{log}");
    assert!(service.get("", "/readyz").text.contains("nobody is asked"));
    assert_eq!(service.measure("restored"), 1);
    assert_ne!(generation(&service), before);
    let held = service.post(OPERATOR, &format!("{path}/ask"), "{}");
    let since = held.problem(409, "restored")["since"].clone();
    service.get(OPERATOR, &format!("{path}/route")).problem(409, "restored");
    // Changes are accepted; the hold survives a restart and another --restore.
    service.change(&houses(21..=21));
    service.kill();
    let service = Service::start_with(folder.path(), &config, &["--restore"]);
    service.post(OPERATOR, &format!("{path}/ask"), "{}").problem(409, "restored");

    let late: jiff::Timestamp = since.as_str().unwrap().parse().unwrap();
    let late = late + jiff::SignedDuration::from_secs(1);
    let release = |since: &Value, owners: &[u64]| {
        let body = json!({ "complete_since": since, "withdrawn": owners });
        service.post(OPERATOR, "/v1/restored", body.to_string())
    };
    release(&json!(late), &[3, 7, 11]).problem(422, "not_complete");
    service.post(FIRST, "/v1/restored", "{}").problem(403, "wrong_plane");
    service.post(OPERATOR, &format!("{path}/ask"), "{}").problem(409, "restored");
    assert_eq!(release(&since, &[3, 7, 11]).expect(200)["withdrawn"], 3);
    let asked = named(&service.post(OPERATOR, &format!("{path}/ask"), "{}").expect(200));
    let expected: Vec<u64> = (1..=21).filter(|owner| ![3, 7, 11].contains(owner)).collect();
    assert_eq!(asked, expected);
    release(&since, &[]).problem(409, "not_restored");
    assert_eq!(service.measure("restored"), 0);
    service.stop();
    let service = Service::start(folder.path(), &config);
    assert_eq!(service.get("", "/readyz").text, "ok\n");
    service.stop();
}

#[test]
fn a_missing_empty_or_foreign_file_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = settings();
    let service = Service::start(folder.path(), &config);
    service.change(&houses(1..=2));
    service.stop();
    let (file, mark) = (store(folder.path()), folder.path().join("data/canvass.mark"));
    let (kept, marked) = (fs::read(&file).unwrap(), fs::read(&mark).unwrap());
    let refused = |expected: &str| {
        let said = complaint(folder.path(), &config);
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(expected), "{said}");
    };
    fs::remove_file(&file).unwrap();
    refused("is missing or empty, and its mark");
    fs::write(&file, "").unwrap();
    refused("is missing or empty, and its mark");
    fs::remove_file(&mark).unwrap();
    refused("is missing or empty");
    fs::write(&file, &kept).unwrap();
    refused("its mark `");
    fs::write(&mark, vec![0; marked.len()]).unwrap();
    refused("is damaged");
    // The mark of another store.
    let other = tempfile::tempdir().unwrap();
    let service = Service::start(other.path(), &config);
    service.change(&houses(1..=2));
    service.stop();
    fs::copy(other.path().join("data/canvass.mark"), &mark).unwrap();
    refused("do not belong together");
    fs::write(&mark, &marked).unwrap();
    let service = Service::start(folder.path(), &config);
    assert_eq!(service.get(OPERATOR, "/v1/owners/2").expect(200)["cameras"][0]["id"], 2);
    service.stop();
}

#[test]
fn a_mark_elsewhere_notices_a_folder_put_back_whole() {
    let (folder, apart) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = settings();
    let mark = apart.path().join("mark");
    let options = ["--mark", mark.to_str().unwrap()];
    let service = Service::start_with(folder.path(), &config, &options);
    service.change(&houses(1..=2));
    service.stop();
    let copy = fs::read(store(folder.path())).unwrap();
    let service = Service::start_with(folder.path(), &config, &options);
    service.change(&[withdraw(1)]);
    service.stop();
    assert!(!folder.path().join("data/canvass.mark").exists());
    fs::write(store(folder.path()), copy).unwrap();
    let mut command = crate::support::command(folder.path(), &config);
    let ended = command.args(options).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("commit 2 of") && said.contains("commit 3 of"), "{said}");
}

#[test]
fn a_backup_is_whole_while_changes_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let config = settings();
    let service = Service::start(folder.path(), &config);
    service.change(&houses(1..=400));
    let path = opened(&service);
    // Each list withdraws consents and grants them anew: in a whole copy as many agree as before.
    let copied = std::thread::scope(|scope| {
        let changing = scope.spawn(|| {
            (0..200)
                .map(|n| {
                    service.change(&[
                        withdraw(n % 400 + 1),
                        agreed((n + 1) % 400 + 1, 0.0, 0.0)[1].clone(),
                    ])
                })
                .max()
        });
        let copied: Vec<Value> =
            (0..5).map(|_| service.post(OPERATOR, "/v1/backup", "{}").expect(200)).collect();
        assert_eq!(changing.join().unwrap(), Some(201));
        copied
    });
    let commits: Vec<u64> = copied.iter().map(|copy| copy["commit"].as_u64().unwrap()).collect();
    assert!(commits.is_sorted() && commits[0] >= 2 && commits[4] <= 202, "{commits:?}");
    service.post(FIRST, "/v1/backup", "{}").problem(403, "wrong_plane");
    service.change(&[withdraw(400)]);
    service.kill();

    let copy = folder.path().join("data/backup.redb");
    fs::rename(&copy, store(folder.path())).unwrap();
    let said = complaint(folder.path(), &config);
    assert!(said.contains(&format!("ends at commit {} of", commits[4])), "{said}");
    let service = Service::start_with(folder.path(), &config, &["--restore"]);
    let since = service.post(OPERATOR, &format!("{path}/ask"), "{}");
    let since = since.problem(409, "restored")["since"].clone();
    let body = json!({ "complete_since": since, "withdrawn": [400] });
    service.post(OPERATOR, "/v1/restored", body.to_string()).expect(200);
    let asked = named(&service.post(OPERATOR, &format!("{path}/ask"), "{}").expect(200));
    assert!(!asked.is_empty() && !asked.contains(&400), "{asked:?}");
    service.stop();
}
