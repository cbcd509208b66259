//! How the log is followed where the engine makes no consumer, or loses one.

use std::ops::RangeInclusive;
use std::time::Duration;

use async_nats::jetstream;
use canvass_cluster::log::engine::connect;
use canvass_cluster::log::record::{Body, MARKS, Record, RecordId};
use canvass_cluster::log::stream::Log;
use futures_util::TryStreamExt;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::engine::{Node, server};

/// Two users of one engine: the second may not have a consumer made.
const USERS: &str = r#"authorization { users: [
    { user: writer, password: w }
    { user: reader, password: r, permissions: { publish: { deny: "$JS.API.CONSUMER.>" } } }
] }"#;

/// A node of the engine with its folder, and with lines of its configuration.
fn node(others: &str) -> Option<(Node, tempfile::TempDir)> {
    let (server, folder) = (server()?, tempfile::tempdir().unwrap());
    Some((Node::start(&server, folder.path(), ("sync_interval: always", others)), folder))
}

async fn open(node: &Node, user: &str) -> Log {
    let address = node.nats.replace("nats://", &format!("nats://{user}@"));
    Log::open(connect(&[address], "follow").await.unwrap(), "one", 1).await.unwrap()
}

/// Appends records by number; their sequences.
async fn append(log: &Log, numbers: RangeInclusive<u64>) -> Vec<u64> {
    let mut sequences = Vec::new();
    for number in numbers {
        let id = RecordId { writer: "w".to_owned(), number };
        let record = Record { chain: MARKS, epoch: 0, after: 0, id, body: Body::Mark };
        sequences.push(log.append(&record).await.unwrap());
    }
    sequences
}

/// Follows a log from its beginning: sequences with the numbers of their records.
fn follow(log: Log) -> UnboundedReceiver<(u64, u64)> {
    let (sender, read) = unbounded_channel();
    tokio::spawn(async move {
        log.follow(0, |sequence, record| {
            let _ = sender.send((sequence, record.id.number));
            Ok(())
        })
        .await
    });
    read
}

/// Reads the next records, which must have some numbers, each within five seconds.
async fn reads(read: &mut UnboundedReceiver<(u64, u64)>, numbers: RangeInclusive<u64>) {
    for number in numbers {
        let next = timeout(Duration::from_secs(5), read.recv()).await;
        assert_eq!(next.expect("nothing was read for 5 s"), Some((number, number)));
    }
}

#[tokio::test]
async fn a_follower_without_a_consumer_reads_every_record() {
    let Some((node, _folder)) = node(USERS) else { return };
    let writer = open(&node, "writer:w").await;
    assert_eq!(append(&writer, 1..=20).await, (1..=20).collect::<Vec<_>>());
    let mut read = follow(open(&node, "reader:r").await);
    reads(&mut read, 1..=20).await;
    for number in 21..=30 {
        append(&writer, number..=number).await;
        reads(&mut read, number..=number).await;
    }
}

#[tokio::test]
async fn a_follower_outlives_its_consumer() {
    let Some((node, _folder)) = node(USERS) else { return };
    let writer = open(&node, "writer:w").await;
    append(&writer, 1..=3).await;
    let mut read = follow(open(&node, "writer:w").await);
    reads(&mut read, 1..=3).await;
    let context = jetstream::new(writer.client());
    let stream = context.get_stream(writer.stream()).await.unwrap();
    for begin in [4, 7] {
        let consumers: Vec<String> = loop {
            let found: Vec<String> = stream.consumer_names().try_collect().await.unwrap();
            if !found.is_empty() {
                break found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        for consumer in consumers {
            stream.delete_consumer(&consumer).await.unwrap();
        }
        append(&writer, begin..=begin + 2).await;
        reads(&mut read, begin..=begin + 2).await;
    }
}

#[tokio::test]
async fn a_follower_of_a_log_that_was_made_anew_stops() {
    let Some((node, _folder)) = node("") else { return };
    let writer = open(&node, "writer:w").await;
    append(&writer, 1..=5).await;
    let reader = open(&node, "writer:w").await;
    let followed = tokio::spawn(async move { reader.follow(0, |_, _| Ok(())).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let context = jetstream::new(writer.client());
    context.delete_stream(writer.stream()).await.unwrap();
    let anew = open(&node, "writer:w").await;
    append(&anew, 6..=7).await;
    let error = timeout(Duration::from_secs(120), followed).await.unwrap().unwrap();
    let words = "the log ends at record 2, and this reader has read up to 5";
    assert!(error.to_string().starts_with(words), "{error}");
}
