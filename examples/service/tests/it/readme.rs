//! The README's commands, run as a reader pastes them.

use std::process::Command;

use serde_json::Value;

use crate::support::Service;

const README: &str = include_str!("../../README.md");

#[test]
fn the_readmes_commands_register_agree_ask_and_stop() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_canvass-service"));
    demo.args(["--demo", "--listen", "127.0.0.1:0"]).stdout(std::process::Stdio::piped());
    let service = Service::spawn(folder.path(), demo);
    let script = README.split("## To try").nth(1).unwrap().split("```").nth(1).unwrap();
    let script = script.strip_prefix("sh\n").unwrap();
    assert_eq!(script.matches("http://127.0.0.1:8787").count(), 1);
    let script = script.replace("http://127.0.0.1:8787", service.address());
    assert!(script.matches("curl -s ").count() > 5);
    // A problem as an answer ends the script.
    let script = script.replace("curl -s ", "curl -sS --fail-with-body ");
    let ran = Command::new("bash").args(["-euo", "pipefail", "-c", &script]).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{out}\n{err}");
    let answers = serde_json::Deserializer::from_str(&out).into_iter::<Value>();
    let answers: Vec<Value> = answers.map(Result::unwrap).collect();
    let asked = answers.iter().find(|answer| answer["recipients"].is_array()).unwrap();
    let recipients = asked["recipients"].as_array().unwrap();
    assert!(recipients.iter().any(|to| to["owner"] == 900_001), "{asked}");
    assert!(recipients.len() > 11);
    let held = service.get("demo-operator", "/v1/owners/900001").expect(200);
    assert_eq!(held["consent"]["standing"], "not_granted");
}
