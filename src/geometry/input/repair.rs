//! Repairs of refused drawings, for their authors to accept or not.

use std::collections::HashSet;
use std::fmt;

use geo_types::{LineString, MultiPolygon, Polygon};

use crate::geometry::area::Area;
use crate::geometry::drawing::{AreaError, AreaFlaw, Drawing, grid_position, is_empty};
use crate::geometry::grid::{Position, ring_size_m2};
use crate::geometry::overlay::even_odd;

impl Area {
    /// Repairs a drawing that is refused. Show the result to its author before you use it.
    ///
    /// The outline is read by the even-odd rule: a position is inside if an odd number of rings go around it. So
    /// a bow-tie becomes two parts, a spike vanishes, and where two parts overlap there is a hole.
    /// Places that are inside in both readings stay inside; [`Repaired`] lists the changes. Rings with
    /// fewer than three different vertices are left out, which is a change. A valid drawing is left as
    /// it is.
    ///
    /// Crossings become vertices, rounded to 1e-7 degree as all others, and no edge is moved by more
    /// than half of that in either axis, however many cross. O(n²) for n vertices at worst:
    /// bound the vertices of drawings you do not trust. Memory is O(n), for a drawing with more than
    /// about 5,000 crossings, and two more for each vertex, is given up.
    ///
    /// ```
    /// use canvass::Area;
    /// use geo_types::{MultiPolygon, polygon};
    ///
    /// let bow_tie = polygon![(x: 0.0, y: 0.0), (x: 2.0, y: 2.0), (x: 2.0, y: 0.0), (x: 0.0, y: 2.0)];
    /// let repaired = Area::repaired(&MultiPolygon(vec![bow_tie]))?;
    /// assert_eq!(repaired.area().parts(), 2);
    /// assert!(repaired.is_changed());
    /// // For its author to read: the flaw, and the change.
    /// let words = "the outline crosses itself near `1 1`";
    /// assert!(repaired.to_string().starts_with(words));
    /// # Ok::<(), canvass::error::AreaError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a coordinate is not finite or out of range, a ring goes around a pole or is too wide, nothing
    /// with an inside is left, parts on different turns of the map overlap, or nearly everything
    /// crosses.
    pub fn repaired(drawing: &MultiPolygon<f64>) -> Result<Repaired, AreaError> {
        let rings = with_rings_only(drawing);
        let read = Drawing::read(&rings.0)?;
        let mut given = Tally::of_drawing(&read);
        given.count_left_out(drawing, &rings);
        let (area, cause) = match (Self::new(drawing), Self::new(&rings)) {
            (Ok(area), _) => (area, None),
            (Err(cause), Ok(area)) => (area, Some(cause)),
            (Err(cause), Err(_)) => (Self::new(&even_odd(&read)?)?, Some(cause)),
        };
        let result = Tally::of_area(&area);
        let added = result.positions.difference(&given.positions).count();
        let removed = given.positions.difference(&result.positions).count();
        let before = given.counts();
        let after = Counts { size_m2: area.size_m2(), ..result.counts() };
        Ok(Repaired { area, cause, before, after, added, removed })
    }
}

/// An area made of a drawing, and the changes that it took.
#[derive(Clone, Debug)]
pub struct Repaired {
    area: Area,
    cause: Option<AreaError>,
    before: Counts,
    after: Counts,
    added: usize,
    removed: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Counts {
    parts: usize,
    holes: usize,
    size_m2: f64,
}

impl Repaired {
    /// The area after the repair.
    #[must_use]
    pub const fn area(&self) -> &Area {
        &self.area
    }

    /// The area after the repair, without the list of changes.
    #[must_use]
    pub fn into_area(self) -> Area {
        self.area
    }

    /// Whether the drawing had to be changed. If so, ask its author before you use the area.
    #[must_use]
    pub const fn is_changed(&self) -> bool {
        self.cause.is_some()
    }

    /// Why the drawing could not stay as it was: the first reason found.
    #[must_use]
    pub const fn cause(&self) -> Option<&AreaError> {
        self.cause.as_ref()
    }

    /// Places that are vertices now but were not: crossings, and cuts at the antimeridian.
    #[must_use]
    pub const fn vertices_added(&self) -> usize {
        self.added
    }

    /// Places that were vertices and are no longer.
    #[must_use]
    pub const fn vertices_removed(&self) -> usize {
        self.removed
    }

    /// The number of parts before and after.
    #[must_use]
    pub const fn parts(&self) -> (usize, usize) {
        (self.before.parts, self.after.parts)
    }

