//! The columns of a block that are more than an array.

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

/// A column that few rows have a value in: the values with their rows, in any order.
#[derive(Clone, Debug)]
pub(crate) struct Rare<T>(Vec<(u8, T)>);

impl<T: Copy> Rare<T> {
    pub(super) const NONE: Self = Self(Vec::new());

    /// The values and their rows.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        self.0.iter().map(|(row, value)| (usize::from(*row), value))
    }

    pub(super) fn get(&self, row: usize) -> Option<T> {
        self.iter().find(|&(of, _)| of == row).map(|(_, &value)| value)
    }

    pub(super) fn set(&mut self, row: usize, value: Option<T>) {
        self.0.retain(|&(of, _)| usize::from(of) != row);
        if let (Some(value), Ok(row)) = (value, u8::try_from(row)) {
            self.0.push((row, value));
        }
    }

    /// Gives back memory that is not used.
    pub(super) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    pub(super) fn swap(&mut self, a: usize, b: usize) {
        for (row, _) in &mut self.0 {
            let of = usize::from(*row);
            let moved = if of == a {
                b
            } else if of == b {
                a
            } else {
                of
            };
            *row = u8::try_from(moved).unwrap_or(*row);
        }
    }
}

/// The owner and the camera of each row. Operators number both from a counter, so that all ids of
/// a block share their upper halves: then only the lower ones are kept.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all blocks are narrow, and read in place")]
pub(super) enum Ids {
    Narrow { owner_high: u32, camera_high: u32, low: [(u32, u32); ROWS] },
    Wide(Box<[(u64, u64); ROWS]>),
}

impl Ids {
    pub(super) const NONE: Self =
        Self::Narrow { owner_high: 0, camera_high: 0, low: [(0, 0); ROWS] };

    #[inline]
    pub(super) fn get(&self, row: usize) -> (OwnerId, CameraId) {
        match self {
            Self::Narrow { owner_high, camera_high, low } => {
                let (owner, camera) = at(low, row);
                (OwnerId(joined(*owner_high, owner)), CameraId(joined(*camera_high, camera)))
            }
            Self::Wide(ids) => {
                let (owner, camera) = at(ids, row);
                (OwnerId(owner), CameraId(camera))
            }
        }
    }

    /// Sets the ids of a row; `rows` are in use before.
    pub(super) fn set(&mut self, row: usize, rows: usize, (owner, camera): (OwnerId, CameraId)) {
        let ((owner_upper, owner_lower), (camera_upper, camera_lower)) =
            (halves(owner.0), halves(camera.0));
        match self {
            Self::Narrow { owner_high, camera_high, low } => {
                if rows == 0 {
                    (*owner_high, *camera_high) = (owner_upper, camera_upper);
                }
                if (*owner_high, *camera_high) == (owner_upper, camera_upper) {
                    set(low, row, (owner_lower, camera_lower));
                    return;
                }
            }
            Self::Wide(ids) => {
                set(ids, row, (owner.0, camera.0));
                return;
            }
        }
        let mut wide = Box::new([(0, 0); ROWS]);
        for (place, wide) in wide.iter_mut().enumerate().take(rows) {
            let (owner, camera) = self.get(place);
            *wide = (owner.0, camera.0);
        }
        set(&mut wide, row, (owner.0, camera.0));
        *self = Self::Wide(wide);
    }

    pub(super) fn swap(&mut self, a: usize, b: usize) {
        match self {
            Self::Narrow { low, .. } => low.swap(a, b),
            Self::Wide(ids) => ids.swap(a, b),
        }
    }
}

#[inline]
fn joined(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of 64 bits are 32 bits")]
fn halves(id: u64) -> (u32, u32) {
    ((id >> 32) as u32, id as u32)
}
