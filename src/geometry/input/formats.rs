//! Areas from and to what other software speaks: geo types, GeoJSON, WKT, CAP.

use std::str::FromStr;

use geo::{Destination, Geodesic};
use geo_types::{Coord, Geometry, LineString, MultiPolygon, Point, Polygon, Rect};

use super::geojson;
use crate::geometry::area::Area;
use crate::geometry::drawing::{AreaError, MAX_RADIUS_M};
use crate::geometry::grid::Position;

/// Vertices of a circle.
const CIRCLE: u8 = 64;

/// Reading and writing.
impl Area {
    /// Reads GeoJSON: a polygon, a multipolygon, a feature of one, or a feature collection in which
    /// exactly one feature is one. The polygons of a geometry collection are the parts of one area.
    ///
    /// # Errors
    ///
    /// If the text is not GeoJSON, does not have exactly one areal geometry, or that is not a valid
    /// area.
    pub fn from_geojson(text: &str) -> Result<Self, AreaError> {
        Self::from_polygons(&geojson::polygons(text)?)
    }

    /// Reads well-known text: `POLYGON` or `MULTIPOLYGON`, longitude first.
    ///
    /// # Errors
    ///
    /// If the text is not WKT, is of another type, or is not a valid area.
    pub fn from_wkt(text: &str) -> Result<Self, AreaError> {
        let text = text.trim();
        let word: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
        // Only these two: other types are of no use here, and collections nest without a limit.
        if !["POLYGON", "MULTIPOLYGON"].contains(&word.to_ascii_uppercase().as_str()) {
            return Err(match word.len() {
                0 => AreaError::syntax("WKT", "it does not start with a word"),
                _ => {
                    AreaError::not_areal(format!("`{}`", word.chars().take(32).collect::<String>()))
                }
            });
        }
        let parsed =
            wkt::Wkt::<f64>::from_str(text).map_err(|error| AreaError::syntax("WKT", error))?;
        match Geometry::try_from(parsed) {
            Ok(Geometry::Polygon(polygon)) => Self::from_polygons(&[polygon]),
            Ok(Geometry::MultiPolygon(polygons)) => Self::from_polygons(&polygons.0),
            Ok(_) => Err(AreaError::not_areal("another type")),
            Err(error) => Err(AreaError::syntax("WKT", error)),
        }
    }

    /// Reads the polygon of a Common Alerting Protocol message: pairs `lat,lon` with spaces between,
    /// latitude first; the last pair may repeat the first, as it must in CAP.
    ///
    /// ```
    /// use canvass::Area;
    ///
    /// let text = "38.47,-120.14 38.34,-119.95 38.52,-119.74 38.62,-119.89 38.47,-120.14";
    /// assert_eq!(Area::from_cap_polygon(text)?.vertices(), 4);
    /// # Ok::<(), canvass::error::AreaError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the text is not of that form, or is not a valid area.
    pub fn from_cap_polygon(text: &str) -> Result<Self, AreaError> {
        let coords: Result<Vec<Coord<f64>>, AreaError> =
            text.split_whitespace().map(|pair| cap_pair("CAP polygon", pair)).collect();
        Self::from_polygons(&[Polygon::new(LineString(coords?), Vec::new())])
    }

    /// Reads the circle of a Common Alerting Protocol message: `lat,lon` and a radius in kilometres.
    ///
    /// # Errors
    ///
    /// If the text is not of that form, or as [`Area::from_circle`].
    pub fn from_cap_circle(text: &str) -> Result<Self, AreaError> {
        let mut words = text.split_whitespace();
        let (Some(center), Some(radius), None) = (words.next(), words.next(), words.next()) else {
            return Err(AreaError::syntax("CAP circle", "expected `lat,lon` and a radius"));
        };
        let center = cap_pair("CAP circle", center)?;
        let center = Position::new(center.x, center.y)
            .map_err(|error| AreaError::syntax("CAP circle", error))?;
        Self::from_circle(center, number("CAP circle", radius)? * 1000.0)
    }

    /// Everything within a distance in metres, as a ring of 64 geodesic destinations.
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

    /// Everything between two meridians and two parallels, in degrees.
    ///
    /// If `west` is greater than `east`, the area crosses the antimeridian. From -180 to 180 it is
    /// the whole band. `south` and `north` may be given in either order.
    ///
    /// # Errors
    ///
    /// If a number is out of range, or the bounds enclose nothing or more than 360 degrees.
    pub fn from_bounds(west: f64, south: f64, east: f64, north: f64) -> Result<Self, AreaError> {
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
        Self::from_polygons(&[Polygon::new(LineString(shell), Vec::new())])
    }

    /// The area as a GeoJSON geometry; [`Area::from_geojson`] reads it as the same area.
    ///
    /// In the rare case that rounding to 1e-7 degree let edges touch or cross, the drawing as it was
    /// given is written, for the rounded one would be refused.
    ///
    /// ```
    /// use canvass::Area;
    ///
    /// let area = Area::from_bounds(0.0, 0.0, 2.0, 1.0)?;
    /// let text = r#"{"type":"Polygon","coordinates":[[[0.0,0.0],[2.0,0.0],[2.0,1.0],[0.0,1.0],[0.0,0.0]]]}"#;
    /// assert_eq!(area.to_geojson(), text);
    /// assert_eq!(Area::from_geojson(text)?, area);
    /// # Ok::<(), canvass::error::AreaError>(())
    /// ```
    #[must_use]
    pub fn to_geojson(&self) -> String {
        // Writing numbers and fixed names to a string cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl TryFrom<&MultiPolygon<f64>> for Area {
    type Error = AreaError;

    fn try_from(drawing: &MultiPolygon<f64>) -> Result<Self, AreaError> {
        Self::new(drawing)
    }
}

impl TryFrom<MultiPolygon<f64>> for Area {
    type Error = AreaError;

    fn try_from(drawing: MultiPolygon<f64>) -> Result<Self, AreaError> {
        Self::new(&drawing)
    }
}

impl TryFrom<&Polygon<f64>> for Area {
    type Error = AreaError;

    fn try_from(drawing: &Polygon<f64>) -> Result<Self, AreaError> {
        Self::from_polygons(std::slice::from_ref(drawing))
    }
}

impl TryFrom<Polygon<f64>> for Area {
    type Error = AreaError;

    fn try_from(drawing: Polygon<f64>) -> Result<Self, AreaError> {
        Self::try_from(&drawing)
    }
}

impl TryFrom<Rect<f64>> for Area {
    type Error = AreaError;

    fn try_from(drawing: Rect<f64>) -> Result<Self, AreaError> {
        let (min, max) = (drawing.min(), drawing.max());
        Self::from_bounds(min.x, min.y, max.x, max.y)
    }
}

impl FromStr for Area {
    type Err = AreaError;

    /// Reads GeoJSON, as [`Area::from_geojson`].
    fn from_str(text: &str) -> Result<Self, AreaError> {
        Self::from_geojson(text)
    }
}

fn cap_pair(format: &'static str, pair: &str) -> Result<Coord<f64>, AreaError> {
    let Some((lat, lon)) = pair.split_once(',') else {
        return Err(AreaError::syntax(format, format_args!("`{pair}` is not `lat,lon`")));
    };
    Ok(Coord { x: number(format, lon)?, y: number(format, lat)? })
}

fn number(format: &'static str, word: &str) -> Result<f64, AreaError> {
    word.parse().map_err(|_| AreaError::syntax(format, format_args!("`{word}` is not a number")))
}
