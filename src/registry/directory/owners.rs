//! Owners by id: their consent, their history and their cameras.

use std::collections::{HashMap, hash_map};

use foldhash::quality::RandomState;

use super::cameras::Cameras;
use super::entries::Entries;
use super::extra_cameras::ExtraCameras;
use super::owner::Owner;
use super::shards::{Shard, split_off};
use crate::model::{AgencyId, AskLimit, AskTime, CameraId, ConsentPeriod, OwnerId};

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

    /// Writes an owner's entry, or removes it if it is empty.
    fn put(&mut self, owner: OwnerId, known: Owner) {
        if known.is_nobody() {
            self.entries.remove(owner);
        } else {
            self.entries.insert(owner, known);
        }
    }

    /// Records the consent of an owner without cameras. `false` if the owner is known already.
    pub(crate) fn agree(&mut self, owner: OwnerId, terms: Option<u32>) -> bool {
        let known = Owner::NEW.with_terms(terms);
        self.entries.insert(owner, known)
    }

    /// Sets the interned terms of an owner, and returns the previous ones.
    pub(crate) fn set_terms(&mut self, owner: OwnerId, terms: Option<u32>) -> Option<u32> {
        let entry = self.get(owner);
        self.put(owner, entry.with_terms(terms));
        entry.terms()
    }

    /// The extras of an owner: pause, expiry, limit and history.
    pub(crate) fn extras(&self, owner: OwnerId) -> Option<&ConsentExtras> {
        if !self.get(owner).has_extras {
            return None;
        }
        self.extras.get(&owner).map(AsRef::as_ref)
    }

    /// The owners with extras, in no order.
    pub(crate) fn all_extras(&self) -> impl Iterator<Item = (OwnerId, &ConsentExtras)> {
        self.extras.iter().map(|(&owner, extras)| (owner, extras.as_ref()))
    }

    /// Changes the extras of an owner, which may be none before or after.
    pub(crate) fn change_extras(
        &mut self,
        owner: OwnerId,
        change: impl FnOnce(&mut ConsentExtras),
    ) {
        let entry = self.get(owner);
        let has_extras = if entry.has_extras {
            let Some(extras) = self.extras.get_mut(&owner) else { return };
            change(extras);
            let is_default = extras.is_default();
            if is_default {
                self.extras.remove(&owner);
            }
            !is_default
        } else {
            let mut extras = ConsentExtras::default();
            change(&mut extras);
            let is_default = extras.is_default();
            if !is_default {
                self.extras.insert(owner, Box::new(extras));
            }
            !is_default
        };
        if has_extras != entry.has_extras {
            self.put(owner, Owner { has_extras, ..entry });
        }
    }

    /// The cameras of an owner, in no order.
    pub(crate) fn cameras_of(&self, owner: OwnerId) -> impl Iterator<Item = CameraId> {
        let cameras = self.get(owner).cameras;
        let more = if cameras.has_more() { self.more.get(&owner) } else { None };
        cameras.run().chain(more.into_iter().flat_map(ExtraCameras::iter))
    }

    /// Adds a camera to an owner, and returns the owner's terms.
    pub(crate) fn attach(&mut self, owner: OwnerId, camera: CameraId) -> Option<u32> {
        let known = self.get(owner);
        let cameras = known.cameras.with(camera).unwrap_or_else(|| {
            self.more.entry(owner).or_default().insert(camera);
            known.cameras.with_more(true)
        });
        self.entries.insert(owner, Owner { cameras, ..known });
        known.terms()
    }

    /// Removes a camera from its owner. An owner with nothing left is removed too.
    pub(crate) fn detach(&mut self, owner: OwnerId, camera: CameraId) {
        let mut entry = self.get(owner);
        let (left, behind) = entry.cameras.without(camera);
        entry.cameras = left;
        for camera in behind {
            self.more.entry(owner).or_default().insert(camera);
            entry.cameras = entry.cameras.with_more(true);
        }
        if entry.cameras.has_more()
            && let hash_map::Entry::Occupied(mut more) = self.more.entry(owner)
        {
            let others = more.get_mut();
            others.remove(camera);
            if entry.cameras.is_empty()
                && let Some(first) = others.pop_first()
            {
                entry.cameras = Cameras::one(first).with_more(true);
            }
            if others.is_empty() {
                more.remove();
                entry.cameras = entry.cameras.with_more(false);
            }
        }
        self.put(owner, entry);
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

/// The parts of a consent or history that most owners do not have.
#[derive(Clone, Debug)]
pub(crate) struct ConsentExtras {
    pub(crate) consent_period: ConsentPeriod,
    pub(crate) limit: AskLimit,
    /// The last times the owner was asked and by whom, ascending; at most as many as a limit can look at.
    /// Boxed, since most owners with extras were never asked.
    #[expect(clippy::box_collection, reason = "8 bytes in a table of many, not 24")]
    pub(crate) asked: Option<Box<Vec<AskTime>>>,
}

impl Default for ConsentExtras {
    fn default() -> Self {
        let consent_period = ConsentPeriod { paused_until: i64::MIN, expires: i64::MAX };
        Self { consent_period, limit: AskLimit::default(), asked: None }
    }
}

impl ConsentExtras {
    /// When the owner was asked and by whom, ascending.
    pub(crate) fn asked(&self) -> &[AskTime] {
        self.asked.as_deref().map_or(&[], Vec::as_slice)
    }

    /// Whether no extra is left.
    pub(crate) fn is_default(&self) -> bool {
        self.consent_period.paused_until == i64::MIN
            && self.consent_period.expires == i64::MAX
            && self.limit == AskLimit::default()
            && self.asked.is_none()
    }

    pub(crate) fn record(&mut self, at: i64, agency: Option<AgencyId>) {
        let asked = self.asked.get_or_insert_default();
        // One more, not four: few are asked often.
        asked.reserve_exact(1);
        let index = asked.partition_point(|&earlier| earlier <= (at, agency));
        asked.insert(index, (at, agency));
        let surplus = asked.len().saturating_sub(usize::from(AskLimit::MAX));
        asked.drain(..surplus);
    }
}
