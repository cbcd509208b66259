//! A fan of triangles around a place, and whether an edge has a point of it. Exact.

use smallvec::SmallVec;

use crate::geometry::boundary::{Boundary, Clip, Edge, Lanes};
use crate::geometry::grid::{Envelope, HALF_TURN, Position};
use crate::geometry::relate::touch;

/// A place and the triangles between it and each two neighbours of an arc: their union, sides and
/// corners included. With fewer than two places on the arc it is the place alone.
///
/// In units of 1e-7 degree. Longitudes may pass ±180 degrees: there the [copies](ViewFan::copies) are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ViewFan {
    apex: Position,
    arc: ArcPositions,
    envelope: Envelope,
}

/// The places of an arc.
pub(crate) type ArcPositions = SmallVec<[Position; 32]>;

impl ViewFan {
    pub(crate) fn new(apex: Position, arc: ArcPositions) -> Self {
        let envelope = Envelope::of(arc.iter().copied().chain([apex]));
        Self { apex, arc, envelope }
    }

    /// The apex and the arc.
    pub(crate) fn outline(&self) -> (Position, &[Position]) {
        (self.apex, &self.arc)
    }

    /// The fan, and the same a whole turn further where it reaches the antimeridian: each point of it
    /// that is on the map is in one of these as areas have it.
    pub(crate) fn copies(self) -> impl Iterator<Item = Self> {
        let copies: SmallVec<[Self; 2]> =
            turns(self.envelope).filter_map(|turn| self.turned(turn)).collect();
        std::iter::once(self).chain(copies)
    }

    /// The fan a whole turn further; `None` if it is not near the antimeridian, so past all areas.
    pub(crate) fn turned(&self, turn: i64) -> Option<Self> {
        let place = |place: &Position| {
            let lon = i32::try_from(i64::from(place.lon_e7()) + turn).ok()?;
            Some(Position::vertex(lon, place.lat_e7()))
        };
        Some(Self::new(place(&self.apex)?, self.arc.iter().map(place).collect::<Option<_>>()?))
    }

    /// Whether an edge has a point of the fan.
    fn touches(&self, edge: Edge) -> bool {
        if !edge.envelope().intersects(self.envelope) {
            return false;
        }
        let to_edge = |from: Position, to: Position| touch(Edge::new(from, to), edge);
        // An edge that touches no side of a triangle is within it or outside.
        self.arc.iter().any(|&place| to_edge(self.apex, place))
            || self.arc.windows(2).any(|pair| match *pair {
                [a, b] => to_edge(a, b) || is_within(edge, [self.apex, a, b]),
                _ => false,
            })
    }
}

/// Whether the lower end of an edge is within a triangle, not on a side.
fn is_within(edge: Edge, [a, b, c]: [Position; 3]) -> bool {
    let side = |from: Position, to: Position| {
        let (lon, lat) = (i64::from(from.lon_e7()), i64::from(from.lat_e7()));
        let (dx, dy) = (i64::from(to.lon_e7()) - lon, i64::from(to.lat_e7()) - lat);
        let (px, py) = (i64::from(edge.ax) - lon, i64::from(edge.ay) - lat);
        (i128::from(dx) * i128::from(py) - i128::from(px) * i128::from(dy)).signum()
    };
    let sides = [side(a, b), side(b, c), side(c, a)];
    sides == [1; 3] || sides == [-1; 3]
}

/// The turns by which an envelope that reaches the antimeridian or past it is to be moved, so that it
/// comes to lie where the map has the other side.
pub(crate) fn turns(envelope: Envelope) -> impl Iterator<Item = i64> {
    const TURN: i64 = 2 * HALF_TURN as i64;
    let east = (envelope.west <= -HALF_TURN).then_some(TURN);
    let west = (envelope.east >= HALF_TURN).then_some(-TURN);
    east.into_iter().chain(west)
}

impl Boundary {
    /// Whether a point of the boundary is a point of a fan. O(n), most edges passed over by 16.
    pub(crate) fn touches(&self, fan: &ViewFan) -> bool {
        let near = self.runs().filter(|(_, envelope)| envelope.intersects(fan.envelope));
        near.flat_map(|(lanes, _)| lanes.iter()).any(|edge| fan.touches(edge))
    }
}

impl Clip {
    /// The same for a fan in the clip's envelope, given the boundary and the clip's list.
    pub(crate) fn touches(&self, of: (&Boundary, &[Lanes]), fan: &ViewFan) -> bool {
        self.edges(of.0.lanes(), of.1).any(|edge| fan.touches(edge))
    }

    /// Whether an edge of the clip has a point in an envelope, or nearly.
    pub(crate) fn may_touch(&self, of: (&Boundary, &[Lanes]), envelope: Envelope) -> bool {
        self.edges(of.0.lanes(), of.1).any(|edge| edge.may_touch(envelope))
    }
}
