//! The prepared boundary of an area: clipped to ever smaller envelopes on the way down a tree, it
//! decides envelopes as a whole where it can, and 64 positions at once where it must.
//!
//! All decisions are exact. The side of an edge that a position lies on is a difference of two
//! products of integers; where both products stay below 2^53 it is computed in `f64`, which is then
//! exact, and in `i128` elsewhere.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, f64x8, i32x16, mask64x8};

use super::position::HALF_TURN;
use super::{Envelope, Position};

/// Positions in a mask.
const ROWS: usize = 64;

/// An edge from its lower to its upper end; from west to east if it is level.
#[derive(Clone, Copy, Debug)]
struct Edge {
    ax: i32,
    ay: i32,
    bx: i32,
    by: i32,
}

/// Edges in columns, to be looked at together; what is left of the 16 is
/// nowhere: it touches nothing and crosses nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lanes {
    ax: [i32; LANES],
    ay: [i32; LANES],
    bx: [i32; LANES],
    by: [i32; LANES],
}

const LANES: usize = 16;

/// The prepared boundary of an area.
#[derive(Debug)]
pub(crate) struct Boundary {
    // In the order of the rings, so that neighbours in lanes are neighbours on the map.
    lanes: Vec<Lanes>,
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

/// The edges that touch an envelope, as a range of a list of lanes; all of them at the start.
#[derive(Clone, Copy, Debug)]
enum Edges {
    All,
    Some { start: usize, end: usize },
}

/// The point half a unit west and south of an envelope's corner, in half units, so odd. No vertex
/// has such coordinates. Where one lies on an edge all the same, it counts as a little east of it.
#[derive(Clone, Copy, Debug)]
struct Corner {
    x: i64,
    y: i64,
}

impl Corner {
    fn of(envelope: Envelope) -> Self {
        Self { x: 2 * i64::from(envelope.west) - 1, y: 2 * i64::from(envelope.south) - 1 }
    }
}

impl Edge {
    fn new(from: Position, to: Position) -> Self {
        let (a, b) = ((from.lat_e7(), from.lon_e7()), (to.lat_e7(), to.lon_e7()));
        let ((ay, ax), (by, bx)) = if a <= b { (a, b) } else { (b, a) };
        Self { ax, ay, bx, by }
    }

    fn envelope(self) -> Envelope {
        Envelope {
            west: self.ax.min(self.bx),
            south: self.ay,
            east: self.ax.max(self.bx),
            north: self.by,
        }
    }

    /// Positive to the left of the edge (west of it, or above a level one), negative to the right,
    /// 0 on its line.
    fn side(self, x: i32, y: i32) -> i128 {
        let [dx, dy] =
            [i64::from(self.bx) - i64::from(self.ax), i64::from(self.by) - i64::from(self.ay)];
        let [px, py] = [i64::from(x) - i64::from(self.ax), i64::from(y) - i64::from(self.ay)];
        i128::from(dx) * i128::from(py) - i128::from(px) * i128::from(dy)
    }

    /// Whether a corner is on the right of the edge's line.
    fn right(self, corner: Corner) -> bool {
        let [dx, dy] =
            [i64::from(self.bx) - i64::from(self.ax), i64::from(self.by) - i64::from(self.ay)];
        let [px, py] = [corner.x - 2 * i64::from(self.ax), corner.y - 2 * i64::from(self.ay)];
        // A corner on the line counts as a little east, which is on the right of a rising edge.
        i128::from(dx) * i128::from(py) <= i128::from(px) * i128::from(dy)
    }

    /// Whether the parallel through a corner crosses the edge.
    fn spans_y(self, corner: Corner) -> bool {
        2 * i64::from(self.ay) < corner.y && corner.y < 2 * i64::from(self.by)
    }

    /// Whether the meridian through a corner crosses the edge.
    fn spans_x(self, corner: Corner) -> bool {
        (2 * i64::from(self.ax) < corner.x) != (2 * i64::from(self.bx) < corner.x)
    }

    /// Whether the edge separates two corners, on the way first along the parallel, then along the
    /// meridian.
    fn separates(self, from: Corner, to: Corner) -> bool {
        let turn = Corner { x: to.x, y: from.y };
        let along_parallel = self.spans_y(from) && self.right(from) != self.right(turn);
        let along_meridian = self.spans_x(to) && self.right(turn) != self.right(to);
        along_parallel != along_meridian
    }

