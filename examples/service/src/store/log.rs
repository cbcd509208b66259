//! The audit log: entries by their index, each with the seed that it was made with and the request that
//! it is about; entries that wait for their batch to be closed; and the salts of owners. Seeds and salts are
//! secrets, and are in no other table.

use std::cmp::Ordering;

use canvass::audit::{AuditEntry, EntrySeed, OwnerSalt};
use canvass::{OwnerId, RequestId};
use redb::WriteTransaction;

use super::counted::{ENTRIES, PENDING, SALTS, SEEDS, Tally, leading};
use super::group::{Into, Row};
use super::{META, Store, StoreError, number, unread};

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
    /// The request's id; none for a refusal.
    pub request: Option<RequestId>,
    /// The seed of the entry.
    pub seed: EntrySeed,
}

/// No request has this number: ids are below 2^53.
const NO_REQUEST: u64 = u64::MAX;

pub(super) fn rows(entries: &[KeptEntry], rows: &mut Vec<Row>) {
    let key = |index: u64| index.to_be_bytes().to_vec();
    for KeptEntry { index, entry, .. } in entries {
        rows.push(Row::sealed(Into::Entries, key(*index), entry.to_bytes()));
    }
    for KeptEntry { index, request, seed, .. } in entries {
        let request = request.map_or(NO_REQUEST, |id| id.0).to_be_bytes();
        let row = [request.as_slice(), &seed.to_bytes()].concat();
        rows.push(Row::sealed(Into::Seeds, key(*index), row));
    }
}

/// Entries that wait, by their nonces: in a batch they are in this order as well.
pub(super) fn pending_rows(entries: &[PendingEntry], rows: &mut Vec<Row>) {
    for PendingEntry { entry, request, seed } in entries {
        let request = request.map_or(NO_REQUEST, |id| id.0).to_be_bytes();
        let row = [request.as_slice(), &seed.to_bytes(), &entry.to_bytes()].concat();
        rows.push(Row::sealed(Into::Pending, entry.nonce().0.to_vec(), row));
    }
}

/// Keeps a batch that was closed: whatever waited is in it.
pub(super) fn close(
    transaction: &WriteTransaction,
    rows: &[Row],
    tally: &mut Tally,
) -> Result<(), StoreError> {
    tally.take(transaction, PENDING, &[])?;
    tally.put(transaction, ENTRIES, rows)
}

pub(super) fn salt_rows(salts: &[(OwnerId, [u8; 32])], rows: &mut Vec<Row>) {
    for (owner, salt) in salts {
        rows.push(Row::sealed(Into::Salts, owner.0.to_be_bytes().to_vec(), salt.to_vec()));
    }
}

impl Store {
    /// The salt of an owner, if they have one.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub fn salt(&self, owner: OwnerId) -> Result<Option<OwnerSalt>, StoreError> {
        let Some(salt) = self.row_of(SALTS, &owner.0.to_be_bytes())? else { return Ok(None) };
        let salt =
            salt.try_into().map_err(|_| unread("owner_salts", owner.0, &"it has not 32 bytes"))?;
        Ok(Some(OwnerSalt::new(salt)))
    }

    pub(super) fn pending_entries(&self) -> Result<Vec<PendingEntry>, StoreError> {
        let rows = self.rows_of(PENDING)?.into_iter().zip(0..);
        rows.map(|((_, row), place)| {
            let wrong = || unread("audit_pending", place, &"it is too short");
            let (request, row) = row.split_first_chunk::<8>().ok_or_else(wrong)?;
            let (seed, bytes) = row.split_first_chunk::<32>().ok_or_else(wrong)?;
            let request = u64::from_be_bytes(*request);
            let request = (request != NO_REQUEST).then_some(RequestId(request));
            let entry = AuditEntry::from_bytes(bytes)
                .map_err(|error| unread("audit_pending", place, &error))?;
            Ok(PendingEntry { entry, request, seed: EntrySeed::new(*seed) })
        })
        .collect()
    }

    pub(super) fn log_entries(&self) -> Result<Vec<KeptEntry>, StoreError> {
        let kept = number(&self.read()?.open_table(META)?, "audit")?;
        let (rows, seeds) = (self.rows_of(ENTRIES)?, self.rows_of(SEEDS)?);
        let mut seeds = seeds.into_iter().peekable();
        let mut entries = Vec::new();
        for ((key, bytes), expected) in rows.into_iter().zip(0..) {
            let index = leading(&key);
            if index != expected {
                let missing = format!("it comes where entry `{expected}` should");
                return Err(unread("audit", index, &missing));
            }
            let entry =
                AuditEntry::from_bytes(&bytes).map_err(|error| unread("audit", index, &error))?;
            let seed = seeds.next_if(|(of, _)| *of == key);
            let (_, seed) = seed.ok_or_else(|| unread("audit_seeds", index, &"it is missing"))?;
            let wrong = || unread("audit_seeds", index, &"it has not 40 bytes");
            let (request, seed) = seed.split_first_chunk::<8>().ok_or_else(wrong)?;
            let request = u64::from_be_bytes(*request);
            let request = (request != NO_REQUEST).then_some(RequestId(request));
            let seed = EntrySeed::new(seed.try_into().map_err(|_| wrong())?);
            entries.push(KeptEntry { index, entry, request, seed });
        }
        let found = entries.len() as u64;
        match found.cmp(&kept) {
            Ordering::Less => Err(unread("audit", found, &"it is missing")),
            Ordering::Greater => Err(StoreError::NotKept { table: "audit", kept, found }),
            Ordering::Equal => Ok(entries),
        }
    }
}
