//! Writes blocks: adds and removes rows, and changes their standing.

use prefetch_index::prefetch_index;

use super::block::{Block, Row, RowStanding};
use super::column::{halved, halved_ids};
use crate::model::{Camera, NEVER};
use crate::util::BLOCK_ROWS;
use crate::util::row_mask::set;

impl Block {
    /// A block of the first `BLOCK_ROWS` of some rows.
    pub(crate) fn of(rows: &[Row]) -> Self {
        let rows = rows.get(..BLOCK_ROWS).unwrap_or(rows);
        let mut block = Self::empty();
        // Granted rows first, as a block keeps them, so that no row is swapped.
        let agreed = |row: &&Row| row.standing != RowStanding::NotGranted;
        let others = rows.iter().filter(|row| !agreed(row));
        rows.iter().filter(agreed).chain(others).for_each(|row| block.write(row));
        block.timed.shrink();
        block.ended.shrink();
        block.facings.shrink();
        block
    }

    /// Adds a row; a full block stays as it is.
    pub(crate) fn push(&mut self, row: Row) {
        if !self.summary.is_full() {
            self.write(&row);
        }
    }

    #[inline]
    fn write(&mut self, row: &Row) {
        let index = self.len();
        let Camera { id, owner, position, recording, facing } = row.camera;
        let (since, until, kept_days) = recording.columns();
        set(&mut self.lon, index, position.lon_e7());
        set(&mut self.lat, index, position.lat_e7());
        set(&mut self.kept_days, index, kept_days);
        let (ids_upper, ids_lower) = halved_ids((owner, id));
        self.ids_upper.set(index, index, ids_upper);
        set(&mut self.ids_lower, index, ids_lower);
        let (since_upper, since_lower) = halved(since);
        set(&mut self.since_upper, index, since_upper);
        set(&mut self.since_lower, index, since_lower);
        if until != NEVER {
            self.ended.set(index, Some(until));
        }
        if facing.is_some() {
            self.facings.set(index, facing);
        }
        self.summary.least_kept = self.summary.least_kept.min(kept_days);
        self.summary.latest_since = self.summary.latest_since.max(since_upper);
        self.summary.len += 1;
        self.set_standing(index, row.standing);
    }

    /// Removes a row.
    pub(crate) fn remove(&mut self, row: usize) {
        self.set_standing(row, RowStanding::NotGranted);
        // The withdrawal above has moved a granted row to the start of those that are not granted.
        let (row, last) = (row.max(self.summary.granted_len()), self.len().saturating_sub(1));
        self.swap(row, last);
        self.ended.set(last, None);
        self.facings.set(last, None);
        self.summary.len = self.summary.len.saturating_sub(1);
    }

    /// Changes a row's standing. The row may swap places with another.
    #[inline]
    pub(crate) fn set_standing(&mut self, row: usize, standing: RowStanding) {
        let was_granted = row < self.summary.granted_len();
        if was_granted {
            self.timed.set(row, None);
        }
        match standing {
            RowStanding::NotGranted if was_granted => {
                self.summary.granted -= 1;
                self.swap(row, self.summary.granted_len());
            }
            RowStanding::NotGranted => {}
            RowStanding::Granted { terms, timing } => {
                let before = self.summary.granted_len();
                let target = if was_granted { row } else { before };
                if !was_granted {
                    self.swap(row, target);
                    self.summary.granted += 1;
                }
                let (upper, lower) = halved(terms);
                self.terms_upper.set(target, before, upper);
                set(&mut self.terms_lower, target, lower);
                self.timed.set(target, timing);
            }
        }
    }

    /// Prefetches all cache lines and the [counter](Self::prefetch_counter), before the block is copied
    /// or written.
    pub(crate) fn prefetch_whole(&self) {
        self.prefetch_counter();
        for row in (0..BLOCK_ROWS).step_by(16) {
            prefetch_index(self.lon.as_slice(), row);
            prefetch_index(self.lat.as_slice(), row);
        }
        prefetch_index(std::slice::from_ref(&self.facings), 0);
        prefetch_index(std::slice::from_ref(&self.timed), 0);
        prefetch_index(std::slice::from_ref(&self.ids_upper), 0);
        for row in (0..BLOCK_ROWS).step_by(32) {
            prefetch_index(self.terms_lower.as_slice(), row);
            prefetch_index(self.kept_days.as_slice(), row);
            prefetch_index(self.since_upper.as_slice(), row);
            prefetch_index(self.since_lower.as_slice(), row);
        }
        for row in (0..BLOCK_ROWS).step_by(8) {
            prefetch_index(self.ids_lower.as_slice(), row);
        }
    }

    /// Prefetches the sparse columns' lists. Reads their addresses, so [prefetch the
    /// block](Self::prefetch_whole) first.
    pub(crate) fn prefetch_lists(&self) {
        self.timed.prefetch_exact();
        self.ended.prefetch_exact();
        self.facings.prefetch();
    }

    /// Prefetches the counter of the `Arc` that holds the block.
    #[inline]
    pub(crate) fn prefetch_counter(&self) {
        // The counter is in the cache line before the block.
        prefetch_index(self.lon.as_slice(), 0_usize.wrapping_sub(1));
    }

    fn swap(&mut self, a: usize, b: usize) {
        let (a, b) = (a % BLOCK_ROWS, b % BLOCK_ROWS);
        if a == b {
            return;
        }
        self.lon.swap(a, b);
        self.lat.swap(a, b);
        self.kept_days.swap(a, b);
        self.terms_upper.swap(a, b);
        self.terms_lower.swap(a, b);
        self.ids_upper.swap(a, b);
        self.ids_lower.swap(a, b);
        self.since_upper.swap(a, b);
        self.since_lower.swap(a, b);
        self.timed.swap(a, b);
        self.ended.swap(a, b);
        self.facings.swap(a, b);
    }
}

impl Clone for Block {
    fn clone(&self) -> Self {
        let mut block = Self::empty();
        block.clone_from(self);
        block
    }

    /// Reuses the memory of the lists.
    fn clone_from(&mut self, source: &Self) {
        self.lon = source.lon;
        self.lat = source.lat;
        self.facings.clone_from(&source.facings);
        self.summary = source.summary;
        self.ended.clone_from(&source.ended);
        self.timed.clone_from(&source.timed);
        self.terms_upper.clone_from(&source.terms_upper);
        self.ids_upper.clone_from(&source.ids_upper);
        self.terms_lower = source.terms_lower;
        self.kept_days = source.kept_days;
        self.since_upper = source.since_upper;
        self.ids_lower = source.ids_lower;
        self.since_lower = source.since_lower;
    }
}
