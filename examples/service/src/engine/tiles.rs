//! How the registry comes back from what is kept, and what of it a checkpoint writes.
//!
//! No checkpoint is made yet: everything is in the log, which is replayed from its start. This file is
//! all that has to follow to keep the tiles of the library.

use canvass::{Change, ChangeError, Registry, Revision, Snapshot};

use crate::store::StagedTile;

/// Why a registry could not be put together again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The store has tiles, which this version cannot read.
    #[error("the store has a checkpoint at revision `{0}`, which this version cannot read")]
    Checkpoint(Revision),
    /// The log does not continue where it should.
    #[error("the log goes on with revision `{found}` after `{last}`: something between is missing")]
    Gap {
        /// The last one applied.
        last: Revision,
        /// The next one in the log.
        found: Revision,
    },
    /// A change that was applied once cannot be applied again.
    #[error("revision `{revision}` of the log cannot be applied again: {error}")]
    Replay {
        /// Which revision.
        revision: Revision,
        /// What is wrong.
        error: ChangeError,
    },
}

/// The registry as of a checkpoint.
pub(super) fn registry(checkpoint: Revision, tiles: &[Vec<u8>]) -> Result<Registry, RestoreError> {
    if checkpoint == Revision(0) && tiles.is_empty() {
        Ok(Registry::new())
    } else {
        Err(RestoreError::Checkpoint(checkpoint))
    }
}

/// Does one revision of the log again.
pub(super) fn replay(
    registry: &Registry,
    revision: Revision,
    changes: Vec<Change>,
) -> Result<(), RestoreError> {
    let last = registry.snapshot().revision();
    if last.0.checked_add(1) != Some(revision.0) {
        return Err(RestoreError::Gap { last, found: revision });
    }
    match registry.apply(changes) {
        Ok(_) => Ok(()),
        Err(error) => Err(RestoreError::Replay { revision, error }),
    }
}

/// Every tile that has to be kept anew, given what was kept at an earlier revision; `None` if tiles
/// cannot be had.
pub(super) fn changed(
    _snapshot: &Snapshot,
    _since: Revision,
) -> Option<std::vec::IntoIter<StagedTile>> {
    None
}
