//! Approved notices, by request.

use canvass::RequestId;
use jiff::Timestamp;
use redb::{TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::{Store, StoreError, unread};

pub(super) const NOTICES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("notices");

/// An approved notice: the parts that make it again, and its reviewer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptNotice {
    /// The wording, with placeholders.
    pub template: String,
    /// The sentence on how to stop being asked.
    pub stop: String,
    /// Names that must not occur in it.
    pub withheld: Vec<String>,
    /// The text of the bulletin, which is for everybody.
    pub public_text: String,
    /// The agency's name as the notice gives it.
    pub agency: String,
    /// The person who read it and answers for it.
    pub reviewer: String,
    /// The instant of the approval.
    pub at: Timestamp,
    /// The text with the window in UTC, as the reviewer read it.
    pub text: String,
}

pub(super) fn create(transaction: &WriteTransaction) -> Result<(), StoreError> {
    transaction.open_table(NOTICES)?;
    Ok(())
}

pub(super) fn insert(
    transaction: &WriteTransaction,
    notices: &[(RequestId, KeptNotice)],
) -> Result<(), StoreError> {
    if notices.is_empty() {
        return Ok(());
    }
    let mut table = transaction.open_table(NOTICES)?;
    for (id, notice) in notices {
        let row = serde_json::to_vec(notice).map_err(|error| unread("notices", id.0, &error))?;
        table.insert(id.0, row.as_slice())?;
    }
    Ok(())
}

impl Store {
    pub(super) fn notices(&self) -> Result<Vec<(RequestId, KeptNotice)>, StoreError> {
        let table = self.read()?.open_table(NOTICES)?;
        let mut notices = Vec::new();
        for row in table.range::<u64>(..)? {
            let (id, notice) = row?;
            let id = id.value();
            let notice = serde_json::from_slice(notice.value());
            notices.push((RequestId(id), notice.map_err(|error| unread("notices", id, &error))?));
        }
        Ok(notices)
    }
}
