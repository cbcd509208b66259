//! Opening a store: the folder is compared with its mark before anything is changed.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, PoisonError, RwLock};

use canvass::Revision;
use jiff::Timestamp;
use redb::backends::FileBackend;
use redb::{Builder, Database, Durability, ReadableDatabase};

use super::group::Group;
use super::held_file::HeldFile;
use super::mark::{self, Acknowledged, Found, Mark};
use super::{
    AGING, BUDGETS, EVENTS, FILE, FORMAT, Inventory, KEYS, LOG, META, OUTCOMES, POOLS, RECEIPTS,
    SEED, Store, StoreError, TILES, counted, erase, meta, row,
};

/// The default name of a mark's file.
const MARK: &str = "canvass.mark";

/// A new store is made beside its place, and moved there once it is whole.
const NEW: &str = "canvass.redb.new";

/// The options for opening a store.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// The mark's file; `None` for `canvass.mark` in the store's folder. On another disk it also
    /// detects a folder that was put back as a whole.
    pub mark: Option<PathBuf>,
    /// The size of the database's cache in bytes; `None` for its own default.
    pub cache_bytes: Option<usize>,
    /// Accept the store, though acknowledged commits are missing.
    pub restore: bool,
}

/// A copy that was accepted without some acknowledged commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The last commit in the copy.
    pub kept: Acknowledged,
    /// The last acknowledged commit, if its mark could be read.
    pub acknowledged: Option<Acknowledged>,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kept, acknowledged } = self;
        write!(f, "a copy was put back that ends at {kept}, of {}: ", at(kept.second))?;
        match acknowledged {
            Some(last) if last.generation == kept.generation => {
                let lost = last.commit.saturating_sub(kept.commit);
                write!(
                    f,
                    "{lost} acknowledged commits are lost, up to that of {}",
                    at(last.second)
                )?;
            }
            Some(last) => write!(f, "all that was acknowledged up to {last} is lost")?,
            None => f.write_str("it is not known how many acknowledged commits are lost")?,
        }
        write!(f, "; nobody is asked until POST /v1/restored has named who withdrew since")
    }
}

/// A second since 1970 in readable form.
fn at(second: u64) -> String {
    let instant = i64::try_from(second).ok().and_then(|s| Timestamp::from_second(s).ok());
    instant.filter(|_| second > 0).map_or("an unknown time".to_owned(), |i| i.to_string())
}

/// A store's place and options, to open it again.
#[derive(Clone, Debug)]
pub(super) struct Place {
    folder: PathBuf,
    mark: PathBuf,
    cache_bytes: Option<usize>,
}

impl Store {
    /// Opens the store in a folder, which is made if there is none. Nobody else can open it until
    /// this process has closed it, or died.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened, is open elsewhere, has another format, is damaged, or lacks
    /// acknowledged commits. Then nothing was changed.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_as(folder, &Opening::default()).map(|(store, _)| store)
    }

    /// As [`open`](Self::open), with options. With [`Opening::restore`], also returns the loss of
    /// the copy, if any.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_as(folder: &Path, opening: &Opening) -> Result<(Self, Option<Loss>), StoreError> {
        let place = Place::of(folder, opening);
        let (database, mark, loss) = place.open(opening.restore)?;
        Ok((Self::new(database, mark, place), loss))
    }

    /// Opens a store for reading: nothing on the disk is changed. `None` if there is no store and
    /// never was one.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn look(
        folder: &Path,
        opening: &Opening,
    ) -> Result<Option<(Self, Option<Loss>)>, StoreError> {
        let place = Place::of(folder, opening);
        let Some(found) = place.look()? else { return Ok(None) };
        let Looked { database, kept, loss, .. } = place.examine(&found, opening.restore)?;
        Ok(Some((Self::new(database, Mark::unwritten(kept), place), loss)))
    }

    fn new(database: Database, mark: Mark, place: Place) -> Self {
        let (database, mark) = (RwLock::new(Some(database)), Mutex::new(mark));
        Self { database, mark, waiting: AtomicUsize::new(0), place }
    }

    /// Closes the database and opens it again, after the disk has failed: after a failed write a
    /// database accepts no more. Waits until nobody reads or writes.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); then the store stays closed, and this may be tried again.
    pub fn reopen(&self) -> Result<(), StoreError> {
        let mut open = self.database.write().unwrap_or_else(PoisonError::into_inner);
        *open = None;
        let (database, mark, _) = self.place.open(false)?;
        *self.mark.lock().unwrap_or_else(PoisonError::into_inner) = mark;
        *open = Some(database);
        Ok(())
    }

    /// The folder of the database's file.
    pub(super) fn folder(&self) -> &Path {
        &self.place.folder
    }
}

