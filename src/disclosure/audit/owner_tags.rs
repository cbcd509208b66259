//! The owners that were asked, as tags: only an owner's salt gives a tag its meaning.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::secrets::{EntrySeed, OwnerSalt};
use crate::disclosure::digest::Digest;
use crate::model::OwnerId;

/// The tags of owners who were asked, among tags that are nobody's: strictly ascending, and always
/// [`PER_ENTRY`](Self::PER_ENTRY) of them.
///
/// Without salts it reveals nothing: nobody and 64 owners look alike, and no tag can be linked to
/// another, nor to any tag of another entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Digest>", into = "Vec<Digest>")]
pub struct AskedTags(
    // INVARIANT: strictly ascending, and `PER_ENTRY` of them.
    Vec<Digest>,
);

impl AskedTags {
    /// How many tags an entry has, whoever was asked. A route of more owners has more entries.
    pub const PER_ENTRY: usize = 64;

    /// The tags of some owners in an entry with this seed.
    pub(super) fn of(owners: &[(OwnerId, OwnerSalt)], seed: &EntrySeed) -> Self {
        let nonce = seed.nonce();
        let mut tags: BTreeSet<Digest> =
            owners.iter().map(|(owner, salt)| salt.tag(nonce, *owner)).collect();
        let mut padding = (0..).map(|number| seed.padding(number));
        while tags.len() < Self::PER_ENTRY {
            tags.extend(padding.next());
        }
        Self(tags.into_iter().collect())
    }

    /// All tags, strictly ascending.
    #[must_use]
    pub fn tags(&self) -> &[Digest] {
        &self.0
    }

    pub(crate) fn has(&self, tag: Digest) -> Asked {
        if self.0.binary_search(&tag).is_ok() { Asked::Asked } else { Asked::NotAsked }
    }
}

impl TryFrom<Vec<Digest>> for AskedTags {
    type Error = AskedTagsError;

    fn try_from(tags: Vec<Digest>) -> Result<Self, Self::Error> {
        if tags.len() != Self::PER_ENTRY {
            return Err(AskedTagsError::Number { tags: tags.len() });
        }
        let pairs = tags.iter().zip(tags.iter().skip(1)).zip(1..);
        match pairs.filter(|((one, next), _)| one >= next).map(|(_, index)| index).next() {
            Some(index) => Err(AskedTagsError::NotAscending { index }),
            None => Ok(Self(tags)),
        }
    }
}

impl From<AskedTags> for Vec<Digest> {
    fn from(tags: AskedTags) -> Self {
        tags.0
    }
}

/// The answer of an entry to an owner who has their salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
pub enum Asked {
    /// The owner's tag is in the entry.
    Asked,
    /// It is not.
    NotAsked,
}

/// Why a list of tags is not [`AskedTags`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AskedTagsError {
    /// The number of tags would reveal something.
    #[error("an entry has {} tags, not `{tags}`", AskedTags::PER_ENTRY)]
    Number {
        /// How many there are.
        tags: usize,
    },
    /// A tag is not greater than the one before: in a list out of order an absence proves nothing.
    #[error("tag `{index}` is not greater than the one before")]
    NotAscending {
        /// Which tag, counted from 0.
        index: usize,
    },
}

/// An owner to be asked has no salt, so the log could not prove that they were.
///
/// Nothing is left out in silence: there is no entry until every owner of the route has a salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("owner `{owner}` has no salt, so no entry can say that they were asked: make a salt first")]
pub struct SaltMissing {
    pub(super) owner: OwnerId,
}

impl SaltMissing {
    /// The first owner without a salt.
    #[must_use]
    pub const fn owner(&self) -> OwnerId {
        self.owner
    }
}
