//! Digests, and the one way in which values become the bytes that are digested.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::geometry::Area;
use crate::model::TimeWindow;
use crate::request::CameraScope;

/// Thirty-two bytes that stand for something: a SHA-256 digest, or a tag or commitment by
/// HMAC-SHA-256. Written as 64 hexadecimal digits.
///
/// ```
/// use canvass::audit::Digest;
///
/// let digest: Digest = "00".repeat(32).parse()?;
/// assert_eq!(digest, Digest([0; 32]));
/// assert!("00ff".parse::<Digest>().is_err());
/// # Ok::<(), canvass::audit::DigestError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The SHA-256 digest of bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || DigestError { text: text.chars().take(80).collect() };
        let nibble = |digit: u8| match digit {
            b'0'..=b'9' => Ok(digit - b'0'),
            b'a'..=b'f' => Ok(digit - b'a' + 10),
            _ => Err(error()),
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let mut digest = [0; 32];
        if pairs.len() != digest.len() || !rest.is_empty() {
            return Err(error());
        }
        for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
            *byte = nibble(*high)? << 4 | nibble(*low)?;
        }
        Ok(Self(digest))
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// A text is no [`Digest`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a digest: expected 64 hexadecimal digits in lower case")]
pub struct DigestError {
    text: String,
}

/// Bytes in which every field has its place: numbers in fixed width with the highest byte first,
/// texts and lists after their length in 8 bytes. So no two values have the same bytes.
#[derive(Debug, Default)]
pub(crate) struct Encoder(Vec<u8>);

impl Encoder {
    /// Starts with the domain, so that bytes of one use never equal those of another.
    pub(crate) fn new(domain: &str) -> Self {
        Self::default().text(domain)
    }

    pub(crate) fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    pub(crate) fn number(mut self, number: u64) -> Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    pub(crate) fn length(self, length: usize) -> Self {
        // A length fits in 64 bits on every machine there is.
        self.number(u64::try_from(length).unwrap_or(u64::MAX))
    }

    pub(crate) fn text(mut self, text: &str) -> Self {
        self = self.length(text.len());
        self.0.extend(text.as_bytes());
        self
    }

    pub(crate) fn digest(mut self, digest: Digest) -> Self {
        self.0.extend(digest.0);
        self
    }

    pub(crate) fn e7(mut self, degrees: f64) -> Self {
        self.0.extend(crate::geometry::to_e7(degrees).to_be_bytes());
        self
    }

    /// Seconds from 1970, then nanoseconds, both signed and of the same sign.
    pub(crate) fn instant(mut self, instant: Timestamp) -> Self {
        self.0.extend(instant.as_second().to_be_bytes());
        self.0.extend(instant.subsec_nanosecond().to_be_bytes());
        self
    }

    pub(crate) fn window(self, window: &TimeWindow) -> Self {
        self.instant(window.start()).instant(window.end())
    }

    /// The parts with their rings and vertices.
    pub(crate) fn area(self, area: &Area) -> Self {
        let parts = area.to_multi_polygon().0;
        self.each(parts.iter(), |encoder, part| {
            let rings: Vec<_> = std::iter::once(part.exterior()).chain(part.interiors()).collect();
            encoder.each(rings.into_iter(), |encoder, ring| {
                encoder.each(ring.0.iter(), |encoder, at| encoder.e7(at.x).e7(at.y))
            })
        })
    }

    /// Comes last, and adds nothing for the default scope: so such requests keep the bytes that they
    /// had before there was anything else to ask for.
    pub(crate) fn camera_scope(self, camera_scope: CameraScope) -> Self {
        match camera_scope {
            CameraScope::StandingIn => self,
            CameraScope::SeeingInto => self.text("seeing_into"),
        }
    }

    pub(crate) fn each<T>(
        self,
        items: impl ExactSizeIterator<Item = T>,
        one: impl Fn(Self, T) -> Self,
    ) -> Self {
        let length = items.len();
        items.fold(self.length(length), one)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.0
    }

    /// The SHA-256 digest of the bytes.
    pub(crate) fn finish(self) -> Digest {
        Digest::of(&self.0)
    }
}
