//! The start compares the configuration with the system's limits.
#![cfg(unix)]

use serde_json::{Value, json};

use crate::support::{Service, complaint_within, config};
use crate::wire::Wire;

fn log(folder: &std::path::Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("log")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn connections_are_lowered_to_the_files_that_there_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&json!({}), &json!({ "connections": 4096, "head_seconds": 60 }));
    let service = Service::start_within(folder.path(), &config, "ulimit -n 100");
    let warned = log(folder.path());
    let warned = warned.iter().find(|line| line["fields"]["connections"] == 36);
    assert_eq!(warned.unwrap()["level"], "WARN", "{warned:?}");
    // Only as many connections as there are places are answered; the next follows when one ends.
    let head = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut held = Vec::new();
    for _ in 0..36 {
        let mut wire = Wire::open(&service);
        wire.send(head);
        assert_eq!(wire.answer().status, 200);
        held.push(wire);
    }
    let mut waiting = Wire::open(&service);
    waiting.send(head);
    drop(held.pop());
    assert_eq!(waiting.answer().status, 200);
    let failed = log(folder.path());
    assert!(
        failed.iter().all(|line| line["fields"]["message"] != "a connection could not be accepted")
    );
}

#[test]
fn the_soft_limit_of_files_is_raised() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&json!({}), &json!({ "connections": 400 }));
    let service = Service::start_within(folder.path(), &config, "ulimit -Sn 100");
    let raised = log(folder.path());
    let raised = raised.iter().find(|line| line["fields"]["to"] == 464);
    assert_eq!(raised.unwrap()["level"], "INFO", "{raised:?}");
    service.stop();
}

#[test]
fn a_start_with_too_few_files_names_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let said = complaint_within(folder.path(), &config(&json!({}), &json!({})), "ulimit -n 50");
    assert!(said.contains("may have 50 open files") && said.contains("ulimit -n"), "{said}");
    assert!(!folder.path().join("data").exists(), "nothing was made");
}
