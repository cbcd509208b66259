//! The table of numbers about the whole store, with a checksum over all of them.

use redb::{ReadableTable, Table};

use super::StoreError;
use super::mark::Acknowledged;

/// The name of the other numbers' checksum.
const SEAL: &str = "seal";

/// A number about the whole store; 0 until it is set.
pub(super) fn number(
    meta: &impl ReadableTable<&'static str, u64>,
    name: &str,
) -> Result<u64, StoreError> {
    Ok(meta.get(name)?.map_or(0, |number| number.value()))
}

/// Stores the checksum of all numbers, after some of them were changed.
pub(super) fn seal(meta: &mut Table<'_, &'static str, u64>) -> Result<(), StoreError> {
    let checksum = checksum(meta)?;
    meta.insert(SEAL, checksum)?;
    Ok(())
}

/// Refuses numbers that do not match their checksum.
pub(super) fn verify(meta: &impl ReadableTable<&'static str, u64>) -> Result<(), StoreError> {
    if number(meta, SEAL)? == checksum(meta)? { Ok(()) } else { Err(StoreError::Numbers) }
}

/// The last commit, as the store itself has it.
pub(super) fn committed(
    meta: &impl ReadableTable<&'static str, u64>,
) -> Result<Acknowledged, StoreError> {
    let number = |name| number(meta, name);
    Ok(Acknowledged {
        generation: number("generation")?,
        commit: number("commit")?,
        second: number("second")?,
    })
}

/// Stores the last commit.
pub(super) fn commit(
    meta: &mut Table<'_, &'static str, u64>,
    to: Acknowledged,
) -> Result<(), StoreError> {
    meta.insert("generation", to.generation)?;
    meta.insert("commit", to.commit)?;
    meta.insert("second", to.second)?;
    seal(meta)
}

/// Each name comes with its length, so that no other names have the same bytes.
fn checksum(meta: &impl ReadableTable<&'static str, u64>) -> Result<u64, StoreError> {
    let mut hasher = crc32fast::Hasher::new();
    for entry in meta.iter()? {
        let (name, number) = entry?;
        if name.value() != SEAL {
            hasher.update(&(name.value().len() as u64).to_le_bytes());
            hasher.update(name.value().as_bytes());
            hasher.update(&number.value().to_le_bytes());
        }
    }
    // Never 0, which means that there is no checksum.
    Ok(u64::from(hasher.finalize()) | 1 << 32)
}
