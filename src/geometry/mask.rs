//! Which of 64 positions are in an area, given what of its boundary matters among them.
//!
//! The side of an edge that a position lies on is a difference of two products of integers; where
//! both products stay below 2^52 it is computed in `f64`, which is then exact, and in `i128`
//! elsewhere.

use fearless_simd::f64x8;
use fearless_simd::prelude::*;

use super::Envelope;
use super::edge::{Corner, Edge};

/// Positions in a mask.
pub(super) const ROWS: usize = 64;

/// How an edge toggles the positions in an envelope, against the envelope's corner. On the way from
/// the corner north along the west side, and then east to the position:
#[derive(Clone, Copy, Debug)]
pub(super) struct Toggle {
    edge: Edge,
    /// a position beside the edge is toggled if it is not on the same side as the corner,
    corner_right: bool,
    /// and one above the edge is, if the edge crosses the west side above the corner.
    above: bool,
}

impl Toggle {
    /// `None` if the edge lies west of the envelope, where nothing of it matters.
    pub(super) fn of(edge: Edge, corner: Corner) -> Option<Self> {
        if edge.spans_x(corner) {
            let corner_right = edge.right(corner);
            let rises_east = edge.bx > edge.ax;
            Some(Self { edge, corner_right, above: corner_right == rises_east })
        } else if 2 * i64::from(edge.ax) < corner.x {
            None
        } else {
            Some(Self { edge, corner_right: false, above: false })
        }
    }
}

/// Which positions the edges toggle, and which are on one.
#[derive(Default)]
pub(super) struct Toggled {
    pub(super) parity: u64,
    pub(super) boundary: u64,
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
pub(super) fn toggle<S: Simd>(
    simd: S,
    toggles: impl Iterator<Item = Toggle>,
    envelope: Envelope,
    lon: &[i32; ROWS],
    lat: &[i32; ROWS],
    count: usize,
) -> Toggled {
    let eighths = count.div_ceil(8);
    let (xs, ys) = (floats(lon, eighths), floats(lat, eighths));
    let mut toggled = Toggled::default();
    for toggle in toggles {
        if !toggle.is_exact_in_f64(envelope) {
            toggle.one_by_one(lon, lat, count, &mut toggled);
            continue;
        }
        let Edge { ax, ay, bx, by } = toggle.edge;
        let (west, east) = (f64::from(ax.min(bx)), f64::from(ax.max(bx)));
        let [ax, ay, bx, by] = [ax, ay, bx, by].map(f64::from);
        // With the signs turned, the left is where the right was.
        let turn = if toggle.corner_right { -1.0 } else { 1.0 };
        let (dx, dy) = (turn * (bx - ax), turn * (by - ay));
        for (eighth, (x, y)) in xs.iter().zip(&ys).take(eighths).enumerate() {
            let shift = 8 * eighth;
            let (x, y) = (f64x8::load_array_ref(simd, x), f64x8::load_array_ref(simd, y));
            let side = (y - ay) * dx - (x - ax) * dy;
            let below = y.simd_lt(by);
            let toggles = side.simd_lt(0.0) & y.simd_ge(ay) & below;
            toggled.parity ^= toggles.to_bitmask() << shift;
            if toggle.above {
                toggled.parity ^= (!below).to_bitmask() << shift;
            }
            let on_line = side.simd_eq(0.0);
            if on_line.any_true() {
                let beside = x.simd_ge(west) & x.simd_le(east) & y.simd_ge(ay) & y.simd_le(by);
                toggled.boundary |= (on_line & beside).to_bitmask() << shift;
            }
        }
    }
    toggled
}

/// Integers as floats, eight by eight, as many as are needed.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
fn floats(integers: &[i32; ROWS], eighths: usize) -> [[f64; 8]; 8] {
    let mut floats = [[0.0; 8]; 8];
    let (integers, _) = integers.as_chunks::<8>();
    for (floats, integers) in floats.iter_mut().zip(integers).take(eighths) {
        *floats = integers.map(f64::from);
    }
    floats
}

impl Toggle {
    /// Whether both products of the side stay below 2^52 for all positions in an envelope.
    fn is_exact_in_f64(self, envelope: Envelope) -> bool {
        const LIMIT: u32 = 1 << 26;
        let Edge { ax, ay, bx, by } = self.edge;
        let Envelope { west, south, east, north } = envelope;
        let far_x = ax.abs_diff(west).max(ax.abs_diff(east)).max(ax.abs_diff(bx));
        let far_y = ay.abs_diff(south).max(ay.abs_diff(north)).max(ay.abs_diff(by));
        far_x < LIMIT && far_y < LIMIT
    }

    /// The same as the loop over eights, in integers.
    #[cold]
    fn one_by_one(self, lon: &[i32; ROWS], lat: &[i32; ROWS], count: usize, toggled: &mut Toggled) {
        let Edge { ax, ay, bx, by } = self.edge;
        for (row, (&x, &y)) in lon.iter().zip(lat).take(count).enumerate() {
            let side = self.edge.side(x, y);
            let beside = ay <= y && y < by;
            let parity = (beside && (side < 0) != self.corner_right) || (y >= by && self.above);
            let on = side == 0 && (ax.min(bx)..=ax.max(bx)).contains(&x) && (ay..=by).contains(&y);
            toggled.parity ^= u64::from(parity) << row;
            toggled.boundary |= u64::from(on) << row;
        }
    }
}
