//! Answers to calls with an idempotency key, so that a repetition has no further effect.

use canvass::{AgencyId, OwnerId, RequestId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::group::{Into, Row};
use super::{KEYS, Store, StoreError, row, unread};

/// The sender of a key. Two senders may use the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The operator.
    Operator,
    /// An agency.
    Agency(AgencyId),
    /// An owner.
    Owner(OwnerId),
}

/// A call that runs once, however often it is sent: its sender, its key, and its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    key: Vec<u8>,
    digest: Digest,
    second: u64,
}

/// The SHA-256 of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest([u8; 32]);

impl Once {
    /// A call under a key: the path and the body, and the second from which the key is stored for a
    /// time.
    #[must_use]
    pub fn new(caller: Caller, key: &[u8], path: &str, body: &[u8], second: u64) -> Self {
        let (kind, id) = match caller {
            Caller::Operator => (0, 0),
            Caller::Agency(id) => (1, id.0),
            Caller::Owner(id) => (2, id.0),
        };
        let mut whole = vec![kind];
        whole.extend(id.to_be_bytes());
        whole.extend(key);
        // A path contains no zero byte, so no other call has the same digest.
        let digest = Sha256::new().chain_update(path).chain_update([0]).chain_update(body);
        Self { key: whole, digest: Digest(digest.finalize().into()), second }
    }

    /// The sender and the key, as they are stored.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// The second at which it was sent, since 1970.
    #[must_use]
    pub fn second(&self) -> u64 {
        self.second
    }

    /// An answer in its stored form.
    #[must_use]
    pub fn answered(&self, answered: Answered) -> KeptAnswer {
        KeptAnswer { digest: self.digest, answered }
    }

    /// The stored answer, if it was to the same body.
    ///
    /// # Errors
    ///
    /// [`OtherBody`] if it was to another one.
    pub fn again(&self, kept: &KeptAnswer) -> Result<Answered, OtherBody> {
        (kept.digest == self.digest).then(|| kept.answered.clone()).ok_or(OtherBody)
    }
}

/// A key was sent before with another body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this key was sent before with another body or to another path; nothing was done")]
pub struct OtherBody;

/// The answer to a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// The request that was opened, if one was.
    pub request: Option<RequestId>,
    /// The answer's body.
    pub body: Box<RawValue>,
}

/// A stored answer, with the digest of its call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptAnswer {
    digest: Digest,
    answered: Answered,
}

pub(super) fn rows(answers: &[(Once, KeptAnswer)], rows: &mut Vec<Row>) -> Result<(), StoreError> {
    for (Once { key, second, .. }, kept) in answers {
        let json = serde_json::to_vec(kept).map_err(|error| unread("keys", *second, &error))?;
        let bytes = row::seal("keys", key, json);
        rows.push(Row { table: Into::Keys, key: key.clone(), bytes });
    }
    for (Once { key, second, .. }, _) in answers {
        let key = [second.to_be_bytes().as_slice(), key].concat();
        rows.push(Row { table: Into::Aging, key, bytes: Vec::new() });
    }
    Ok(())
}

impl Store {
    /// The stored answer to a key. O(log keys).
    ///
    /// # Errors
    ///
    /// If the database fails or the entry cannot be read.
    pub fn answered(&self, once: &Once) -> Result<Option<KeptAnswer>, StoreError> {
        let transaction = self.read()?;
        let keys = transaction.open_table(KEYS)?;
        let kept = keys.get(once.key.as_slice())?;
        let read = |kept: &[u8]| {
            let kept = row::open("keys", &once.key, kept);
            let kept = kept.map_err(|reason| unread("keys", once.second, &reason))?;
            serde_json::from_slice(kept).map_err(|error| unread("keys", once.second, &error))
        };
        kept.map(|kept| read(kept.value())).transpose()
    }
}
