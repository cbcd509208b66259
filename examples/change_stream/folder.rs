//! A registry in a folder: tiles with a manifest, and a log of the changes since. A recipe to copy.
//!
//! ```text
//! manifest         the revision of the tiles, and the name of each tile's file
//! KEY-REVISION     a tile
//! log-REVISION     the changes after the manifest's revision, one a line
//! lock             held while a program has the folder open
//! ```
//!
//! A kill at any instant leaves a folder that opens with every change that was [synced](Folder::sync),
//! and perhaps some behind them. A line of the log and the manifest begin with their CRC-32: damage is
//! an error that names the line, but for the last line of the log, which a kill may have cut off.
//! A missing manifest or log is an error as well, unless the folder is new. A log that was cut off at the end of
//! a line opens: compare the registry's revision with the last that you acknowledged. Synced changes cost their own length; tiles are written only once the log is four times as long as they are.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use canvass::{Change, Registry, Revision};
use serde::{Deserialize, Serialize};

/// A result with an error for people.
pub(crate) type Done<T = ()> = Result<T, Box<dyn Error>>;

/// With a shorter log than this, tiles are not written, however small they are.
const SHORT_LOG: u64 = 64 << 10;

/// How many times as long as all tiles the log grows before tiles are written: they add at most a
/// quarter to the bytes of the changes, and a start replays at most four times the tiles.
const GROWTH: u64 = 4;

/// The tiles that belong to a revision. A missing tile is no error to the library: so the list of them
/// is kept beside the revision.
#[derive(Default, Serialize, Deserialize)]
struct Manifest {
    revision: u64,
    /// The revision that last changed a tile and the length of its bytes, by its key.
    tiles: BTreeMap<u64, (u64, u64)>,
}

/// An open folder; the log of its registry's changes goes through it.
pub(crate) struct Folder {
    path: PathBuf,
    manifest: Manifest,
    log: BufWriter<File>,
    log_bytes: u64,
    /// Every byte that was written since the folder was opened.
    pub(crate) written: u64,
    /// Held until the folder is dropped.
    _lock: File,
}

impl Folder {
    /// Opens a folder, or makes an empty one, and restores its registry.
    pub(crate) fn open(path: &Path) -> Done<(Self, Registry)> {
        fs::create_dir_all(path)?;
        let lock = File::create(path.join("lock"))?;
        lock.try_lock().map_err(|error| format!("{}: in use: {error}", path.display()))?;
        let is_new = fs::read_dir(path)?.count() == 1;
        let manifest = match fs::read_to_string(path.join("manifest")) {
            Ok(text) => serde_json::from_str(checked(&text).ok_or("manifest: damaged")?)?,
            Err(error) if error.kind() == ErrorKind::NotFound => Manifest::default(),
            Err(error) => return Err(error.into()),
        };
        let file = |(key, &(revision, _)): (&u64, &(u64, u64))| {
            let name = format!("{key}-{revision}");
            fs::read(path.join(&name)).map_err(|error| format!("{name}: {error}"))
        };
        let tiles = manifest.tiles.iter().map(file).collect::<Result<Vec<_>, _>>()?;
        let registry = Registry::from_tiles(Revision(manifest.revision), tiles)?;
        let name = path.join(format!("log-{}", manifest.revision));
        // A checkpoint makes the log before the manifest, and removes the one before last of all.
        if !is_new && !name.exists() {
            let missing = format!(
                "{}: missing, or else the manifest that names a later log is; ",
                name.display()
            );
            return Err((missing + "restore the folder from its copy").into());
        }
        let log_bytes = replay(&registry, &name, manifest.revision)?;
        let log = OpenOptions::new().create(true).append(true).open(&name)?;
        log.set_len(log_bytes)?;
        log.sync_all()?;
        sync_folder(path)?;
        let log = BufWriter::new(log);
        let path = path.to_path_buf();
        Ok((Self { path, manifest, log, log_bytes, written: 0, _lock: lock }, registry))
    }

    /// Appends a change that the registry has applied as its next revision.
    pub(crate) fn append(&mut self, change: &Change) -> Done {
        let json = serde_json::to_string(change)?;
        self.log_bytes += line(&mut self.log, &json)?;
        self.written += json.len() as u64 + 10;
        Ok(())
    }

