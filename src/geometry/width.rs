//! Where an area is narrower than a least width.
//!
//! An area is narrow where a way across it is short, and the way along its outline from one end to the
//! other is long: in a thread between two blocks of land, in a spike, in a ring around a hole. A corner
//! and a bend are not: there both ways are short.

use geo_types::Coord;
use smallvec::{SmallVec, smallvec};

use super::drawing::GridRings;
use super::grid::{E7, Envelope, Position};

/// The two ends of a way across are at least so many least widths apart along the outline, or on two
/// rings. So a corner of 23.1 degrees or more is never narrow.
const APART: f64 = 5.0;
/// The cosine of that corner: half of it has a sine of `1 / APART`.
const SHARP: f64 = 1.0 - 2.0 / (APART * APART);
/// The least width is halved so often: what is short is narrow if it is a few times as long as wide.
const SCALES: u8 = 7;
/// A shell around little land has no two places so far apart: then a quarter of it is far enough.
const QUARTER: f64 = 0.25;
/// WGS 84: the semi-major axis in metres, and the first eccentricity squared.
const MAJOR: f64 = 6_378_137.0;
const ECCENTRICITY_2: f64 = 0.006_694_379_990_141_32;
/// Nearer than this to a line counts as on it, in metres: a tenth of a unit of the grid.
const ON_LINE: f64 = 1e-3;

/// A way across an area that is shorter than the least width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Neck {
    /// Counted from 0.
    pub(crate) part: usize,
    pub(crate) m: f64,
    pub(crate) ends: [Position; 2],
}

/// The shortest way across a part that is shorter than `least_m`, or else than a half of it, and so on; the
/// first of several.
///
/// Measured on a plane at the middle latitude of each part: in an area of a few kilometres that is exact
/// to a thousandth. O(n log n + k) for n vertices and k pairs of edges that are closer than `least_m`, and
/// O(n) for each of these that something stands between.
pub(super) fn neck(rings: &GridRings, least_m: f64) -> Option<Neck> {
    let necks = rings.parts().enumerate().filter_map(|(part, rings)| {
        let rings: SmallVec<[&[Position]; 4]> = rings.collect();
        let whole = Part::new(&rings);
        let (m, ends) =
            (0..SCALES).find_map(|scale| whole.neck(least_m / f64::from(1 << scale)))?;
        Some(Neck { part, m, ends })
    });
    necks.reduce(|least, neck| if neck.m < least.m { neck } else { least })
}

/// A part on a plane, in metres.
struct Part {
    plane: Plane,
    // INVARIANT: ascending by `low.x`.
    sides: Vec<Side>,
}

/// An edge, the inside to its left.
#[derive(Clone, Copy, Debug)]
struct Side {
    ring: usize,
    /// Its number in the ring, and that of the next one.
    number: usize,
    next: usize,
    from: Coord,
    /// Of length 1.
    along: Coord,
    length: f64,
    low: Coord,
    high: Coord,
    /// How far along its ring it begins, and the length of the ring.
    start: f64,
    around: f64,
}

/// A way across, from a place along one edge to one along another: its length squared, and its ends.
#[derive(Clone, Copy, Debug)]
struct Way {
    squared: f64,
    from: Coord,
    to: Coord,
    sides: [usize; 2],
}

impl Part {
    fn new(rings: &[&[Position]]) -> Self {
        let shell = rings.first().copied().unwrap_or_default();
        let plane = Plane::around(Envelope::of(shell.iter().copied()));
        let mut sides = Vec::with_capacity(rings.iter().map(|ring| ring.len()).sum());
        for (ring, vertices) in rings.iter().enumerate() {
            let (first, mut around) = (sides.len(), 0.0);
            let next = vertices.iter().cycle().skip(1);
            for (number, (&from, &to)) in vertices.iter().zip(next).enumerate() {
                let numbers = (ring, number, (number + 1) % vertices.len().max(1));
                let side = Side::new(numbers, around, plane.place(from), plane.place(to));
                around += side.length;
                sides.push(side);
            }
            sides.iter_mut().skip(first).for_each(|side| side.around = around);
        }
        sides.sort_by(|a, b| a.low.x.total_cmp(&b.low.x));
        Self { plane, sides }
    }

