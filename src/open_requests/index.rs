//! An R-tree of the parts of the areas of open requests.

use std::fmt;

use rstar::{AABB, RTree, RTreeObject};

use crate::geometry::{Area, Envelope, Position};
use crate::model::{RequestId, near};
use crate::request::{CameraScope, SearchArea};

/// Finds the requests that a position matters to.
#[derive(Clone, Default)]
pub(crate) struct AreaIndex {
    tree: RTree<IndexedPart>,
}

/// The envelope of one part of an area, and whose area it is.
#[derive(Clone)]
struct IndexedPart {
    envelope: Envelope,
    id: RequestId,
    area: Area,
    camera_scope: CameraScope,
}

impl RTreeObject for IndexedPart {
    type Envelope = AABB<[i64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        self.envelope.to_aabb()
    }
}

/// Parts of one request with the same envelope are as good as each other: they are only ever removed
/// all together.
impl PartialEq for IndexedPart {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.envelope == other.envelope
    }
}

fn parts(id: RequestId, (area, camera_scope): &SearchArea) -> impl Iterator<Item = IndexedPart> {
    let envelopes: Vec<Envelope> = match camera_scope {
        CameraScope::StandingIn => area.part_envelopes().collect(),
        CameraScope::SeeingInto => near(area.envelope()),
    };
    let part = move |envelope| IndexedPart {
        envelope,
        id,
        area: area.clone(),
        camera_scope: *camera_scope,
    };
    envelopes.into_iter().map(part)
}

impl IndexedPart {
    /// Whether a camera at a position may be asked for: exact, but for views, which are not known
    /// here.
    fn matters_to(&self, position: Position) -> bool {
        self.camera_scope == CameraScope::SeeingInto || self.area.covers(position)
    }
}

impl AreaIndex {
    /// The index of many at once. O(n log n) for n parts.
    pub(crate) fn of(open: impl Iterator<Item = (RequestId, SearchArea)>) -> Self {
        let all = open.flat_map(|(id, ground)| parts(id, &ground).collect::<Vec<_>>()).collect();
        Self { tree: RTree::bulk_load(all) }
    }

    /// Adds a request that was opened.
    pub(crate) fn insert(&mut self, id: RequestId, ground: &SearchArea) {
        for part in parts(id, ground) {
            self.tree.insert(part);
        }
    }

    /// Removes a request that has ended.
    pub(crate) fn remove(&mut self, id: RequestId, ground: &SearchArea) {
        for part in parts(id, ground) {
            let removed = self.tree.remove(&part);
            debug_assert!(removed.is_some(), "a part that was inserted is in the tree");
        }
    }

    /// Adds the requests whose areas cover a position, or into which a camera there could see where
    /// that is asked, in no order, perhaps twice.
    pub(crate) fn at(&self, position: Position, found: &mut Vec<RequestId>) {
        // A part that ends at the antimeridian has 180 as its side, positions there have -180.
        let here = Envelope::of([position]);
        let seen_from_the_west = here.across_the_antimeridian();
        for envelope in std::iter::once(here).chain(seen_from_the_west) {
            let near = self.tree.locate_in_envelope_intersecting(envelope.to_aabb());
            let covering = near.filter(|part| part.matters_to(position));
            found.extend(covering.map(|part| part.id));
        }
    }
}

impl fmt::Debug for AreaIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("parts", &self.tree.size()).finish_non_exhaustive()
    }
}
