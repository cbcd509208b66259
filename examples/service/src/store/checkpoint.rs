//! Checkpoints: one transaction keeps the tiles that changed and makes them count. Where they are too
//! many for that, the first of them are staged beside the old ones in transactions before, so that
//! commits go on in between. Then what they replace is swept away, and the log trimmed. Wherever that
//! is cut off, the store is as it was before the checkpoint, or after it.

use std::sync::PoisonError;

use canvass::Revision;
use redb::{AccessGuard, ReadableTable};

use super::{FILE, Inventory, LOG, META, Store, StoreError, TILES, number};

/// A file that is smaller takes little, and would soon grow again.
const WORTH_COMPACTING: u64 = 64 << 20;

/// So many entries are removed in one transaction.
const SWEEP: usize = 1024;

/// A tile as it is to be kept.
#[derive(Clone, Debug)]
pub struct StagedTile {
    /// Which tile.
    pub tile: u64,
    /// The tile; empty if it has vanished.
    pub bytes: Vec<u8>,
}

impl Store {
    /// Makes a checkpoint of the state at a revision, given every tile that has changed or vanished
    /// since the last one that was made. A transaction has about so many bytes of tiles at most;
    /// commits go on in between.
    ///
    /// Only one checkpoint may be made at a time.
    ///
    /// # Errors
    ///
    /// If the database refuses; then the checkpoint before holds, with the log since.
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
            // Encoded before the transaction begins, for as long as it lasts nobody else can commit.
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

    /// Removes all that a checkpoint which was cut off has left: for start-up, when no other is
    /// made. How many tiles it had staged is returned.
    ///
    /// # Errors
    ///
    /// If the database refuses.
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

    /// Gives the file's free space back to the system if that is most of it: after the log has been
    /// longer than all else, or much was removed. For start-up, when nobody else uses the store.
    /// Takes time in proportion to what is kept.
    ///
    /// # Errors
    ///
    /// If the database refuses.
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

    /// Of each of these tiles, removes all versions but the newest, and that too if it says that
    /// the tile has vanished.
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

/// Since which revision a tile is as it is, and its bytes.
type Version<'a> = (u64, AccessGuard<'a, &'static [u8]>);

/// A tile as the last checkpoint has it, if it does, and since which revision.
fn kept(
    tiles: &impl ReadableTable<(u64, u64), &'static [u8]>,
    tile: u64,
    checkpoint: u64,
) -> Result<Option<Version<'_>>, StoreError> {
    let newest = tiles.range((tile, 0)..=(tile, checkpoint))?.next_back().transpose()?;
    let newest = newest.filter(|(_, bytes)| !bytes.value().is_empty());
    Ok(newest.map(|(key, bytes)| (key.value().1, bytes)))
}
