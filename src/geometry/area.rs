use std::fmt;
use std::sync::{Arc, OnceLock};

use geo_types::{LineString, MultiPolygon, Polygon};

use crate::geometry::boundary::Boundary;
use crate::geometry::drawing::{AreaError, Drawing, GridRings, Point};
use crate::geometry::grid::{E7, Envelope, HALF_TURN, Position, ring_size_m2, to_e7};
use crate::geometry::overlay::even_odd;
use crate::geometry::relate::{covers, covers_edges, meet};
use crate::geometry::validity::{Collision, find_flaw};
use crate::geometry::width::{Neck, neck};

/// A polygon or multipolygon on the map, in which a request asks for footage.
///
/// An area is one or more parts, each a shell with holes. Edges are straight lines in longitude and
/// latitude, as in RFC 7946. The boundary belongs to the area, that of holes too.
///
/// An area exists only if it is valid as OGC Simple Features and GEOS define it: no ring crosses or
/// touches itself, holes are inside their shell, parts do not overlap. The drawing is validated as
/// it is given, with exact predicates; only then its vertices are rounded to 1e-7 degree. Rings may
/// be open or closed and of either winding, and repeat vertices.
///
/// Longitudes up to ±3600 are accepted, as map widgets pan past the date line. Two consecutive
/// vertices more than 180 degrees apart mean the short way across the antimeridian, where areas are
/// split. A ring that goes around a pole, or is wider than 360 degrees, is refused. Parts may share
/// an edge on the antimeridian, as RFC 7946 cuts drawings there; nowhere else.
///
/// Rounding drops a ring that keeps fewer than three different vertices, with its holes if it is a
/// shell. A ring that keeps three and lies in line stays: it covers the positions on that line, and
/// has no size.
///
/// Cloning is cheap: clones share their content. Two areas are equal if they have the same vertices
/// in the same order. In serde formats an area is written as a GeoJSON geometry, and read as
/// [`from_geojson`](Self::from_geojson) reads a text.
///
/// Use [`from_geojson`](Self::from_geojson) or [`from_wkt`](Self::from_wkt) for a text,
/// [`new`](Self::new) for a drawing of `geo-types`, and [`repaired`](Self::repaired) to offer the
/// author of a refused drawing a correction.
///
/// ```
/// use canvass::{Area, Position};
///
/// let area = Area::from_wkt("POLYGON((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1))")?;
/// assert!(area.covers(Position::new(4.0, 4.0)?));
/// assert!(area.covers(Position::new(1.0, 1.5)?));
/// assert!(!area.covers(Position::new(1.5, 1.5)?));
/// assert_eq!((area.parts(), area.vertices()), (1, 8));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Area {
    content: Arc<Content>,
    /// The boundary's, so that where nobody lives near the area nothing else is read of it.
    envelope: Envelope,
}

struct Content {
    rings: GridRings,
    boundary: Boundary,
    part_sizes_m2: OnceLock<Box<[f64]>>,
    /// If the rings, as they were rounded, would not pass validation.
    given: Option<Given>,
}

/// Replaces rings that are not valid once they are rounded.
struct Given {
    /// The drawing as given, to be written instead.
    drawing: MultiPolygon<f64>,
    /// The rings split where they meet, to be compared instead; computed when first asked for.
    /// `None` if the splitting does not come to an end.
    split: OnceLock<Option<GridRings>>,
}

impl Area {
    /// Validates a drawing in degrees, `x` being the longitude, and rounds it to the grid.
    ///
    /// O(n log n) for n vertices.
    ///
    /// # Errors
    ///
    /// If the drawing is not a valid area (see [`AreaError`]), or nothing is left after rounding.
    /// Empty polygons and empty holes are passed over.
    pub fn new(drawing: &MultiPolygon<f64>) -> Result<Self, AreaError> {
        Self::from_polygons(&drawing.0)
    }

    pub(crate) fn from_polygons(polygons: &[Polygon<f64>]) -> Result<Self, AreaError> {
        let drawing = Drawing::read(polygons)?;
        validate(&drawing)?;
        let rings = GridRings::rounded(&drawing);
        if rings.vertices.is_empty() {
            return Err(AreaError::Collapsed);
        }
        let as_given = drawing.on_grid && drawing.east <= i64::from(HALF_TURN);
        let given = (!as_given && !read_back(&rings))
            .then(|| Given { drawing: MultiPolygon(polygons.to_vec()), split: OnceLock::new() });
        let boundary = Boundary::new(rings.iter());
        let (envelope, part_sizes_m2) = (boundary.envelope(), OnceLock::new());
        let content = Arc::new(Content { rings, boundary, part_sizes_m2, given });
        Ok(Self { content, envelope })
    }

