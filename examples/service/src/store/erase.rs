//! Erasing an owner: every row that names them is removed, in the transaction that takes them out
//! of the registry. The file's free pages still hold the old data, so the next start rewrites the
//! file.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use canvass::{LifecycleEvent, OwnerId};
use redb::backends::FileBackend;
use redb::{
    Builder, Database, Durability, Key, ReadTransaction, ReadableDatabase, ReadableTable,
    TableDefinition, TableHandle, Value, WriteTransaction,
};

use super::counted::{self, REACHED, SALTS, Tally};
use super::{
    AGING, BUDGETS, EVENTS, FILE, KEYS, LOG, META, OUTCOMES, POOLS, RECEIPTS, SEED, StoreError,
    TILES, invitations, meta, number, outcomes, row, unread,
};

/// The rewritten file, until it replaces the old one.
const FRESH: &str = "canvass.redb.new";

/// Removes owners from every row that names them, including rows of this transaction.
pub(super) fn erase(
    transaction: &WriteTransaction,
    owners: &[OwnerId],
    tally: &mut Tally,
) -> Result<(), StoreError> {
    for &owner in owners {
        let key = owner.0.to_be_bytes();
        // Without the salt nobody can identify the owner's tags in the log any more.
        tally.take(transaction, SALTS, &key)?;
        tally.take(transaction, REACHED, &key)?;
        invitations::erase(transaction, owner, tally)?;
        outcomes::erase(transaction, owner, tally)?;
        erase_from_events(transaction, owner)?;
        erase_from_keys(transaction, owner)?;
    }
    Ok(())
}

/// An event that asked them stays, even with nobody else in it, since numbers have no gaps.
fn erase_from_events(transaction: &WriteTransaction, owner: OwnerId) -> Result<(), StoreError> {
    let digits = owner.0.to_string();
    let mut table = transaction.open_table(EVENTS)?;
    let mut changed = Vec::new();
    for row in table.range::<u64>(..)? {
        let (sequence, json) = row?;
        let sequence = sequence.value();
        let json = row::open("events", &sequence.to_be_bytes(), json.value())
            .map_err(|reason| unread("events", sequence, &reason))?;
        if !String::from_utf8_lossy(json).contains(&digits) {
            continue;
        }
        let read = |error: serde_json::Error| unread("events", sequence, &error);
        let mut event: LifecycleEvent = serde_json::from_slice(json).map_err(read)?;
        if event.forget(owner) {
            let json = serde_json::to_vec(&event).map_err(read)?;
            changed.push((sequence, row::seal("events", &sequence.to_be_bytes(), json)));
        }
    }
    for (sequence, json) in changed {
        table.insert(sequence, json.as_slice())?;
    }
    Ok(())
}

/// A stored answer that names the owner goes with its key, and so do the owner's own keys: a
/// repetition of such a call runs again, and asks nobody twice.
fn erase_from_keys(transaction: &WriteTransaction, owner: OwnerId) -> Result<(), StoreError> {
    let named = format!("\"owner\":{}", owner.0);
    let own = [&[2][..], &owner.0.to_be_bytes()].concat();
    let mut gone = BTreeSet::new();
    let mut keys = transaction.open_table(KEYS)?;
    for row in keys.iter()? {
        let (key, kept) = row?;
        let text = String::from_utf8_lossy(kept.value());
        // The match may be the beginning of a longer number.
        let is_named = text.match_indices(&named).any(|(at, _)| {
            let next = text.as_bytes().get(at.saturating_add(named.len()));
            !next.is_some_and(u8::is_ascii_digit)
        });
        if is_named || key.value().starts_with(&own) {
            gone.insert(key.value().to_vec());
        }
    }
    for key in &gone {
        keys.remove(key.as_slice())?;
    }
    if !gone.is_empty() {
        transaction.open_table(AGING)?.retain(|(_, key), ()| !gone.contains(key))?;
    }
    Ok(())
}

