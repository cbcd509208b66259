//! Checkpoints: a start reads only the records after them, and is refused by name where one is missing, old,
//! damaged or of another log.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use async_nats::jetstream;
use canvass::{Camera, CameraId, Change, Consent, OwnerId, Position, Recording};
use canvass_cluster::log::record::{Body, MARKS, Record, RecordId};
use canvass_cluster::roles::bus::Bus;
use canvass_cluster::roles::call::{Answer, Call, OwnerRecord};
use rustix::process::{Pid, Signal, kill_process};
use tokio::runtime::Runtime;

use crate::engine::{Node, program, server};
use crate::start::{refused, worker};

/// A worker with a folder of checkpoints, on an engine of one node.
pub struct Kept {
    folder: tempfile::TempDir,
    node: Node,
    pub runtime: Runtime,
    pub bus: Bus,
    pub client: async_nats::Client,
    /// How many seconds lie between checkpoints.
    pub seconds: u32,
}

impl Kept {
    pub fn new(server: &Path, others: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = Node::start(server, folder.path(), ("sync_interval: always", others));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let options = async_nats::ConnectOptions::new().retry_on_initial_connect();
        let client = runtime.block_on(options.connect(&node.nats)).unwrap();
        let bus = Bus::new(client.clone(), "one");
        Self { folder, node, runtime, bus, client, seconds: 60 }
    }

    /// The folder of the worker's checkpoints.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = worker(self.folder.path(), &self.node.nats, &self.node.monitor);
        let (data, seconds) = (self.data().display().to_string(), self.seconds.to_string());
        let others = ["--data", &data, "--checkpoint-seconds", &seconds];
        arguments.extend(others.map(str::to_owned));
        arguments
    }

    pub fn refused(&self) -> String {
        refused(&self.arguments().iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Runs a worker, does something with it, and ends it: it writes a checkpoint as it ends.
    pub fn with_worker<T>(&self, then: impl FnOnce() -> T) -> T {
        let mut command = Command::new(program());
        let child = command.args(self.arguments()).stdout(Stdio::piped()).spawn().unwrap();
        let mut running = Running(child);
        let mut line = String::new();
        let output = running.0.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line).unwrap();
        assert_eq!(line.trim(), "ready");
        let done = then();
        end(&mut running.0);
        done
    }

    pub fn change(&self, owner: u64, changes: Vec<Change>) -> u64 {
        let call = Call::Change { owner: OwnerId(owner), changes };
        match self.runtime.block_on(self.bus.write(0, &["w".to_owned()], &call)) {
            Answer::Written(sequence) => sequence,
            answer => panic!("{answer:?}"),
        }
    }

    pub fn owner(&self, owner: u64) -> OwnerRecord {
        let call = Call::Owner { owner: OwnerId(owner), at_least: 0 };
        match self.runtime.block_on(self.bus.look(&["w".to_owned()], 0, &call)) {
            Some(Answer::Owner(record)) => *record,
            answer => panic!("{answer:?}"),
        }
    }

    /// The files of tiles by name, ascending.
    fn tiles(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.data().join("one/w/chain-0")).unwrap();
        let mut tiles: Vec<PathBuf> = files
            .map(|entry| entry.unwrap().path())
            .filter(|file| file.extension().is_some_and(|end| end == "tile"))
            .collect();
        tiles.sort();
        tiles
    }

    /// Replaces the log by an empty one.
    fn lose_log(&self) {
        self.runtime.block_on(async {
            let context = jetstream::new(self.client.clone());
            context.delete_stream("canvass-one").await.unwrap();
        });
    }
}

/// A worker that does not outlive a test that fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn end(child: &mut Child) {
    kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}

pub fn yes(owner: u64) -> Change {
    Change::SetConsent { owner: OwnerId(owner), consent: Consent::granted() }
}

pub fn camera(owner: u64, lon: f64) -> Camera {
    let position = Position::new(lon, 50.0).unwrap();
    Camera::new(CameraId(owner), OwnerId(owner), position, Recording::kept_for_days(30))
}

