//! Why data could not be stored or read.

use std::fmt;

use canvass::Revision;

use super::FORMAT;
use super::mark::Acknowledged;

/// Why data could not be stored or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder or the file in it cannot be made or opened.
    #[error("cannot open `{path}`: {reason}")]
    Open {
        /// The folder or file.
        path: String,
        /// The reason.
        reason: String,
    },
    /// The file was written by another version of this service.
    #[error("the store has format `{found}`, and this service reads format `{FORMAT}`")]
    Format {
        /// The format found.
        found: u64,
    },
    /// There was a store, and its file is missing or empty.
    #[error(
        "`{path}` is missing or empty, and {}: put back a copy and start with --restore (for a new \
         store, move the old one's files away)",
        known(mark, *acknowledged)
    )]
    Missing {
        /// The database's file.
        path: String,
        /// The mark's file.
        mark: String,
        /// The last acknowledged commit, if the mark can be read.
        acknowledged: Option<Acknowledged>,
    },
    /// A store has no valid mark.
    #[error(
        "`{path}` ends at {kept}, and its mark `{mark}` {wrong}, so that nobody knows how far it was \
         acknowledged: put the mark back, or start with --restore to go on from here"
    )]
    NoMark {
        /// The database's file.
        path: String,
        /// The mark's file.
        mark: String,
        /// The last commit in the store.
        kept: Acknowledged,
        /// The flaw of the mark.
        wrong: &'static str,
    },
    /// The store lacks acknowledged commits.
    #[error(
        "`{path}` ends at {kept}, and {acknowledged} was acknowledged: it is an old copy, or its last \
         commits are damaged; put back the newest copy, or start with --restore to go on without \
         them"
    )]
    OldCopy {
        /// The database's file.
        path: String,
        /// The last commit in the store.
        kept: Acknowledged,
        /// The last acknowledged commit.
        acknowledged: Acknowledged,
    },
    /// The mark belongs to another store.
    #[error(
        "`{path}` ends at {kept}, and its mark `{mark}` is of {acknowledged}: they do not belong \
         together; put back the other, or start with --restore to go on from `{path}`"
    )]
    OtherGeneration {
        /// The database's file.
        path: String,
        /// The mark's file.
        mark: String,
        /// The last commit in the store.
        kept: Acknowledged,
        /// The mark.
        acknowledged: Acknowledged,
    },
    /// The numbers about the whole store do not match their checksum.
    #[error("table `meta` is not as it was kept: its checksum is not that of its numbers")]
    Numbers,
    /// The mark cannot be written.
    #[error("the mark cannot be written: {0}")]
    Mark(std::io::Error),
    /// The database could not be opened again after a failure.
    #[error("the database is closed: the disk has failed, and opening it again is being tried")]
    Closed,
    /// A copy cannot be written.
    #[error("the copy `{path}` cannot be written: {reason}")]
    Copy {
        /// The copy's file.
        path: String,
        /// The reason.
        reason: String,
    },
    /// The store cannot be written anew, which a start does after an erasure.
    #[error(
        "`{path}` cannot be written: {reason}; a start writes the whole store anew after an erasure, \
         so make room for a second copy"
    )]
    Rewrite {
        /// The new file.
        path: String,
        /// The reason.
        reason: String,
    },
    /// The database failed.
    #[error("the database refused: {0}")]
    Database(redb::Error),
    /// An entry is not in this service's form.
    #[error("entry `{entry}` of table `{table}` cannot be read: {reason}")]
    Entry {
        /// The table.
        table: &'static str,
        /// The entry's key.
        entry: u64,
        /// The reason.
        reason: String,
    },
    /// Tiles of the last checkpoint are missing.
    #[error("tiles are missing: revision `{revision}` was kept in {kept}, and {found} are there")]
    TilesMissing {
        /// The checkpoint's revision.
        revision: Revision,
        /// The number of tiles that were stored.
        kept: u64,
        /// The number of tiles found.
        found: u64,
    },
    /// The number of tiles is right, but some of them, or their revisions, differ.
    #[error("the tiles are not those in which revision `{revision}` was kept")]
    OtherTiles {
        /// The checkpoint's revision.
        revision: Revision,
    },
    /// A table has entries behind the last stored one.
    #[error("table `{table}` goes on to `{found}`, and was kept up to `{kept}`")]
    NotKept {
        /// The table.
        table: &'static str,
        /// The number of the last stored entry.
        kept: u64,
        /// The number of the last entry found.
        found: u64,
    },
    /// The counted rows are not those that were stored.
    #[error(
        "of notices, bulletins, the audit log, coverage, answers and owners' keys {kept} rows were kept, and \
         {found} are there: one is missing, from before, or there although it was removed"
    )]
    OtherRows {
        /// How many there were.
        kept: u64,
        /// How many there are.
        found: u64,
    },
    /// The last events are missing.
    #[error("events are missing: the last is `{found}`, and there were `{kept}`")]
    EventsCutOff {
        /// The number of the last stored event.
        kept: u64,
        /// The number of the last event found.
        found: u64,
    },
    /// The end of the log is missing.
    #[error("the log is cut off: it ends at revision `{found}`, and went on to `{kept}`")]
    LogCutOff {
        /// The last stored revision.
        kept: Revision,
        /// The last revision found.
        found: Revision,
    },
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self::Database(error.into())
    }
}

/// The mark's knowledge of a missing store.
fn known(mark: &str, acknowledged: Option<Acknowledged>) -> String {
    match acknowledged {
        Some(acknowledged) => format!("its mark `{mark}` acknowledged {acknowledged}"),
        None => format!("there was a store: see its mark `{mark}`"),
    }
}

/// An entry that is not in this service's form.
pub(super) fn unread(table: &'static str, entry: u64, reason: &dyn fmt::Display) -> StoreError {
    StoreError::Entry { table, entry, reason: reason.to_string() }
}
