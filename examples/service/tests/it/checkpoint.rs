//! Changes during a checkpoint: each is acknowledged between the checkpoint's transactions.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Service, agreed, config};

#[test]
fn changes_are_acknowledged_while_a_checkpoint_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({
        "checkpoint_revisions": 1_000_000, "checkpoint_seconds": 1000, "checkpoint_bytes": 5_000_000,
        "transaction_bytes": 65_536,
    });
    let service = Service::start(folder.path(), &config(&json!({}), &limits));
    for list in 0..20_u64 {
        // The cameras spread over a hundred kilometres, so that there are many tiles.
        let place = |n: u64| {
            let owner = 1 + list * 2000 + n;
            agreed(owner, -85.4 + 0.05 * list as f64, 40.6 + 0.0008 * n as f64)
        };
        service.change(&(0..2000).flat_map(place).collect::<Vec<Value>>());
    }
    let (begun, mut times) = (Instant::now(), Vec::new());
    while service.measure("checkpoints_total") == 0 {
        let sent = Instant::now();
        service.change(&[json!({ "withdraw": { "owner": 1 + times.len() } })]);
        times.push(sent.elapsed());
        assert!(begun.elapsed() < Duration::from_secs(120), "no checkpoint is made");
    }
    let (span, slowest) = (begun.elapsed(), times.iter().max().unwrap());
    println!(
        "{} changes were acknowledged in the {span:?} of a checkpoint, the slowest after {slowest:?}",
        times.len()
    );
    assert!(times.len() >= 5, "{times:?}");
    assert!(*slowest < span / 2, "{slowest:?} of {span:?}");
    service.stop();
}
