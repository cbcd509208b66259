//! Tests which positions of a block are in an area, given the edges of its boundary among them.
//!
//! The side of an edge that a position lies on is a difference of two products of integers. It is
//! computed in `f32`, 16 positions at once; where rounding could turn its sign it is computed again,
//! in integers.

use fearless_simd::prelude::*;
use fearless_simd::{f32x16, i32x16};

use super::edge::{Corner, Edge, Lanes};
use crate::geometry::grid::Envelope;
use crate::util::row_mask::at;
use crate::util::{BLOCK_ROWS, RowMask};

/// How an edge toggles the positions in an envelope, against the envelope's corner. On the way from
/// the corner north along the west side, and then east to the position:
#[derive(Clone, Copy, Debug)]
pub(crate) struct Toggle {
    edge: Edge,
    /// a position beside the edge is toggled if it is not on the same side as the corner,
    corner_right: bool,
    /// and one above the edge is, if the edge crosses the west side above the corner.
    above: bool,
}

impl Toggle {
    /// `None` if the edge lies west of the envelope, where nothing of it matters.
    #[inline]
    #[expect(clippy::needless_bitwise_bool, reason = "where edges cross cannot be foreseen")]
    pub(crate) fn of(edge: Edge, corner: Corner) -> Option<Self> {
        let spans = edge.spans_x(corner);
        if !spans & (2 * i64::from(edge.ax) < corner.x) {
            return None;
        }
        let (right, rises_east) = (edge.right(corner), edge.bx > edge.ax);
        Some(Self { edge, corner_right: spans & right, above: spans & (right == rises_east) })
    }
}

/// Which positions the edges toggle, and which are on one.
#[derive(Default)]
pub(crate) struct ParityMask {
    pub(crate) parity: RowMask,
    pub(crate) boundary: RowMask,
}

/// The longitudes and latitudes of a block's positions.
type Columns<'a> = (&'a [i32; BLOCK_ROWS], &'a [i32; BLOCK_ROWS]);

/// By how much of the sum of both products their computed difference can be wrong: each factor, each
/// product and the difference are rounded by at most 2^-24, so by 5 times that; this is 8 times.
pub(crate) const ROUNDING: f32 = 1.0 / 2_097_152.0;

/// The parity that some edges of some lanes toggle for the first `count` positions in an envelope with its corner;
/// all of these edges are in `around`, and so is the envelope.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
pub(crate) fn toggle<'l, S: Simd>(
    simd: S,
    (lanes, around): (impl Iterator<Item = (&'l Lanes, u64)>, Envelope),
    (envelope, corner): (Envelope, Corner),
    positions: Columns<'_>,
    count: usize,
) -> ParityMask {
    let mut toggled = ParityMask::default();
    let all_near = is_small(around);
    for (lanes, few) in lanes {
        for edge in lanes.some(few) {
            let Some(toggle) = Toggle::of(edge, corner) else { continue };
            if all_near || toggle.is_near(envelope) {
                toggle.sixteens(simd, positions, count, &mut toggled);
            } else {
                toggle.each(positions, count, &mut toggled);
            }
        }
    }
    toggled
}

impl Toggle {
    /// Toggles the first positions, sixteen at once.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
    fn sixteens<S: Simd>(
        self,
        simd: S,
        positions: Columns<'_>,
        count: usize,
        toggled: &mut ParityMask,
    ) {
        let Edge { ax, ay, bx, by } = self.edge;
        let height = by - ay;
        // With the signs turned, the left is where the right was.
        let turn = 1.0 - 2.0 * f32::from(u8::from(self.corner_right));
        let above = 0_u64.wrapping_sub(u64::from(self.above));
        let (dx, dy) = (turn * (bx - ax) as f32, turn * height as f32);
        let sixteens = positions.0.as_chunks::<16>().0.iter().zip(positions.1.as_chunks::<16>().0);
        for (number, (lon, lat)) in sixteens.enumerate().take(count.div_ceil(16)) {
            let first = 16 * number;
            let x = i32x16::load_array_ref(simd, lon) - ax;
            let y = i32x16::load_array_ref(simd, lat) - ay;
            let up = f32x16::float_from(y) * dx;
            let across = f32x16::float_from(x) * dy;
            let side = up - across;
            let is_sure = side.abs().simd_gt((up.abs() + across.abs()) * ROUNDING);
            let below = y.simd_lt(height);
            let toggles = (side.simd_lt(0.0) & is_sure) & (y.simd_ge(0) & below);
            let parity = toggles.to_bitmask() ^ above & (!below).to_bitmask();
            toggled.parity ^= RowMask::from_chunk(parity, first);
            if !is_sure.all_true() {
                let unsure = RowMask::from_chunk((!is_sure).to_bitmask(), first);
                unsure.rows().take_while(|&row| row < count).for_each(|row| {
                    self.beside(positions, row, toggled);
                });
            }
        }
    }

    /// Toggles the first positions, one after the other.
    #[cold]
    fn each(self, positions: Columns<'_>, count: usize, toggled: &mut ParityMask) {
        for row in 0..count.min(BLOCK_ROWS) {
            self.beside(positions, row, toggled);
            self.above(positions, row, toggled);
        }
    }
}

/// Differences below this fit 32 bits.
const LIMIT: u32 = 1 << 30;

/// Whether differences of any two coordinates in an envelope fit 32 bits.
#[inline]
fn is_small(envelope: Envelope) -> bool {
    let Envelope { west, south, east, north } = envelope;
    west.abs_diff(east) < LIMIT && south.abs_diff(north) < LIMIT
}

impl Toggle {
    /// Whether all differences of positions in an envelope and the edge fit 32 bits.
    fn is_near(self, envelope: Envelope) -> bool {
        let Edge { ax, ay, bx, by } = self.edge;
        let Envelope { west, south, east, north } = envelope;
        let far_x = ax.abs_diff(west).max(ax.abs_diff(east)).max(ax.abs_diff(bx));
        let far_y = ay.abs_diff(south).max(ay.abs_diff(north)).max(ay.abs_diff(by));
        far_x < LIMIT && far_y < LIMIT
    }

    /// Toggles the position in a row if it is beside the edge; true if it is on the edge. Exact.
    #[cold]
    fn beside(self, (lon, lat): Columns<'_>, row: usize, toggled: &mut ParityMask) {
        let Edge { ax, ay, bx, by } = self.edge;
        let (x, y) = (at(lon, row), at(lat, row));
        let side = self.edge.side(x, y);
        let toggles = ay <= y && y < by && (side < 0) != self.corner_right;
        let on = side == 0 && (ax.min(bx)..=ax.max(bx)).contains(&x) && (ay..=by).contains(&y);
        toggled.parity ^= RowMask::only_if(toggles, row);
        toggled.boundary |= RowMask::only_if(on, row);
    }

    /// Toggles the position in a row if it is above the edge, where that matters.
    #[cold]
    fn above(self, (_, lat): Columns<'_>, row: usize, toggled: &mut ParityMask) {
        let toggles = self.above && at(lat, row) >= self.edge.by;
        toggled.parity ^= RowMask::only_if(toggles, row);
    }
}
