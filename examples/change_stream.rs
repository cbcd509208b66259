//! A stream of changes, with tiles kept in a folder and read back after a kill.
//!
//! ```text
//! cargo run --example change_stream -- kept < changes.jsonl
//! ```
//!
//! Each line is a change such as `{"withdraw":{"owner":7}}`. After a kill, deliver the whole stream
//! again: lines that were applied before are passed over, since the revision is the number of lines
//! applied.
#![allow(clippy::print_stdout, reason = "an example talks to its terminal")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use canvass::tiles::TileChanges;
use canvass::{Change, Registry, Revision};
use serde::{Deserialize, Serialize};

type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Lines between two checkpoints.
const CHECKPOINT: u64 = 1_000;

/// The tiles of a revision, each with the revision in its file's name. The library cannot notice
/// that a tile is missing, so this list is kept beside the revision.
#[derive(Default, Serialize, Deserialize)]
struct Manifest {
    revision: u64,
    tiles: BTreeMap<u64, u64>,
}

impl Manifest {
    fn read(folder: &Path) -> Done<Self> {
        match fs::read(folder.join("manifest.json")) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error.into()),
        }
    }

    fn restore(&self, folder: &Path) -> Done<Registry> {
        let file = |(&key, &revision)| fs::read(folder.join(format!("{key}-{revision}")));
        let tiles = self.tiles.iter().map(file).collect::<Result<Vec<_>, _>>()?;
        Ok(Registry::from_tiles(Revision(self.revision), &tiles)?)
    }

    /// Writes changed tiles under new names, then replaces the manifest: a kill in between leaves
    /// the old state, with files that no manifest names.
    fn checkpoint(&mut self, folder: &Path, changes: &TileChanges) -> Done {
        for tile in &changes.changed {
            let (key, revision) = (tile.key().to_u64(), tile.revision().0);
            write(&folder.join(format!("{key}-{revision}")), &tile.encode())?;
            self.tiles.insert(key, revision);
        }
        for key in &changes.vanished {
            self.tiles.remove(&key.to_u64());
        }
        self.revision = changes.revision.0;
        write(&folder.join("manifest.new"), &serde_json::to_vec(self)?)?;
        fs::rename(folder.join("manifest.new"), folder.join("manifest.json"))?;
        File::open(folder)?.sync_all()?;
        // No manifest names these files any more; some are of a checkpoint that was killed.
        for file in fs::read_dir(folder)? {
            let name = file?.file_name().into_string().unwrap_or_default();
            let ids =
                name.split_once('-').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
            if ids
                .is_some_and(|(key, revision): (u64, u64)| self.tiles.get(&key) != Some(&revision))
            {
                fs::remove_file(folder.join(name))?;
            }
        }
        Ok(())
    }
}

fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(file)?;
    file.write_all(bytes).and_then(|()| file.sync_all())
}

fn main() -> Done {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("FOLDER")?);
    fs::create_dir_all(&folder)?;
    let mut manifest = Manifest::read(&folder)?;
    let registry = manifest.restore(&folder)?;
    for (revision, line) in (1..).zip(io::stdin().lock().lines()) {
        let change: Change = serde_json::from_str(&line?)?;
        registry.replay(Revision(revision), [change])?;
        if revision >= manifest.revision + CHECKPOINT {
            manifest.checkpoint(&folder, &registry.tiles_since(Revision(manifest.revision)))?;
        }
    }
    manifest.checkpoint(&folder, &registry.tiles_since(Revision(manifest.revision)))?;
    println!("revision {}, {} cameras", manifest.revision, registry.snapshot().cameras());
    Ok(())
}
