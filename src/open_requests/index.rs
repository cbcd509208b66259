//! An R-tree of the parts of areas that open requests depend on.

use std::fmt;

use rstar::{RTree, RTreeObject};

use crate::facing::near;
use crate::geometry::{Area, Envelope, Fanout, Position};
use crate::lifecycle::RequestId;
use crate::request::{Ground, Sight};

/// Finds the requests that a position matters to.
#[derive(Clone, Default)]
pub(super) struct Index(RTree<Part, Fanout>);

/// The envelope of one part of an area, and which request depends on the area.
#[derive(Clone)]
struct Part {
    envelope: Envelope,
    id: RequestId,
    area: Area,
    sight: Sight,
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

fn parts(id: RequestId, (area, sight): &Ground) -> impl Iterator<Item = Part> {
    let envelopes: Vec<Envelope> = match sight {
        Sight::StandingIn => area.part_envelopes().collect(),
        Sight::SeeingInto => near(area.envelope()),
    };
    let part = move |envelope| Part { envelope, id, area: area.clone(), sight: *sight };
    envelopes.into_iter().map(part)
}

impl Part {
    /// Whether a camera at a position may be asked for: exact, but for views, which are not known here.
    fn matters_to(&self, position: Position) -> bool {
        self.sight == Sight::SeeingInto || self.area.covers(position)
    }
}

impl Index {
    /// The index of many areas at once. O(n log n) for n parts.
    pub(super) fn of(grounds: impl Iterator<Item = (RequestId, Ground)>) -> Self {
        let all: Vec<Part> =
            grounds.flat_map(|(id, ground)| parts(id, &ground).collect::<Vec<_>>()).collect();
        Self(RTree::bulk_load_with_params(all))
    }

    pub(super) fn insert(&mut self, id: RequestId, ground: &Ground) {
        for part in parts(id, ground) {
            self.0.insert(part);
        }
    }

    /// Removes an area that was inserted for a request.
    pub(super) fn remove(&mut self, id: RequestId, ground: &Ground) {
        for part in parts(id, ground) {
            let removed = self.0.remove(&part);
            debug_assert!(removed.is_some(), "what was inserted is there");
        }
    }

    /// Adds the requests that depend on an area that covers a position, or into which a camera there
    /// could see where that is asked, in no order, perhaps twice.
    pub(super) fn at(&self, position: Position, found: &mut Vec<RequestId>) {
        // A part that ends at the antimeridian has 180 as its side, positions there have -180.
        let here = Envelope::of([position]);
        let seen_from_the_west = here.across_the_antimeridian();
        for envelope in std::iter::once(here).chain(seen_from_the_west) {
            let near = self.0.locate_in_envelope_intersecting(envelope);
            let covering = near.filter(|part| part.matters_to(position));
            found.extend(covering.map(|part| part.id));
        }
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("parts", &self.0.size()).finish_non_exhaustive()
    }
}
