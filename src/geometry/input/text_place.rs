//! Places in a text, as editors count them.

use std::fmt;

use crate::util::line_behind;

/// A line and a column, counted from 1. LF, CR LF and CR alone each end one line; a column is a
/// character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LineColumn {
    line: usize,
    column: usize,
}

impl LineColumn {
    /// The place of the character behind a text.
    pub(super) fn behind(before: &str) -> Self {
        let last = before.rsplit(['\n', '\r']).next().unwrap_or_default();
        Self { line: line_behind(before), column: last.chars().count() + 1 }
    }
}

impl fmt::Display for LineColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} column {}", self.line, self.column)
    }
}

/// Shows the error of a JSON text with its place. The parser counts only the lines that end with LF,
/// and bytes in place of characters.
pub(super) struct JsonFault<'a> {
    pub(super) text: &'a str,
    pub(super) error: &'a serde_json::Error,
}

impl fmt::Display for JsonFault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, error } = self;
        let shown = error.to_string();
        let suffix = format!(" at line {} column {}", error.line(), error.column());
        let Some(reason) = shown.strip_suffix(&suffix) else { return f.write_str(&shown) };
        let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
        let until = lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
        // The parser stops inside of characters as well.
        let until = (0..=until.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
        let before = until.and_then(|until| text.get(..until)).unwrap_or_default();
        write!(f, "{reason} at {}", LineColumn::behind(before))
    }
}
