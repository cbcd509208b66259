//! Bulk import of a registry from a file, with progress: `--import FILE`. Use it for the first
//! start, and for the pages of `GET /v1/export`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use canvass::{Change, Revision};
use serde::Deserialize;
use serde_json::value::RawValue;

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
    #[error("line {line} cannot be read: {}; correct it, and continue with `--skip {}`", reason(error), line - 1)]
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

/// A page of an export.
#[derive(Deserialize)]
struct Page {
    changes: Vec<Change>,
}

/// The changes of a line: one, a list, or a page of an export. The error is that of the form that the line has.
fn changes(line: &[u8]) -> Result<Vec<Change>, serde_json::Error> {
    if line.trim_ascii_start().starts_with(b"[") {
        return serde_json::from_slice(line);
    }
    serde_json::from_slice(line).map(|change| vec![change]).or_else(|error| {
        let is_page = serde_json::from_slice::<BTreeMap<String, &RawValue>>(line)
            .is_ok_and(|members| members.contains_key("changes"));
        if is_page {
            serde_json::from_slice::<Page>(line).map(|page| page.changes)
        } else {
            Err(error)
        }
    })
}

/// An error without its line, which is always the first of a text of one line.
fn reason(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}

/// The lines of a file as editors count them: LF, CR LF and CR alone each end one. None of them stands inside a
/// JSON text but as white space.
struct Lines<R> {
    file: R,
    after_cr: bool,
    /// How many bytes were read.
    bytes: u64,
}

impl<R: BufRead> Lines<R> {
    fn new(file: R) -> Self {
        Self { file, after_cr: false, bytes: 0 }
    }

    /// The next line without its end; `None` behind the last.
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        loop {
            let buffer = self.file.fill_buf()?;
            let second = std::mem::take(&mut self.after_cr) && buffer.first() == Some(&b'\n');
            let text = buffer.get(usize::from(second)..).unwrap_or_default();
            let end = text.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (taken, is_empty) = (end.unwrap_or(text.len()), buffer.is_empty());
            line.extend_from_slice(text.get(..taken).unwrap_or_default());
            self.after_cr = end.is_some_and(|end| text.get(end) == Some(&b'\r'));
            let passed = usize::from(second) + taken + usize::from(end.is_some());
            self.file.consume(passed);
            self.bytes = self.bytes.saturating_add(passed as u64);
            if end.is_some() || is_empty && !line.is_empty() {
                return Ok(Some(line));
            }
            if is_empty {
                return Ok(None);
            }
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
    let (mut applied, mut number, mut list) = (0, 0_u64, List::default());
    let mut lines = Lines::new(BufReader::new(file));
    while let Some(line) = lines.next().map_err(unread)? {
        number += 1;
        // A byte order mark begins no JSON text.
        let line = line.strip_prefix(b"\xef\xbb\xbf").filter(|_| number == 1).unwrap_or(&line);
        if number <= skip || line.trim_ascii().is_empty() {
            continue;
        }
        let changes = match changes(line) {
            Ok(changes) => changes,
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
            let percent = lines.bytes.saturating_mul(100) / length;
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

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::{Lines, changes, reason};

    /// Lines through buffers of every size, so that each end lies across two of them once.
    #[test]
    fn lines_end_with_lf_cr_lf_or_cr() {
        let text = b"a\n\r\nb\r\rc\r\n\r\nlast";
        let expected = ["a", "", "b", "", "c", "", "last"];
        for size in 1..text.len() {
            let mut lines = Lines::new(BufReader::with_capacity(size, &text[..]));
            let read = std::iter::from_fn(|| lines.next().expect("memory"));
            let read: Vec<_> = read.map(|line| String::from_utf8(line).expect("text")).collect();
            assert_eq!(read, expected, "{size}");
            assert_eq!(lines.bytes, text.len() as u64, "{size}");
        }
    }

    #[test]
    fn an_error_is_that_of_the_form_that_a_line_has() {
        let error = |line: &str| reason(&changes(line.as_bytes()).expect_err("not a change"));
        let one = error(r#"{"withdraw":{"owner":-7}}"#);
        assert_eq!(one, "invalid value: integer `-7`, expected u64 at column 23");
        let page = error(r#"{"changes":[{"withdraw":{"owner":-7}}],"next":null}"#);
        assert_eq!(page, "invalid value: integer `-7`, expected u64 at column 35");
        let list = error(r#"[{"withdraw":{"owner":-7}}]"#);
        assert_eq!(list, "invalid value: integer `-7`, expected u64 at column 24");
        assert!(error(r#"{"withdrawn":{"owner":7}}"#).starts_with("unknown variant `withdrawn`"));
        let page = br#"{"changes":[{"withdraw":{"owner":7}}],"next":null}"#;
        assert_eq!(changes(page).expect("a page").len(), 1);
    }
}
