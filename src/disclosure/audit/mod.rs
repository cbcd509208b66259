//! The audit log: the operator's acts, in a form that others can verify without learning whom it
//! was about.
//!
//! An [`AuditLog`] is a Merkle tree as in RFC 6962 whose leaves are the bytes of [`AuditEntry`]s. A
//! service makes an entry for each review, route, recheck and receipt, closes an [`AuditBatch`] of them
//! at stated instants, such as the end of each day, stores and appends it, and publishes one
//! [head](TreeHead) and the entries of the batch.
//!
//! **Who sees what.** Somebody with the published entries and heads, but without salts and seeds,
//! sees for each batch when it was closed, and for each entry: its nonce, the event, the policy's version
//! unless it is a route, and the codes of a refusal. They see three commitments and 64 tags of a
//! route, which look random: no guess of an agency, a case, an owner, a camera or a recipient list
//! can be tested against them, and no two entries can be linked by them. Neither the size of an entry
//! nor the number of entries follows who was asked, beyond 1 in 32 for each further entry: see
//! [`AuditBatch`].
//!
//! An **owner** with their salt finds out from an entry whether they were asked. A list out of order
//! is no entry, so an absence is as sure as a presence. A route of more than 64 owners has several entries,
//! so whoever was asked is in one of all entries. An **agency** with a [`PartiesKey`] finds its
//! own entries. A **replaying auditor** with a [`SubjectKey`] compares a digest.
//!
//! **Limits.** A log proves only its own entries. That an owner was asked without an entry, or
//! that a tag was made with another salt than the owner's, shows when an owner who got a notice does
//! not find it in the log. Two logs shown to two readers show when they compare heads.

mod batch;
mod entry;
mod entry_codec;
mod entry_error;
mod log;
mod owner_tags;
mod proof;
mod secrets;
mod subject_digests;

pub use batch::AuditBatch;
pub use entry::{AuditEntry, AuditEvent, OpeningError};
pub use entry_error::EntryError;
pub use log::{AuditLog, NonceReused};
pub use owner_tags::{Asked, AskedTags, AskedTagsError, SaltMissing};
pub use proof::{ConsistencyProof, InclusionProof, ProofError, TreeHead};
pub use secrets::{EntrySeed, OwnerSalt, PartiesKey, SubjectKey};

pub use super::digest::{Digest, DigestError};
