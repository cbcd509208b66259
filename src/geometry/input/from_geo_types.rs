//! Areas from any geometry of `geo-types`.

use geo_types::{Geometry, Polygon};

use super::shapes::rectangle;
use crate::geometry::area::Area;
use crate::geometry::drawing::AreaError;

/// Takes a polygon, several polygons, a rectangle, a triangle, or a collection of these.
///
/// ```
/// use canvass::Area;
/// use canvass::geo_types::{Geometry, Point, Rect};
///
/// let block = Geometry::from(Rect::new((-73.98, 40.76), (-73.97, 40.77)));
/// assert_eq!(Area::try_from(block)?, Area::from_bounds(-73.98, 40.76, -73.97, 40.77)?);
/// assert!(Area::try_from(Geometry::from(Point::new(-73.98, 40.76))).is_err());
/// # Ok::<(), canvass::error::AreaError>(())
/// ```
impl TryFrom<Geometry<f64>> for Area {
    type Error = AreaError;

    fn try_from(geometry: Geometry<f64>) -> Result<Self, AreaError> {
        Self::from_polygons(&polygons(geometry)?)
    }
}

/// The polygons of a geometry, in its order; anything that has no inside is refused.
fn polygons(geometry: Geometry<f64>) -> Result<Vec<Polygon<f64>>, AreaError> {
    let mut parts = Vec::new();
    // The rest of the work is a list, since a collection may hold collections as deep as a caller
    // likes.
    let mut left = vec![geometry];
    while let Some(geometry) = left.pop() {
        let found = match geometry {
            Geometry::Polygon(polygon) => {
                parts.push(polygon);
                continue;
            }
            Geometry::MultiPolygon(polygons) => {
                parts.extend(polygons);
                continue;
            }
            Geometry::Rect(bounds) => {
                // Its own outline would be the short way around where it is wider than 180 degrees.
                let (min, max) = (bounds.min(), bounds.max());
                parts.push(rectangle(min.x, min.y, max.x, max.y));
                continue;
            }
            Geometry::Triangle(triangle) => {
                parts.push(triangle.to_polygon());
                continue;
            }
            Geometry::GeometryCollection(members) => {
                left.extend(members.0.into_iter().rev());
                continue;
            }
            Geometry::Point(_) => "Point",
            Geometry::MultiPoint(_) => "MultiPoint",
            Geometry::Line(_) => "Line",
            Geometry::LineString(_) => "LineString",
            Geometry::MultiLineString(_) => "MultiLineString",
        };
        return Err(AreaError::not_areal(format!("a `{found}`")));
    }
    Ok(parts)
}
