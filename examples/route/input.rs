//! Reading files, and saying in one line what is wrong with them.

use std::fmt;
use std::path::Path;

/// Input that cannot be read: where, and why, in one line.
#[derive(Debug)]
pub(crate) struct BadInput(String);

impl BadInput {
    pub(crate) fn new(line: String) -> Self {
        Self(line)
    }

    /// `file:line: reason`, as editors understand it.
    pub(crate) fn at(file: &Path, line: u64, reason: impl fmt::Display) -> Self {
        Self(format!("{}:{line}: {reason}", file.display()))
    }
}

impl fmt::Display for BadInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadInput {}

/// The text of a file, without a byte order mark.
pub(crate) fn read(file: &Path) -> Result<String, BadInput> {
    let bytes = std::fs::read(file)
        .map_err(|error| BadInput::new(format!("{}: cannot be read: {error}", file.display())))?;
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let (good, _) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
        let line = good.split(|&byte| byte == b'\n').count();
        BadInput::at(file, line as u64, "not UTF-8 text")
    })?;
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Ok(text)
}

/// A piece of input as it may stand in a line: no line breaks, and not too long.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(40).collect();
    if shown.len() < text.len() {
        shown.push_str("...");
    }
    shown.escape_debug().to_string()
}
