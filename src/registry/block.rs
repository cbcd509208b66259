//! Up to 64 neighbouring cameras in columns: one `u64` mask answers a question about all of them.

use prefetch_index::prefetch_index;

use super::column::{Common, ROWS, Rare, at, halved, halved_ids, joined_ids, set};
use super::ended::Ended;
use super::timed::{Timed, Timing};
use super::zone_map::ZoneMap;
use crate::camera::{Camera, CameraId, NEVER, OwnerId, Recording};
use crate::facing::Facing;
use crate::geometry::{Envelope, Position, ones};

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

/// A camera and its owner's standing: one row of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) camera: Camera,
    pub(crate) standing: RowStanding,
}

/// Up to 64 neighbouring cameras in columns (structure of arrays).
///
/// Rows whose owner agreed come first, so a request touches the cache lines of those alone. The
/// columns begin at cache lines, and stand in the order in which a request reads them.
///
/// ```text
/// lon 64 x i32 | lat 64 x i32 | facings, zone map, ended | ended, timed | timed, upper halves
/// | terms 64 x u16 | kept 64 x u16 | since 64 x u16, its upper halves
/// | ids 64 x (u32, u32) | since 64 x u16, its lower halves
/// row:       0 .. granted: owner agreed | granted .. len: did not | len .. 64: meaningless
/// ```
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Block {
    lon: [i32; ROWS],
    lat: [i32; ROWS],
    /// Which way the cameras look of which that is known.
    facings: Rare<Facing>,
    zone: ZoneMap,
    /// When the cameras that were taken down stopped recording.
    ended: Ended,
    /// When the grants hold that do not hold always.
    // INVARIANT: of granted rows only.
    timed: Timed,
    terms_upper: Common<u16>,
    ids_upper: Common<(u32, u32)>,
    terms_lower: [u16; ROWS],
    kept_days: [u16; ROWS],
    since_upper: [u16; ROWS],
    ids_lower: [(u32, u32); ROWS],
    since_lower: [u16; ROWS],
}

impl Clone for Block {
    fn clone(&self) -> Self {
        Self {
            lon: self.lon,
            lat: self.lat,
            facings: self.facings.clone(),
            zone: self.zone,
            ended: self.ended.clone(),
            timed: self.timed.clone(),
            terms_upper: self.terms_upper.clone(),
            ids_upper: self.ids_upper.clone(),
            terms_lower: self.terms_lower,
            kept_days: self.kept_days,
            since_upper: self.since_upper,
            ids_lower: self.ids_lower,
            since_lower: self.since_lower,
        }
    }

