//! The history of a bulletin: a chain of entries, each of which holds all that was before.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ending::Ending;
use super::error::{BulletinError, BulletinReadError};
use crate::disclosure::digest::{Digest, Encoder};

/// One entry of a bulletin's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", deny_unknown_fields)]
pub struct BulletinEntry {
    at: Timestamp,
    event: BulletinEvent,
    digest: Digest,
}

/// An event in the history of a bulletin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
#[non_exhaustive]
pub enum BulletinEvent {
    /// It was published.
    Opened,
    /// The bulletin is to be read with this correction.
    Correction(String),
    /// Nobody is asked for it any more.
    Ended(Ending),
}

impl BulletinEntry {
    fn new(before: Digest, at: Timestamp, event: BulletinEvent) -> Self {
        let digest = digest(before, at, &event);
        Self { at, event, digest }
    }

    /// The instant at which it was added, by the clock of whoever added it.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The event.
    #[must_use]
    pub fn event(&self) -> &BulletinEvent {
        &self.event
    }

    /// The head of the bulletin as it was when this was its last entry.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// The entries, in the order in which they were added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct History {
    // INVARIANT: the first entry of all, and no other, is `Opened`; at most one is `Ended`, and
    // behind it are corrections; instants never descend; each digest is that of its entry behind
    // the one before.
    opened: BulletinEntry,
    rest: Vec<BulletinEntry>,
}

impl History {
    /// The history of a bulletin published at an instant, from the digest of its content.
    pub(crate) fn open(content: Digest, at: Timestamp) -> Self {
        Self { opened: BulletinEntry::new(content, at, BulletinEvent::Opened), rest: Vec::new() }
    }

    pub(crate) fn append(
        &mut self,
        at: Timestamp,
        event: BulletinEvent,
    ) -> Result<(), BulletinError> {
        let last = self.last();
        if at < last.at {
            return Err(BulletinError::Backwards { at, last: last.at });
        }
        if let (BulletinEvent::Ended(_), Some(ending)) = (&event, self.ending()) {
            return Err(BulletinError::Ended { ending });
        }
        let entry = BulletinEntry::new(last.digest, at, event);
        self.rest.push(entry);
        Ok(())
    }

    /// A history as it is written, validated against its bulletin's content.
    pub(crate) fn read(
        said: Digest,
        entries: Vec<BulletinEntry>,
    ) -> Result<Self, BulletinReadError> {
        let mut entries = entries.into_iter();
        let opened = entries.next().ok_or(BulletinReadError::Order { entry: 0 })?;
        if opened.event != BulletinEvent::Opened {
            return Err(BulletinReadError::Order { entry: 0 });
        }
        if opened != BulletinEntry::new(said, opened.at, BulletinEvent::Opened) {
            return Err(BulletinReadError::Edited { entry: 0 });
        }
        let mut history = Self { opened, rest: Vec::new() };
        for (entry, read) in (1..).zip(entries) {
            if read.event == BulletinEvent::Opened {
                return Err(BulletinReadError::Order { entry });
            }
            history.append(read.at, read.event).map_err(|error| match error {
                BulletinError::Backwards { .. } => BulletinReadError::Backwards { entry },
                _ => BulletinReadError::Order { entry },
            })?;
            if history.head() != read.digest {
                return Err(BulletinReadError::Edited { entry });
            }
        }
        Ok(history)
    }

    pub(crate) fn entries(&self) -> impl DoubleEndedIterator<Item = &BulletinEntry> {
        std::iter::once(&self.opened).chain(&self.rest)
    }

    pub(crate) fn head(&self) -> Digest {
        self.last().digest
    }

    pub(crate) fn ending(&self) -> Option<Ending> {
        self.entries().find_map(|entry| match entry.event {
            BulletinEvent::Ended(ending) => Some(ending),
            _ => None,
        })
    }

    fn last(&self) -> &BulletinEntry {
        self.rest.last().unwrap_or(&self.opened)
    }
}

/// The digest of an entry behind another, or behind the bulletin's content.
fn digest(before: Digest, at: Timestamp, event: &BulletinEvent) -> Digest {
    let encoder = Encoder::new("canvass/bulletin/entry/1").digest(before).instant(at);
    match event {
        BulletinEvent::Opened => encoder.byte(0),
        BulletinEvent::Correction(text) => encoder.byte(1).text(text),
        BulletinEvent::Ended(ending) => encoder.byte(2).byte(match ending {
            Ending::Resolved => 0,
            Ending::Expired => 1,
            Ending::Withdrawn => 2,
        }),
    }
    .finish()
}
