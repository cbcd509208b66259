//! The high-water mark: the number of the last acknowledged commit, kept outside the database's file.
//!
//! A database that lost its last commit, or an old copy of its file, is a whole database: nothing in it
//! shows that there was more. The mark does. It is written and synced after each commit and before the
//! commit is acknowledged.
//!
//! ```text
//! two slots of 4096 bytes, written in turns, so that a write that is cut off leaves the other:
//!   0  "canvass mark 1\n\0"
//!  16  write number      u64, little-endian: the slot with the higher one is the newer
//!  24  generation        u64: which store this is the mark of
//!  32  commit            u64: the number of the last acknowledged commit
//!  40  second            u64: when that was, in seconds since 1970
//!  48  CRC-32 of the bytes before
//! ```

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 16] = b"canvass mark 1\n\0";
/// The bytes of a slot that count.
const USED: usize = 52;
/// A slot is a page of its own, so that writing one cannot damage the other.
const SLOT: usize = 4096;

/// How far a store was acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Acknowledged {
    /// Which store: drawn by chance when a store is made, and again when a copy is put back.
    pub generation: u64,
    /// The number of the last acknowledged commit; they are counted from 1.
    pub commit: u64,
    /// When that was, in seconds since 1970.
    pub second: u64,
}

impl fmt::Display for Acknowledged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { generation, commit, .. } = self;
        write!(f, "commit {commit} of generation {generation:016x}")
    }
}

/// What a mark's file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// There is no file.
    Missing,
    /// There is a file, and neither slot of it can be read.
    Damaged,
    Read(Acknowledged),
}

/// A mark that can be advanced.
#[derive(Debug)]
pub(super) struct Mark {
    /// `None` if the store was opened to look at it only.
    file: Option<File>,
    writes: u64,
    acknowledged: Acknowledged,
}

impl Mark {
    /// Reads a mark's file without changing it.
    pub(super) fn look(path: &Path) -> std::io::Result<Found> {
        let mut bytes = Vec::new();
        match File::open(path) {
            Ok(mut file) => file.read_to_end(&mut bytes)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Found::Missing);
            }
            Err(error) => return Err(error),
        };
        Ok(newest(&bytes).map_or(Found::Damaged, |(_, acknowledged)| Found::Read(acknowledged)))
    }

    /// Opens a mark's file for writing, and makes it if there is none.
    pub(super) fn open(path: &Path) -> std::io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let (writes, acknowledged) = newest(&bytes).unwrap_or_default();
        if bytes.len() != 2 * SLOT {
            // All of it at once, so that no later write needs space on the disk.
            bytes.resize(2 * SLOT, 0);
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&bytes)?;
            file.set_len(bytes.len() as u64)?;
            file.sync_all()?;
            sync_folder(path)?;
        }
        Ok(Self { file: Some(file), writes, acknowledged })
    }

    /// A mark that is not written.
    pub(super) fn unwritten(acknowledged: Acknowledged) -> Self {
        Self { file: None, writes: 0, acknowledged }
    }

    pub(super) fn acknowledged(&self) -> Acknowledged {
        self.acknowledged
    }

    /// Keeps how far the store is acknowledged. It is on the disk when this returns.
    pub(super) fn advance(&mut self, to: Acknowledged) -> std::io::Result<()> {
        let only_read = || std::io::Error::other("the store was opened to be read only");
        let file = self.file.as_mut().ok_or_else(only_read)?;
        let writes = self.writes.saturating_add(1);
        let mut slot = Vec::with_capacity(USED);
        slot.extend(MAGIC);
        for number in [writes, to.generation, to.commit, to.second] {
            slot.extend(number.to_le_bytes());
        }
        slot.extend(crc32fast::hash(&slot).to_le_bytes());
        file.seek(SeekFrom::Start((writes % 2) * SLOT as u64))?;
        file.write_all(&slot)?;
        file.sync_data()?;
        (self.writes, self.acknowledged) = (writes, to);
        Ok(())
    }
}

/// The newer of the slots that can be read, and how many writes there were.
fn newest(bytes: &[u8]) -> Option<(u64, Acknowledged)> {
    bytes.chunks(SLOT).filter_map(slot).max_by_key(|&(writes, _)| writes)
}

fn slot(bytes: &[u8]) -> Option<(u64, Acknowledged)> {
    let (checked, checksum) = bytes.get(..USED)?.split_last_chunk::<4>()?;
    if crc32fast::hash(checked) != u32::from_le_bytes(*checksum) {
        return None;
    }
    let numbers = checked.strip_prefix(MAGIC.as_slice())?;
    let (numbers, []) = numbers.as_chunks::<8>() else { return None };
    let &[writes, generation, commit, second] = numbers else { return None };
    let [writes, generation, commit, second] =
        [writes, generation, commit, second].map(u64::from_le_bytes);
    Some((writes, Acknowledged { generation, commit, second }))
}

/// Has a file's name in its folder kept, where the system can do that.
pub(super) fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    if cfg!(unix) { File::open(folder)?.sync_all() } else { fs::metadata(folder).map(drop) }
}

#[cfg(test)]
mod tests {
    use super::{Acknowledged, Found, Mark, SLOT};

    #[test]
    fn a_damaged_slot_leaves_the_write_before() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("mark");
        assert_eq!(Mark::look(&path)?, Found::Missing);
        let at = |commit| Acknowledged { generation: 7, commit, second: 100 + commit };
        let mut mark = Mark::open(&path)?;
        assert_eq!(Mark::look(&path)?, Found::Damaged);
        for commit in 1..=5 {
            mark.advance(at(commit))?;
            assert_eq!(Mark::look(&path)?, Found::Read(at(commit)));
        }
        drop(mark);
        let whole = std::fs::read(&path)?;
        // The fifth write went to the second slot.
        for bit in SLOT * 8..(SLOT + 52) * 8 {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, &damaged)?;
            assert_eq!(Mark::look(&path)?, Found::Read(at(4)), "bit {bit}");
        }
        std::fs::write(&path, vec![0; 2 * SLOT])?;
        assert_eq!(Mark::look(&path)?, Found::Damaged);
        std::fs::write(&path, &whole)?;
        let mut mark = Mark::open(&path)?;
        assert_eq!(mark.acknowledged(), at(5));
        mark.advance(at(6))?;
        assert_eq!(Mark::look(&path)?, Found::Read(at(6)));
        Ok(())
    }
}
