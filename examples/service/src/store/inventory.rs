//! The inventory of a checkpoint's tiles. Each tile's bytes have a checksum, but nothing in them
//! reveals that another tile is missing or replaced: a registry without a page of owners would not
//! know who withdrew.

use canvass::Revision;
use redb::{ReadableTable, Table};
use sha2::{Digest, Sha256};

use super::{StoreError, meta, number};

/// The number of tiles, and a digest over all of them with their revisions. A tile can be added or
/// removed independently of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Inventory {
    tiles: u64,
    /// The sum of the digests of all tiles, so that their order is irrelevant.
    digest: u64,
}

impl Inventory {
    /// The revision of the last checkpoint, and its inventory.
    pub(super) fn read(
        meta: &impl ReadableTable<&'static str, u64>,
    ) -> Result<(Revision, Self), StoreError> {
        let revision = Revision(number(meta, "checkpoint")?);
        let digest = number(meta, "digest")?.wrapping_sub(whole(revision));
        Ok((revision, Self { tiles: number(meta, "tiles")?, digest }))
    }

    pub(super) fn write(
        self,
        revision: Revision,
        meta: &mut Table<'_, &'static str, u64>,
    ) -> Result<(), StoreError> {
        meta.insert("checkpoint", revision.0)?;
        meta.insert("tiles", self.tiles)?;
        meta.insert("digest", self.digest.wrapping_add(whole(revision)))?;
        meta::seal(meta)
    }

    pub(super) fn add(&mut self, tile: u64, version: u64, bytes: &[u8]) {
        self.tiles = self.tiles.saturating_add(1);
        self.digest = self.digest.wrapping_add(digest(tile, version, bytes));
    }

    /// Removes a tile that was added.
    pub(super) fn remove(&mut self, tile: u64, version: u64, bytes: &[u8]) {
        self.tiles = self.tiles.saturating_sub(1);
        self.digest = self.digest.wrapping_sub(digest(tile, version, bytes));
    }

    /// Refuses any other tiles than those of a checkpoint.
    pub(super) fn is_all_of(self, found: Self, revision: Revision) -> Result<(), StoreError> {
        if found.tiles < self.tiles {
            let (kept, found) = (self.tiles, found.tiles);
            return Err(StoreError::TilesMissing { revision, kept, found });
        }
        if found == self { Ok(()) } else { Err(StoreError::OtherTiles { revision }) }
    }
}

/// The digest of the revision of all tiles: no tile has this number.
fn whole(revision: Revision) -> u64 {
    digest(u64::MAX, revision.0, &[])
}

/// A tile ends with a checksum of its content, so its last bytes represent it.
fn digest(tile: u64, version: u64, bytes: &[u8]) -> u64 {
    let end = bytes.last_chunk::<8>().map_or(bytes, <[u8; 8]>::as_slice);
    let digest = Sha256::new().chain_update(tile.to_be_bytes()).chain_update(version.to_be_bytes());
    let digest: [u8; 32] = digest.chain_update(end).finalize().into();
    digest.first_chunk().copied().map_or(0, u64::from_be_bytes)
}
