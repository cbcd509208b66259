//! One line of the log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::entry_error::EntryError;
use super::owner_tags::{Asked, AskedTags, SaltMissing};
use super::secrets::{EntrySeed, OwnerSalt, PartiesKey, SubjectKey};
use crate::disclosure::digest::Digest;
use crate::disclosure::receipt::Receipt;
use crate::model::{AgencyId, OwnerId};
use crate::request::{AuthorizedRequest, Policy, Request, Violations};
use crate::routing::Route;

/// One entry of the log: an event of a period. Made for publication, in an
/// [`AuditBatch`](super::AuditBatch).
///
/// In the open are the instant at which its batch was closed, the event, the policy's version unless
/// it is a route, and for a refusal the codes of the violations. The agency, the case and the digest of
/// the subject are commitments, which only an [`EntrySeed`] or the keys from it open; owners are tags,
/// which only an [`OwnerSalt`] finds. All entries about routes have the same size.
///
/// It can be written to serde formats, or [to bytes](Self::to_bytes), which are the leaf of the
/// log's tree; both are validated on the way in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "EntryFields", into = "EntryFields")]
pub struct AuditEntry {
    // INVARIANT: the codes of a refusal are well formed and there is at least one.
    fields: EntryFields,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename = "AuditEntry", deny_unknown_fields)]
pub(crate) struct EntryFields {
    pub(crate) nonce: Digest,
    pub(crate) at: Timestamp,
    pub(crate) policy_version: String,
    pub(crate) agency: Digest,
    pub(crate) case: Digest,
    pub(crate) subject: Digest,
    pub(crate) event: AuditEvent,
}

/// The event that an entry records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum AuditEvent {
    /// A request passed review. The subject is [`AuthorizedRequest::digest`].
    Accepted,
    /// A request was refused. The subject is [`Request::digest`].
    Refused {
        /// The codes of all violations, in the order of the review.
        codes: Vec<String>,
    },
    /// A request was routed, or a route was rechecked and this is the rest. The subject is
    /// [`Route::digest`], which commits to the registry's revision, the exact instant and the policy
    /// as well: in the open they would put routes in the order of time.
    Routed {
        /// Who was asked; in a route of many owners, some of them.
        asked: AskedTags,
    },
    /// The agency got its receipt. The subject is [`Receipt::digest`].
    Receipt,
}

impl AuditEntry {
    /// Records that a request passed review. You need a new seed for each entry.
    #[must_use]
    pub fn accepted(authorized: &AuthorizedRequest, seed: &EntrySeed) -> Self {
        let request = authorized.request();
        Self::new(
            seed,
            authorized.reviewed_at(),
            authorized.policy_version(),
            (request.agency, &request.case_reference),
            authorized.digest(),
            AuditEvent::Accepted,
        )
    }

    /// Records that a policy refused a request at `now`.
    #[must_use]
    pub fn refused(
        request: &Request,
        policy: &Policy,
        violations: &Violations,
        now: Timestamp,
        seed: &EntrySeed,
    ) -> Self {
        let codes = violations.iter().map(|violation| violation.code().to_owned()).collect();
        Self::new(
            seed,
            now,
            &policy.version,
            (request.agency, &request.case_reference),
            request.digest(),
            AuditEvent::Refused { codes },
        )
    }

    /// A request was routed, or a route was rechecked and this is the rest. `salts` gives each owner's
    /// salt. There is one entry for each [`AskedTags::PER_ENTRY`] owners and at least one, the first
    /// with this seed and each with [that of its number](EntrySeed::part).
    ///
    /// # Errors
    ///
    /// If an owner of the route has no salt: nobody is left out in silence.
    pub fn routed(
        route: &Route,
        seed: &EntrySeed,
        salts: impl Fn(OwnerId) -> Option<OwnerSalt>,
    ) -> Result<Vec<Self>, SaltMissing> {
        let owners: Vec<(OwnerId, OwnerSalt)> = route
            .recipients()
            .map(|recipient| {
                let owner = recipient.owner;
                salts(owner).map(|salt| (owner, salt)).ok_or(SaltMissing { owner })
            })
            .collect::<Result<_, _>>()?;
        let request = route.authorized().request();
        let parties = (request.agency, request.case_reference.as_str());
        let subject = route.digest();
        let nobody: &[(OwnerId, OwnerSalt)] = &[];
        let parts = owners.chunks(AskedTags::PER_ENTRY);
        let parts = parts.chain(owners.is_empty().then_some(nobody));
        let entry = |(number, part): (u64, &[(OwnerId, OwnerSalt)])| {
            let seed = seed.part(number);
            let asked = AskedTags::of(part, &seed);
            Self::new(&seed, route.now(), "", parties, subject, AuditEvent::Routed { asked })
        };
        Ok((0..).zip(parts).map(entry).collect())
    }

    /// An entry about nobody, which only whoever has its seed can tell from one about a route.
    pub(super) fn blank(seed: &EntrySeed) -> Self {
        let asked = AskedTags::of(&[], seed);
        let (parties, subject) = ((AgencyId(0), ""), seed.padding(u64::MAX));
        Self::new(seed, Timestamp::UNIX_EPOCH, "", parties, subject, AuditEvent::Routed { asked })
    }

