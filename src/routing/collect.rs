//! Rows in both masks, grouped by owner in ascending order.

use super::route::Route;
use crate::camera::{CameraId, OwnerId};
use crate::registry::{Block, rows};

/// The rows that were asked, in the order of the walk.
#[derive(Clone, Debug, Default)]
pub(super) struct Collected {
    rows: Vec<(OwnerId, CameraId)>,
    spare: Vec<(OwnerId, CameraId)>,
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
        self.rows.extend(rows(asked).map(|row| block.ids(row)));
    }

    /// Whether the rows are of at least so many owners.
    pub(super) fn has_households(&mut self, number: usize) -> bool {
        if number <= 1 {
            return number <= self.rows.len();
        }
        self.sort();
        self.rows.chunk_by(|a, b| a.0 == b.0).take(number).count() == number
    }

    /// Writes the rows to a route, sorted by owner and by camera.
    pub(super) fn group_into(&mut self, route: &mut Route) {
        self.sort();
        route.extend(self.rows.iter().copied());
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
        let first = self.rows.first().map_or(0, |&(owner, _)| owner.0);
        let differs = self.rows.iter().fold(0, |all, &(owner, _)| all | (owner.0 ^ first));
        let lowest = differs.trailing_zeros();
        let bits =
            u64::BITS - differs.leading_zeros() - lowest.min(u64::BITS - differs.leading_zeros());
        // Small lists are sorted by small digits: counts cost time as well.
        let passes = bits.div_ceil((self.rows.len().ilog2() + 1).clamp(8, DIGIT));
        let (mut from, mut to) = (std::mem::take(&mut self.rows), std::mem::take(&mut self.spare));
        to.resize(from.len(), (OwnerId(0), CameraId(0)));
        for pass in 0..passes {
            let width = bits.div_ceil(passes);
            let shift = lowest + pass * width;
            let digit = |owner: OwnerId| (owner.0 >> shift) as usize & ((1 << width) - 1);
            let mut next = [0_u32; 1 << DIGIT];
            for &(owner, _) in &from {
                if let Some(count) = next.get_mut(digit(owner)) {
                    *count += 1;
                }
            }
            let mut start = 0;
            for count in next.iter_mut().take(1 << width) {
                start += std::mem::replace(count, start);
            }
            for &row in &from {
                if let Some(place) = next.get_mut(digit(row.0)) {
                    if let Some(slot) = to.get_mut(*place as usize) {
                        *slot = row;
                    }
                    *place += 1;
                }
            }
            std::mem::swap(&mut from, &mut to);
        }
        for cameras in from.chunk_by_mut(|a, b| a.0 == b.0) {
            cameras.sort_unstable();
        }
        (self.rows, self.spare) = (from, to);
    }
}
