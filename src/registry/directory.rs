//! Where each camera stands and what each owner said: the writer's look-ups.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use smallvec::SmallVec;

use crate::ask_limit::AskLimit;
use crate::camera::{CameraId, OwnerId};
use crate::consent::Lapses;
use crate::geometry::Position;

/// Entries in a shard after bulk loading: a table of 4,096 slots, which takes 3,584, has room left.
const SHARD: usize = 3_350;

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
        shard_of(&self.hasher, self.shards.len(), key)
    }

    /// The shards in groups of so many, to be filled group by group.
    pub(crate) fn groups_mut(&mut self, together: usize) -> impl Iterator<Item = Group<'_, V>> {
        let (hasher, number) = (&self.hasher, self.shards.len());
        let firsts = (0..).step_by(together);
        let groups = self.shards.chunks_mut(together).zip(firsts);
        groups.map(move |(shards, first)| Group { hasher, number, first, shards })
    }

    /// The entries of one shard, in no order.
    pub(crate) fn of_shard(&self, shard: usize) -> impl Iterator<Item = (&u64, &V)> {
        self.shards.get(shard).into_iter().flatten()
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

/// Some neighbouring shards, for a thread to fill.
pub(crate) struct Group<'a, V> {
    hasher: &'a RandomState,
    number: usize,
    first: usize,
    shards: &'a mut [HashMap<u64, V, RandomState>],
}

impl<V> Group<'_, V> {
    fn place(&self, key: u64) -> usize {
        shard_of(self.hasher, self.number, key).wrapping_sub(self.first)
    }

    /// Makes room for the group's part of so many entries in all shards, all at once.
    pub(crate) fn reserve(&mut self, entries: usize) {
        let each = entries.div_ceil(self.number);
        self.shards.iter_mut().for_each(|shard| shard.reserve(each));
    }

    pub(crate) fn insert(&mut self, key: u64, value: V) -> Option<V> {
        let place = self.place(key);
        self.shards.get_mut(place)?.insert(key, value)
    }

    pub(crate) fn get_or_insert(&mut self, key: u64, value: V) -> Option<&mut V> {
        let place = self.place(key);
        Some(self.shards.get_mut(place)?.entry(key).or_insert(value))
    }
}

/// Which of so many shards a key belongs to: the high bits of its hash choose the shard, the low
/// ones the slot.
fn shard_of(hasher: &RandomState, shards: usize, key: u64) -> usize {
    let hash = u128::from(hasher.hash_one(key));
    usize::try_from((hash * shards as u128) >> 64).unwrap_or(0)
}

/// What the writer knows of an owner, in 16 bytes: most have one camera and nothing special.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// One of the owner's cameras, if any; the others are in [`Directory::more`].
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

/// So many other cameras of an owner are kept in a list; more would be moved about too much.
const FEW: usize = 256;

/// The cameras of an owner besides the first, ascending.
#[derive(Clone, Debug)]
pub(crate) enum More {
    Few(SmallVec<[CameraId; 2]>),
    Many(BTreeSet<CameraId>),
}

impl Default for More {
    fn default() -> Self {
        Self::Few(SmallVec::new())
    }
}

impl More {
    /// Adds a camera. O(log cameras) for many.
    fn insert(&mut self, camera: CameraId) {
        match self {
            Self::Few(few) if few.len() < FEW => {
                if let Err(place) = few.binary_search(&camera) {
                    few.insert(place, camera);
                }
            }
            Self::Few(few) => {
                *self = Self::Many(few.drain(..).chain([camera]).collect());
            }
            Self::Many(many) => {
                many.insert(camera);
            }
        }
    }

    fn remove(&mut self, camera: CameraId) {
        match self {
            Self::Few(few) => {
                if let Ok(place) = few.binary_search(&camera) {
                    few.remove(place);
                }
            }
            Self::Many(many) => {
                many.remove(&camera);
            }
        }
    }

    fn pop_first(&mut self) -> Option<CameraId> {
        match self {
            Self::Few(few) => (!few.is_empty()).then(|| few.remove(0)),
            Self::Many(many) => many.pop_first(),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Few(few) => few.is_empty(),
            Self::Many(many) => many.is_empty(),
        }
    }

