//! Columns of a block that are more compact than an array.

use prefetch_index::prefetch_index;

use crate::model::{CameraId, OwnerId};
use crate::util::row_mask::{at, set};
use crate::util::{BLOCK_ROWS, RowMask};

/// A column in which few rows have a value: a mask of those rows, and the values in row order.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct SparseColumn<T> {
    values: Vec<T>,
    // INVARIANT: one row for each value.
    mask: RowMask,
}

impl<T: Clone> Clone for SparseColumn<T> {
    fn clone(&self) -> Self {
        Self { values: self.values.clone(), mask: self.mask }
    }

    fn clone_from(&mut self, source: &Self) {
        clone_list(&mut self.values, &source.values);
        self.mask = source.mask;
    }
}

/// Clones a list into the memory of another if it fits and wastes little. A new list has room for two
/// more, since the next one may be longer.
pub(crate) fn clone_list<T: Clone>(list: &mut Vec<T>, source: &Vec<T>) {
    let few = source.len();
    let room = few..=few + 5;
    if !room.contains(&list.capacity()) {
        *list = Vec::with_capacity(if few == 0 { 0 } else { few + 2 });
    }
    list.clone_from(source);
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

    /// Prefetches the values.
    pub(crate) fn prefetch(&self) {
        for place in (0..self.values.len()).step_by(const { 64_usize.div_ceil(size_of::<T>()) }) {
            prefetch_index(self.values.as_slice(), place);
        }
    }

    /// Releases unused memory.
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

    /// The index of a row's value among the values.
    #[inline]
    pub(crate) fn place(&self, row: usize) -> usize {
        self.mask.rank(row)
    }
}

/// A column that stores one value while all rows share it, and an array otherwise.
///
/// Upper halves of numbers are usually shared: operators number owners and cameras from a counter, and
/// few owners write scopes of their own.
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

    /// The value that all rows share, if they do.
    #[inline]
    pub(crate) fn shared(&self) -> Option<T> {
        match self {
            Self::Shared(shared) => Some(*shared),
            Self::Each(_) => None,
        }
    }

    /// Sets the value of a row; `rows` rows were set before.
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
