//! A stream of changes, with tiles kept in a folder and read back after a kill.
//!
//! ```text
//! cargo run --example change_stream -- kept < changes.jsonl
//! ```
//!
//! Each line is a change such as `{"withdraw":{"owner":7}}`. Deliver the whole stream again after a kill:
//! what was kept is passed over, since the revision is the number of batches that were applied.
#![allow(clippy::print_stdout, reason = "an example talks to its terminal")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, Write};
use std::path::Path;

use canvass::error::ReplayError;
use canvass::tiles::{TileChanges, TileKey};
use canvass::{Change, Registry, Revision};
use serde::{Deserialize, Serialize};

type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Lines in a batch, which is one revision.
const BATCH: usize = 100;
/// Batches between two checkpoints.
const CHECKPOINT: u64 = 10;

/// The tiles that belong to a revision, each with the revision that its file is named after. A tile
/// that is missing is no error to the library: so the list of them is kept beside the revision.
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

    /// Writes what changed under new names, then the manifest in the place of the old one: a kill
    /// between leaves the folder as it was, with files that no manifest names.
    fn checkpoint(&mut self, folder: &Path, changes: &TileChanges) -> Done {
        for tile in &changes.changed {
            let (key, revision) = (tile.key().to_u64(), tile.revision().0);
            write(&folder.join(format!("{key}-{revision}")), &tile.encode())?;
            self.tiles.insert(key, revision);
        }
        for key in changes.vanished.iter().map(|key: &TileKey| key.to_u64()) {
            self.tiles.remove(&key);
        }
        self.revision = changes.revision.0;
        write(&folder.join("manifest.new"), &serde_json::to_vec(self)?)?;
        fs::rename(folder.join("manifest.new"), folder.join("manifest.json"))?;
        File::open(folder)?.sync_all()?;
        // Nothing names them any more, those of a checkpoint that was killed included.
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
    file.write_all(bytes)?;
    file.sync_all()
}

fn main() -> Done {
    let folder = std::env::args().nth(1).ok_or("FOLDER")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    let mut manifest = Manifest::read(folder)?;
    let registry = manifest.restore(folder)?;
    let lines = io::stdin().lock().lines().collect::<Result<Vec<_>, _>>()?;
    for (revision, lines) in (1..).map(Revision).zip(lines.chunks(BATCH)) {
        let parsed = lines.iter().map(|line| serde_json::from_str(line));
        let changes = parsed.collect::<Result<Vec<Change>, _>>()?;
        registry.replay(revision, changes).map_err(|error: ReplayError| error)?;
        let now = registry.snapshot().revision();
        if now.0 >= manifest.revision + CHECKPOINT {
            manifest.checkpoint(folder, &registry.tiles_since(Revision(manifest.revision)))?;
        }
    }
    manifest.checkpoint(folder, &registry.tiles_since(Revision(manifest.revision)))?;
    println!("revision {}, {} cameras", manifest.revision, registry.snapshot().cameras());
    Ok(())
}
