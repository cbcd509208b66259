//! What is kept: tiles, the log of changes since, what happened to requests, and what owners answered.
//!
//! One file of `redb`, where a commit is one transaction, on the disk before it returns.
//!
//! ```text
//! meta      "format"          -> 4
//!           "checkpoint"      -> revision of the last checkpoint
//!           "tiles", "digest" -> how many tiles that has, and which versions with which bytes, and it
//!           "revision"        -> revision of the last entry that the log was given
//!           "event"           -> number of the last event
//!           "audit"           -> how many entries the audit log has
//!           "rewrite"         -> 1 if the next start writes the file anew, since somebody was erased
//! tiles     tile, revision    -> the tile as of that revision; empty where it has vanished
//! log       revision          -> the same and the changes that made it, as JSON
//! events    number            -> what happened to a request, as JSON
//! receipts  request           -> its receipt, as JSON
//! outcomes  request           -> what is kept of the answers to it, as JSON
//! pools     agency, pool      -> what may be told of a pool of requests, as JSON
//! notices   request           -> the notice that a person approved, as JSON
//! bulletins number            -> a bulletin and its request, as JSON
//! audit     index             -> an entry of the audit log; `audit_seeds` has its seed and request
//! reached   owner, request    -> when the owner was asked; `owner_salts` has the salts of owners
//! coverage  period            -> the coverage that was made last, as JSON
//! owner_keys owner            -> digests of an owner's token and invitation; `owner_digests` finds them
//! keys      caller, key       -> what was answered to whoever sent the key, as JSON
//! aging     second, keys' key -> nothing: which keys are old
//! ```
//!
//! The state at the checkpoint is, of each tile, the newest version that is not newer than the
//! checkpoint; what is newer was staged by a checkpoint that did not get to its end. What is in
//! `meta` is for what would be missed nowhere: a tile that is not there, or the end of the log.

mod bulletins;
mod checkpoint;
mod coverage;
mod disclosed;
mod erase;
mod error;
mod events;
mod inventory;
mod invitations;
mod keys;
mod log;
mod notices;
mod outcomes;
mod reached;

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::path::Path;

use canvass::{Change, LifecycleEvent, RequestId, Revision};
use redb::backends::FileBackend;
use redb::{
    Database, Durability, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use error::unread;
use inventory::Inventory;

pub use bulletins::KeptBulletin;
pub use checkpoint::StagedTile;
pub use disclosed::DisclosedRows;
pub use error::StoreError;
pub use events::FIRST_EVENT;
pub use invitations::OwnerKeys;
pub use keys::{Answered, Caller, Digest, KeptAnswer, Once, OtherBody};
pub use log::KeptEntry;
pub use notices::KeptNotice;
pub use outcomes::{LedgerRows, Said};

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const TILES: TableDefinition<'_, (u64, u64), &[u8]> = TableDefinition::new("tiles");
const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
const EVENTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("events");
const RECEIPTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("receipts");
const OUTCOMES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("outcomes");
const POOLS: TableDefinition<'_, (u64, u64), &[u8]> = TableDefinition::new("pools");
const KEYS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("keys");
const AGING: TableDefinition<'_, (u64, &[u8]), ()> = TableDefinition::new("aging");

/// The database's file in its folder.
const FILE: &str = "canvass.redb";

/// The format that is written and read.
const FORMAT: u64 = 4;

/// The revision of a checkpoint, its tiles by their numbers, and whether they are all there.
type Tiles = (Revision, BTreeMap<u64, Vec<u8>>, Result<(), StoreError>);

/// The embedded database.
#[derive(Debug)]
pub struct Store {
    database: Database,
}

/// One revision of the log: its number, and its changes as JSON.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// The revision that the changes made.
    pub revision: Revision,
    /// A JSON array of [`Change`]s.
    pub changes: Vec<u8>,
}

/// One revision of the log as it is kept: with its number, so that changes are of no other.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogRow {
    revision: Revision,
    changes: Vec<Change>,
}

/// How a revision of the log is kept, given its changes as JSON.
fn log_row(revision: Revision, changes: &[u8]) -> Vec<u8> {
    [format!(r#"{{"revision":{revision},"changes":"#).as_bytes(), changes, b"}"].concat()
}

/// How long a log is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogLength {
    /// Revisions.
    pub revisions: u64,
    /// Bytes of their changes.
    pub bytes: u64,
}

impl LogLength {
    /// Adds a revision whose changes have so many bytes.
    pub fn add(&mut self, bytes: usize) {
        self.revisions = self.revisions.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }

    /// What is left of it without a part at its start.
    #[must_use]
    pub fn without(self, part: Self) -> Self {
        Self {
            revisions: self.revisions.saturating_sub(part.revisions),
            bytes: self.bytes.saturating_sub(part.bytes),
        }
    }
}

/// What is kept together, in one transaction.
#[derive(Debug, Default)]
pub struct Kept {
    /// Revisions of the registry.
    pub revisions: Vec<LogEntry>,
    /// What happened to requests.
    pub events: Vec<LifecycleEvent>,
    /// The receipts of those that were opened.
    pub receipts: Vec<(RequestId, Box<RawValue>)>,
    /// What is counted of answers.
    pub outcomes: LedgerRows,
    /// What people see of it.
    pub disclosed: DisclosedRows,
    /// What was answered to whom sent a key.
    pub answers: Vec<(Once, KeptAnswer)>,
    /// Keys that were sent before this second may be forgotten.
    pub keys_kept_after: u64,
}

impl Kept {
    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        // Receipts and rows come with events, but for a row that an answer makes anew.
        self.revisions.is_empty()
            && self.events.is_empty()
            && self.outcomes.requests.is_empty()
            && self.disclosed.is_empty()
            && self.answers.is_empty()
    }
}

