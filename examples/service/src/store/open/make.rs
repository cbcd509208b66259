//! A new, empty store.

use std::fs::{self, OpenOptions};
use std::path::Path;

use canvass::Revision;
use redb::Durability;
use redb::backends::FileBackend;

use super::{Place, refused};
use crate::store::mark::{self, Acknowledged};
use crate::store::{
    AGING, BUDGETS, EVENTS, FORMAT, Inventory, KEYS, LOG, META, OUTCOMES, POOLS, RECEIPTS, SEED,
    StoreError, TILES, counted, meta, row,
};

/// A new store is made beside its place, and moved there once it is whole.
const NEW: &str = "canvass.redb.new";

impl Place {
    /// Makes an empty store.
    pub(super) fn make(&self, path: &Path) -> Result<(), StoreError> {
        let new = self.folder.join(NEW);
        let mut options = OpenOptions::new();
        // An unfinished store had acknowledged nothing.
        options.read(true).write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&new).map_err(|error| refused(&new, error))?;
        let backend = FileBackend::new(file).map_err(|error| refused(&new, error))?;
        let database = self.builder().create_with_backend(backend);
        let database = database.map_err(|error| refused(&new, error))?;
        let mut transaction = database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        {
            let mut meta = transaction.open_table(META)?;
            meta.insert("format", FORMAT)?;
            Inventory::default().write(Revision(0), &mut meta)?;
            meta::commit(&mut meta, Acknowledged { generation: drawn()?, commit: 0, second: 0 })?;
            transaction.open_table(TILES)?;
            transaction.open_table(LOG)?;
            transaction.open_table(EVENTS)?;
            transaction.open_table(RECEIPTS)?;
            transaction.open_table(OUTCOMES)?;
            transaction.open_table(POOLS)?;
            transaction.open_table(BUDGETS)?;
            let mut seed = Vec::new();
            for _ in 0..4 {
                seed.extend(drawn()?.to_be_bytes());
            }
            let seed = row::seal("seed", &[], seed);
            transaction.open_table(SEED)?.insert(0, seed.as_slice())?;
            transaction.open_table(KEYS)?;
            transaction.open_table(AGING)?;
            counted::create(&transaction)?;
        }
        transaction.commit()?;
        drop(database);
        fs::rename(&new, path).and_then(|()| mark::sync_folder(path)).map_err(|e| refused(path, e))
    }
}

/// The number of a new generation.
pub(super) fn drawn() -> Result<u64, StoreError> {
    let reason = |error: getrandom::Error| StoreError::Open {
        path: "the system's source of random numbers".to_owned(),
        reason: error.to_string(),
    };
    getrandom::u64().map_err(reason)
}
