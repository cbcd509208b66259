//! The requests that reached each owner, for the owner to see. Removed when they are erased.

use canvass::{OwnerId, RequestId};
use jiff::Timestamp;
use redb::{TableDefinition, WriteTransaction};

use super::{Store, StoreError, unread};

/// Owner and request, with the instant of asking in milliseconds since 1970.
pub(super) const REACHED: TableDefinition<'_, (u64, u64), i64> = TableDefinition::new("reached");

pub(super) fn create(transaction: &WriteTransaction) -> Result<(), StoreError> {
    transaction.open_table(REACHED)?;
    Ok(())
}

pub(super) fn insert(
    transaction: &WriteTransaction,
    reached: &[(OwnerId, RequestId, Timestamp)],
) -> Result<(), StoreError> {
    if reached.is_empty() {
        return Ok(());
    }
    let mut table = transaction.open_table(REACHED)?;
    for (owner, request, at) in reached {
        table.insert((owner.0, request.0), at.as_millisecond())?;
    }
    Ok(())
}

pub(super) fn erase(transaction: &WriteTransaction, owner: OwnerId) -> Result<(), StoreError> {
    let mut table = transaction.open_table(REACHED)?;
    table.retain_in((owner.0, 0)..=(owner.0, u64::MAX), |_, _| false)?;
    Ok(())
}

impl Store {
    /// The requests that reached an owner, each with its instant; in an order without meaning.
    ///
    /// # Errors
    ///
    /// If the database fails or a row cannot be read.
    pub fn reached(&self, owner: OwnerId) -> Result<Vec<(RequestId, Timestamp)>, StoreError> {
        let table = self.read()?.open_table(REACHED)?;
        let mut reached = Vec::new();
        for row in table.range((owner.0, 0)..=(owner.0, u64::MAX))? {
            let (key, at) = row?;
            let request = key.value().1;
            let at = Timestamp::from_millisecond(at.value());
            let at = at.map_err(|error| unread("reached", request, &error))?;
            reached.push((RequestId(request), at));
        }
        Ok(reached)
    }
}
