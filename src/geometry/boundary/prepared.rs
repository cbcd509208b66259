//! The prepared boundary of an area: clipped to ever smaller envelopes on the way down a tree, it
//! decides envelopes as a whole where it can, and the positions of a block at once where it must. All decisions
//! are exact.

use std::slice::from_ref;

use fearless_simd::prelude::*;
use prefetch_index::prefetch_index;
use smallvec::SmallVec;

use super::clip::{Clip, Edges};
use super::corner_path::CornerPath;
use super::edge::{Corner, Edge, FAR_WEST, LANES, Lanes};
use super::point_mask::toggle;
use crate::geometry::grid::{Envelope, HALF_TURN, Position};
use crate::util::{BLOCK_ROWS, RowMask};

/// So many lanes are few: their edges have a bit each in 64.
const FEW: usize = 4;

/// The prepared boundary of an area.
#[derive(Debug)]
pub(crate) struct Boundary {
    // In the order of the rings, so that neighbours in lanes are neighbours on the map.
    lanes: SmallVec<[Lanes; 1]>,
    /// The envelope of each of the lanes: the whole boundary is clipped by these first.
    envelopes: Vec<Envelope>,
    envelope: Envelope,
}

impl Boundary {
    /// Prepares the rings (open, of at least three vertices each) of an area. O(n).
    ///
    /// Longitude 180 is the same place as -180, where positions have it. A boundary
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

    /// Prefetches the cache lines that a walk reads first.
    #[inline]
    pub(crate) fn prefetch(&self) {
        prefetch_index(from_ref(&self.lanes), 0);
        prefetch_index(from_ref(&self.envelopes), 0);
        prefetch_index(from_ref(&self.envelope), 0);
    }

    /// The same for the first edges, once [that](Self::prefetch) is there.
    #[inline]
    pub(crate) fn prefetch_edges(&self) {
        if let Some(lanes) = self.lanes.first() {
            lanes.prefetch();
        }
    }

    /// The edges, up to 16 neighbours at once.
    pub(crate) fn lanes(&self) -> &[Lanes] {
        &self.lanes
    }

    /// The same, each time with their envelope.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (&Lanes, Envelope)> {
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
        let way = CornerPath::new(start, corner, envelope);
        let (edges, crossed) = match clip.edges {
            Edges::All if self.lanes.len() <= FEW => way.clip_few(simd, &self.lanes, u64::MAX),
            Edges::Few(few) => way.clip_few(simd, &self.lanes, few),
            edges => {
                let (lanes, known) = match edges {
                    Edges::Some { start, end } => (from.get(start..end).unwrap_or(&[]), &[][..]),
                    _ => (self.lanes.as_slice(), self.envelopes.as_slice()),
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
        positions: (&[i32; BLOCK_ROWS], &[i32; BLOCK_ROWS]),
        count: usize,
    ) -> RowMask {
        let edges = (clip.lanes(&self.lanes, list), self.envelope.merged(envelope));
        let toggled = toggle(simd, edges, (envelope, clip.corner), positions, count);
        let base = if clip.inside { RowMask::ALL } else { RowMask::NONE };
        (base ^ toggled.parity) | toggled.boundary
    }
}
