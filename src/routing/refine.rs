//! Which rows of a block are in the area. Exact.

use fearless_simd::Level;

use super::prune::{Found, Touch};
use crate::geometry::{Boundary, Lanes};

/// Those of the candidate rows that are inside the area or on its boundary.
#[inline]
pub(super) fn rows(level: Level, found: &Found<'_>, edges: &[Lanes], candidates: u64) -> u64 {
    match &found.touch {
        Touch::Inside => candidates,
        Touch::Crossed(clip, envelope) => {
            let last = u64::BITS - candidates.leading_zeros();
            let positions = found.block.positions();
            let inside = Boundary::mask(level, (clip, edges), *envelope, positions, last as usize);
            candidates & inside
        }
    }
}
