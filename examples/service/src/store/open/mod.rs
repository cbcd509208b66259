//! Opening a store: the folder is compared with its mark before anything is changed.

mod lock;
mod loss;
mod make;

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, PoisonError, RwLock};

use redb::{Builder, Database, Durability, ReadableDatabase};

use super::group::Group;
use super::held_file::HeldFile;
use super::mark::{Acknowledged, Found, Mark};
use super::{FILE, FORMAT, META, Store, StoreError, erase, meta};
use loss::restored;

pub(super) use lock::Lock;
pub use loss::Loss;

/// The default name of a mark's file.
const MARK: &str = "canvass.mark";

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
        fs::create_dir_all(folder).map_err(|error| refused(folder, error))?;
        let lock = Lock::take(folder)?;
        let (database, mark, loss) = place.open(opening.restore)?;
        Ok((Self::new(database, mark, place, Some(lock)), loss))
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
        Ok(Some((Self::new(database, Mark::unwritten(kept), place, None), loss)))
    }

    fn new(database: Database, mark: Mark, place: Place, lock: Option<Lock>) -> Self {
        let (database, mark) = (RwLock::new(Some(database)), Mutex::new(mark));
        Self { database, mark, waiting: AtomicUsize::new(0), place, _lock: lock }
    }

    /// Closes the database and opens it again, after the disk has failed: after a failed write a
    /// database accepts no more. Waits until nobody reads or writes. A folder that was emptied or put
    /// back meanwhile is refused, also where its own mark would go with it.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); then the store stays closed, and this may be tried again.
    pub fn reopen(&self) -> Result<(), StoreError> {
        let before = self.acknowledged();
        let mut open = self.database.write().unwrap_or_else(PoisonError::into_inner);
        *open = None;
        let (database, mark) = self.place.open_again(before)?;
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
        let found = if let Some(found) = self.look()? {
            found
        } else {
            self.make(&path)?;
            Found::Missing
        };
        let looked = self.examine(&found, restore)?;
        let loss = looked.loss;
        let (database, mark) = self.accept(looked)?;
        let database = if erase::is_to_be_rewritten(&database)? && loss.is_none() {
            erase::rewrite(database, &self.folder, &self.builder())?
        } else {
            database
        };
        Ok((database, mark, loss))
    }

    /// Opens the store that this process had open, and that had acknowledged a commit. It makes no
    /// new store and rewrites nothing: the disk may be full.
    fn open_again(&self, before: Acknowledged) -> Result<(Database, Mark), StoreError> {
        let (path, before) = (self.folder.join(FILE), Found::Read(before, None));
        let found = self.look()?.ok_or_else(|| self.missing(&path, &before))?;
        let looked = self.examine(&found, false)?;
        self.compare(&path, looked.kept, &before, false)?;
        self.accept(looked)
    }

    /// Writes the changes that opening the database made, and brings the mark up to it.
    fn accept(&self, looked: Looked) -> Result<(Database, Mark), StoreError> {
        let Looked { database, file, kept, loss, is_marked, is_redone } = looked;
        file.release().map_err(|error| refused(&self.folder.join(FILE), error))?;
        if is_redone {
            tracing::warn!(commit = kept.commit, "the last commit was done again from the mark");
        }
        let unwritten = |error| refused(&self.mark, error);
        let mut mark = Mark::open(&self.mark).map_err(unwritten)?;
        if let Some(loss) = loss {
            mark.advance(restored(&database, loss)?).map_err(unwritten)?;
        } else if !is_marked {
            // A commit was stored and not acknowledged any more, or the store is new.
            mark.advance(kept).map_err(unwritten)?;
        }
        Ok((database, mark))
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

fn refused(path: &Path, reason: impl std::fmt::Display) -> StoreError {
    StoreError::Open { path: path.display().to_string(), reason: reason.to_string() }
}