    /// Whether the edge may touch an envelope. It may keep too much, never too little.
    fn may_touch(self, envelope: Envelope) -> bool {
        if !self.envelope().intersects(envelope) {
            return false;
        }
        // The products are below 2^64, their error below 2^11.
        const ERROR: f64 = 4096.0;
        let [ax, ay, bx, by] = [self.ax, self.ay, self.bx, self.by].map(f64::from);
        let [west, south] = [envelope.west, envelope.south].map(f64::from);
        let [east, north] = [envelope.east, envelope.north].map(f64::from);
        let (dx, dy) = (bx - ax, by - ay);
        let (leftmost, rightmost) = if dx >= 0.0 { (north, south) } else { (south, north) };
        dx * (leftmost - ay) - (west - ax) * dy >= -ERROR
            && dx * (rightmost - ay) - (east - ax) * dy <= ERROR
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

impl Lanes {
    const NOWHERE: Self = Self {
        ax: [i32::MAX; LANES],
        ay: [i32::MAX; LANES],
        bx: [i32::MAX; LANES],
        by: [i32::MAX; LANES],
    };

    fn of(edges: &[Edge]) -> Self {
        let mut lanes = Self::NOWHERE;
        edges.iter().enumerate().for_each(|(lane, &edge)| lanes.set(lane, edge));
        lanes
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "a number modulo 16 is an index into 16")]
    fn set(&mut self, lane: usize, edge: Edge) {
        let lane = lane % LANES;
        (self.ax[lane], self.ay[lane]) = (edge.ax, edge.ay);
        (self.bx[lane], self.by[lane]) = (edge.bx, edge.by);
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "a number modulo 16 is an index into 16")]
    fn get(&self, lane: usize) -> Edge {
        let lane = lane % LANES;
        Edge { ax: self.ax[lane], ay: self.ay[lane], bx: self.bx[lane], by: self.by[lane] }
    }

    fn iter(&self) -> impl Iterator<Item = Edge> {
        (0..LANES).map(|lane| self.get(lane)).take_while(|edge| edge.ax != i32::MAX)
    }
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

    /// Whether a position is inside or on the boundary. O(n), most edges by 16 at once.
    pub(crate) fn covers(&self, position: Position) -> bool {
        let (x, y) = (position.lon_e7(), position.lat_e7());
        let here = Envelope::of([position]);
        let west = Envelope { west: i32::MIN, ..here };
        let lanes = self.lanes.iter().zip(&self.envelopes);
        let near = lanes.filter(|(_, envelope)| envelope.intersects(west));
        let mut inside = false;
        for edge in near.flat_map(|(lanes, _)| lanes.iter()) {
            let side = edge.side(x, y);
            if side == 0 && edge.envelope().intersects(here) {
                return true;
            }
            inside ^= edge.ay <= y && y < edge.by && side < 0;
        }
        inside
    }

    /// The whole boundary, as it matters in an envelope that contains all of it.
    pub(crate) fn unclipped(&self) -> Clip {
        Clip { edges: Edges::All, corner: Corner::of(self.envelope), inside: false }
    }

    /// Clips further, to envelopes within the clip's own. `from` is the list of the clip, and the
    /// edges that are left in each envelope are added to the list `to`.
    ///
    /// While an envelope contains the whole boundary there is nothing to cut off: then, if
    /// `may_pass`, the clip is passed on as it is.
    pub(crate) fn clip(
        &self,
        level: Level,
        (clip, from): (&Clip, &[Lanes]),
        envelopes: impl Iterator<Item = Envelope>,
        to: &mut Vec<Lanes>,
        may_pass: bool,
        mut each: impl FnMut(Clip),
    ) {
        let (lanes, known) = match clip.edges {
            Edges::All => (self.lanes.as_slice(), self.envelopes.as_slice()),
            Edges::Some { start, end } => (from.get(start..end).unwrap_or(&[]), &[][..]),
        };
        for envelope in envelopes {
            if may_pass && matches!(clip.edges, Edges::All) && envelope.contains(self.envelope) {
                each(*clip);
                continue;
            }
            let corner = Corner::of(envelope);
            let (start, inside) = match clip.edges {
                // From the far west, which is outside, to the corner.
                Edges::All => (Corner { x: FAR_WEST, y: corner.y }, false),
                Edges::Some { .. } => (clip.corner, clip.inside),
            };
            let way = Way { start, corner, envelope: widened(envelope) };
            let first = to.len();
            let crossed = dispatch!(level, simd => clip_lanes(simd, lanes, known, way, to));
            let edges = Edges::Some { start: first, end: to.len() };
            each(Clip { edges, corner, inside: inside ^ crossed });
        }
    }

