//! The audit log: entries by their index, each with the seed that it was made with and the request that
//! it is about; entries that wait for their batch to be closed; and the salts of owners. Seeds and salts are
//! secrets, and are in no other table.

use std::cmp::Ordering;

use canvass::audit::{AuditEntry, EntrySeed, OwnerSalt};
use canvass::{OwnerId, RequestId};
use redb::{ReadableTable, TableDefinition, WriteTransaction};

use super::{META, Store, StoreError, number, unread};

pub(super) const ENTRIES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("audit");
pub(super) const SEEDS: TableDefinition<'_, u64, (u64, [u8; 32])> =
    TableDefinition::new("audit_seeds");
pub(super) const PENDING: TableDefinition<'_, u64, (u64, [u8; 32], &[u8])> =
    TableDefinition::new("audit_pending");
pub(super) const SALTS: TableDefinition<'_, u64, [u8; 32]> = TableDefinition::new("owner_salts");

/// An entry of the audit log.
#[derive(Clone, Debug)]
pub struct KeptEntry {
    /// Its index, counted from 0.
    pub index: u64,
    /// The entry, as everybody may see it.
    pub entry: AuditEntry,
    /// Of which request; none of one that was refused, and of an entry about nobody.
    pub request: Option<RequestId>,
    /// The seed that it was made with; of an entry about nobody, that of its batch.
    pub seed: EntrySeed,
}

/// An entry that waits for its batch to be closed: nobody sees it before.
#[derive(Clone, Debug)]
pub struct PendingEntry {
    /// The entry.
    pub entry: AuditEntry,
    /// Of which request; none of one that was refused.
    pub request: Option<RequestId>,
    /// The seed that it was made with.
    pub seed: EntrySeed,
}

/// No request has this number: ids are below 2^53.
const NO_REQUEST: u64 = u64::MAX;

pub(super) fn create(transaction: &WriteTransaction) -> Result<(), StoreError> {
    transaction.open_table(ENTRIES)?;
    transaction.open_table(SEEDS)?;
    transaction.open_table(PENDING)?;
    transaction.open_table(SALTS)?;
    Ok(())
}

/// Keeps entries that wait, behind those that do, in place of all that waited if a batch was closed.
pub(super) fn insert_pending(
    transaction: &WriteTransaction,
    entries: &[PendingEntry],
    closes: bool,
) -> Result<(), StoreError> {
    if entries.is_empty() && !closes {
        return Ok(());
    }
    let mut table = transaction.open_table(PENDING)?;
    if closes {
        table.retain(|_, _| false)?;
    }
    let last = table.last()?.map(|(number, _)| number.value());
    let first = last.map_or(0, |last| last.saturating_add(1));
    for (PendingEntry { entry, request, seed }, number) in entries.iter().zip(first..) {
        let (request, seed) = (request.map_or(NO_REQUEST, |id| id.0), seed.to_bytes());
        table.insert(number, (request, seed, entry.to_bytes().as_slice()))?;
    }
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

/// Without their salt nobody can tell any more which tags were an owner's.
pub(super) fn erase_salt(transaction: &WriteTransaction, owner: OwnerId) -> Result<(), StoreError> {
    transaction.open_table(SALTS)?.remove(owner.0)?;
    Ok(())
}

impl Store {
    /// The salt of an owner, if they have one.
    ///
    /// # Errors
    ///
    /// If the database refuses.
    pub fn salt(&self, owner: OwnerId) -> Result<Option<OwnerSalt>, StoreError> {
        let table = self.read()?.open_table(SALTS)?;
        Ok(table.get(owner.0)?.map(|salt| OwnerSalt::new(salt.value())))
    }

    pub(super) fn pending_entries(&self) -> Result<Vec<PendingEntry>, StoreError> {
        let table = self.read()?.open_table(PENDING)?;
        let mut entries = Vec::new();
        for row in table.range::<u64>(..)? {
            let (number, row) = row?;
            let (request, seed, bytes) = row.value();
            let entry = AuditEntry::from_bytes(bytes)
                .map_err(|error| unread("audit_pending", number.value(), &error))?;
            let request = (request != NO_REQUEST).then_some(RequestId(request));
            entries.push(PendingEntry { entry, request, seed: EntrySeed::new(seed) });
        }
        Ok(entries)
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
