//! Secrets, kept apart from the log: an owner's salt, an entry's seed, and the keys derived from it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::disclosure::digest::{Digest, Encoder};
use crate::disclosure::secret::secret;
use crate::model::OwnerId;

secret! {
    /// An owner's salt: 32 random bytes that the service made for this owner, and shows to nobody
    /// else.
    ///
    /// With it an owner finds out whether an entry records that they were asked. Erasing it is
    /// forgetting: the log stays valid, and nobody can recognise their tags any more. `Debug`
    /// does not print it.
    ///
    /// ```
    /// use canvass::audit::OwnerSalt;
    ///
    /// assert_eq!(format!("{:?}", OwnerSalt::new([7; 32])), "OwnerSalt(..)");
    /// ```
    OwnerSalt
}
secret! {
    /// The seed of one entry: 32 random bytes, fresh for each entry of any log.
    ///
    /// Everything secret in the entry is derived from it, so whoever has it can open the entry and distinguish
    /// padding from people. Keep it as long as somebody may want to see the entry opened, and
    /// hand out a [`PartiesKey`] or a [`SubjectKey`] instead. Without it the entry's commitments
    /// stay closed for good. `Debug` does not print it.
    EntrySeed
}
secret! {
    /// Opens an entry's commitments to the agency and to the case, and nothing else.
    PartiesKey
}
secret! {
    /// Opens an entry's commitment to the digest of its subject.
    ///
    /// For a route that is as much as the list of its recipients: who has the key can test guesses
    /// of the whole list. It does not distinguish padding from people.
    SubjectKey
}

impl EntrySeed {
    /// The key to the entry's agency and case.
    #[must_use]
    pub fn parties_key(&self) -> PartiesKey {
        PartiesKey(derived(&self.0, "parties", 0).0)
    }

    /// The key to the digest of the entry's subject.
    #[must_use]
    pub fn subject_key(&self) -> SubjectKey {
        SubjectKey(derived(&self.0, "subject", 0).0)
    }

    /// The seed of an event's entry of this number: the event's own for number 0. A route of more than
    /// [`PER_ENTRY`](super::AskedTags::PER_ENTRY) owners has several entries.
    #[must_use]
    pub fn part(&self, number: u64) -> Self {
        if number == 0 { self.clone() } else { Self(derived(&self.0, "part", number).0) }
    }

    /// A number below `below` that nobody without the seed can foretell; uniform where `below` is a power of two.
    pub(super) fn draw_below(&self, below: usize) -> usize {
        let [first, second, ..] = derived(&self.0, "blanks", 0).0;
        usize::from(u16::from_be_bytes([first, second])).checked_rem(below).unwrap_or(0)
    }

    /// The nonce: it makes the entry's tags and commitments unlike those of any other. Public.
    pub(crate) fn nonce(&self) -> Digest {
        derived(&self.0, "nonce", 0)
    }

    /// A tag that is nobody's.
    pub(crate) fn padding(&self, number: u64) -> Digest {
        derived(&self.0, "padding", number)
    }
}

impl OwnerSalt {
    /// The tag that stands for an owner under one entry.
    pub(crate) fn tag(&self, nonce: Digest, owner: OwnerId) -> Digest {
        mac(&self.0, &Encoder::new("canvass/audit/1/tag").digest(nonce).number(owner.0))
    }
}

impl PartiesKey {
    pub(crate) fn agency(&self, nonce: Digest, agency: u64) -> Digest {
        mac(&self.0, &Encoder::new("canvass/audit/1/agency").digest(nonce).number(agency))
    }

    pub(crate) fn case(&self, nonce: Digest, reference: &str) -> Digest {
        mac(&self.0, &Encoder::new("canvass/audit/1/case").digest(nonce).text(reference))
    }
}

impl SubjectKey {
    pub(crate) fn subject(&self, nonce: Digest, subject: Digest) -> Digest {
        mac(&self.0, &Encoder::new("canvass/audit/1/subject").digest(nonce).digest(subject))
    }
}

fn derived(seed: &[u8; 32], what: &str, number: u64) -> Digest {
    mac(seed, &Encoder::new("canvass/audit/1/seed").text(what).number(number))
}

/// HMAC-SHA-256. All keys have 32 bytes, which HMAC fills up with zeros to a block of 64.
fn mac(key: &[u8; 32], message: &Encoder) -> Digest {
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(message.as_bytes());
    Digest(mac.finalize().into_bytes().into())
}