/// A database that was opened and compared with its mark, and not changed yet.
struct Looked {
    database: Database,
    file: HeldFile,
    kept: Acknowledged,
    loss: Option<Loss>,
    /// Whether the mark has the last commit as well.
    is_marked: bool,
    /// Whether the last commit was repeated from the mark.
    is_redone: bool,
}

impl Place {
    fn of(folder: &Path, opening: &Opening) -> Self {
        let mark = opening.mark.clone().unwrap_or_else(|| folder.join(MARK));
        Self { folder: folder.to_owned(), mark, cache_bytes: opening.cache_bytes }
    }

    fn open(&self, restore: bool) -> Result<(Database, Mark, Option<Loss>), StoreError> {
        let path = self.folder.join(FILE);
        fs::create_dir_all(&self.folder).map_err(|error| refused(&self.folder, error))?;
        let found = if let Some(found) = self.look()? {
            found
        } else {
            self.make(&path)?;
            Found::Missing
        };
        let Looked { database, file, kept, loss, is_marked, is_redone } =
            self.examine(&found, restore)?;
        file.release().map_err(|error| refused(&path, error))?;
        if is_redone {
            tracing::warn!(commit = kept.commit, "the last commit was done again from the mark");
        }
        let database = if erase::is_to_be_rewritten(&database)? && loss.is_none() {
            erase::rewrite(database, &self.folder, &self.builder())?
        } else {
            database
        };
        let unwritten = |error| refused(&self.mark, error);
        let mut mark = Mark::open(&self.mark).map_err(unwritten)?;
        if let Some(loss) = loss {
            mark.advance(restored(&database, loss)?).map_err(unwritten)?;
        } else if !is_marked {
            // A commit was stored and not acknowledged any more, or the store is new.
            mark.advance(kept).map_err(unwritten)?;
        }
        Ok((database, mark, loss))
    }

    /// The mark of the store; `None` if there is no store, and never was one.
    fn look(&self) -> Result<Option<Found>, StoreError> {
        let path = self.folder.join(FILE);
        let found = Mark::look(&self.mark).map_err(|error| refused(&self.mark, error))?;
        match fs::metadata(&path) {
            Ok(file) if file.len() > 0 => Ok(Some(found)),
            Err(error) if error.kind() != ErrorKind::NotFound => Err(refused(&path, error)),
            // A file made in this folder is never empty.
            file => match found {
                Found::Missing if file.is_err() => Ok(None),
                _ => Err(self.missing(&path, &found)),
            },
        }
    }

