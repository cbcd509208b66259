//! What each owner said and which cameras are theirs.

use std::collections::{HashMap, hash_map};

use foldhash::quality::RandomState;

use super::extra_cameras::ExtraCameras;
use super::probe_table::{ProbeTable, Slot};
use super::shards::{Shard, split_off};
use crate::model::{AskLimit, CameraId, GrantSpan, OwnerId};

/// Some of the owners.
#[derive(Debug)]
pub(crate) struct Owners {
    /// All of whom anything is known.
    entries: ProbeTable<Option<Entry>>,
    /// The other cameras of owners with two or more.
    more: HashMap<OwnerId, ExtraCameras, RandomState>,
    /// In boxes: tables have room for up to twice as many.
    // INVARIANT: of those whose entry says so.
    special: HashMap<OwnerId, Box<ConsentExtras>, RandomState>,
}

impl Owners {
    pub(crate) fn new(hasher: &RandomState) -> Self {
        Self {
            entries: ProbeTable::new(hasher),
            more: HashMap::with_hasher(hasher.clone()),
            special: HashMap::with_hasher(hasher.clone()),
        }
    }

    /// Makes room for so many owners, all at once.
    pub(crate) fn reserve(&mut self, owners: usize) {
        self.entries.reserve(owners);
    }

    /// Has fetched what [`get`](Self::get) reads. Nothing waits for it here.
    #[inline]
    pub(crate) fn prefetch(&self, owner: OwnerId) {
        self.entries.prefetch(owner.0);
    }

    pub(crate) fn get(&self, owner: OwnerId) -> Owner {
        self.entries.get(owner.0).copied().flatten().map_or(Owner::NEW, |entry| entry.known)
    }

