//! Whether rings bound an area, by the rules of OGC Simple Features, in one plane sweep.
//!
//! A vertical line sweeps from west to east and keeps the edges it meets in their order from south
//! to north (Shamos and Hoey, "Geometric intersection problems", 1976). As long as no two edges
//! cross, that order only changes at vertices, and two edges that do cross are neighbours before
//! they do. The same order answers everything else:
//!
//! - the edge below a ring's westernmost vertex shows which ring it is in,
//! - the edges around a vertex, in angular order, show whether rings that meet there cross or touch,
//! - rings of one part that touch in a cycle cut its inside into pieces.
//!
//! O(n log n) for n vertices of rings of any shape; every predicate is exact. Stops at the
//! westernmost vertex where edges are in each other's way; rings in the wrong place are reported
//! after that, those of the lowest part and ring first.

#![expect(
    clippy::indexing_slicing,
    reason = "ids of edges, vertices and rings are made here, from the vectors they index"
)]

use super::collision::{Collision, Contact};
use super::ring_nesting::RingNesting;
use super::sweep_edge::{EdgeId, SweepEdge, SweepPlace, index, side};
use super::sweep_line::SweepOrder;
use super::touch_graph::{TouchGraph, interleaved};
use crate::geometry::drawing::{AreaFlaw, Drawing, Vertex};

/// Looks for a reason why a drawing is no area.
pub(crate) fn find_flaw(drawing: &Drawing) -> Option<Collision> {
    if drawing.is_exact { sweep(drawing, Vertex::coord) } else { sweep(drawing, Vertex::turned) }
}

fn sweep<P: SweepPlace>(drawing: &Drawing, place: impl Fn(&Vertex) -> P) -> Option<Collision> {
    let mut sweep = Sweep::new(drawing, place);
    let events = sweep.events();
    let mut rest = events.as_slice();
    while let [first, ..] = rest {
        let here = rest.iter().take_while(|event| event.at == first.at).count();
        let (group, later) = rest.split_at(here);
        if let Err(found) = sweep.visit(first.at, group) {
            return Some(found);
        }
        rest = later;
    }
    sweep.rings.misplaced(&drawing.rings).or(sweep.disconnected)
}

#[derive(Clone, Copy)]
struct Event<P> {
    at: P,
    vertex: u32,
}

struct Sweep<'a, P> {
    drawing: &'a Drawing,
    /// The edge that starts at each vertex.
    edges: Vec<SweepEdge<P>>,
    rings: RingNesting,
    order: SweepOrder,
    touches: TouchGraph,
    /// The first place where rings that touch cut the inside of their part.
    disconnected: Option<Collision>,
    // Scratch of `visit`: edges that end in, pass through or start from the vertex, south to north.
    arriving: Vec<EdgeId>,
    leaving: Vec<EdgeId>,
}

impl<'a, P: SweepPlace> Sweep<'a, P> {
    fn new(drawing: &'a Drawing, place: impl Fn(&Vertex) -> P) -> Self {
        let mut edges = Vec::with_capacity(drawing.vertices.len());
        for (id, ring) in drawing.rings.iter().enumerate() {
            let [first, others @ ..] = &drawing.vertices[ring.start..ring.end] else { continue };
            // A place takes some work: each is made once.
            let first = place(first);
            let mut start = first;
            for end in others.iter().map(&place).chain([first]) {
                let forward = start.is_before(&end);
                let (low, high) = if forward { (start, end) } else { (end, start) };
                edges.push(SweepEdge { low, high, ring: index(id), forward });
                start = end;
            }
        }
        Self {
            drawing,
            edges,
            rings: RingNesting::unknown(drawing.rings.len()),
            order: SweepOrder::default(),
            touches: TouchGraph::default(),
            disconnected: None,
            arriving: Vec::new(),
            leaving: Vec::new(),
        }
    }

    /// The vertices from west to east, and from south to north.
    fn events(&self) -> Vec<Event<P>> {
        let start = |edge: &SweepEdge<P>| if edge.forward { edge.low } else { edge.high };
        let edges = self.edges.iter().enumerate();
        let mut events: Vec<Event<P>> =
            edges.map(|(id, edge)| Event { at: start(edge), vertex: index(id) }).collect();
        events.sort_unstable_by(|a, b| a.at.cmp(&b.at).then(a.vertex.cmp(&b.vertex)));
        events
    }

    fn edge(&self, id: EdgeId) -> &SweepEdge<P> {
        &self.edges[id as usize]
    }

    fn ring(&self, id: EdgeId) -> u32 {
        self.edge(id).ring
    }

