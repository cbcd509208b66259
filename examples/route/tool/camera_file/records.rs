//! The records of a CSV text, read strictly.
//!
//! ```text
//! text     = *( *blank line-end ) record *( line-end ( record / *blank ) )
//! line-end = CR LF / LF / CR
//! record   = field *( delimiter field )
//! field    = *blank ( quoted / plain ) *blank
//! quoted   = QUOTE *( QUOTE QUOTE / any but QUOTE ) QUOTE
//! plain    = *( any but QUOTE, delimiter, CR and LF )
//! blank    = any white space but the delimiter, CR and LF
//! ```
//!
//! The grammar of RFC 4180, with blanks around fields. Everything else is refused, since a reader
//! that guesses may drop cameras or split an owner: a quoted field that is not closed, text behind
//! a closing quotation mark, a mark inside a plain field. The crate `csv` accepts all three.

use std::io::{self, BufRead};
use std::mem;
use std::ops::Range;

use super::super::bad_input::LineCounter;
use super::malformed::{LONGEST_FIELD, Malformed, Reason};

const QUOTE: u8 = b'"';

/// The syntax of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// An ASCII character.
    pub(crate) delimiter: u8,
    /// Whether quotation marks enclose fields. If not, they are characters like others.
    pub(crate) quotes: bool,
}

impl Dialect {
    pub(crate) const COMMAS: Self = Self { delimiter: b',', quotes: true };
}

/// One record, its fields without marks and blanks around them.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// The fields with a delimiter behind each, so that neighbours do not join.
    text: String,
    fields: Vec<Field>,
    line: u64,
    last_line: u64,
}

#[derive(Debug)]
struct Field {
    within: Range<usize>,
    line: u64,
}

impl Record {
    pub(crate) fn len(&self) -> usize {
        self.fields.len()
    }

    /// The line in which the record begins.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The line in which it ends.
    pub(crate) fn last_line(&self) -> u64 {
        self.last_line
    }

    /// A field's text without blanks around it; empty if there is no such field.
    pub(crate) fn get(&self, index: usize) -> &str {
        let field = self.fields.get(index).and_then(|field| self.text.get(field.within.clone()));
        field.unwrap_or_default().trim()
    }

    /// The line in which a field begins.
    pub(crate) fn line_of(&self, index: usize) -> u64 {
        self.fields.get(index).map_or(self.line, |field| field.line)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index))
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.iter().all(str::is_empty)
    }
}

/// Reads a text record by record.
pub(crate) struct Records<R> {
    input: R,
    dialect: Dialect,
    lines: LineCounter,
    bytes: u64,
    empty_lines: u64,
}

impl<R: BufRead> Records<R> {
    pub(crate) fn new(input: R, dialect: Dialect) -> Self {
        Self { input, dialect, lines: LineCounter::new(), bytes: 0, empty_lines: 0 }
    }

    /// The number of bytes read.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The number of empty lines passed over.
    pub(crate) fn empty_lines(&self) -> u64 {
        self.empty_lines
    }

    /// Reads the next record into a buffer that can be reused. Returns `false` at the end of the
    /// text; lines of blanks only are passed over.
    ///
    /// An error ends the text: behind a misplaced mark the start of the next record is unknown.
    pub(crate) fn read(&mut self, record: &mut Record) -> Result<bool, Malformed> {
        while self.read_line(record)? {
            if record.len() > 1 || !record.is_blank() {
                return Ok(true);
            }
            self.empty_lines += 1;
        }
        Ok(false)
    }

