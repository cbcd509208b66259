//! Scopes of consents, interned: few owners write their own, so each distinct pair is decided once.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::quality::RandomState;

use crate::agency::{AgencyId, IncidentKind};
use crate::consent::{Consent, Denial, Scope};
use crate::zone::Zone;

/// The scopes of a consent, which depend on the question and not on time, and the owner's zone,
/// which denies nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Terms {
    agencies: Scope<AgencyId>,
    incidents: Scope<IncidentKind>,
    zone: Option<Zone>,
}

impl Terms {
    pub(crate) fn of(consent: Consent) -> Self {
        let (agencies, incidents, zone) = consent.into_terms();
        Self { agencies, incidents, zone }
    }

    /// Whether the scopes extend to an agency and a kind of incident.
    pub(crate) fn decide(&self, agency: AgencyId, incident: IncidentKind) -> Result<(), Denial> {
        if !self.agencies.includes(&agency) {
            Err(Denial::AgencyOutOfScope)
        } else if !self.incidents.includes(&incident) {
            Err(Denial::IncidentOutOfScope)
        } else {
            Ok(())
        }
    }

    pub(crate) fn scopes(&self) -> (&Scope<AgencyId>, &Scope<IncidentKind>) {
        (&self.agencies, &self.incidents)
    }

    /// By which clocks the owner lives, if they said.
    pub(crate) fn zone(&self) -> Option<&Zone> {
        self.zone.as_ref()
    }
}

/// The same terms in one cache line, for most of them.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Entry {
    terms: Arc<Terms>,
    /// A bit for each kind of incident in scope.
    incidents: u32,
    /// Whether the agencies are those in scope, or those out of it.
    listed: bool,
    /// How many agencies there are; more than `FEW` are looked for in the terms.
    count: u8,
    /// The first of them. The places without one repeat the first.
    agencies: [AgencyId; FEW],
}

const FEW: usize = 5;

impl Entry {
    fn new(terms: Arc<Terms>) -> Self {
        let kinds = IncidentKind::ALL.iter().filter(|kind| terms.incidents.includes(kind));
        let incidents = kinds.fold(0, |bits, &kind| bits | 1 << kind as u32);
        let (listed, named) = match &terms.agencies {
            Scope::Any => (false, None),
            Scope::Only(agencies) => (true, Some(agencies)),
            Scope::AllBut(agencies) => (false, Some(agencies)),
        };
        let count = named.map_or(0, |agencies| u8::try_from(agencies.len()).unwrap_or(u8::MAX));
        let mut named = named.into_iter().flatten().copied();
        let first = named.next().unwrap_or(AgencyId(0));
        let agencies = [first; FEW].map(|first| named.next().unwrap_or(first));
        Self { terms, incidents, listed, count, agencies }
    }

    #[inline]
    #[expect(clippy::needless_bitwise_bool, reason = "what is compared cannot be foreseen")]
    fn permits(&self, agency: AgencyId, incident: IncidentKind) -> bool {
        let in_scope = if usize::from(self.count) <= FEW {
            let found = self.agencies.iter().fold(false, |found, &named| found | (named == agency));
            (found & (self.count > 0)) == self.listed
        } else {
            self.terms.agencies.includes(&agency)
        };
        in_scope & (self.incidents >> (incident as u32) & 1 == 1)
    }
}

/// Terms in a chunk: a table is copied by chunks when it changes.
const CHUNK: usize = 256;

/// All interned terms of one revision, by number. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct TermsTable {
    chunks: Arc<Vec<Arc<Vec<Entry>>>>,
}

impl TermsTable {
    pub(crate) fn get(&self, number: u32) -> Option<&Terms> {
        self.entry(number).map(|entry| entry.terms.as_ref())
    }

    /// Whether the terms with a number extend to an agency and a kind of incident. No such terms
    /// extend to nothing.
    #[inline]
    pub(crate) fn permits(&self, number: u32, agency: AgencyId, incident: IncidentKind) -> bool {
        self.entry(number).is_some_and(|entry| entry.permits(agency, incident))
    }

    #[inline]
    fn entry(&self, number: u32) -> Option<&Entry> {
        let number = number as usize;
        self.chunks.get(number / CHUNK)?.get(number % CHUNK)
    }

    /// How many numbers are in use or were.
    pub(crate) fn len(&self) -> usize {
        let full = self.chunks.len().saturating_sub(1) * CHUNK;
        full + self.chunks.last().map_or(0, |chunk| chunk.len())
    }

    /// Whether every number means the same in both, because they are one table.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.chunks, &other.chunks)
    }

    fn put(&mut self, number: u32, terms: Arc<Terms>) {
        let number = number as usize;
        let chunks = Arc::make_mut(&mut self.chunks);
        if number / CHUNK == chunks.len() {
            chunks.push(Arc::default());
        }
        let Some(chunk) = chunks.get_mut(number / CHUNK).map(Arc::make_mut) else { return };
        match chunk.get_mut(number % CHUNK) {
            Some(slot) => *slot = Entry::new(terms),
            None => chunk.push(Entry::new(terms)),
        }
    }
}

/// The writer's side: gives numbers out, counts their use, and takes them back.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    table: TermsTable,
    numbers: HashMap<Arc<Terms>, u32, RandomState>,
    uses: Vec<usize>,
    free: Vec<u32>,
}

impl Interner {
    pub(crate) fn table(&self) -> &TermsTable {
        &self.table
    }

    /// The number of some terms, used once more. `None` if 2^32 - 1 distinct ones are in use.
    pub(crate) fn acquire(&mut self, terms: Terms) -> Option<u32> {
        if let Some(&number) = self.numbers.get(&terms) {
            self.share(number);
            return Some(number);
        }
        let terms = Arc::new(terms);
        let number = if let Some(number) = self.free.pop() {
            if let Some(uses) = self.uses.get_mut(number as usize) {
                *uses = 1;
            }
            number
        } else {
            let number = u32::try_from(self.uses.len()).ok().filter(|&n| n != u32::MAX)?;
            self.uses.push(1);
            number
        };
        self.table.put(number, Arc::clone(&terms));
        self.numbers.insert(terms, number);
        Some(number)
    }

    /// Uses a number in use once more.
    pub(crate) fn share(&mut self, number: u32) {
        if let Some(uses) = self.uses.get_mut(number as usize) {
            *uses += 1;
        }
    }

    /// Takes one use of a number back.
    pub(crate) fn release(&mut self, number: u32) {
        let Some(uses) = self.uses.get_mut(number as usize) else { return };
        *uses = uses.saturating_sub(1);
        if *uses == 0
            && let Some(terms) = self.table.get(number).cloned()
            && self.numbers.remove(&terms).is_some()
        {
            self.free.push(number);
        }
    }
}
