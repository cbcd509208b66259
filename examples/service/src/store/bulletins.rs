//! Bulletins by their numbers, which count them from 1 in the order in which they were published.

use canvass::RequestId;
use canvass::bulletin::Bulletin;
use serde::{Deserialize, Serialize};

use super::counted::{BULLETINS, leading};
use super::group::{Into, Row};
use super::{Store, StoreError, unread};

/// A bulletin with its request's id, which is the operator's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptBulletin {
    /// The request's id.
    pub request: RequestId,
    /// The bulletin with its history.
    pub bulletin: Bulletin,
}

pub(super) fn rows(
    bulletins: &[(u64, KeptBulletin)],
    rows: &mut Vec<Row>,
) -> Result<(), StoreError> {
    for (number, bulletin) in bulletins {
        let row = serde_json::to_vec(bulletin);
        let row = row.map_err(|error| unread("bulletins", *number, &error))?;
        rows.push(Row::sealed(Into::Bulletins, number.to_be_bytes().to_vec(), row));
    }
    Ok(())
}

impl Store {
    pub(super) fn bulletins(&self) -> Result<Vec<(u64, KeptBulletin)>, StoreError> {
        let mut bulletins = Vec::new();
        for ((key, row), expected) in self.rows_of(BULLETINS)?.into_iter().zip(1..) {
            let number = leading(&key);
            if number != expected {
                let missing = format!("it comes where bulletin `{expected}` should");
                return Err(unread("bulletins", number, &missing));
            }
            let bulletin = serde_json::from_slice(&row);
            let bulletin = bulletin.map_err(|error| unread("bulletins", number, &error))?;
            bulletins.push((number, bulletin));
        }
        Ok(bulletins)
    }
}
