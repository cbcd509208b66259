//! Which rows of a block are in the area. Exact.

use fearless_simd::prelude::*;

use super::prune::{ReachedBlock, Touch};
use crate::geometry::{Area, Lanes};

/// Leaves those of the rows in question that are inside the area or on its boundary, in each block
/// of a window.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
pub(crate) fn window<S: Simd>(
    simd: S,
    area: &Area,
    window: &mut [ReachedBlock<'_>],
    edges: &[Lanes],
) {
    for found in window {
        if let Touch::Crossed(clip, envelope) = &found.touch
            && !found.rows.is_empty()
        {
            let positions = found.block.positions();
            let end = found.rows.end();
            found.rows &= area.boundary().mask(simd, (clip, edges), *envelope, positions, end);
        }
    }
}