    /// Whether a position is inside the area or on its boundary.
    #[must_use]
    pub fn covers(&self, position: Position) -> bool {
        self.boundary().covers(position)
    }

    /// Whether the two areas share a point. Boundaries count, so areas that touch in an edge or in
    /// a corner intersect. An area in a hole of another does not, unless it touches the hole's
    /// edge.
    ///
    /// Exact on the grid of 1e-7 degree, across the antimeridian too. O(n m) for n and m vertices,
    /// but 16 neighbours that are far away are passed over together.
    ///
    /// ```
    /// use canvass::Area;
    ///
    /// let school = Area::from_bounds(-73.98, 40.76, -73.97, 40.77)?;
    /// let next_door = Area::from_bounds(-73.97, 40.76, -73.96, 40.77)?;
    /// let elsewhere = Area::from_bounds(-73.969, 40.76, -73.96, 40.77)?;
    /// assert!(school.intersects(&next_door));
    /// assert!(!school.intersects(&elsewhere));
    /// # Ok::<(), canvass::error::AreaError>(())
    /// ```
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        // Where no boundaries meet, each ring is wholly inside the other area or wholly outside;
        // and a point of both has a ring around it that is in the other area.
        self.envelope().intersects(other.envelope())
            && (meet(self.boundary(), other.boundary())
                || other.ring_starts().any(|vertex| self.covers(vertex))
                || self.ring_starts().any(|vertex| other.covers(vertex)))
    }

    /// Whether every position of another area is a position of this one. An area covers itself.
    ///
    /// Use this to decide whether a request lies within a jurisdiction. Exact. O(n m) for n
    /// vertices of this area near the other and m of the other, but 16 neighbours that are far from
    /// an edge are passed over together: a request of 8 vertices takes tens of microseconds against
    /// a jurisdiction of 10,000.
    ///
    /// ```
    /// use canvass::Area;
    ///
    /// let county = Area::from_bounds(-74.0, 40.0, -73.0, 41.0)?;
    /// let town = Area::from_bounds(-74.0, 40.5, -73.9, 40.6)?;
    /// assert!(county.covers_area(&town) && county.covers_area(&county));
    /// assert!(!town.covers_area(&county));
    /// # Ok::<(), canvass::error::AreaError>(())
    /// ```
    #[must_use]
    pub fn covers_area(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.content, &other.content) || self == other {
            return true;
        }
        if !self.envelope().contains(other.envelope()) {
            return false;
        }
        let within = other.envelope();
        let own = self.content.rings.edges(within);
        // Rounding may leave a ring without an inside; such a ring is in no ring that was split.
        if other.content.given.is_some() && !covers_edges(&own, &other.content.rings.edges(within))
        {
            return false;
        }
        // Not known, so no.
        other.valid_rings().is_some_and(|others| covers(&own, &others.edges(within)))
    }

    /// The rings, or others of the same area if these are not valid as they were rounded.
    fn valid_rings(&self) -> Option<&GridRings> {
        let Some(given) = &self.content.given else { return Some(&self.content.rings) };
        let split = given.split.get_or_init(|| {
            let drawing = Drawing::read(&self.to_multi_polygon().0).ok()?;
            let mut rings = GridRings::default();
            for polygon in &even_odd(&drawing).ok()? {
                let points = |ring: &LineString<f64>| {
                    let e7 = |degrees| i64::from(to_e7(degrees));
                    ring.0.iter().map(|c| (e7(c.x), e7(c.y))).collect::<Vec<Point>>()
                };
                let lines = std::iter::once(polygon.exterior()).chain(polygon.interiors());
                rings.push_part(lines.map(|ring| points(ring).into_iter()));
            }
            Some(rings)
        });
        split.as_ref()
    }

    /// The size in square metres on the WGS 84 ellipsoid, holes left out.
    ///
    /// Edges are straight in longitude and latitude, as everywhere in this crate. The polygon with the
    /// same vertices and geodesic edges has another size: a compact one with edges of 3 km at 48 degrees
    /// north differs by less than 1e-4 (7.6e-5 was measured). The difference grows with the length of
    /// the edges and with the tangent of the latitude. Computed when first asked for: O(n) for n
    /// vertices.
    #[must_use]
    pub fn size_m2(&self) -> f64 {
        self.part_sizes_m2().sum()
    }

    /// The sizes of the parts in square metres, in the order of the parts.
    #[must_use]
    pub fn part_sizes_m2(&self) -> impl ExactSizeIterator<Item = f64> + '_ {
        let sizes = self.content.part_sizes_m2.get_or_init(|| {
            self.content
                .rings
                .parts()
                .map(|mut rings| {
                    let size = |ring: &[Position]| {
                        let e7 = |value| i64::from(value);
                        ring_size_m2(ring.iter().map(|v| (e7(v.lon_e7()), e7(v.lat_e7()))))
                    };
                    let shell = rings.next().map_or(0.0, size);
                    (shell - rings.map(size).sum::<f64>()).max(0.0)
                })
                .collect()
        });
        sizes.iter().copied()
    }

    /// The shortest way across that is shorter than `least_m` metres; `None` if there is none.
    pub(crate) fn neck(&self, least_m: f64) -> Option<Neck> {
        neck(&self.content.rings, least_m)
    }

    /// The number of parts, at least one.
    ///
    /// A part that crosses the antimeridian was split there, and counts once for each side's pieces.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.content.rings.part_ends.len()
    }

    /// The number of vertices in all rings, each ring open.
    #[must_use]
    pub fn vertices(&self) -> usize {
        self.content.rings.vertices.len()
    }

    /// The bounds in degrees: west, south, east and north. Use them to fit a map to the area.
    ///
    /// An area on both sides of the antimeridian reaches from -180 to 180.
    #[must_use]
    pub fn bounds(&self) -> (f64, f64, f64, f64) {
        let Envelope { west, south, east, north } = self.content.rings.envelope();
        let degrees = |e7| f64::from(e7) / E7;
        (degrees(west), degrees(south), degrees(east), degrees(north))
    }

    /// The area in degrees, as it was rounded and split: closed rings, shells counter-clockwise and
    /// holes clockwise (RFC 7946). Use this to hand an area to other crates of the `geo` family.
    #[must_use]
    pub fn to_multi_polygon(&self) -> MultiPolygon<f64> {
        self.content.rings.planar(E7)
    }

    /// The drawing that is written, so that reading it gives this area again.
    pub(crate) fn written(&self) -> std::borrow::Cow<'_, MultiPolygon<f64>> {
        match &self.content.given {
            Some(given) => std::borrow::Cow::Borrowed(&given.drawing),
            None => std::borrow::Cow::Owned(self.to_multi_polygon()),
        }
    }

    /// One vertex of each ring.
    pub(crate) fn ring_starts(&self) -> impl Iterator<Item = Position> + '_ {
        self.content.rings.iter().filter_map(|ring| ring.first().copied())
    }

    /// The envelope of each part, a longitude of 180 staying 180.
    pub(crate) fn part_envelopes(&self) -> impl Iterator<Item = Envelope> + '_ {
        let shell = |mut rings| Iterator::next(&mut rings).unwrap_or_default();
        self.content.rings.parts().map(move |rings| Envelope::of(shell(rings).iter().copied()))
    }

    pub(crate) fn boundary(&self) -> &Boundary {
        &self.content.boundary
    }

    pub(crate) fn envelope(&self) -> Envelope {
        self.envelope
    }
}

