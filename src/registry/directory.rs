//! Where each camera stands and what each owner said: the writer's look-ups.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;

use foldhash::quality::RandomState;

use crate::camera::{CameraId, OwnerId};
use crate::consent::{AskLimit, Lapses};
use crate::geometry::Position;

/// Entries in a shard after bulk loading: a table of 4,096 slots that is 80% full.
const SHARD: usize = 2_867;

/// A map in shards that fit the cache while they are loaded one by one.
#[derive(Debug)]
pub(crate) struct Shards<V> {
    hasher: RandomState,
    // INVARIANT: never empty.
    shards: Vec<HashMap<u64, V, RandomState>>,
}

impl<V> Shards<V> {
    /// A map with room for so many entries.
    pub(crate) fn with_capacity(entries: usize) -> Self {
        let hasher = RandomState::default();
        let number = entries.div_ceil(SHARD).max(1);
        let shards = (0..number).map(|_| HashMap::with_hasher(hasher.clone())).collect();
        Self { hasher, shards }
    }

    /// How many shards there are.
    pub(crate) fn number(&self) -> usize {
        self.shards.len()
    }

    /// Which shard a key belongs to.
    pub(crate) fn shard_of(&self, key: u64) -> usize {
        // The high bits choose the shard, the low ones the slot.
        let hash = u128::from(self.hasher.hash_one(key));
        usize::try_from((hash * self.shards.len() as u128) >> 64).unwrap_or(0)
    }

    /// All shards, to be loaded one by one.
    pub(crate) fn shards_mut(&mut self) -> &mut [HashMap<u64, V, RandomState>] {
        &mut self.shards
    }

    fn shard(&self, key: u64) -> Option<&HashMap<u64, V, RandomState>> {
        self.shards.get(self.shard_of(key))
    }

    pub(crate) fn get(&self, key: u64) -> Option<&V> {
        self.shard(key)?.get(&key)
    }

    pub(crate) fn insert(&mut self, key: u64, value: V) -> Option<V> {
        let shard = self.shard_of(key);
        self.shards.get_mut(shard)?.insert(key, value)
    }

    pub(crate) fn remove(&mut self, key: u64) -> Option<V> {
        let shard = self.shard_of(key);
        self.shards.get_mut(shard)?.remove(&key)
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(HashMap::len).sum()
    }
}

/// What the writer knows of an owner, in 16 bytes: most have one camera and nothing special.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// One of the owner's cameras; the others, if any, are in [`Directory::more`].
    one: CameraId,
    cameras: Cameras,
    /// The interned scopes of a granted consent.
    terms: Option<TermsNumber>,
}

/// The number of interned terms, with room for "none" in its 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TermsNumber(std::num::NonZeroU32);

impl TermsNumber {
    pub(crate) fn new(number: u32) -> Option<Self> {
        number.checked_add(1).and_then(std::num::NonZeroU32::new).map(Self)
    }

    pub(crate) fn get(self) -> u32 {
        self.0.get() - 1
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cameras {
    None,
    One,
    More,
}

impl Owner {
    /// An owner without cameras who has not agreed.
    pub(crate) const NEW: Self = Self { one: CameraId(0), cameras: Cameras::None, terms: None };

    /// Whether the owner has neither cameras nor a consent, and can be forgotten.
    pub(crate) fn is_nobody(self) -> bool {
        self.cameras == Cameras::None && self.terms.is_none()
    }

    pub(crate) fn terms(self) -> Option<u32> {
        self.terms.map(TermsNumber::get)
    }

    pub(crate) fn with_terms(self, terms: Option<u32>) -> Self {
        Self { terms: terms.and_then(TermsNumber::new), ..self }
    }
}

/// What is special about an owner's consent or history; most owners have none of it.
#[derive(Clone, Debug)]
pub(crate) struct Special {
    pub(crate) lapses: Lapses,
    pub(crate) limit: AskLimit,
    /// The last times the owner was asked, ascending; as many as a limit can look at.
    pub(crate) asked: Vec<i64>,
}

impl Default for Special {
    fn default() -> Self {
        let lapses = Lapses { paused_until: i64::MIN, expires: i64::MAX };
        Self { lapses, limit: AskLimit::default(), asked: Vec::new() }
    }
}

impl Special {
    /// Whether there is nothing special after all.
    pub(crate) fn is_usual(&self) -> bool {
        self.lapses.paused_until == i64::MIN
            && self.lapses.expires == i64::MAX
            && self.limit == AskLimit::default()
            && self.asked.is_empty()
    }

    pub(crate) fn record(&mut self, at: i64) {
        let index = self.asked.partition_point(|&earlier| earlier <= at);
        self.asked.insert(index, at);
        let surplus = self.asked.len().saturating_sub(usize::from(AskLimit::MAX));
        self.asked.drain(..surplus);
    }
}

/// The writer's look-ups by id.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) cameras: Shards<Position>,
    pub(crate) owners: Shards<Owner>,
    /// All cameras of owners with two or more.
    pub(crate) more: HashMap<OwnerId, BTreeSet<CameraId>, RandomState>,
    pub(crate) special: HashMap<OwnerId, Special, RandomState>,
}

impl Directory {
    pub(crate) fn with_capacity(cameras: usize, owners: usize) -> Self {
        Self {
            cameras: Shards::with_capacity(cameras),
            owners: Shards::with_capacity(owners),
            more: HashMap::default(),
            special: HashMap::default(),
        }
    }

