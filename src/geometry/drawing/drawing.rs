//! The rings as they were given, unwrapped into one plane: what validation looks at.

#![expect(clippy::float_cmp, reason = "coordinates are compared as they were given")]

use geo_types::{Coord, Polygon};

use super::antimeridian;
use super::antimeridian::FULL_TURN;
use super::area_error::{AreaError, AreaFlaw, VertexRef};
use crate::geometry::grid::{E7, Position};

/// The widest longitude that is taken for degrees: ten turns of the map.
const LON_LIMIT: f64 = 3600.0;

/// A vertex in degrees as given but unwrapped, beside its rounding to 1e-7 degree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vertex {
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// Units of 1e-7 degree; unwrapped, so it may be past the antimeridian.
    pub(crate) lon: i64,
    pub(crate) lat: i64,
    /// The index in the ring as given: repeated vertices are left out here.
    pub(crate) index: usize,
}

impl Vertex {
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
            east: i64::MIN,
        };
        for (part, polygon) in polygons.iter().enumerate() {
            if polygon.exterior().0.is_empty() && polygon.interiors().is_empty() {
                continue;
            }
            let shell = drawing.read_ring(&polygon.exterior().0, part, 0)?;
            let turn = ((shell.west + 180.0) / 360.0).floor();
            drawing.turn_last_ring(-turn);
            let shell = Extent { west: shell.west - turn * 360.0, east: shell.east - turn * 360.0 };
            for (hole, ring) in polygon.interiors().iter().enumerate() {
                if !ring.0.is_empty() {
                    let extent = drawing.read_ring(&ring.0, part, hole + 1)?;
                    drawing.turn_last_ring(turns_into(extent, shell));
                }
            }
        }
        if drawing.rings.is_empty() {
            return Err(AreaError::Empty);
        }
        drawing.east = drawing.vertices.iter().map(|vertex| vertex.lon).max().unwrap_or(i64::MIN);
        Ok(drawing)
    }

    /// The rings of a part are not yet known to be in the shell's turn: the caller turns them.
    fn read_ring(
        &mut self,
        coords: &[Coord<f64>],
        part: usize,
        hole: usize,
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
        }
        let turns = if wraps {
            antimeridian::unwrap(coords).ok_or_else(|| flawed(AreaFlaw::PoleEnclosed, 0))?
        } else {
            Vec::new()
        };

        let start = self.vertices.len();
        let mut extent = Extent { west: f64::INFINITY, east: f64::NEG_INFINITY };
        for (index, coord) in coords.iter().enumerate() {
            let turn = turns.get(index).copied().unwrap_or(0.0);
            let (lon, lat) = (grid(coord.x), grid(coord.y));
            // Adding zero makes -0.0 the same as 0.0 in every comparison that follows.
            let (x, y) = (coord.x + turn * 360.0 + 0.0, coord.y + 0.0);
            let lon = lon + whole(turn) * FULL_TURN;
            extent = Extent { west: extent.west.min(x), east: extent.east.max(x) };
            let repeated = self.vertices.get(start..).and_then(<[_]>::last);
            if !repeated.is_some_and(|last: &Vertex| last.x == x && last.y == y) {
                self.on_grid &= lon as f64 / E7 == x && lat as f64 / E7 == y;
                self.vertices.push(Vertex { x, y, lon, lat, index });
            }
        }
        while let [first, .., last] = self.vertices.get(start..).unwrap_or_default()
            && (first.x, first.y) == (last.x, last.y)
        {
            self.vertices.pop();
        }
        let end = self.vertices.len();
        if end < start + 3 {
            return Err(flawed(AreaFlaw::TooFewVertices, 0));
        }
        let width = extent.east - extent.west;
        if width > 360.0 || (width == 360.0 && extent.west != -180.0) {
            return Err(flawed(AreaFlaw::TooWide, 0));
        }
        self.rings.push(Ring { start, end, part, hole });
        Ok(extent)
    }

    fn turn_last_ring(&mut self, turns: f64) {
        if turns == 0.0 {
            return;
        }
        let start = self.rings.last().map_or(0, |ring| ring.start);
        for vertex in self.vertices.iter_mut().skip(start) {
            vertex.x += turns * 360.0;
            vertex.lon += whole(turns) * FULL_TURN;
            // A sum of degrees is not always the number nearest to the place.
            self.on_grid &= vertex.lon as f64 / E7 == vertex.x;
        }
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
                past = of_ring.iter().any(|vertex| vertex.x > 180.0);
            }
            if past {
                let start = vertices.len();
                vertices
                    .extend(of_ring.iter().map(|vertex| Vertex { x: vertex.x - 360.0, ..*vertex }));
                let end = vertices.len();
                rings.push(Ring { start, end, part: ring.part + self.parts, hole: ring.hole });
            }
        }
        Some(Self { vertices, rings, ..*self })
    }

    /// The place of a vertex of this drawing (or of [`Drawing::with_copies`]).
    pub(crate) fn place(&self, vertex: usize, near: Option<(f64, f64)>) -> VertexRef {
        let ring = self.rings.partition_point(|ring| ring.end <= vertex);
        let (part, ring) = self.rings.get(ring).map_or((0, 0), |ring| (ring.part, ring.hole));
        let found = self.vertices.get(vertex);
        let own = found.map_or((f64::NAN, f64::NAN), |vertex| (vertex.x, vertex.y));
        let (lon, lat) = near.unwrap_or(own);
        let lon = if lon > 180.0 { lon - 360.0 } else { lon };
        let index = found.map_or(0, |vertex| vertex.index);
        VertexRef { part: part % self.parts.max(1), ring, vertex: index, lon, lat }
    }
}

#[derive(Clone, Copy)]
struct Extent {
    west: f64,
    east: f64,
}

/// How many turns bring a hole into the range of its shell, if any do.
fn turns_into(hole: Extent, shell: Extent) -> f64 {
    let fits = |turns: f64| {
        hole.west + turns * 360.0 >= shell.west && hole.east + turns * 360.0 <= shell.east
    };
    let turns = ((shell.west - hole.west) / 360.0).ceil();
    if !fits(0.0) && fits(turns) { turns } else { 0.0 }
}

fn place(coords: &[Coord<f64>], part: usize, hole: usize, vertex: usize) -> VertexRef {
    let (lon, lat) = coords.get(vertex).map_or((f64::NAN, f64::NAN), |coord| (coord.x, coord.y));
    VertexRef { part, ring: hole, vertex, lon, lat }
}

#[expect(clippy::cast_possible_truncation, reason = "at most 3600 degrees, that is 3.6e10")]
fn grid(degrees: f64) -> i64 {
    (degrees * E7).round() as i64
}

#[expect(clippy::cast_possible_truncation, reason = "a small whole number of turns")]
fn whole(turns: f64) -> i64 {
    turns as i64
}
