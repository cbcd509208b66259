//! Maps in shards, which are filled and changed in groups: a group by one thread, while it is in the
//! cache.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;

/// Entries in a shard after bulk loading: a table of 4,096 slots, which takes 3,584, has room left.
const SHARD: usize = 3_350;

/// Shards of something that is kept by keys.
#[derive(Debug)]
pub(crate) struct Shards<S> {
    hasher: RandomState,
    // INVARIANT: never empty.
    shards: Vec<S>,
}

impl<S> Shards<S> {
    /// Shards for so many entries, each made with the hasher of all.
    pub(crate) fn new(entries: usize, shard: impl Fn(&RandomState) -> S) -> Self {
        let hasher = RandomState::default();
        let number = entries.div_ceil(SHARD).max(1);
        let shards = (0..number).map(|_| shard(&hasher)).collect();
        Self { hasher, shards }
    }

    /// How many shards there are.
    pub(crate) fn number(&self) -> usize {
        self.shards.len()
    }

    /// One after the other.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &S> {
        self.shards.iter()
    }

    /// One of them by its place.
    pub(crate) fn at(&self, place: usize) -> Option<&S> {
        self.shards.get(place)
    }

    /// The shard that a key belongs to.
    pub(crate) fn of(&self, key: u64) -> Option<&S> {
        self.shards.get(place(&self.hasher, self.shards.len(), key))
    }

    /// A way to put shards in groups: at most so many.
    pub(crate) fn grouping(&self, groups: usize) -> Grouping<'_> {
        let number = self.shards.len();
        Grouping { hasher: &self.hasher, number, together: number.div_ceil(groups.max(1)) }
    }

    /// The shards in at most so many groups.
    pub(crate) fn groups_mut(&mut self, groups: usize) -> impl Iterator<Item = Group<'_, S>> {
        let number = self.shards.len();
        let (hasher, together) = (&self.hasher, number.div_ceil(groups.max(1)));
        let firsts = (0..).step_by(together);
        let groups = self.shards.chunks_mut(together).zip(firsts);
        groups.map(move |(shards, first)| Group { hasher, number, first, shards })
    }
}

/// Which key belongs to which group.
#[derive(Clone, Copy)]
pub(crate) struct Grouping<'a> {
    hasher: &'a RandomState,
    number: usize,
    together: usize,
}

impl Grouping<'_> {
    /// How many groups there are.
    pub(crate) fn groups(&self) -> usize {
        self.number.div_ceil(self.together)
    }

    /// The group of a key.
    pub(crate) fn of(&self, key: u64) -> usize {
        place(self.hasher, self.number, key) / self.together
    }
}

/// Some neighbouring shards, for one thread to change.
pub(crate) struct Group<'a, S> {
    hasher: &'a RandomState,
    number: usize,
    first: usize,
    shards: &'a mut [S],
}

impl<S> Group<'_, S> {
    fn place(&self, key: u64) -> usize {
        place(self.hasher, self.number, key).wrapping_sub(self.first)
    }

    /// The shard that a key belongs to, if it is one of these.
    pub(crate) fn of(&self, key: u64) -> Option<&S> {
        self.shards.get(self.place(key))
    }

    /// The same, to be changed.
    pub(crate) fn of_mut(&mut self, key: u64) -> Option<&mut S> {
        let place = self.place(key);
        self.shards.get_mut(place)
    }

    /// Has each shard make room for its part of so many entries in all shards.
    pub(crate) fn reserve(&mut self, entries: usize, reserve: impl Fn(&mut S, usize)) {
        let each = entries.div_ceil(self.number);
        self.shards.iter_mut().for_each(|shard| reserve(shard, each));
    }
}

/// Which of so many shards a key belongs to: the high bits of its hash choose the shard, the low
/// ones the slot.
fn place(hasher: &RandomState, shards: usize, key: u64) -> usize {
    let hash = u128::from(hasher.hash_one(key));
    usize::try_from((hash * shards as u128) >> 64).unwrap_or(0)
}
