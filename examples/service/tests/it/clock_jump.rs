//! A jumping wall clock: a preloaded library replaces the program's wall clock, and adds the offset
//! in a file.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{FIRST, OPERATOR, Service, agreed, command, config, request, square};

const LIBRARY: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    int failed = syscall(SYS_clock_gettime, clock, time);
    const char *path = getenv("CLOCK_AHEAD");
    if (failed || clock != CLOCK_REALTIME || !path) return failed;
    char text[32] = {0};
    int file = open(path, O_RDONLY);
    if (file >= 0) {
        if (read(file, text, sizeof text - 1) > 0) time->tv_sec += atol(text);
        close(file);
    }
    return 0;
}
"#;

pub const ELEVEN_DAYS: i64 = 11 * 86_400;

/// A folder with a wall clock of its own.
pub struct Clock {
    folder: tempfile::TempDir,
    library: PathBuf,
}

impl Clock {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (source, library) = (folder.path().join("clock.c"), folder.path().join("clock.so"));
        std::fs::write(&source, LIBRARY).unwrap();
        let mut cc = Command::new("cc");
        let built = cc.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
        assert!(built.unwrap().success());
        let clock = Self { folder, library };
        clock.set(0);
        clock
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Sets the wall clock ahead by some seconds.
    pub fn set(&self, ahead: i64) {
        let (next, file) = (self.path().join("next"), self.path().join("ahead"));
        std::fs::write(&next, ahead.to_string()).unwrap();
        std::fs::rename(next, file).unwrap();
    }

    pub fn start(&self, config: &Value) -> Service {
        let mut command = command(self.path(), config);
        command.env("LD_PRELOAD", &self.library).env("CLOCK_AHEAD", self.path().join("ahead"));
        Service::spawn(self.path(), command)
    }
}

fn settings(settle: u64) -> Value {
    let policy = json!({ "anonymity": "waived", "min_households": 0, "quiet_hours": "none", "max_requests_per_case": 9 });
    config(&policy, &json!({ "clock_settle_seconds": settle }))
}

fn submitted(service: &Service) -> crate::support::Answer {
    let request = request("26-1", &square(-84.9, 41.1, 0.008));
    service.post(FIRST, "/v1/requests", request.to_string())
}

fn state(service: &Service, id: &Value) -> Value {
    service.get(FIRST, &format!("/v1/requests/{id}")).expect(200)["state"].clone()
}

#[test]
fn a_clock_ahead_for_two_seconds_expires_nothing_and_heals() {
    let (clock, config) = (Clock::new(), settings(300));
    let service = clock.start(&config);
    service.change(&agreed(1, -84.899, 41.102));
    let id = submitted(&service).expect(201)["id"].clone();
    let (ask, route) = (format!("/v1/requests/{id}/ask"), format!("/v1/requests/{id}/route"));
    clock.set(ELEVEN_DAYS);
    service.get("", "/readyz").problem(503, "clock_in_doubt");
    submitted(&service).problem(503, "clock_in_doubt");
    service.post(OPERATOR, &ask, "{}").problem(503, "clock_in_doubt");
    service.get(OPERATOR, &route).problem(503, "clock_in_doubt");
    // A withdrawal is accepted at any time that the clock shows.
    service.change(&agreed(2, -84.898, 41.102));
    service.change(&[json!({ "withdraw": { "owner": 2 } })]);
    service.wait_for(Duration::from_secs(3), |s| s.measure("clock_off_seconds") > ELEVEN_DAYS - 60);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(state(&service, &id), "open");
    clock.set(0);
    let healed = service.wait_for(Duration::from_secs(3), |s| s.get("", "/readyz").status == 200);
    println!("healed {healed:?} after the clock was right");
    service.wait_for(Duration::from_secs(3), |s| s.measure("clock_off_seconds") == 0);
    assert!(service.measure("clock_jumps") >= 1);
    let events = service.get(OPERATOR, "/v1/events?after=0").expect(200);
    assert_eq!(events["events"].as_array().unwrap().len(), 1, "{events}");
    let second = submitted(&service).expect(201);
    service.kill();

    // The state survives restarts, the last of them while the clock is wrong.
    clock.set(ELEVEN_DAYS);
    let service = clock.start(&config);
    service.get("", "/readyz").problem(503, "clock_in_doubt");
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(state(&service, &id), "open");
    clock.set(0);
    service.wait_for(Duration::from_secs(3), |s| s.get("", "/readyz").status == 200);
    assert_eq!(state(&service, &second["id"]), "open");
    submitted(&service).expect(201);
    assert_eq!(service.post(OPERATOR, &ask, "{}").expect(200)["owners"], 1);
    service.stop();
}

#[test]
fn a_clock_that_stays_ahead_is_believed_at_last() {
    let (clock, config) = (Clock::new(), settings(2));
    let service = clock.start(&config);
    let id = submitted(&service).expect(201)["id"].clone();
    clock.set(ELEVEN_DAYS);
    service.get("", "/readyz").problem(503, "clock_in_doubt");
    let believed = service.wait_for(Duration::from_secs(6), |s| s.get("", "/readyz").status == 200);
    assert!(believed > Duration::from_millis(1500), "{believed:?}");
    service.wait_for(Duration::from_secs(3), |service| state(service, &id) == "expired");
    service.stop();
}
