//! Sign-up of owners: an operator's invitation, which works once, and the token for which it is
//! exchanged. Only digests are stored.

use canvass::OwnerId;
use jiff::Timestamp;
use redb::{ReadableTable, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::{Store, StoreError, unread};

pub(super) const OWNERS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("owner_keys");
pub(super) const DIGESTS: TableDefinition<'_, [u8; 32], u64> =
    TableDefinition::new("owner_digests");

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

pub(super) fn create(transaction: &WriteTransaction) -> Result<(), StoreError> {
    transaction.open_table(OWNERS)?;
    transaction.open_table(DIGESTS)?;
    Ok(())
}

/// Replaces an owner's keys; the old ones become invalid.
pub(super) fn insert(
    transaction: &WriteTransaction,
    keys: &[(OwnerId, OwnerKeys)],
) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let mut owners = transaction.open_table(OWNERS)?;
    let mut digests = transaction.open_table(DIGESTS)?;
    for (owner, keys) in keys {
        if let Some(old) = read(&owners, *owner)? {
            for digest in old.digests() {
                digests.remove(digest)?;
            }
        }
        let row =
            serde_json::to_vec(keys).map_err(|error| unread("owner_keys", owner.0, &error))?;
        owners.insert(owner.0, row.as_slice())?;
        for digest in keys.digests() {
            digests.insert(digest, owner.0)?;
        }
    }
    Ok(())
}

pub(super) fn erase(transaction: &WriteTransaction, owner: OwnerId) -> Result<(), StoreError> {
    insert(transaction, &[(owner, OwnerKeys::default())])?;
    transaction.open_table(OWNERS)?.remove(owner.0)?;
    Ok(())
}

fn read(
    owners: &impl ReadableTable<u64, &'static [u8]>,
    owner: OwnerId,
) -> Result<Option<OwnerKeys>, StoreError> {
    let row = owners.get(owner.0)?;
    let read = |row: &[u8]| {
        serde_json::from_slice(row).map_err(|error| unread("owner_keys", owner.0, &error))
    };
    row.map(|row| read(row.value())).transpose()
}

impl Store {
    /// The keys of an owner.
    ///
    /// # Errors
    ///
    /// If the database fails or the row cannot be read.
    pub fn owner_keys(&self, owner: OwnerId) -> Result<OwnerKeys, StoreError> {
        let owners = self.read()?.open_table(OWNERS)?;
        Ok(read(&owners, owner)?.unwrap_or_default())
    }

    /// The owner whose token or invitation has a digest, and their keys.
    ///
    /// # Errors
    ///
    /// If the database fails or a row cannot be read.
    pub fn owner_with(&self, digest: [u8; 32]) -> Result<Option<(OwnerId, OwnerKeys)>, StoreError> {
        let transaction = self.read()?;
        let found = transaction.open_table(DIGESTS)?.get(digest)?.map(|owner| owner.value());
        let Some(owner) = found.map(OwnerId) else { return Ok(None) };
        let keys = read(&transaction.open_table(OWNERS)?, owner)?;
        Ok(keys.map(|keys| (owner, keys)))
    }
}
