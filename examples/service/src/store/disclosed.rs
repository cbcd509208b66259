//! Rows of all disclosures, stored in the transaction of the event that they belong to.

use canvass::{OwnerId, RequestId};
use jiff::Timestamp;
use redb::WriteTransaction;
use serde_json::value::RawValue;

use super::{KeptBulletin, KeptEntry, KeptNotice, OwnerKeys, Store, StoreError};
use super::{bulletins, coverage, invitations, log, notices, reached};

/// The disclosures of one group of the writer.
#[derive(Debug, Default)]
pub struct DisclosedRows {
    /// Approved notices, each in the place of an earlier one.
    pub notices: Vec<(RequestId, KeptNotice)>,
    /// Bulletins by their numbers, in their new state.
    pub bulletins: Vec<(u64, KeptBulletin)>,
    /// Entries of the audit log, to follow the stored ones.
    pub entries: Vec<KeptEntry>,
    /// Salts of owners that had none.
    pub salts: Vec<(OwnerId, [u8; 32])>,
    /// Owners reached by requests, with the instants.
    pub reached: Vec<(OwnerId, RequestId, Timestamp)>,
    /// A coverage, by the number of its period.
    pub coverage: Option<(u64, Box<RawValue>)>,
    /// Invitations and tokens of owners, in their new state.
    pub owner_keys: Vec<(OwnerId, OwnerKeys)>,
    /// Owners to be removed from every row.
    pub erased: Vec<OwnerId>,
}

impl DisclosedRows {
    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { notices, bulletins, entries, salts, reached, coverage, owner_keys, erased } =
            self;
        notices.is_empty()
            && bulletins.is_empty()
            && entries.is_empty()
            && salts.is_empty()
            && reached.is_empty()
            && coverage.is_none()
            && owner_keys.is_empty()
            && erased.is_empty()
    }
}

/// Makes the tables, so that readers find them.
pub(super) fn create(transaction: &WriteTransaction) -> Result<(), StoreError> {
    notices::create(transaction)?;
    bulletins::create(transaction)?;
    log::create(transaction)?;
    reached::create(transaction)?;
    coverage::create(transaction)?;
    invitations::create(transaction)
}

/// Stores rows. A table without rows is not opened, so that other commits cost no more.
pub(super) fn insert(
    transaction: &WriteTransaction,
    rows: &DisclosedRows,
) -> Result<(), StoreError> {
    notices::insert(transaction, &rows.notices)?;
    bulletins::insert(transaction, &rows.bulletins)?;
    log::insert(transaction, &rows.entries)?;
    log::insert_salts(transaction, &rows.salts)?;
    reached::insert(transaction, &rows.reached)?;
    coverage::insert(transaction, rows.coverage.as_ref())?;
    invitations::insert(transaction, &rows.owner_keys)
}

impl Store {
    /// All stored disclosures: for a start.
    ///
    /// # Errors
    ///
    /// If the database fails, a row cannot be read, or the log's last entries are missing.
    pub fn disclosed(&self) -> Result<DisclosedRows, StoreError> {
        Ok(DisclosedRows {
            notices: self.notices()?,
            bulletins: self.bulletins()?,
            entries: self.log_entries()?,
            coverage: self.coverage()?,
            ..DisclosedRows::default()
        })
    }
}
