//! The nesting of rings as a sweep finds it, and the check that each ring is where it must be.

#![expect(clippy::indexing_slicing, reason = "ids index the lists that they come from")]

use super::collision::Collision;
use super::sweep_edge::{EdgeId, SweepEdge};
use crate::geometry::drawing::{AreaFlaw, Ring};

/// The rings of a drawing, each with the facts that the sweep has found.
pub(crate) struct RingNesting(Vec<Option<RingContact>>);

/// The facts about a ring that the sweep finds at its westernmost vertex.
#[derive(Clone, Copy)]
struct RingContact {
    counter_clockwise: bool,
    /// The smallest ring around it.
    container: Option<u32>,
}

impl RingNesting {
    /// Starts with a number of rings that the sweep has not met yet.
    pub(crate) fn unknown(rings: usize) -> Self {
        Self(vec![None; rings])
    }

    /// Notes for rings that start at a place which ring holds them: the one above the edge just
    /// below them. `leaving` are the edges that start there, from south to north.
    pub(crate) fn enter<P: Copy>(
        &mut self,
        edges: &[SweepEdge<P>],
        below: Option<EdgeId>,
        leaving: &[EdgeId],
    ) {
        let mut below = below;
        for &id in leaving {
            let edge = edges[id as usize];
            if self.0[edge.ring as usize].is_none() {
                let container = below.and_then(|below| self.above(&edges[below as usize]));
                // The lower edge at the westernmost vertex leads away from it counter-clockwise.
                let counter_clockwise = edge.forward;
                self.0[edge.ring as usize] = Some(RingContact { counter_clockwise, container });
            }
            below = Some(id);
        }
    }

    /// The smallest ring around the places just above an edge.
    fn above<P>(&self, edge: &SweepEdge<P>) -> Option<u32> {
        let met = self.0[edge.ring as usize]?;
        if edge.forward == met.counter_clockwise { Some(edge.ring) } else { met.container }
    }

    /// The smallest ring around another.
    fn container(&self, ring: usize) -> Option<usize> {
        self.0[ring].and_then(|met| met.container).map(|id| id as usize)
    }

    /// Whether a ring is inside another, at any depth.
    fn is_within(&self, ring: usize, outer: usize) -> bool {
        std::iter::successors(self.container(ring), |&id| self.container(id)).any(|id| id == outer)
    }

    /// A ring that is not where a ring of its kind must be, once all were met.
    pub(crate) fn misplaced(&self, rings: &[Ring]) -> Option<Collision> {
        let mut shell = 0;
        for (id, ring) in rings.iter().enumerate() {
            if ring.hole == 0 {
                shell = id;
            }
            let container = self.container(id);
            let around = container.map(|id| &rings[id]);
            let flaw = match (ring.hole, around) {
                (0, Some(around)) if around.part == ring.part => Some(AreaFlaw::HoleOutsideShell),
                (0, Some(around)) if around.hole == 0 => Some(AreaFlaw::PartsOverlap),
                // Outermost, or an island in a hole of another part.
                (0, _) => None,
                _ if container == Some(shell) => None,
                (_, Some(around)) if around.part == ring.part => Some(AreaFlaw::NestedHole),
                (_, Some(_)) if self.is_within(id, shell) => Some(AreaFlaw::PartsOverlap),
                _ => Some(AreaFlaw::HoleOutsideShell),
            };
            let Some(flaw) = flaw else { continue };
            let with = container.map(|id| rings[id].start);
            return Some(Collision { flaw, vertex: ring.start, with, near: None });
        }
        None
    }
}
