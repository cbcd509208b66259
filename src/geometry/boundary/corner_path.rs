//! From the corner of an envelope that is decided to the corner of one within: which edges are left there,
//! and whether the boundary is crossed on the way.

use fearless_simd::prelude::*;
use fearless_simd::{f32x16, i32x16};

use super::clip::Edges;
use super::edge::{ALL, Corner, LANES, Lanes};
use super::point_mask::ROUNDING;
use crate::geometry::grid::Envelope;
use crate::util::set_bits;

/// The path from a corner whose side is known to the corner of an envelope, and the edges that may
/// touch it.
#[derive(Clone, Copy)]
pub(crate) struct CornerPath {
    start: Corner,
    corner: Corner,
    envelope: Envelope,
}

impl CornerPath {
    pub(crate) fn new(start: Corner, corner: Corner, envelope: Envelope) -> Self {
        Self { start, corner, envelope: widened(envelope) }
    }

    /// Those of few edges that may touch the envelope, and whether the way crosses the boundary.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
    pub(crate) fn clip_few<S: Simd>(self, simd: S, lanes: &[Lanes], few: u64) -> (Edges, bool) {
        let (mut left, mut crossed) = (0, false);
        for (lanes, shift) in lanes.iter().zip((0..u64::BITS).step_by(LANES)) {
            let few = few >> shift & ALL;
            if few != 0 {
                let (touches, crosses) = self.look(simd, lanes);
                left |= (touches & few) << shift;
                crossed ^= self.crosses(lanes, crosses & few);
            }
        }
        (Edges::Few(left), crossed)
    }

    /// Adds the edges that may touch the envelope to a list, and returns whether the way crosses the
    /// boundary. `known` are the envelopes of the lanes, if known.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
    pub(crate) fn clip_lanes<S: Simd>(
        self,
        simd: S,
        lanes: &[Lanes],
        known: &[Envelope],
        to: &mut Vec<Lanes>,
    ) -> bool {
        let Envelope { west, south, east, north } = self.envelope;
        let from_y = half_up(self.start.y);
        let mut crossed = false;
        let mut free = LANES;
        for (index, lanes) in lanes.iter().enumerate() {
            if let Some(known) = known.get(index) {
                let beside = known.south <= north && known.north >= south && known.west <= east;
                let on_the_way = known.south < from_y && known.north >= from_y;
                if !beside || (known.east < west && !on_the_way) {
                    continue;
                }
            }
            let (touches, crosses) = self.look(simd, lanes);
            for lane in set_bits(touches) {
                if free == LANES {
                    to.push(Lanes::NOWHERE);
                    free = 0;
                }
                if let Some(last) = to.last_mut() {
                    last.set(free, lanes.get(lane));
                    free += 1;
                }
            }
            crossed ^= self.crosses(lanes, crosses);
        }
        crossed
    }

    /// Which of 16 edges may touch the envelope, and which the way may cross.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
    fn look<S: Simd>(self, simd: S, lanes: &Lanes) -> (u64, u64) {
        let Self { start, corner, envelope } = self;
        let Envelope { west, south, east, north } = envelope;
        // The way lies between these, and half a unit off each of them.
        let [from_x, from_y, to_x, to_y] = [start.x, start.y, corner.x, corner.y].map(half_up);
        let ax = i32x16::load_array_ref(simd, &lanes.ax);
        let ay = i32x16::load_array_ref(simd, &lanes.ay);
        let bx = i32x16::load_array_ref(simd, &lanes.bx);
        let by = i32x16::load_array_ref(simd, &lanes.by);
        let (low, high) = (ax.min(bx), ax.max(bx));
        let touches =
            (low.simd_le(east) & high.simd_ge(west)) & (ay.simd_le(north) & by.simd_ge(south));
        let along_parallel =
            (ay.simd_lt(from_y) & by.simd_ge(from_y)) & (low.simd_lt(to_x) & high.simd_ge(from_x));
        let along_meridian =
            (low.simd_lt(to_x) & high.simd_ge(to_x)) & (ay.simd_lt(to_y) & by.simd_ge(from_y));
        let mut touches = touches.to_bitmask();
        if touches != 0 {
            touches &= lines_near(simd, [ax, ay, bx, by], envelope);
        }
        (touches, (along_parallel | along_meridian).to_bitmask())
    }

    /// Whether those of 16 edges that may be crossed are so an odd number of times.
    fn crosses(self, lanes: &Lanes, may: u64) -> bool {
        let crossed = |lane| lanes.get(lane).separates(self.start, self.corner);
        set_bits(may).fold(false, |all, lane| all ^ crossed(lane))
    }
}

/// Half of it, rounded up.
fn half_up(half: i64) -> i32 {
    i32::try_from((half + 1) / 2).unwrap_or(i32::MIN)
}

/// Those of 16 edges whose lines are not clear of an envelope to either side. It may keep too much.
///
/// In `f32`, and in units of two so that all differences fit 32 bits: the bounds
/// allow for the bits shifted out and for rounding.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
fn lines_near<S: Simd>(simd: S, edges: [i32x16<S>; 4], envelope: Envelope) -> u64 {
    let [ax, ay, bx, by] = edges;
    // Not with `map`: its closure would be compiled without the SIMD level.
    let (ax, ay, bx, by) = (ax >> 1, ay >> 1, bx >> 1, by >> 1);
    let Envelope { west, south, east, north } = envelope;
    let from = |side: i32, of: i32x16<S>| f32x16::float_from(i32x16::splat(simd, side >> 1) - of);
    let (dx, dy) = (f32x16::float_from(bx - ax), f32x16::float_from(by - ay));
    let (west, east, south, north) =
        (from(west, ax), from(east, ax), from(south, ay), from(north, ay));
    // Of the corners the leftmost and the rightmost, as seen along the edge.
    let rises_east = dx.simd_ge(0.0);
    let (left, right) = (rises_east.select(north, south), rises_east.select(south, north));
    let (left, left_across) = (dx * left, dy * west);
    let (right, right_across) = (dx * right, dy * east);
    let rounded = (left.abs() + left_across.abs() + right.abs() + right_across.abs()) * ROUNDING;
    let shifted = dx.abs() + dy + west.abs() + east.abs() + south.abs() + north.abs();
    let allowed = rounded + shifted * 2.0;
    let clear = (left - left_across).simd_lt(-allowed) | (right - right_across).simd_gt(allowed);
    (!clear).to_bitmask()
}

/// The envelope one unit larger on each side, so that its corner point lies in it.
fn widened(envelope: Envelope) -> Envelope {
    Envelope {
        west: envelope.west.saturating_sub(1),
        south: envelope.south.saturating_sub(1),
        east: envelope.east.saturating_add(1),
        north: envelope.north.saturating_add(1),
    }
}
