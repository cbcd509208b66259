//! The column of cameras that were taken down.

use super::column::{SparseColumn, halved};
use crate::util::RowMask;

/// The instants at which the cameras of some rows stopped recording, in seconds. The upper halves of
/// the first ones are stored beside the mask, and are nearly always enough to decide.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct StoppedColumn {
    exact: SparseColumn<u32>,
    // INVARIANT: the upper halves of the first values of `exact`.
    uppers: [u16; UPPERS],
}

impl Clone for StoppedColumn {
    fn clone(&self) -> Self {
        Self { exact: self.exact.clone(), uppers: self.uppers }
    }

    fn clone_from(&mut self, source: &Self) {
        self.exact.clone_from(&source.exact);
        self.uppers = source.uppers;
    }
}

/// Enough for most blocks.
const UPPERS: usize = 4;

impl StoppedColumn {
    pub(crate) const NONE: Self = Self { exact: SparseColumn::NONE, uppers: [0; UPPERS] };

    /// The `rows` whose cameras still record, or stopped after the row's `instant`, in seconds.
    #[inline]
    pub(crate) fn recording_after(&self, rows: RowMask, instant: impl Fn(usize) -> i64) -> RowMask {
        let (mut recording_after, mut unsure) = (rows, RowMask::NONE);
        for row in (rows & self.exact.mask()).rows() {
            let instant = instant(row) >> 16;
            // A row without a stored upper half is treated as undecided.
            let upper = self.uppers.get(self.exact.place(row)).map_or(instant, |&u| i64::from(u));
            unsure |= RowMask::only_if(upper == instant, row);
            recording_after &= !RowMask::only_if(upper < instant, row);
        }
        for row in (recording_after & unsure).rows() {
            recording_after &= !RowMask::only_if(!self.outlives(row, instant(row)), row);
        }
        recording_after
    }

    #[cold]
    fn outlives(&self, row: usize, instant: i64) -> bool {
        self.exact.get(row).is_none_or(|until| i64::from(until) > instant)
    }

    pub(crate) fn get(&self, row: usize) -> Option<u32> {
        self.exact.get(row)
    }

    pub(crate) fn set(&mut self, row: usize, until: Option<u32>) {
        if until.is_some() || self.exact.mask().contains(row) {
            self.exact.set(row, until);
            self.follow();
        }
    }

    pub(crate) fn swap(&mut self, a: usize, b: usize) {
        let mask = self.exact.mask();
        if mask.contains(a) || mask.contains(b) {
            self.exact.swap(a, b);
            self.follow();
        }
    }

    /// Releases unused memory.
    pub(crate) fn shrink(&mut self) {
        self.exact.shrink();
    }

    /// Prefetches the instants.
    pub(crate) fn prefetch_exact(&self) {
        self.exact.prefetch();
    }

    fn follow(&mut self) {
        for (upper, &until) in self.uppers.iter_mut().zip(self.exact.values()) {
            (*upper, _) = halved(until);
        }
    }
}