    /// Returns once all that was appended outlasts a kill and a loss of power.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.log.flush()?;
        self.log.get_ref().sync_data()
    }

    /// Writes the tiles that changed, and begins a new log, if the log is four times as long as all tiles.
    pub(crate) fn checkpoint_if_due(&mut self, registry: &Registry) -> Done {
        let tiles: u64 = self.manifest.tiles.values().map(|(_, length)| length).sum();
        if self.log_bytes > (GROWTH * tiles).max(SHORT_LOG) {
            self.checkpoint(registry)
        } else {
            Ok(())
        }
    }

    /// Writes files under new names first, then the manifest in the place of the old one: a kill
    /// between leaves the folder as it was, with files that no manifest names.
    pub(crate) fn checkpoint(&mut self, registry: &Registry) -> Done {
        self.sync()?;
        let changes = registry.tiles_since(Revision(self.manifest.revision));
        for tile in &changes.changed {
            let (key, revision, bytes) = (tile.key().to_u64(), tile.revision().0, tile.encode());
            self.write(&format!("{key}-{revision}"), &bytes)?;
            self.manifest.tiles.insert(key, (revision, bytes.len() as u64));
        }
        for key in &changes.vanished {
            self.manifest.tiles.remove(&key.to_u64());
        }
        self.manifest.revision = changes.revision.0;
        let log = self.write(&self.log_name(), &[])?;
        let mut text = Vec::new();
        line(&mut text, &serde_json::to_string(&self.manifest)?)?;
        self.write("manifest.new", &text)?;
        // The tiles' names are on the disk before the manifest that needs them.
        sync_folder(&self.path)?;
        fs::rename(self.path.join("manifest.new"), self.path.join("manifest"))?;
        sync_folder(&self.path)?;
        (self.log, self.log_bytes) = (BufWriter::new(log), 0);
        self.sweep()
    }

    fn log_name(&self) -> String {
        format!("log-{}", self.manifest.revision)
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> io::Result<File> {
        let mut file = File::create(self.path.join(name))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        self.written += bytes.len() as u64;
        Ok(file)
    }

    /// Removes files that the manifest does not name, those of a checkpoint that was killed included.
    fn sweep(&self) -> Done {
        for file in fs::read_dir(&self.path)? {
            let name = file?.file_name().into_string().unwrap_or_default();
            let is_ours = match name.split_once('-') {
                Some(("log", _)) => name == self.log_name(),
                Some((key, revision)) => match (key.parse::<u64>(), revision.parse::<u64>()) {
                    (Ok(key), Ok(revision)) => {
                        self.manifest.tiles.get(&key).is_some_and(|(last, _)| *last == revision)
                    }
                    // A file of somebody else stays.
                    _ => true,
                },
                None => true,
            };
            if !is_ours {
                fs::remove_file(self.path.join(name))?;
            }
        }
        Ok(())
    }
}

/// Applies the log, and returns how many of its bytes are whole lines.
fn replay(registry: &Registry, log: &Path, mut revision: u64) -> Done<u64> {
    let bytes = match fs::read(log) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error.into()),
    };
    let mut end = 0;
    for (number, text) in (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        let Some(json) = std::str::from_utf8(text).ok().and_then(checked) else {
            // A kill cuts a line off; it does not change one, and nothing comes behind it.
            if !text.ends_with(b"\n") {
                break;
            }
            return Err(format!("{}:{number}: damaged", log.display()).into());
        };
        revision += 1;
        let at = |error: &dyn Error| format!("{}:{number}: {error}", log.display());
        let change: Change = serde_json::from_str(json).map_err(|error| at(&error))?;
        registry.replay(Revision(revision), [change]).map_err(|error| at(&error))?;
        end += text.len() as u64;
    }
    Ok(end)
}

/// Writes a text behind its CRC-32, and returns how many bytes that took.
fn line(out: &mut impl Write, text: &str) -> io::Result<u64> {
    writeln!(out, "{:08x} {text}", crc32fast::hash(text.as_bytes()))?;
    Ok(text.len() as u64 + 10)
}

/// The text of a whole line, if its CRC-32 is right.
fn checked(line: &str) -> Option<&str> {
    let (crc, text) = line.strip_suffix('\n')?.split_once(' ')?;
    (format!("{:08x}", crc32fast::hash(text.as_bytes())) == crc).then_some(text)
}

/// Makes names of files outlast a loss of power, where folders can be synced.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}
