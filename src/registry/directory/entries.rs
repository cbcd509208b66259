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
        self.long.prefetch(owner.0);
    }

    #[inline]
    pub(crate) fn get(&self, owner: OwnerId) -> Option<Owner> {
        let short = if is_short(owner) { self.short.get(owner.0).copied().flatten() } else { None };
        short.map(ShortEntry::known).or_else(|| self.get_long(owner))
    }

    fn get_long(&self, owner: OwnerId) -> Option<Owner> {
        self.long.get(owner.0).copied().flatten().map(|entry| entry.known)
    }

    /// Changes an owner's entry, and returns the one before. Looked up once, unless it moves to the other table. An
    /// entry that becomes empty is removed.
    pub(crate) fn change(
        &mut self,
        owner: OwnerId,
        change: impl FnOnce(Owner) -> Owner,
    ) -> Option<Owner> {
        let place = is_short(owner).then(|| self.short.find(owner.0));
        let short = place.and_then(|place| self.short.at(place).copied().flatten());
        let before = short.map(ShortEntry::known).or_else(|| self.get_long(owner));
        let known = change(before.unwrap_or(Owner::NEW));
        let entry = if known.is_nobody() { None } else { ShortEntry::new(owner, known) };
        match (place, entry) {
            (Some(place), Some(_)) => {
                self.short.set(place, entry);
            }
            _ if short.is_some() => {
                self.short.remove(owner.0);
            }
            _ => {}
        }
        if entry.is_none() && !known.is_nobody() {
            self.long.insert(Some(LongEntry { owner, known }));
        } else if short.is_none() && before.is_some() {
            self.long.remove(owner.0);
        }
        before
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