    /// Keeps the memory of its lists, which is not asked for and given back then.
    fn clone_from(&mut self, source: &Self) {
        self.lon = source.lon;
        self.lat = source.lat;
        self.facings.clone_from(&source.facings);
        self.zone = source.zone;
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

/// Columns begin at cache lines, and what few rows have is answered from one; where pointers are as long
/// as they were laid out for.
#[cfg(target_pointer_width = "64")]
const _: () = {
    use std::mem::offset_of;

    assert!(offset_of!(Block, terms_lower) % 64 == 0);
    assert!(offset_of!(Block, ids_lower) % 64 == 0);
    assert!(offset_of!(Block, timed) % 64 == 2 * size_of::<u64>());
};

/// The rows of a mask, ascending.
#[inline]
pub(crate) fn rows(mask: u64) -> impl Iterator<Item = usize> {
    ones(mask)
}

impl Block {
    /// A block without rows.
    pub(crate) fn empty() -> Self {
        Self {
            lon: [0; ROWS],
            lat: [0; ROWS],
            facings: Rare::NONE,
            zone: ZoneMap::NONE,
            ended: Ended::NONE,
            timed: Timed::NONE,
            terms_upper: Common::Shared(0),
            ids_upper: Common::Shared((0, 0)),
            terms_lower: [0; ROWS],
            kept_days: [0; ROWS],
            since_upper: [0; ROWS],
            ids_lower: [(0, 0); ROWS],
            since_lower: [0; ROWS],
        }
    }

    /// A block of some rows; those past the 64th are left out.
    pub(crate) fn of(rows: &[Row]) -> Self {
        let rows = rows.get(..ROWS).unwrap_or(rows);
        let mut block = Self::empty();
        // In the order in which a block has them, so that none has to change places.
        let agreed = |row: &&Row| row.standing != RowStanding::NotGranted;
        let others = rows.iter().filter(|row| !agreed(row));
        rows.iter().filter(agreed).chain(others).for_each(|row| block.write(row));
        block.timed.shrink();
        block.ended.shrink();
        block.facings.shrink();
        block
    }

    #[inline]
    pub(crate) fn zone(&self) -> ZoneMap {
        self.zone
    }

    pub(crate) fn len(&self) -> usize {
        self.zone.len()
    }

    #[inline]
    pub(crate) fn ended(&self) -> &Ended {
        &self.ended
    }

    #[inline]
    pub(crate) fn timed(&self) -> &Timed {
        &self.timed
    }

    /// Which way cameras look, where it is known.
    pub(crate) fn facings(&self) -> &Rare<Facing> {
        &self.facings
    }

    /// Has the cache lines fetched that a request reads of the first rows, with their positions if the
    /// boundary may cross the block. Nothing waits for them here.
    #[inline]
    pub(crate) fn prefetch(&self, rows: usize, positions: bool) {
        self.timed.prefetch();
        prefetch_index(std::slice::from_ref(&self.terms_upper), 0);
        for row in (0..rows).step_by(32) {
            prefetch_index(self.terms_lower.as_slice(), row);
            prefetch_index(self.kept_days.as_slice(), row);
            prefetch_index(self.since_upper.as_slice(), row);
        }
        if positions {
            for row in (0..rows).step_by(16) {
                prefetch_index(self.lon.as_slice(), row);
                prefetch_index(self.lat.as_slice(), row);
            }
        }
        for row in (0..rows).step_by(8) {
            prefetch_index(self.ids_lower.as_slice(), row);
        }
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
        let (upper, lower) = (self.terms_upper.get(row), at(&self.terms_lower, row));
        u32::from(upper) << 16 | u32::from(lower)
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

    /// The upper halves of when each camera began to record.
    #[inline]
    pub(crate) fn since_upper(&self) -> &[u16; ROWS] {
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

    /// The row as it was pushed.
    pub(crate) fn row(&self, row: usize) -> Row {
        let (owner, id) = self.ids(row);
        let until = self.ended.get(row).unwrap_or(NEVER);
        let recording = Recording::from_columns(self.since(row), until, at(&self.kept_days, row));
        let (position, facing) = (self.position(row), self.facings.get(row));
        let camera = Camera { id, owner, position, recording, facing };
        let standing = if row < self.zone.granted_len() {
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

    /// Which row a camera is in. O(rows).
    pub(crate) fn find(&self, camera: CameraId) -> Option<usize> {
        (0..self.len()).find(|&row| self.ids(row).1 == camera)
    }

    /// Adds a row to a block that is not full; to a full one it adds nothing.
    pub(crate) fn push(&mut self, row: Row) {
        if !self.zone.is_full() {
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
            self.end(index, Some(until));
        }
        if facing.is_some() {
            self.facings.set(index, facing);
        }
        self.zone.least_kept = self.zone.least_kept.min(kept_days);
        self.zone.latest_since = self.zone.latest_since.max(since_upper);
        self.zone.len += 1;
        self.set_standing(index, row.standing);
    }

    /// Removes a row.
    pub(crate) fn remove(&mut self, row: usize) {
        self.set_standing(row, RowStanding::NotGranted);
        // Withdrawing has moved the row to the front of those that did not agree, if it was not
        // there already.
        let (row, last) = (row.max(self.zone.granted_len()), self.len().saturating_sub(1));
        self.swap(row, last);
        self.end(last, None);
        self.facings.set(last, None);
        self.zone.len = self.zone.len.saturating_sub(1);
    }

    /// Changes a row's standing; the row may change places with another.
    #[inline]
    pub(crate) fn set_standing(&mut self, row: usize, standing: RowStanding) {
        let was_granted = row < self.zone.granted_len();
        if was_granted {
            self.timed.set(row, None);
        }
        match standing {
            RowStanding::NotGranted if was_granted => {
                self.zone.granted -= 1;
                self.swap(row, self.zone.granted_len());
            }
            RowStanding::NotGranted => {}
            RowStanding::Granted { terms, timing } => {
                let before = self.zone.granted_len();
                let target = if was_granted { row } else { before };
                if !was_granted {
                    self.swap(row, target);
                    self.zone.granted += 1;
                }
                let (upper, lower) = halved(terms);
                self.terms_upper.set(target, before, upper);
                set(&mut self.terms_lower, target, lower);
                self.timed.set(target, timing);
            }
        }
    }

    fn end(&mut self, row: usize, until: Option<u32>) {
        self.ended.set(row, until);
        self.zone.ended = u8::try_from(self.ended.len()).unwrap_or(u8::MAX);
    }

    fn swap(&mut self, a: usize, b: usize) {
        let (a, b) = (a % ROWS, b % ROWS);
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