    fn neck(&self, least_m: f64) -> Option<(f64, [Position; 2])> {
        let mut ways = Vec::new();
        for (one, side) in self.sides.iter().enumerate() {
            let near = self.sides.iter().enumerate().skip(one + 1);
            let near = near.take_while(|(_, other)| other.low.x <= side.high.x + least_m);
            for (two, other) in near {
                let is_apart =
                    other.low.y > side.high.y + least_m || side.low.y > other.high.y + least_m;
                if !is_apart && let Some((squared, from, to)) = shortest(side, other, least_m) {
                    ways.push(Way { squared, from, to, sides: [one, two] });
                }
            }
        }
        ways.sort_by(|a, b| a.squared.total_cmp(&b.squared));
        let way = ways.into_iter().find(|way| self.is_inside(way))?;
        Some((way.squared.sqrt(), [way.from, way.to].map(|at| self.plane.position(at))))
    }

    /// Whether nothing of the outline is between the ends of a way, and all of it is inside. Where two
    /// rings touch there is nothing in between.
    fn is_inside(&self, way: &Way) -> bool {
        let step = way.to - way.from;
        if way.squared < ON_LINE * ON_LINE {
            return true;
        }
        let middle = way.from + step * 0.5;
        let mut is_odd = false;
        for (number, side) in self.sides.iter().enumerate() {
            let to = side.at(side.length);
            // A ray to the east from the middle.
            if (side.from.y > middle.y) != (to.y > middle.y) {
                let x = side.from.x
                    + (middle.y - side.from.y) / (to.y - side.from.y) * (to.x - side.from.x);
                is_odd ^= x > middle.x;
            }
            if way.sides.contains(&number) {
                continue;
            }
            let (before, after) = (cross(step, side.from - way.from), cross(step, to - way.from));
            if (before < 0.0) == (after < 0.0) {
                continue;
            }
            let crossing = side.from + (to - side.from) * (before / (before - after));
            let along = dot(crossing - way.from, step) / way.squared.sqrt();
            if ON_LINE < along && along < way.squared.sqrt() - ON_LINE {
                return false;
            }
        }
        is_odd
    }
}

/// The shortest way between two edges that leaves both to the inside, and whose ends are far enough
/// apart along the outline; `None` if there is none below the least width.
fn shortest(one: &Side, two: &Side, least_m: f64) -> Option<(f64, Coord, Coord)> {
    if one.has_blunt_corner_with(two, least_m) || two.has_blunt_corner_with(one, least_m) {
        return None;
    }
    let ((one_from, one_to), (two_from, two_to)) = (one.left_of(two)?, two.left_of(one)?);
    let at = |x, y| Coord { x, y };
    // Of all pairs of a place along one edge (x) and along the other (y).
    let mut pairs: SmallVec<[Coord; 8]> = smallvec![
        at(one_from, two_from),
        at(one_to, two_from),
        at(one_to, two_to),
        at(one_from, two_to),
    ];
    if one.ring == two.ring {
        let apart = one.apart(least_m);
        let between = two.start - one.start;
        let sign = if between < 0.0 { -1.0 } else { 1.0 };
        let path = |pair: Coord| sign * (between + pair.y - pair.x);
        pairs = clipped(&pairs, |pair| path(pair) - apart);
        pairs = clipped(&pairs, |pair| one.around - apart - path(pair));
    }
    // The way is a linear function of the pair, so the shortest lies on the border of the pairs.
    let way = |pair: Coord| two.at(pair.y) - one.at(pair.x);
    let mut shortest: Option<(f64, Coord, Coord)> = None;
    for (&from, &to) in pairs.iter().zip(pairs.iter().cycle().skip(1)) {
        let (start, step) = (way(from), way(to) - way(from));
        let length = dot(step, step);
        let share = if length > 0.0 { -dot(start, step) / length } else { 0.0 };
        let pair = from + (to - from) * share.clamp(0.0, 1.0);
        let way = way(pair);
        let squared = dot(way, way);
        if squared < least_m * least_m && shortest.is_none_or(|(least, ..)| squared < least) {
            shortest = Some((squared, one.at(pair.x), two.at(pair.y)));
        }
    }
    shortest
}

