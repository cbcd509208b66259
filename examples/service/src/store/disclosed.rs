//! Rows of everything that people see: kept in the transaction of the event that they belong to.

use canvass::{OwnerId, RequestId};
use jiff::Timestamp;
use redb::WriteTransaction;
use serde_json::value::RawValue;

use super::{KeptBulletin, KeptEntry, KeptNotice, OwnerKeys, PendingEntry, Store, StoreError};
use super::{bulletins, coverage, invitations, log, notices, reached};

/// What people see, as one group of the writer changed it.
#[derive(Debug, Default)]
pub struct DisclosedRows {
    /// Notices that were approved, each in the place of an earlier one.
    pub notices: Vec<(RequestId, KeptNotice)>,
    /// Bulletins by their numbers, as they are from now on.
    pub bulletins: Vec<(u64, KeptBulletin)>,
    /// A batch of the audit log that was closed, in its order behind the entries that are kept.
    pub entries: Vec<KeptEntry>,
    /// Entries that wait for the next batch. If a batch was closed, those that waited before are in it.
    pub pending: Vec<PendingEntry>,
    /// Salts of owners that had none.
    pub salts: Vec<(OwnerId, [u8; 32])>,
    /// Which requests reached which owners, and when.
    pub reached: Vec<(OwnerId, RequestId, Timestamp)>,
    /// A coverage, by the number of the period that it was made for.
    pub coverage: Option<(u64, Box<RawValue>)>,
    /// Invitations and tokens of owners, as they are from now on.
    pub owner_keys: Vec<(OwnerId, OwnerKeys)>,
    /// Owners who are in no row from now on.
    pub erased: Vec<OwnerId>,
}

impl DisclosedRows {
    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { notices, bulletins, entries, pending, salts, .. } = self;
        let Self { reached, coverage, owner_keys, erased, .. } = self;
        notices.is_empty()
            && bulletins.is_empty()
            && entries.is_empty()
            && pending.is_empty()
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

/// Keeps rows. Nothing is opened that has none, so that other commits cost what they did.
pub(super) fn insert(
    transaction: &WriteTransaction,
    rows: &DisclosedRows,
) -> Result<(), StoreError> {
    notices::insert(transaction, &rows.notices)?;
    bulletins::insert(transaction, &rows.bulletins)?;
    log::insert_pending(transaction, &rows.pending, !rows.entries.is_empty())?;
    log::insert(transaction, &rows.entries)?;
    log::insert_salts(transaction, &rows.salts)?;
    reached::insert(transaction, &rows.reached)?;
    coverage::insert(transaction, rows.coverage.as_ref())?;
    invitations::insert(transaction, &rows.owner_keys)
}

impl Store {
    /// Everything that people see, as it was kept: for a start.
    ///
    /// # Errors
    ///
    /// If the database refuses, a row cannot be read, or the log's last entries are missing.
    pub fn disclosed(&self) -> Result<DisclosedRows, StoreError> {
        Ok(DisclosedRows {
            notices: self.notices()?,
            bulletins: self.bulletins()?,
            entries: self.log_entries()?,
            pending: self.pending_entries()?,
            coverage: self.coverage()?,
            ..DisclosedRows::default()
        })
    }
}
