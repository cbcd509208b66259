//! The demo, as an operator runs it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use rustix::process::{Pid, Signal, kill_process};

use crate::client::call;
use crate::engine::{Node, engine, program};

/// The command lines of this machine's processes that name a folder.
fn processes_of(folder: &str) -> Vec<String> {
    let lines = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let line = std::fs::read(entry.ok()?.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).replace('\0', " "))
    });
    lines.filter(|line| line.contains(folder)).collect()
}

/// A demo that is up, and the lines that it printed.
fn started(engine: &[&str]) -> (Child, Vec<String>) {
    let mut command = Command::new(program());
    command.arg("--demo").args(engine).stdout(Stdio::piped());
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
    (demo, text)
}

#[test]
fn a_demo_on_an_engine_that_runs_leaves_no_stream() {
    let Some((server, _turn)) = engine() else { return };
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(&server, folder.path(), ("sync_interval: always", ""));
    let (mut demo, _) = started(&["--nats", &node.nats, "--monitor", &node.monitor]);
    let streams = || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let client = async_nats::connect(&node.nats).await.unwrap();
            let names = async_nats::jetstream::new(client).stream_names();
            names.try_collect::<Vec<String>>().await.unwrap()
        })
    };
    assert!(matches!(&streams()[..], [log] if log.starts_with("canvass-demo-")), "{:?}", streams());
    kill_process(Pid::from_raw(demo.id().cast_signed()).unwrap(), Signal::TERM).unwrap();
    assert!(demo.wait().unwrap().success());
    assert_eq!(streams(), [] as [String; 0]);
}

#[test]
fn a_killed_demo_leaves_no_process() {
    let Some((server, _turn)) = engine() else { return };
    let (mut demo, text) = started(&["--nats-server", server.to_str().unwrap()]);
    let import = text.iter().find(|line| line.contains("/v1/imports")).unwrap();
    let folder = import.split_once('@').unwrap().1.rsplit_once('/').unwrap().0;
    assert_eq!(processes_of(folder).len(), 10);
    demo.kill().unwrap();
    demo.wait().unwrap();
    let begun = Instant::now();
    while !processes_of(folder).is_empty() || Path::new(folder).exists() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", processes_of(folder));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_demo_runs_its_commands_and_leaves_no_process() {
    let Some((server, _turn)) = engine() else { return };
    for signal in [Signal::TERM, Signal::INT] {
        let (mut demo, text) = started(&["--nats-server", server.to_str().unwrap()]);
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
        assert!(!Path::new(folder).exists());
    }
}