    /// The owners of whom anything is known, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (OwnerId, Owner)> {
        self.entries.iter().flatten().map(|&Entry { owner, known }| (owner, known))
    }

    /// Puts an owner in place, or forgets one of whom nothing is known.
    fn put(&mut self, owner: OwnerId, known: Owner) {
        if known.is_nobody() {
            self.entries.remove(owner.0);
        } else {
            self.entries.insert(Some(Entry { owner, known }));
        }
    }

    /// Notes what an owner without cameras said. `false` if they were noted before.
    pub(crate) fn agree(&mut self, owner: OwnerId, terms: Option<u32>) -> bool {
        let known = Owner::NEW.with_terms(terms);
        self.entries.insert(Some(Entry { owner, known })).is_none()
    }

    /// Sets the terms of an owner, and gives back those before.
    pub(crate) fn set_terms(&mut self, owner: OwnerId, terms: Option<u32>) -> Option<u32> {
        let entry = self.get(owner);
        self.put(owner, entry.with_terms(terms));
        entry.terms()
    }

    /// What is special about an owner.
    pub(crate) fn special(&self, owner: OwnerId) -> Option<&ConsentExtras> {
        if !self.get(owner).is_special {
            return None;
        }
        self.special.get(&owner).map(AsRef::as_ref)
    }

    /// The owners about whom something is special, in no order.
    pub(crate) fn specials(&self) -> impl Iterator<Item = (OwnerId, &ConsentExtras)> {
        self.special.iter().map(|(&owner, special)| (owner, special.as_ref()))
    }

    /// Changes what is special about an owner, which may be nothing before or after.
    pub(crate) fn change_special(
        &mut self,
        owner: OwnerId,
        change: impl FnOnce(&mut ConsentExtras),
    ) {
        let entry = self.get(owner);
        let is_special = if entry.is_special {
            let Some(special) = self.special.get_mut(&owner) else { return };
            change(special);
            let is_default = special.is_default();
            if is_default {
                self.special.remove(&owner);
            }
            !is_default
        } else {
            let mut special = ConsentExtras::default();
            change(&mut special);
            let is_default = special.is_default();
            if !is_default {
                self.special.insert(owner, Box::new(special));
            }
            !is_default
        };
        if is_special != entry.is_special {
            self.put(owner, Owner { is_special, ..entry });
        }
    }

    /// The cameras of an owner, in no order.
    pub(crate) fn cameras_of(&self, owner: OwnerId) -> impl Iterator<Item = CameraId> {
        let entry = self.get(owner);
        let one = (entry.cameras != Cameras::None).then_some(entry.one);
        let more = match entry.cameras {
            Cameras::ExtraCameras => self.more.get(&owner),
            Cameras::None | Cameras::One => None,
        };
        one.into_iter().chain(more.into_iter().flat_map(ExtraCameras::iter))
    }

    /// Notes that a camera is an owner's, and gives back the owner's terms.
    pub(crate) fn attach(&mut self, owner: OwnerId, camera: CameraId) -> Option<u32> {
        let entry = self.entries.get_or_insert(Some(Entry { owner, known: Owner::NEW }))?;
        let entry = &mut entry.as_mut()?.known;
        if entry.cameras == Cameras::None {
            entry.one = camera;
            entry.cameras = Cameras::One;
        } else {
            self.more.entry(owner).or_default().insert(camera);
            entry.cameras = Cameras::ExtraCameras;
        }
        entry.terms()
    }

    /// Notes that a camera is no longer an owner's. An owner who has nothing left is forgotten.
    pub(crate) fn detach(&mut self, owner: OwnerId, camera: CameraId) {
        let mut entry = self.get(owner);
        let one = entry.one;
        match entry.cameras {
            Cameras::One if one == camera => entry.cameras = Cameras::None,
            Cameras::ExtraCameras => {
                if let hash_map::Entry::Occupied(mut more) = self.more.entry(owner) {
                    let others = more.get_mut();
                    if one != camera {
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
            special: split_off(&mut self.special, is_moved),
        }
    }
}

/// An owner in a table of many: unaligned, so that no bytes are left out.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed)]
struct Entry {
    owner: OwnerId,
    known: Owner,
}

/// "None" takes no bytes of its own.
const _: () = assert!(size_of::<Option<Entry>>() == size_of::<Entry>());

impl Slot for Option<Entry> {
    const VACANT: Self = None;

    fn key(&self) -> Option<u64> {
        self.map(|entry| entry.owner.0)
    }
}

/// What the writer knows of an owner, in 14 bytes: most have one camera and nothing special.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, packed)]
pub(crate) struct Owner {
    /// One of the owner's cameras, if any; the others are in [`Owners::more`].
    one: CameraId,
    /// The interned scopes of a granted consent.
    terms: Option<TermsNumber>,
    cameras: Cameras,
    /// Whether there is more in [`Owners::special`].
    is_special: bool,
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
    ExtraCameras,
}

impl Owner {
    /// An owner of whom nothing is known.
    pub(crate) const NEW: Self =
        Self { one: CameraId(0), terms: None, cameras: Cameras::None, is_special: false };

    /// Whether nothing is known of the owner.
    pub(crate) fn is_nobody(self) -> bool {
        self.cameras == Cameras::None && self.terms().is_none() && !self.is_special
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
pub(crate) struct ConsentExtras {
    pub(crate) grant_span: GrantSpan,
    pub(crate) limit: AskLimit,
    /// The last times the owner was asked, ascending; as many as a limit can look at. In a box,
    /// since most who are special were never asked.
    #[expect(clippy::box_collection, reason = "8 bytes in a table of many, not 24")]
    pub(crate) asked: Option<Box<Vec<i64>>>,
}

impl Default for ConsentExtras {
    fn default() -> Self {
        let grant_span = GrantSpan { paused_until: i64::MIN, expires: i64::MAX };
        Self { grant_span, limit: AskLimit::default(), asked: None }
    }
}

impl ConsentExtras {
    /// When the owner was asked, ascending.
    pub(crate) fn asked(&self) -> &[i64] {
        self.asked.as_deref().map_or(&[], Vec::as_slice)
    }

    /// Whether there is nothing special after all.
    pub(crate) fn is_default(&self) -> bool {
        self.grant_span.paused_until == i64::MIN
            && self.grant_span.expires == i64::MAX
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
