//! Heads of the tree and proofs, which an outside auditor verifies with public values only.

use ct_merkle::RootHash;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::entry::AuditEntry;
use crate::disclosure::digest::Digest;

/// The state of a log: how many entries, and the root of their Merkle tree as in RFC 6962.
///
/// Publish it often and where it cannot be taken back: anybody who kept a head notices when an
/// entry below it is changed, left out or put in. By itself it reveals only the number of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "HeadFields", into = "HeadFields")]
pub struct TreeHead {
    // INVARIANT: at most `TreeHead::MAX`, so that no number of a node overflows.
    size: u64,
    root: Digest,
}

impl TreeHead {
    /// The largest number of entries that a log may have.
    pub const MAX: u64 = 1 << 48;

    /// The head that somebody published.
    ///
    /// # Errors
    ///
    /// If no log has so many entries.
    pub const fn new(size: u64, root: Digest) -> Result<Self, ProofError> {
        if size > Self::MAX { Err(ProofError::TooLarge { size }) } else { Ok(Self { size, root }) }
    }

    /// The head of a log in memory, which cannot hold so many entries that it would be none.
    pub(crate) fn of_log(size: u64, root: Digest) -> Self {
        Self { size, root }
    }

    /// How many entries the log had.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of their tree: `MTH(D[n])` of RFC 6962.
    #[must_use]
    pub const fn root(&self) -> Digest {
        self.root
    }

    /// Shows that an entry is in the log at an index, counted from 0.
    ///
    /// # Errors
    ///
    /// If the proof does not show that.
    pub fn verify_inclusion(
        &self,
        index: u64,
        entry: &AuditEntry,
        proof: &InclusionProof,
    ) -> Result<(), ProofError> {
        if index >= self.size {
            return Err(ProofError::NoSuchEntry { index, size: self.size });
        }
        let path = ct_merkle::InclusionProof::try_from_bytes(concat(&proof.0))
            .map_err(|_| ProofError::NotIncluded { index })?;
        self.tree_root()
            .verify_inclusion(&entry.to_bytes(), index, &path)
            .map_err(|_| ProofError::NotIncluded { index })
    }

    /// Shows that this log has all entries of an older head, unchanged and in the same order.
    ///
    /// # Errors
    ///
    /// If the proof does not show that.
    pub fn verify_extends(&self, older: &Self, proof: &ConsistencyProof) -> Result<(), ProofError> {
        let error = ProofError::NotExtended { older: older.size, newer: self.size };
        if older.size == 0 {
            // Every log extends the empty one, and there is nothing to prove; RFC 6962 has no
            // proof for it. Of two empty ones, both have its root.
            let empty = Digest::of(&[]);
            let holds = older.root == empty && (self.size > 0 || self.root == empty);
            return if proof.0.is_empty() && holds { Ok(()) } else { Err(error) };
        }
        let path =
            ct_merkle::ConsistencyProof::try_from_bytes(concat(&proof.0)).map_err(|_| error)?;
        self.tree_root().verify_consistency(&older.tree_root(), &path).map_err(|_| error)
    }

    fn tree_root(&self) -> RootHash<Sha256> {
        RootHash::new(self.root.0.into(), self.size)
    }
}

/// The nodes beside an entry's way up to the root: `PATH(m, D[n])` of RFC 6962.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InclusionProof(Vec<Digest>);

/// The nodes of which both an older and the newer root are made: `PROOF(m, D[n])` of RFC 6962.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConsistencyProof(Vec<Digest>);

macro_rules! proof {
    ($name:ident) => {
        impl $name {
            /// The proof that has these nodes.
            #[must_use]
            pub const fn new(nodes: Vec<Digest>) -> Self {
                Self(nodes)
            }

            /// The nodes, in the order of RFC 6962.
            #[must_use]
            pub fn nodes(&self) -> &[Digest] {
                &self.0
            }

            pub(crate) fn from_tree(bytes: &[u8]) -> Self {
                Self(bytes.as_chunks().0.iter().copied().map(Digest).collect())
            }
        }
    };
}
proof!(InclusionProof);
proof!(ConsistencyProof);

fn concat(nodes: &[Digest]) -> Vec<u8> {
    nodes.iter().flat_map(|node| node.0).collect()
}

/// Why a proof does not hold, or there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// A head claims more entries than any log has.
    #[error("a log of `{size}` entries is larger than {}", TreeHead::MAX)]
    TooLarge {
        /// How many it claims.
        size: u64,
    },
    /// The index is beyond the log.
    #[error("there is no entry `{index}` in a log of `{size}` entries")]
    NoSuchEntry {
        /// The index claimed.
        index: u64,
        /// How many entries there are.
        size: u64,
    },
    /// The entry, the index, the proof or the head was changed.
    #[error("the proof does not show that the entry is the log's entry `{index}`")]
    NotIncluded {
        /// The index claimed.
        index: u64,
    },
    /// The newer log does not have all that the older had, or the proof or a head is wrong.
    #[error("the proof does not show that the log of `{newer}` entries extends that of `{older}`")]
    NotExtended {
        /// How many entries the older head has.
        older: u64,
        /// How many entries the newer head has.
        newer: u64,
    },
}

/// The wire form of a head, before it is validated.
#[derive(Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename = "TreeHead", deny_unknown_fields)]
struct HeadFields {
    size: u64,
    root: Digest,
}

impl TryFrom<HeadFields> for TreeHead {
    type Error = ProofError;

    fn try_from(head: HeadFields) -> Result<Self, Self::Error> {
        Self::new(head.size, head.root)
    }
}

impl From<TreeHead> for HeadFields {
    fn from(head: TreeHead) -> Self {
        Self { size: head.size, root: head.root }
    }
}
