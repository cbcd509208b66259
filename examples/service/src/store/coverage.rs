//! The last coverage, by the number of its period.

use redb::{TableDefinition, WriteTransaction};
use serde_json::value::RawValue;

use super::{Store, StoreError, unread};

pub(super) const COVERAGE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("coverage");

pub(super) fn create(transaction: &WriteTransaction) -> Result<(), StoreError> {
    transaction.open_table(COVERAGE)?;
    Ok(())
}

/// Replaces the stored coverage: two in succession would reveal single registrations.
pub(super) fn insert(
    transaction: &WriteTransaction,
    coverage: Option<&(u64, Box<RawValue>)>,
) -> Result<(), StoreError> {
    let Some((period, made)) = coverage else { return Ok(()) };
    let mut table = transaction.open_table(COVERAGE)?;
    table.retain(|_, _| false)?;
    table.insert(period, made.get().as_bytes())?;
    Ok(())
}

impl Store {
    pub(super) fn coverage(&self) -> Result<Option<(u64, Box<RawValue>)>, StoreError> {
        let table = self.read()?.open_table(COVERAGE)?;
        let Some(row) = table.range::<u64>(..)?.next_back() else { return Ok(None) };
        let (period, made) = row?;
        let period = period.value();
        let made = serde_json::from_slice(made.value());
        Ok(Some((period, made.map_err(|error| unread("coverage", period, &error))?)))
    }
}
