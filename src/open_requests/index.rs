//! An R-tree of the parts of areas that open requests depend on.

use std::fmt;

use rstar::{RTree, RTreeObject};

use crate::geometry::{Area, Envelope, Position};
use crate::lifecycle::RequestId;
use crate::registry::Fanout;

/// Finds the requests that a position matters to.
#[derive(Clone, Default)]
pub(super) struct Index(RTree<Part, Fanout>);

/// The envelope of one part of an area, and which request depends on the area.
#[derive(Clone)]
struct Part {
    envelope: Envelope,
    id: RequestId,
    area: Area,
}

impl RTreeObject for Part {
    type Envelope = Envelope;

    fn envelope(&self) -> Envelope {
        self.envelope
    }
}

/// Parts of one request with the same envelope are as good as each other: they are only ever removed
/// all together.
impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.envelope == other.envelope
    }
}

fn parts(id: RequestId, area: &Area) -> impl Iterator<Item = Part> {
    area.part_envelopes().map(move |envelope| Part { envelope, id, area: area.clone() })
}

impl Index {
    /// The index of many areas at once. O(n log n) for n parts.
    pub(super) fn of<'a>(areas: impl Iterator<Item = (RequestId, &'a Area)>) -> Self {
        let all: Vec<Part> = areas.flat_map(|(id, area)| parts(id, area)).collect();
        Self(RTree::bulk_load_with_params(all))
    }

    pub(super) fn insert(&mut self, id: RequestId, area: &Area) {
        for part in parts(id, area) {
            self.0.insert(part);
        }
    }

    /// Removes an area that was inserted for a request.
    pub(super) fn remove(&mut self, id: RequestId, area: &Area) {
        for part in parts(id, area) {
            let removed = self.0.remove(&part);
            debug_assert!(removed.is_some(), "what was inserted is there");
        }
    }

    /// Adds the requests that depend on an area that covers a position, in no order, perhaps twice.
    pub(super) fn at(&self, position: Position, found: &mut Vec<RequestId>) {
        // A part that ends at the antimeridian has 180 as its side, positions there have -180.
        let here = Envelope::of([position]);
        let seen_from_the_west = here.across_the_antimeridian();
        for envelope in std::iter::once(here).chain(seen_from_the_west) {
            let near = self.0.locate_in_envelope_intersecting(envelope);
            let covering = near.filter(|part| part.area.covers(position));
            found.extend(covering.map(|part| part.id));
        }
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("parts", &self.0.size()).finish_non_exhaustive()
    }
}
