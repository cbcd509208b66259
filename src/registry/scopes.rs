//! Scopes of consents, interned: few owners write their own, so each distinct pair is decided once.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::quality::RandomState;

use crate::model::{AgencyId, Consent, Denial, IncidentKind, Scope, Zone};

/// The scopes of a consent, which depend on the question but not on time, and the owner's zone, which
/// denies nothing.
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

    /// The owner's time zone, if it is known.
    pub(crate) fn zone(&self) -> Option<&Zone> {
        self.zone.as_ref()
    }
}

/// A summary of terms in a few bits. It decides a question unless the agency may be one of those named.
#[derive(Clone, Copy, Debug, Default)]
struct Sketch {
    /// The marks of the agencies named.
    named: u64,
    /// A bit for each kind of incident in scope.
    incidents: u32,
    /// Whether the agencies named are in scope (`true`) or out of scope (`false`).
    listed: bool,
    has_zone: bool,
}

/// One of 64 bits, different for most pairs of agencies.
fn mark(agency: AgencyId) -> u64 {
    // Multiplying spreads numbers that differ little into the upper bits (Knuth's multiplicative
    // hashing).
    1 << (agency.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58)
}

impl Sketch {
    fn of(terms: &Terms) -> Self {
        let kinds = IncidentKind::ALL.iter().filter(|kind| terms.incidents.includes(kind));
        let incidents = kinds.fold(0, |bits, &kind| bits | 1 << kind as u32);
        let (listed, named) = match &terms.agencies {
            Scope::Any => (false, None),
            Scope::Only(agencies) => (true, Some(agencies)),
            Scope::AllBut(agencies) => (false, Some(agencies)),
        };
        let named = named.into_iter().flatten().fold(0, |marks, &agency| marks | mark(agency));
        Self { named, incidents, listed, has_zone: terms.zone.is_some() }
    }
}

/// One question to many terms: do they include an agency and a kind of incident?
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScopeQuery<'a> {
    chunks: &'a [Arc<Chunk>],
    agency: AgencyId,
    incident: IncidentKind,
    mark: u64,
}

impl<'a> ScopeQuery<'a> {
    pub(crate) fn new(terms: &'a TermsTable, agency: AgencyId, incident: IncidentKind) -> Self {
        Self { chunks: &terms.chunks, agency, incident, mark: mark(agency) }
    }

    /// Whether the terms with a number allow the question, and whether the sketch cannot decide that.
    /// Unknown terms allow nothing.
    #[inline]
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "the branch predictor cannot foresee consents"
    )]
    pub(crate) fn sketch_allows(&self, number: u32) -> (bool, bool) {
        let number = number as usize;
        let chunk = self.chunks.get(number / CHUNK);
        let sketch = chunk.and_then(|chunk| chunk.sketches.get(number % CHUNK));
        let Sketch { named, incidents, listed, .. } = sketch.copied().unwrap_or_default();
        let incident = incidents >> (self.incident as u32) & 1 != 0;
        (incident & !listed, incident & (named & self.mark != 0))
    }

    /// Whether the terms with a number allow the question. Exact.
    pub(crate) fn permitted(&self, number: u32) -> bool {
        self.decide(number).is_ok()
    }

    /// Whether the terms with a number allow the question, or the reason why not. Exact.
    pub(crate) fn decide(&self, number: u32) -> Result<(), Denial> {
        let terms = find(self.chunks, number).ok_or(Denial::NotGranted)?;
        terms.decide(self.agency, self.incident)
    }
}

/// The number of terms in a chunk; a changed table copies whole chunks.
const CHUNK: usize = 256;

#[derive(Clone, Debug)]
struct Chunk {
    // INVARIANT: the sketches of `terms`, in the same order; the others allow nothing.
    sketches: [Sketch; CHUNK],
    terms: Vec<Arc<Terms>>,
}

impl Default for Chunk {
    fn default() -> Self {
        Self { sketches: [Sketch::default(); CHUNK], terms: Vec::new() }
    }
}

fn find(chunks: &[Arc<Chunk>], number: u32) -> Option<&Terms> {
    let number = number as usize;
    chunks.get(number / CHUNK)?.terms.get(number % CHUNK).map(Arc::as_ref)
}

/// All interned terms of one revision, by number. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct TermsTable {
    chunks: Arc<Vec<Arc<Chunk>>>,
}

impl TermsTable {
    pub(crate) fn get(&self, number: u32) -> Option<&Terms> {
        find(&self.chunks, number)
    }

    /// The time zone in the terms with a number. The sketch, which a route has just read, shows if there is none.
    #[inline]
    pub(crate) fn zone(&self, number: u32) -> Option<&Zone> {
        let chunk = self.chunks.get(number as usize / CHUNK)?;
        let sketch = chunk.sketches.get(number as usize % CHUNK)?;
        if sketch.has_zone { self.get(number)?.zone() } else { None }
    }

    fn put(&mut self, number: u32, terms: Arc<Terms>) {
        let number = number as usize;
        let chunks = Arc::make_mut(&mut self.chunks);
        if number / CHUNK == chunks.len() {
            chunks.push(Arc::default());
        }
        let Some(chunk) = chunks.get_mut(number / CHUNK).map(Arc::make_mut) else { return };
        let place = number % CHUNK;
        if let Some(sketch) = chunk.sketches.get_mut(place) {
            *sketch = Sketch::of(&terms);
        }
        match chunk.terms.get_mut(place) {
            Some(slot) => *slot = terms,
            None => chunk.terms.push(terms),
        }
    }
}

/// The writer's side: assigns numbers to terms and counts their uses.
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

    /// The number of some terms, with one more use. `None` if 2^32 - 1 distinct terms are in use.
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

    /// Adds a use of a number in use.
    pub(crate) fn share(&mut self, number: u32) {
        if let Some(uses) = self.uses.get_mut(number as usize) {
            *uses += 1;
        }
    }

    /// Releases one use of a number.
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
