//! The audit log: entries by their index, each with its seed and its request, and the salts of
//! owners. Seeds and salts are secrets, and are in no other table.

use std::cmp::Ordering;

use canvass::audit::{AuditEntry, EntrySeed, OwnerSalt};
use canvass::{OwnerId, RequestId};
use redb::{TableDefinition, WriteTransaction};

use super::{META, Store, StoreError, number, unread};

pub(super) const ENTRIES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("audit");
pub(super) const SEEDS: TableDefinition<'_, u64, (u64, [u8; 32])> =
    TableDefinition::new("audit_seeds");
pub(super) const SALTS: TableDefinition<'_, u64, [u8; 32]> = TableDefinition::new("owner_salts");

/// An entry of the audit log.
#[derive(Clone, Debug)]
pub struct KeptEntry {
    /// Its index, counted from 0.
    pub index: u64,
    /// The entry, which everybody may see once its request has ended.
    pub entry: AuditEntry,
    /// The request's id; none for a refusal.
    pub request: Option<RequestId>,
    /// The seed of the entry.
    pub seed: EntrySeed,
}

/// No request has this number: ids are below 2^53.
const NO_REQUEST: u64 = u64::MAX;

pub(super) fn create(transaction: &WriteTransaction) -> Result<(), StoreError> {
    transaction.open_table(ENTRIES)?;
    transaction.open_table(SEEDS)?;
    transaction.open_table(SALTS)?;
    Ok(())
}

pub(super) fn insert(
    transaction: &WriteTransaction,
    entries: &[KeptEntry],
) -> Result<(), StoreError> {
    let Some(last) = entries.last() else { return Ok(()) };
    let mut table = transaction.open_table(ENTRIES)?;
    let mut seeds = transaction.open_table(SEEDS)?;
    for KeptEntry { index, entry, request, seed } in entries {
        table.insert(index, entry.to_bytes().as_slice())?;
        seeds.insert(index, (request.map_or(NO_REQUEST, |id| id.0), seed.to_bytes()))?;
    }
    transaction.open_table(META)?.insert("audit", last.index.saturating_add(1))?;
    Ok(())
}

pub(super) fn insert_salts(
    transaction: &WriteTransaction,
    salts: &[(OwnerId, [u8; 32])],
) -> Result<(), StoreError> {
    if salts.is_empty() {
        return Ok(());
    }
    let mut table = transaction.open_table(SALTS)?;
    for (owner, salt) in salts {
        table.insert(owner.0, salt)?;
    }
    Ok(())
}

/// Without their salt nobody can identify the owner's tags any more.
pub(super) fn erase_salt(transaction: &WriteTransaction, owner: OwnerId) -> Result<(), StoreError> {
    transaction.open_table(SALTS)?.remove(owner.0)?;
    Ok(())
}

impl Store {
    /// The salt of an owner, if they have one.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub fn salt(&self, owner: OwnerId) -> Result<Option<OwnerSalt>, StoreError> {
        let table = self.read()?.open_table(SALTS)?;
        Ok(table.get(owner.0)?.map(|salt| OwnerSalt::new(salt.value())))
    }

    pub(super) fn log_entries(&self) -> Result<Vec<KeptEntry>, StoreError> {
        let transaction = self.read()?;
        let kept = number(&transaction.open_table(META)?, "audit")?;
        let (table, seeds) = (transaction.open_table(ENTRIES)?, transaction.open_table(SEEDS)?);
        let mut entries = Vec::new();
        for (row, expected) in table.range::<u64>(..)?.zip(0..) {
            let (index, bytes) = row?;
            let index = index.value();
            if index != expected {
                let missing = format!("it comes where entry `{expected}` should");
                return Err(unread("audit", index, &missing));
            }
            let entry = AuditEntry::from_bytes(bytes.value())
                .map_err(|error| unread("audit", index, &error))?;
            let seed = seeds.get(index)?;
            let seed = seed.ok_or_else(|| unread("audit_seeds", index, &"it is missing"))?;
            let (request, seed) = seed.value();
            let request = (request != NO_REQUEST).then_some(RequestId(request));
            entries.push(KeptEntry { index, entry, request, seed: EntrySeed::new(seed) });
        }
        let found = entries.len() as u64;
        match found.cmp(&kept) {
            Ordering::Less => Err(unread("audit", found, &"it is missing")),
            Ordering::Greater => Err(StoreError::NotKept { table: "audit", kept, found }),
            Ordering::Equal => Ok(entries),
        }
    }
}