    /// The number of holes before and after.
    #[must_use]
    pub const fn holes(&self) -> (usize, usize) {
        (self.before.holes, self.after.holes)
    }

    /// The size in square metres before and after. Before, it is that of all shells less that of all
    /// holes, and of a ring that crosses itself the difference between the parts that it goes around one way
    /// and the other: so a bow-tie may have had none.
    #[must_use]
    pub const fn size_m2(&self) -> (f64, f64) {
        (self.before.size_m2, self.after.size_m2)
    }
}

impl fmt::Display for Repaired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(cause) = &self.cause else { return f.write_str("nothing changed") };
        write!(
            f,
            "{cause}; repaired: {} vertices added, {} removed, parts {} to {}, holes {} to {}, \
             size {:.0} m2 to {:.0} m2",
            self.added,
            self.removed,
            self.before.parts,
            self.after.parts,
            self.before.holes,
            self.after.holes,
            self.before.size_m2,
            self.after.size_m2,
        )
    }
}

struct Tally {
    positions: HashSet<Position>,
    parts: usize,
    holes: usize,
    size_m2: f64,
}

impl Tally {
    fn of_drawing(drawing: &Drawing) -> Self {
        let mut tally = Self { positions: HashSet::new(), parts: 0, holes: 0, size_m2: 0.0 };
        for ring in &drawing.rings {
            let vertices = drawing.vertices.get(ring.start..ring.end).unwrap_or_default();
            tally.positions.extend(vertices.iter().map(crate::geometry::drawing::Vertex::position));
            let size = ring_size_m2(vertices.iter().map(|vertex| (vertex.lon, vertex.lat)));
            if ring.hole == 0 {
                tally.parts += 1;
                tally.size_m2 += size;
            } else {
                tally.holes += 1;
                tally.size_m2 -= size;
            }
        }
        tally.size_m2 = tally.size_m2.max(0.0);
        tally
    }

    /// Counts the rings of a drawing that are not among its [rings](with_rings_only).
    fn count_left_out(&mut self, drawing: &MultiPolygon<f64>, rings: &MultiPolygon<f64>) {
        let shells = |of: &MultiPolygon<f64>| of.iter().filter(|part| !is_empty(part)).count();
        let holes = |of: &MultiPolygon<f64>| {
            let holes = of.iter().flat_map(Polygon::interiors);
            holes.filter(|hole| !hole.0.is_empty()).count()
        };
        let parts = shells(drawing).saturating_sub(shells(rings));
        let cuts = holes(drawing).saturating_sub(holes(rings));
        if parts + cuts == 0 {
            return;
        }
        self.parts += parts;
        self.holes += cuts;
        let lines = drawing
            .iter()
            .flat_map(|part| std::iter::once(part.exterior()).chain(part.interiors()))
            .filter(|line| !is_ring(line));
        self.positions.extend(lines.flat_map(|line| &line.0).map(|&coord| grid_position(coord)));
    }

    fn of_area(area: &Area) -> Self {
        let mut tally =
            Self { positions: HashSet::new(), parts: area.parts(), holes: 0, size_m2: 0.0 };
        for polygon in &area.to_multi_polygon() {
            let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
            let coords = rings.flat_map(|ring| &ring.0);
            tally.positions.extend(coords.filter_map(|c| Position::new(c.x, c.y).ok()));
            tally.holes += polygon.interiors().len();
        }
        tally
    }

    fn counts(&self) -> Counts {
        Counts { parts: self.parts, holes: self.holes, size_m2: self.size_m2 }
    }
}

/// The drawing without the rings that have fewer than three different vertices.
fn with_rings_only(drawing: &MultiPolygon<f64>) -> MultiPolygon<f64> {
    let polygons = drawing.iter().filter(|polygon| is_ring(polygon.exterior())).map(|polygon| {
        let holes = polygon.interiors().iter().filter(|hole| is_ring(hole)).cloned();
        Polygon::new(polygon.exterior().clone(), holes.collect())
    });
    MultiPolygon(polygons.collect())
}

/// Whether a line has three different vertices, or numbers for which the drawing is refused.
fn is_ring(line: &LineString<f64>) -> bool {
    let alone = Polygon::new(line.clone(), Vec::new());
    !matches!(
        Drawing::read(std::slice::from_ref(&alone)),
        Err(AreaError::Empty | AreaError::Flawed { flaw: AreaFlaw::TooFewVertices, .. })
    )
}
