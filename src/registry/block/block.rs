//! Up to `BLOCK_ROWS` neighbouring cameras in columns. One [`RowMask`](crate::util::RowMask) answers a
//! question about all of them.

use prefetch_index::prefetch_index;

use super::column::{SharedColumn, SparseColumn, joined_ids};
use super::grant_times::{GrantTimes, RowTimeLimits};
use super::stopped::StoppedColumn;
use super::summary::BlockSummary;
use crate::geometry::{Envelope, Position};
use crate::model::{Camera, CameraId, Facing, NEVER, OwnerId, Recording};
use crate::util::BLOCK_ROWS;
use crate::util::row_mask::at;

/// The part of a row's consent that does not depend on the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowStanding {
    /// The owner has not agreed: the row is never a candidate.
    NotGranted,
    /// The owner agreed within the interned scopes, subject to time.
    Granted {
        /// The interned scopes.
        terms: u32,
        /// The time limits of the grant; `None` if it always holds.
        timing: Option<RowTimeLimits>,
    },
}

/// A camera and its owner's standing: one row of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) camera: Camera,
    pub(crate) standing: RowStanding,
}

/// Up to `BLOCK_ROWS` neighbouring cameras in columns (structure of arrays).
///
/// Rows whose owner agreed come first, so a request reads only their cache lines. Columns start on
/// cache lines, in the order in which a request reads them. Drawn for blocks of 64 rows:
///
/// ```text
/// lon 64 x i32 | lat 64 x i32 | facings, summary, ended | ended, timed | timed, upper halves
/// | terms 64 x u16 | kept 64 x u16 | since 64 x u16, its upper halves
/// | ids 64 x (u32, u32) | since 64 x u16, its lower halves
/// row:       0 .. granted: owner agreed | granted .. len: did not | len .. 64: meaningless
/// ```
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Block {
    pub(crate) lon: [i32; BLOCK_ROWS],
    pub(crate) lat: [i32; BLOCK_ROWS],
    /// The views of the cameras whose facing is known.
    pub(crate) facings: SparseColumn<Facing>,
    pub(crate) summary: BlockSummary,
    /// The end of recording, for cameras that were taken down.
    pub(crate) ended: StoppedColumn,
    /// The time limits of the grants that do not always hold.
    // INVARIANT: granted rows only.
    pub(crate) timed: GrantTimes,
    pub(crate) terms_upper: SharedColumn<u16>,
    pub(crate) ids_upper: SharedColumn<(u32, u32)>,
    pub(crate) terms_lower: [u16; BLOCK_ROWS],
    pub(crate) kept_days: [u16; BLOCK_ROWS],
    pub(crate) since_upper: [u16; BLOCK_ROWS],
    pub(crate) ids_lower: [(u32, u32); BLOCK_ROWS],
    pub(crate) since_lower: [u16; BLOCK_ROWS],
}

/// Columns start on cache lines; the sparse columns share one. Checked on 64-bit targets.
#[cfg(target_pointer_width = "64")]
const _: () = {
    use std::mem::offset_of;

    assert!(offset_of!(Block, terms_lower) % 64 == 0);
    assert!(offset_of!(Block, ids_lower) % 64 == 0);
    assert!(offset_of!(Block, timed) % 64 == 2 * size_of::<u64>());
};

impl Block {
    /// A block without rows.
    pub(crate) fn empty() -> Self {
        Self {
            lon: [0; BLOCK_ROWS],
            lat: [0; BLOCK_ROWS],
            facings: SparseColumn::NONE,
            summary: BlockSummary::NONE,
            ended: StoppedColumn::NONE,
            timed: GrantTimes::NONE,
            terms_upper: SharedColumn::Shared(0),
            ids_upper: SharedColumn::Shared((0, 0)),
            terms_lower: [0; BLOCK_ROWS],
            kept_days: [0; BLOCK_ROWS],
            since_upper: [0; BLOCK_ROWS],
            ids_lower: [(0, 0); BLOCK_ROWS],
            since_lower: [0; BLOCK_ROWS],
        }
    }

    #[inline]
    pub(crate) fn summary(&self) -> BlockSummary {
        self.summary
    }

    pub(crate) fn len(&self) -> usize {
        self.summary.len()
    }

    #[inline]
    pub(crate) fn ended(&self) -> &StoppedColumn {
        &self.ended
    }

    #[inline]
    pub(crate) fn timed(&self) -> &GrantTimes {
        &self.timed
    }

