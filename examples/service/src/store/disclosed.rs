//! Rows of all disclosures, stored in the transaction of the event that they belong to.

use canvass::{OwnerId, RequestId};
use jiff::Timestamp;
use serde_json::value::RawValue;

use super::group::Row;
use super::{KeptBulletin, KeptEntry, KeptNotice, OwnerKeys, PendingEntry, Store, StoreError};
use super::{bulletins, coverage, invitations, log, notices, reached};

/// The disclosures of one group of the writer.
#[derive(Debug, Default)]
pub struct DisclosedRows {
    /// Approved notices, each in the place of an earlier one.
    pub notices: Vec<(RequestId, KeptNotice)>,
    /// Bulletins by their numbers, in their new state.
    pub bulletins: Vec<(u64, KeptBulletin)>,
    /// A batch of the audit log that was closed, in its order behind the entries that are kept.
    pub entries: Vec<KeptEntry>,
    /// Entries that wait for the next batch. If a batch was closed, those that waited before are in it.
    pub pending: Vec<PendingEntry>,
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

/// The rows of a group's disclosures.
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
    /// All stored disclosures: for a start.
    ///
    /// # Errors
    ///
    /// If the database fails, a row cannot be read, was changed or moved, or other rows are there
    /// than were stored.
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
