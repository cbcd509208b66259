//! Owners by id: their consent, their history and their cameras.

use std::collections::{HashMap, hash_map};

use foldhash::quality::RandomState;

use super::cameras::Cameras;
use super::consent_extras::ConsentExtras;
use super::entries::Entries;
use super::extra_cameras::ExtraCameras;
use super::owner::Owner;
use super::shards::{Shard, split_off};
use super::standing::standing;
use crate::model::{CameraId, OwnerId};
use crate::registry::block::RowStanding;

/// A shard of the owners.
#[derive(Debug)]
pub(crate) struct Owners {
    /// Every owner with a camera, a consent or a history.
    entries: Entries,
    /// The cameras of owners whose ids do not follow each other.
    // INVARIANT: of those owners whose cameras have more.
    more: HashMap<OwnerId, ExtraCameras, RandomState>,
    /// Boxed: a hash table has room for up to twice as many entries.
    // INVARIANT: of those owners whose entry refers to it.
    extras: HashMap<OwnerId, Box<ConsentExtras>, RandomState>,
}

impl Owners {
    pub(crate) fn new(hasher: &RandomState) -> Self {
        Self {
            entries: Entries::new(hasher),
            more: HashMap::with_hasher(hasher.clone()),
            extras: HashMap::with_hasher(hasher.clone()),
        }
    }

    /// Makes room for so many owners at once whose ids, and those of their cameras, fit 32 bits.
    pub(crate) fn reserve_short(&mut self, owners: usize) {
        self.entries.reserve_short(owners);
    }

    /// Makes room for so many others.
    pub(crate) fn reserve_long(&mut self, owners: usize) {
        self.entries.reserve_long(owners);
    }

    /// Prefetches the cache lines that [`get`](Self::get) reads.
    #[inline]
    pub(crate) fn prefetch(&self, owner: OwnerId) {
        self.entries.prefetch(owner);
    }

    pub(crate) fn get(&self, owner: OwnerId) -> Owner {
        self.entries.get(owner).unwrap_or(Owner::NEW)
    }

    /// All owners, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (OwnerId, Owner)> {
        self.entries.iter()
    }

    /// Records the terms of an owner who has no camera yet. `false` if the owner is known already.
    pub(crate) fn agree(&mut self, owner: OwnerId, terms: u32) -> bool {
        self.entries.change(owner, |_| Owner::NEW.with_terms(Some(terms))).is_none()
    }

    /// The extras of an owner: pause, expiry, limit and history.
    pub(crate) fn extras(&self, owner: OwnerId) -> Option<&ConsentExtras> {
        self.extras_of(owner, self.get(owner))
    }

    fn extras_of(&self, owner: OwnerId, known: Owner) -> Option<&ConsentExtras> {
        if known.has_extras { self.extras.get(&owner).map(AsRef::as_ref) } else { None }
    }

    /// An owner's standing as the rows store it.
    pub(crate) fn standing(&self, owner: OwnerId) -> RowStanding {
        let known = self.get(owner);
        standing(known.terms(), || self.extras_of(owner, known))
    }

    /// The owners with extras, in no order.
    pub(crate) fn all_extras(&self) -> impl Iterator<Item = (OwnerId, &ConsentExtras)> {
        self.extras.iter().map(|(&owner, extras)| (owner, extras.as_ref()))
    }

    /// Changes the interned terms and the extras of an owner, which may be none before or after.
    pub(crate) fn change(
        &mut self,
        owner: OwnerId,
        change: impl FnOnce(&mut Option<u32>, &mut ConsentExtras),
    ) {
        let all_extras = &mut self.extras;
        self.entries.change(owner, |known| {
            let mut terms = known.terms();
            let mut before = if known.has_extras { all_extras.get_mut(&owner) } else { None };
            let mut usual = ConsentExtras::default();
            let extras = before.as_deref_mut().map_or(&mut usual, AsMut::as_mut);
            change(&mut terms, extras);
            let has_extras = !extras.is_default();
            match (before.is_some(), has_extras) {
                (false, true) => {
                    all_extras.insert(owner, Box::new(usual));
                }
                (true, false) => {
                    all_extras.remove(&owner);
                }
                _ => {}
            }
            Owner { has_extras, ..known.with_terms(terms) }
        });
    }

    /// The cameras of an owner, in no order.
    pub(crate) fn cameras_of(&self, owner: OwnerId) -> impl Iterator<Item = CameraId> {
        let cameras = self.get(owner).cameras;
        let more = if cameras.has_more() { self.more.get(&owner) } else { None };
        cameras.run().chain(more.into_iter().flat_map(ExtraCameras::iter))
    }

    /// Adds a camera to an owner, and returns the owner's terms.
    pub(crate) fn attach(&mut self, owner: OwnerId, camera: CameraId) -> Option<u32> {
        let more = &mut self.more;
        let before = self.entries.change(owner, |known| {
            let cameras = known.cameras.with(camera).unwrap_or_else(|| {
                more.entry(owner).or_default().insert(camera);
                known.cameras.with_more(true)
            });
            Owner { cameras, ..known }
        });
        before.and_then(Owner::terms)
    }

    /// Removes a camera from its owner. An owner with nothing left is removed too.
    pub(crate) fn detach(&mut self, owner: OwnerId, camera: CameraId) {
        let more = &mut self.more;
        self.entries.change(owner, |known| {
            let (mut cameras, behind) = known.cameras.without(camera);
            for camera in behind {
                more.entry(owner).or_default().insert(camera);
                cameras = cameras.with_more(true);
            }
            if cameras.has_more()
                && let hash_map::Entry::Occupied(mut more) = more.entry(owner)
            {
                let others = more.get_mut();
                others.remove(camera);
                if cameras.is_empty()
                    && let Some(first) = others.pop_first()
                {
                    cameras = Cameras::one(first).with_more(true);
                }
                if others.is_empty() {
                    more.remove();
                    cameras = cameras.with_more(false);
                }
            }
            Owner { cameras, ..known }
        });
    }
}

impl Shard for Owners {
    fn len(&self) -> usize {
        self.entries.len()
    }

    fn split_off(&mut self, is_moved: impl Fn(u64) -> bool) -> Self {
        let is_moved = |owner: &OwnerId| is_moved(owner.0);
        Self {
            entries: self.entries.split_off(|owner| is_moved(&OwnerId(owner))),
            more: split_off(&mut self.more, is_moved),
            extras: split_off(&mut self.extras, is_moved),
        }
    }
}