    /// The facings of cameras, where they are known.
    pub(crate) fn facings(&self) -> &SparseColumn<Facing> {
        &self.facings
    }

    /// Prefetches the cache lines that routing reads for the first `rows` rows; with `positions` also
    /// those that are read if the boundary may cross the block.
    #[inline]
    pub(crate) fn prefetch(&self, rows: usize, positions: bool) {
        self.timed.prefetch();
        prefetch_index(std::slice::from_ref(&self.terms_upper), 0);
        // Sixteen rows are one cache line of the positions.
        for row in (0..rows).step_by(16) {
            prefetch_index(self.terms_lower.as_slice(), row);
            prefetch_index(self.kept_days.as_slice(), row);
            prefetch_index(self.since_upper.as_slice(), row);
            prefetch_index(self.ids_lower.as_slice(), row);
            prefetch_index(self.ids_lower.as_slice(), row + 8);
            if positions {
                prefetch_index(self.lon.as_slice(), row);
                prefetch_index(self.lat.as_slice(), row);
            }
        }
    }

    /// The longitudes and latitudes of all rows in units of 1e-7 degree.
    #[inline]
    pub(crate) fn positions(&self) -> (&[i32; BLOCK_ROWS], &[i32; BLOCK_ROWS]) {
        (&self.lon, &self.lat)
    }

    #[inline]
    pub(crate) fn kept_days(&self) -> &[u16; BLOCK_ROWS] {
        &self.kept_days
    }

    #[inline]
    pub(crate) fn kept(&self, row: usize) -> u16 {
        at(&self.kept_days, row)
    }

    #[inline]
    pub(crate) fn terms(&self, row: usize) -> u32 {
        u32::from(self.terms_upper.get(row)) << 16 | u32::from(at(&self.terms_lower, row))
    }

    /// The upper half of the terms' numbers, shifted into place, if all rows share it.
    #[inline]
    pub(crate) fn shared_upper_terms(&self) -> Option<u32> {
        self.terms_upper.shared().map(|upper| u32::from(upper) << 16)
    }

    #[inline]
    pub(crate) fn lower_terms(&self, row: usize) -> u32 {
        u32::from(at(&self.terms_lower, row))
    }

    #[inline]
    pub(crate) fn ids(&self, row: usize) -> (OwnerId, CameraId) {
        joined_ids((self.ids_upper.get(row), at(&self.ids_lower, row)))
    }

    /// The upper halves of the ids of owners and cameras, if all rows share them.
    #[inline]
    pub(crate) fn shared_upper_ids(&self) -> Option<(u32, u32)> {
        self.ids_upper.shared()
    }

    /// The lower halves of the ids of a row's owner and camera.
    #[inline]
    pub(crate) fn lower_ids(&self, row: usize) -> (u32, u32) {
        at(&self.ids_lower, row)
    }

    /// The upper halves of the instants at which recording began.
    #[inline]
    pub(crate) fn since_upper(&self) -> &[u16; BLOCK_ROWS] {
        &self.since_upper
    }

    #[inline]
    pub(crate) fn since(&self, row: usize) -> u32 {
        u32::from(at(&self.since_upper, row)) << 16 | u32::from(at(&self.since_lower, row))
    }

    pub(crate) fn position(&self, row: usize) -> Position {
        Position::vertex(at(&self.lon, row), at(&self.lat, row))
    }

    /// The smallest envelope of all rows.
    pub(crate) fn envelope(&self) -> Envelope {
        Envelope::of((0..self.len()).map(|row| self.position(row)))
    }

    /// A row, with its columns put together.
    pub(crate) fn row(&self, row: usize) -> Row {
        let (owner, id) = self.ids(row);
        let until = self.ended.get(row).unwrap_or(NEVER);
        let recording = Recording::from_columns(self.since(row), until, at(&self.kept_days, row));
        let (position, facing) = (self.position(row), self.facings.get(row));
        let camera = Camera { id, owner, position, recording, facing };
        let standing = if row < self.summary.granted_len() {
            RowStanding::Granted { terms: self.terms(row), timing: self.timed.get(row) }
        } else {
            RowStanding::NotGranted
        };
        Row { camera, standing }
    }

    /// All rows.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Row> {
        (0..self.len()).map(|row| self.row(row))
    }

    /// The row of a camera. O(rows).
    pub(crate) fn find(&self, camera: CameraId) -> Option<usize> {
        (0..self.len()).find(|&row| self.ids(row).1 == camera)
    }
}
