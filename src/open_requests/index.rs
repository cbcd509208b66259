//! An R-tree of the parts of areas that open requests depend on, and which requests these are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rstar::{RTree, RTreeObject};

use crate::geometry::{Area, Envelope, Fanout, Position};
use crate::model::{RequestId, near};
use crate::request::{CameraScope, SearchArea};

/// Finds the requests that a position matters to: those that depend on an area there, their own or
/// that of a request that they are compared with. Each area is there once, however many ask it or
/// depend on it: under the id of the agency's first request that asked it.
#[derive(Clone, Default)]
pub(crate) struct AreaIndex {
    tree: RTree<IndexedPart, Fanout>,
    // INVARIANT: of the areas in the tree, by the first request that asked it, and none is empty.
    dependents: BTreeMap<RequestId, BTreeSet<RequestId>>,
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
    type Envelope = Envelope;

    fn envelope(&self) -> Envelope {
        self.envelope
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
    /// The index of many at once: who depends on whose area. O(n log n) for n parts.
    pub(crate) fn of(
        pairs: impl Iterator<Item = (RequestId, RequestId)>,
        ground: impl Fn(RequestId) -> Option<SearchArea>,
    ) -> Self {
        let mut dependents: BTreeMap<RequestId, BTreeSet<RequestId>> = BTreeMap::new();
        for (who, on) in pairs {
            dependents.entry(on).or_default().insert(who);
        }
        let grounds = dependents.keys().filter_map(|&on| Some((on, ground(on)?)));
        let all: Vec<IndexedPart> =
            grounds.flat_map(|(on, ground)| parts(on, &ground).collect::<Vec<_>>()).collect();
        Self { tree: RTree::bulk_load_with_params(all), dependents }
    }

    /// Notes that a request depends on the area of one, perhaps itself.
    pub(crate) fn depend(&mut self, who: RequestId, (on, ground): (RequestId, &SearchArea)) {
        let dependents = self.dependents.entry(on).or_default();
        if dependents.is_empty() {
            for part in parts(on, ground) {
                self.tree.insert(part);
            }
        }
        dependents.insert(who);
    }

    /// Notes that it does so no more.
    pub(crate) fn release(&mut self, who: RequestId, (on, ground): (RequestId, &SearchArea)) {
        let Some(dependents) = self.dependents.get_mut(&on) else { return };
        dependents.remove(&who);
        if dependents.is_empty() {
            self.dependents.remove(&on);
            for part in parts(on, ground) {
                let removed = self.tree.remove(&part);
                debug_assert!(removed.is_some(), "what was inserted is there");
            }
        }
    }

    /// The requests that depend on the area of one.
    pub(crate) fn dependents(&self, on: RequestId) -> impl Iterator<Item = RequestId> {
        self.dependents.get(&on).into_iter().flatten().copied()
    }

    /// Adds the requests whose areas cover a position, or into which a camera there could see where
    /// that is asked, in no order, perhaps twice.
    pub(crate) fn at(&self, position: Position, found: &mut Vec<RequestId>) {
        // A part that ends at the antimeridian has 180 as its side, positions there have -180.
        let here = Envelope::of([position]);
        let seen_from_the_west = here.across_the_antimeridian();
        for envelope in std::iter::once(here).chain(seen_from_the_west) {
            let near = self.tree.locate_in_envelope_intersecting(envelope);
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
