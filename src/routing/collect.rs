//! Rows in both masks, grouped by owner in ascending order.

use super::route::Route;
use crate::camera::{CameraId, OwnerId};
use crate::registry::{Block, rows};

/// The rows that were asked, in the order of the walk.
#[derive(Clone, Debug, Default)]
pub(super) struct Collected {
    rows: Vec<Key>,
    spare: Vec<Key>,
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
        let first = self.rows.first().copied().unwrap_or(0);
        let differs = self.rows.iter().fold(0, |all, row| all | (row ^ first)) >> 64 << 64;
        let highest = Key::BITS - differs.leading_zeros();
        let lowest = differs.trailing_zeros().min(highest);
        let bits = highest - lowest;
        // Small lists are sorted by small digits: counts cost time as well.
        let passes = bits.div_ceil((self.rows.len().ilog2() + 1).clamp(8, DIGIT));
        let (mut from, mut to) = (std::mem::take(&mut self.rows), std::mem::take(&mut self.spare));
        to.resize(from.len(), 0);
        for pass in 0..passes {
            let width = bits.div_ceil(passes);
            let shift = lowest + pass * width;
            let digit = |row: Key| (row >> shift) as usize & ((1 << width) - 1);
            let mut next = [0_u32; 1 << DIGIT];
            for &row in &from {
                if let Some(count) = next.get_mut(digit(row)) {
                    *count += 1;
                }
            }
            let mut start = 0;
            for count in next.iter_mut().take(1 << width) {
                start += std::mem::replace(count, start);
            }
            for &row in &from {
                if let Some(place) = next.get_mut(digit(row)) {
                    if let Some(slot) = to.get_mut(*place as usize) {
                        *slot = row;
                    }
                    *place += 1;
                }
            }
            std::mem::swap(&mut from, &mut to);
        }
        for cameras in from.chunk_by_mut(|&a, &b| ids(a).0 == ids(b).0) {
            cameras.sort_unstable();
        }
        (self.rows, self.spare) = (from, to);
    }
}
