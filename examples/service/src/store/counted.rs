//! Tables with sealed and counted rows: all disclosures, and the stored answers.
//!
//! The number of rows, and a digest over them, are among the numbers about the whole store. A row's
//! own checksum detects a changed byte; the count detects a missing row, a removed row that is
//! back, and an outdated one.

use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};
use sha2::{Digest, Sha256};

use super::group::Row;
use super::{META, Store, StoreError, number, outcomes, row, unread};

/// A table whose keys are bytes; numbers in them are big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted(&'static str);

/// The table's definition.
type Bytes = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// A row as it is read, without its checksum.
type KeyAndValue = (Vec<u8>, Vec<u8>);

pub(super) const NOTICES: Counted = Counted("notices");
pub(super) const BULLETINS: Counted = Counted("bulletins");
pub(super) const COVERAGE: Counted = Counted("coverage");
pub(super) const ENTRIES: Counted = Counted("audit");
pub(super) const SEEDS: Counted = Counted("audit_seeds");
pub(super) const PENDING: Counted = Counted("audit_pending");
pub(super) const SALTS: Counted = Counted("owner_salts");
pub(super) const REACHED: Counted = Counted("reached");
pub(super) const OWNER_KEYS: Counted = Counted("owner_keys");
pub(super) const OWNER_DIGESTS: Counted = Counted("owner_digests");

/// All of these; the tables of [`outcomes`], which have numbers as keys, are counted with them.
pub(super) const ALL: [Counted; 10] = [
    NOTICES,
    BULLETINS,
    COVERAGE,
    ENTRIES,
    SEEDS,
    PENDING,
    SALTS,
    REACHED,
    OWNER_KEYS,
    OWNER_DIGESTS,
];

impl Counted {
    pub(super) const fn name(self) -> &'static str {
        self.0
    }

    pub(super) const fn table(self) -> Bytes {
        Bytes::new(self.0)
    }

    /// A row without its checksum.
    fn open(self, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let row = row::open(self.0, key, sealed);
        row.map(<[u8]>::to_vec).map_err(|reason| unread(self.0, leading(key), &reason))
    }
}

/// The number that a key begins with.
pub(super) fn leading(key: &[u8]) -> u64 {
    key.first_chunk().copied().map_or(0, u64::from_be_bytes)
}

/// Makes the tables, so that readers find them.
pub(super) fn create(transaction: &WriteTransaction) -> Result<(), StoreError> {
    for table in ALL {
        transaction.open_table(table.table())?;
    }
    Ok(())
}

/// The number of rows, and a digest over them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    rows: u64,
    /// The sum of the digests of all rows, so that their order is irrelevant.
    digest: u64,
}

impl Tally {
    pub(super) fn read(meta: &impl ReadableTable<&'static str, u64>) -> Result<Self, StoreError> {
        Ok(Self { rows: number(meta, "rows")?, digest: number(meta, "rows_digest")? })
    }

    /// Stores the tally; seal the numbers after that.
    pub(super) fn write(self, meta: &mut Table<'_, &'static str, u64>) -> Result<(), StoreError> {
        meta.insert("rows", self.rows)?;
        meta.insert("rows_digest", self.digest)?;
        Ok(())
    }

    pub(super) fn add(&mut self, table: &str, key: &[u8], sealed: &[u8]) {
        self.rows = self.rows.saturating_add(1);
        self.digest = self.digest.wrapping_add(digest(table, key, sealed));
    }

    pub(super) fn remove(&mut self, table: &str, key: &[u8], sealed: &[u8]) {
        self.rows = self.rows.saturating_sub(1);
        self.digest = self.digest.wrapping_sub(digest(table, key, sealed));
    }

    /// Writes rows into a table, each in the place of the row with its key.
    pub(super) fn put(
        &mut self,
        transaction: &WriteTransaction,
        table: Counted,
        rows: &[Row],
    ) -> Result<(), StoreError> {
        let mut kept = transaction.open_table(table.table())?;
        for Row { key, bytes, .. } in rows {
            if let Some(old) = kept.insert(key.as_slice(), bytes.as_slice())? {
                self.remove(table.name(), key, old.value());
            }
            self.add(table.name(), key, bytes);
        }
        Ok(())
    }

    /// Removes every row of a table whose key begins with these bytes.
    pub(super) fn take(
        &mut self,
        transaction: &WriteTransaction,
        table: Counted,
        beginning: &[u8],
    ) -> Result<(), StoreError> {
        let mut kept = transaction.open_table(table.table())?;
        let mut gone = Vec::new();
        for row in kept.range(beginning..)? {
            let (key, bytes) = row?;
            if !key.value().starts_with(beginning) {
                break;
            }
            self.remove(table.name(), key.value(), bytes.value());
            gone.push(key.value().to_vec());
        }
        for key in gone {
            kept.remove(key.as_slice())?;
        }
        Ok(())
    }
}

/// A row ends with a checksum of itself, so its last bytes represent it.
fn digest(table: &str, key: &[u8], sealed: &[u8]) -> u64 {
    let end = sealed.last_chunk::<{ row::SEAL }>().map_or(sealed, <[u8; row::SEAL]>::as_slice);
    let digest = Sha256::new().chain_update(table).chain_update([0]).chain_update(key);
    let digest: [u8; 32] = digest.chain_update(end).finalize().into();
    digest.first_chunk().copied().map_or(0, u64::from_be_bytes)
}

impl Store {
    /// Verifies that all counted rows are there, each as it was written last.
    ///
    /// # Errors
    ///
    /// If the database fails, a row was changed or moved, or other rows are there than were stored.
    pub(super) fn has_all_rows(&self) -> Result<(), StoreError> {
        let transaction = self.read()?;
        let kept = Tally::read(&transaction.open_table(META)?)?;
        let mut found = Tally::default();
        for table in ALL {
            for row in transaction.open_table(table.table())?.iter()? {
                let (key, sealed) = row?;
                table.open(key.value(), sealed.value())?;
                found.add(table.name(), key.value(), sealed.value());
            }
        }
        outcomes::count(&transaction, &mut found)?;
        if found == kept {
            Ok(())
        } else {
            Err(StoreError::OtherRows { kept: kept.rows, found: found.rows })
        }
    }

    /// Every row of a table, by its key and without its checksum.
    pub(super) fn rows_of(&self, table: Counted) -> Result<Vec<KeyAndValue>, StoreError> {
        self.rows_from(table, &[])
    }

    /// The rows of a table whose keys begin like this.
    pub(super) fn rows_from(
        &self,
        table: Counted,
        beginning: &[u8],
    ) -> Result<Vec<KeyAndValue>, StoreError> {
        let mut rows = Vec::new();
        for row in self.read()?.open_table(table.table())?.range(beginning..)? {
            let (key, sealed) = row?;
            if !key.value().starts_with(beginning) {
                break;
            }
            rows.push((key.value().to_vec(), table.open(key.value(), sealed.value())?));
        }
        Ok(rows)
    }

    /// The row of a table with a key.
    pub(super) fn row_of(&self, table: Counted, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let rows = self.read()?.open_table(table.table())?;
        let row = rows.get(key)?;
        row.map(|sealed| table.open(key, sealed.value())).transpose()
    }
}
