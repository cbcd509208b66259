//! Changes while a checkpoint is made: each is acknowledged between the checkpoint's transactions.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{OPERATOR, Service, agreed, alone, config};

#[test]
fn changes_are_acknowledged_while_a_checkpoint_is_made() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    // Over a hundred kilometres, so that there are many tiles.
    let place = |owner: u64| {
        agreed(owner, -85.4 + 0.05 * (owner / 2000) as f64, 40.6 + 0.0008 * (owner % 2000) as f64)
    };
    let list = |number: u64| {
        let changes: Vec<Value> = (1..=2000).flat_map(|n| place(number * 2000 + n)).collect();
        json!(changes).to_string()
    };
    let lists: Vec<String> = (0..20).map(list).collect();
    // The last list is the one that makes a checkpoint due.
    let bytes = lists.iter().map(String::len).sum::<usize>() - lists[19].len() / 2;
    let limits = json!({
        "checkpoint_revisions": 1_000_000, "checkpoint_seconds": 1000, "checkpoint_bytes": bytes,
        "transaction_bytes": 65_536,
    });
    let service = Service::start(folder.path(), &config(&json!({}), &limits));
    for list in lists {
        service.post(OPERATOR, "/v1/changes", list).expect(200);
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
