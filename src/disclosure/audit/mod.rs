//! The audit log: the operator's acts, in a form that others can verify without learning whom it
//! was about.
//!
//! An [`AuditLog`] is a Merkle tree as in RFC 6962 whose leaves are the bytes of [`AuditEntry`]s. A
//! service appends an entry for each review, route, recheck and receipt, stores the entries, and
//! publishes [heads](TreeHead).
//!
//! **Visibility.** Somebody with the published entries and heads, but without salts and seeds,
//! sees for each entry: its place, its nonce, its instant, the policy's version, the event, the
//! codes of a refusal, and for a route the revision of the registry and in which band the number of
//! owners asked lies (16 for none to 16, 64, 256, and so on). They see three commitments and the
//! tags, which look random: no guess of an agency, a case, an owner, a camera or a recipient list
//! can be tested against them, and no two entries can be linked by them. A band is more than an
//! agency may know while its request is open: publish heads at once, and entries when it has closed.
//!
//! An **owner** with their salt finds out from an entry whether they were asked. A list out of order
//! is no entry, so an absence is as sure as a presence. An **agency** with a [`PartiesKey`] finds its
//! own entries. A **replaying auditor** with a [`SubjectKey`] compares a digest.
//!
//! **Limits.** A log proves only its own entries. That an owner was asked without an entry, or
//! that a tag was made with another salt than the owner's, shows when an owner who got a notice does
//! not find it in the log. Two logs shown to two readers show when they compare heads.

mod entry;
mod entry_codec;
mod entry_error;
mod log;
mod owner_tags;
mod proof;
mod secrets;
mod subject_digests;

pub use entry::{AuditEntry, AuditEvent, OpeningError};
pub use entry_error::EntryError;
pub use log::{AuditLog, NonceReused};
pub use owner_tags::{Asked, AskedTags, AskedTagsError, SaltMissing};
pub use proof::{ConsistencyProof, InclusionProof, ProofError, TreeHead};
pub use secrets::{EntrySeed, OwnerSalt, PartiesKey, SubjectKey};

pub use super::digest::{Digest, DigestError};
