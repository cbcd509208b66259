//! Checkpoints in the engine's object store, so that a process on a new machine reads only the records after.
//!
//! Whoever is in office of a chain copies its checkpoint there, under the number of its epoch. The log gives
//! each epoch to one process, so no two of them write or remove the same objects. As in a folder, the list of
//! files is put last, and nothing in the store is the truth: without it a process reads the whole log.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use async_nats::jetstream::object_store::{Config, GetErrorKind, ObjectMetadata, ObjectStore};
use async_nats::jetstream::{self, Context};
use futures_util::TryStreamExt;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::checkpoint::{MANIFEST, read_manifest};
use crate::log::record::ChainId;

/// How long one object may take.
const OBJECT: Duration = Duration::from_secs(10);
/// The bytes of a chunk, if the engine's largest message has more.
const CHUNK: usize = 128 << 10;

/// The checkpoints of a region in the engine's object store.
#[derive(Clone)]
pub struct Objects {
    context: Context,
    bucket: String,
    replicas: usize,
    /// The last checkpoint of each chain that this process has put.
    put: BTreeMap<ChainId, Put>,
}

/// A checkpoint that was put: its epoch, its last record and its files.
#[derive(Clone)]
struct Put {
    epoch: u64,
    last: u64,
    files: BTreeSet<String>,
}

/// A checkpoint in the store: its objects begin with the prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Of which chain and epoch.
    pub prefix: String,
    epoch: u64,
}

/// Why an object cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectError {
    /// The store does not answer.
    Silent(String),
    /// The object is missing, old or damaged.
    Unusable {
        /// Which object.
        name: String,
        /// Why.
        reason: String,
    },
}

fn unusable(name: &str, reason: &impl std::fmt::Display) -> ObjectError {
    ObjectError::Unusable { name: name.to_owned(), reason: reason.to_string() }
}

impl std::fmt::Debug for Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Objects").field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

impl Objects {
    /// The checkpoints of a region. Nothing is sent yet.
    #[must_use]
    pub fn new(client: async_nats::Client, region: &str, replicas: usize) -> Self {
        let mut context = jetstream::new(client);
        context.set_timeout(OBJECT);
        let bucket = format!("canvass-{region}-checkpoints");
        Self { context, bucket, replicas, put: BTreeMap::new() }
    }

