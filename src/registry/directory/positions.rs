//! Camera id to position, in two tables by the length of the id.

use foldhash::quality::RandomState;

use super::probe_table::{ProbeTable, Slot};
use super::shards::Shard;
use crate::geometry::Position;
use crate::model::CameraId;

/// A shard of the positions by camera id.
///
/// Operators number cameras from a counter, so ids fit 32 bits nearly always: such an entry takes 12 bytes, any
/// other 16.
#[derive(Debug)]
pub(crate) struct Positions {
    short: ProbeTable<ShortEntry>,
    long: ProbeTable<LongEntry>,
}

/// A camera whose id fits 32 bits, and its position.
#[derive(Clone, Copy, Debug)]
struct ShortEntry {
    camera: u32,
    position: Position,
}

/// Any other camera, and its position.
#[derive(Clone, Copy, Debug)]
struct LongEntry {
    camera: CameraId,
    position: Position,
}

const _: () = assert!(size_of::<ShortEntry>() == 12 && size_of::<LongEntry>() == 16);

/// A longitude that no position has marks a vacant slot.
const NOWHERE: Position = Position::vertex(i32::MIN, i32::MIN);

fn is_taken(position: Position) -> bool {
    position.lon_e7() != i32::MIN
}

impl Slot for ShortEntry {
    const VACANT: Self = Self { camera: 0, position: NOWHERE };

    #[inline]
    fn key(&self) -> Option<u64> {
        is_taken(self.position).then_some(u64::from(self.camera))
    }
}

impl Slot for LongEntry {
    const VACANT: Self = Self { camera: CameraId(0), position: NOWHERE };

    #[inline]
    fn key(&self) -> Option<u64> {
        is_taken(self.position).then_some(self.camera.0)
    }
}

/// The id, if it fits 32 bits.
#[inline]
fn short(camera: CameraId) -> Option<u32> {
    u32::try_from(camera.0).ok()
}

impl Positions {
    pub(crate) fn new(hasher: &RandomState) -> Self {
        Self { short: ProbeTable::new(hasher), long: ProbeTable::new(hasher) }
    }

    pub(crate) fn len(&self) -> usize {
        self.short.len() + self.long.len()
    }

    /// Whether an id goes to the table of short ones.
    pub(crate) fn is_short(camera: CameraId) -> bool {
        short(camera).is_some()
    }

    /// Makes room for so many more cameras with short ids.
    pub(crate) fn reserve_short(&mut self, more: usize) {
        self.short.reserve(more);
    }

    /// Makes room for so many more cameras with other ids.
    pub(crate) fn reserve_long(&mut self, more: usize) {
        self.long.reserve(more);
    }

    /// Prefetches the cache lines that [`get`](Self::get) reads.
    #[inline]
    pub(crate) fn prefetch(&self, camera: CameraId) {
        match short(camera) {
            Some(_) => self.short.prefetch(camera.0),
            None => self.long.prefetch(camera.0),
        }
    }

    #[inline]
    pub(crate) fn get(&self, camera: CameraId) -> Option<Position> {
        match short(camera) {
            Some(_) => self.short.get(camera.0).map(|entry| entry.position),
            None => self.long.get(camera.0).map(|entry| entry.position),
        }
    }

    /// Sets the position of a camera, and returns the previous one.
    pub(crate) fn insert(&mut self, camera: CameraId, position: Position) -> Option<Position> {
        match short(camera) {
            Some(camera) => {
                self.short.insert(ShortEntry { camera, position }).map(|entry| entry.position)
            }
            None => self.long.insert(LongEntry { camera, position }).map(|entry| entry.position),
        }
    }

    pub(crate) fn remove(&mut self, camera: CameraId) -> Option<Position> {
        match short(camera) {
            Some(_) => self.short.remove(camera.0).map(|entry| entry.position),
            None => self.long.remove(camera.0).map(|entry| entry.position),
        }
    }
}

impl Shard for Positions {
    fn len(&self) -> usize {
        self.len()
    }

    fn split_off(&mut self, is_moved: impl Fn(u64) -> bool) -> Self {
        Self { short: self.short.split_off(&is_moved), long: self.long.split_off(&is_moved) }
    }
}