    pub(crate) fn owner(&self, owner: OwnerId) -> Owner {
        self.owners.get(owner.0).copied().unwrap_or(Owner::NEW)
    }

    pub(crate) fn special(&self, owner: OwnerId) -> Special {
        self.special.get(&owner).cloned().unwrap_or_default()
    }

    /// Puts an owner's specials in place, or forgets them if there are none after all.
    pub(crate) fn set_special(&mut self, owner: OwnerId, special: Special) {
        if special.is_usual() {
            self.special.remove(&owner);
        } else {
            self.special.insert(owner, special);
        }
    }

    /// An owner's cameras, ascending if there are several.
    pub(crate) fn cameras_of(&self, owner: OwnerId) -> Vec<CameraId> {
        let entry = self.owner(owner);
        match entry.cameras {
            Cameras::None => Vec::new(),
            Cameras::One => vec![entry.one],
            Cameras::More => {
                self.more.get(&owner).map_or_else(Vec::new, |all| all.iter().copied().collect())
            }
        }
    }

    /// Notes that a camera is an owner's.
    pub(crate) fn attach(&mut self, owner: OwnerId, camera: CameraId) {
        let mut entry = self.owner(owner);
        attach(&mut entry, owner, camera, &mut self.more);
        self.owners.insert(owner.0, entry);
    }

    /// Notes that a camera is no longer an owner's. An owner who has nothing left is forgotten.
    pub(crate) fn detach(&mut self, owner: OwnerId, camera: CameraId) {
        let mut entry = self.owner(owner);
        match entry.cameras {
            Cameras::One if entry.one == camera => entry.cameras = Cameras::None,
            Cameras::More => {
                if let Entry::Occupied(mut more) = self.more.entry(owner) {
                    more.get_mut().remove(&camera);
                    if let (1, Some(&last)) = (more.get().len(), more.get().first()) {
                        more.remove();
                        entry = Owner { one: last, cameras: Cameras::One, ..entry };
                    }
                }
            }
            Cameras::None | Cameras::One => {}
        }
        self.put_owner(owner, entry);
    }

    /// Puts an owner in place, or forgets one who has neither cameras nor consent.
    pub(crate) fn put_owner(&mut self, owner: OwnerId, entry: Owner) {
        if entry.is_nobody() {
            self.owners.remove(owner.0);
        } else {
            self.owners.insert(owner.0, entry);
        }
    }
}

/// Notes in an owner's entry that a camera is theirs.
pub(crate) fn attach(
    entry: &mut Owner,
    owner: OwnerId,
    camera: CameraId,
    more: &mut HashMap<OwnerId, BTreeSet<CameraId>, RandomState>,
) {
    match entry.cameras {
        Cameras::None => {
            entry.one = camera;
            entry.cameras = Cameras::One;
        }
        Cameras::One => {
            more.insert(owner, BTreeSet::from([entry.one, camera]));
            entry.cameras = Cameras::More;
        }
        Cameras::More => {
            more.entry(owner).or_default().insert(camera);
        }
    }
}
