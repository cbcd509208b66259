//! Where requests are in a ledger: by their ids, and by where their cameras may stand.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::ledger_entry::LedgerEntry;
use crate::geometry::EnvelopeIndex;
use crate::model::RequestId;
use crate::request::{SearchArea, reach};

/// The places of requests in their ledger, which finds by them what it would go through all for.
#[derive(Clone, Debug, Default)]
pub(crate) struct LedgerIndex {
    by_id: HashMap<RequestId, usize>,
    by_reach: EnvelopeIndex,
}

impl LedgerIndex {
    pub(crate) fn get(&self, id: RequestId) -> Option<usize> {
        self.by_id.get(&id).copied()
    }

    /// Adds a request behind some others, and gives the place of the one whose outcome it repeats:
    /// its own, if it meets none of them. `None` if its id is taken.
    ///
    /// O(log n) for n others, and a comparison of areas for each that is near.
    pub(crate) fn add(
        &mut self,
        id: RequestId,
        ground: &SearchArea,
        others: &[LedgerEntry],
    ) -> Option<usize> {
        let place = others.len();
        let Entry::Vacant(new) = self.by_id.entry(id) else { return None };
        new.insert(place);
        let reach = reach(ground);
        let near = reach.iter().flat_map(|&envelope| self.by_reach.meeting(envelope));
        let met = near.fold(place, |least, place| {
            let meets = |other: &LedgerEntry| other.meets(ground);
            if place < least && others.get(place).is_some_and(meets) { place } else { least }
        });
        let met = others.get(met);
        // Who meets a request that asks the same as one before meets that one, too.
        if met.is_none_or(|other| other.ground() != *ground) {
            for envelope in reach {
                self.by_reach.insert(place, envelope);
            }
        }
        Some(met.map_or(place, |other| other.first))
    }
}
