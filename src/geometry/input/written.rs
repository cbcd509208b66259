//! Areas written as GeoJSON, in any serde format.

use geo_types::{LineString, Polygon};
use serde::{Serialize, Serializer};

use crate::geometry::area::Area;

/// Writes GeoJSON.
impl Area {
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

/// A geometry as GeoJSON writes it.
#[derive(Serialize)]
#[serde(tag = "type", content = "coordinates")]
enum Written {
    Polygon(Vec<Vec<[f64; 2]>>),
    MultiPolygon(Vec<Vec<Vec<[f64; 2]>>>),
}

impl Serialize for Area {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ring = |line: &LineString<f64>| line.0.iter().map(|c| [c.x, c.y]).collect();
        let polygon = |polygon: &Polygon<f64>| {
            let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
            rings.map(ring).collect()
        };
        match self.written().0.as_slice() {
            [only] => Written::Polygon(polygon(only)),
            parts => Written::MultiPolygon(parts.iter().map(polygon).collect()),
        }
        .serialize(serializer)
    }
}
