//! The prepared boundary of an area: clipped to ever smaller envelopes on the way down a tree, it
//! decides envelopes as a whole where it can, and 64 positions at once where it must. All decisions
//! are exact.

use fearless_simd::prelude::*;
use fearless_simd::{f32x16, i32x16};

use smallvec::SmallVec;

use super::edge::{Corner, Edge, LANES, Lanes};
use super::mask::{ROUNDING, ROWS, ones, toggle};
use super::position::HALF_TURN;
use super::{Envelope, Position};

/// The prepared boundary of an area.
#[derive(Debug)]
pub(crate) struct Boundary {
    // In the order of the rings, so that neighbours in lanes are neighbours on the map.
    lanes: SmallVec<[Lanes; 1]>,
    /// The envelope of each of the lanes: the whole boundary is clipped by these first.
    envelopes: Vec<Envelope>,
    envelope: Envelope,
}

/// What of a boundary matters in an envelope, and what a corner of the envelope is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clip {
    edges: Edges,
    corner: Corner,
    /// Whether the corner is inside the area.
    inside: bool,
}

/// The edges that touch an envelope; all of them at the start.
#[derive(Clone, Copy, Debug)]
enum Edges {
    All,
    /// Of a boundary of one lane: those whose bits are set.
    Few(u64),
    /// A range of a list of lanes.
    Some {
        start: usize,
        end: usize,
    },
}

impl Boundary {
    /// Prepares the rings (open, of at least three vertices each) of an area. O(n).
    ///
    /// Longitude 180 is the same place as -180, where positions have it. What of the boundary lies
    /// there is added at -180 twice: as a line without inside.
    pub(crate) fn new<'a>(rings: impl IntoIterator<Item = &'a [Position]>) -> Self {
        let mut edges = Vec::new();
        for ring in rings {
            let Some(&last) = ring.last() else { continue };
            let mut from = last;
            for &to in ring {
                edges.push(Edge::new(from, to));
                if to.lon_e7() == HALF_TURN {
                    let mirror = |vertex: Position| Position::vertex(-HALF_TURN, vertex.lat_e7());
                    let other = if from.lon_e7() == HALF_TURN { from } else { to };
                    edges.extend([Edge::new(mirror(other), mirror(to)); 2]);
                }
                from = to;
            }
        }
        let merged = |all: Envelope, edge: &Edge| all.merged(edge.envelope());
        let envelope_of = |edges: &[Edge]| edges.iter().fold(Envelope::EMPTY, merged);
        Self {
            lanes: edges.chunks(LANES).map(Lanes::of).collect(),
            envelopes: edges.chunks(LANES).map(envelope_of).collect(),
            envelope: envelope_of(&edges),
        }
    }

    /// The envelope of all edges.
    pub(crate) fn envelope(&self) -> Envelope {
        self.envelope
    }

    /// The edges, up to 16 neighbours at once, each time with their envelope.
    pub(super) fn runs(&self) -> impl Iterator<Item = (&Lanes, Envelope)> {
        self.lanes.iter().zip(self.envelopes.iter().copied())
    }

    /// Whether a position is inside or on the boundary. O(n), most edges by 16 at once.
    pub(crate) fn covers(&self, position: Position) -> bool {
        let (x, y) = (position.lon_e7(), position.lat_e7());
        let here = Envelope::of([position]);
        let west = Envelope { west: i32::MIN, ..here };
        let lanes = self.lanes.iter().zip(&self.envelopes);
        let near = lanes.filter(|(_, envelope)| envelope.intersects(west));
        let mut inside = false;
        for edge in near.flat_map(|(lanes, _)| lanes.iter()) {
            // Most pass north or south of it.
            if y < edge.ay || edge.by < y {
                continue;
            }
            let side = edge.side(x, y);
            if side == 0 && edge.envelope().intersects(here) {
                return true;
            }
            inside ^= y < edge.by && side < 0;
        }
        inside
    }

    /// Whether the edges are so few that they cost more to clip on the way down than to carry on.
    #[inline]
    pub(crate) fn has_few_edges(&self) -> bool {
        self.lanes.len() == 1
    }

    /// Clips further, to an envelope within the clip's own. `from` is the list of the clip, and the
    /// edges that are left are added to the list `to`.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
    pub(crate) fn clip<S: Simd>(
        &self,
        simd: S,
        (clip, from): (&Clip, &[Lanes]),
        envelope: Envelope,
        to: &mut Vec<Lanes>,
    ) -> Clip {
        let corner = Corner::of(envelope);
        let (start, inside) = match clip.edges {
            // From the far west, which is outside, to the corner.
            Edges::All => (Corner { x: FAR_WEST, y: corner.y }, false),
            _ => (clip.corner, clip.inside),
        };
        let way = Way { start, corner, envelope: widened(envelope) };
        let (edges, crossed) = match (self.lanes.as_slice(), clip.edges) {
            ([lanes], Edges::All) => way.clip_few(simd, lanes, u64::MAX),
            ([lanes], Edges::Few(few)) => way.clip_few(simd, lanes, few),
            (lanes, edges) => {
                let (lanes, known) = match edges {
                    Edges::Some { start, end } => (from.get(start..end).unwrap_or(&[]), &[][..]),
                    _ => (lanes, self.envelopes.as_slice()),
                };
                let first = to.len();
                let crossed = way.clip_lanes(simd, lanes, known, to);
                (Edges::Some { start: first, end: to.len() }, crossed)
            }
        };
        Clip { edges, corner, inside: inside ^ crossed }
    }

    /// Which of the first `count` positions are inside or on the boundary, given the
    /// [`clip`](Boundary::clip) to an `envelope` that contains them, and its list.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
    pub(crate) fn mask<S: Simd>(
        &self,
        simd: S,
        (clip, list): (&Clip, &[Lanes]),
        envelope: Envelope,
        positions: (&[i32; ROWS], &[i32; ROWS]),
        count: usize,
    ) -> u64 {
        let edges = clip.lanes(self, list);
        let around = self.envelope.merged(envelope);
        let toggled = toggle(simd, (edges, around), (envelope, clip.corner), positions, count);
        let base = if clip.inside { u64::MAX } else { 0 };
        (base ^ toggled.parity) | toggled.boundary
    }
}

