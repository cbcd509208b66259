//! The table of numbers about the whole store, with a checksum over all of them.

use redb::{ReadableTable, Table};

use super::StoreError;
use super::mark::Acknowledged;

/// The name under which the checksum of the other numbers is kept.
const SEAL: &str = "seal";

/// A number that is kept about the whole; 0 before it is.
pub(super) fn number(
    meta: &impl ReadableTable<&'static str, u64>,
    name: &str,
) -> Result<u64, StoreError> {
    Ok(meta.get(name)?.map_or(0, |number| number.value()))
}

/// Keeps the checksum of all numbers, after some of them were changed.
pub(super) fn seal(meta: &mut Table<'_, &'static str, u64>) -> Result<(), StoreError> {
    let checksum = checksum(meta)?;
    meta.insert(SEAL, checksum)?;
    Ok(())
}

/// Refuses numbers that are not as they were kept together.
pub(super) fn verify(meta: &impl ReadableTable<&'static str, u64>) -> Result<(), StoreError> {
    if number(meta, SEAL)? == checksum(meta)? { Ok(()) } else { Err(StoreError::Numbers) }
}

/// How far the store was committed, as it has it itself.
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

/// Keeps how far the store is committed.
pub(super) fn commit(
    meta: &mut Table<'_, &'static str, u64>,
    to: Acknowledged,
) -> Result<(), StoreError> {
    meta.insert("generation", to.generation)?;
    meta.insert("commit", to.commit)?;
    meta.insert("second", to.second)?;
    seal(meta)
}

/// Each name with its length, so that nothing else has the same bytes.
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
    // Never 0, which stands for no checksum.
    Ok(u64::from(hasher.finalize()) | 1 << 32)
}
