//! The log of the registry's revisions since the last checkpoint.

use canvass::{Change, Revision};
use serde::Deserialize;

use super::error::unread;
use super::group::{Into, Row};
use super::{LOG, META, Store, StoreError, number, row};

/// One revision of the log: its number, and its changes as JSON.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// The revision that the changes made.
    pub revision: Revision,
    /// A JSON array of [`Change`]s.
    pub changes: Vec<u8>,
}

/// A stored revision of the log: with its number, so that changes cannot be taken for another's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogRow {
    revision: Revision,
    changes: Vec<Change>,
}

/// The row of a revision of the log.
pub(super) fn log_row(entry: &LogEntry) -> Row {
    let LogEntry { revision, changes } = entry;
    let head = format!(r#"{{"revision":{revision},"changes":"#);
    let key = revision.0.to_be_bytes().to_vec();
    let bytes = row::seal("log", &key, [head.as_bytes(), changes, b"}"].concat());
    Row { table: Into::Log, key, bytes }
}

/// The length of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogLength {
    /// The number of revisions.
    pub revisions: u64,
    /// The bytes of their changes.
    pub bytes: u64,
}

impl LogLength {
    /// Adds a revision with the size of its changes.
    pub fn add(&mut self, bytes: usize) {
        self.revisions = self.revisions.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }

    /// The length without a part at its start.
    #[must_use]
    pub fn without(self, part: Self) -> Self {
        Self {
            revisions: self.revisions.saturating_sub(part.revisions),
            bytes: self.bytes.saturating_sub(part.bytes),
        }
    }
}

impl Store {
    /// Passes the revisions of the log after a number to `take`, ascending. Returns the length of
    /// that log.
    ///
    /// # Errors
    ///
    /// If the database fails, an entry cannot be read, the log is cut off, or `take` fails.
    pub fn replay<E: From<StoreError>>(
        &self,
        after: Revision,
        mut take: impl FnMut(Revision, Vec<Change>) -> Result<(), E>,
    ) -> Result<LogLength, E> {
        let read = || -> Result<_, StoreError> {
            let transaction = self.read()?;
            let (log, meta) = (transaction.open_table(LOG)?, transaction.open_table(META)?);
            let ends = (number(&meta, "checkpoint")?, number(&meta, "revision")?);
            Ok((log.range(after.0.saturating_add(1)..)?, ends))
        };
        let mut length = LogLength::default();
        let (entries, (checkpoint, kept)) = read()?;
        let mut found = after.0.max(checkpoint);
        for entry in entries {
            let (revision, row) = entry.map_err(StoreError::from)?;
            let revision = revision.value();
            length.add(row.value().len());
            let row = row::open("log", &revision.to_be_bytes(), row.value())
                .map_err(|reason| unread("log", revision, &reason))?;
            let row: LogRow =
                serde_json::from_slice(row).map_err(|error| unread("log", revision, &error))?;
            if row.revision.0 != revision {
                let other = format!("it is revision `{}`", row.revision);
                return Err(unread("log", revision, &other).into());
            }
            take(Revision(revision), row.changes)?;
            found = found.max(revision);
        }
        if found < kept {
            let (kept, found) = (Revision(kept), Revision(found));
            return Err(StoreError::LogCutOff { kept, found }.into());
        }
        if found > kept {
            return Err(StoreError::NotKept { table: "log", kept, found }.into());
        }
        Ok(length)
    }
}
