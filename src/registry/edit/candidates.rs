//! Which blocks edits are about, before they are edited.

use h3o::CellIndex;
use smallvec::SmallVec;

use super::edit::Edit;
use crate::registry::index::{Leaf, PackedRTree};

/// The places of the blocks that edits of a tile may be about. They hold for all of the edits: envelopes
/// grow, and a tile is built anew, only after the last.
///
/// They are looked for some edits at a time: on a point that many cameras share each edit may be about any
/// block.
#[derive(Default)]
pub(crate) struct CandidateBlocks {
    ends: SmallVec<[usize; 8]>,
    places: SmallVec<[usize; 8]>,
}

impl CandidateBlocks {
    /// Has the blocks fetched as well. Nothing waits for them here.
    pub(crate) fn of(edits: &[(CellIndex, &Edit)], blocks: &PackedRTree<Leaf>) -> Self {
        let mut found = Self::default();
        for (_, edit) in edits {
            blocks.prefetch_below(edit.position());
        }
        for (_, edit) in edits {
            let places = blocks.places(edit.position());
            places.iter().for_each(|&place| blocks.prefetch(place));
            found.places.extend(places);
            found.ends.push(found.places.len());
        }
        for leaf in found.places.iter().filter_map(|&place| blocks.items().get(place)) {
            leaf.prefetch();
        }
        found
    }

    /// Has the lists of the blocks fetched, which are there by now.
    pub(crate) fn prefetch_lists(&self, blocks: &PackedRTree<Leaf>) {
        for leaf in self.places.iter().filter_map(|&place| blocks.items().get(place)) {
            leaf.prefetch_lists();
        }
    }

    /// Those of each edit.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[usize]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(&start, &end)| self.places.get(start..end).unwrap_or(&[]))
    }
}
