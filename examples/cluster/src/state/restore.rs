//! Restores replicas from the checkpoints in a folder. A tile that is missing, old or damaged is refused by name:
//! cameras, consents and withdrawals would otherwise be missing without a word.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use canvass::tiles::TileKey;
use canvass::{Registry, Revision};

use super::checkpoint::{
    Folder, MANIFEST, Manifest, VERSION, read_manifest, requests_name, tile_name,
};
use super::replica::{Content, Replica};
use crate::log::record::{ChainId, RecordId};

/// Why a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "the checkpoint `{file}` cannot be used: {reason}. Remove {remedy}, and the process reads the whole log"
)]
pub struct CheckpointError {
    /// Which file.
    pub file: String,
    /// Why.
    pub reason: String,
    /// The thing to remove.
    pub remedy: String,
}

/// A replica from a checkpoint, and the point of the log at which it was made.
#[derive(Debug)]
pub struct Restored {
    /// The replica.
    pub replica: Replica,
    /// The file that lists the checkpoint.
    pub file: PathBuf,
    /// The last record that it has read: the log is followed from there.
    pub read: u64,
    /// How far the log must reach. Tiles may be newer than `read`.
    pub reached: u64,
    /// The last record that counted, with its identity.
    pub last: (u64, RecordId),
}

impl Folder {
    /// Restores a chain; `None` if it has no checkpoint.
    ///
    /// # Errors
    ///
    /// The first file that is missing, old or damaged, or that was dealt to another number of partitions.
    pub fn restore(
        &self,
        chain: ChainId,
        partitions: u16,
    ) -> Result<Option<Restored>, CheckpointError> {
        restore(&self.of(chain), partitions)
    }
}

/// Restores the checkpoint in a folder; `None` if there is none.
///
/// # Errors
///
/// As [`Folder::restore`].
pub fn restore(folder: &Path, partitions: u16) -> Result<Option<Restored>, CheckpointError> {
    let file = folder.join(MANIFEST);
    if !file.exists() {
        return Ok(None);
    }
    let manifest = read_manifest(folder).map_err(|reason| refused(&file, reason.to_string()))?;
    if manifest.version != VERSION {
        let reason = format!("it has version {}, and {VERSION} is read", manifest.version);
        return Err(refused(&file, reason));
    }
    if manifest.partitions != partitions {
        let reason = format!(
            "its owners were dealt to {} partitions, and the table has {partitions}",
            manifest.partitions
        );
        return Err(refused(&file, reason));
    }
    let content = match manifest.requests {
        Some(crc) => requests(folder, &manifest, crc)?,
        None => registry(folder, &manifest, &file)?,
    };
    let Manifest { read, epoch, last, id, .. } = manifest;
    let replica = Replica::restored(content, (epoch, last), id.clone());
    let reached = read.max(manifest.revision);
    Ok(Some(Restored { replica, file, read, reached, last: (last, id) }))
}

fn registry(folder: &Path, manifest: &Manifest, file: &Path) -> Result<Content, CheckpointError> {
    let mut tiles = BTreeMap::new();
    for (&key, &revision) in &manifest.tiles {
        let at = folder.join(tile_name(key, revision));
        let bytes = std::fs::read(&at).map_err(|error| refused(&at, error.to_string()))?;
        let (found_key, found) = header(&bytes).map_err(|reason| refused(&at, reason))?;
        if (found_key, found) != (key.to_u64(), revision) {
            let name = TileKey::from_u64(found_key)
                .map_or_else(|_| found_key.to_string(), |key| key.to_string());
            let reason = format!(
                "it holds tile `{name}` as of revision {found}, and the checkpoint names `{key}` as of {revision}"
            );
            return Err(refused(&at, reason));
        }
        tiles.insert(key, bytes);
    }
    let registry = Registry::from_tiles(Revision(manifest.revision), tiles.values());
    let registry = registry.map_err(|error| refused(file, error.to_string()))?;
    Ok(Content::Partition(Arc::new(registry)))
}

/// The key and the revision in the header of a tile whose bytes are as written.
fn header(bytes: &[u8]) -> Result<(u64, u64), String> {
    let number = |at: usize| {
        let number = bytes.get(at..)?.first_chunk::<8>()?;
        Some(u64::from_le_bytes(*number))
    };
    let (body, crc) = bytes.split_last_chunk::<4>().ok_or("it is shorter than a tile")?;
    checked(body, u32::from_le_bytes(*crc))?;
    number(8).zip(number(16)).ok_or_else(|| "it is shorter than a tile".to_owned())
}

/// Whether bytes have the checksum that was written.
fn checked(bytes: &[u8], written: u32) -> Result<(), String> {
    let found = crc32fast::hash(bytes);
    if found == written {
        return Ok(());
    }
    Err(format!(
        "expected checksum `{written:08x}`, not `{found:08x}`: the bytes are not as written"
    ))
}

fn requests(folder: &Path, manifest: &Manifest, crc: u32) -> Result<Content, CheckpointError> {
    let at = folder.join(requests_name(manifest.last));
    let bytes = std::fs::read(&at).map_err(|error| refused(&at, error.to_string()))?;
    checked(&bytes, crc).map_err(|reason| refused(&at, reason))?;
    let standing =
        serde_json::from_slice(&bytes).map_err(|error| refused(&at, error.to_string()))?;
    Ok(Content::Requests(standing))
}

fn refused(file: &Path, reason: String) -> CheckpointError {
    let (file, remedy) = (file.display().to_string(), "its folder".to_owned());
    CheckpointError { file, reason, remedy }
}
