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
mod commit;
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
mod revisions;
mod row;

use std::ops::Deref;
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use redb::{
    Database, Durability, ReadTransaction, ReadableDatabase, TableDefinition, WriteTransaction,
};

use error::unread;
use inventory::Inventory;
use mark::Mark;
use meta::number;
use open::{Lock, Place};

pub use bulletins::KeptBulletin;
pub use checkpoint::StagedTile;
pub use commit::Kept;
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
pub use revisions::{LogEntry, LogLength};

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

/// The database's file in its folder.
const FILE: &str = "canvass.redb";

/// The format that is written and read.
const FORMAT: u64 = 8;

/// The embedded database.
#[derive(Debug)]
pub struct Store {
    /// `None` while it could not be opened again.
    database: RwLock<Option<Database>>,
    mark: Mutex<Mark>,
    /// The number of commits that wait for the database: a checkpoint gives way to them.
    waiting: AtomicUsize,
    place: Place,
    /// Keeps other processes out; `None` if the store was opened for reading only.
    _lock: Option<Lock>,
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

impl Store {
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
