//! The database's file while a store is being opened: writes stay in memory until the store is accepted.
//!
//! Opening a database that was not closed repairs it, and a repair may drop the last commit.
//! Whether that is acceptable is known only once the database can be read, so the repair is not
//! written before.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};

/// The size of a held chunk in bytes; chunks are aligned.
const CHUNK: u64 = 4096;

/// A file whose writes are held back until [`HeldFile::release`].
#[derive(Clone, Debug)]
pub(super) struct HeldFile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: FileBackend,
    /// `None` once the writes were released.
    held: RwLock<Option<Held>>,
    /// The held writes could not all be written. Nothing may be written behind a gap, not even by
    /// closing.
    is_broken: AtomicBool,
}

/// The held operations on the file.
#[derive(Debug, Default)]
struct Held {
    length: u64,
    /// The file's own length, which stays unchanged meanwhile.
    on_disk: u64,
    /// In their order, so that releasing them is as safe as without holding them.
    operations: Vec<Operation>,
    /// The chunks of the file that differ from the disk.
    chunks: BTreeMap<u64, Vec<u8>>,
}

#[derive(Debug)]
enum Operation {
    Write(u64, Vec<u8>),
    SetLength(u64),
    Sync,
}

impl HeldFile {
    pub(super) fn new(file: File) -> Result<Self, DatabaseError> {
        let file = FileBackend::new(file)?;
        let length = file.len().map_err(redb::StorageError::Io)?;
        let held = RwLock::new(Some(Held { length, on_disk: length, ..Held::default() }));
        Ok(Self(Arc::new(Inner { file, held, is_broken: AtomicBool::new(false) })))
    }

    /// Carries out all held writes in their order. Later writes go to the file at once. If one of
    /// these fails, no further one is written: then the file is as after a crash in between.
    pub(super) fn release(&self) -> std::io::Result<()> {
        let mut held = self.0.held.write().unwrap_or_else(PoisonError::into_inner);
        let Some(Held { operations, .. }) = held.take() else { return Ok(()) };
        let released = operations.into_iter().try_for_each(|operation| match operation {
            Operation::Write(offset, bytes) => self.0.file.write(offset, &bytes),
            Operation::SetLength(length) => self.0.file.set_len(length),
            Operation::Sync => self.0.file.sync_data(),
        });
        released.inspect_err(|_| self.0.is_broken.store(true, Ordering::Release))
    }
}

impl Held {
    /// Whether a range of the file equals the disk.
    fn is_untouched(&self, offset: u64, length: usize) -> bool {
        let end = offset.saturating_add(length as u64);
        let first = offset - offset % CHUNK;
        end <= self.on_disk && self.chunks.range(first..end).next().is_none()
    }
}

impl Inner {
    /// Runs a function on the held state, if there still is any.
    fn held<T>(&self, with: impl FnOnce(&mut Held) -> T) -> Option<T> {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.as_mut().map(with)
    }

    fn is_held(&self) -> bool {
        self.held.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// The file, for data that is not held.
    fn file(&self) -> std::io::Result<&FileBackend> {
        if self.is_broken.load(Ordering::Acquire) {
            return Err(std::io::Error::other("an earlier write to the file has failed"));
        }
        Ok(&self.file)
    }

    /// A chunk of the file on the disk, filled up with zeros behind its end.
    fn on_disk(&self, chunk: u64) -> std::io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(CHUNK).unwrap_or(usize::MAX)];
        let there = self.file.len()?.saturating_sub(chunk).min(CHUNK);
        if let Some(there) = bytes.get_mut(..usize::try_from(there).unwrap_or(usize::MAX)) {
            self.file.read(chunk, there)?;
        }
        Ok(bytes)
    }
}

/// The parts of `bytes` by chunk: the chunk, the place within it, and the range of bytes.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done >= length {
            return None;
        }
        let at = offset.saturating_add(done as u64);
        let within = at % CHUNK;
        let room = usize::try_from(CHUNK - within).unwrap_or(usize::MAX);
        let part = done..length.min(done.saturating_add(room));
        done = part.end;
        Some((at - within, usize::try_from(within).unwrap_or(0), part))
    })
}

fn outside() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "a read behind the end of the file")
}

impl StorageBackend for HeldFile {
    fn len(&self) -> std::io::Result<u64> {
        match self.0.held(|held| held.length) {
            Some(length) => Ok(length),
            None => self.0.file.len(),
        }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        if !self.0.is_held() {
            return self.0.file()?.read(offset, out);
        }
        let read = self.0.held(|held| {
            if offset.saturating_add(out.len() as u64) > held.length {
                return Err(outside());
            }
            if held.is_untouched(offset, out.len()) {
                return self.0.file.read(offset, out);
            }
            for (chunk, within, part) in parts(offset, out.len()) {
                let read;
                let bytes = if let Some(bytes) = held.chunks.get(&chunk) {
                    bytes
                } else {
                    read = self.0.on_disk(chunk)?;
                    &read
                };
                let from = bytes.get(within..within + part.len()).ok_or_else(outside)?;
                out.get_mut(part).ok_or_else(outside)?.copy_from_slice(from);
            }
            Ok(())
        });
        read.unwrap_or_else(|| self.0.file()?.read(offset, out))
    }

    fn set_len(&self, length: u64) -> std::io::Result<()> {
        let set = self.0.held(|held| {
            // Truncated bytes must not come back when the file grows again.
            let first = length - length % CHUNK;
            if length < held.length {
                held.chunks.retain(|&chunk, _| chunk < length);
                let mut cut = match held.chunks.remove(&first) {
                    Some(cut) => cut,
                    None => self.0.on_disk(first)?,
                };
                let kept = usize::try_from(length % CHUNK).unwrap_or(0);
                cut.iter_mut().skip(kept).for_each(|byte| *byte = 0);
                held.chunks.insert(first, cut);
                let mut chunk = first.saturating_add(CHUNK);
                while chunk < held.length {
                    held.chunks.insert(chunk, vec![0; usize::try_from(CHUNK).unwrap_or(0)]);
                    chunk = chunk.saturating_add(CHUNK);
                }
            }
            held.length = length;
            held.operations.push(Operation::SetLength(length));
            Ok(())
        });
        set.unwrap_or_else(|| self.0.file()?.set_len(length))
    }

    fn sync_data(&self) -> std::io::Result<()> {
        match self.0.held(|held| held.operations.push(Operation::Sync)) {
            Some(()) => Ok(()),
            None => self.0.file()?.sync_data(),
        }
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
        let written = self.0.held(|held| {
            for (chunk, within, part) in parts(offset, bytes.len()) {
                let mut changed = match held.chunks.remove(&chunk) {
                    Some(bytes) => bytes,
                    None => self.0.on_disk(chunk)?,
                };
                let to = changed.get_mut(within..within + part.len()).ok_or_else(outside)?;
                to.copy_from_slice(bytes.get(part).ok_or_else(outside)?);
                held.chunks.insert(chunk, changed);
            }
            held.length = held.length.max(offset.saturating_add(bytes.len() as u64));
            held.operations.push(Operation::Write(offset, bytes.to_vec()));
            Ok(())
        });
        written.unwrap_or_else(|| self.0.file()?.write(offset, bytes))
    }

    fn close(&self) -> std::io::Result<()> {
        self.0.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.0.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.query_lock_range(start, end)
    }
}
