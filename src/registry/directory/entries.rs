//! Owner id to the owner's entry, in two tables by the length of the ids.

use foldhash::quality::RandomState;

use super::cameras::Cameras;
use super::owner::{Owner, TermsNumber};
use super::probe_table::{ProbeTable, Slot};
use crate::model::OwnerId;

/// The entries of a shard's owners.
///
/// Where the owner's id and that of the first camera fit 32 bits, as they do if both are numbered from counters, an entry
/// takes 14 bytes, any other 22.
#[derive(Debug)]
pub(crate) struct Entries {
    // INVARIANT: an owner is in one of the two: in `short` if the entry fits.
    short: ProbeTable<Option<ShortEntry>>,
    long: ProbeTable<Option<LongEntry>>,
}

/// Packed, so that no byte is lost to alignment.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed)]
struct ShortEntry {
    owner: u32,
    first: u32,
    length: u8,
    terms: Option<TermsNumber>,
    has_extras: bool,
}

#[derive(Clone, Copy, Debug)]
#[repr(C, packed)]
struct LongEntry {
    owner: OwnerId,
    known: Owner,
}

/// `None` is a reserved value, so that it takes no bytes.
const _: () = {
    assert!(size_of::<Option<ShortEntry>>() == 14);
    assert!(size_of::<Option<LongEntry>>() == 22);
};

impl ShortEntry {
    /// The entry, if it fits.
    fn new(owner: OwnerId, known: Owner) -> Option<Self> {
        let (first, length) = known.cameras.parts();
        let (owner, first) = (u32::try_from(owner.0).ok()?, u32::try_from(first).ok()?);
        Some(Self { owner, first, length, terms: known.terms, has_extras: known.has_extras })
    }

    fn known(self) -> Owner {
        let cameras = Cameras::from_parts(u64::from(self.first), self.length);
        Owner { cameras, terms: self.terms, has_extras: self.has_extras }
    }
}

impl Slot for Option<ShortEntry> {
    const VACANT: Self = None;

    fn key(&self) -> Option<u64> {
        self.map(|entry| u64::from(entry.owner))
    }
}

impl Slot for Option<LongEntry> {
    const VACANT: Self = None;

    fn key(&self) -> Option<u64> {
        self.map(|entry| entry.owner.0)
    }
}

impl Entries {
    pub(crate) fn new(hasher: &RandomState) -> Self {
        Self { short: ProbeTable::new(hasher), long: ProbeTable::new(hasher) }
    }

    pub(crate) fn len(&self) -> usize {
        self.short.len() + self.long.len()
    }

    /// Makes room for so many owners at once whose entries are short.
    pub(crate) fn reserve_short(&mut self, more: usize) {
        self.short.reserve(more);
    }

    /// Makes room for so many others.
    pub(crate) fn reserve_long(&mut self, more: usize) {
        self.long.reserve(more);
    }

    /// Prefetches the cache lines that [`get`](Self::get) reads.
    #[inline]
    pub(crate) fn prefetch(&self, owner: OwnerId) {
        if is_short(owner) {
            self.short.prefetch(owner.0);
        }
        if self.long.len() > 0 {
            self.long.prefetch(owner.0);
        }
    }

    #[inline]
    pub(crate) fn get(&self, owner: OwnerId) -> Option<Owner> {
        let short = if is_short(owner) { self.short.get(owner.0).copied().flatten() } else { None };
        let long = || self.long.get(owner.0).copied().flatten().map(|entry| entry.known);
        short.map(ShortEntry::known).or_else(long)
    }

    /// Sets an owner's entry; whether there was none.
    pub(crate) fn insert(&mut self, owner: OwnerId, known: Owner) -> bool {
        if let Some(entry) = ShortEntry::new(owner, known) {
            let was_long = self.long.len() > 0 && self.long.remove(owner.0).is_some();
            self.short.insert(Some(entry)).is_none() && !was_long
        } else {
            let was_short = is_short(owner) && self.short.remove(owner.0).is_some();
            self.long.insert(Some(LongEntry { owner, known })).is_none() && !was_short
        }
    }

    pub(crate) fn remove(&mut self, owner: OwnerId) {
        if is_short(owner) {
            self.short.remove(owner.0);
        }
        self.long.remove(owner.0);
    }

    /// All owners, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (OwnerId, Owner)> {
        let short = self.short.iter().flatten();
        let long = self.long.iter().flatten().map(|&LongEntry { owner, known }| (owner, known));
        short.map(|entry| (OwnerId(u64::from(entry.owner)), entry.known())).chain(long)
    }

    /// Moves the entries of some owners to new tables.
    pub(crate) fn split_off(&mut self, is_moved: impl Fn(u64) -> bool) -> Self {
        Self { short: self.short.split_off(&is_moved), long: self.long.split_off(&is_moved) }
    }
}

fn is_short(owner: OwnerId) -> bool {
    u32::try_from(owner.0).is_ok()
}