    /// Moves the sweep line over one place, where one vertex is, or several touch.
    fn visit(&mut self, at: P, group: &[Event<P>]) -> Result<(), Collision> {
        let mut leaving = std::mem::take(&mut self.leaving);
        let mut arriving = std::mem::take(&mut self.arriving);
        leaving.clear();
        arriving.clear();
        for event in group {
            let ring = &self.drawing.rings[self.ring(event.vertex) as usize];
            let vertex = event.vertex as usize;
            let before = if vertex == ring.start { ring.end - 1 } else { vertex - 1 };
            for id in [index(before), event.vertex] {
                if self.edge(id).low == at {
                    leaving.push(id);
                }
            }
        }

        let edges = &self.edges;
        let cursor = self.order.seek(|id| side(&edges[id as usize], at) > 0.0);
        let mut passing = None;
        let mut next = cursor;
        while let Some(id) = self.order.get(next)
            && side(self.edge(id), at) == 0.0
        {
            arriving.push(id);
            if self.edge(id).high != at {
                if let Some(other) = passing {
                    return Err(self.collision(other, id, Contact::Crossing, Some(at)));
                }
                passing = Some(id);
                leaving.push(id);
            }
            next = self.order.after(next);
        }

        if leaving.len() > 1 {
            self.sort_by_slope(at, &mut leaving)?;
        }
        if group.len() + usize::from(passing.is_some()) > 1 {
            self.meet(at, group, passing, &arriving, &leaving)?;
        }

        let below = self.order.before(cursor).and_then(|before| self.order.get(before));
        let above = self.order.get(next);
        self.rings.enter(&self.edges, below, &leaving);
        match (leaving.first(), leaving.last()) {
            (Some(&first), Some(&last)) => {
                self.neighbours(below, Some(first))?;
                self.neighbours(Some(last), above)?;
            }
            _ => self.neighbours(below, above)?,
        }
        self.order.replace(cursor, arriving.len(), &leaving);
        self.leaving = leaving;
        self.arriving = arriving;
        Ok(())
    }

    /// Sorts the edges to the east of a place from south to north.
    fn sort_by_slope(&self, at: P, leaving: &mut [EdgeId]) -> Result<(), Collision> {
        let turn = |a: EdgeId, b: EdgeId| P::orient(at, self.edge(a).high, self.edge(b).high);
        if let [a, b] = leaving {
            if turn(*a, *b) < 0.0 {
                std::mem::swap(a, b);
            }
        } else {
            leaving.sort_unstable_by(|&a, &b| 0.0_f64.total_cmp(&turn(a, b)).then(a.cmp(&b)));
        }
        for pair in leaving.windows(2) {
            if let [a, b] = *pair
                && turn(a, b) == 0.0
            {
                return Err(self.collision(a, b, Contact::Along, Some(at)));
            }
        }
        Ok(())
    }

    /// Several rings, or one several times, are at one place: do they cross there, or touch?
    fn meet(
        &mut self,
        at: P,
        group: &[Event<P>],
        passing: Option<EdgeId>,
        arriving: &[EdgeId],
        leaving: &[EdgeId],
    ) -> Result<(), Collision> {
        // Counter-clockwise around the place, each way through it names its two edges alike: rings
        // cross if the names are not nested like brackets.
        let mut stack: Vec<EdgeId> = Vec::new();
        for &id in leaving.iter().chain(arriving.iter().rev()) {
            let way = self.way(id, at, passing);
            if stack.last() == Some(&way) {
                stack.pop();
            } else {
                stack.push(way);
            }
        }
        if let Some((a, b)) = interleaved(&stack) {
            return Err(self.collision(a, b, Contact::Crossing, Some(at)));
        }

        let mut ways: Vec<EdgeId> = group.iter().map(|event| event.vertex).chain(passing).collect();
        ways.sort_unstable_by_key(|&way| (self.ring(way), way));
        for pair in ways.windows(2) {
            if let [a, b] = *pair
                && self.ring(a) == self.ring(b)
            {
                return Err(self.collision(a, b, Contact::Touch, Some(at)));
            }
        }
        let (edges, rings) = (&self.edges, &self.drawing.rings);
        let ring = |way: EdgeId| edges[way as usize].ring;
        let part = |way: EdgeId| rings[ring(way) as usize].part;
        for ways in ways.chunk_by(|&a, &b| part(a) == part(b)) {
            let cycle = self.touches.add(ways.iter().map(|&way| ring(way)));
            if let (true, [.., a, b]) = (cycle, ways)
                && self.disconnected.is_none()
            {
                self.disconnected = Some(Collision {
                    flaw: AreaFlaw::InteriorDisconnected,
                    vertex: *b as usize,
                    with: Some(*a as usize),
                    near: Some((at.coord().x, at.coord().y)),
                });
            }
        }
        Ok(())
    }

    /// The name of an edge's way through a place: the vertex there, or the edge that passes.
    fn way(&self, id: EdgeId, at: P, passing: Option<EdgeId>) -> EdgeId {
        let edge = self.edge(id);
        let from = if edge.forward { edge.low } else { edge.high };
        if Some(id) == passing || from == at {
            return id;
        }
        let ring = &self.drawing.rings[edge.ring as usize];
        let next = id as usize + 1;
        index(if next == ring.end { ring.start } else { next })
    }

    /// Two edges become neighbours: if they cross, the first that ends does so on the wrong side.
    fn neighbours(&self, below: Option<EdgeId>, above: Option<EdgeId>) -> Result<(), Collision> {
        let (Some(a), Some(b)) = (below, above) else { return Ok(()) };
        let (low, high) = (self.edge(a), self.edge(b));
        let crosses = if low.high.is_before(&high.high) {
            side(high, low.high) > 0.0
        } else {
            side(low, high.high) < 0.0
        };
        if crosses { Err(self.collision(a, b, Contact::Crossing, None)) } else { Ok(()) }
    }

    fn collision(&self, a: EdgeId, b: EdgeId, meeting: Contact, at: Option<P>) -> Collision {
        Collision::between(self.drawing, &self.edges, (a, b), meeting, at)
    }
}
