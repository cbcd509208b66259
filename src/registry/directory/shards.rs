//! Hash maps in shards, filled and changed in groups: one thread changes a group while it is in the
//! cache.
//!
//! The number of shards grows with the entries, one split at a time (linear hashing; Litwin 1980), so
//! no change waits until all entries have moved.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

use foldhash::quality::RandomState;

/// Entries in a shard after bulk loading. A table of 4,096 slots takes 3,584, so there is room left.
const SHARD: usize = 3_350;

/// A shard with more entries than this is due to be split: its table is full.
const FULL: usize = 3_584;

/// A map that can be kept in shards.
pub(crate) trait Shard {
    /// The number of entries.
    fn len(&self) -> usize;

    /// Moves the entries of some keys to a new map.
    fn split_off(&mut self, is_moved: impl Fn(u64) -> bool) -> Self;
}

/// Moves the entries of some keys to a new map. Afterwards both have room for more.
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

/// A map in shards.
#[derive(Debug)]
pub(crate) struct Shards<S> {
    places: Places,
    // INVARIANT: as many as `places` numbers; never empty.
    shards: Vec<S>,
}

impl<S: Shard> Shards<S> {
    /// Splits shards until they have room for so many new entries. Amortised over the entries.
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
    /// Shards for so many entries, each made with the shared hasher.
    pub(crate) fn new(entries: usize, shard: impl Fn(&RandomState) -> S) -> Self {
        let hasher = RandomState::default();
        let first = entries.div_ceil(SHARD).max(1);
        let shards = (0..first).map(|_| shard(&hasher)).collect();
        Self { places: Places { hasher, first, doubled: 0, split: 0 }, shards }
    }

    /// The number of shards.
    pub(crate) fn number(&self) -> usize {
        self.shards.len()
    }

    /// All shards.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &S> {
        self.shards.iter()
    }

    /// A shard by its number.
    pub(crate) fn at(&self, place: usize) -> Option<&S> {
        self.shards.get(place)
    }

    /// The shard that a key belongs to.
    pub(crate) fn of(&self, key: u64) -> Option<&S> {
        self.shards.get(self.places.of(key))
    }

    /// How to put the shards into at most so many groups.
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

/// Maps keys to groups.
#[derive(Clone, Copy)]
pub(crate) struct Grouping<'a> {
    places: &'a Places,
    number: usize,
    together: usize,
}

impl Grouping<'_> {
    /// The number of groups.
    pub(crate) fn groups(&self) -> usize {
        self.number.div_ceil(self.together)
    }

    /// The group of a key.
    pub(crate) fn of(&self, key: u64) -> usize {
        self.places.of(key) / self.together
    }
}

/// Neighbouring shards that one thread changes.
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

    /// The shard of a key, if it is in this group.
    pub(crate) fn of(&self, key: u64) -> Option<&S> {
        self.shards.get(self.place(key))
    }

    /// The shard of a key, mutably.
    pub(crate) fn of_mut(&mut self, key: u64) -> Option<&mut S> {
        let place = self.place(key);
        self.shards.get_mut(place)
    }

    /// Reserves room in each shard for its part of so many entries in all.
    pub(crate) fn reserve(&mut self, entries: usize, reserve: impl Fn(&mut S, usize)) {
        let each = entries.div_ceil(self.number);
        self.shards.iter_mut().for_each(|shard| reserve(shard, each));
    }
}

/// Maps keys to shards.
#[derive(Debug)]
struct Places {
    hasher: RandomState,
    /// The number of shards at the start.
    first: usize,
    /// How many times all of them were split,
    doubled: u32,
    /// and how many of them were split once more.
    // INVARIANT: less than `first << doubled`.
    split: usize,
}

impl Places {
    /// The number of shards before the first `split` of them were split.
    fn whole(&self) -> usize {
        self.first << self.doubled
    }

    /// The shard of a key, by the high bits of its hash; the low bits choose the slot in the shard's
    /// table. The highest seven bits choose neither: the tables of the standard library compare them
    /// before they compare keys.
    fn of(&self, key: u64) -> usize {
        let wide = u128::from(self.hasher.hash_one(key) << 7) * self.first as u128;
        let [first, rest] = [wide >> 64, wide & u128::from(u64::MAX)]
            .map(|half| u64::try_from(half).unwrap_or_default());
        // Each time the key's shard was split, one bit of the hash decided whether the key moved to the
        // new shard.
        let turns = rest.reverse_bits();
        let after = |splits: u32| {
            let shards = (turns & ((1 << splits) - 1)) * self.first as u64 + first;
            usize::try_from(shards).unwrap_or_default()
        };
        let place = after(self.doubled);
        if place < self.split { after(self.doubled + 1) } else { place }
    }

    /// Whether the next shard is due to be split, given its entries. All shards that are not split yet
    /// have about as many.
    fn is_next_full(&self, entries: usize, coming: usize) -> bool {
        let expected = entries.saturating_mul(self.whole()).saturating_add(coming);
        expected > FULL.saturating_mul(self.whole() + self.split)
    }

    /// Adds a shard, which takes about half of the entries of the shard that is split.
    fn split_next(&mut self) {
        self.split += 1;
        if self.split == self.whole() {
            (self.doubled, self.split) = (self.doubled + 1, 0);
        }
    }
}