/// West of all positions, in half units.
const FAR_WEST: i64 = -8 * HALF_TURN as i64;

/// The way from a corner that is decided to the corner of an envelope, and what may touch that.
#[derive(Clone, Copy)]
struct Way {
    start: Corner,
    corner: Corner,
    envelope: Envelope,
}

impl Way {
    /// Those of the few edges of a lane that may touch the envelope, and whether the way crosses the
    /// boundary.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
    fn clip_few<S: Simd>(self, simd: S, lanes: &Lanes, few: u64) -> (Edges, bool) {
        let (touches, crosses) = self.look(simd, lanes);
        (Edges::Few(touches & few), self.crosses(lanes, crosses & few))
    }

    /// Adds the edges that may touch the envelope to a list, and tells whether the way crosses the
    /// boundary. `known` are the envelopes of the lanes, if known.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
    fn clip_lanes<S: Simd>(
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
            for lane in ones(touches) {
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
        ones(may).fold(false, |all, lane| all ^ crossed(lane))
    }
}

/// Half of it, rounded up.
fn half_up(half: i64) -> i32 {
    i32::try_from((half + 1) / 2).unwrap_or(i32::MIN)
}

/// Those of 16 edges whose lines are not clear of an envelope to either side. It may keep too much.
///
/// In `f32`, and in units of two so that all differences fit 32 bits: what was shifted out and what is
/// rounded is allowed for.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
fn lines_near<S: Simd>(simd: S, edges: [i32x16<S>; 4], envelope: Envelope) -> u64 {
    let [ax, ay, bx, by] = edges;
    // One by one: what runs inside `map` does not have the SIMD level.
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

impl Clip {
    /// Of a whole boundary: nothing is cut off.
    pub(crate) const WHOLE: Self =
        Self { edges: Edges::All, corner: Corner { x: FAR_WEST, y: FAR_WEST }, inside: false };

    /// Whether nothing was cut off yet.
    #[inline]
    pub(crate) fn is_unclipped(&self) -> bool {
        matches!(self.edges, Edges::All)
    }

    /// What the envelope is as a whole, if no edge touches it.
    #[inline]
    pub(crate) fn whole(&self) -> Option<bool> {
        match self.edges {
            Edges::Few(0) => Some(self.inside),
            Edges::Some { start, end } if start == end => Some(self.inside),
            _ => None,
        }
    }

    /// The edges that may touch the envelope, of the boundary and in the clip's list; none before
    /// anything was clipped.
    pub(super) fn edges<'l>(
        &self,
        boundary: &'l Boundary,
        list: &'l [Lanes],
    ) -> impl Iterator<Item = Edge> + 'l {
        let (lanes, few) = self.lanes(boundary, list);
        lanes.iter().flat_map(move |lanes| lanes.some(few))
    }

    /// The same in lanes, with which of each are meant; those that are nowhere are not.
    #[inline]
    fn lanes<'l>(&self, boundary: &'l Boundary, list: &'l [Lanes]) -> (&'l [Lanes], u64) {
        match self.edges {
            Edges::All => (&[], 0),
            Edges::Few(few) => (boundary.lanes.as_slice(), few),
            Edges::Some { start, end } => (list.get(start..end).unwrap_or(&[]), u64::MAX),
        }
    }
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
