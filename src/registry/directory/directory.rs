//! The writer's directory: camera id to position, owner id to consent and cameras.

use foldhash::quality::RandomState;

use super::owners::{ConsentExtras, Owner, Owners};
use super::probe_table::{ProbeTable, Slot};
use super::shards::{Shard, Shards};
use crate::geometry::Position;
use crate::model::{CameraId, OwnerId};

/// A shard of the positions by camera id.
#[derive(Debug)]
pub(crate) struct Positions(ProbeTable<CameraEntry>);

/// A camera id and its position, in 16 bytes.
#[derive(Clone, Copy, Debug)]
struct CameraEntry {
    camera: CameraId,
    position: Position,
}

impl Slot for CameraEntry {
    const VACANT: Self =
        Self { camera: CameraId(0), position: Position::vertex(i32::MIN, i32::MIN) };

    fn key(&self) -> Option<u64> {
        // A longitude that no position has marks a vacant slot.
        (self.position.lon_e7() != i32::MIN).then_some(self.camera.0)
    }
}

impl Positions {
    pub(crate) fn new(hasher: &RandomState) -> Self {
        Self(ProbeTable::new(hasher))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Makes room for so many more.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.0.reserve(more);
    }

    /// Prefetches the cache lines that [`get`](Self::get) reads.
    #[inline]
    pub(crate) fn prefetch(&self, camera: CameraId) {
        self.0.prefetch(camera.0);
    }

    #[inline]
    pub(crate) fn get(&self, camera: CameraId) -> Option<Position> {
        self.0.get(camera.0).map(|standpoint| standpoint.position)
    }

    /// Sets the position of a camera, and returns the previous one.
    pub(crate) fn insert(&mut self, camera: CameraId, position: Position) -> Option<Position> {
        let before = self.0.insert(CameraEntry { camera, position });
        before.map(|standpoint| standpoint.position)
    }

    pub(crate) fn remove(&mut self, camera: CameraId) -> Option<Position> {
        self.0.remove(camera.0).map(|standpoint| standpoint.position)
    }
}

impl Shard for Positions {
    fn len(&self) -> usize {
        self.len()
    }

    fn split_off(&mut self, is_moved: impl Fn(u64) -> bool) -> Self {
        Self(self.0.split_off(is_moved))
    }
}

/// The writer's look-ups by id.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) cameras: Shards<Positions>,
    pub(crate) owners: Shards<Owners>,
}

impl Directory {
    /// An empty directory, sized for so many cameras and owners.
    pub(crate) fn with_capacity(cameras: usize, owners: usize) -> Self {
        Self {
            cameras: Shards::new(cameras, Positions::new),
            owners: Shards::new(owners, Owners::new),
        }
    }

    /// Adds shards for so many more cameras, of at most as many owners.
    pub(crate) fn grow(&mut self, cameras: usize) {
        self.cameras.grow(cameras);
        self.owners.grow(cameras);
    }

    /// The number of cameras. O(shards).
    pub(crate) fn len(&self) -> usize {
        self.cameras.iter().map(Positions::len).sum()
    }

    /// The position of a camera, if it is registered.
    pub(crate) fn position(&self, camera: CameraId) -> Option<Position> {
        self.cameras.of(camera.0)?.get(camera)
    }

    pub(crate) fn owner(&self, owner: OwnerId) -> Owner {
        self.owners.of(owner.0).map_or(Owner::NEW, |owners| owners.get(owner))
    }

    /// The extras of an owner's consent or history.
    pub(crate) fn extras(&self, owner: OwnerId) -> Option<&ConsentExtras> {
        self.owners.of(owner.0)?.extras(owner)
    }

    /// The cameras of an owner, in no order.
    pub(crate) fn cameras_of(&self, owner: OwnerId) -> impl Iterator<Item = CameraId> {
        self.owners.of(owner.0).into_iter().flat_map(move |owners| owners.cameras_of(owner))
    }
}