impl Store {
    /// Opens the store in a folder, which is made if there is none. Nobody else can open it until
    /// this process has closed it, or died.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened, is open elsewhere, or has another format.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        fs::create_dir_all(folder).map_err(|error| StoreError::Open {
            path: path.display().to_string(),
            reason: error.to_string(),
        })?;
        let store = Self { database: database(&path)? };
        let transaction = store.begin()?;
        let is_new = transaction.list_tables()?.next().is_none();
        {
            let mut meta = transaction.open_table(META)?;
            let found = meta.get("format")?.map(|format| format.value());
            match found {
                Some(FORMAT) => {}
                Some(found) => return Err(StoreError::Format { found }),
                None if !is_new => return Err(StoreError::Format { found: 0 }),
                None => {
                    meta.insert("format", FORMAT)?;
                    Inventory::default().write(Revision(0), &mut meta)?;
                }
            }
            transaction.open_table(TILES)?;
            transaction.open_table(LOG)?;
            transaction.open_table(EVENTS)?;
            transaction.open_table(RECEIPTS)?;
            transaction.open_table(OUTCOMES)?;
            transaction.open_table(POOLS)?;
            transaction.open_table(KEYS)?;
            transaction.open_table(AGING)?;
            disclosed::create(&transaction)?;
        }
        transaction.commit()?;
        if store.is_to_be_rewritten()? {
            erase::rewrite(store, folder)?;
            return Self::open(folder);
        }
        Ok(store)
    }

    /// Keeps a group, all of it or nothing. It is on the disk when this returns.
    ///
    /// # Errors
    ///
    /// If the database refuses; what was to be kept may then be kept or not, which only opening
    /// the store again will tell.
    pub fn commit(&self, group: &Kept) -> Result<(), StoreError> {
        let transaction = self.begin()?;
        if !group.revisions.is_empty() {
            let mut log = transaction.open_table(LOG)?;
            for LogEntry { revision, changes } in &group.revisions {
                log.insert(revision.0, log_row(*revision, changes).as_slice())?;
            }
        }
        if let Some(LogEntry { revision, .. }) = group.revisions.last() {
            transaction.open_table(META)?.insert("revision", revision.0)?;
        }
        events::insert(&transaction, &group.events)?;
        if !group.receipts.is_empty() {
            events::insert_receipts(&transaction, &group.receipts)?;
        }
        outcomes::insert(&transaction, &group.outcomes)?;
        disclosed::insert(&transaction, &group.disclosed)?;
        if !group.answers.is_empty() {
            keys::insert(&transaction, &group.answers, group.keys_kept_after)?;
        }
        // Last, so that nothing that the group has kept of them stays.
        erase::erase(&transaction, &group.disclosed.erased)?;
        transaction.commit()?;
        Ok(())
    }

    /// The revision of the last checkpoint, and every tile as of it by its number.
    ///
    /// # Errors
    ///
    /// If the database refuses, or if a tile is missing, an older one, or not as it was kept.
    pub fn checkpoint(&self) -> Result<(Revision, BTreeMap<u64, Vec<u8>>), StoreError> {
        let (revision, tiles, complete) = self.tiles()?;
        complete.map(|()| (revision, tiles))
    }

    /// The same, and whether these are all tiles as they were kept.
    pub(crate) fn tiles(&self) -> Result<Tiles, StoreError> {
        let transaction = self.database.begin_read()?;
        let meta = transaction.open_table(META)?;
        let (revision, kept) = Inventory::read(&meta)?;
        let mut tiles: BTreeMap<u64, (u64, Vec<u8>)> = BTreeMap::new();
        for entry in transaction.open_table(TILES)?.iter()? {
            let (key, tile) = entry?;
            // Versions of a tile ascend, so that the last one that fits stays.
            let (tile_key, version) = key.value();
            if version <= revision.0 {
                tiles.insert(tile_key, (version, tile.value().to_vec()));
            }
        }
        // What has vanished has no bytes, and is no tile.
        tiles.retain(|_, (_, tile)| !tile.is_empty());
        let mut found = Inventory::default();
        for (&tile, &(version, ref bytes)) in &tiles {
            found.add(tile, version, bytes);
        }
        let complete = kept.is_all_of(found, revision);
        let tiles = tiles.into_iter().map(|(key, (_, tile))| (key, tile));
        Ok((revision, tiles.collect(), complete))
    }

    /// Hands over the revisions of the log that are newer than one, ascending. How long that log is
    /// is returned.
    ///
    /// # Errors
    ///
    /// If the database refuses, an entry cannot be read, the log is cut off, or `take` fails.
    pub fn replay<E: From<StoreError>>(
        &self,
        after: Revision,
        mut take: impl FnMut(Revision, Vec<Change>) -> Result<(), E>,
    ) -> Result<LogLength, E> {
        let read = || -> Result<_, StoreError> {
            let transaction = self.database.begin_read()?;
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
            let row: LogRow = serde_json::from_slice(row.value())
                .map_err(|error| unread("log", revision, &error))?;
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
    fn begin(&self) -> Result<WriteTransaction, StoreError> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        Ok(transaction)
    }
}

/// The database in a file, which is made if there is none.
fn database(path: &Path) -> Result<Database, StoreError> {
    let refused = |reason: String| StoreError::Open { path: path.display().to_string(), reason };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(|error| refused(error.to_string()))?;
    FileBackend::new(file)
        .and_then(|file| Database::builder().create_with_backend(file))
        .map_err(|error| refused(error.to_string()))
}

/// A number that is kept about the whole; 0 before it is.
fn number(meta: &impl ReadableTable<&'static str, u64>, name: &str) -> Result<u64, StoreError> {
    Ok(meta.get(name)?.map_or(0, |number| number.value()))
}
