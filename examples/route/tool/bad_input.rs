//! Input that cannot be read, reported in one line.

use std::fmt;
use std::path::Path;

/// The reason why input cannot be read, and the place, in one line. The program ends with exit code
/// 2.
#[derive(Debug)]
pub(crate) struct BadInput(String);

impl BadInput {
    pub(crate) fn new(line: String) -> Self {
        Self(line)
    }

    /// `file:line: reason`, as editors understand it.
    pub(crate) fn at(file: &Path, line: u64, reason: impl fmt::Display) -> Self {
        Self(format!("{}:{line}: {reason}", shown_file(file)))
    }
}

impl fmt::Display for BadInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadInput {}

/// Whether an argument means standard input.
pub(crate) fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// A file's name for messages.
pub(crate) fn shown_file(file: &Path) -> String {
    if is_stdin(file) { "<stdin>".to_owned() } else { file.display().to_string() }
}

/// A piece of input as it may appear in a message: no line breaks, and at most 40 characters.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(40).collect();
    if shown.len() < text.len() {
        shown.push_str("...");
    }
    shown.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'")
}

/// Counts line ends as editors do: LF, CR LF and CR alone each end one line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineCounter {
    line: u64,
    after_cr: bool,
}

impl LineCounter {
    pub(crate) const fn new() -> Self {
        Self { line: 1, after_cr: false }
    }

    /// The line of the byte that comes next.
    pub(crate) const fn line(self) -> u64 {
        self.line
    }

    /// Passes a byte. Returns whether it is the LF of a CR LF.
    pub(crate) fn pass(&mut self, byte: u8) -> bool {
        let second = byte == b'\n' && self.after_cr;
        self.line += u64::from(matches!(byte, b'\n' | b'\r') && !second);
        self.after_cr = byte == b'\r';
        second
    }

    /// Passes bytes of which none ends a line; there is one at least.
    pub(crate) const fn pass_plain(&mut self) {
        self.after_cr = false;
    }

    /// The line in which a text that begins in line 1 ends.
    pub(crate) fn line_after(text: &[u8]) -> u64 {
        let mut counter = Self::new();
        for &byte in text {
            counter.pass(byte);
        }
        counter.line()
    }
}
