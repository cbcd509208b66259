//! Collisions that a sweep finds, and the flaws that they are.

#![expect(clippy::indexing_slicing, reason = "ids index the lists that they come from")]

use super::sweep_edge::{EdgeId, SweepEdge, SweepPlace, intersection};
use crate::geometry::drawing::{AreaFlaw, Drawing};

/// A flaw, and the vertices of the drawing where it is: an edge is named by its first vertex.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Collision {
    pub(crate) flaw: AreaFlaw,
    pub(crate) vertex: usize,
    pub(crate) with: Option<usize>,
    /// About where two edges meet, in degrees.
    pub(crate) near: Option<(f64, f64)>,
}

/// How two edges are in each other's way.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Contact {
    Crossing,
    Touch,
    Along,
}

impl Collision {
    /// Names the flaw that two edges of a drawing in each other's way are.
    pub(crate) fn between<P: SweepPlace>(
        drawing: &Drawing,
        edges: &[SweepEdge<P>],
        (a, b): (EdgeId, EdgeId),
        meeting: Contact,
        at: Option<P>,
    ) -> Self {
        let (a, b) = (a.min(b), a.max(b));
        let (first, second) = (&edges[a as usize], &edges[b as usize]);
        let (ring, other) =
            (&drawing.rings[first.ring as usize], &drawing.rings[second.ring as usize]);
        let neighbours = a + 1 == b || (a as usize == ring.start && b as usize + 1 == ring.end);
        let flaw = match meeting {
            Contact::Along if first.ring == second.ring && neighbours => AreaFlaw::Spike,
            Contact::Crossing if first.ring == second.ring => AreaFlaw::SelfCrossing,
            _ if first.ring == second.ring => AreaFlaw::SelfTouch,
            Contact::Along if ring.part != other.part => AreaFlaw::PartsShareEdge,
            _ if ring.part != other.part => AreaFlaw::PartsOverlap,
            _ if ring.hole != 0 => AreaFlaw::HolesOverlap,
            Contact::Along => AreaFlaw::HoleAlongShell,
            _ => AreaFlaw::HoleCrossesShell,
        };
        let near = at.map_or_else(|| intersection(first, second), P::coord);
        // A spike's tip is the vertex between its two edges.
        let vertex = if flaw == AreaFlaw::Spike && a + 1 == b { b } else { a } as usize;
        let with = (flaw != AreaFlaw::Spike).then_some(b as usize);
        Self { flaw, vertex, with, near: Some((near.x, near.y)) }
    }
}
