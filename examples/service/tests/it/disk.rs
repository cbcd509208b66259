//! A disk that is full for a while: a limit on the size of files, which has the same effect on the
//! program and is lifted while it runs.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{FIRST, OPERATOR, Service, agreed, command, config, request, square};

/// Starts the program with a limit on file sizes, in the shell's blocks of 512 bytes or 1 KiB; the
/// limit's signal is ignored, so that writes fail.
fn limited(folder: &Path, config: &Value, blocks: &str) -> Service {
    let program = command(folder, config);
    let mut shell = Command::new("bash");
    let script = format!("trap '' XFSZ; ulimit -S -f {blocks}; exec \"$0\" \"$@\"");
    shell.arg("-c").arg(script).arg(program.get_program()).args(program.get_args());
    Service::spawn(folder, shell)
}

fn lift(service: &Service) {
    let pid = service.pid().to_string();
    let lifted = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited:"]).status();
    assert!(lifted.unwrap().success());
}

fn limit(service: &Service, bytes: u64) {
    let (pid, limit) = (service.pid().to_string(), format!("--fsize={bytes}:"));
    assert!(Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap().success());
}

/// Applies lists of changes until one is refused; returns the number that succeeded.
fn fill(service: &Service) -> u64 {
    for list in 0..400 {
        let changes: Vec<Value> = (0..50)
            .flat_map(|n| agreed(1 + list * 50 + n, -84.9 + 0.00001 * n as f64, 41.102))
            .collect();
        let answer = service.post(OPERATOR, "/v1/changes", json!(changes).to_string());
        if answer.status != 200 {
            answer.problem(503, "store_failed");
            return list;
        }
    }
    panic!("the disk was never full");
}

#[test]
fn a_full_disk_is_healed_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(
        &json!({ "anonymity": "waived", "min_households": 0, "max_area_m2": 1e12, "quiet_hours": "none" }),
        &json!({}),
    );
    let service = limited(folder.path(), &config, "2048");
    let lists = fill(&service);
    assert!(lists > 1, "{lists}");
    service.wait_for(Duration::from_secs(5), |service| service.get("", "/readyz").status == 503);
    service.get("", "/readyz").problem(503, "store_failed");
    assert_eq!(service.measure("store_failing"), 1);
    assert!(service.measure("store_failures_total") >= 1);
    // Acknowledged state stays visible meanwhile.
    assert_eq!(service.measure("revision"), i64::try_from(lists).unwrap());
    std::thread::sleep(Duration::from_secs(1));
    service.post(OPERATOR, "/v1/changes", "[]").problem(503, "store_failed");
    lift(&service);
    let healed = service.wait_for(Duration::from_secs(10), |s| s.get("", "/readyz").status == 200);
    println!("healed {healed:?} after there was room");
    assert_eq!(service.measure("store_failing"), 0);
    let revision = service.get(OPERATOR, "/v1/owners/1").expect(200)["revision"].as_u64().unwrap();
    // The unanswered list is stored as a whole or not at all.
    assert!((lists..=lists + 1).contains(&revision), "{lists} {revision}");
    assert_eq!(service.change(&[json!({ "withdraw": { "owner": 1 } })]), revision + 1);
    let told = service.open(&request("26-1", &square(-84.9, 41.1, 0.008)));
    let path = format!("/v1/requests/{}/ask", told["id"]);
    let asked = service.post(OPERATOR, &path, "{}").expect(200)["owners"].as_u64().unwrap();
    assert_eq!(asked, revision * 50 - 1);
    service.get(FIRST, &format!("/v1/requests/{}", told["id"])).expect(200);
    service.stop();
    let service = Service::start(folder.path(), &config);
    let held = service.get(OPERATOR, "/v1/owners/1").expect(200);
    assert_eq!(held["consent"]["standing"], "not_granted");
    service.stop();
}

#[test]
fn a_checkpoint_that_failed_is_made_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({ "checkpoint_seconds": 1, "checkpoint_revisions": 1_000_000 });
    let config = config(&json!({}), &limits);
    let service = limited(folder.path(), &config, "unlimited");
    let changes: Vec<Value> = (1..=3000).flat_map(|n| agreed(n, -84.9, 41.102)).collect();
    service.change(&changes);
    // No room is left before the next checkpoint.
    limit(&service, 4096);
    service.wait_for(Duration::from_secs(20), |s| s.measure("checkpoint_failing") == 1);
    lift(&service);
    let healed =
        service.wait_for(Duration::from_secs(20), |s| s.measure("checkpoint_failing") == 0);
    println!("the checkpoint was made {healed:?} after there was room");
    assert!(service.measure("checkpoints_total") >= 1);
    assert_eq!(service.change(&[json!({ "withdraw": { "owner": 1 } })]), 2);
    service.stop();
}

#[test]
fn a_stop_while_the_disk_is_full_ends_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&json!({}), &json!({}));
    let service = limited(folder.path(), &config, "2048");
    let lists = fill(&service);
    assert_eq!(service.exit_code(), Some(1));
    let service = Service::start(folder.path(), &config);
    let revision = service.get(OPERATOR, "/v1/owners/1").expect(200)["revision"].as_u64().unwrap();
    assert!((lists..=lists + 1).contains(&revision), "{lists} {revision}");
    service.stop();
}
