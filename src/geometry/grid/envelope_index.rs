//! Which of some numbered envelopes meet another: an R-tree.

use rstar::{RTree, RTreeObject};

use super::envelope::Envelope;

/// Numbered envelopes; several may have one number.
#[derive(Clone, Debug, Default)]
pub(crate) struct EnvelopeIndex(RTree<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    envelope: Envelope,
    number: usize,
}

impl RTreeObject for Entry {
    type Envelope = Envelope;

    fn envelope(&self) -> Envelope {
        self.envelope
    }
}

impl EnvelopeIndex {
    /// The index of envelopes that are numbered in their order. O(n log n).
    pub(crate) fn of(envelopes: impl Iterator<Item = Envelope>) -> Self {
        let entries = envelopes.enumerate().map(|(number, envelope)| Entry { envelope, number });
        Self(RTree::bulk_load(entries.collect()))
    }

    /// Adds an envelope. O(log n).
    pub(crate) fn insert(&mut self, number: usize, envelope: Envelope) {
        self.0.insert(Entry { envelope, number });
    }

    /// The numbers of those that share a point with an envelope, in no order. O(log n + k) for k of
    /// them.
    pub(crate) fn meeting(&self, envelope: Envelope) -> impl Iterator<Item = usize> + '_ {
        self.0.locate_in_envelope_intersecting(envelope).map(|entry| entry.number)
    }
}
