//! Checkpoints: the content of a replica, written to a folder of this process, so that its next start reads
//! only the records after.
//!
//! A checkpoint is never the truth: without one a process reads the whole log.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use canvass::Registry;
use canvass::tiles::TileKey;
use serde::{Deserialize, Serialize};

use super::reader::Reader;
use super::replica::{Content, Standing};
use crate::log::record::{ChainId, RecordId};

/// The version of the form.
pub(super) const VERSION: u32 = 1;
/// The name of the file that lists the others. It is written last.
pub(super) const MANIFEST: &str = "checkpoint.json";

/// The list of a checkpoint's files, and its place in the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this form.
    pub version: u32,
    /// The number of partitions by which owners were dealt.
    pub partitions: u16,
    /// The last record that was read.
    pub read: u64,
    /// The epoch of the chain.
    pub epoch: u64,
    /// The last record of the chain that counted.
    pub last: u64,
    /// Its identity, by which another log is found out.
    pub id: RecordId,
    /// The revision of the tiles, at or after `last`.
    pub revision: u64,
    /// The revision that last changed each tile. A tile's file is named after both.
    pub tiles: BTreeMap<TileKey, u64>,
    /// Instead of tiles, the requests that stand, and the CRC of their file.
    pub requests: Option<u32>,
}

impl Manifest {
    /// The names of the files that it lists.
    pub fn files(&self) -> impl Iterator<Item = String> {
        let tiles = self.tiles.iter().map(|(&key, &revision)| tile_name(key, revision));
        tiles.chain(self.requests.map(|_| requests_name(self.last)))
    }
}

/// The files of a process's checkpoints.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
    /// One checkpoint at a time: another would remove files that the first still lists.
    turn: Arc<Mutex<()>>,
}

impl Folder {
    /// The folder of a process of a region.
    #[must_use]
    pub fn new(data: &Path, region: &str, name: &str) -> Self {
        Self { root: data.join(region).join(name), turn: Arc::default() }
    }

    /// The folder of a chain.
    #[must_use]
    pub fn of(&self, chain: ChainId) -> PathBuf {
        self.root.join(format!("chain-{chain}"))
    }

    /// Writes the replicas that have read a record of their own since their last checkpoint. Files that have
    /// not changed are left as they are. Returns how many checkpoints were written.
    ///
    /// # Errors
    ///
    /// If a file cannot be written. The checkpoint before stays whole.
    pub fn write(&self, reader: &Reader) -> io::Result<usize> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let chains: Vec<ChainId> = reader.lock().replicas.keys().copied().collect();
        let mut written = 0;
        for chain in chains {
            let taken = {
                let inner = reader.lock();
                let replica = inner.replicas.get(&chain).cloned();
                replica.map(|replica| (replica, reader.read()))
            };
            // Tiles are taken after the lock, and may be of a later revision: records in between are applied
            // once, since a registry passes over those that it has.
            let Some((replica, read)) = taken else { continue };
            let Some(id) = replica.last else { continue };
            // A large list is under way: its pieces are in no checkpoint, so the next one is.
            if !replica.pieces.is_empty() {
                continue;
            }
            let mut manifest = Manifest {
                version: VERSION,
                partitions: reader.partitions(),
                read,
                epoch: replica.chain.epoch,
                last: replica.chain.last,
                id,
                revision: 0,
                tiles: BTreeMap::new(),
                requests: None,
            };
            let folder = self.of(chain);
            let before = read_manifest(&folder).ok();
            if before.as_ref().is_some_and(|before| before.last == manifest.last) {
                continue;
            }
            std::fs::create_dir_all(&folder)?;
            match replica.content {
                Content::Partition(registry) => {
                    write_tiles(&folder, &registry, before, &mut manifest)?;
                }
                Content::Requests(standing) => write_requests(&folder, &standing, &mut manifest)?,
            }
            let text = serde_json::to_vec(&manifest).map_err(io::Error::other)?;
            replace(&folder, MANIFEST, &text)?;
            remove_others(&folder, &manifest)?;
            written += 1;
        }
        Ok(written)
    }
}

fn write_tiles(
    folder: &Path,
    registry: &Arc<Registry>,
    before: Option<Manifest>,
    manifest: &mut Manifest,
) -> io::Result<()> {
    let tiles = match &before {
        Some(before) => registry.tiles_since(canvass::Revision(before.revision)),
        None => registry.tiles(),
    };
    manifest.tiles = before.map(|before| before.tiles).unwrap_or_default();
    manifest.revision = tiles.revision.0;
    for key in tiles.vanished {
        manifest.tiles.remove(&key);
    }
    for tile in tiles.changed {
        let (key, revision) = (tile.key(), tile.revision().0);
        replace(folder, &tile_name(key, revision), &tile.encode())?;
        manifest.tiles.insert(key, revision);
    }
    Ok(())
}

fn write_requests(folder: &Path, standing: &Standing, manifest: &mut Manifest) -> io::Result<()> {
    let bytes = serde_json::to_vec(standing).map_err(io::Error::other)?;
    manifest.requests = Some(crc32fast::hash(&bytes));
    manifest.revision = manifest.last;
    replace(folder, &requests_name(manifest.last), &bytes)
}

pub(super) fn tile_name(key: TileKey, revision: u64) -> String {
    format!("{key}.{revision}.tile")
}

pub(super) fn requests_name(last: u64) -> String {
    format!("requests.{last}.json")
}

/// Reads the list of a checkpoint.
pub(super) fn read_manifest(folder: &Path) -> io::Result<Manifest> {
    let text = std::fs::read(folder.join(MANIFEST))?;
    serde_json::from_slice(&text).map_err(io::Error::other)
}

/// Writes a file whole or not at all, and to the disk.
fn replace(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(name))?;
    // The name as well.
    std::fs::File::open(folder)?.sync_all()
}

/// Removes the files that no checkpoint names any more.
fn remove_others(folder: &Path, manifest: &Manifest) -> io::Result<()> {
    let mut named: std::collections::BTreeSet<String> = manifest.files().collect();
    named.insert(MANIFEST.to_owned());
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if !named.contains(entry.file_name().to_string_lossy().as_ref()) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
