//! A consistent copy of the store, written while the store is in use.

use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{
    Database, Durability, Key, ReadTransaction, ReadableTable, TableDefinition, Value,
    WriteTransaction,
};

use super::mark::{self, Acknowledged};
use super::{
    AGING, BUDGETS, EVENTS, KEYS, LOG, META, OUTCOMES, POOLS, RECEIPTS, SEED, Store, StoreError,
    TILES, counted, meta,
};

/// The size of the copy's database cache while it is written.
const CACHE_BYTES: usize = 64 << 20;

impl Store {
    /// Writes a copy to a file as of the last commit, and returns that. Changes continue meanwhile;
    /// the file of the store grows by the replaced data until the copy is written. An existing file
    /// is replaced once the copy is whole and on the disk.
    ///
    /// # Errors
    ///
    /// If the store cannot be read or the copy cannot be written.
    pub fn copy_to(&self, path: &Path) -> Result<Acknowledged, StoreError> {
        let refused = |reason: &dyn std::fmt::Display| StoreError::Copy {
            path: path.display().to_string(),
            reason: reason.to_string(),
        };
        let new = PathBuf::from(
            [path.as_os_str(), OsStr::new(".new")].iter().copied().collect::<OsString>(),
        );
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&new).map_err(|error| refused(&error))?;
        let written = self.write_copy(file).map_err(|error| refused(&error));
        let kept = written.inspect_err(|_| drop(fs::remove_file(&new)))?;
        let moved = fs::rename(&new, path).and_then(|()| mark::sync_folder(path));
        moved.map_err(|error| refused(&error))?;
        Ok(kept)
    }

    fn write_copy(&self, file: fs::File) -> Result<Acknowledged, StoreError> {
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE_BYTES);
        let copy = builder.create_with_backend(FileBackend::new(file)?)?;
        let from = self.read()?;
        let kept = meta::committed(&from.open_table(META)?)?;
        let mut to = copy.begin_write()?;
        to.set_durability(Durability::Immediate)?;
        copy_table(&from, &to, META)?;
        copy_table(&from, &to, TILES)?;
        copy_table(&from, &to, LOG)?;
        copy_table(&from, &to, EVENTS)?;
        copy_table(&from, &to, RECEIPTS)?;
        copy_table(&from, &to, OUTCOMES)?;
        copy_table(&from, &to, POOLS)?;
        copy_table(&from, &to, BUDGETS)?;
        copy_table(&from, &to, SEED)?;
        copy_table(&from, &to, KEYS)?;
        copy_table(&from, &to, AGING)?;
        for table in counted::ALL {
            copy_table(&from, &to, table.table())?;
        }
        to.commit()?;
        copy.close()?;
        Ok(kept)
    }
}

fn copy_table<K: Key + 'static, V: Value + 'static>(
    from: &ReadTransaction,
    to: &WriteTransaction,
    table: TableDefinition<'static, K, V>,
) -> Result<(), StoreError> {
    let from = from.open_table(table)?;
    let mut to = to.open_table(table)?;
    for row in from.iter()? {
        let (key, value) = row?;
        to.insert(key.value(), value.value())?;
    }
    Ok(())
}
