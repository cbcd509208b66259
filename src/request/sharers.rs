//! The owners who shared footage with an agency: they are known to it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use crate::model::OwnerId;

/// Who shared footage with one agency, and when. Cheap to clone, whatever is in it: a review takes a copy,
/// so that neither its time nor its result shows how many there are.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Sharers(
    // INVARIANT: ascending strictly.
    Arc<Vec<(OwnerId, Timestamp)>>,
);

impl Sharers {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes that an owner shared. O(n) for n times that somebody did.
    pub(crate) fn insert(&mut self, owner: OwnerId, at: Timestamp) {
        if let Err(place) = self.0.binary_search(&(owner, at)) {
            Arc::make_mut(&mut self.0).insert(place, (owner, at));
        }
    }

    /// Forgets an owner.
    pub(crate) fn forget(&mut self, owner: OwnerId) {
        if self.0.iter().any(|&(of, _)| of == owner) {
            Arc::make_mut(&mut self.0).retain(|&(of, _)| of != owner);
        }
    }

    /// Those who shared up to an instant.
    pub(crate) fn up_to(&self, until: Timestamp) -> Self {
        if self.0.iter().all(|&(_, at)| at <= until) {
            return self.clone();
        }
        Self(Arc::new(self.0.iter().copied().filter(|&(_, at)| at <= until).collect()))
    }

    /// Whether an owner shared at an instant or later. O(log n).
    pub(crate) fn has_shared(&self, owner: OwnerId, since: Timestamp) -> bool {
        let after = self.0.partition_point(|&(of, at)| (of, at) < (owner, since));
        self.0.get(after).is_some_and(|&(of, _)| of == owner)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (OwnerId, Timestamp)> + '_ {
        self.0.iter().copied()
    }
}

/// Neither who, nor how many.
impl fmt::Debug for Sharers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sharers").finish_non_exhaustive()
    }
}

/// One time that an owner shared, as it is written.
#[derive(Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename = "Sharer", deny_unknown_fields)]
pub(crate) struct SharerForm {
    owner: OwnerId,
    at: Timestamp,
}

impl Serialize for Sharers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|(owner, at)| SharerForm { owner, at }))
    }
}

impl Sharers {
    /// The sharers of a list that was read; `None` if it does not ascend.
    pub(crate) fn read(list: &[SharerForm]) -> Option<Self> {
        let pairs: Vec<_> = list.iter().map(|form| (form.owner, form.at)).collect();
        pairs.is_sorted_by(|one, next| one < next).then(|| Self(Arc::new(pairs)))
    }
}

impl<'de> Deserialize<'de> for Sharers {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::<SharerForm>::deserialize(deserializer)?;
        Self::read(&list)
            .ok_or_else(|| serde::de::Error::custom("a list of sharers does not ascend"))
    }
}