    fn examine(&self, found: &Found, restore: bool) -> Result<Looked, StoreError> {
        let path = self.folder.join(FILE);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).open(&path).map_err(|e| refused(&path, e))?;
        let file = HeldFile::new(file).map_err(|error| refused(&path, error))?;
        let database = self.builder().create_with_backend(file.clone());
        let database = database.map_err(|error| refused(&path, error))?;
        let mut kept = examined(&database)?;
        let mut is_redone = false;
        if let Found::Read(to, Some(rows)) = found
            && to.generation == kept.generation
            && kept.commit.checked_add(1) == Some(to.commit)
        {
            // Only the mark has the last commit.
            let mut transaction = database.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            Group::decode(*to, rows)?.apply(&transaction)?;
            transaction.commit()?;
            kept = examined(&database)?;
            is_redone = true;
        }
        let is_marked = matches!(found, Found::Read(to, _) if *to == kept);
        let loss = self.compare(&path, kept, found, restore)?;
        Ok(Looked { database, file, kept, loss, is_marked, is_redone })
    }

    /// The database's options: every page is verified, also after a regular close.
    fn builder(&self) -> Builder {
        let mut builder = Database::builder();
        builder.set_check_integrity_on_open(true);
        if let Some(bytes) = self.cache_bytes {
            builder.set_cache_size(bytes);
        }
        builder
    }

    /// Makes an empty store.
    fn make(&self, path: &Path) -> Result<(), StoreError> {
        let new = self.folder.join(NEW);
        let mut options = OpenOptions::new();
        // An unfinished store had acknowledged nothing.
        options.read(true).write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&new).map_err(|error| refused(&new, error))?;
        let backend = FileBackend::new(file).map_err(|error| refused(&new, error))?;
        let database = self.builder().create_with_backend(backend);
        let database = database.map_err(|error| refused(&new, error))?;
        let mut transaction = database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        {
            let mut meta = transaction.open_table(META)?;
            meta.insert("format", FORMAT)?;
            Inventory::default().write(Revision(0), &mut meta)?;
            meta::commit(&mut meta, Acknowledged { generation: drawn()?, commit: 0, second: 0 })?;
            transaction.open_table(TILES)?;
            transaction.open_table(LOG)?;
            transaction.open_table(EVENTS)?;
            transaction.open_table(RECEIPTS)?;
            transaction.open_table(OUTCOMES)?;
            transaction.open_table(POOLS)?;
            transaction.open_table(BUDGETS)?;
            let mut seed = Vec::new();
            for _ in 0..4 {
                seed.extend(drawn()?.to_be_bytes());
            }
            let seed = row::seal("seed", &[], seed);
            transaction.open_table(SEED)?.insert(0, seed.as_slice())?;
            transaction.open_table(KEYS)?;
            transaction.open_table(AGING)?;
            counted::create(&transaction)?;
        }
        transaction.commit()?;
        drop(database);
        fs::rename(&new, path).and_then(|()| mark::sync_folder(path)).map_err(|e| refused(path, e))
    }

    /// Whether the store is the acknowledged one and has all its commits; or the loss, if that is
    /// accepted.
    fn compare(
        &self,
        path: &Path,
        kept: Acknowledged,
        found: &Found,
        restore: bool,
    ) -> Result<Option<Loss>, StoreError> {
        let (path, mark) = (path.display().to_string(), self.mark.display().to_string());
        let (is_missing, acknowledged) = match found {
            Found::Missing => (true, None),
            Found::Damaged => (false, None),
            Found::Read(acknowledged, _) => (false, Some(*acknowledged)),
        };
        let error = match acknowledged {
            Some(acknowledged) if acknowledged.generation != kept.generation => {
                StoreError::OtherGeneration { path, mark, kept, acknowledged }
            }
            Some(acknowledged) if acknowledged.commit > kept.commit => {
                StoreError::OldCopy { path, kept, acknowledged }
            }
            Some(_) => return Ok(None),
            // Nothing was acknowledged yet.
            None if kept.commit == 0 => return Ok(None),
            None => {
                let wrong = if is_missing { "is missing" } else { "is damaged" };
                StoreError::NoMark { path, mark, kept, wrong }
            }
        };
        if restore { Ok(Some(Loss { kept, acknowledged })) } else { Err(error) }
    }

    fn missing(&self, path: &Path, found: &Found) -> StoreError {
        let acknowledged = match found {
            Found::Read(acknowledged, _) => Some(*acknowledged),
            _ => None,
        };
        let (path, mark) = (path.display().to_string(), self.mark.display().to_string());
        StoreError::Missing { path, mark, acknowledged }
    }
}

/// Verifies the numbers about the whole, and returns the last commit.
fn examined(database: &Database) -> Result<Acknowledged, StoreError> {
    let transaction = database.begin_read()?;
    let meta = match transaction.open_table(META) {
        Ok(meta) => meta,
        Err(redb::TableError::TableDoesNotExist(_)) => return Err(StoreError::Format { found: 0 }),
        Err(error) => return Err(error.into()),
    };
    match meta::number(&meta, "format")? {
        FORMAT => {}
        found => return Err(StoreError::Format { found }),
    }
    meta::verify(&meta)?;
    meta::committed(&meta)
}

/// Begins a new generation with a restored copy, which asks nobody until it is released.
fn restored(database: &Database, loss: Loss) -> Result<Acknowledged, StoreError> {
    let last = loss.acknowledged.map_or(0, |acknowledged| acknowledged.commit);
    let commit = loss.kept.commit.max(last).saturating_add(1);
    let second = loss.acknowledged.map_or(0, |acknowledged| acknowledged.second);
    let second = loss.kept.second.max(second);
    let begun = Acknowledged { generation: drawn()?, commit, second };
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    {
        let mut meta = transaction.open_table(META)?;
        // The copy may replace one that was not released: the older second counts.
        let before = meta::number(&meta, "held")?;
        let since = loss.kept.second.max(1);
        meta.insert("held", if before == 0 { since } else { before.min(since) })?;
        meta::commit(&mut meta, begun)?;
    }
    transaction.commit()?;
    Ok(begun)
}

/// The number of a new generation.
fn drawn() -> Result<u64, StoreError> {
    let reason = |error: getrandom::Error| StoreError::Open {
        path: "the system's source of random numbers".to_owned(),
        reason: error.to_string(),
    };
    getrandom::u64().map_err(reason)
}

fn refused(path: &Path, reason: impl std::fmt::Display) -> StoreError {
    StoreError::Open { path: path.display().to_string(), reason: reason.to_string() }
}