    /// Records that the agency got its receipt at `now`.
    #[must_use]
    pub fn receipt(receipt: &Receipt, now: Timestamp, seed: &EntrySeed) -> Self {
        Self::new(
            seed,
            now,
            receipt.policy_version(),
            (receipt.agency(), receipt.case_reference()),
            receipt.digest(),
            AuditEvent::Receipt,
        )
    }

    fn new(
        seed: &EntrySeed,
        at: Timestamp,
        policy_version: &str,
        (agency, case): (AgencyId, &str),
        subject: Digest,
        event: AuditEvent,
    ) -> Self {
        let (nonce, parties) = (seed.nonce(), seed.parties_key());
        let fields = EntryFields {
            nonce,
            at: day_of(at),
            policy_version: policy_version.to_owned(),
            agency: parties.agency(nonce, agency.0),
            case: parties.case(nonce, case),
            subject: seed.subject_key().subject(nonce, subject),
            event,
        };
        Self { fields }
    }

    /// The nonce: it makes the entry's tags and commitments unlike those of any other.
    #[must_use]
    pub fn nonce(&self) -> Digest {
        self.fields.nonce
    }

    /// The instant at which its [batch](super::AuditBatch) was closed, the same for all its entries: the event
    /// was in the period before. An entry that is in no batch yet has the beginning of the event's
    /// day, UTC.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.fields.at
    }

    /// The version of the policy in force; empty for a route, whose subject commits to it.
    #[must_use]
    pub fn policy_version(&self) -> &str {
        &self.fields.policy_version
    }

    /// The event.
    #[must_use]
    pub fn event(&self) -> &AuditEvent {
        &self.fields.event
    }

    /// Whether the entry records that an owner was asked; needs their salt. `None` if it is not
    /// about a route. A route of many owners has several entries, each of which names some of them.
    ///
    /// The entry must be known to be in the log, by an [inclusion proof](crate::audit::InclusionProof).
    /// O(1).
    #[must_use]
    pub fn whether_asked(&self, owner: OwnerId, salt: &OwnerSalt) -> Option<Asked> {
        match self.event() {
            AuditEvent::Routed { asked } => Some(asked.has(salt.tag(self.nonce(), owner))),
            AuditEvent::Accepted | AuditEvent::Refused { .. } | AuditEvent::Receipt => None,
        }
    }

    /// Shows that the entry is about this agency and this case.
    ///
    /// # Errors
    ///
    /// If it is not, or the key is another entry's.
    pub fn verify_parties(
        &self,
        key: &PartiesKey,
        agency: AgencyId,
        case_reference: &str,
    ) -> Result<(), OpeningError> {
        if key.agency(self.nonce(), agency.0) != self.fields.agency {
            Err(OpeningError::Agency { agency })
        } else if key.case(self.nonce(), case_reference) != self.fields.case {
            Err(OpeningError::Case)
        } else {
            Ok(())
        }
    }

    /// Verifies that the entry's subject has this digest: see [`AuditEvent`] for the subject of each. To
    /// replay a route, route again as of the revision and the instant that the operator names, and compare:
    /// the digest depends on both. Where the
    /// route is one of [`OpenRequests`](crate::OpenRequests), replay these as well: it leaves out
    /// whom the request had asked before.
    ///
    /// # Errors
    ///
    /// If it is not, or the key is another entry's.
    pub fn verify_subject(&self, key: &SubjectKey, subject: Digest) -> Result<(), OpeningError> {
        if key.subject(self.nonce(), subject) == self.fields.subject {
            Ok(())
        } else {
            Err(OpeningError::Subject { subject })
        }
    }

    pub(crate) fn fields(&self) -> &EntryFields {
        &self.fields
    }

    /// The entry as it is in a batch that was closed at this instant.
    pub(super) fn closed_at(mut self, closed: Timestamp) -> Self {
        self.fields.at = closed;
        self
    }
}

/// The beginning of an instant's day, UTC.
fn day_of(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    let day = second.saturating_sub(second.rem_euclid(86_400));
    // The first of all days begins before there are instants.
    Timestamp::from_second(day).unwrap_or(Timestamp::MIN)
}

impl TryFrom<EntryFields> for AuditEntry {
    type Error = EntryError;

    fn try_from(fields: EntryFields) -> Result<Self, Self::Error> {
        if let AuditEvent::Refused { codes } = &fields.event {
            let is_code = |code: &String| {
                (1..=64).contains(&code.len())
                    && code.bytes().all(|byte| {
                        byte == b'_' || byte.is_ascii_lowercase() || byte.is_ascii_digit()
                    })
            };
            if codes.is_empty() || !codes.iter().all(is_code) {
                return Err(EntryError::Codes);
            }
        }
        Ok(Self { fields })
    }
}

impl From<AuditEntry> for EntryFields {
    fn from(entry: AuditEntry) -> Self {
        entry.fields
    }
}

/// Why a key does not show that an entry is about something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpeningError {
    /// It is about another agency, or the key is not this entry's.
    #[error("with this key the entry is not about agency `{agency}`")]
    Agency {
        /// The agency claimed.
        agency: AgencyId,
    },
    /// It is about another case.
    #[error("with this key the entry is not about that case")]
    Case,
    /// It is about something with another digest, or the key is not this entry's.
    #[error("with this key the entry is not about what has the digest `{subject}`")]
    Subject {
        /// The digest claimed.
        subject: Digest,
    },
}
