//! Which tiles a checkpoint has. Each tile's bytes say whether they are as they were written, and
//! nothing in them says that another is missing: a registry without a page of owners would not know
//! who withdrew.

use canvass::Revision;
use redb::{ReadableTable, Table};
use sha2::{Digest, Sha256};

use super::{StoreError, number};

/// How many tiles there are, and a digest of which, each as of the revision that it was kept at.
/// Tiles come and go one by one, whatever the others are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Inventory {
    tiles: u64,
    /// The sum of the digests of all, so that order is no matter.
    digest: u64,
}

impl Inventory {
    pub(super) fn read(meta: &impl ReadableTable<&'static str, u64>) -> Result<Self, StoreError> {
        Ok(Self { tiles: number(meta, "tiles")?, digest: number(meta, "digest")? })
    }

    pub(super) fn write(self, meta: &mut Table<'_, &'static str, u64>) -> Result<(), StoreError> {
        meta.insert("tiles", self.tiles)?;
        meta.insert("digest", self.digest)?;
        Ok(())
    }

    pub(super) fn add(&mut self, tile: u64, version: u64) {
        self.tiles = self.tiles.saturating_add(1);
        self.digest = self.digest.wrapping_add(digest(tile, version));
    }

    /// Takes out a tile that was added.
    pub(super) fn remove(&mut self, tile: u64, version: u64) {
        self.tiles = self.tiles.saturating_sub(1);
        self.digest = self.digest.wrapping_sub(digest(tile, version));
    }

    /// Refuses other tiles than those of a checkpoint.
    pub(super) fn is_all_of(self, found: Self, revision: Revision) -> Result<(), StoreError> {
        if found.tiles < self.tiles {
            let (kept, found) = (self.tiles, found.tiles);
            return Err(StoreError::TilesMissing { revision, kept, found });
        }
        if found == self { Ok(()) } else { Err(StoreError::OtherTiles { revision }) }
    }
}

fn digest(tile: u64, version: u64) -> u64 {
    let digest = Sha256::new().chain_update(tile.to_be_bytes()).chain_update(version.to_be_bytes());
    let digest: [u8; 32] = digest.finalize().into();
    digest.first_chunk().copied().map_or(0, u64::from_be_bytes)
}
