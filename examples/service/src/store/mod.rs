//! The stored data: tiles, the log of changes since, events of requests, and owners' answers.
//!
//! One file of `redb`, where a commit is one transaction, on the disk before it returns.
//!
//! ```text
//! meta      "format"          -> 8
//!           "checkpoint"      -> revision of the last checkpoint
//!           "tiles", "digest" -> how many tiles that has, and which versions with which bytes, and it
//!           "revision"        -> revision of the last entry that the log was given
//!           "event"           -> number of the last event
//!           "generation"      -> drawn by chance when the store was made, or a copy was put back
//!           "commit", "second" -> the number of the last commit, and when it was
//!           "held"            -> since when withdrawals may be missing, if a copy was put back; or 0
//!           "seal"            -> a checksum of all these
//!           "audit"           -> how many entries the audit log has
//!           "rows", "rows_digest" -> how many rows the [counted] tables have, and which
//!           "rewrite"         -> 1 if the next start writes the file anew, since somebody was erased
//! tiles     tile, revision    -> the tile as of that revision; empty where it has vanished
//! log       revision          -> the same and the changes that made it, as JSON
//! events    number            -> an event of a request, as JSON
//! receipts  request           -> its receipt, as JSON
//! outcomes  request           -> the stored form of its answers, as JSON
//! budgets   owner             -> when outcomes counted them in the last year, 8 bytes each
//! seed      0                 -> the 32 bytes that noise in outcomes is drawn from
//! pools     agency, pool      -> the releasable outcome of a pool of requests, as JSON
//! notices   request           -> the notice that a person approved, as JSON
//! bulletins number            -> a bulletin and its request, as JSON
//! audit     index             -> an entry of the audit log; `audit_seeds` has its seed and request
//! audit_pending nonce         -> an entry that waits for its batch, with its request and seed
//! reached   owner, request    -> when the owner was asked; `owner_salts` has the salts of owners
//! coverage  period            -> the coverage that was made last, as JSON
//! owner_keys owner            -> digests of an owner's token and invitation; `owner_digests` finds them
//! keys      caller, key       -> the answer to the call with the key, as JSON
//! aging     second, keys' key -> nothing: which keys are old
//! ```
//!
//! The state at the checkpoint has, of each tile, the newest version that is not newer than the
//! checkpoint; newer ones were staged by an interrupted checkpoint. The numbers in `meta` detect
//! losses that would go unnoticed: a missing tile, or the missing end of the log.
//!
//! Rows of all tables except `meta`, `tiles` and `aging` end with a checksum of table, key and
//! bytes; `meta` and tiles have their own. For disclosures and answers, `meta` also has the number
//! of rows and a digest of all. The database's own checksums are verified whole at each opening,
//! and the number of the last acknowledged commit is kept outside the file, in the [mark].

mod bulletins;
mod checkpoint;
mod copy;
mod counted;
mod coverage;
mod disclosed;
mod erase;
mod error;
mod events;
mod group;
mod held_file;
mod inventory;
mod invitations;
mod keys;
mod log;
mod mark;
mod meta;
mod notices;
mod open;
mod outcomes;
mod reached;
mod row;

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use canvass::{Change, LifecycleEvent, RequestId, Revision};
use redb::{
    Database, Durability, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition,
    WriteTransaction,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use error::unread;
use group::{Group, Into, Row};
use inventory::Inventory;
use mark::Mark;
use meta::number;
use open::Place;

pub use bulletins::KeptBulletin;
pub use checkpoint::StagedTile;
pub use disclosed::DisclosedRows;
pub use error::StoreError;
pub use events::FIRST_EVENT;
pub use invitations::OwnerKeys;
pub use keys::{Answered, Caller, Digest, KeptAnswer, Once, OtherBody};
pub use log::{KeptEntry, PendingEntry};
pub use mark::Acknowledged;
pub use notices::KeptNotice;
pub use open::{Loss, Opening};
pub use outcomes::{LedgerRows, Said};

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const TILES: TableDefinition<'_, (u64, u64), &[u8]> = TableDefinition::new("tiles");
const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
const EVENTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("events");
const RECEIPTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("receipts");
const OUTCOMES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("outcomes");
const BUDGETS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("budgets");
const SEED: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("seed");
const POOLS: TableDefinition<'_, (u64, u64), &[u8]> = TableDefinition::new("pools");
const KEYS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("keys");
const AGING: TableDefinition<'_, (u64, &[u8]), ()> = TableDefinition::new("aging");

/// A table that only tests whether there is room for some bytes.
const ROOM: TableDefinition<'_, (), &[u8]> = TableDefinition::new("room");
const ROOM_BYTES: usize = 512 << 10;

/// The longest time for which a checkpoint gives way to commits between two of its transactions.
const GIVE_WAY: Duration = Duration::from_millis(100);

/// The database's file in its folder.
const FILE: &str = "canvass.redb";

/// The format that is written and read.
const FORMAT: u64 = 8;

/// The revision of a checkpoint, its tiles by their numbers, and whether they are complete.
type Tiles = (Revision, BTreeMap<u64, Vec<u8>>, Result<(), StoreError>);

/// The embedded database.
#[derive(Debug)]
pub struct Store {
    /// `None` while it could not be opened again.
    database: RwLock<Option<Database>>,
    mark: Mutex<Mark>,
    /// The number of commits that wait for the database: a checkpoint gives way to them.
    waiting: AtomicUsize,
    place: Place,
}

/// A transaction, which keeps the database open.
struct Open<'a, T> {
    transaction: T,
    _open: RwLockReadGuard<'a, Option<Database>>,
}