    /// Which of the first `count` positions are inside or on the boundary, given the
    /// [`clip`](Boundary::clip) to an `envelope` that contains them, and its list.
    pub(crate) fn mask(
        level: Level,
        (clip, list): (&Clip, &[Lanes]),
        envelope: Envelope,
        (lon, lat): (&[i32; ROWS], &[i32; ROWS]),
        count: usize,
    ) -> u64 {
        let lanes = match clip.edges {
            Edges::Some { start, end } => list.get(start..end).unwrap_or(&[]),
            Edges::All => &[],
        };
        let edges = lanes.iter().flat_map(Lanes::iter);
        let toggles = edges.filter_map(|edge| Toggle::of(edge, clip.corner));
        let toggled = dispatch!(level, simd => toggle(simd, toggles, envelope, lon, lat, count));
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

/// Adds the edges that may touch the envelope to a list, and tells whether the way crosses the
/// boundary. `known` are the envelopes of the lanes, if known.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
fn clip_lanes<S: Simd>(
    simd: S,
    lanes: &[Lanes],
    known: &[Envelope],
    way: Way,
    to: &mut Vec<Lanes>,
) -> bool {
    let Way { start, corner, envelope } = way;
    let Envelope { west, south, east, north } = envelope;
    // The way lies between these, and half a unit off each of them.
    let half_up = |half: i64| i32::try_from((half + 1) / 2).unwrap_or(i32::MIN);
    let [from_x, from_y, to_x, to_y] = [start.x, start.y, corner.x, corner.y].map(half_up);
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
        let (touches, crosses) =
            (touches.to_bitmask(), (along_parallel | along_meridian).to_bitmask());
        for lane in ones(touches) {
            let edge = lanes.get(lane);
            if !edge.may_touch(envelope) {
                continue;
            }
            if free == LANES {
                to.push(Lanes::NOWHERE);
                free = 0;
            }
            if let Some(last) = to.last_mut() {
                last.set(free, edge);
                free += 1;
            }
        }
        for lane in ones(crosses) {
            crossed ^= lanes.get(lane).separates(start, corner);
        }
    }
    crossed
}

/// The numbers of the bits that are set, ascending.
#[inline]
fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        (bit < u64::BITS).then_some(bit as usize)
    })
}

impl Clip {
    /// What the envelope is as a whole, if no edge touches it.
    pub(crate) fn whole(&self) -> Option<bool> {
        match self.edges {
            Edges::Some { start, end } if start == end => Some(self.inside),
            _ => None,
        }
    }
}

/// How an edge toggles the positions in an envelope, against the envelope's corner. On the way from
/// the corner north along the west side, and then east to the position:
#[derive(Clone, Copy, Debug)]
struct Toggle {
    edge: Edge,
    /// a position beside the edge is toggled if it is not on the same side as the corner,
    corner_right: bool,
    /// and one above the edge is, if the edge crosses the west side above the corner.
    above: bool,
}

impl Toggle {
    /// `None` if the edge lies west of the envelope, where nothing of it matters.
    fn of(edge: Edge, corner: Corner) -> Option<Self> {
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
struct Toggled {
    parity: u64,
    boundary: u64,
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
fn toggle<S: Simd>(
    simd: S,
    toggles: impl Iterator<Item = Toggle>,
    envelope: Envelope,
    lon: &[i32; ROWS],
    lat: &[i32; ROWS],
    count: usize,
) -> Toggled {
    let (xs, ys) = (floats(lon), floats(lat));
    let eighths = count.div_ceil(8);
    let mut toggled = Toggled::default();
    for toggle in toggles {
        if !toggle.is_exact_in_f64(envelope) {
            toggle.one_by_one(lon, lat, count, &mut toggled);
            continue;
        }
        let Edge { ax, ay, bx, by } = toggle.edge;
        let (west, east) = (f64::from(ax.min(bx)), f64::from(ax.max(bx)));
        let [ax, ay, bx, by] = [ax, ay, bx, by].map(f64::from);
        let (dx, dy) = (bx - ax, by - ay);
        let corner_right = mask64x8::splat(simd, toggle.corner_right);
        let above = mask64x8::splat(simd, toggle.above);
        for (eighth, (x, y)) in xs.iter().zip(&ys).take(eighths).enumerate() {
            let (x, y) = (f64x8::load_array_ref(simd, x), f64x8::load_array_ref(simd, y));
            let side = (y - ay) * dx - (x - ax) * dy;
            let beside = y.simd_ge(ay) & y.simd_lt(by);
            let parity = (beside & (side.simd_lt(0.0) ^ corner_right)) | (y.simd_ge(by) & above);
            let on = side.simd_eq(0.0)
                & (x.simd_ge(west) & x.simd_le(east))
                & (y.simd_ge(ay) & y.simd_le(by));
            toggled.parity ^= parity.to_bitmask() << (8 * eighth);
            toggled.boundary |= on.to_bitmask() << (8 * eighth);
        }
    }
    toggled
}

/// Integers as floats, eight by eight.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the SIMD level of the caller must reach the inside")]
fn floats(integers: &[i32; ROWS]) -> [[f64; 8]; 8] {
    let mut floats = [[0.0; 8]; 8];
    for (float, &integer) in floats.as_flattened_mut().iter_mut().zip(integers) {
        *float = f64::from(integer);
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