/// Whether an owner was erased since the file was written.
pub(super) fn is_to_be_rewritten(database: &Database) -> Result<bool, StoreError> {
    Ok(number(&database.begin_read()?.open_table(META)?, "rewrite")? != 0)
}

/// Writes the stored data into a new file, replaces the old one, and overwrites that.
pub(super) fn rewrite(
    store: Database,
    folder: &Path,
    builder: &Builder,
) -> Result<Database, StoreError> {
    let fresh = folder.join(FRESH);
    rewritten(store, folder, builder).map_err(|error| {
        // An unfinished file would take the room that the next attempt needs.
        drop(fs::remove_file(&fresh));
        match error {
            error @ StoreError::Rewrite { .. } => error,
            error => {
                StoreError::Rewrite { path: fresh.display().to_string(), reason: error.to_string() }
            }
        }
    })
}

fn rewritten(store: Database, folder: &Path, builder: &Builder) -> Result<Database, StoreError> {
    let (old, fresh) = (folder.join(FILE), folder.join(FRESH));
    let refused = |error: &dyn std::fmt::Display| StoreError::Rewrite {
        path: fresh.display().to_string(),
        reason: error.to_string(),
    };
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(refused(&error)),
        _ => {}
    }
    let mut left = open(&old).map_err(|error| refused(&error))?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&fresh).map_err(|error| refused(&error))?;
    let backend = FileBackend::new(file).map_err(|error| refused(&error))?;
    let copy = builder.create_with_backend(backend).map_err(|error| refused(&error))?;
    {
        let (from, mut to) = (store.begin_read()?, copy.begin_write()?);
        to.set_durability(Durability::Immediate)?;
        let mut tables: BTreeSet<String> =
            from.list_tables()?.map(|table| table.name().to_owned()).collect();
        copy_table(&from, &to, &mut tables, META)?;
        copy_table(&from, &to, &mut tables, TILES)?;
        copy_table(&from, &to, &mut tables, LOG)?;
        copy_table(&from, &to, &mut tables, EVENTS)?;
        copy_table(&from, &to, &mut tables, RECEIPTS)?;
        copy_table(&from, &to, &mut tables, OUTCOMES)?;
        copy_table(&from, &to, &mut tables, POOLS)?;
        copy_table(&from, &to, &mut tables, BUDGETS)?;
        copy_table(&from, &to, &mut tables, SEED)?;
        copy_table(&from, &to, &mut tables, KEYS)?;
        copy_table(&from, &to, &mut tables, AGING)?;
        for table in counted::ALL {
            copy_table(&from, &to, &mut tables, table.table())?;
        }
        if let Some(table) = tables.first() {
            // An unknown table would be lost.
            return Err(refused(&format!("table `{table}` would not be in it")));
        }
        {
            let mut meta = to.open_table(META)?;
            meta.insert("rewrite", 0)?;
            meta::seal(&mut meta)?;
        }
        to.commit()?;
    }
    drop(store);
    fs::rename(&fresh, &old).map_err(|error| refused(&error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| refused(&error))?;
    overwrite(&mut left).map_err(|error| refused(&error))?;
    Ok(copy)
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

/// Overwrites a file without a name, so that its data do not remain in its blocks.
fn overwrite(file: &mut File) -> std::io::Result<()> {
    let zeros = vec![0; 1 << 16];
    let mut left = file.metadata()?.len();
    file.seek(SeekFrom::Start(0))?;
    while left > 0 {
        let part = usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len());
        file.write_all(zeros.get(..part).unwrap_or(&zeros))?;
        left = left.saturating_sub(part as u64);
    }
    file.sync_all()
}

fn copy_table<K: Key + 'static, V: Value + 'static>(
    from: &ReadTransaction,
    to: &WriteTransaction,
    left: &mut BTreeSet<String>,
    table: TableDefinition<'_, K, V>,
) -> Result<(), StoreError> {
    left.remove(table.name());
    let mut copy = to.open_table(table)?;
    for row in from.open_table(table)?.iter()? {
        let (key, value) = row?;
        copy.insert(key.value(), value.value())?;
    }
    Ok(())
}
