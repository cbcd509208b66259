//! Calls that arrive at a process in pieces, and its answers that are fetched in pieces.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::frames::{Frame, SendingId};
use crate::pieces::{Joiner, Piece, PieceError};

/// After so long without a further piece a sending is given up.
const IDLE: Duration = Duration::from_secs(15);
/// How many bytes are kept at most of calls, and of answers.
const MOST: usize = 512 << 20;

/// The calls and answers of a process that are under way in pieces.
#[derive(Debug, Default)]
pub struct Large {
    calls: Mutex<BTreeMap<SendingId, (Instant, Joiner)>>,
    answers: Mutex<BTreeMap<SendingId, (Instant, Vec<Bytes>)>>,
}

/// Why a piece is refused.
#[derive(Debug, thiserror::Error)]
pub enum LargeError {
    /// It is not the one that follows.
    #[error(transparent)]
    Piece(#[from] PieceError),
    /// Too much is under way.
    #[error("this process has {MOST} bytes of large messages under way: try again in a moment")]
    Full,
}

impl Large {
    /// Takes a piece of a call, and returns the call with the last one.
    ///
    /// # Errors
    ///
    /// If it is not the one that follows, or too much is under way.
    pub fn take(&self, id: SendingId, piece: &Piece) -> Result<Option<Vec<u8>>, LargeError> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.retain(|_, (at, _)| at.elapsed() < IDLE);
        let here: usize = calls.values().map(|(_, joiner)| joiner.len()).sum();
        let (_, mut joiner) = calls.remove(&id).unwrap_or((Instant::now(), Joiner::default()));
        if here.saturating_add(piece.bytes.len()) > MOST {
            return Err(LargeError::Full);
        }
        let whole = joiner.take(piece)?;
        if whole.is_none() {
            calls.insert(id, (Instant::now(), joiner));
        }
        Ok(whole)
    }

    /// Keeps an answer in pieces until they are fetched, and returns the first.
    ///
    /// # Errors
    ///
    /// If too much is under way.
    pub fn keep(&self, messages: Vec<Bytes>) -> Result<Bytes, LargeError> {
        let first = messages.first().cloned().unwrap_or_default();
        // One message is the whole.
        if let (Frame::Piece(id, _), true) = (Frame::read(&first), messages.len() > 1) {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.retain(|_, (at, _)| at.elapsed() < IDLE);
            let kept = answers.values().map(|(_, pieces)| pieces).chain([&messages]);
            if kept.flatten().map(Bytes::len).sum::<usize>() > MOST {
                return Err(LargeError::Full);
            }
            answers.insert(id, (Instant::now(), messages));
        }
        Ok(first)
    }

    /// A piece of an answer; `None` if it is not kept any more. With the last piece it is forgotten.
    pub fn fetch(&self, id: SendingId, number: u32) -> Option<Bytes> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, pieces) = answers.get_mut(&id)?;
        *at = Instant::now();
        let piece = pieces.get(usize::try_from(number).ok()?).cloned();
        if piece.is_some() && usize::try_from(number) == Ok(pieces.len().saturating_sub(1)) {
            answers.remove(&id);
        }
        piece
    }
}
