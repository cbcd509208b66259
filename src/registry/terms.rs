//! Scopes of consents, interned: few owners write their own, so each distinct pair is decided once.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::quality::RandomState;

use crate::agency::{AgencyId, IncidentKind};
use crate::consent::{Consent, Denial, Scope};

/// The scopes of a consent: what depends on the question and not on time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Terms {
    agencies: Scope<AgencyId>,
    incidents: Scope<IncidentKind>,
}

impl Terms {
    pub(crate) fn of(consent: Consent) -> Self {
        let (agencies, incidents) = consent.into_scopes();
        Self { agencies, incidents }
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
}

/// Terms in a chunk: a table is copied by chunks when it changes.
const CHUNK: usize = 256;

/// All interned terms of one revision, by number. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct TermsTable {
    chunks: Arc<Vec<Arc<Vec<Arc<Terms>>>>>,
}

impl TermsTable {
    pub(crate) fn get(&self, number: u32) -> Option<&Terms> {
        let number = number as usize;
        self.chunks.get(number / CHUNK)?.get(number % CHUNK).map(AsRef::as_ref)
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
            Some(slot) => *slot = terms,
            None => chunk.push(terms),
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
            if let Some(uses) = self.uses.get_mut(number as usize) {
                *uses += 1;
            }
            return Some(number);
        }
        let terms = Arc::new(terms);
        let number = match self.free.pop() {
            Some(number) => {
                if let Some(uses) = self.uses.get_mut(number as usize) {
                    *uses = 1;
                }
                number
            }
            None => {
                let number = u32::try_from(self.uses.len()).ok().filter(|&n| n != u32::MAX)?;
                self.uses.push(1);
                number
            }
        };
        self.table.put(number, Arc::clone(&terms));
        self.numbers.insert(terms, number);
        Some(number)
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
