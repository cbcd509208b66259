//! Bulk import of a registry from a file, with progress: `--import FILE`. Use it for the first
//! start, and for the pages of `GET /v1/export`.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use canvass::{Change, Revision};
use serde::Deserialize;

use crate::engine::{Engine, Refusal};
use crate::settings::Limits;

/// Why an import ended early. All lines before the named one are stored, and none from it on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file cannot be read.
    #[error("cannot read `{path}`: {error}")]
    Unread {
        /// The file.
        path: String,
        /// The system's reason.
        error: std::io::Error,
    },
    /// A line is neither a change, nor an array of changes, nor a page of an export.
    #[error("line {line} cannot be read: {error}; correct it, and continue with `--skip {}`", line - 1)]
    Line {
        /// The line, counted from 1.
        line: u64,
        /// The reason.
        error: serde_json::Error,
    },
    /// The disk failed: the lines are stored as a whole or not at all.
    #[error(
        "the store failed at lines {first} to {last}, which may be stored; once there is room, \
         `--check` shows the revision: at `{revision}` continue with `--skip {}`, and behind it with \
         `--skip {last}`",
        first - 1
    )]
    Unsure {
        /// The first line of the list.
        first: u64,
        /// Its last line.
        last: u64,
        /// The registry's revision without the list.
        revision: Revision,
    },
    /// Changes cannot be applied.
    #[error("lines {first} to {last} cannot be applied: {refusal}; correct them, and continue with `--skip {}`", first - 1)]
    Refused {
        /// The first line of the refused list.
        first: u64,
        /// Its last line.
        last: u64,
        /// The reason.
        refusal: Refusal,
    },
}

/// A line of a file.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Page { changes: Vec<Change> },
    List(Vec<Change>),
    One(Change),
}

impl Line {
    fn changes(self) -> Vec<Change> {
        match self {
            Self::Page { changes } | Self::List(changes) => changes,
            Self::One(change) => vec![change],
        }
    }
}

/// Changes that are applied together, with their lines.
#[derive(Default)]
struct List {
    changes: Vec<Change>,
    first: u64,
    last: u64,
}

/// Imports a file line by line, in lists of the largest permitted size; the first lines may be
/// skipped. Returns the number of changes applied, and reports progress.
///
/// # Errors
///
/// If the file or a line cannot be read, or changes cannot be applied.
pub async fn import(
    engine: &Engine,
    path: &Path,
    skip: u64,
    limits: &Limits,
    mut tell: impl Write,
) -> Result<u64, ImportError> {
    let unread = |error| ImportError::Unread { path: path.display().to_string(), error };
    let file = File::open(path).map_err(unread)?;
    let length = file.metadata().map_err(unread)?.len().max(1);
    let (mut applied, mut bytes, mut list) = (0, 0_u64, List::default());
    for (number, line) in (1_u64..).zip(BufReader::new(file).lines()) {
        let line = line.map_err(unread)?;
        bytes = bytes.saturating_add(line.len() as u64 + 1);
        if number <= skip || line.trim().is_empty() {
            continue;
        }
        let changes = match serde_json::from_str::<Line>(&line) {
            Ok(line) => line.changes(),
            Err(error) => {
                // The list is applied first, so that all lines before the error are stored.
                apply(engine, list).await?;
                return Err(ImportError::Line { line: number, error });
            }
        };
        if !list.changes.is_empty() && list.changes.len() + changes.len() > limits.changes_per_list
        {
            let last = list.last;
            applied += apply(engine, std::mem::take(&mut list)).await?;
            let percent = bytes.saturating_mul(100) / length;
            // Standard error may be closed.
            let _ = writeln!(
                tell,
                "{applied} changes imported, up to line {last} as revision {}, {percent} % of the file",
                engine.snapshot().revision()
            );
        }
        if list.changes.is_empty() {
            list.first = number;
        }
        list.last = number;
        list.changes.extend(changes);
    }
    applied += apply(engine, list).await?;
    let _ = writeln!(tell, "{applied} changes imported, all of the file");
    Ok(applied)
}

async fn apply(engine: &Engine, list: List) -> Result<u64, ImportError> {
    let List { changes, first, last } = list;
    let number = changes.len() as u64;
    if number == 0 {
        return Ok(0);
    }
    let json =
        serde_json::to_vec(&changes).map_err(|error| ImportError::Line { line: first, error })?;
    let revision = engine.snapshot().revision();
    match engine.apply(changes, json, engine.time().now, None).await {
        Ok(_) => Ok(number),
        Err(Refusal::StoreFailed) => Err(ImportError::Unsure { first, last, revision }),
        Err(refusal) => Err(ImportError::Refused { first, last, refusal }),
    }
}
