//! Circles and bounds.

use geo::{Destination, Geodesic};
use geo_types::{Coord, LineString, Point, Polygon};

use crate::geometry::area::Area;
use crate::geometry::drawing::{AreaError, MAX_RADIUS_M};
use crate::geometry::grid::Position;

/// Vertices of a circle.
const CIRCLE: u8 = 64;

/// Draws circles and bounds.
impl Area {
    /// The area within a distance in metres of a center, as a ring of 64 geodesic destinations.
    ///
    /// The ring lies inside the true circle: between two vertices by up to 0.12% of the radius, and
    /// by less than that again for the curvature of parallels while the radius is below 100 km
    /// outside polar regions.
    ///
    /// # Errors
    ///
    /// If the radius is not a positive number of at most 10,000 km, if it is below the grid, or if
    /// the circle encloses a pole.
    pub fn from_circle(center: Position, radius_m: f64) -> Result<Self, AreaError> {
        if !(radius_m > 0.0 && radius_m <= MAX_RADIUS_M) {
            return Err(AreaError::Radius { m: radius_m });
        }
        let origin = Point::new(center.lon(), center.lat());
        let vertices = (0..CIRCLE).map(|vertex| {
            let bearing = -360.0 * f64::from(vertex) / f64::from(CIRCLE);
            Geodesic.destination(origin, bearing, radius_m).0
        });
        Self::from_polygons(&[Polygon::new(LineString(vertices.collect()), Vec::new())])
    }

    /// The area between two meridians and two parallels, in degrees.
    ///
    /// If `west` is greater than `east`, the area crosses the antimeridian. From -180 to 180 it is
    /// the whole band. `south` and `north` may be given in either order.
    ///
    /// # Errors
    ///
    /// If a number is out of range, or the bounds enclose nothing or more than 360 degrees.
    pub fn from_bounds(west: f64, south: f64, east: f64, north: f64) -> Result<Self, AreaError> {
        Self::from_polygons(&[rectangle(west, south, east, north)])
    }
}

/// The outline of bounds, from the south-west corner.
pub(crate) fn rectangle(west: f64, south: f64, east: f64, north: f64) -> Polygon<f64> {
    let (mut west, mut east) = (west, if west > east { east + 360.0 } else { east });
    #[expect(clippy::float_cmp, reason = "only the exact width has no ends")]
    let whole = east - west == 360.0;
    if whole {
        (west, east) = (-180.0, 180.0);
    }
    // No edge may be wider than 180 degrees, or it would mean the other way around.
    let third = (east - west) / 3.0;
    let inner = if third > 60.0 { vec![west + third, east - third] } else { Vec::new() };
    let along = |y: f64| {
        let inner = inner.clone().into_iter().map(move |x| Coord { x, y });
        std::iter::once(Coord { x: west, y }).chain(inner).chain([Coord { x: east, y }])
    };
    let mut shell: Vec<Coord<f64>> = along(south).collect();
    let mut back: Vec<Coord<f64>> = along(north).collect();
    back.reverse();
    shell.append(&mut back);
    Polygon::new(LineString(shell), Vec::new())
}
