//! The rings as they were given, unwrapped into one plane, for validation.

#![expect(clippy::float_cmp, reason = "coordinates are compared as they were given")]

use std::cmp::Ordering;

use geo_types::{Coord, Polygon};

use super::antimeridian::{self, FULL_TURN};
use super::area_error::{AreaError, AreaFlaw, VertexRef};
use super::turned::Turned;
use crate::geometry::grid::{E7, Position};

/// The widest longitude that is taken for degrees: ten turns of the map.
const LON_LIMIT: f64 = 3600.0;

/// A vertex in degrees as given and the turn it is on, beside its rounding to 1e-7 degree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vertex {
    given: Coord<f64>,
    /// How many turns east of where it was given it is: unwrapped, it may be past the antimeridian.
    turn: i32,
    /// The index in the ring as given: repeated vertices are left out here.
    index: u32,
    /// Units of 1e-7 degree; unwrapped as well.
    pub(crate) lon: i64,
    pub(crate) lat: i64,
}

impl Vertex {
    /// Where the vertex is in the unwrapped plane; exact if the drawing [is](Drawing::is_exact).
    #[inline]
    pub(crate) fn coord(&self) -> Coord<f64> {
        // Adding zero makes -0.0 the same as 0.0 in every comparison that follows.
        Coord { x: self.given.x + f64::from(self.turn) * 360.0 + 0.0, y: self.given.y + 0.0 }
    }

    /// Where the vertex is in the unwrapped plane, exactly.
    pub(crate) fn turned(&self) -> Turned {
        Turned::new(self.given, self.turn)
    }

    fn is_at(&self, other: &Self) -> bool {
        if self.turn == other.turn {
            self.given == other.given
        } else {
            self.turned() == other.turned()
        }
    }

    /// The vertex on the globe, rounded.
    pub(crate) fn position(&self) -> Position {
        let lon = (self.lon + FULL_TURN / 2).rem_euclid(FULL_TURN) - FULL_TURN / 2;
        let e7 = |value| i32::try_from(value).unwrap_or_default();
        Position::vertex(e7(lon), e7(self.lat))
    }
}

/// A range of vertices: open, no two neighbours equal, at least three.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ring {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) part: usize,
    /// 0 is the shell, 1 the first hole.
    pub(crate) hole: usize,
}

/// All rings of a drawing, in the order of parts, each part's shell first.
///
/// INVARIANT: every shell starts west of 180 and at or east of -180 degrees, and its holes are in
/// the same turn; `vertices` is exactly the rings' ranges, one after another.
#[derive(Debug)]
pub(crate) struct Drawing {
    pub(crate) vertices: Vec<Vertex>,
    pub(crate) rings: Vec<Ring>,
    pub(crate) parts: usize,
    /// Whether every vertex, unwrapped, is the number nearest to a place of the grid of 1e-7 degree.
    pub(crate) on_grid: bool,
    /// Whether every vertex, unwrapped, is a number of 53 bits: see [`Turned`].
    pub(crate) is_exact: bool,
    /// The easternmost vertex in units of 1e-7 degree.
    pub(crate) east: i64,
}

impl Drawing {
    /// Reads polygons: checks every number, closes nothing, unwraps. O(vertices).
    pub(crate) fn read(polygons: &[Polygon<f64>]) -> Result<Self, AreaError> {
        let vertices = polygons.iter().map(|polygon| polygon.exterior().0.len()).sum();
        let mut drawing = Self {
            vertices: Vec::with_capacity(vertices),
            rings: Vec::with_capacity(polygons.len()),
            parts: polygons.len(),
            on_grid: true,
            is_exact: true,
            east: i64::MIN,
        };
        for (part, polygon) in polygons.iter().enumerate() {
            if is_empty(polygon) {
                continue;
            }
            if polygon.exterior().0.is_empty() {
                return Err(hole_without_shell(polygon, part));
            }
            let home =
                |extent: &Extent| -antimeridian::whole(((extent.west.x + 180.0) / 360.0).floor());
            let shell = drawing.read_ring(&polygon.exterior().0, part, 0, home)?;
            for (hole, ring) in polygon.interiors().iter().enumerate() {
                if !ring.0.is_empty() {
                    let into = |extent: &Extent| turns_into(extent, &shell);
                    drawing.read_ring(&ring.0, part, hole + 1, into)?;
                }
            }
        }
        if drawing.rings.is_empty() {
            return Err(AreaError::Empty);
        }
        drawing.east = drawing.vertices.iter().map(|vertex| vertex.lon).max().unwrap_or(i64::MIN);
        Ok(drawing)
    }

