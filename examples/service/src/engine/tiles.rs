//! How the registry comes back from its tiles and the log, and what of it a checkpoint keeps.

use canvass::error::{OpenRequestsError, ReplayError, TileError};
use canvass::tiles::{TileChanges, TileKey};
use canvass::{Registry, Revision};

use crate::store::{LogLength, StagedTile, Store, StoreError};

/// Why a registry, or its requests, could not be put together again. Then the service does not start:
/// without a page of owners it would not know who withdrew, or whom they let ask, and without an event
/// it would ask somebody twice.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A tile is not as it was written, or does not go with the others.
    #[error("tile `{tile}` of the store cannot be used: {error}")]
    Tile {
        /// Which tile.
        tile: String,
        /// What is wrong.
        error: TileError,
    },
    /// There is more in the tiles than a registry holds.
    #[error("the tiles of the store cannot be used: {0}")]
    Tiles(TileError),
    /// The log does not continue the tiles.
    #[error("the log of the store cannot be replayed: {0}")]
    Replay(#[from] ReplayError),
    /// The events do not follow from each other.
    #[error("the events of the store cannot be replayed: {0}")]
    Events(#[from] OpenRequestsError),
}

/// The registry as it was last kept, at which revision its tiles are, and how long the log is since.
pub(super) fn restore(store: &Store) -> Result<(Registry, Revision, LogLength), RestoreError> {
    let (checkpoint, tiles, complete) = store.tiles()?;
    let keys: Vec<u64> = tiles.keys().copied().collect();
    // The bytes are given away, so that they do not take memory once they are read. A tile that is wrong
    // by itself is named before it is said that these are others than were kept.
    let registry = Registry::from_tiles(checkpoint, tiles.into_values());
    let registry = registry.map_err(|error| named(&keys, error))?;
    complete?;
    let log = store.replay(checkpoint, |revision, changes| {
        registry.replay(revision, changes).map(drop).map_err(RestoreError::from)
    })?;
    Ok((registry, checkpoint, log))
}

/// Names the tile that is wrong: its own bytes may not even say which it is.
fn named(keys: &[u64], error: TileError) -> RestoreError {
    match error.index.and_then(|index| keys.get(index)) {
        Some(&tile) => {
            let tile = TileKey::from_u64(tile).map_or(tile.to_string(), |key| key.to_string());
            RestoreError::Tile { tile, error }
        }
        None => RestoreError::Tiles(error),
    }
}

/// What has to be kept. Tiles are encoded as they are asked for, so that they are never in memory all
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
