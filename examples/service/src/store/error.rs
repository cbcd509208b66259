//! Why something could not be kept or read back.

use std::fmt;

use canvass::Revision;

use super::FORMAT;

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

/// An entry that is not what this service writes.
pub(super) fn unread(table: &'static str, entry: u64, reason: &dyn fmt::Display) -> StoreError {
    StoreError::Entry { table, entry, reason: reason.to_string() }
}