    /// Reads a ring, and moves it by a number of turns that depends on its extent.
    fn read_ring(
        &mut self,
        coords: &[Coord<f64>],
        part: usize,
        hole: usize,
        moved_by: impl Fn(&Extent) -> i32,
    ) -> Result<Extent, AreaError> {
        let coords = match coords {
            [first, open @ .., last] if first == last && !open.is_empty() => {
                coords.get(..coords.len() - 1).unwrap_or_default()
            }
            coords => coords,
        };
        let flawed = |flaw, vertex: usize| AreaError::Flawed {
            flaw,
            at: place(coords, part, hole, vertex),
            with: None,
        };
        let mut previous = coords.last().map_or(0.0, |coord| coord.x);
        let mut wraps = false;
        let first = coords.first().copied().unwrap_or_default();
        let (mut west, mut east) = (first, first);
        for (index, coord) in coords.iter().enumerate() {
            if !coord.x.is_finite() || !coord.y.is_finite() {
                return Err(flawed(AreaFlaw::NotFinite, index));
            }
            if coord.y.abs() > 90.0 {
                return Err(flawed(AreaFlaw::LatitudeOutOfRange, index));
            }
            if coord.x.abs() > LON_LIMIT {
                return Err(flawed(AreaFlaw::LongitudeOutOfRange, index));
            }
            wraps |= (coord.x - previous).abs() > 180.0;
            previous = coord.x;
            if coord.x < west.x {
                west = *coord;
            }
            if coord.x > east.x {
                east = *coord;
            }
        }
        let turns = if wraps {
            antimeridian::unwrap(coords).ok_or_else(|| flawed(AreaFlaw::PoleEnclosed, 0))?
        } else {
            Vec::new()
        };
        let turn = |index: usize| turns.get(index).copied().unwrap_or(0);
        let places = || coords.iter().enumerate().map(|(index, &coord)| (coord, turn(index)));
        let extent =
            if wraps { Extent::of(places()) } else { Extent::between([(west, 0), (east, 0)]) };
        let moved = moved_by(&extent);
        let extent = extent.moved(moved);

        let start = self.vertices.len();
        for (place, (given, turn)) in places().enumerate() {
            let turn = turn + moved;
            let (lon, lat) = (grid(given.x) + i64::from(turn) * FULL_TURN, grid(given.y));
            let vertex =
                Vertex { given, turn, index: u32::try_from(place).unwrap_or(u32::MAX), lon, lat };
            let last = self.vertices.get(start..).and_then(<[_]>::last);
            if !last.is_some_and(|last| last.is_at(&vertex)) {
                let at = vertex.coord();
                self.is_exact &= turn == 0 || vertex.turned().is_exact();
                self.on_grid &= lon as f64 / E7 == at.x && lat as f64 / E7 == at.y;
                self.vertices.push(vertex);
            }
        }
        while let [first, .., last] = self.vertices.get(start..).unwrap_or_default()
            && first.is_at(last)
        {
            self.vertices.pop();
        }
        let end = self.vertices.len();
        if end < start + 3 {
            return Err(flawed(AreaFlaw::TooFewVertices, 0));
        }
        if extent.is_too_wide() {
            return Err(flawed(AreaFlaw::TooWide, 0));
        }
        self.rings.push(Ring { start, end, part, hole });
        Ok(extent)
    }

    /// The same drawing, each part past the antimeridian once more, one turn further west, so that
    /// parts given on different turns of the map meet in the plane. Copies count on from `parts`.
    pub(crate) fn with_copies(&self) -> Option<Self> {
        if self.east <= FULL_TURN / 2 || self.parts < 2 {
            return None;
        }
        let mut vertices = self.vertices.clone();
        let mut rings = self.rings.clone();
        let mut past = false;
        for ring in &self.rings {
            let of_ring = self.vertices.get(ring.start..ring.end).unwrap_or_default();
            if ring.hole == 0 {
                past = of_ring.iter().any(|vertex| vertex.coord().x > 180.0);
            }
            if past {
                let start = vertices.len();
                let copies =
                    of_ring.iter().map(|vertex| Vertex { turn: vertex.turn - 1, ..*vertex });
                vertices.extend(copies);
                let end = vertices.len();
                rings.push(Ring { start, end, part: ring.part + self.parts, hole: ring.hole });
            }
        }
        let copies = vertices.get(self.vertices.len()..).unwrap_or_default();
        let is_exact = self.is_exact && copies.iter().all(|vertex| vertex.turned().is_exact());
        Some(Self { vertices, rings, is_exact, ..*self })
    }

