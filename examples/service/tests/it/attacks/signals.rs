//! Signals at bad moments: a stop during a checkpoint, and a hang-up while the store is loaded.
#![cfg(unix)]

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{FIRST, OPERATOR, Service, agreed, command, config};

#[test]
fn a_stop_during_a_checkpoint_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({
        "checkpoint_revisions": 4, "checkpoint_seconds": 1000, "transaction_bytes": 4096,
    });
    let config = config(&json!({}), &limits);
    let mut owners = 0_u64;
    let mut unfinished = 0;
    for round in 0..6 {
        let service = Service::start(folder.path(), &config);
        let made = service.measure("checkpoints_total");
        for _ in 0..5 {
            let place = |n: u64| {
                let owner = owners + n;
                let lon = -85.4 + 0.05 * (owner % 30) as f64;
                agreed(owner, lon, 40.6 + 0.0008 * (owner % 2000) as f64)
            };
            service.change(&(1..=400).flat_map(place).collect::<Vec<Value>>());
            owners += 400;
        }
        unfinished += i64::from(service.measure("checkpoints_total") == made);
        let begun = Instant::now();
        assert_eq!(service.exit_code(), Some(0), "in round {round}");
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
        let checked = command(folder.path(), &config).arg("--check").output().unwrap();
        let checked = String::from_utf8(checked.stdout).unwrap();
        assert!(checked.contains(&format!(", {owners} cameras, ")), "{checked}");
        assert!(checked.contains(", 0 revisions in the log"), "{checked}");
    }
    println!("{unfinished} of 6 stops came during a checkpoint");
    assert!(unfinished > 0, "no stop came during a checkpoint");
}

#[test]
fn a_hang_up_while_the_store_is_loaded_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&json!({}), &json!({ "checkpoint_revisions": 1_000_000 }));
    let service = Service::start(folder.path(), &config);
    for list in 0..10_u64 {
        let cameras = (list * 2_000..(list + 1) * 2_000)
            .flat_map(|n| agreed(n, -84.9 + 0.0002 * (n % 100) as f64, 41.1 + 0.000_02 * n as f64));
        service.change(&cameras.collect::<Vec<Value>>());
    }
    service.kill();
    let mut child = command(folder.path(), &config);
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    let mut child = child.stderr(log).spawn().unwrap();
    let begun = Instant::now();
    let mut hang_ups = 0;
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    let heard = std::thread::spawn(move || {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut out, &mut line).unwrap();
        line
    });
    // The first moments belong to the system, which has not run the program yet.
    std::thread::sleep(Duration::from_millis(100));
    while !heard.is_finished() && begun.elapsed() < Duration::from_secs(60) {
        let pid = child.id().to_string();
        std::process::Command::new("kill").args(["-HUP", &pid]).status().unwrap();
        hang_ups += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    let line = heard.join().unwrap();
    println!("{hang_ups} hang-ups in {:?}", begun.elapsed());
    assert!(line.starts_with("listening on "), "{line:?}");
    assert!(hang_ups > 1, "it was loaded too soon");
    child.kill().unwrap();
    child.wait().unwrap();

    // A new agency needs a restart, and the log has a line about it.
    let service = Service::start(folder.path(), &config);
    config["agencies"].as_array_mut().unwrap().push(json!({
        "token_sha256": "0".repeat(64), "agency": { "id": 3, "name": "Third", "kind": "local" },
    }));
    service.hang_up(&config);
    let log = || std::fs::read_to_string(folder.path().join("log")).unwrap();
    let told = "a new agency is admitted after a restart only";
    service.wait_for(Duration::from_secs(5), |_| log().contains(told));
    service.get(FIRST, "/v1/me").expect(200);
    service.get(OPERATOR, "/v1/due").expect(200);
}
