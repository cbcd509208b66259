//! The writer's directory: camera id to position, owner id to consent and cameras.

use super::consent_extras::ConsentExtras;
use super::owner::Owner;
use super::owners::Owners;
use super::positions::Positions;
use super::shards::Shards;
use crate::geometry::Position;
use crate::model::{CameraId, OwnerId};

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
