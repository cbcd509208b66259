//! A disk that is full during a backup, an import, an export, or the start behind an erasure.
#![cfg(target_os = "linux")]

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{OPERATOR, Service, agreed, command, complained, config};

/// Lets the program's files grow again.
pub(super) fn lift(service: &Service) {
    prlimit(service.pid(), "unlimited");
}

/// Lets no file of the program grow beyond a size.
pub(super) fn limit(service: &Service, bytes: u64) {
    prlimit(service.pid(), &bytes.to_string());
}

fn prlimit(pid: u32, limit: &str) {
    let (pid, limit) = (pid.to_string(), format!("--fsize={limit}:"));
    assert!(Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap().success());
}

/// A command in a shell that ignores the limit's signal, within a limit in KiB.
pub(super) fn within(inner: &Command, kib: &str) -> Command {
    let mut shell = Command::new("bash");
    let script = format!("trap '' XFSZ; ulimit -S -f {kib}; exec \"$0\" \"$@\"");
    shell.arg("-c").arg(script).arg(inner.get_program()).args(inner.get_args());
    shell.env("CANVASS_LOG", "warn").stdout(Stdio::piped());
    shell
}

fn town(owners: std::ops::Range<u64>) -> Vec<Value> {
    owners.flat_map(|owner| agreed(owner, -84.9 + 0.00001 * owner as f64, 41.102)).collect()
}

#[test]
fn a_backup_without_room_leaves_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&json!({}), &json!({}));
    let inner = command(folder.path(), &config);
    let service = Service::spawn(folder.path(), within(&inner, "unlimited"));
    service.change(&town(1..3_000));
    let copied = service.post(OPERATOR, "/v1/backup", "{}").expect(200);
    let copy = folder.path().join("data/backup.redb");
    let before = fs::read(&copy).unwrap();
    limit(&service, before.len() as u64 / 4);
    service.post(OPERATOR, "/v1/backup", "{}").problem(503, "copy_failed");
    assert!(fs::read(&copy).unwrap() == before, "the earlier copy was changed");
    assert!(!folder.path().join("data/backup.redb.new").exists());
    // An export only reads.
    let page = service.get(OPERATOR, "/v1/export").expect(200);
    assert!(page["changes"].as_array().unwrap().len() > 5_000);
    lift(&service);
    service.wait_for(Duration::from_secs(10), |s| s.get("", "/readyz").status == 200);
    service.change(&[json!({ "withdraw": { "owner": 1 } })]);
    let again = service.post(OPERATOR, "/v1/backup", "{}").expect(200);
    assert!(again["commit"].as_u64() > copied["commit"].as_u64(), "{again}");
    service.stop();
}

#[test]
fn an_import_without_room_continues_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&json!({}), &json!({ "changes_per_list": 400 }));
    let file = folder.path().join("registry.ndjson");
    let lines: Vec<String> = town(1..10_000).iter().map(Value::to_string).collect();
    fs::write(&file, lines.join("\n")).unwrap();
    let import = |skip: &str, kib: &str| {
        let mut inner = command(folder.path(), &config);
        inner.arg("--import").arg(&file).args(["--skip", skip]);
        let ended = within(&inner, kib).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (ended.status.code(), text(ended.stdout), text(ended.stderr))
    };
    let (code, progress, said) = import("0", "2048");
    assert_eq!(code, Some(1), "{progress}{said}");
    let said = said.lines().find(|line| line.starts_with("canvass-service: ")).unwrap();
    assert!(
        said.contains("the store failed at lines ") && progress.contains("up to line "),
        "{said}"
    );
    let mut numbers = said.split('`').skip(1).step_by(2).filter(|part| *part != "--check");
    let mut next = || numbers.next().unwrap();
    let (revision, without, with) = (next(), next(), next());
    let checked = command(folder.path(), &config).arg("--check").output().unwrap();
    let checked = String::from_utf8(checked.stdout).unwrap();
    let is_without = checked.contains(&format!("; revision {revision}, "));
    let skip = if is_without { without } else { with }.strip_prefix("--skip ").unwrap();
    let (code, _, said) = import(skip, "unlimited");
    assert_eq!(code, Some(0), "{said}");
    let service = Service::start(folder.path(), &config);
    assert_eq!(service.measure("cameras"), 9_999);
    service.stop();
}

#[test]
fn a_start_without_room_to_rewrite_leaves_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&json!({}), &json!({}));
    let inner = command(folder.path(), &config);
    let service = Service::spawn(folder.path(), within(&inner, "unlimited"));
    service.change(&town(1..3_000));
    assert_eq!(service.send(OPERATOR, "DELETE", "/v1/owners/7").status, 200);
    // A failure of the disk is healed before there is room for a second copy of the store.
    let (file, fresh) =
        (folder.path().join("data/canvass.redb"), folder.path().join("data/canvass.redb.new"));
    let length = fs::metadata(&file).unwrap().len();
    limit(&service, 4096);
    service.post(OPERATOR, "/v1/changes", json!(town(3_000..3_500)).to_string());
    service.wait_for(Duration::from_secs(5), |s| s.get("", "/readyz").status == 503);
    lift(&service);
    let healed = service.wait_for(Duration::from_secs(10), |s| s.get("", "/readyz").status == 200);
    println!("healed {healed:?} after there was room");
    assert!(!fresh.exists(), "the store was rewritten while it healed");
    service.kill();
    let mut inner = within(&inner, &(length / 4096).to_string());
    let said = complained(&mut inner);
    assert!(said.contains("canvass.redb.new") && said.contains("after an erasure"), "{said}");
    assert!(!fresh.exists(), "an unfinished file is left");
    let service = Service::start(folder.path(), &config);
    assert_eq!(service.get(OPERATOR, "/v1/owners/7").expect(200)["cameras"], json!([]));
    assert_eq!(service.get(OPERATOR, "/v1/owners/8").expect(200)["cameras"][0]["id"], 8);
    service.stop();
}
