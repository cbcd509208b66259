//! The key under which the operator's processes seal for each other, and the seal.

use std::fmt;

use aes_siv::KeyInit;
use aes_siv::siv::Aes256Siv;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::error::SealError;

/// The key that the operator's own processes share: with it a front seals an
/// [`AuthorizedRequest`](crate::AuthorizedRequest) for its workers, and workers seal each
/// [`PartialRoute`](crate::parts::PartialRoute) for the front.
///
/// Make 32 random bytes once, and give them to the processes as you give them other secrets.
/// Anybody with the key can authorise requests and read parts; without it nothing can be read, and
/// a changed bit is an error. `Debug` does not print it.
///
/// Bytes are sealed by AES-256-SIV (RFC 5297). It takes no nonce, so this library needs no source
/// of randomness; the price is that equal contents have equal bytes under one key. The key and
/// all that needs it are there with the feature `sealed-parts`.
///
/// ```
/// use canvass::parts::OperatorKey;
///
/// assert_eq!(format!("{:?}", OperatorKey::new([7; 32])), "OperatorKey(..)");
/// ```
#[derive(Clone)]
pub struct OperatorKey([u8; 64]);

/// The first bytes of sealed content.
const MAGIC: [u8; 4] = *b"CNVS";
/// The version of header and contents.
const VERSION: u8 = 1;
/// The bytes of the header: magic, version and kind. The seal covers them.
const HEADER: usize = MAGIC.len() + 2;
/// The bytes that the seal adds.
const TAG: usize = 16;

/// The kinds of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Request = 1,
    Part = 2,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Request => "an authorised request",
            Self::Part => "a part of a route",
        }
    }

    fn of(byte: u8) -> &'static str {
        let known = [Self::Request, Self::Part].into_iter().find(|&kind| kind as u8 == byte);
        known.map_or("something that this version does not know", Self::name)
    }
}

impl OperatorKey {
    /// The key with these 32 random bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        let mut key = [0; 64];
        for (half, label) in key.as_chunks_mut::<32>().0.iter_mut().zip(["mac", "cipher"]) {
            *half = derived(&bytes, label);
        }
        Self(key)
    }

    /// Seals a content of a kind.
    pub(super) fn seal(&self, kind: Kind, content: &[u8]) -> Vec<u8> {
        let [a, b, c, d] = MAGIC;
        let header: [u8; HEADER] = [a, b, c, d, VERSION, kind as u8];
        // INVARIANT: this fails for more than 126 headers only. Without a body nothing could open it.
        let body = Aes256Siv::new(&self.0.into()).encrypt([header], content).unwrap_or_default();
        [header.as_slice(), &body].concat()
    }

    /// Opens a content of a kind.
    pub(super) fn unseal(&self, kind: Kind, bytes: &[u8]) -> Result<Vec<u8>, SealError> {
        let truncated = SealError::Truncated { bytes: bytes.len() };
        if !bytes.starts_with(&MAGIC) {
            let is_start = MAGIC.starts_with(bytes);
            return Err(if is_start { truncated } else { SealError::NotSealed });
        }
        let (header, body) = bytes.split_first_chunk::<HEADER>().ok_or(truncated)?;
        let &[.., version, found] = header;
        if version != VERSION {
            return Err(SealError::Version { version, known: VERSION });
        }
        if found != kind as u8 {
            return Err(SealError::Kind { expected: kind.name(), found: Kind::of(found) });
        }
        if body.len() < TAG {
            return Err(truncated);
        }
        let opened = Aes256Siv::new(&self.0.into()).decrypt([header], body);
        opened.map_err(|_| SealError::Broken)
    }
}

impl fmt::Debug for OperatorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorKey(..)")
    }
}

/// A key for one use, by HMAC-SHA-256.
fn derived(key: &[u8; 32], label: &str) -> [u8; 32] {
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    mac.update(b"canvass/operator/1/");
    mac.update(label.as_bytes());
    mac.finalize().into_bytes().into()
}
