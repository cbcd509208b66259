//! Why something could not be kept or read back.

use std::fmt;

use canvass::Revision;

use super::FORMAT;
use super::mark::Acknowledged;

/// Why something could not be kept or read back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder or the file in it cannot be made or opened.
    #[error("cannot open `{path}`: {reason}")]
    Open {
        /// Which.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The file was written by another version of this service.
    #[error("the store has format `{found}`, and this service reads format `{FORMAT}`")]
    Format {
        /// The format found.
        found: u64,
    },
    /// There was a store, and its file is not there or empty.
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
        /// How far the store was acknowledged, if the mark can be read.
        acknowledged: Option<Acknowledged>,
    },
    /// A store without its mark.
    #[error(
        "`{path}` ends at {kept}, and its mark `{mark}` {wrong}, so that nobody knows how far it was \
         acknowledged: put the mark back, or start with --restore to go on from here"
    )]
    NoMark {
        /// The database's file.
        path: String,
        /// The mark's file.
        mark: String,
        /// How far the store goes.
        kept: Acknowledged,
        /// What is wrong with the mark.
        wrong: &'static str,
    },
    /// The store was acknowledged further than it goes.
    #[error(
        "`{path}` ends at {kept}, and {acknowledged} was acknowledged: it is an old copy, or its last \
         commits are damaged; put back the newest copy, or start with --restore to go on without \
         them"
    )]
    OldCopy {
        /// The database's file.
        path: String,
        /// How far it goes.
        kept: Acknowledged,
        /// How far it was acknowledged.
        acknowledged: Acknowledged,
    },
    /// The mark is of another store.
    #[error(
        "`{path}` ends at {kept}, and its mark `{mark}` is of {acknowledged}: they do not belong \
         together; put back the other, or start with --restore to go on from `{path}`"
    )]
    OtherGeneration {
        /// The database's file.
        path: String,
        /// The mark's file.
        mark: String,
        /// How far the store goes.
        kept: Acknowledged,
        /// The mark.
        acknowledged: Acknowledged,
    },
    /// The numbers about the whole store are not as they were kept.
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
        /// Why not.
        reason: String,
    },
    /// The database refused.
    #[error("the database refused: {0}")]
    Database(redb::Error),
    /// An entry is not what this service writes.
    #[error("entry `{entry}` of table `{table}` cannot be read: {reason}")]
    Entry {
        /// Which table.
        table: &'static str,
        /// Which entry.
        entry: u64,
        /// Why not.
        reason: String,
    },
    /// Tiles of the last checkpoint are missing.
    #[error("tiles are missing: revision `{revision}` was kept in {kept}, and {found} are there")]
    TilesMissing {
        /// The checkpoint's revision.
        revision: Revision,
        /// How many there were.
        kept: u64,
        /// How many there are.
        found: u64,
    },
    /// There are as many tiles as were kept, but not the same, or not as of the same revisions.
    #[error("the tiles are not those in which revision `{revision}` was kept")]
    OtherTiles {
        /// The checkpoint's revision.
        revision: Revision,
    },
    /// A table goes on behind the last entry that was kept.
    #[error("table `{table}` goes on to `{found}`, and was kept up to `{kept}`")]
    NotKept {
        /// Which table.
        table: &'static str,
        /// The number of the last entry that was kept.
        kept: u64,
        /// The number of the last entry that is there.
        found: u64,
    },
    /// Other rows are there than were kept of what people see.
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
        /// The number of the last one that was kept.
        kept: u64,
        /// The number of the last one that is there.
        found: u64,
    },
    /// The end of the log is missing.
    #[error("the log is cut off: it ends at revision `{found}`, and went on to `{kept}`")]
    LogCutOff {
        /// The last revision that was kept.
        kept: Revision,
        /// The last one that is there.
        found: Revision,
    },
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self::Database(error.into())
    }
}

/// What a mark knows of a store that is not there.
fn known(mark: &str, acknowledged: Option<Acknowledged>) -> String {
    match acknowledged {
        Some(acknowledged) => format!("its mark `{mark}` acknowledged {acknowledged}"),
        None => format!("there was a store: see its mark `{mark}`"),
    }
}

/// An entry that is not what this service writes.
pub(super) fn unread(table: &'static str, entry: u64, reason: &dyn fmt::Display) -> StoreError {
    StoreError::Entry { table, entry, reason: reason.to_string() }
}
