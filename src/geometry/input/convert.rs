//! Areas from the types of `geo-types`, and from a text.

use std::str::FromStr;

use geo_types::{MultiPolygon, Polygon, Rect};

use crate::geometry::area::Area;
use crate::geometry::drawing::AreaError;

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
