//! The high-water mark: the number of the last commit, kept outside the database's file.
//!
//! A database that lost its last commit, or an old copy of its file, is a whole database: nothing
//! in it reveals the loss. The mark does. It is synced before a commit is acknowledged, at the same
//! time as the database, so that it costs no second wait for the disk. For that it contains the
//! rows of the commit: after a crash, either of the two can be restored from the other.
//!
//! ```text
//! two slots of 4096 + 262,144 bytes, written in turns, so that a write that is cut off leaves the other:
//!      0  "canvass mark 1\n\0"
//!     16  write number      u64, little-endian: the slot with the higher one is the newer
//!     24  generation        u64: which store this is the mark of
//!     32  commit            u64: the number of the last commit
//!     40  second            u64: when that was, in seconds since 1970
//!     48  length            u64: of the commit's rows; all ones if they are not here
//!     56  CRC-32 of the rows
//!     60  CRC-32 of the bytes before
//!   4096  the commit's rows
//! ```

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{Error, Read, Result, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

const MAGIC: &[u8; 16] = b"canvass mark 1\n\0";
/// The bytes of a slot's head that are used.
const HEAD: usize = 64;
/// The offset of the rows, on a page of their own.
const ROWS: usize = 4096;
/// The space for rows in bytes.
const ROOM: usize = 256 << 10;
const SLOT: usize = ROWS + ROOM;
/// The length that marks absent rows.
const NO_ROWS: u64 = u64::MAX;

/// The last acknowledged commit of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Acknowledged {
    /// The store's generation: drawn at random when a store is made, and again when a copy is put
    /// back.
    pub generation: u64,
    /// The number of the last commit; they are counted from 1.
    pub commit: u64,
    /// The second of that commit, since 1970.
    pub second: u64,
}

impl fmt::Display for Acknowledged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { generation, commit, .. } = self;
        write!(f, "commit {commit} of generation {generation:016x}")
    }
}

/// The content of a mark's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// There is no file.
    Missing,
    /// There is a file, and neither of its slots can be read.
    Damaged,
    /// The last commit, with its rows if the mark has them.
    Read(Acknowledged, Option<Vec<u8>>),
}

/// A mark that can be advanced. Its own thread writes it.
#[derive(Debug)]
pub(super) struct Mark {
    /// `None` if the store was opened for reading only.
    thread: Option<Thread>,
    writes: u64,
    acknowledged: Acknowledged,
}

#[derive(Debug)]
struct Thread {
    slots: Sender<(u64, Vec<u8>)>,
    written: Receiver<Result<()>>,
}

impl Mark {
    /// Reads a mark's file without changing it.
    pub(super) fn look(path: &Path) -> Result<Found> {
        let mut bytes = Vec::new();
        match File::open(path) {
            Ok(mut file) => file.read_to_end(&mut bytes)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Found::Missing);
            }
            Err(error) => return Err(error),
        };
        let newest = newest(&bytes);
        Ok(newest.map_or(Found::Damaged, |(_, to, rows)| Found::Read(to, rows.map(<[u8]>::to_vec))))
    }

    /// Opens a mark's file for writing, or makes one.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let newest = newest(&bytes).map(|(writes, to, _)| (writes, to));
        let (writes, acknowledged) = newest.unwrap_or_default();
        if bytes.len() != 2 * SLOT {
            // The whole size at once, so that no later write needs space on the disk.
            bytes.resize(2 * SLOT, 0);
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&bytes)?;
            file.set_len(bytes.len() as u64)?;
            file.sync_all()?;
            sync_folder(path)?;
        }
        let (slots, taken) = channel::<(u64, Vec<u8>)>();
        let (done, written) = channel();
        std::thread::Builder::new().name("mark".to_owned()).spawn(move || {
            for (offset, slot) in taken {
                if done.send(write(&mut file, offset, &slot)).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { thread: Some(Thread { slots, written }), writes, acknowledged })
    }

    /// A mark without a file.
    pub(super) fn unwritten(acknowledged: Acknowledged) -> Self {
        Self { thread: None, writes: 0, acknowledged }
    }

    pub(super) fn acknowledged(&self) -> Acknowledged {
        self.acknowledged
    }

    /// Stores the last commit. It is on the disk when this returns.
    pub(super) fn advance(&mut self, to: Acknowledged) -> Result<()> {
        self.begin(to, None)?;
        self.finish(to)
    }

    /// Stores the last commit, and overwrites the rows of all earlier ones.
    pub(super) fn scrub(&mut self, to: Acknowledged) -> Result<()> {
        for _ in 0..2 {
            let thread = self.thread.as_ref().ok_or_else(gone)?;
            self.writes = self.writes.saturating_add(1);
            let offset = (self.writes % 2) * SLOT as u64;
            let mut slot = slot(self.writes, to, None);
            slot.resize(SLOT, 0);
            thread.slots.send((offset, slot)).map_err(|_| gone())?;
            self.finish(to)?;
        }
        Ok(())
    }

    /// Whether the rows of a commit fit.
    pub(super) fn has_room_for(rows: &[u8]) -> bool {
        rows.len() <= ROOM
    }

    /// Begins to write the next commit, with its rows.
    pub(super) fn begin(&mut self, to: Acknowledged, rows: Option<&[u8]>) -> Result<()> {
        let thread = self.thread.as_ref().ok_or_else(gone)?;
        // Also if the write fails: the slot may be half written, and the next write must not have
        // the same number.
        self.writes = self.writes.saturating_add(1);
        let offset = (self.writes % 2) * SLOT as u64;
        thread.slots.send((offset, slot(self.writes, to, rows))).map_err(|_| gone())
    }

    /// Waits until that write is on the disk.
    pub(super) fn finish(&mut self, to: Acknowledged) -> Result<()> {
        let thread = self.thread.as_ref().ok_or_else(gone)?;
        thread.written.recv().map_err(|_| gone())??;
        self.acknowledged = to;
        Ok(())
    }
}

