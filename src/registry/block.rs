//! Up to 64 neighbouring cameras in columns: one `u64` mask answers a question about all of them.

use super::column::{Ids, ROWS, Rare, at, set};
use crate::camera::{Camera, CameraId, NEVER, OwnerId, Recording};
use crate::facing::Facing;
use crate::geometry::{Envelope, Position};

/// Whether a row's owner may be asked, as far as that does not depend on the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowStanding {
    /// The owner has not agreed: the row is never a candidate.
    NotGranted,
    /// The owner agreed within the interned scopes, subject to time.
    Granted {
        /// The interned scopes.
        terms: u32,
        /// When that holds, where it does not hold always.
        timing: Option<Timing>,
    },
}

/// When a grant holds: from both the end of a pause and of a reached limit, up to its expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timing {
    pub(crate) paused_until: i64,
    pub(crate) reached_until: i64,
    pub(crate) expires: i64,
}

/// A camera and its owner's standing: one row of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) camera: Camera,
    pub(crate) standing: RowStanding,
}

/// Up to 64 neighbouring cameras in columns (structure of arrays).
///
/// Rows whose owner agreed come first, so a request touches the cache lines of those alone. The
/// fields stand in the order in which a request reads them; those of the zone map tell when a
/// column need not be read at all.
///
/// ```text
/// zone map | lon 64 x i32 | lat 64 x i32 | kept 64 x u16 | terms 64 x u32 | ids 64 x (u32, u32) |
///          | since 64 x u32 | facings
/// row:       0 .. granted: owner agreed | granted .. len: did not | len .. 64: meaningless
/// ```
#[derive(Clone, Debug)]
#[repr(C)]
pub(crate) struct Block {
    // INVARIANT: granted <= len <= 64. `timed` has granted rows only.
    len: u8,
    granted: u8,
    /// Not longer than any row keeps footage, in days.
    least_kept: u16,
    /// Not earlier than any row's first recording.
    latest_since: u32,
    /// When the grants hold that do not hold always.
    timed: Rare<Timing>,
    /// When the cameras that were taken down stopped recording.
    ended: Rare<u32>,
    lon: [i32; ROWS],
    lat: [i32; ROWS],
    kept_days: [u16; ROWS],
    terms: [u32; ROWS],
    ids: Ids,
    since: [u32; ROWS],
    /// Which way the cameras look of which that is known.
    facings: Rare<Facing>,
}

/// A mask of the first `rows` rows.
#[inline]
pub(crate) const fn first(rows: usize) -> u64 {
    match rows {
        0 => 0,
        1..ROWS => (1 << rows) - 1,
        _ => u64::MAX,
    }
}

/// The rows of a mask, ascending.
#[inline]
pub(crate) fn rows(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let row = mask.trailing_zeros() as usize;
        mask &= mask.wrapping_sub(1);
        (row < ROWS).then_some(row)
    })
}

impl Block {
    /// A block without rows.
    pub(crate) fn empty() -> Self {
        Self {
            len: 0,
            granted: 0,
            least_kept: u16::MAX,
            latest_since: 0,
            timed: Rare::NONE,
            ended: Rare::NONE,
            lon: [0; ROWS],
            lat: [0; ROWS],
            kept_days: [0; ROWS],
            terms: [0; ROWS],
            ids: Ids::NONE,
            since: [0; ROWS],
            facings: Rare::NONE,
        }
    }

