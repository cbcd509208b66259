//! Maps in shards, which are filled and changed in groups: a group by one thread, while it is in the
//! cache.
//!
//! Their number grows with their entries, one shard split after the other (linear hashing; Litwin 1980):
//! no change waits for all entries to be moved.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

use foldhash::quality::RandomState;

/// Entries in a shard after bulk loading: a table of 4,096 slots, which takes 3,584, has room left.
const SHARD: usize = 3_350;

/// More entries in a shard than this have a shard split: all that the table takes.
const FULL: usize = 3_584;

/// What can be kept in shards.
pub(crate) trait Shard {
    /// How many entries it has.
    fn len(&self) -> usize;

    /// Moves the entries of some keys to a new one.
    fn split_off(&mut self, is_moved: impl Fn(u64) -> bool) -> Self;
}

/// Moves the entries of some keys to a new map; both then have room for some more.
pub(crate) fn split_off<K: Hash + Eq, V>(
    map: &mut HashMap<K, V, RandomState>,
    is_moved: impl Fn(&K) -> bool,
) -> HashMap<K, V, RandomState> {
    let room = |entries: usize| entries + entries / 8;
    let mut moved = HashMap::with_capacity_and_hasher(room(map.len() / 2), map.hasher().clone());
    moved.extend(map.extract_if(|key, _| is_moved(key)));
    map.shrink_to(room(map.len()));
    moved
}

/// Shards of something that is kept by keys.
#[derive(Debug)]
pub(crate) struct Shards<S> {
    places: Places,
    // INVARIANT: as many as there are places; never empty.
    shards: Vec<S>,
}

impl<S: Shard> Shards<S> {
    /// Splits shards until so many new entries do not fill them too much. Amortised over the entries.
    pub(crate) fn grow(&mut self, coming: usize) {
        loop {
            let new = self.shards.len();
            let Some(shard) = self.shards.get_mut(self.places.split) else { return };
            if !self.places.is_next_full(shard.len(), coming) {
                return;
            }
            self.places.split_next();
            let places = &self.places;
            let moved = shard.split_off(|key| places.of(key) == new);
            self.shards.push(moved);
        }
    }
}

impl<S> Shards<S> {
    /// Shards for so many entries, each made with the hasher of all.
    pub(crate) fn new(entries: usize, shard: impl Fn(&RandomState) -> S) -> Self {
        let hasher = RandomState::default();
        let first = entries.div_ceil(SHARD).max(1);
        let shards = (0..first).map(|_| shard(&hasher)).collect();
        Self { places: Places { hasher, first, doubled: 0, split: 0 }, shards }
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
        self.shards.get(self.places.of(key))
    }

    /// A way to put shards in groups: at most so many.
    pub(crate) fn grouping(&self, groups: usize) -> Grouping<'_> {
        let number = self.shards.len();
        Grouping { places: &self.places, number, together: number.div_ceil(groups.max(1)) }
    }

    /// The shards in at most so many groups.
    pub(crate) fn groups_mut(&mut self, groups: usize) -> impl Iterator<Item = Group<'_, S>> {
        let number = self.shards.len();
        let (places, together) = (&self.places, number.div_ceil(groups.max(1)));
        let firsts = (0..).step_by(together);
        let groups = self.shards.chunks_mut(together).zip(firsts);
        groups.map(move |(shards, first)| Group { places, number, first, shards })
    }
}

/// Which key belongs to which group.
#[derive(Clone, Copy)]
pub(crate) struct Grouping<'a> {
    places: &'a Places,
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
        self.places.of(key) / self.together
    }
}

/// Some neighbouring shards, for one thread to change.
pub(crate) struct Group<'a, S> {
    places: &'a Places,
    number: usize,
    first: usize,
    shards: &'a mut [S],
}

impl<S> Group<'_, S> {
    fn place(&self, key: u64) -> usize {
        self.places.of(key).wrapping_sub(self.first)
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

/// Where the shards of keys are.
#[derive(Debug)]
struct Places {
    hasher: RandomState,
    /// How many shards there were at first.
    first: usize,
    /// How often all of them were split,
    doubled: u32,
    /// and how many once more.
    // INVARIANT: less than `first << doubled`.
    split: usize,
}

impl Places {
    /// How many shards there were before the first `split` of them were split.
    fn whole(&self) -> usize {
        self.first << self.doubled
    }

    /// The place of a key's shard. The high bits of its hash choose it, the low ones the slot in its
    /// table; the highest seven, which the tables of the standard library compare before keys, choose neither.
    fn of(&self, key: u64) -> usize {
        let wide = u128::from(self.hasher.hash_one(key) << 7) * self.first as u128;
        let [first, rest] = [wide >> 64, wide & u128::from(u64::MAX)]
            .map(|half| u64::try_from(half).unwrap_or_default());
        // Each time that the key's shard was split, one bit said whether the key went to the new one.
        let turns = rest.reverse_bits();
        let after = |splits: u32| {
            let shards = (turns & ((1 << splits) - 1)) * self.first as u64 + first;
            usize::try_from(shards).unwrap_or_default()
        };
        let place = after(self.doubled);
        if place < self.split { after(self.doubled + 1) } else { place }
    }

    /// Whether the next shard to be split has to be, given its entries: all that are not split have
    /// about as many.
    fn is_next_full(&self, entries: usize, coming: usize) -> bool {
        let expected = entries.saturating_mul(self.whole()).saturating_add(coming);
        expected > FULL.saturating_mul(self.whole() + self.split)
    }

    /// Adds the place of a shard, to which about half of the next one's entries belong.
    fn split_next(&mut self) {
        self.split += 1;
        if self.split == self.whole() {
            (self.doubled, self.split) = (self.doubled + 1, 0);
        }
    }
}
