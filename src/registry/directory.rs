//! Where each camera stands and what each owner said: the writer's look-ups.

use std::collections::HashMap;

use foldhash::quality::RandomState;

use super::owners::{Owner, Owners, Special};
use super::shards::{Shard, Shards, split_off};
use crate::camera::{CameraId, OwnerId};
use crate::geometry::Position;

/// Where some of the cameras stand.
pub(crate) type Positions = HashMap<CameraId, Position, RandomState>;

impl Shard for Positions {
    fn len(&self) -> usize {
        self.len()
    }

    fn split_off(&mut self, is_moved: impl Fn(u64) -> bool) -> Self {
        split_off(self, |camera| is_moved(camera.0))
    }
}

/// The writer's look-ups by id.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) cameras: Shards<Positions>,
    pub(crate) owners: Shards<Owners>,
}

impl Directory {
    /// Look-ups for so many cameras and owners.
    pub(crate) fn with_capacity(cameras: usize, owners: usize) -> Self {
        Self {
            cameras: Shards::new(cameras, |hasher| HashMap::with_hasher(hasher.clone())),
            owners: Shards::new(owners, Owners::new),
        }
    }

    /// Makes more shards where so many cameras are to come, of as many owners at most.
    pub(crate) fn grow(&mut self, cameras: usize) {
        self.cameras.grow(cameras);
        self.owners.grow(cameras);
    }

    /// How many cameras there are. O(shards).
    pub(crate) fn len(&self) -> usize {
        self.cameras.iter().map(HashMap::len).sum()
    }

    /// Where a camera stands, if it is registered.
    pub(crate) fn position(&self, camera: CameraId) -> Option<Position> {
        self.cameras.of(camera.0)?.get(&camera).copied()
    }

    pub(crate) fn owner(&self, owner: OwnerId) -> Owner {
        self.owners.of(owner.0).map_or(Owner::NEW, |owners| owners.get(owner))
    }

    /// What is special about an owner's consent or history.
    pub(crate) fn special(&self, owner: OwnerId) -> Option<&Special> {
        self.owners.of(owner.0)?.special(owner)
    }

    /// The cameras of an owner, in no order.
    pub(crate) fn cameras_of(&self, owner: OwnerId) -> impl Iterator<Item = CameraId> {
        self.owners.of(owner.0).into_iter().flat_map(move |owners| owners.cameras_of(owner))
    }
}
