//! Contents that are larger than a message of the engine may be, cut into pieces.
//!
//! Each piece carries the digest of its whole, its number and their count. Pieces are joined in order, and the
//! whole must have the digest: a lost, doubled or foreign piece is an error, and never a shorter content.

use canvass::audit::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// One piece of a content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// The SHA-256 digest of the whole.
    pub whole: Digest,
    /// Its number, counted from 0.
    pub number: u32,
    /// How many pieces there are.
    pub count: u32,
    /// Its bytes; in texts in base64.
    #[serde(with = "base64_text")]
    pub bytes: Vec<u8>,
}

/// Why pieces do not make a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PieceError {
    /// A piece is missing.
    #[error("piece {found} of {count} came where piece {expected} was expected: one is lost")]
    Lost {
        /// The number that was expected.
        expected: u32,
        /// The number that came.
        found: u32,
        /// How many there are.
        count: u32,
    },
    /// A piece came again.
    #[error("piece {found} of {count} came again")]
    Doubled {
        /// Its number.
        found: u32,
        /// How many there are.
        count: u32,
    },
    /// A piece is of another whole.
    #[error("piece {found} is of another whole than the pieces before it")]
    Foreign {
        /// Its number.
        found: u32,
    },
    /// The pieces are as many as they should be, and do not make the whole.
    #[error("the pieces do not make the whole: its digest is another")]
    Broken,
}

/// Cuts a content into pieces of so many bytes at most.
#[must_use]
pub fn cut(content: &[u8], at_most: usize) -> Vec<Piece> {
    let whole = digest(content);
    let chunks = content.chunks(at_most.max(1));
    // INVARIANT: a content of 2^32 pieces fits no memory.
    let count = u32::try_from(chunks.len()).unwrap_or(u32::MAX);
    let numbered = (0..count).zip(chunks);
    numbered.map(|(number, bytes)| Piece { whole, number, count, bytes: bytes.to_vec() }).collect()
}

fn digest(content: &[u8]) -> Digest {
    Digest(Sha256::digest(content).into())
}

/// Joins the pieces of one content after the other.
#[derive(Clone, Debug, Default)]
pub struct Joiner {
    /// The digest of the whole, the count of its pieces, and those that are here.
    begun: Option<(Digest, u32, u32)>,
    bytes: Vec<u8>,
}

impl Joiner {
    /// Whether no whole is begun.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.begun.is_none()
    }

    /// How many bytes are here of a whole that is begun.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Gives up on a whole that is begun.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Takes the next piece, and returns the whole with the last one. After an error nothing is begun.
    ///
    /// # Errors
    ///
    /// If it is not the piece that follows, or the whole has another digest.
    pub fn take(&mut self, piece: &Piece) -> Result<Option<Vec<u8>>, PieceError> {
        let Self { begun, mut bytes } = std::mem::take(self);
        let &Piece { whole, number: found, count, bytes: ref more } = piece;
        let (of, pieces, expected) = begun.unwrap_or((whole, count, 0));
        if (of, pieces) != (whole, count) {
            return Err(PieceError::Foreign { found });
        }
        if found < expected {
            return Err(PieceError::Doubled { found, count });
        }
        if found > expected || found >= count {
            return Err(PieceError::Lost { expected, found, count });
        }
        bytes.extend_from_slice(more);
        let here = expected.saturating_add(1);
        if here < count {
            *self = Self { begun: Some((whole, count, here)), bytes };
            return Ok(None);
        }
        if digest(&bytes) != whole {
            return Err(PieceError::Broken);
        }
        Ok(Some(bytes))
    }
}

/// Bytes as a text in base64.
mod base64_text {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        BASE64_STANDARD.decode(text.as_bytes()).map_err(serde::de::Error::custom)
    }
}