impl PartialEq for Area {
    fn eq(&self, other: &Self) -> bool {
        self.content.rings == other.content.rings
    }
}

impl Eq for Area {}

impl fmt::Debug for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (west, south, east, north) = self.bounds();
        f.debug_struct("Area")
            .field("parts", &self.parts())
            .field("vertices", &self.vertices())
            .field("bounds", &[west, south, east, north])
            .finish_non_exhaustive()
    }
}

fn validate(drawing: &Drawing) -> Result<(), AreaError> {
    let refuse = |drawing: &Drawing, found: Collision| AreaError::Flawed {
        flaw: found.flaw,
        at: drawing.place(found.vertex, found.near),
        with: found.with.map(|vertex| drawing.place(vertex, found.near)),
    };
    if let Some(found) = find_flaw(drawing) {
        return Err(refuse(drawing, found));
    }
    if let Some(copied) = drawing.with_copies()
        && let Some(found) = find_flaw(&copied)
    {
        return Err(refuse(&copied, found));
    }
    Ok(())
}

/// Whether rings, written in degrees, would be read as these rings again.
fn read_back(rings: &GridRings) -> bool {
    let written = rings.planar(E7);
    Drawing::read(&written.0)
        .is_ok_and(|drawing| validate(&drawing).is_ok() && GridRings::rounded(&drawing) == *rings)
}