    /// As [`read`](Self::read), with a record of one blank field for an empty line.
    fn read_line(&mut self, record: &mut Record) -> Result<bool, Malformed> {
        let Dialect { delimiter, quotes } = self.dialect;
        let mut text = mem::take(&mut record.text).into_bytes();
        text.clear();
        record.fields.clear();
        record.line = self.lines.line();
        let mut field = Open::at(0, record.line);
        let (mut any, mut ended) = (false, false);
        while !ended {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Malformed::new(self.lines.line(), Reason::Read(error))),
            };
            if chunk.is_empty() && !any {
                return Ok(false);
            }
            ended = chunk.is_empty();
            let mut rest = chunk;
            while let Some((&byte, behind)) = rest.split_first()
                && !ended
            {
                let special =
                    |&byte: &u8| matches!(byte, b'\r' | b'\n' | QUOTE) || byte == delimiter;
                if !special(&byte) {
                    let plain = rest.iter().position(special).unwrap_or(rest.len());
                    let (taken, left) = rest.split_at(plain);
                    field.push(&mut text, taken)?;
                    self.lines.pass_plain();
                    (rest, any) = (left, true);
                    continue;
                }
                rest = behind;
                let line = self.lines.line();
                if self.lines.pass(byte) && !any {
                    // This LF belongs to the CR LF that ended the record before.
                    continue;
                }
                any = true;
                match byte {
                    QUOTE if quotes => field.mark(&mut text, line)?,
                    _ if field.is_quoted() || byte == QUOTE => field.push(&mut text, &[byte])?,
                    b'\r' | b'\n' => {
                        record.last_line = line;
                        ended = true;
                    }
                    _ => {
                        record.fields.push(field.close(&mut text, line)?);
                        text.push(delimiter);
                        field = Open::at(text.len(), line);
                    }
                }
            }
            let read = chunk.len() - rest.len();
            self.bytes += read as u64;
            self.input.consume(read);
            if read == 0 {
                record.last_line = self.lines.line();
            }
        }
        record.fields.push(field.close(&mut text, record.last_line)?);
        record.text = utf8(text, record.line)?;
        Ok(true)
    }
}

/// The reader's state in a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Plain,
    Quoted,
    /// Behind a mark in a quoted field: it closes the field, or is the first of two.
    Mark,
    /// Behind a closing mark, where only blanks may follow.
    Closed,
}

/// A field that is being read.
struct Open {
    start: usize,
    /// The end of a quoted field's text, once it is closed; blanks may follow.
    end: usize,
    line: u64,
    state: State,
}

impl Open {
    const fn at(start: usize, line: u64) -> Self {
        Self { start, end: start, line, state: State::Plain }
    }

    fn is_quoted(&self) -> bool {
        self.state == State::Quoted
    }

    /// Adds bytes without a special meaning.
    fn push(&mut self, text: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Malformed> {
        if self.state == State::Mark {
            self.state = State::Closed;
        }
        text.extend_from_slice(bytes);
        if text.len() - self.start > LONGEST_FIELD {
            let reason = if self.is_quoted() { Reason::TooLong } else { Reason::NoField };
            return Err(Malformed::new(self.line, reason));
        }
        Ok(())
    }

    /// Adds a quotation mark, which opens or closes the field or, after another, is text.
    fn mark(&mut self, text: &mut Vec<u8>, line: u64) -> Result<(), Malformed> {
        match self.state {
            State::Plain if is_blank(text, self.start) => {
                text.truncate(self.start);
                self.state = State::Quoted;
            }
            State::Plain => return Err(Malformed::new(line, Reason::MarkInside)),
            State::Quoted => {
                self.end = text.len();
                self.state = State::Mark;
            }
            State::Mark => {
                text.push(QUOTE);
                self.state = State::Quoted;
            }
            State::Closed => {
                return Err(Malformed::new(self.line, Reason::TextBehind { closed: line }));
            }
        }
        Ok(())
    }

    /// The field, at the delimiter or line end behind it, which is in `line`.
    fn close(&self, text: &mut Vec<u8>, line: u64) -> Result<Field, Malformed> {
        match self.state {
            State::Plain => {}
            State::Quoted => return Err(Malformed::new(self.line, Reason::NotClosed)),
            State::Mark | State::Closed if is_blank(text, self.end) => text.truncate(self.end),
            State::Mark | State::Closed => {
                return Err(Malformed::new(self.line, Reason::TextBehind { closed: line }));
            }
        }
        Ok(Field { within: self.start..text.len(), line: self.line })
    }
}

/// Whether there is nothing but white space from `start`.
fn is_blank(text: &[u8], start: usize) -> bool {
    let rest = text.get(start..).unwrap_or_default();
    std::str::from_utf8(rest).is_ok_and(|rest| rest.trim().is_empty())
}

fn utf8(text: Vec<u8>, line: u64) -> Result<String, Malformed> {
    let text = String::from_utf8(text).map_err(|error| {
        let (good, _) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
        Malformed::new(line - 1 + LineCounter::line_after(good), Reason::NotUtf8)
    })?;
    match text.find('\0') {
        None => Ok(text),
        Some(nul) => {
            let (good, _) = text.as_bytes().split_at(nul);
            Err(Malformed::new(line - 1 + LineCounter::line_after(good), Reason::Nul))
        }
    }
}