    fn iter(&self) -> impl Iterator<Item = CameraId> {
        let (few, many) = match self {
            Self::Few(few) => (Some(few), None),
            Self::Many(many) => (None, Some(many)),
        };
        few.into_iter().flatten().chain(many.into_iter().flatten()).copied()
    }
}

/// What is special about an owner's consent or history; most owners have none of it.
#[derive(Clone, Debug)]
pub(crate) struct Special {
    pub(crate) lapses: Lapses,
    pub(crate) limit: AskLimit,
    /// The last times the owner was asked, ascending; as many as a limit can look at. In a box,
    /// since most who are special were never asked.
    #[expect(clippy::box_collection, reason = "8 bytes in a table of many, not 24")]
    pub(crate) asked: Option<Box<Vec<i64>>>,
}

impl Default for Special {
    fn default() -> Self {
        let lapses = Lapses { paused_until: i64::MIN, expires: i64::MAX };
        Self { lapses, limit: AskLimit::default(), asked: None }
    }
}

impl Special {
    /// When the owner was asked, ascending.
    pub(crate) fn asked(&self) -> &[i64] {
        self.asked.as_deref().map_or(&[], Vec::as_slice)
    }

    /// Whether there is nothing special after all.
    pub(crate) fn is_usual(&self) -> bool {
        self.lapses.paused_until == i64::MIN
            && self.lapses.expires == i64::MAX
            && self.limit == AskLimit::default()
            && self.asked.is_none()
    }

    pub(crate) fn record(&mut self, at: i64) {
        let asked = self.asked.get_or_insert_default();
        let index = asked.partition_point(|&earlier| earlier <= at);
        asked.insert(index, at);
        let surplus = asked.len().saturating_sub(usize::from(AskLimit::MAX));
        asked.drain(..surplus);
    }
}

/// The writer's look-ups by id.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) cameras: Shards<Position>,
    pub(crate) owners: Shards<Owner>,
    /// The other cameras of owners with two or more.
    pub(crate) more: HashMap<OwnerId, More, RandomState>,
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

    /// Puts an owner's specials in place, or forgets them if there are none after all; gives back
    /// what was there.
    pub(crate) fn set_special(&mut self, owner: OwnerId, special: Special) -> Option<Special> {
        if special.is_usual() {
            self.special.remove(&owner)
        } else {
            self.special.insert(owner, special)
        }
    }

    /// The cameras of an owner, given their entry.
    pub(crate) fn cameras_of(
        &self,
        owner: OwnerId,
        entry: Owner,
    ) -> impl Iterator<Item = CameraId> {
        let one = (entry.cameras != Cameras::None).then_some(entry.one);
        let more = match entry.cameras {
            Cameras::More => self.more.get(&owner),
            Cameras::None | Cameras::One => None,
        };
        one.into_iter().chain(more.into_iter().flat_map(More::iter))
    }

    /// Notes that a camera is an owner's, and gives back the owner's entry.
    pub(crate) fn attach(&mut self, owner: OwnerId, camera: CameraId) -> Owner {
        let mut entry = self.owner(owner);
        attach(&mut entry, owner, camera, &mut self.more);
        self.owners.insert(owner.0, entry);
        entry
    }

    /// Notes that a camera is no longer an owner's. An owner who has nothing left is forgotten.
    pub(crate) fn detach(&mut self, owner: OwnerId, camera: CameraId) {
        let mut entry = self.owner(owner);
        match entry.cameras {
            Cameras::One if entry.one == camera => entry.cameras = Cameras::None,
            Cameras::More => {
                if let Entry::Occupied(mut more) = self.more.entry(owner) {
                    let others = more.get_mut();
                    if entry.one != camera {
                        others.remove(camera);
                    } else if let Some(first) = others.pop_first() {
                        entry.one = first;
                    }
                    if others.is_empty() {
                        more.remove();
                        entry.cameras = Cameras::One;
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
    more: &mut HashMap<OwnerId, More, RandomState>,
) {
    if entry.cameras == Cameras::None {
        entry.one = camera;
        entry.cameras = Cameras::One;
    } else {
        more.entry(owner).or_default().insert(camera);
        entry.cameras = Cameras::More;
    }
}
