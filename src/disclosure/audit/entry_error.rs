//! Why bytes are not an entry of the log.

use super::owner_tags::AskedTagsError;

/// The version of the layout that the bytes start with.
pub(super) const VERSION: u8 = 2;

/// Bytes or fields are not an [`AuditEntry`](super::AuditEntry).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// The bytes end too soon.
    #[error("the bytes end before the entry does")]
    Truncated,
    /// There are bytes after the entry.
    #[error("`{bytes}` bytes follow the entry")]
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// Another layout.
    #[error("version `{version}` of the layout is not known: expected {VERSION}")]
    Version {
        /// The version given.
        version: u8,
    },
    /// No such event.
    #[error("event `{event}` is not known: expected 1 to 4")]
    Event {
        /// The number given.
        event: u8,
    },
    /// The instant is not one, or is written in a way of its own.
    #[error("the instant is out of range, or its seconds and nanoseconds disagree")]
    Instant,
    /// A text is not UTF-8.
    #[error("a text is not UTF-8")]
    Text,
    /// A refusal without a code, or with something else for one.
    #[error("a refusal needs at least one code, each of `a-z`, `0-9` and `_`")]
    Codes,
    /// The tags are out of order, or too many or too few.
    #[error(transparent)]
    Tags(#[from] AskedTagsError),
}
