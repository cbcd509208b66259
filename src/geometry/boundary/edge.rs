//! The edges of a boundary, and the exact side of one that a place lies on.

use prefetch_index::prefetch_index;

use crate::geometry::grid::{Envelope, HALF_TURN, Position};
use crate::util::set_bits;

/// An edge from its lower to its upper end; from west to east if it is level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) ax: i32,
    pub(crate) ay: i32,
    pub(crate) bx: i32,
    pub(crate) by: i32,
}

/// Edges in columns, tested together; unused lanes of the 16 hold an
/// edge that touches and crosses nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lanes {
    pub(crate) ax: [i32; LANES],
    pub(crate) ay: [i32; LANES],
    pub(crate) bx: [i32; LANES],
    pub(crate) by: [i32; LANES],
}

pub(crate) const LANES: usize = 16;
/// A bit for each of them.
pub(crate) const ALL: u64 = (1 << LANES) - 1;

/// The point half a unit west and south of an envelope's corner, in half units, so odd. No vertex
/// has such coordinates. Where one lies on an edge all the same, it counts as a little east of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Corner {
    pub(crate) x: i64,
    pub(crate) y: i64,
}

/// West of all positions, in half units.
pub(crate) const FAR_WEST: i64 = -8 * HALF_TURN as i64;

impl Corner {
    pub(crate) fn of(envelope: Envelope) -> Self {
        Self { x: 2 * i64::from(envelope.west) - 1, y: 2 * i64::from(envelope.south) - 1 }
    }
}

impl Edge {
    pub(crate) fn new(from: Position, to: Position) -> Self {
        let (a, b) = ((from.lat_e7(), from.lon_e7()), (to.lat_e7(), to.lon_e7()));
        let ((ay, ax), (by, bx)) = if a <= b { (a, b) } else { (b, a) };
        Self { ax, ay, bx, by }
    }

    pub(crate) fn envelope(self) -> Envelope {
        Envelope {
            west: self.ax.min(self.bx),
            south: self.ay,
            east: self.ax.max(self.bx),
            north: self.by,
        }
    }

    /// Positive to the left of the edge (west of it, or above a level one), negative to the right,
    /// 0 on its line.
    pub(crate) fn side(self, x: i32, y: i32) -> i128 {
        let [dx, dy] =
            [i64::from(self.bx) - i64::from(self.ax), i64::from(self.by) - i64::from(self.ay)];
        let [px, py] = [i64::from(x) - i64::from(self.ax), i64::from(y) - i64::from(self.ay)];
        i128::from(dx) * i128::from(py) - i128::from(px) * i128::from(dy)
    }

    /// Whether a corner is on the right of the edge's line.
    pub(crate) fn right(self, corner: Corner) -> bool {
        let [dx, dy] =
            [i64::from(self.bx) - i64::from(self.ax), i64::from(self.by) - i64::from(self.ay)];
        let [px, py] = [corner.x - 2 * i64::from(self.ax), corner.y - 2 * i64::from(self.ay)];
        // A corner on the line counts as a little east, which is on the right of a rising edge.
        i128::from(dx) * i128::from(py) <= i128::from(px) * i128::from(dy)
    }

    /// Whether the parallel through a corner crosses the edge.
    pub(crate) fn spans_y(self, corner: Corner) -> bool {
        2 * i64::from(self.ay) < corner.y && corner.y < 2 * i64::from(self.by)
    }

    /// Whether the meridian through a corner crosses the edge.
    pub(crate) fn spans_x(self, corner: Corner) -> bool {
        (2 * i64::from(self.ax) < corner.x) != (2 * i64::from(self.bx) < corner.x)
    }

    /// Whether the edge separates two corners, on the way first along the parallel, then along the
    /// meridian.
    pub(crate) fn separates(self, from: Corner, to: Corner) -> bool {
        let turn = Corner { x: to.x, y: from.y };
        let along_parallel = self.spans_y(from) && self.right(from) != self.right(turn);
        let along_meridian = self.spans_x(to) && self.right(turn) != self.right(to);
        along_parallel != along_meridian
    }

    /// Whether the edge may touch an envelope. It may keep too much, never too little.
    pub(crate) fn may_touch(self, envelope: Envelope) -> bool {
        // The products are below 2^64, their error below 2^11.
        const ERROR: f64 = 4096.0;
        if !self.envelope().intersects(envelope) {
            return false;
        }
        let [ax, ay, bx, by] = [self.ax, self.ay, self.bx, self.by].map(f64::from);
        let [west, south] = [envelope.west, envelope.south].map(f64::from);
        let [east, north] = [envelope.east, envelope.north].map(f64::from);
        let (dx, dy) = (bx - ax, by - ay);
        let (leftmost, rightmost) = if dx >= 0.0 { (north, south) } else { (south, north) };
        dx * (leftmost - ay) - (west - ax) * dy >= -ERROR
            && dx * (rightmost - ay) - (east - ax) * dy <= ERROR
    }
}

impl Lanes {
    pub(crate) const NOWHERE: Self = Self {
        ax: [i32::MAX; LANES],
        ay: [i32::MAX; LANES],
        bx: [i32::MAX; LANES],
        by: [i32::MAX; LANES],
    };

    pub(crate) fn of(edges: &[Edge]) -> Self {
        let mut lanes = Self::NOWHERE;
        edges.iter().enumerate().for_each(|(lane, &edge)| lanes.set(lane, edge));
        lanes
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "a number modulo 16 is an index into 16")]
    pub(crate) fn set(&mut self, lane: usize, edge: Edge) {
        let lane = lane % LANES;
        (self.ax[lane], self.ay[lane]) = (edge.ax, edge.ay);
        (self.bx[lane], self.by[lane]) = (edge.bx, edge.by);
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "a number modulo 16 is an index into 16")]
    pub(crate) fn get(&self, lane: usize) -> Edge {
        let lane = lane % LANES;
        Edge { ax: self.ax[lane], ay: self.ay[lane], bx: self.bx[lane], by: self.by[lane] }
    }

    /// Has its cache lines fetched. Nothing waits for them here.
    #[inline]
    pub(crate) fn prefetch(&self) {
        prefetch_index(self.ax.as_slice(), 0);
        prefetch_index(self.ay.as_slice(), 0);
        prefetch_index(self.bx.as_slice(), 0);
        prefetch_index(self.by.as_slice(), 0);
        // They need not begin at a line.
        prefetch_index(self.by.as_slice(), LANES - 1);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Edge> {
        self.some(ALL)
    }

    /// Those whose bits are set.
    #[inline]
    pub(crate) fn some(&self, bits: u64) -> impl Iterator<Item = Edge> {
        set_bits(bits & ALL).map(|lane| self.get(lane)).take_while(|edge| edge.ax != i32::MAX)
    }
}
