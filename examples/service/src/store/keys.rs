//! What was answered to whoever sent a key, so that sending the same again does nothing more.

use canvass::{AgencyId, RequestId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::group::{Into, Row};
use super::{KEYS, Store, StoreError, row, unread};

/// Who sent a key. A key is the sender's own: others may send the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The operator.
    Operator,
    /// An agency.
    Agency(AgencyId),
}

/// What is to be done once, however often it is sent: by whom, under which key, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    key: Vec<u8>,
    digest: Digest,
    second: u64,
}

/// The SHA-256 of what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest([u8; 32]);

impl Once {
    /// What a caller sends under a key: where to, and the body. At some second, from which on the key
    /// is kept for a time.
    #[must_use]
    pub fn new(caller: Caller, key: &[u8], path: &str, body: &[u8], second: u64) -> Self {
        let (kind, id) = match caller {
            Caller::Operator => (0, 0),
            Caller::Agency(id) => (1, id.0),
        };
        let mut whole = vec![kind];
        whole.extend(id.to_be_bytes());
        whole.extend(key);
        // No path has a zero in it, so that nothing else has the same digest.
        let digest = Sha256::new().chain_update(path).chain_update([0]).chain_update(body);
        Self { key: whole, digest: Digest(digest.finalize().into()), second }
    }

    /// Caller and key, as they are kept.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// When it was sent, in seconds since 1970.
    #[must_use]
    pub fn second(&self) -> u64 {
        self.second
    }

    /// An answer, as it is kept for whoever sends the same again.
    #[must_use]
    pub fn answered(&self, answered: Answered) -> KeptAnswer {
        KeptAnswer { digest: self.digest, answered }
    }

    /// The answer that was given, if it was to the same body.
    ///
    /// # Errors
    ///
    /// [`OtherBody`] if it was to another.
    pub fn again(&self, kept: &KeptAnswer) -> Result<Answered, OtherBody> {
        (kept.digest == self.digest).then(|| kept.answered.clone()).ok_or(OtherBody)
    }
}

/// A key was sent before, and then with something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this key was sent before with another body or to another path; nothing was done")]
pub struct OtherBody;

/// An answer that was given.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// The request that was opened, if one was.
    pub request: Option<RequestId>,
    /// The answer's body.
    pub body: Box<RawValue>,
}

/// An answer, and to what it was given.
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
    /// What was answered to whoever sent a key. O(log keys).
    ///
    /// # Errors
    ///
    /// If the database refuses or the entry cannot be read.
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