    /// A block of some rows; those past the 64th are left out.
    pub(crate) fn of(rows: impl IntoIterator<Item = Row>) -> Self {
        let mut block = Self::empty();
        rows.into_iter().take(ROWS).for_each(|row| block.push(row));
        block.timed.shrink();
        block.ended.shrink();
        block.facings.shrink();
        block
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.len)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len() >= ROWS
    }

    /// The mask of all rows.
    #[inline]
    pub(crate) fn all(&self) -> u64 {
        first(self.len())
    }

    /// The mask of the rows whose owner agreed: always the first ones.
    #[inline]
    pub(crate) fn granted(&self) -> u64 {
        first(usize::from(self.granted))
    }

    #[inline]
    pub(crate) fn least_kept(&self) -> u16 {
        self.least_kept
    }

    #[inline]
    pub(crate) fn latest_since(&self) -> u32 {
        self.latest_since
    }

    #[inline]
    pub(crate) fn ended(&self) -> &Rare<u32> {
        &self.ended
    }

    #[inline]
    pub(crate) fn timed(&self) -> &Rare<Timing> {
        &self.timed
    }

    /// Which way cameras look, where it is known.
    pub(crate) fn facings(&self) -> &Rare<Facing> {
        &self.facings
    }

    /// Reads one value of the first cache lines of each column, whatever the rows are: so that no
    /// branch waits for the memory, and the misses of several blocks are waited for together.
    #[inline]
    pub(crate) fn touch_first(&self) -> u64 {
        let place = at(&self.lon, 0) ^ at(&self.lat, 0);
        let rest = at(&self.terms, 0) ^ u32::from(at(&self.kept_days, 0));
        u64::from(self.granted) ^ u64::from(place.cast_unsigned() ^ rest) ^ self.ids(0).0.0
    }

    /// Reads one value of each other cache line that a request is about to read.
    #[inline]
    pub(crate) fn touch_rest(&self, positions: bool) -> u64 {
        let rows = usize::from(self.granted);
        let mut sum = self.timed.iter().next().map_or(0, |(row, _)| row as u64);
        for row in (16..rows).step_by(16) {
            if positions {
                sum ^= u64::from((at(&self.lon, row) ^ at(&self.lat, row)).cast_unsigned());
            }
            sum ^= u64::from(at(&self.terms, row) ^ u32::from(at(&self.kept_days, row)));
        }
        for row in (8..rows).step_by(8) {
            sum ^= self.ids(row).0.0;
        }
        sum
    }

    /// The longitudes and latitudes of all 64 rows in units of 1e-7 degree.
    #[inline]
    pub(crate) fn positions(&self) -> (&[i32; ROWS], &[i32; ROWS]) {
        (&self.lon, &self.lat)
    }

    #[inline]
    pub(crate) fn kept_days(&self) -> &[u16; ROWS] {
        &self.kept_days
    }

    #[inline]
    pub(crate) fn kept(&self, row: usize) -> u16 {
        at(&self.kept_days, row)
    }

    #[inline]
    pub(crate) fn terms(&self, row: usize) -> u32 {
        at(&self.terms, row)
    }

    #[inline]
    pub(crate) fn ids(&self, row: usize) -> (OwnerId, CameraId) {
        self.ids.get(row)
    }

    #[inline]
    pub(crate) fn since(&self, row: usize) -> u32 {
        at(&self.since, row)
    }

    pub(crate) fn position(&self, row: usize) -> Position {
        Position::vertex(at(&self.lon, row), at(&self.lat, row))
    }

    /// The smallest envelope of all rows.
    pub(crate) fn envelope(&self) -> Envelope {
        Envelope::of((0..self.len()).map(|row| self.position(row)))
    }

    /// The row as it was pushed.
    pub(crate) fn row(&self, row: usize) -> Row {
        let (owner, id) = self.ids(row);
        let until = self.ended.get(row).unwrap_or(NEVER);
        let recording = Recording::from_columns(self.since(row), until, at(&self.kept_days, row));
        let (position, facing) = (self.position(row), self.facings.get(row));
        let camera = Camera { id, owner, position, recording, facing };
        let standing = if row < usize::from(self.granted) {
            RowStanding::Granted { terms: at(&self.terms, row), timing: self.timed.get(row) }
        } else {
            RowStanding::NotGranted
        };
        Row { camera, standing }
    }

    /// All rows.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Row> {
        (0..self.len()).map(|row| self.row(row))
    }

    /// Which row a camera is in. O(rows).
    pub(crate) fn find(&self, camera: CameraId) -> Option<usize> {
        (0..self.len()).find(|&row| self.ids(row).1 == camera)
    }

    /// Adds a row to a block that is not full; to a full one it adds nothing.
    pub(crate) fn push(&mut self, row: Row) {
        if self.is_full() {
            return;
        }
        let index = self.len();
        let Camera { id, owner, position, recording, facing } = row.camera;
        let (since, until, kept_days) = recording.columns();
        set(&mut self.lon, index, position.lon_e7());
        set(&mut self.lat, index, position.lat_e7());
        set(&mut self.kept_days, index, kept_days);
        self.ids.set(index, index, (owner, id));
        set(&mut self.since, index, since);
        self.ended.set(index, (until != NEVER).then_some(until));
        self.facings.set(index, facing);
        self.least_kept = self.least_kept.min(kept_days);
        self.latest_since = self.latest_since.max(since);
        self.len += 1;
        self.set_standing(index, row.standing);
    }

    /// Removes a row.
    pub(crate) fn remove(&mut self, row: usize) {
        self.set_standing(row, RowStanding::NotGranted);
        // Withdrawing has moved the row to the front of those that did not agree, if it was not
        // there already.
        let (row, last) = (row.max(usize::from(self.granted)), self.len().saturating_sub(1));
        self.swap(row, last);
        self.ended.set(last, None);
        self.facings.set(last, None);
        self.len = self.len.saturating_sub(1);
    }

    /// Changes a row's standing; the row may change places with another.
    pub(crate) fn set_standing(&mut self, row: usize, standing: RowStanding) {
        let was_granted = row < usize::from(self.granted);
        if was_granted {
            self.timed.set(row, None);
        }
        match standing {
            RowStanding::NotGranted if was_granted => {
                self.granted -= 1;
                self.swap(row, usize::from(self.granted));
            }
            RowStanding::NotGranted => {}
            RowStanding::Granted { terms, timing } => {
                let target = if was_granted { row } else { usize::from(self.granted) };
                if !was_granted {
                    self.swap(row, target);
                    self.granted += 1;
                }
                set(&mut self.terms, target, terms);
                self.timed.set(target, timing);
            }
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        let (a, b) = (a % ROWS, b % ROWS);
        if a == b {
            return;
        }
        self.lon.swap(a, b);
        self.lat.swap(a, b);
        self.kept_days.swap(a, b);
        self.terms.swap(a, b);
        self.ids.swap(a, b);
        self.since.swap(a, b);
        self.timed.swap(a, b);
        self.ended.swap(a, b);
        self.facings.swap(a, b);
    }
}
