//! Commits: one transaction for a group, with its number in the mark.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use canvass::{LifecycleEvent, RequestId};
use redb::TableDefinition;
use serde_json::value::RawValue;

use super::group::Group;
use super::mark::Mark;
use super::{DisclosedRows, KeptAnswer, LedgerRows, LogEntry, Once, Store, StoreError};

/// A table that only tests whether there is room for some bytes.
const ROOM: TableDefinition<'_, (), &[u8]> = TableDefinition::new("room");
const ROOM_BYTES: usize = 512 << 10;

/// The longest time for which a checkpoint gives way to commits between two of its transactions.
const GIVE_WAY: Duration = Duration::from_millis(100);

/// The data stored in one transaction.
#[derive(Debug, Default)]
pub struct Kept {
    /// Revisions of the registry.
    pub revisions: Vec<LogEntry>,
    /// Events of requests.
    pub events: Vec<LifecycleEvent>,
    /// The receipts of opened requests.
    pub receipts: Vec<(RequestId, Box<RawValue>)>,
    /// The counts of answers.
    pub outcomes: LedgerRows,
    /// The disclosures.
    pub disclosed: DisclosedRows,
    /// The answers to calls with a key.
    pub answers: Vec<(Once, KeptAnswer)>,
    /// Keys sent before this second may be removed.
    pub keys_kept_after: u64,
    /// The second of the commit, since 1970; 0 leaves the earlier one.
    pub second: u64,
    /// All withdrawals that a copy lacked are known: asking is allowed again.
    pub release: bool,
}

impl Kept {
    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        // Receipts and rows come with events, except a row that an answer changes.
        self.revisions.is_empty()
            && self.events.is_empty()
            && self.outcomes.requests.is_empty()
            && self.disclosed.is_empty()
            && self.answers.is_empty()
            && !self.release
    }
}

impl Store {
    /// Stores a group, all or nothing. It is on the disk when this returns, and so is the mark.
    ///
    /// # Errors
    ///
    /// If the database or the mark fails; then the group may be stored or not, which only opening
    /// the store again shows.
    pub fn commit(&self, kept: &Kept) -> Result<(), StoreError> {
        let mut mark = self.mark.lock().unwrap_or_else(PoisonError::into_inner);
        let mut to = mark.acknowledged();
        to.commit = to.commit.saturating_add(1);
        to.second = to.second.max(kept.second);
        let group = Group::of(kept, to)?;
        // A commit that erases somebody has no rows in the mark, which would name them: it waits for the
        // database, then for the mark, so that one which the database lost is noticed at the next start. So
        // does one whose rows are too long.
        let erases = !kept.disclosed.erased.is_empty();
        let rows = Some(group.encode()).filter(|rows| !erases && Mark::has_room_for(rows));
        // Both at once, so that there is one wait for the disk.
        if let Some(rows) = &rows {
            mark.begin(to, Some(rows)).map_err(StoreError::Mark)?;
        }
        let committed = self.apply(&group);
        if rows.is_some() {
            let finished = mark.finish(to).map_err(StoreError::Mark);
            committed.and(finished)
        } else {
            committed?;
            if erases { mark.scrub(to) } else { mark.advance(to) }.map_err(StoreError::Mark)
        }
    }

    fn apply(&self, group: &Group) -> Result<(), StoreError> {
        // The database admits whichever writer comes first, and a checkpoint asks again at once.
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let begun = self.begin();
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        let transaction = begun?;
        group.apply(&transaction)?;
        transaction.commit()
    }

    /// Lets waiting commits go first, for a limited time. For a checkpoint, between transactions.
    pub(super) fn give_way(&self) {
        let begun = Instant::now();
        while self.waiting.load(Ordering::Acquire) > 0 && begun.elapsed() < GIVE_WAY {
            std::thread::sleep(GIVE_WAY / 500);
        }
    }

    /// Stores the present time outside the database, when there is nothing else to store.
    ///
    /// # Errors
    ///
    /// If the mark cannot be written.
    pub fn note_time(&self, second: u64) -> Result<(), StoreError> {
        let mut mark = self.mark.lock().unwrap_or_else(PoisonError::into_inner);
        let mut to = mark.acknowledged();
        to.second = to.second.max(second);
        mark.advance(to).map_err(StoreError::Mark)
    }

    /// Verifies that the next commits have room on the disk, and that the mark can be written.
    ///
    /// # Errors
    ///
    /// If there is no room, or the mark cannot be written.
    pub fn make_room(&self) -> Result<(), StoreError> {
        let transaction = self.begin()?;
        transaction.open_table(ROOM)?.insert((), vec![0; ROOM_BYTES].as_slice())?;
        transaction.commit()?;
        let transaction = self.begin()?;
        transaction.delete_table(ROOM)?;
        transaction.commit()?;
        self.note_time(0)
    }
}
