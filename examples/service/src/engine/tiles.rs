//! Restores the registry from its tiles and the log, and lists the tiles for a checkpoint.

use canvass::error::{OpenRequestsError, ReplayError, TileError};
use canvass::tiles::{TileChanges, TileKey};
use canvass::{Registry, Revision};

use crate::store::{LogLength, StagedTile, Store, StoreError};

/// Why a registry, or its requests, could not be restored. Then the service does not start: without
/// a page of owners it would not know who withdrew, and without an event it would ask somebody
/// twice.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A tile differs from the one written, or contradicts the others.
    #[error("tile `{tile}` of the store cannot be used: {error}")]
    Tile {
        /// The tile.
        tile: String,
        /// The flaw.
        error: TileError,
    },
    /// The tiles hold more than a registry can.
    #[error("the tiles of the store cannot be used: {0}")]
    Tiles(TileError),
    /// The log does not continue the tiles.
    #[error("the log of the store cannot be replayed: {0}")]
    Replay(#[from] ReplayError),
    /// The events do not follow from each other.
    #[error("the events of the store cannot be replayed: {0}")]
    Events(#[from] OpenRequestsError),
}

/// The last stored registry, with the revision of its tiles and the length of the log since.
pub(super) fn restore(store: &Store) -> Result<(Registry, Revision, LogLength), RestoreError> {
    let (checkpoint, tiles, complete) = store.tiles()?;
    let keys: Vec<u64> = tiles.keys().copied().collect();
    // The bytes are moved, so that they take no memory after decoding. A tile that is invalid by
    // itself is reported before a mismatch of the whole set.
    let registry = Registry::from_tiles(checkpoint, tiles.into_values());
    let registry = registry.map_err(|error| named(&keys, error))?;
    complete?;
    let log = store.replay(checkpoint, |revision, changes| {
        registry.replay(revision, changes).map(drop).map_err(RestoreError::from)
    })?;
    Ok((registry, checkpoint, log))
}

/// Names the invalid tile: its own bytes may not reveal its key.
fn named(keys: &[u64], error: TileError) -> RestoreError {
    match error.index.and_then(|index| keys.get(index)) {
        Some(&tile) => {
            let tile = TileKey::from_u64(tile).map_or(tile.to_string(), |key| key.to_string());
            RestoreError::Tile { tile, error }
        }
        None => RestoreError::Tiles(error),
    }
}

/// The tiles to store. They are encoded one by one on demand, so that they are never in memory all
/// at once.
pub(super) fn staged(changes: TileChanges) -> impl Iterator<Item = StagedTile> {
    let TileChanges { changed, vanished, .. } = changes;
    let vanished = vanished.into_iter();
    let vanished = vanished.map(|key| StagedTile { tile: key.to_u64(), bytes: Vec::new() });
    let changed = changed.into_iter();
    let changed =
        changed.map(|tile| StagedTile { tile: tile.key().to_u64(), bytes: tile.encode() });
    vanished.chain(changed)
}
