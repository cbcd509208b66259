//! The demo, as an operator runs it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::client::call;
use crate::engine::{engine, program};

/// The command lines of this machine's processes that name a folder.
fn processes_of(folder: &str) -> Vec<String> {
    let lines = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let line = std::fs::read(entry.ok()?.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).replace('\0', " "))
    });
    lines.filter(|line| line.contains(folder)).collect()
}

#[test]
fn the_demo_runs_its_commands_and_leaves_no_process() {
    let Some((server, _turn)) = engine() else { return };
    for signal in [Signal::TERM, Signal::INT] {
        let mut command = Command::new(program());
        command.arg("--demo").arg("--nats-server").arg(&server).stdout(Stdio::piped());
        let mut demo = command.spawn().unwrap();
        let lines = BufReader::new(demo.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut text = Vec::new();
        for line in lines {
            let is_last = line.starts_with("Stop it");
            text.push(line);
            if is_last {
                break;
            }
        }
        let line = |words: &str| {
            text.iter().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{text:?}"))
        };
        let (front, street) = line("/v1/imports").split_once("/v1/imports --data @").unwrap();
        let front = front.rsplit_once('/').unwrap().1.parse().unwrap();
        let folder = street.rsplit_once('/').unwrap().0;
        let (_, imported) =
            call(front, "/v1/imports", Some(std::fs::read_to_string(street).unwrap())).unwrap();
        assert_eq!(imported["refused"], serde_json::json!({}), "{imported}");
        let request = line("/v1/requests -d").split_once("-d '").unwrap().1.trim_end_matches('\'');
        let (_, opened) = call(front, "/v1/requests", Some(request.to_owned())).unwrap();
        assert_eq!(opened["id"], 1, "{opened}");
        let (_, route) = call(front, "/v1/requests/1/route", None).unwrap();
        assert_eq!(route["recipients"].as_array().unwrap().len(), 40, "{route}");
        let (_, asked) = call(front, "/v1/requests/1/ask", Some(String::new())).unwrap();
        assert_eq!(asked["asked"].as_array().unwrap().len(), 40, "{asked}");
        // Three nodes, four workers, two keepers and a front.
        assert_eq!(processes_of(folder).len(), 10, "{:?}", processes_of(folder));
        kill_process(Pid::from_raw(demo.id().cast_signed()).unwrap(), signal).unwrap();
        assert!(demo.wait().unwrap().success());
        assert_eq!(processes_of(folder), [] as [String; 0]);
        assert!(!std::path::Path::new(folder).exists());
    }
}
