//! Bodies larger than the engine carries, as records of one piece each.

use super::record::Body;
use crate::pieces::cut;

/// The bytes of a record around its body and, in a piece, around the base64 text.
const AROUND: usize = 1_024;

/// Why a whole of pieces is no body.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The whole cannot be read.
    #[error("the whole of the pieces is no content of a record: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// The whole is of a kind that is never cut.
    #[error("the whole of the pieces is of a kind that is never cut")]
    NeverCut,
}

/// The bodies of the records that carry a body: itself, or its pieces where its record would have more bytes
/// than `most`. Readers apply it at the last piece.
///
/// # Errors
///
/// If it cannot be written.
pub fn bodies(body: Body, most: usize) -> Result<Vec<Body>, serde_json::Error> {
    let text = serde_json::to_vec(&body)?;
    if text.len() <= most.saturating_sub(AROUND) {
        return Ok(vec![body]);
    }
    // Base64 takes four bytes for three.
    let pieces = cut(&text, most.saturating_sub(AROUND) / 4 * 3);
    Ok(pieces.into_iter().map(Body::Piece).collect())
}

/// The body of joined pieces.
///
/// # Errors
///
/// If they are no body that may be cut.
pub fn whole(text: &[u8]) -> Result<Body, JoinError> {
    let body = serde_json::from_slice(text)?;
    match body {
        // Offices and marks are small, and the chain decides about them before it joins anything.
        Body::Office { .. } | Body::Mark | Body::Piece(_) => Err(JoinError::NeverCut),
        body => Ok(body),
    }
}