    /// The place of a vertex of this drawing (or of [`Drawing::with_copies`]).
    pub(crate) fn place(&self, vertex: usize, near: Option<(f64, f64)>) -> VertexRef {
        let ring = self.rings.partition_point(|ring| ring.end <= vertex);
        let (part, ring) = self.rings.get(ring).map_or((0, 0), |ring| (ring.part, ring.hole));
        let found = self.vertices.get(vertex);
        let own = found.map_or((f64::NAN, f64::NAN), |vertex| vertex.coord().x_y());
        let (lon, lat) = near.unwrap_or(own);
        let lon = if lon > 180.0 { lon - 360.0 } else { lon };
        let index = found.map_or(0, |vertex| vertex.index as usize);
        VertexRef { part: part % self.parts.max(1), ring, vertex: index, lon, lat }
    }
}

/// The position on the globe of a vertex as given, rounded.
pub(crate) fn grid_position(given: Coord<f64>) -> Position {
    Vertex { given, turn: 0, index: 0, lon: grid(given.x), lat: grid(given.y) }.position()
}

/// Whether no ring of a polygon has a vertex: such a polygon is passed over.
pub(crate) fn is_empty(polygon: &Polygon<f64>) -> bool {
    polygon.exterior().0.is_empty() && polygon.interiors().iter().all(|hole| hole.0.is_empty())
}

/// The refusal of a polygon with an empty shell, at the first vertex of its first hole.
fn hole_without_shell(polygon: &Polygon<f64>, part: usize) -> AreaError {
    let mut holes = polygon.interiors().iter().enumerate();
    let (hole, coords) = holes
        .find(|(_, hole)| !hole.0.is_empty())
        .map_or((0, &[][..]), |(hole, ring)| (hole + 1, ring.0.as_slice()));
    AreaError::Flawed {
        flaw: AreaFlaw::HoleOutsideShell,
        at: place(coords, part, hole, 0),
        with: None,
    }
}

/// The western and the eastern end of a ring, exactly.
#[derive(Clone, Copy)]
struct Extent {
    west: Turned,
    east: Turned,
    /// The ends as given, and their turns.
    ends: [(Coord<f64>, i32); 2],
}

impl Extent {
    fn of(places: impl Iterator<Item = (Coord<f64>, i32)>) -> Self {
        let mut ends = None;
        for place in places {
            let (west, east) = ends.get_or_insert((place, place));
            if is_west(place, *west) {
                *west = place;
            }
            if is_west(*east, place) {
                *east = place;
            }
        }
        let (west, east) = ends.unwrap_or_default();
        Self::between([west, east])
    }

    fn between(ends: [(Coord<f64>, i32); 2]) -> Self {
        let [west, east] = ends.map(|(coord, turn)| Turned::new(coord, turn));
        Self { west, east, ends }
    }

    fn moved(&self, turns: i32) -> Self {
        Self::between(self.ends.map(|(coord, turn)| (coord, turn + turns)))
    }

    /// Whether a ring is wider than the world, or exactly as wide but not from -180 to 180.
    fn is_too_wide(&self) -> bool {
        match self.east.cmp_lon(&self.moved(1).west) {
            Ordering::Less => false,
            Ordering::Equal => self.west.x != -180.0 || !self.west.is_exact(),
            Ordering::Greater => true,
        }
    }

    fn contains(&self, other: &Self) -> bool {
        other.west.cmp_lon(&self.west).is_ge() && other.east.cmp_lon(&self.east).is_le()
    }
}

/// Whether a place on some turn is west of another; exact.
fn is_west((a, turn): (Coord<f64>, i32), (b, other): (Coord<f64>, i32)) -> bool {
    if turn == other {
        a.x < b.x
    } else {
        Turned::new(a, turn).cmp_lon(&Turned::new(b, other)).is_lt()
    }
}

/// How many turns bring a hole into the range of its shell, if any do.
fn turns_into(hole: &Extent, shell: &Extent) -> i32 {
    let nearest = antimeridian::whole(((shell.west.x - hole.west.x) / 360.0).ceil());
    // The quotient is rounded: the turn before may do as well.
    let turns = [0, nearest, nearest - 1, nearest + 1];
    turns.into_iter().find(|&turns| shell.contains(&hole.moved(turns))).unwrap_or(0)
}

fn place(coords: &[Coord<f64>], part: usize, hole: usize, vertex: usize) -> VertexRef {
    let (lon, lat) = coords.get(vertex).map_or((f64::NAN, f64::NAN), |coord| (coord.x, coord.y));
    VertexRef { part, ring: hole, vertex, lon, lat }
}

#[expect(clippy::cast_possible_truncation, reason = "at most 3600 degrees, that is 3.6e10")]
fn grid(degrees: f64) -> i64 {
    (degrees * E7).round() as i64
}
