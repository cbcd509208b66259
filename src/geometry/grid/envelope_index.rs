//! An R-tree of numbered envelopes, and the conversion to the envelopes of `rstar`.

use rstar::{AABB, RTree, RTreeObject};

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
    type Envelope = AABB<[i64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        self.envelope.to_aabb()
    }
}

impl Envelope {
    /// The same box for a tree of `rstar`: in 64 bits, where the product of two sides cannot overflow.
    pub(crate) fn to_aabb(self) -> AABB<[i64; 2]> {
        let [west, south] = [self.west, self.south].map(i64::from);
        let [east, north] = [self.east, self.north].map(i64::from);
        // `from_corners` would put the corners of an empty envelope in order and make it the whole world.
        if west > east || south > north {
            return rstar::Envelope::new_empty();
        }
        AABB::from_corners([west, south], [east, north])
    }
}

impl EnvelopeIndex {
    /// The index of numbered envelopes. O(n log n).
    pub(crate) fn of(envelopes: impl Iterator<Item = (usize, Envelope)>) -> Self {
        let entries = envelopes.map(|(number, envelope)| Entry { envelope, number });
        Self(RTree::bulk_load(entries.collect()))
    }

    /// The numbers of the envelopes that share a point with another, in no order. O(log n + k) for k of
    /// them.
    pub(crate) fn meeting(&self, envelope: Envelope) -> impl Iterator<Item = usize> + '_ {
        self.0.locate_in_envelope_intersecting(envelope.to_aabb()).map(|entry| entry.number)
    }
}
