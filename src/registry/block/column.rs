//! The columns of a block that are more than an array.

use prefetch_index::prefetch_index;

use crate::model::{CameraId, OwnerId};
use crate::util::row_mask::{at, set};
use crate::util::{BLOCK_ROWS, RowMask};

/// A column that few rows have a value in: a mask of those rows, and the values in their order.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct SparseColumn<T> {
    values: Vec<T>,
    // INVARIANT: as many rows as there are values.
    mask: RowMask,
}

impl<T: Clone> Clone for SparseColumn<T> {
    fn clone(&self) -> Self {
        Self { values: self.values.clone(), mask: self.mask }
    }

    /// Keeps the memory of the list where it has room enough, and not much too much. New memory is for two
    /// more, since the next list may be longer.
    fn clone_from(&mut self, source: &Self) {
        let few = source.values.len();
        let room = few..=few + 5;
        if !room.contains(&self.values.capacity()) {
            self.values = Vec::with_capacity(if few == 0 { 0 } else { few + 2 });
        }
        self.values.clone_from(&source.values);
        self.mask = source.mask;
    }
}

impl<T: Copy> SparseColumn<T> {
    pub(crate) const NONE: Self = Self { values: Vec::new(), mask: RowMask::NONE };

    /// The rows that have a value.
    #[inline]
    pub(crate) fn mask(&self) -> RowMask {
        self.mask
    }

    #[inline]
    pub(crate) fn get(&self, row: usize) -> Option<T> {
        if self.mask.contains(row) { self.values.get(self.place(row)).copied() } else { None }
    }

    /// The values, in the order of their rows.
    pub(crate) fn values(&self) -> &[T] {
        &self.values
    }

    pub(crate) fn set(&mut self, row: usize, value: Option<T>) {
        let (place, had) = (self.place(row), self.mask.contains(row));
        match value {
            Some(value) if had => {
                if let Some(old) = self.values.get_mut(place) {
                    *old = value;
                }
            }
            Some(value) => {
                self.values.insert(place.min(self.values.len()), value);
                self.mask |= RowMask::only(row);
            }
            None if had => {
                self.values.remove(place);
                self.mask &= !RowMask::only(row);
            }
            None => {}
        }
    }

    /// Has the values fetched. Nothing waits for them here.
    pub(crate) fn prefetch(&self) {
        for place in (0..self.values.len()).step_by(const { 64_usize.div_ceil(size_of::<T>()) }) {
            prefetch_index(self.values.as_slice(), place);
        }
    }

    /// Gives back memory that is not used.
    pub(crate) fn shrink(&mut self) {
        self.values.shrink_to_fit();
    }

    pub(crate) fn swap(&mut self, a: usize, b: usize) {
        if self.mask.contains(a) || self.mask.contains(b) {
            let (of_a, of_b) = (self.get(a), self.get(b));
            self.set(a, of_b);
            self.set(b, of_a);
        }
    }

    /// Where the value of a row is among the values.
    #[inline]
    pub(crate) fn place(&self, row: usize) -> usize {
        self.mask.rank(row)
    }
}

/// A column in which all rows have one value, for as long as they do.
///
/// The upper halves of numbers are such: operators number owners and cameras from a counter, and few
/// write scopes of their own.
#[derive(Clone, Debug)]
pub(crate) enum SharedColumn<T> {
    Shared(T),
    Each(Box<[T; BLOCK_ROWS]>),
}

impl<T: Copy + PartialEq> SharedColumn<T> {
    #[inline]
    pub(crate) fn get(&self, row: usize) -> T {
        match self {
            Self::Shared(shared) => *shared,
            Self::Each(each) => at(each, row),
        }
    }

    /// The value of all rows, if they have one.
    #[inline]
    pub(crate) fn shared(&self) -> Option<T> {
        match self {
            Self::Shared(shared) => Some(*shared),
            Self::Each(_) => None,
        }
    }

    /// Sets the value of a row; `rows` have one before.
    pub(crate) fn set(&mut self, row: usize, rows: usize, value: T) {
        match self {
            Self::Shared(shared) if *shared == value => {}
            Self::Shared(shared) if rows == 0 => *shared = value,
            Self::Shared(shared) => {
                let mut each = Box::new([*shared; BLOCK_ROWS]);
                set(&mut each, row, value);
                *self = Self::Each(each);
            }
            Self::Each(each) => set(each, row, value),
        }
    }

    pub(crate) fn swap(&mut self, a: usize, b: usize) {
        if let Self::Each(each) = self {
            each.swap(a, b);
        }
    }
}

#[inline]
pub(crate) fn joined_ids(
    ((owner_upper, camera_upper), (owner, camera)): ((u32, u32), (u32, u32)),
) -> (OwnerId, CameraId) {
    let joined = |upper: u32, lower: u32| u64::from(upper) << 32 | u64::from(lower);
    (OwnerId(joined(owner_upper, owner)), CameraId(joined(camera_upper, camera)))
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of 64 bits are 32 bits")]
pub(crate) fn halved_ids(
    (OwnerId(owner), CameraId(camera)): (OwnerId, CameraId),
) -> ((u32, u32), (u32, u32)) {
    (((owner >> 32) as u32, (camera >> 32) as u32), (owner as u32, camera as u32))
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of 32 bits are 16 bits")]
pub(crate) fn halved(value: u32) -> (u16, u16) {
    ((value >> 16) as u16, value as u16)
}
