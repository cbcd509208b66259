//! The folder of a store: two processes, no permission, an emptied one, and copies of other stores.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use serde_json::{Value, json};

use super::full_disk::{lift, limit, within};
use crate::support::{
    OPERATOR, Service, agreed, command, complaint, config, request, square, told,
};

/// The user as whom a test runs the program if it is run by root, whom no permission stops.
const NOBODY: u32 = 65_534;

fn settings() -> Value {
    config(
        &json!({ "anonymity": "waived", "min_households": 0, "quiet_hours": "none" }),
        &json!({}),
    )
}

fn withdraw(owner: u64) -> Value {
    json!({ "withdraw": { "owner": owner } })
}

/// A process that has ended, or listens at an address.
enum Started {
    Listens(Child, String),
    Ended(Option<i32>, String),
}

fn started(mut command: Command) -> Started {
    use std::io::{BufRead, BufReader, Read};
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if let Some(address) = line.trim().strip_prefix("listening on ") {
        return Started::Listens(child, address.to_owned());
    }
    let mut said = Vec::new();
    child.stderr.take().unwrap().read_to_end(&mut said).unwrap();
    Started::Ended(child.wait().unwrap().code(), told(&said))
}

#[test]
fn of_two_starts_at_once_one_has_the_folder() {
    let config = settings();
    for round in 0..12 {
        let folder = tempfile::tempdir().unwrap();
        let both = std::thread::scope(|scope| {
            let start = || {
                let mut command = command(folder.path(), &config);
                command.env("CANVASS_LOG", "error");
                started(command)
            };
            let (one, other) = (scope.spawn(start), scope.spawn(start));
            [one.join().unwrap(), other.join().unwrap()]
        });
        let mut listening = Vec::new();
        for one in both {
            match one {
                Started::Listens(child, address) => listening.push((child, address)),
                Started::Ended(code, said) => {
                    assert_eq!(code, Some(1), "{said}");
                    assert!(said.contains("another process has the store"), "{said}");
                    assert_eq!(said.lines().count(), 1, "{said}");
                }
            }
        }
        assert_eq!(listening.len(), 1, "in round {round}");
        let (mut child, address) = listening.remove(0);
        let body = json!(agreed(1, -84.9, 41.1)).to_string();
        let agent = ureq::Agent::new_with_defaults();
        let answer =
            crate::support::post(&agent, &address, OPERATOR, "/v1/changes", body.as_bytes());
        assert_eq!(answer.unwrap().status, 200);
        child.kill().unwrap();
        child.wait().unwrap();
        let service = Service::start(folder.path(), &config);
        let held = service.get(OPERATOR, "/v1/owners/1").expect(200);
        assert_eq!(held["cameras"][0]["id"], 1);
    }
}

#[test]
fn a_second_process_changes_nothing_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let config = settings();
    let service = Service::start(folder.path(), &config);
    service.change(&agreed(1, -84.9, 41.1));
    let mark = folder.path().join("data/canvass.mark");
    let marked = fs::read(&mark).unwrap();
    for options in [&[][..], &["--restore"], &["--mark", "elsewhere"]] {
        let mut second = command(folder.path(), &config);
        let ended = second.args(options).current_dir(folder.path()).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.contains("another process has the store"), "{said}");
    }
    assert_eq!(fs::read(&mark).unwrap(), marked);
    assert!(!folder.path().join("elsewhere").exists());
    service.change(&[withdraw(1)]);
    service.kill();
    let service = Service::start(folder.path(), &config);
    let held = service.get(OPERATOR, "/v1/owners/1").expect(200);
    assert_eq!(held["consent"]["standing"], "not_granted");
}

