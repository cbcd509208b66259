//! The digest of a token, by which callers are known.

use std::fmt;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// The SHA-256 of a token, which is compared and stored in its place.
///
/// Tokens are long and random, so a plain digest is enough: nobody can try all of them. Comparison
/// takes constant time.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest of a token.
    #[must_use]
    pub fn of(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// The digest in hexadecimal, as in a configuration.
    #[must_use]
    pub fn hex(&self) -> String {
        self.0.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    }

    /// The digest with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> [u8; 32] {
        self.0
    }

    /// Whether two digests are equal, in constant time.
    #[must_use]
    pub fn same(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest")
    }
}

impl TryFrom<String> for TokenDigest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const BAD: &str = "the SHA-256 of a token is 64 hexadecimal digits";
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(BAD) };
        let digest: &[[u8; 2]; 32] = pairs.try_into().map_err(|_| BAD)?;
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let mut bytes = [0; 32];
        for (byte, &[high, low]) in bytes.iter_mut().zip(digest) {
            *byte = digit(high).ok_or(BAD)? << 4 | digit(low).ok_or(BAD)?;
        }
        Ok(Self(bytes))
    }
}
