//! Why a text is no table of records, and where.

use std::io;

/// A quoted field may span lines; one this long was never closed.
pub(crate) const LONGEST_FIELD: usize = 1 << 20;

/// The reason why a text is not CSV.
#[derive(Debug)]
pub(crate) struct Malformed {
    /// The line of the fault; for a quoted field, the line in which it opens.
    pub(crate) line: u64,
    pub(crate) reason: Reason,
}

impl Malformed {
    pub(crate) const fn new(line: u64, reason: Reason) -> Self {
        Self { line, reason }
    }
}

#[derive(Debug)]
pub(crate) enum Reason {
    NotClosed,
    TooLong,
    NoField,
    TextBehind { closed: u64 },
    MarkInside,
    NotUtf8,
    Nul,
    Read(io::Error),
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kilobytes = LONGEST_FIELD >> 10;
        match self {
            Self::NotClosed => f.write_str(
                "a field opens here with a quotation mark and is not closed before the end of the \
                 file; close it, or remove the mark",
            ),
            Self::TooLong => write!(
                f,
                "a field opens here with a quotation mark and is not closed within {kilobytes} kB; \
                 close it, or remove the mark"
            ),
            Self::NoField => write!(f, "a field has more than {kilobytes} kB: is this a CSV file?"),
            Self::TextBehind { closed } => write!(
                f,
                "a quoted field opens here, and in line {closed} text follows its closing quotation \
                 mark; double a mark that belongs to the field, or close the field before"
            ),
            Self::MarkInside => f.write_str(
                "a quotation mark inside a field that does not begin with one; quote the field and \
                 double the mark, or use --no-quotes if marks are plain characters here",
            ),
            Self::NotUtf8 => f.write_str(
                "not UTF-8 text; convert the file, or name its encoding, such as --encoding \
                 windows-1252",
            ),
            Self::Nul => f.write_str(
                "a NUL byte, which is in no UTF-8 text; if the file is UTF-16, use --encoding \
                 utf-16le or utf-16be",
            ),
            Self::Read(error) => write!(f, "cannot be read: {error}"),
        }
    }
}
