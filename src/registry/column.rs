//! The columns of a block that are more than an array.

use std::mem::offset_of;

use crate::camera::{CameraId, OwnerId};

/// Rows in a full block, and bits in a mask.
pub(crate) const ROWS: usize = 64;

/// The value of a column in a row.
#[inline]
#[expect(clippy::indexing_slicing, reason = "a number modulo 64 is an index into 64")]
pub(super) fn at<T: Copy>(column: &[T; ROWS], row: usize) -> T {
    column[row % ROWS]
}

#[inline]
#[expect(clippy::indexing_slicing, reason = "a number modulo 64 is an index into 64")]
pub(super) fn set<T>(column: &mut [T; ROWS], row: usize, value: T) {
    column[row % ROWS] = value;
}

/// A column that few rows have a value in: a mask of those rows, and the values in their order.
#[derive(Clone, Debug)]
#[repr(C)]
pub(crate) struct Rare<T> {
    values: Vec<T>,
    // INVARIANT: as many rows as there are values.
    mask: u64,
}

impl<T: Copy> Rare<T> {
    pub(super) const NONE: Self = Self { values: Vec::new(), mask: 0 };
    /// Where in it the mask is.
    pub(super) const MASK: usize = offset_of!(Self, mask);

    /// The rows that have a value.
    #[inline]
    pub(crate) fn mask(&self) -> u64 {
        self.mask
    }

    #[inline]
    pub(crate) fn get(&self, row: usize) -> Option<T> {
        if self.mask & bit(row) == 0 { None } else { self.values.get(self.place(row)).copied() }
    }

    /// The values, in the order of their rows.
    pub(super) fn values(&self) -> &[T] {
        &self.values
    }

    pub(super) fn set(&mut self, row: usize, value: Option<T>) {
        let (place, had) = (self.place(row), self.mask & bit(row) != 0);
        match value {
            Some(value) if had => {
                if let Some(old) = self.values.get_mut(place) {
                    *old = value;
                }
            }
            Some(value) => {
                self.values.insert(place.min(self.values.len()), value);
                self.mask |= bit(row);
            }
            None if had => {
                self.values.remove(place);
                self.mask &= !bit(row);
            }
            None => {}
        }
    }

    /// Gives back memory that is not used.
    pub(super) fn shrink(&mut self) {
        self.values.shrink_to_fit();
    }

    pub(super) fn swap(&mut self, a: usize, b: usize) {
        if self.mask & (bit(a) | bit(b)) != 0 {
            let (of_a, of_b) = (self.get(a), self.get(b));
            self.set(a, of_b);
            self.set(b, of_a);
        }
    }

    /// How many rows before this one have a value.
    #[inline]
    fn place(&self, row: usize) -> usize {
        (self.mask & (bit(row) - 1)).count_ones() as usize
    }
}

/// The bit of a row in a mask.
#[inline]
pub(super) fn bit(row: usize) -> u64 {
    1 << (row % ROWS)
}

/// A column whose values are kept in halves: the lower ones of each row, and one upper half that all
/// rows share, for as long as they do. Operators number owners and cameras from a counter, and few
/// write terms of their own, so nearly all blocks share.
#[derive(Clone, Debug)]
#[repr(C)]
pub(super) struct Halved<L, U> {
    upper: Upper<U>,
    lower: [L; ROWS],
}

#[derive(Clone, Debug)]
enum Upper<U> {
    Shared(U),
    Each(Box<[U; ROWS]>),
}

impl<L: Copy + Default, U: Copy + Default + PartialEq> Halved<L, U> {
    pub(super) fn none() -> Self {
        Self { upper: Upper::Shared(U::default()), lower: [L::default(); ROWS] }
    }

    #[inline]
    pub(super) fn get(&self, row: usize) -> (U, L) {
        let upper = match &self.upper {
            Upper::Shared(upper) => *upper,
            Upper::Each(each) => at(each, row),
        };
        (upper, at(&self.lower, row))
    }

    /// The upper half that all rows share, if they do.
    #[inline]
    pub(super) fn shared_upper(&self) -> Option<U> {
        match self.upper {
            Upper::Shared(upper) => Some(upper),
            Upper::Each(_) => None,
        }
    }

    /// The lower half of a row.
    #[inline]
    pub(super) fn lower(&self, row: usize) -> L {
        at(&self.lower, row)
    }

    /// Sets the value of a row; `rows` have one before.
    pub(super) fn set(&mut self, row: usize, rows: usize, (upper, lower): (U, L)) {
        set(&mut self.lower, row, lower);
        match &mut self.upper {
            Upper::Shared(shared) if *shared == upper => {}
            Upper::Shared(shared) if rows == 0 => *shared = upper,
            Upper::Shared(shared) => {
                let mut each = Box::new([*shared; ROWS]);
                set(&mut each, row, upper);
                self.upper = Upper::Each(each);
            }
            Upper::Each(each) => set(each, row, upper),
        }
    }

    pub(super) fn swap(&mut self, a: usize, b: usize) {
        self.lower.swap(a, b);
        if let Upper::Each(each) = &mut self.upper {
            each.swap(a, b);
        }
    }
}

/// The owner and the camera of each row.
pub(super) type Ids = Halved<(u32, u32), (u32, u32)>;

/// The number of the interned scopes of each row whose owner agreed.
pub(super) type TermsNumbers = Halved<u16, u16>;

#[inline]
pub(super) fn joined_ids(
    ((owner_upper, camera_upper), (owner, camera)): ((u32, u32), (u32, u32)),
) -> (OwnerId, CameraId) {
    let joined = |upper: u32, lower: u32| u64::from(upper) << 32 | u64::from(lower);
    (OwnerId(joined(owner_upper, owner)), CameraId(joined(camera_upper, camera)))
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of 64 bits are 32 bits")]
pub(super) fn halved_ids(
    (OwnerId(owner), CameraId(camera)): (OwnerId, CameraId),
) -> ((u32, u32), (u32, u32)) {
    (((owner >> 32) as u32, (camera >> 32) as u32), (owner as u32, camera as u32))
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of 32 bits are 16 bits")]
pub(crate) fn halved(value: u32) -> (u16, u16) {
    ((value >> 16) as u16, value as u16)
}
