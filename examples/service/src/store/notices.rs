//! Approved notices, by request.

use canvass::RequestId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::counted::{NOTICES, leading};
use super::group::{Into, Row};
use super::{Store, StoreError, unread};

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

pub(super) fn rows(
    notices: &[(RequestId, KeptNotice)],
    rows: &mut Vec<Row>,
) -> Result<(), StoreError> {
    for (id, notice) in notices {
        let row = serde_json::to_vec(notice).map_err(|error| unread("notices", id.0, &error))?;
        rows.push(Row::sealed(Into::Notices, id.0.to_be_bytes().to_vec(), row));
    }
    Ok(())
}

impl Store {
    pub(super) fn notices(&self) -> Result<Vec<(RequestId, KeptNotice)>, StoreError> {
        let read = |(key, row): (Vec<u8>, Vec<u8>)| {
            let id = leading(&key);
            let notice = serde_json::from_slice(&row);
            Ok((RequestId(id), notice.map_err(|error| unread("notices", id, &error))?))
        };
        self.rows_of(NOTICES)?.into_iter().map(read).collect()
    }
}
