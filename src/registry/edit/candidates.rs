//! Finds the blocks that edits may change, before they are edited.

use h3o::CellIndex;
use smallvec::SmallVec;

use super::edit::Edit;
use crate::registry::index::{Leaf, PackedRTree};

/// The numbers of the blocks that edits of a tile may change. They stay valid for all of the edits:
/// envelopes grow and trees are rebuilt only after the last.
///
/// Collected for a few edits at a time: where many cameras share a point, each edit has every block
/// there as a candidate.
#[derive(Default)]
pub(crate) struct CandidateBlocks {
    ends: SmallVec<[usize; 8]>,
    places: SmallVec<[usize; 8]>,
}

impl CandidateBlocks {
    /// Also prefetches the blocks.
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

    /// Prefetches the lists of the blocks, which are in the cache by now.
    pub(crate) fn prefetch_lists(&self, blocks: &PackedRTree<Leaf>) {
        for leaf in self.places.iter().filter_map(|&place| blocks.items().get(place)) {
            leaf.prefetch_lists();
        }
    }

    /// The candidates of each edit.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[usize]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(&start, &end)| self.places.get(start..end).unwrap_or(&[]))
    }
}
