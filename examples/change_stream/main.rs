//! A stream of changes, kept in a folder and read back after a kill.
//!
//! ```text
//! cargo run --example change_stream -- kept < changes.jsonl
//! ```
//!
//! Each line is a change such as `{"withdraw":{"owner":7}}`. Deliver the whole stream again after a kill:
//! changes that were kept are passed over, since the revision is the number of lines that were applied.
//! `folder.rs` is the recipe to copy: a crash-safe folder of tiles, a manifest and a log.
#![allow(clippy::print_stdout, reason = "an example talks to its terminal")]

mod folder;

use std::error::Error;
use std::io::{self, BufRead};
use std::path::Path;

use canvass::{Change, Revision};
use folder::{Done, Folder};

/// Lines between two syncs: so many may have to be delivered again.
const SYNC: u64 = 1_000;

fn main() -> Done {
    let path = std::env::args().nth(1).ok_or("name a FOLDER")?;
    let (mut folder, registry) = Folder::open(Path::new(&path))?;
    let kept = registry.snapshot().revision().0;
    for (revision, line) in (1..).zip(io::stdin().lock().lines()) {
        let line = line?;
        if revision <= kept {
            continue;
        }
        let at = |error: &dyn Error| format!("line {revision}: {error}");
        let change: Change = serde_json::from_str(&line).map_err(|error| at(&error))?;
        registry.replay(Revision(revision), [change.clone()]).map_err(|error| at(&error))?;
        folder.append(&change)?;
        if revision % SYNC == 0 {
            folder.sync()?;
            folder.checkpoint_if_due(&registry)?;
        }
    }
    folder.sync()?;
    let snapshot = registry.snapshot();
    println!("revision {}, {} cameras", snapshot.revision(), snapshot.cameras());
    println!("{} bytes written", folder.written);
    Ok(())
}