impl Side {
    fn new(
        (ring, number, next): (usize, usize, usize),
        start: f64,
        from: Coord,
        to: Coord,
    ) -> Self {
        let length = dot(to - from, to - from).sqrt();
        let (low, high) = (
            Coord { x: from.x.min(to.x), y: from.y.min(to.y) },
            Coord { x: from.x.max(to.x), y: from.y.max(to.y) },
        );
        // INVARIANT: two neighbours of a ring differ, so no length is 0.
        Self {
            ring,
            number,
            next,
            from,
            along: (to - from) / length,
            length,
            low,
            high,
            start,
            around: 0.0,
        }
    }

    /// How far apart along the ring the ends of a way across must be.
    fn apart(&self, least_m: f64) -> f64 {
        let apart = APART * least_m;
        if self.ring == 0 { apart.min(QUARTER * self.around) } else { apart }
    }

    /// Whether another edge begins where this one ends, in a corner that is not narrow at any scale.
    fn has_blunt_corner_with(&self, other: &Self, least_m: f64) -> bool {
        let is_next = self.ring == other.ring && self.next == other.number;
        is_next && self.apart(least_m) >= APART * least_m && -dot(self.along, other.along) <= SHARP
    }

    fn at(&self, along: f64) -> Coord {
        self.from + self.along * along
    }

    /// From where on and how far the edge is to the left of another, or on its line.
    fn left_of(&self, other: &Self) -> Option<(f64, f64)> {
        let height = cross(other.along, self.from - other.from) + ON_LINE;
        let slope = cross(other.along, self.along);
        let on_line = (-height / slope).clamp(0.0, self.length);
        let (from, to) = match slope {
            _ if slope > 0.0 => (on_line, self.length),
            _ if slope < 0.0 => (0.0, on_line),
            _ if height >= 0.0 => (0.0, self.length),
            _ => return None,
        };
        let is_left = height + slope * f64::midpoint(from, to) >= 0.0;
        is_left.then_some((from, to))
    }
}

/// The part of a convex polygon in which a linear function is not below 0.
fn clipped(polygon: &[Coord], height: impl Fn(Coord) -> f64) -> SmallVec<[Coord; 8]> {
    let mut left = SmallVec::new();
    for (&from, &to) in polygon.iter().zip(polygon.iter().cycle().skip(1)) {
        let (before, after) = (height(from), height(to));
        if before >= 0.0 {
            left.push(from);
        }
        if (before < 0.0) != (after < 0.0) {
            left.push(from + (to - from) * (before / (before - after)));
        }
    }
    left
}

fn dot(a: Coord, b: Coord) -> f64 {
    a.x * b.x + a.y * b.y
}

fn cross(a: Coord, b: Coord) -> f64 {
    a.x * b.y - a.y * b.x
}

/// A plane that touches the ellipsoid at a latitude, in metres.
struct Plane {
    west: i32,
    south: i32,
    /// Metres in a unit of 1e-7 degree.
    east_m: f64,
    north_m: f64,
}

impl Plane {
    fn around(envelope: Envelope) -> Self {
        let radians = std::f64::consts::PI / 180.0 / E7;
        let middle = f64::from(i32::midpoint(envelope.south, envelope.north)) * radians;
        let (sin, cos) = libm::sincos(middle);
        let flat = 1.0 - ECCENTRICITY_2 * sin * sin;
        Self {
            west: envelope.west,
            south: envelope.south,
            // Not 0 at a pole.
            east_m: (MAJOR / flat.sqrt() * cos * radians).max(f64::MIN_POSITIVE),
            north_m: MAJOR * (1.0 - ECCENTRICITY_2) / (flat * flat.sqrt()) * radians,
        }
    }

    fn place(&self, at: Position) -> Coord {
        let from = |value: i32, start: i32| f64::from(value) - f64::from(start);
        Coord {
            x: from(at.lon_e7(), self.west) * self.east_m,
            y: from(at.lat_e7(), self.south) * self.north_m,
        }
    }

    /// The nearest position on the grid.
    fn position(&self, at: Coord) -> Position {
        let units = |m: f64, start: i32| rounded(m + f64::from(start));
        Position::vertex(
            units(at.x / self.east_m, self.west),
            units(at.y / self.north_m, self.south),
        )
    }
}

#[expect(clippy::cast_possible_truncation, reason = "between two corners of an area")]
fn rounded(units: f64) -> i32 {
    units.round() as i32
}
