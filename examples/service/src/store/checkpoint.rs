//! Checkpoints: one transaction stores the changed tiles and makes them valid. If they are too many
//! for one, the first of them are staged beside the old ones in earlier transactions, so that
//! commits continue in between. Then replaced tiles are swept away, and the log is trimmed. After
//! an interruption at any point, the store is as before the checkpoint, or as after it.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use canvass::Revision;
use redb::{AccessGuard, ReadableTable};

use super::{FILE, Inventory, LOG, META, Store, StoreError, TILES, number};

/// A smaller file is not worth compacting, and would soon grow again.
const WORTH_COMPACTING: u64 = 64 << 20;

/// The number of entries removed in one transaction.
const SWEEP: usize = 1024;

/// The revision of a checkpoint, its tiles by their numbers, and whether they are complete.
type Tiles = (Revision, BTreeMap<u64, Vec<u8>>, Result<(), StoreError>);

/// A tile to be stored.
#[derive(Clone, Debug)]
pub struct StagedTile {
    /// The tile's key.
    pub tile: u64,
    /// The tile's bytes; empty if it has vanished.
    pub bytes: Vec<u8>,
}

impl Store {
    /// The revision of the last checkpoint, and every tile as of it by its number.
    ///
    /// # Errors
    ///
    /// If the database fails, or if a tile is missing, outdated, or altered.
    pub fn checkpoint(&self) -> Result<(Revision, BTreeMap<u64, Vec<u8>>), StoreError> {
        let (revision, tiles, complete) = self.tiles()?;
        complete.map(|()| (revision, tiles))
    }

    /// As [`checkpoint`](Self::checkpoint), with the check that the tiles are complete.
    pub(crate) fn tiles(&self) -> Result<Tiles, StoreError> {
        let transaction = self.read()?;
        let meta = transaction.open_table(META)?;
        let (revision, kept) = Inventory::read(&meta)?;
        let mut tiles: BTreeMap<u64, (u64, Vec<u8>)> = BTreeMap::new();
        for entry in transaction.open_table(TILES)?.iter()? {
            let (key, tile) = entry?;
            // Versions of a tile ascend, so the last one that fits stays.
            let (tile_key, version) = key.value();
            if version <= revision.0 {
                tiles.insert(tile_key, (version, tile.value().to_vec()));
            }
        }
        // A vanished tile has no bytes.
        tiles.retain(|_, (_, tile)| !tile.is_empty());
        let mut found = Inventory::default();
        for (&tile, &(version, ref bytes)) in &tiles {
            found.add(tile, version, bytes);
        }
        let complete = kept.is_all_of(found, revision);
        let tiles = tiles.into_iter().map(|(key, (_, tile))| (key, tile));
        Ok((revision, tiles.collect(), complete))
    }

    /// Makes a checkpoint of the state at a revision, given every tile that has changed or vanished
    /// since the last one. A transaction has at most about this many bytes of tiles; commits
    /// continue in between.
    ///
    /// Only one checkpoint may be in progress.
    ///
    /// # Errors
    ///
    /// If the database fails; then the previous checkpoint and the log since remain valid.
    pub fn checkpoint_at(
        &self,
        revision: Revision,
        changed: impl IntoIterator<Item = StagedTile>,
        transaction_bytes: usize,
    ) -> Result<usize, StoreError> {
        let mut changed = changed.into_iter().peekable();
        let mut replaced = Vec::new();
        let (last, mut inventory) = {
            let meta = self.read()?.open_table(META)?;
            Inventory::read(&meta)?
        };
        loop {
            // Encoded before the transaction begins, since nobody else can commit during it.
            let (mut staged, mut bytes) = (Vec::new(), 0);
            while let Some(tile) = changed.next_if(|_| bytes < transaction_bytes) {
                bytes += tile.bytes.len().max(1);
                replaced.push(tile.tile);
                staged.push(tile);
            }
            let is_last = changed.peek().is_none();
            self.give_way();
            let transaction = self.begin()?;
            {
                let mut tiles = transaction.open_table(TILES)?;
                for StagedTile { tile, bytes } in staged {
                    if let Some((version, kept)) = kept(&tiles, tile, last.0)? {
                        inventory.remove(tile, version, kept.value());
                    }
                    if !bytes.is_empty() {
                        inventory.add(tile, revision.0, &bytes);
                    }
                    tiles.insert((tile, revision.0), bytes.as_slice())?;
                }
            }
            if is_last {
                let mut meta = transaction.open_table(META)?;
                inventory.write(revision, &mut meta)?;
            }
            transaction.commit()?;
            if is_last {
                break;
            }
        }
        self.sweep_tiles(revision, &replaced)?;
        self.trim(revision)?;
        Ok(replaced.len())
    }

