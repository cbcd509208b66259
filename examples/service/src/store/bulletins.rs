//! Bulletins by their numbers, which count them from 1 in the order in which they were published.

use canvass::RequestId;
use canvass::bulletin::Bulletin;
use redb::{TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::{Store, StoreError, unread};

pub(super) const BULLETINS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("bulletins");

/// A bulletin with its request's id, which is the operator's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptBulletin {
    /// The request's id.
    pub request: RequestId,
    /// The bulletin with its history.
    pub bulletin: Bulletin,
}

pub(super) fn create(transaction: &WriteTransaction) -> Result<(), StoreError> {
    transaction.open_table(BULLETINS)?;
    Ok(())
}

pub(super) fn insert(
    transaction: &WriteTransaction,
    bulletins: &[(u64, KeptBulletin)],
) -> Result<(), StoreError> {
    if bulletins.is_empty() {
        return Ok(());
    }
    let mut table = transaction.open_table(BULLETINS)?;
    for (number, bulletin) in bulletins {
        let row =
            serde_json::to_vec(bulletin).map_err(|error| unread("bulletins", *number, &error))?;
        table.insert(number, row.as_slice())?;
    }
    Ok(())
}

impl Store {
    pub(super) fn bulletins(&self) -> Result<Vec<(u64, KeptBulletin)>, StoreError> {
        let table = self.read()?.open_table(BULLETINS)?;
        let mut bulletins = Vec::new();
        for (row, expected) in table.range::<u64>(..)?.zip(1..) {
            let (number, row) = row?;
            let number = number.value();
            if number != expected {
                let missing = format!("it comes where bulletin `{expected}` should");
                return Err(unread("bulletins", number, &missing));
            }
            let bulletin = serde_json::from_slice(row.value());
            let bulletin = bulletin.map_err(|error| unread("bulletins", number, &error))?;
            bulletins.push((number, bulletin));
        }
        Ok(bulletins)
    }
}
