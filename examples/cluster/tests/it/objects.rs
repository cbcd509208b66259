//! Checkpoints in the engine's object store: a new machine starts from them, and is refused by name where one is
//! missing, old or damaged.

use std::time::{Duration, Instant};

use async_nats::jetstream;
use async_nats::jetstream::object_store::ObjectStore;
use canvass::{Change, Consent, OwnerId};
use futures_util::TryStreamExt;
use tokio::io::AsyncReadExt;

use crate::checkpoints::{Kept, camera, yes};
use crate::engine::server;

const BUCKET: &str = "canvass-one-checkpoints";

/// The objects that there are, by name.
struct Objects<'a> {
    kept: &'a Kept,
    store: ObjectStore,
}

impl<'a> Objects<'a> {
    fn of(kept: &'a Kept) -> Self {
        let inside = kept.runtime.enter();
        let context = jetstream::new(kept.client.clone());
        drop(inside);
        let begun = Instant::now();
        loop {
            match kept.runtime.block_on(context.get_object_store(BUCKET)) {
                Ok(store) => return Self { kept, store },
                Err(error) => assert!(begun.elapsed() < Duration::from_secs(20), "{error}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn names(&self) -> Vec<String> {
        let listed = async { self.store.list().await.unwrap().try_collect::<Vec<_>>().await };
        let objects = self.kept.runtime.block_on(listed).unwrap();
        let mut names: Vec<String> =
            objects.into_iter().filter(|it| !it.deleted).map(|it| it.name).collect();
        names.sort();
        names
    }

    /// The list of the only checkpoint, once it has read up to a record.
    fn wait_for(&self, record: u64) -> serde_json::Value {
        let begun = Instant::now();
        loop {
            let lists = self.names().into_iter().filter(|name| name.ends_with("/checkpoint.json"));
            let lists: Vec<String> = lists.collect();
            if let [name] = &lists[..] {
                let list: serde_json::Value = serde_json::from_slice(&self.get(name)).unwrap();
                if list["last"].as_u64().unwrap() >= record {
                    return list;
                }
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{lists:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn get(&self, name: &str) -> Vec<u8> {
        self.kept.runtime.block_on(async {
            let mut bytes = Vec::new();
            self.store.get(name).await.unwrap().read_to_end(&mut bytes).await.unwrap();
            bytes
        })
    }

    fn put(&self, name: &str, mut bytes: &[u8]) {
        self.kept.runtime.block_on(self.store.put(name, &mut bytes)).unwrap();
    }
}

#[test]
fn a_new_machine_starts_from_the_object_store() {
    let Some(server) = server() else { return };
    let mut kept = Kept::new(&server, "");
    kept.seconds = 1;
    kept.with_worker(|| {
        for owner in 0..20 {
            kept.change(owner, vec![Change::Register(camera(owner, 10.0)), yes(owner)]);
        }
        let last = kept.change(7, vec![Change::Withdraw { owner: OwnerId(7) }]);
        let list = Objects::of(&kept).wait_for(last);
        assert_eq!(list["epoch"], 1);
        // After the checkpoint; it is in the log alone.
        kept.change(8, vec![Change::Withdraw { owner: OwnerId(8) }]);
    });
    std::fs::remove_dir_all(kept.data()).unwrap();
    kept.seconds = 3_600;
    kept.with_worker(|| {
        // Nothing else has written these files: no checkpoint was due yet.
        assert!(kept.data().join("one/w/chain-0/checkpoint.json").exists());
        let consents = [6, 7, 8, 9].map(|owner| kept.owner(owner).consent == Consent::granted());
        assert_eq!(consents, [true, false, false, true]);
        assert_eq!(kept.owner(8).cameras, [camera(8, 10.0)]);
    });
    // The next office's checkpoint takes the place of the first one's.
    kept.seconds = 1;
    kept.with_worker(|| {
        let last = kept.change(9, vec![Change::Withdraw { owner: OwnerId(9) }]);
        let list = Objects::of(&kept).wait_for(last);
        assert_eq!(list["epoch"], 2);
        let tiles = list["tiles"].as_object().unwrap().len();
        let begun = Instant::now();
        while Objects::of(&kept).names().len() != tiles + 1 {
            assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", Objects::of(&kept).names());
        }
        assert!(Objects::of(&kept).names().iter().all(|name| name.starts_with("chain-0/2/")));
    });
}

#[test]
fn a_missing_old_or_flipped_object_is_refused_by_name() {
    let Some(server) = server() else { return };
    let mut kept = Kept::new(&server, "");
    kept.seconds = 1;
    let is_tile = |name: &String| !name.contains("owners-") && name.contains(".tile");
    let (old, tile) = kept.with_worker(|| {
        let first = kept.change(1, vec![Change::Register(camera(1, 10.0)), yes(1)]);
        let objects = Objects::of(&kept);
        objects.wait_for(first);
        let old = objects.get(&objects.names().into_iter().find(is_tile).unwrap());
        let last = kept.change(2, vec![Change::Register(camera(2, 10.0)), yes(2)]);
        objects.wait_for(last);
        let begun = Instant::now();
        // Files that the list names no more are removed after it was put.
        loop {
            let tiles: Vec<String> = objects.names().into_iter().filter(is_tile).collect();
            if let [tile] = &tiles[..] {
                break (old, tile.clone());
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "{tiles:?}");
        }
    });
    let objects = Objects::of(&kept);
    let bytes = objects.get(&tile);
    assert_ne!(old, bytes);
    let refused = || {
        std::fs::remove_dir_all(kept.data()).unwrap();
        let message = kept.refused();
        assert!(message.contains(&format!("`{tile}` of the object store `{BUCKET}`")), "{message}");
        assert!(message.contains("Remove the object store"), "{message}");
        message
    };
    kept.runtime.block_on(objects.store.delete(&tile)).unwrap();
    let message = refused();
    assert!(message.contains("object not found"), "{message}");
    objects.put(&tile, &old);
    let message = refused();
    assert!(message.contains("as of revision"), "{message}");
    let mut flipped = bytes.clone();
    flipped[30] ^= 4;
    objects.put(&tile, &flipped);
    let message = refused();
    assert!(message.contains("checksum"), "{message}");
    objects.put(&tile, &bytes);
    std::fs::remove_dir_all(kept.data()).unwrap();
    kept.with_worker(|| assert_eq!(kept.owner(2).consent, Consent::granted()));
    // Without the store the log leads to the same.
    std::fs::remove_dir_all(kept.data()).unwrap();
    kept.runtime.block_on(async {
        let context = jetstream::new(kept.client.clone());
        context.delete_object_store(BUCKET).await.unwrap();
    });
    kept.with_worker(|| assert_eq!(kept.owner(2).cameras, [camera(2, 10.0)]));
}
