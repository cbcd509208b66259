//! The last coverage, by the number of its period.

use redb::WriteTransaction;
use serde_json::value::RawValue;

use super::counted::{COVERAGE, Tally, leading};
use super::group::{Into, Row};
use super::{Store, StoreError, unread};

pub(super) fn rows(coverage: Option<&(u64, Box<RawValue>)>, rows: &mut Vec<Row>) {
    if let Some((period, made)) = coverage {
        let key = period.to_be_bytes().to_vec();
        rows.push(Row::sealed(Into::Coverage, key, made.get().into()));
    }
}

/// Replaces the stored coverage: two in succession would reveal single registrations.
pub(super) fn replace(
    transaction: &WriteTransaction,
    rows: &[Row],
    tally: &mut Tally,
) -> Result<(), StoreError> {
    tally.take(transaction, COVERAGE, &[])?;
    tally.put(transaction, COVERAGE, rows)
}

impl Store {
    pub(super) fn coverage(&self) -> Result<Option<(u64, Box<RawValue>)>, StoreError> {
        let Some((key, made)) = self.rows_of(COVERAGE)?.pop() else { return Ok(None) };
        let period = leading(&key);
        let made = serde_json::from_slice(&made);
        Ok(Some((period, made.map_err(|error| unread("coverage", period, &error))?)))
    }
}
