//! Sign-up of owners: an operator's invitation, which works once, and the token for which it is
//! exchanged. Only digests are stored.

use canvass::OwnerId;
use jiff::Timestamp;
use redb::{ReadableTable, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::counted::{OWNER_DIGESTS, OWNER_KEYS, Tally, leading};
use super::group::{Into, Row};
use super::{Store, StoreError, row, unread};

/// The digests of an owner's secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerKeys {
    /// The digest of their token.
    pub token: Option<[u8; 32]>,
    /// The digest of an unused invitation, and its end.
    pub invitation: Option<([u8; 32], Timestamp)>,
}

impl OwnerKeys {
    fn digests(&self) -> impl Iterator<Item = [u8; 32]> {
        self.token.into_iter().chain(self.invitation.map(|(digest, _)| digest))
    }
}

pub(super) fn rows(keys: &[(OwnerId, OwnerKeys)], rows: &mut Vec<Row>) -> Result<(), StoreError> {
    for (owner, keys) in keys {
        let row = serde_json::to_vec(keys);
        let row = row.map_err(|error| unread("owner_keys", owner.0, &error))?;
        rows.push(Row::sealed(Into::OwnerKeys, owner.0.to_be_bytes().to_vec(), row));
    }
    Ok(())
}

/// Replaces an owner's keys; the old ones become invalid.
pub(super) fn replace(
    transaction: &WriteTransaction,
    rows: &[Row],
    tally: &mut Tally,
) -> Result<(), StoreError> {
    for row in rows {
        forget(transaction, &row.key, tally)?;
        let keys = row::open(OWNER_KEYS.name(), &row.key, &row.bytes);
        let keys = keys.map_err(|reason| unread("owner_keys", leading(&row.key), &reason))?;
        let keys = read(leading(&row.key), keys)?;
        let found: Vec<_> = keys.digests().map(|digest| found_by(digest, &row.key)).collect();
        tally.put(transaction, OWNER_DIGESTS, &found)?;
        tally.put(transaction, OWNER_KEYS, std::slice::from_ref(row))?;
    }
    Ok(())
}

pub(super) fn erase(
    transaction: &WriteTransaction,
    owner: OwnerId,
    tally: &mut Tally,
) -> Result<(), StoreError> {
    let key = owner.0.to_be_bytes();
    forget(transaction, &key, tally)?;
    tally.take(transaction, OWNER_KEYS, &key)
}

/// Takes the digests away by which an owner's keys are found.
fn forget(
    transaction: &WriteTransaction,
    owner: &[u8],
    tally: &mut Tally,
) -> Result<(), StoreError> {
    let old = {
        let owners = transaction.open_table(OWNER_KEYS.table())?;
        let Some(row) = owners.get(owner)? else { return Ok(()) };
        let row = row::open(OWNER_KEYS.name(), owner, row.value());
        read(leading(owner), row.map_err(|reason| unread("owner_keys", leading(owner), &reason))?)?
    };
    for digest in old.digests() {
        tally.take(transaction, OWNER_DIGESTS, &digest)?;
    }
    Ok(())
}

/// The row by which an owner is found who has something with this digest.
fn found_by(digest: [u8; 32], owner: &[u8]) -> Row {
    let bytes = row::seal(OWNER_DIGESTS.name(), &digest, owner.to_vec());
    Row { table: Into::OwnerKeys, key: digest.to_vec(), bytes }
}

fn read(owner: u64, row: &[u8]) -> Result<OwnerKeys, StoreError> {
    serde_json::from_slice(row).map_err(|error| unread("owner_keys", owner, &error))
}

impl Store {
    /// The keys of an owner.
    ///
    /// # Errors
    ///
    /// If the database fails or the row cannot be read.
    pub fn owner_keys(&self, owner: OwnerId) -> Result<OwnerKeys, StoreError> {
        let row = self.row_of(OWNER_KEYS, &owner.0.to_be_bytes())?;
        Ok(row.map(|row| read(owner.0, &row)).transpose()?.unwrap_or_default())
    }

    /// The owner whose token or invitation has a digest, and their keys.
    ///
    /// # Errors
    ///
    /// If the database fails or a row cannot be read.
    pub fn owner_with(&self, digest: [u8; 32]) -> Result<Option<(OwnerId, OwnerKeys)>, StoreError> {
        let Some(owner) = self.row_of(OWNER_DIGESTS, &digest)? else { return Ok(None) };
        let owner = OwnerId(leading(&owner));
        let row = self.row_of(OWNER_KEYS, &owner.0.to_be_bytes())?;
        let keys = row.map(|row| read(owner.0, &row)).transpose()?;
        // Between the two another token may have come in the place of this one.
        let keys = keys.filter(|keys| keys.digests().any(|of| of == digest));
        Ok(keys.map(|keys| (owner, keys)))
    }
}