/// The program's command, run as somebody whom permissions stop.
fn as_nobody(folder: &Path, config: &Value) -> Command {
    let mut command = command(folder, config);
    if rustix::process::getuid().is_root() {
        fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Gives a folder with its files to the user as whom the program runs.
fn give(folder: &Path) {
    if rustix::process::getuid().is_root() {
        for entry in fs::read_dir(folder).unwrap() {
            chown(entry.unwrap().path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_without_permission_stops_the_start_with_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let config = settings();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    give(&data);
    let start = || started(as_nobody(folder.path(), &config));
    let refused = |expected: &str| match start() {
        Started::Listens(mut child, _) => {
            child.kill().unwrap();
            panic!("it started: {expected}")
        }
        Started::Ended(code, said) => {
            assert_eq!((code, said.lines().count()), (Some(1), 1), "{said}");
            assert!(said.starts_with("canvass-service: cannot open `"), "{said}");
            assert!(said.contains(expected) && said.contains("ermission denied"), "{said}");
        }
    };
    set_mode(&data, 0o500);
    refused("canvass.lock");
    set_mode(&data, 0o700);
    let Started::Listens(mut child, _) = start() else { panic!("it did not start") };
    child.kill().unwrap();
    child.wait().unwrap();
    for name in ["canvass.redb", "canvass.mark", "canvass.lock"] {
        let file = data.join(name);
        let before = fs::read(&file).unwrap();
        set_mode(&file, 0o400);
        refused(name);
        set_mode(&file, 0o600);
        assert_eq!(fs::read(&file).unwrap(), before, "{name} was changed");
    }
    let Started::Listens(mut child, _) = start() else { panic!("it did not start again") };
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_permission_that_is_lost_stops_backups_alone() {
    let folder = tempfile::tempdir().unwrap();
    let config = settings();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    give(&data);
    let service = Service::spawn(folder.path(), as_nobody(folder.path(), &config));
    service.change(&agreed(1, -84.9, 41.1));
    let backup = || service.post(OPERATOR, "/v1/backup", "{}");
    backup().expect(200);
    set_mode(&data, 0o500);
    let problem = backup().problem(503, "copy_failed");
    assert!(problem["detail"].as_str().unwrap().contains("ermission denied"), "{problem}");
    service.change(&[withdraw(1)]);
    assert_eq!(service.get("", "/readyz").text, "ok\n");
    set_mode(&data, 0o700);
    backup().expect(200);
    service.stop();
    give(&data);
    let held = Service::start(folder.path(), &config).get(OPERATOR, "/v1/owners/1").expect(200);
    assert_eq!(held["consent"]["standing"], "not_granted");
}

/// The store's folder is exchanged while the program runs, and then the disk fails, so that the
/// program opens its store again.
fn exchanged(exchange: impl Fn(&Path, &Path), expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let config = settings();
    let (data, kept) = (folder.path().join("data"), folder.path().join("kept"));
    let service = Service::start(folder.path(), &config);
    service.change(&agreed(1, -84.9, 41.1));
    service.stop();
    // An old copy of the whole folder.
    fs::create_dir(&kept).unwrap();
    for name in ["canvass.redb", "canvass.mark"] {
        fs::copy(data.join(name), kept.join(name)).unwrap();
    }
    let inner = command(folder.path(), &config);
    let service = Service::spawn(folder.path(), within(&inner, "unlimited"));
    service.change(&[withdraw(1)]);
    exchange(&data, &kept);
    limit(&service, 4096);
    let list: Vec<Value> = (2..2_000).flat_map(|owner| agreed(owner, -84.9, 41.1)).collect();
    service.post(OPERATOR, "/v1/changes", json!(list).to_string()).problem(503, "store_failed");
    lift(&service);
    std::thread::sleep(Duration::from_secs(2));
    service.get("", "/readyz").problem(503, "store_failed");
    // Readers see what was acknowledged, the withdrawal among it.
    assert_eq!(service.measure("revision"), 2);
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains(expected), "{log}");
    assert_eq!(service.exit_code(), Some(1));
}

#[test]
fn a_folder_emptied_at_run_time_becomes_no_new_store() {
    exchanged(
        |data, _| {
            for entry in fs::read_dir(data).unwrap() {
                fs::remove_file(entry.unwrap().path()).unwrap();
            }
        },
        "is missing or empty",
    );
}

#[test]
fn an_old_folder_put_back_at_run_time_is_not_read() {
    exchanged(
        |data, kept| {
            for name in ["canvass.redb", "canvass.mark"] {
                fs::rename(kept.join(name), data.join(name)).unwrap();
            }
        },
        "it is an old copy",
    );
}

#[test]
fn a_backup_of_another_store_asks_nobody_until_released() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = settings();
    let houses: Vec<Value> =
        (1..=6).flat_map(|owner| agreed(owner, -84.9 + 0.0002 * owner as f64, 41.102)).collect();
    let foreign = Service::start(other.path(), &config);
    foreign.change(&houses);
    let opened = foreign.open(&request("26-1", &square(-84.9, 41.1, 0.008)));
    foreign.post(OPERATOR, "/v1/backup", "{}").expect(200);
    foreign.stop();
    let service = Service::start(folder.path(), &config);
    service.change(&houses);
    service.change(&[withdraw(2)]);
    service.stop();
    let file = folder.path().join("data/canvass.redb");
    fs::copy(other.path().join("data/backup.redb"), &file).unwrap();
    let said = complaint(folder.path(), &config);
    assert!(said.contains("do not belong together") && said.contains("--restore"), "{said}");
    let service = Service::start_with(folder.path(), &config, &["--restore"]);
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("all that was acknowledged up to"), "{log}");
    let path = format!("/v1/requests/{}/ask", opened["id"]);
    let since = service.post(OPERATOR, &path, "{}").problem(409, "restored")["since"].clone();
    let released = json!({ "complete_since": since, "withdrawn": [2] });
    service.post(OPERATOR, "/v1/restored", released.to_string()).expect(200);
    assert_eq!(service.post(OPERATOR, &path, "{}").expect(200)["owners"], 5);
}
