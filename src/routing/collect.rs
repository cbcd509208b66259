//! Rows in both masks, grouped by owner in ascending order.

use super::route::Route;
use crate::camera::{CameraId, OwnerId};
use crate::registry::{Block, rows};

/// The rows that were asked, in the order of the walk.
#[derive(Clone, Debug, Default)]
pub(super) struct Collected {
    rows: Vec<Key>,
    spare: Vec<Key>,
    counts: Vec<u32>,
}

/// An owner in the upper half and a camera in the lower one: numbers sort faster than pairs.
type Key = u128;

fn key((owner, camera): (OwnerId, CameraId)) -> Key {
    u128::from(owner.0) << 64 | u128::from(camera.0)
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of 128 bits are 64 bits")]
fn ids(key: Key) -> (OwnerId, CameraId) {
    (OwnerId((key >> 64) as u64), CameraId(key as u64))
}

/// From so many rows on, a radix sort takes less time than one by comparisons.
const RADIX: usize = 256;
/// The most bits of a digit: the counts of one fit the first cache.
const DIGIT: u32 = 12;

impl Collected {
    pub(super) fn clear(&mut self) {
        self.rows.clear();
    }

    /// Takes the rows of a mask.
    #[inline]
    pub(super) fn take(&mut self, block: &Block, asked: u64) {
        self.rows.reserve(asked.count_ones() as usize);
        for row in rows(asked) {
            self.rows.push(key(block.ids(row)));
        }
    }

    /// Whether the rows are of at least so many owners.
    pub(super) fn has_households(&mut self, number: usize) -> bool {
        if number <= 1 {
            return number <= self.rows.len();
        }
        self.sort();
        self.rows.chunk_by(|&a, &b| ids(a).0 == ids(b).0).take(number).count() == number
    }

    /// Writes the rows to a route, sorted by owner and by camera.
    pub(super) fn group_into(&mut self, route: &mut Route) {
        self.sort();
        route.extend(self.rows.iter().map(|&row| ids(row)));
    }

    fn sort(&mut self) {
        if self.rows.len() < RADIX {
            self.rows.sort_unstable();
        } else if !self.rows.is_sorted() {
            self.sort_by_radix();
        }
    }

    /// Sorts by owner digit by digit, from the lowest on, leaving out bits that are the same in all;
    /// then the few cameras of each owner. O(n) for the ids of a registry of any one size.
    fn sort_by_radix(&mut self) {
        let Self { rows, spare, counts } = self;
        let first = rows.first().copied().unwrap_or(0);
        let differs = ids(rows.iter().fold(0, |all, row| all | (row ^ first))).0.0;
        let highest = u64::BITS - differs.leading_zeros();
        let lowest = differs.trailing_zeros().min(highest);
        // Short lists are sorted by short digits: to go through the counts costs time as well.
        let passes = (highest - lowest).div_ceil((rows.len().ilog2() + 2).min(DIGIT)).max(1);
        let width = (highest - lowest).div_ceil(passes);
        let digit = |row: Key, pass: u32| {
            let digit = ids(row).0.0 >> (lowest + pass * width) & ((1 << width) - 1);
            usize::try_from(digit).unwrap_or(0)
        };
        counts.clear();
        counts.resize((passes as usize) << width, 0);
        for &row in &*rows {
            for pass in 0..passes {
                if let Some(count) = counts.get_mut((pass as usize) << width | digit(row, pass)) {
                    *count += 1;
                }
            }
        }
        spare.resize(rows.len(), 0);
        for (pass, next) in (0..passes).zip(counts.chunks_exact_mut(1 << width)) {
            let mut start = 0;
            for count in &mut *next {
                start += std::mem::replace(count, start);
            }
            for &row in &*rows {
                if let Some(place) = next.get_mut(digit(row, pass)) {
                    if let Some(slot) = spare.get_mut(*place as usize) {
                        *slot = row;
                    }
                    *place += 1;
                }
            }
            std::mem::swap(rows, spare);
        }
        for cameras in rows.chunk_by_mut(|&a, &b| ids(a).0 == ids(b).0) {
            if cameras.len() > 1 {
                cameras.sort_unstable();
            }
        }
    }
}
