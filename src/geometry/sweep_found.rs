//! What a sweep found, and what it is called.

#![expect(clippy::indexing_slicing, reason = "ids of edges and rings come from what they index")]

use super::area_error::Flaw;
use super::drawing::Drawing;
use super::sweep_edge::{Edge, EdgeId, Place, intersection};

/// What is wrong, and the vertices (of the drawing) where: an edge is named by its first vertex.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) flaw: Flaw,
    pub(super) vertex: usize,
    pub(super) with: Option<usize>,
    /// About where two edges meet, in degrees.
    pub(super) near: Option<(f64, f64)>,
}

/// How two edges are in each other's way.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Meeting {
    Crossing,
    Touch,
    Along,
}

impl Found {
    /// Names what it means that two edges of a drawing are in each other's way.
    pub(super) fn collision<P: Place>(
        drawing: &Drawing,
        edges: &[Edge<P>],
        (a, b): (EdgeId, EdgeId),
        meeting: Meeting,
        at: Option<P>,
    ) -> Self {
        let (a, b) = (a.min(b), a.max(b));
        let (first, second) = (&edges[a as usize], &edges[b as usize]);
        let (ring, other) =
            (&drawing.rings[first.ring as usize], &drawing.rings[second.ring as usize]);
        let neighbours = a + 1 == b || (a as usize == ring.start && b as usize + 1 == ring.end);
        let flaw = match meeting {
            Meeting::Along if first.ring == second.ring && neighbours => Flaw::Spike,
            Meeting::Crossing if first.ring == second.ring => Flaw::SelfCrossing,
            _ if first.ring == second.ring => Flaw::SelfTouch,
            Meeting::Along if ring.part != other.part => Flaw::PartsShareEdge,
            _ if ring.part != other.part => Flaw::PartsOverlap,
            _ if ring.hole != 0 => Flaw::HolesOverlap,
            Meeting::Along => Flaw::HoleAlongShell,
            _ => Flaw::HoleCrossesShell,
        };
        let near = at.map_or_else(|| intersection(first, second), P::coord);
        // A spike's tip is the vertex between its two edges.
        let vertex = if flaw == Flaw::Spike && a + 1 == b { b } else { a } as usize;
        let with = (flaw != Flaw::Spike).then_some(b as usize);
        Self { flaw, vertex, with, near: Some((near.x, near.y)) }
    }
}
