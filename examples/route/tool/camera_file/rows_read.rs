//! The numbers of rows read and skipped, and their places in the file.

use std::collections::BTreeMap;
use std::fmt;

use super::records::Record;
use super::row::BadRow;

/// The line of each accepted row. Most rows follow one another line by line, so one entry stands
/// for a run of them.
#[derive(Default)]
pub(crate) struct RowLines {
    /// The first row of each run and its line.
    runs: Vec<(u32, u64)>,
    rows: u32,
}

impl RowLines {
    pub(crate) fn push(&mut self, line: u64) {
        if self.rows == 0 || self.of(self.rows) != line {
            self.runs.push((self.rows, line));
        }
        self.rows = self.rows.saturating_add(1);
    }

    /// The line of a row; for the next row, the line that it has without a gap.
    pub(crate) fn of(&self, row: u32) -> u64 {
        let run = self.runs.partition_point(|&(first, _)| first <= row);
        let run = run.checked_sub(1).and_then(|run| self.runs.get(run));
        run.map_or(1, |&(first, line)| line + u64::from(row - first))
    }
}

/// A report on a file: the first skipped rows one by one, and counts of all.
#[derive(Debug)]
pub(crate) struct RowsRead {
    file: String,
    pub(crate) read: u64,
    /// Lines and rows of only blanks and delimiters.
    pub(crate) blank: u64,
    named: Vec<String>,
    skipped: BTreeMap<&'static str, u64>,
    spanning: u64,
    /// The first and last line of the longest record that spans lines.
    longest: Option<(u64, u64)>,
}

/// The number of rows that are reported one by one.
const NAMED: usize = 20;

impl RowsRead {
    pub(crate) fn new(file: String) -> Self {
        let (named, skipped) = (Vec::new(), BTreeMap::new());
        Self { file, read: 0, blank: 0, named, skipped, spanning: 0, longest: None }
    }

    pub(crate) fn add(&mut self, record: &Record) {
        self.read += 1;
        let (first, last) = (record.line(), record.last_line());
        if first < last {
            self.spanning += 1;
            if self.longest.is_none_or(|(start, end)| end - start < last - first) {
                self.longest = Some((first, last));
            }
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "nobody needs it after that")]
    pub(crate) fn skip(&mut self, bad: BadRow) {
        *self.skipped.entry(bad.column).or_default() += 1;
        if self.named.len() < NAMED {
            self.named.push(format!("{}:{}: skipped: {bad}", self.file, bad.line));
        }
    }

    pub(crate) fn skipped(&self) -> u64 {
        self.skipped.values().sum()
    }
}

impl fmt::Display for RowsRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.named {
            writeln!(f, "{row}")?;
        }
        let skipped = self.skipped();
        let unnamed = skipped - self.named.len() as u64;
        if unnamed > 0 {
            writeln!(f, "{}: {unnamed} more rows are skipped", self.file)?;
        }
        write!(f, "{}: {} rows read, {skipped} skipped", self.file, self.read)?;
        for (i, (column, rows)) in self.skipped.iter().enumerate() {
            write!(f, "{}{column}: {rows}", if i == 0 { " (" } else { ", " })?;
        }
        f.write_str(if skipped > 0 { ")" } else { "" })?;
        if self.blank > 0 {
            write!(f, ", {} blank lines passed over", self.blank)?;
        }
        if let Some((first, last)) = self.longest {
            let rows = self.spanning;
            write!(f, ", {rows} over more than one line (the longest: lines {first} to {last})")?;
        }
        writeln!(f)
    }
}
