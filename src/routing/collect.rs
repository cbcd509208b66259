//! Rows in both masks, grouped by owner in ascending order.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u64x8};

use super::route::Route;
use crate::model::{CameraId, OwnerId};
use crate::registry::Block;
use crate::request::AuthorizedRequest;
use crate::util::RowMask;

/// The rows that were asked, in the order of the walk.
///
/// An owner is in the upper half of a key and a camera in the lower one: numbers sort faster than
/// pairs. While all rows share the upper halves of their ids, the lower ones are keys enough, of half
/// the length.
#[derive(Clone, Debug, Default)]
pub(crate) struct Collected {
    shared: (u32, u32),
    // INVARIANT: one of the two has no keys.
    short: Sorter<u64>,
    long: Sorter<u128>,
}

impl Collected {
    pub(crate) fn clear(&mut self) {
        self.short.keys.clear();
        self.long.keys.clear();
    }

    /// Takes the rows of a mask.
    #[inline]
    pub(crate) fn take(&mut self, block: &Block, asked: RowMask) {
        if asked.is_empty() {
            return;
        }
        let shared = block.shared_upper_ids();
        if self.long.keys.is_empty()
            && let Some(shared) = shared
            && (self.short.keys.is_empty() || self.shared == shared)
        {
            self.shared = shared;
            let keys = &mut self.short.keys;
            keys.reserve(asked.count());
            for row in asked.rows() {
                let (owner, camera) = block.lower_ids(row);
                keys.push(u64::from(owner) << 32 | u64::from(camera));
            }
        } else {
            self.take_long(block, asked);
        }
    }

    #[cold]
    fn take_long(&mut self, block: &Block, asked: RowMask) {
        let Self { shared, short, long } = self;
        long.keys.extend(short.keys.drain(..).map(|key| long_key(short_ids(*shared, key))));
        long.keys.extend(asked.rows().map(|row| long_key(block.ids(row))));
    }

    /// Whether there are no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.short.keys.is_empty() && self.long.keys.is_empty()
    }

    /// Whether the owners of the rows are anonymity set enough by themselves.
    pub(crate) fn has_anonymity_set(
        &mut self,
        authorized: &AuthorizedRequest,
        level: Level,
    ) -> bool {
        let Self { shared, short, long } = self;
        short.sort(level);
        long.sort(level);
        let of = |owner: u64| OwnerId(u64::from(shared.0) << 32 | owner);
        authorized.is_anonymity_set(short.owners().map(of))
            || authorized.is_anonymity_set(long.owners().map(OwnerId))
    }

    /// Writes the rows to a route, sorted by owner and by camera.
    pub(crate) fn group_into(&mut self, route: &mut Route, level: Level) {
        let Self { shared, short, long } = self;
        short.sort(level);
        route.extend(short.keys.iter().map(|&key| short_ids(*shared, key)));
        long.sort(level);
        route.extend(long.keys.iter().map(|&key| long_ids(key)));
    }

    /// Writes the rows to a list, sorted by owner and by camera.
    pub(crate) fn write_into(&mut self, rows: &mut Vec<(OwnerId, CameraId)>, level: Level) {
        let Self { shared, short, long } = self;
        short.sort(level);
        rows.extend(short.keys.iter().map(|&key| short_ids(*shared, key)));
        long.sort(level);
        rows.extend(long.keys.iter().map(|&key| long_ids(key)));
    }
}

