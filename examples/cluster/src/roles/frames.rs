//! Messages between processes as bytes: whole, or in pieces where they are larger than the engine carries.
//!
//! A whole message is JSON. One in pieces goes piece by piece, each by a request of its own: the receiver of a
//! call confirms each piece, and answers the last; whoever was answered in pieces fetches them one by one. So
//! a slow receiver is never flooded, and a lost piece is noticed at once.

use bytes::Bytes;
use canvass::audit::Digest;

use crate::pieces::{Piece, cut};

/// The first bytes of a piece. JSON begins otherwise.
const PIECE: [u8; 4] = *b"CNVP";
/// The first bytes of a request for a piece of an answer.
const FETCH: [u8; 4] = *b"CNVF";
/// A piece of a call has arrived.
const ARRIVED: &[u8] = b"CNVA";
/// The bytes of a piece around its content.
const HEADER: usize = 4 + 16 + 32 + 4 + 4;

/// The random number of one sending: two callers may send equal contents at once.
pub type SendingId = [u8; 16];

/// A message as it arrives.
#[derive(Debug)]
pub enum Frame<'a> {
    /// A whole message.
    Whole(&'a [u8]),
    /// A piece of one.
    Piece(SendingId, Piece),
    /// A request for a piece of an answer, by its number.
    Fetch(SendingId, u32),
    /// A piece of a call has arrived.
    Arrived,
}

impl<'a> Frame<'a> {
    /// Reads a message.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Self {
        if bytes == ARRIVED {
            return Self::Arrived;
        }
        piece(bytes).or_else(|| fetch(bytes)).unwrap_or(Self::Whole(bytes))
    }
}

fn piece(bytes: &[u8]) -> Option<Frame<'_>> {
    let rest = bytes.strip_prefix(&PIECE)?;
    let (&id, rest) = rest.split_first_chunk()?;
    let (&whole, rest) = rest.split_first_chunk()?;
    let (&number, rest) = rest.split_first_chunk()?;
    let (&count, rest) = rest.split_first_chunk()?;
    let (number, count) = (u32::from_be_bytes(number), u32::from_be_bytes(count));
    Some(Frame::Piece(id, Piece { whole: Digest(whole), number, count, bytes: rest.to_vec() }))
}

fn fetch(bytes: &[u8]) -> Option<Frame<'_>> {
    let rest = bytes.strip_prefix(&FETCH)?;
    let (&id, rest) = rest.split_first_chunk()?;
    Some(Frame::Fetch(id, u32::from_be_bytes(rest.try_into().ok()?)))
}

/// The messages that carry a content: itself, or its pieces if it has more bytes than `most`.
///
/// # Errors
///
/// If the system gives no random bytes.
pub fn messages(content: Vec<u8>, most: usize) -> Result<Vec<Bytes>, getrandom::Error> {
    if content.len() <= most {
        return Ok(vec![content.into()]);
    }
    let mut id = SendingId::default();
    getrandom::fill(&mut id)?;
    let pieces = cut(&content, most.saturating_sub(HEADER));
    Ok(pieces.iter().map(|piece| written(id, piece)).collect())
}

fn written(id: SendingId, piece: &Piece) -> Bytes {
    let Piece { whole, number, count, bytes } = piece;
    let header = [&PIECE[..], &id, &whole.0, &number.to_be_bytes(), &count.to_be_bytes()].concat();
    [header.as_slice(), bytes].concat().into()
}

/// The request for a piece of an answer.
#[must_use]
pub fn fetching(id: SendingId, number: u32) -> Bytes {
    [&FETCH[..], &id, &number.to_be_bytes()].concat().into()
}

/// The confirmation of a piece.
#[must_use]
pub fn arrived() -> Bytes {
    Bytes::from_static(ARRIVED)
}
