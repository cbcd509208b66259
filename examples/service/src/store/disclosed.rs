//! Rows of everything that people see: kept in the transaction of the event that they belong to.

use canvass::{OwnerId, RequestId};
use jiff::Timestamp;
use serde_json::value::RawValue;

use super::group::Row;
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

/// What is to be kept of it, as rows.
pub(super) fn rows(disclosed: &DisclosedRows, rows: &mut Vec<Row>) -> Result<(), StoreError> {
    notices::rows(&disclosed.notices, rows)?;
    bulletins::rows(&disclosed.bulletins, rows)?;
    log::rows(&disclosed.entries, rows);
    log::pending_rows(&disclosed.pending, rows);
    log::salt_rows(&disclosed.salts, rows);
    reached::rows(&disclosed.reached, rows);
    coverage::rows(disclosed.coverage.as_ref(), rows);
    invitations::rows(&disclosed.owner_keys, rows)
}

impl Store {
    /// Everything that people see, as it was kept: for a start.
    ///
    /// # Errors
    ///
    /// If the database refuses, a row cannot be read, was changed or moved, or other rows are there than were
    /// kept.
    pub fn disclosed(&self) -> Result<DisclosedRows, StoreError> {
        self.has_all_rows()?;
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