fn long_key((owner, camera): (OwnerId, CameraId)) -> u128 {
    u128::from(owner.0) << 64 | u128::from(camera.0)
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of 128 bits are 64 bits")]
fn long_ids(key: u128) -> (OwnerId, CameraId) {
    (OwnerId((key >> 64) as u64), CameraId(key as u64))
}

#[inline]
fn short_ids((owner, camera): (u32, u32), key: u64) -> (OwnerId, CameraId) {
    let (owner, camera) = (u64::from(owner) << 32, u64::from(camera) << 32);
    (OwnerId(owner | key >> 32), CameraId(camera | key & u64::from(u32::MAX)))
}

/// A number with an owner in its upper half.
trait Key: Copy + Default + Ord {
    fn owner(self) -> u64;

    /// Sorts few keys, none of which is there twice.
    fn sort_few(keys: &mut Vec<Self>, spare: &mut Vec<Self>, level: Level);
}

impl Key for u64 {
    #[inline]
    fn owner(self) -> u64 {
        self >> 32
    }

    fn sort_few(keys: &mut Vec<Self>, spare: &mut Vec<Self>, level: Level) {
        if keys.len() <= RANKED {
            dispatch!(level, simd => sort_by_rank(simd, keys, spare));
        } else {
            keys.sort_unstable();
        }
    }
}

impl Key for u128 {
    #[inline]
    fn owner(self) -> u64 {
        long_ids(self).0.0
    }

    fn sort_few(keys: &mut Vec<Self>, _: &mut Vec<Self>, _: Level) {
        keys.sort_unstable();
    }
}

#[derive(Clone, Debug, Default)]
struct Sorter<K> {
    keys: Vec<K>,
    spare: Vec<K>,
    counts: Vec<u32>,
}

/// Up to so many keys are sorted by rank.
const RANKED: usize = 64;
/// From so many rows on, a radix sort takes less time than one by comparisons.
const RADIX: usize = 256;
/// The most bits of a digit: the counts of one fit the first cache.
const DIGIT: u32 = 12;

impl<K: Key> Sorter<K> {
    /// The owners of sorted keys, each once.
    fn owners(&self) -> impl Iterator<Item = u64> + '_ {
        let same = self.keys.chunk_by(|&a, &b| a.owner() == b.owner());
        same.filter_map(|keys| keys.first().map(|key| key.owner()))
    }

    fn sort(&mut self, level: Level) {
        if self.keys.is_sorted() {
            return;
        }
        if self.keys.len() < RADIX {
            K::sort_few(&mut self.keys, &mut self.spare, level);
        } else {
            self.sort_by_radix();
        }
    }

    /// Sorts by owner digit by digit, from the lowest on, leaving out bits that are the same in all;
    /// then the few cameras of each owner, who has hardly ever more than two. O(n) for the ids of a
    /// registry of any one size.
    fn sort_by_radix(&mut self) {
        let Self { keys, spare, counts } = self;
        let first = keys.first().copied().unwrap_or_default().owner();
        let differs = keys.iter().fold(0, |all, key| all | (key.owner() ^ first));
        let highest = u64::BITS - differs.leading_zeros();
        let lowest = differs.trailing_zeros().min(highest);
        // Short lists are sorted by short digits: to go through the counts costs time as well.
        let passes = (highest - lowest).div_ceil((keys.len().ilog2() + 2).min(DIGIT)).max(1);
        let width = (highest - lowest).div_ceil(passes);
        let digit = |key: K, pass: u32| {
            let digit = key.owner() >> (lowest + pass * width) & ((1 << width) - 1);
            usize::try_from(digit).unwrap_or(0)
        };
        counts.clear();
        counts.resize((passes as usize) << width, 0);
        for &key in &*keys {
            for pass in 0..passes {
                if let Some(count) = counts.get_mut((pass as usize) << width | digit(key, pass)) {
                    *count += 1;
                }
            }
        }
        spare.resize(keys.len(), K::default());
        for (pass, next) in (0..passes).zip(counts.chunks_exact_mut(1 << width)) {
            let mut start = 0;
            for count in &mut *next {
                start += std::mem::replace(count, start);
            }
            for &key in &*keys {
                if let Some(place) = next.get_mut(digit(key, pass)) {
                    if let Some(slot) = spare.get_mut(*place as usize) {
                        *slot = key;
                    }
                    *place += 1;
                }
            }
            std::mem::swap(keys, spare);
        }
        sort_nearly_sorted(keys);
    }
}

/// Sorts by insertion, as long as hardly anything has to move. O(n log n) if more does.
fn sort_nearly_sorted<K: Key>(keys: &mut [K]) {
    let mut moves = 0;
    for end in 2..=keys.len() {
        let sorted = keys.get_mut(..end).unwrap_or_default();
        let mut place = end - 1;
        while place > 0 && sorted.get(place - 1) > sorted.get(place) {
            sorted.swap(place - 1, place);
            place -= 1;
        }
        moves += end - 1 - place;
        if moves > 4 * keys.len() {
            return keys.sort_unstable();
        }
    }
}

/// Puts each key where as many come before it as there are lesser ones. O(n2), but nothing depends on
/// the outcome of a comparison except a number.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
fn sort_by_rank<S: Simd>(simd: S, keys: &mut Vec<u64>, spare: &mut Vec<u64>) {
    let (number, padded) = (keys.len(), keys.len().next_multiple_of(8));
    spare.clear();
    // The two are swapped below, so the next time this one is filled up.
    spare.reserve(padded);
    spare.resize(number, 0);
    // The last eight are filled up by keys that come after all, and so are of no place.
    keys.resize(padded, u64::MAX);
    let (eights, places) = (keys.as_chunks::<8>().0, spare.as_mut_slice());
    for own in eights {
        let mine = u64x8::load_array_ref(simd, own);
        let mut ranks = u64x8::splat(simd, 0);
        for other in eights {
            for &key in other {
                ranks = mine.simd_gt(key).select(ranks + 1, ranks);
            }
        }
        let ranks: [u64; 8] = ranks.into();
        for (&key, rank) in own.iter().zip(ranks) {
            if let Some(place) = usize::try_from(rank).ok().and_then(|rank| places.get_mut(rank)) {
                *place = key;
            }
        }
    }
    std::mem::swap(keys, spare);
}
