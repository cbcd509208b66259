//! The owners that were asked, as tags: only an owner's salt gives a tag its meaning.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::secrets::{EntrySeed, OwnerSalt};
use crate::disclosure::digest::Digest;
use crate::model::OwnerId;
use crate::routing::Route;

/// The tags of the owners asked, among tags that are nobody's: strictly ascending, and as many as
/// the band above their number, 16, 64, 256 and so on.
///
/// Without salts it reveals only the band: no tag can be linked to another, nor to any tag of
/// another entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Digest>", into = "Vec<Digest>")]
pub struct AskedTags(
    // INVARIANT: strictly ascending, and the length is a band.
    Vec<Digest>,
);

/// The smallest band: nobody and 16 owners look alike.
const LEAST: usize = 16;

/// How many tags there are for so many owners.
fn band(owners: usize) -> usize {
    let mut band = LEAST;
    while band < owners {
        band = band.saturating_mul(4);
    }
    band
}

impl AskedTags {
    /// The tags of a route's owners, in an entry with this seed.
    pub(crate) fn of(
        route: &Route,
        seed: &EntrySeed,
        salts: impl Fn(OwnerId) -> Option<OwnerSalt>,
    ) -> Result<Self, SaltMissing> {
        let nonce = seed.nonce();
        let mut tags = BTreeSet::new();
        for recipient in route {
            let owner = recipient.owner;
            let salt = salts(owner).ok_or(SaltMissing { owner })?;
            tags.insert(salt.tag(nonce, owner));
        }
        let band = band(tags.len());
        let mut padding = (0..).map(|number| seed.padding(number));
        while tags.len() < band {
            tags.extend(padding.next());
        }
        Ok(Self(tags.into_iter().collect()))
    }

    /// All tags, strictly ascending.
    #[must_use]
    pub fn tags(&self) -> &[Digest] {
        &self.0
    }

    /// The band: at most so many owners were asked, and more than a quarter of it unless it is 16.
    #[must_use]
    pub fn band(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn has(&self, tag: Digest) -> Asked {
        if self.0.binary_search(&tag).is_ok() { Asked::Asked } else { Asked::NotAsked }
    }
}

impl TryFrom<Vec<Digest>> for AskedTags {
    type Error = AskedTagsError;

    fn try_from(tags: Vec<Digest>) -> Result<Self, Self::Error> {
        if tags.len() != band(tags.len()) {
            return Err(AskedTagsError::NoBand { tags: tags.len() });
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
#[serde(rename_all = "snake_case")]
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
    /// The number of tags would reveal more than a band.
    #[error("`{tags}` tags do not fill a band: expected 16, 64, 256 and so on")]
    NoBand {
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
    owner: OwnerId,
}

impl SaltMissing {
    /// The first owner without a salt.
    #[must_use]
    pub const fn owner(&self) -> OwnerId {
        self.owner
    }
}