#[test]
fn a_start_from_a_checkpoint_leads_to_the_same() {
    let Some(server) = server() else { return };
    let kept = Kept::new(&server, "");
    kept.with_worker(|| {
        for owner in 0..20 {
            kept.change(owner, vec![Change::Register(camera(owner, 10.0)), yes(owner)]);
        }
    });
    let before = kept.tiles();
    assert!(before.len() > 5, "{before:?}");
    // After the checkpoint: one withdraws, one moves away so that a tile vanishes later, one is killed over.
    let last = kept.with_worker(|| {
        assert_eq!(kept.owner(7).consent, Consent::granted());
        kept.change(7, vec![Change::Withdraw { owner: OwnerId(7) }]);
        let away = Position::new(30.0, 40.0).unwrap();
        kept.change(8, vec![Change::Move { camera: CameraId(8), position: away }])
    });
    let after = kept.tiles();
    let unchanged = before.iter().filter(|file| after.contains(file)).count();
    assert!(unchanged > 3 && unchanged < before.len(), "only changed tiles are written");
    kept.with_worker(|| {
        assert_eq!(kept.owner(7).consent, Consent::default());
        assert_eq!(kept.owner(7).cameras, [camera(7, 10.0)]);
        assert_eq!(kept.owner(8).cameras[0].position, Position::new(30.0, 40.0).unwrap());
        assert!(kept.owner(8).revision >= last);
        kept.change(8, vec![Change::Remove { camera: CameraId(8) }]);
    });
    kept.with_worker(|| {
        assert_eq!(kept.owner(8).cameras, []);
        assert_eq!(kept.owner(9).consent, Consent::granted());
    });
}

#[test]
fn a_missing_old_or_flipped_tile_is_refused_by_name() {
    let Some(server) = server() else { return };
    let kept = Kept::new(&server, "");
    kept.with_worker(|| kept.change(1, vec![Change::Register(camera(1, 10.0)), yes(1)]));
    let old = kept.tiles().into_iter().find(|file| !name(file).starts_with("owners-")).unwrap();
    let old_bytes = std::fs::read(&old).unwrap();
    kept.with_worker(|| kept.change(2, vec![Change::Register(camera(2, 10.0)), yes(2)]));
    let tile = kept.tiles().into_iter().find(|file| !name(file).starts_with("owners-")).unwrap();
    assert_ne!(old, tile);
    let bytes = std::fs::read(&tile).unwrap();

    std::fs::remove_file(&tile).unwrap();
    let message = kept.refused();
    assert!(message.contains(name(&tile)) && message.contains("No such file"), "{message}");

    std::fs::write(&tile, old_bytes).unwrap();
    let message = kept.refused();
    assert!(message.contains(name(&tile)) && message.contains("as of revision"), "{message}");

    for at in [30, bytes.len() / 2, bytes.len() - 1] {
        let mut flipped = bytes.clone();
        flipped[at] ^= 4;
        std::fs::write(&tile, flipped).unwrap();
        let message = kept.refused();
        assert!(message.contains("checksum") && message.contains(name(&tile)), "{message}");
    }
    std::fs::write(&tile, bytes).unwrap();
    kept.with_worker(|| assert_eq!(kept.owner(2).consent, Consent::granted()));
}

fn name(file: &Path) -> &str {
    file.file_name().unwrap().to_str().unwrap()
}

#[test]
fn a_log_shorter_than_a_checkpoint_is_refused_with_both_named() {
    let Some(server) = server() else { return };
    let kept = Kept::new(&server, "");
    kept.with_worker(|| kept.change(1, vec![Change::Register(camera(1, 10.0)), yes(1)]));
    kept.lose_log();
    let message = kept.refused();
    assert!(message.contains("`canvass-one` ends at record 1, and the checkpoint"), "{message}");
    assert!(message.contains("chain-0/checkpoint.json"), "{message}");
    // A log that has grown again past the checkpoint is another one.
    kept.runtime.block_on(async {
        let context = jetstream::new(kept.client.clone());
        for number in 0..10 {
            let id = RecordId { writer: "another".to_owned(), number };
            let record = Record { chain: MARKS, epoch: 0, after: 0, id, body: Body::Mark };
            let bytes = serde_json::to_vec(&record).unwrap();
            let subject = format!("canvass.one.log.{MARKS}");
            context.publish(subject, bytes.into()).await.unwrap().await.unwrap();
        }
    });
    let message = kept.refused();
    assert!(message.contains("is not the one that the checkpoint"), "{message}");
}

#[test]
fn another_number_of_partitions_is_refused() {
    let Some(server) = server() else { return };
    let kept = Kept::new(&server, "");
    kept.with_worker(|| kept.change(1, vec![Change::Register(camera(1, 10.0)), yes(1)]));
    let arguments = kept.arguments();
    let file = kept.folder.path().join("placement.json");
    let two = r#"{"region":"one","partitions":[["w"],["w"]],"requests":["r"],"replicas":1}"#;
    std::fs::write(&file, two).unwrap();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let message = refused(&arguments);
    assert!(message.contains("dealt to 1 partitions, and the table has 2"), "{message}");
    // Without a checkpoint the log itself names the number.
    std::fs::remove_dir_all(kept.data()).unwrap();
    let message = refused(&arguments);
    assert!(message.contains("has 1 partitions, and the table here has 2"), "{message}");
}