fn gone() -> Error {
    Error::other("the store was opened to be read only, or the mark's thread has ended")
}

fn write(file: &mut File, offset: u64, slot: &[u8]) -> Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(slot)?;
    file.sync_data()
}

/// The bytes of a slot.
fn slot(writes: u64, to: Acknowledged, rows: Option<&[u8]>) -> Vec<u8> {
    let length = rows.map_or(NO_ROWS, |rows| rows.len() as u64);
    let rows = rows.unwrap_or_default();
    let mut slot = Vec::with_capacity(ROWS + rows.len());
    slot.extend(MAGIC);
    for number in [writes, to.generation, to.commit, to.second, length] {
        slot.extend(number.to_le_bytes());
    }
    slot.extend(crc32fast::hash(rows).to_le_bytes());
    slot.extend(crc32fast::hash(&slot).to_le_bytes());
    if !rows.is_empty() {
        slot.resize(ROWS, 0);
        slot.extend(rows);
    }
    slot
}

/// A readable slot: the number of its write, its commit, and the rows.
type Slot<'a> = (u64, Acknowledged, Option<&'a [u8]>);

fn newest(bytes: &[u8]) -> Option<Slot<'_>> {
    bytes.chunks(SLOT).filter_map(read).max_by_key(|&(writes, ..)| writes)
}

fn read(slot: &[u8]) -> Option<Slot<'_>> {
    let (checked, checksum) = slot.get(..HEAD)?.split_last_chunk::<4>()?;
    if crc32fast::hash(checked) != u32::from_le_bytes(*checksum) {
        return None;
    }
    let (numbers, rows_checksum) =
        checked.strip_prefix(MAGIC.as_slice())?.split_last_chunk::<4>()?;
    let (numbers, []) = numbers.as_chunks::<8>() else { return None };
    let &[writes, generation, commit, second, length] = numbers else { return None };
    let [writes, generation, commit, second, length] =
        [writes, generation, commit, second, length].map(u64::from_le_bytes);
    let rows = if length == NO_ROWS {
        None
    } else {
        let rows = slot.get(ROWS..)?.get(..usize::try_from(length).ok()?)?;
        Some(rows)
            .filter(|rows| crc32fast::hash(rows) == u32::from_le_bytes(*rows_checksum))?
            .into()
    };
    Some((writes, Acknowledged { generation, commit, second }, rows))
}

/// Syncs a file's name in its folder, if the system can.
pub(super) fn sync_folder(path: &Path) -> Result<()> {
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    if cfg!(unix) { File::open(folder)?.sync_all() } else { fs::metadata(folder).map(drop) }
}

#[cfg(test)]
mod tests {
    use super::{Acknowledged, Found, HEAD, Mark, ROWS, SLOT};

    #[test]
    fn a_damaged_slot_leaves_the_write_before() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("mark");
        assert_eq!(Mark::look(&path)?, Found::Missing);
        let at = |commit| Acknowledged { generation: 7, commit, second: 100 + commit };
        let mut mark = Mark::open(&path)?;
        assert_eq!(Mark::look(&path)?, Found::Damaged);
        let rows = b"rows of a commit";
        for commit in 1..=5 {
            mark.begin(at(commit), Some(rows))?;
            mark.finish(at(commit))?;
            assert_eq!(Mark::look(&path)?, Found::Read(at(commit), Some(rows.to_vec())));
        }
        drop(mark);
        let whole = std::fs::read(&path)?;
        // The fifth write went to the second slot.
        let head = SLOT * 8..(SLOT + HEAD) * 8;
        for bit in head.chain((SLOT + ROWS) * 8..(SLOT + ROWS + rows.len()) * 8) {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, &damaged)?;
            assert_eq!(Mark::look(&path)?, Found::Read(at(4), Some(rows.to_vec())), "bit {bit}");
        }
        std::fs::write(&path, vec![0; 2 * SLOT])?;
        assert_eq!(Mark::look(&path)?, Found::Damaged);
        std::fs::write(&path, &whole)?;
        let mut mark = Mark::open(&path)?;
        assert_eq!(mark.acknowledged(), at(5));
        mark.advance(at(6))?;
        assert_eq!(Mark::look(&path)?, Found::Read(at(6), None));
        Ok(())
    }
}