    /// Removes the leftovers of an interrupted checkpoint: for start-up, when no other is in
    /// progress. Returns the number of its staged tiles.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub fn sweep(&self) -> Result<usize, StoreError> {
        let (revision, unfinished, tiles) = {
            let transaction = self.begin()?;
            let revision = number(&transaction.open_table(META)?, "checkpoint")?;
            let (mut unfinished, mut keys) = (Vec::new(), Vec::new());
            for entry in transaction.open_table(TILES)?.iter()? {
                let (tile, version) = entry?.0.value();
                if version > revision {
                    unfinished.push((tile, version));
                }
                keys.push(tile);
            }
            keys.dedup();
            transaction.abort()?;
            (Revision(revision), unfinished, keys)
        };
        for some in unfinished.chunks(SWEEP) {
            let transaction = self.begin()?;
            {
                let mut tiles = transaction.open_table(TILES)?;
                for &key in some {
                    tiles.remove(key)?;
                }
            }
            transaction.commit()?;
        }
        self.sweep_tiles(revision, &tiles)?;
        self.trim(revision)?;
        Ok(unfinished.len())
    }

    /// Returns the file's free space to the system if that is most of it: after a long log, or a
    /// large removal. For start-up, when nobody else uses the store. Takes time in proportion to
    /// the stored data.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub fn compact(&self) -> Result<bool, StoreError> {
        let length = std::fs::metadata(self.folder().join(FILE)).map_or(0, |file| file.len());
        if length < WORTH_COMPACTING {
            return Ok(false);
        }
        let transaction = self.begin()?;
        let stats = transaction.stats()?;
        transaction.abort()?;
        let used = stats.allocated_pages().saturating_mul(stats.page_size() as u64);
        let mut open = self.database.write().unwrap_or_else(PoisonError::into_inner);
        let database = open.as_mut().ok_or(StoreError::Closed)?;
        Ok(used < length / 2 && database.compact()?)
    }

    /// Removes all versions of these tiles except the newest, and that one too if it marks the tile
    /// as vanished.
    fn sweep_tiles(&self, revision: Revision, replaced: &[u64]) -> Result<(), StoreError> {
        for some in replaced.chunks(SWEEP) {
            self.give_way();
            let transaction = self.begin()?;
            let mut removed = 0;
            {
                let mut tiles = transaction.open_table(TILES)?;
                for &tile in some {
                    let mut old = Vec::new();
                    for entry in tiles.range((tile, 0)..=(tile, revision.0))?.rev() {
                        let (key, bytes) = entry?;
                        let newest = old.is_empty();
                        old.push((key.value(), newest && !bytes.value().is_empty()));
                    }
                    for (key, kept) in old {
                        if !kept {
                            tiles.remove(key)?;
                            removed += 1;
                        }
                    }
                }
            }
            if removed > 0 { transaction.commit()? } else { transaction.abort()? }
        }
        Ok(())
    }

    /// Removes the log up to a revision.
    fn trim(&self, revision: Revision) -> Result<(), StoreError> {
        loop {
            self.give_way();
            let transaction = self.begin()?;
            let mut removed = 0;
            {
                let mut log = transaction.open_table(LOG)?;
                while removed < SWEEP {
                    match log.first()? {
                        Some((first, _)) if first.value() <= revision.0 => {}
                        _ => break,
                    }
                    log.pop_first()?;
                    removed += 1;
                }
            }
            if removed == 0 {
                return transaction.abort();
            }
            transaction.commit()?;
        }
    }
}

/// The revision since which a tile is unchanged, and its bytes.
type Version<'a> = (u64, AccessGuard<'a, &'static [u8]>);

/// A tile of the last checkpoint, if it has one, with its revision.
fn kept(
    tiles: &impl ReadableTable<(u64, u64), &'static [u8]>,
    tile: u64,
    checkpoint: u64,
) -> Result<Option<Version<'_>>, StoreError> {
    let newest = tiles.range((tile, 0)..=(tile, checkpoint))?.next_back().transpose()?;
    let newest = newest.filter(|(_, bytes)| !bytes.value().is_empty());
    Ok(newest.map(|(key, bytes)| (key.value().1, bytes)))
}