    /// The name of the store.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    async fn store(&self) -> Result<ObjectStore, String> {
        if let Ok(store) = self.context.get_object_store(&self.bucket).await {
            return Ok(store);
        }
        let config = Config {
            bucket: self.bucket.clone(),
            num_replicas: self.replicas,
            ..Config::default()
        };
        self.context.create_object_store(config).await.map_err(|error| error.to_string())
    }

    /// The newest checkpoint of a chain, by its epoch.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    pub async fn newest(&self, chain: ChainId) -> Result<Option<Kept>, String> {
        let names = self.names(&self.store().await?, chain).await?;
        let lists = names.iter().filter(|(_, name)| name.ends_with(MANIFEST));
        Ok(lists.map(|&(epoch, _)| kept(chain, epoch)).max_by_key(|kept| kept.epoch))
    }

    /// The objects of a chain, each with its epoch.
    async fn names(
        &self,
        store: &ObjectStore,
        chain: ChainId,
    ) -> Result<Vec<(u64, String)>, String> {
        let listed = async {
            let list = store.list().await.map_err(|error| error.to_string())?;
            list.try_collect::<Vec<_>>().await.map_err(|error| error.to_string())
        };
        let listed = timeout(OBJECT, listed).await.map_err(|_| "no list in time".to_owned())??;
        let prefix = format!("chain-{chain}/");
        let own = listed.into_iter().filter(|object| !object.deleted).filter_map(|object| {
            let (epoch, _) = object.name.strip_prefix(&prefix)?.split_once('/')?;
            Some((epoch.parse().ok()?, object.name))
        });
        Ok(own.collect())
    }

    /// The content of an object, whose digest the engine's client compares.
    ///
    /// # Errors
    ///
    /// If it is missing or damaged, or the store does not answer.
    pub async fn get(&self, kept: &Kept, file: &str) -> Result<Vec<u8>, ObjectError> {
        let store = self.store().await.map_err(ObjectError::Silent)?;
        let name = format!("{}{file}", kept.prefix);
        let read = async {
            let mut object = store.get(&name).await.map_err(|error| match error.kind() {
                GetErrorKind::NotFound => unusable(&name, &error),
                _ => ObjectError::Silent(error.to_string()),
            })?;
            let mut bytes = Vec::new();
            object.read_to_end(&mut bytes).await.map_err(|error| match error.kind() {
                std::io::ErrorKind::InvalidData => unusable(&name, &error),
                _ => ObjectError::Silent(error.to_string()),
            })?;
            Ok(bytes)
        };
        let late = |_| ObjectError::Silent(format!("`{name}` was not read in time"));
        timeout(OBJECT, read).await.map_err(late)?
    }

    /// Copies the checkpoint of a folder, if the chain is in this process's office: `epoch`. Only files that are
    /// new are put, and those that it does not name any more are removed.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or put. The checkpoint before stays whole.
    pub async fn copy(
        &mut self,
        folder: &Path,
        (chain, epoch): (ChainId, u64),
    ) -> Result<(), String> {
        let manifest = match read_manifest(folder) {
            Ok(manifest) => manifest,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.to_string()),
        };
        let is_copied = |put: &Put| (put.epoch, put.last) == (epoch, manifest.last);
        if manifest.epoch != epoch || self.put.get(&chain).is_some_and(is_copied) {
            return Ok(());
        }
        let store = self.store().await?;
        let own = kept(chain, epoch);
        let before = self.put.remove(&chain).filter(|put| put.epoch == epoch);
        let is_new = before.is_none();
        let before = before.map(|put| put.files).unwrap_or_default();
        let files: BTreeSet<String> = manifest.files().collect();
        for file in files.difference(&before) {
            self.put_file(&store, folder, &own, file).await?;
        }
        self.put_file(&store, folder, &own, MANIFEST).await?;
        for file in before.difference(&files) {
            remove(&store, &format!("{}{file}", own.prefix)).await?;
        }
        if is_new {
            // Nobody starts from an older office's any more. Lists go first, and their files after them.
            let mut older = self.names(&store, chain).await?;
            let is_left = |name: &str| {
                let file = name.strip_prefix(&own.prefix).unwrap_or_default();
                file != MANIFEST && !files.contains(file)
            };
            older.retain(|(other, name)| *other < epoch || (*other == epoch && is_left(name)));
            older.sort_by_key(|(_, name)| !name.ends_with(MANIFEST));
            for (_, name) in older {
                remove(&store, &name).await?;
            }
        }
        self.put.insert(chain, Put { epoch, last: manifest.last, files });
        Ok(())
    }

    async fn put_file(
        &self,
        store: &ObjectStore,
        folder: &Path,
        own: &Kept,
        file: &str,
    ) -> Result<(), String> {
        let at = folder.join(file);
        let bytes = std::fs::read(&at).map_err(|e| format!("`{}`: {e}", at.display()))?;
        let most = self.context.client().server_info().max_payload / 2;
        let name = format!("{}{file}", own.prefix);
        let chunk_size = Some(if most > 0 { CHUNK.min(most) } else { CHUNK });
        let meta = ObjectMetadata { name: name.clone(), chunk_size, ..ObjectMetadata::default() };
        let mut bytes = bytes.as_slice();
        let put = timeout(OBJECT, store.put(meta, &mut bytes)).await;
        let put = put.map_err(|_| format!("`{name}` was not put in time"))?;
        put.map(|_| ()).map_err(|error| format!("`{name}`: {error}"))
    }
}

fn kept(chain: ChainId, epoch: u64) -> Kept {
    Kept { prefix: format!("chain-{chain}/{epoch}/"), epoch }
}

async fn remove(store: &ObjectStore, name: &str) -> Result<(), String> {
    let removed = timeout(OBJECT, store.delete(name)).await;
    let removed = removed.map_err(|_| format!("`{name}` was not removed in time"))?;
    removed.map_err(|error| format!("`{name}`: {error}"))
}
