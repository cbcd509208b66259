//! Files in other encodings, decoded to UTF-8 as they are read.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The encoding of a file of cameras.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    Windows1252,
}

impl Encoding {
    pub(crate) const CHOICES: [(&'static str, Self); 4] = [
        ("utf-8", Self::Utf8),
        ("utf-16le", Self::Utf16Le),
        ("utf-16be", Self::Utf16Be),
        ("windows-1252", Self::Windows1252),
    ];

    pub(crate) fn name(self) -> &'static str {
        let named = Self::CHOICES.iter().find(|&&(_, encoding)| encoding == self);
        named.map_or("utf-8", |&(name, _)| name)
    }
}

/// The first bytes of a file, followed by the rest.
type Whole<R> = BufReader<Chain<Cursor<Vec<u8>>, R>>;

/// UTF-8 from a reader of any encoding, without a byte order mark.
///
/// UTF-8 is passed through unchecked: [`Records`](super::records::Records) checks it, since it
/// knows the line.
pub(crate) struct Decoded<R> {
    input: Whole<R>,
    /// `None` if the input is UTF-8.
    decoding: Option<Decoding>,
}

struct Decoding {
    decoder: Decoder,
    text: Vec<u8>,
    /// The part of `text` that is not consumed yet.
    unread: std::ops::Range<usize>,
    ended: bool,
    /// Whether the bytes behind `unread` are not valid text.
    malformed: bool,
}

const TEXT: usize = 1 << 16;

impl<R: Read> Decoded<R> {
    /// Opens a reader. Returns the encoding of its byte order mark, if it has one, which may differ
    /// from the given one.
    pub(crate) fn open(mut input: R, encoding: Encoding) -> io::Result<(Self, Option<Encoding>)> {
        let mut start = Vec::new();
        input.by_ref().take(3).read_to_end(&mut start)?;
        let (mark, length) = match *start.as_slice() {
            [0xef, 0xbb, 0xbf] => (Some(Encoding::Utf8), 3),
            [0xff, 0xfe, ..] => (Some(Encoding::Utf16Le), 2),
            [0xfe, 0xff, ..] => (Some(Encoding::Utf16Be), 2),
            _ => (None, 0),
        };
        if mark == Some(encoding) {
            start.drain(..length);
        }
        let decoder = match encoding {
            Encoding::Utf8 => None,
            Encoding::Utf16Le => Some(UTF_16LE),
            Encoding::Utf16Be => Some(UTF_16BE),
            Encoding::Windows1252 => Some(WINDOWS_1252),
        };
        let decoding = decoder.map(|encoding| Decoding {
            decoder: encoding.new_decoder_without_bom_handling(),
            text: vec![0; TEXT],
            unread: 0..0,
            ended: false,
            malformed: false,
        });
        let input = BufReader::with_capacity(TEXT, Cursor::new(start).chain(input));
        Ok((Self { input, decoding }, mark))
    }
}

impl Decoding {
    /// Decodes until there is text, or the input ends.
    fn fill(&mut self, input: &mut impl BufRead) -> io::Result<()> {
        while self.unread.is_empty() && !self.ended {
            if self.malformed {
                let name = self.decoder.encoding().name();
                let reason = format!("not {name} text (half a character)");
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            }
            let raw = input.fill_buf()?;
            let last = raw.is_empty();
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(raw, &mut self.text, last);
            input.consume(read);
            self.unread = 0..written;
            self.malformed = matches!(result, DecoderResult::Malformed(..));
            self.ended = last && result == DecoderResult::InputEmpty;
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut from = self.fill_buf()?;
        let read = from.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: Read> BufRead for Decoded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let Some(decoding) = &mut self.decoding else { return self.input.fill_buf() };
        decoding.fill(&mut self.input)?;
        Ok(decoding.text.get(decoding.unread.clone()).unwrap_or_default())
    }

    fn consume(&mut self, bytes: usize) {
        match &mut self.decoding {
            None => self.input.consume(bytes),
            Some(decoding) => decoding.unread.start += bytes,
        }
    }
}