impl<T> Deref for Open<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.transaction
    }
}

impl Open<'_, WriteTransaction> {
    fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit()?)
    }

    fn abort(self) -> Result<(), StoreError> {
        Ok(self.transaction.abort()?)
    }
}

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
fn log_row(entry: &LogEntry) -> Row {
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
    fn give_way(&self) {
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

    /// The last acknowledged commit.
    #[must_use]
    pub fn acknowledged(&self) -> Acknowledged {
        self.mark.lock().unwrap_or_else(PoisonError::into_inner).acknowledged()
    }

    /// The second from which withdrawals may be missing, if a copy was put back and not released.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub fn held_since(&self) -> Result<Option<u64>, StoreError> {
        let held = number(&self.read()?.open_table(META)?, "held")?;
        Ok((held > 0).then_some(held))
    }

    /// The revision of the last checkpoint, and every tile as of it by its number.
    ///
    /// # Errors
    ///
    /// If the database fails, or if a tile is missing, outdated, or altered.
    pub fn checkpoint(&self) -> Result<(Revision, BTreeMap<u64, Vec<u8>>), StoreError> {
        let (revision, tiles, complete) = self.tiles()?;
        complete.map(|()| (revision, tiles))
    }

    /// As [`checkpoint`](Self::checkpoint), with the check that the tiles are complete.
    pub(crate) fn tiles(&self) -> Result<Tiles, StoreError> {
        let transaction = self.read()?;
        let meta = transaction.open_table(META)?;
        let (revision, kept) = Inventory::read(&meta)?;
        let mut tiles: BTreeMap<u64, (u64, Vec<u8>)> = BTreeMap::new();
        for entry in transaction.open_table(TILES)?.iter()? {
            let (key, tile) = entry?;
            // Versions of a tile ascend, so the last one that fits stays.
            let (tile_key, version) = key.value();
            if version <= revision.0 {
                tiles.insert(tile_key, (version, tile.value().to_vec()));
            }
        }
        // A vanished tile has no bytes.
        tiles.retain(|_, (_, tile)| !tile.is_empty());
        let mut found = Inventory::default();
        for (&tile, &(version, ref bytes)) in &tiles {
            found.add(tile, version, bytes);
        }
        let complete = kept.is_all_of(found, revision);
        let tiles = tiles.into_iter().map(|(key, (_, tile))| (key, tile));
        Ok((revision, tiles.collect(), complete))
    }

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

    /// A transaction whose commit is on the disk when it returns.
    fn begin(&self) -> Result<Open<'_, WriteTransaction>, StoreError> {
        let open = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let mut transaction = open.as_ref().ok_or(StoreError::Closed)?.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        Ok(Open { transaction, _open: open })
    }

    fn read(&self) -> Result<Open<'_, ReadTransaction>, StoreError> {
        let open = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let transaction = open.as_ref().ok_or(StoreError::Closed)?.begin_read()?;
        Ok(Open { transaction, _open: open })
    }
}
