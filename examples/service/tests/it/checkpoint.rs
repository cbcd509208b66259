//! Changes during a checkpoint: each is acknowledged between the checkpoint's transactions.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Service, agreed, alone, config};

#[test]
fn changes_are_acknowledged_while_a_checkpoint_is_made() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    // Over a hundred kilometres, so that there are many tiles.
    let place = |owner: u64| {
        agreed(owner, -85.4 + 0.05 * (owner / 2000) as f64, 40.6 + 0.0008 * (owner % 2000) as f64)
    };
    // The last list makes a checkpoint due; the writer would wait for it after four times as many.
    let limits = json!({
        "checkpoint_revisions": 20, "checkpoint_seconds": 1000, "transaction_bytes": 65_536,
    });
    let service = Service::start(folder.path(), &config(&json!({}), &limits));
    for list in 0..20 {
        service.change(&(1..=2000).flat_map(|n| place(list * 2000 + n)).collect::<Vec<Value>>());
    }
    let (begun, mut times) = (Instant::now(), Vec::new());
    while service.measure("checkpoints_total") == 0 && times.len() < 40 {
        let sent = Instant::now();
        service.change(&[json!({ "withdraw": { "owner": 1 + times.len() } })]);
        times.push(sent.elapsed());
    }
    service.wait_for(Duration::from_secs(120), |service| service.measure("checkpoints_total") > 0);
    let (span, slowest) = (begun.elapsed(), times.iter().max().unwrap());
    println!(
        "{} changes were acknowledged in the {span:?} of a checkpoint, the slowest after {slowest:?}",
        times.len()
    );
    assert!(times.len() >= 5, "{times:?}");
    assert!(*slowest < span / 2, "{slowest:?} of {span:?}");
    service.stop();
}
