//! The operator's own map: a GeoJSON file whose features have a `kind`.

use std::path::Path;

use canvass::Position;
use canvass::error::PositionError;
use serde::Deserialize;

use super::{BaseMap, End, Kind, Picture};

/// Why a file is not a map.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unread(std::io::Error),
    /// The text is not a feature collection of lines and polygons.
    #[error("no GeoJSON feature collection of lines and polygons: {0}")]
    Syntax(#[from] serde_json::Error),
    /// A feature has a kind that is not drawn.
    #[error(
        "feature {index}: kind `{kind}` is not water, park, road or building; set the property `kind`"
    )]
    Kind {
        /// The index of the feature, from 0.
        index: usize,
        /// Its kind.
        kind: String,
    },
    /// A position is not on the earth.
    #[error("feature {index}: {error}")]
    Position {
        /// The index of the feature, from 0.
        index: usize,
        /// The reason.
        error: PositionError,
    },
}

/// A file that is not a map.
#[derive(Debug, thiserror::Error)]
#[error("the map `{path}`: {error}")]
pub struct NoMap {
    /// The file.
    path: String,
    /// The reason.
    error: MapError,
}

#[derive(Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    #[serde(default)]
    properties: Properties,
    geometry: Geometry,
}

#[derive(Default, Deserialize)]
struct Properties {
    #[serde(default)]
    kind: String,
}

type Line = Vec<Coordinates>;

/// A third number, a height, is allowed and ignored.
#[derive(Clone, Copy, Deserialize)]
#[serde(from = "Vec<f64>")]
struct Coordinates(f64, f64);

impl From<Vec<f64>> for Coordinates {
    fn from(numbers: Vec<f64>) -> Self {
        // A missing number becomes NaN, which no position accepts.
        let number = |place| numbers.get(place).copied().unwrap_or(f64::NAN);
        Self(number(0), number(1))
    }
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    LineString(Line),
    MultiLineString(Vec<Line>),
    Polygon(Vec<Line>),
    MultiPolygon(Vec<Vec<Line>>),
}

impl Geometry {
    fn lines(self) -> (Vec<Line>, End) {
        match self {
            Self::LineString(line) => (vec![line], End::Open),
            Self::MultiLineString(lines) => (lines, End::Open),
            Self::Polygon(rings) => (rings, End::Closed),
            Self::MultiPolygon(polygons) => (polygons.into_iter().flatten().collect(), End::Closed),
        }
    }
}

impl BaseMap {
    /// Reads a map from a GeoJSON file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is no map.
    pub fn read(path: &Path) -> Result<Self, NoMap> {
        let text = std::fs::read(path).map_err(MapError::Unread);
        let read = text.and_then(|text| Self::from_geojson(&text));
        read.map_err(|error| NoMap { path: path.display().to_string(), error })
    }

    /// Reads a map from GeoJSON: a feature collection of lines and polygons, each with a `kind` of
    /// `water`, `park`, `road` or `building`.
    ///
    /// # Errors
    ///
    /// If it is something else, with the feature at fault.
    pub fn from_geojson(text: &[u8]) -> Result<Self, MapError> {
        let Collection { features } = serde_json::from_slice(text)?;
        let mut read = Vec::new();
        for (index, Feature { properties, geometry }) in features.into_iter().enumerate() {
            let kind = Kind::ALL.into_iter().find(|kind| kind.code() == properties.kind);
            let kind = kind.ok_or(MapError::Kind { index, kind: properties.kind })?;
            let (lines, end) = geometry.lines();
            for line in lines {
                let positions =
                    line.into_iter().map(|Coordinates(lon, lat)| Position::new(lon, lat));
                let positions = positions.collect::<Result<Vec<_>, _>>();
                read.push((
                    kind,
                    positions.map_err(|error| MapError::Position { index, error })?,
                    end,
                ));
            }
        }
        let places = read.iter().flat_map(|(_, line, _)| line).map(|at| (at.lon(), at.lat()));
        let mut picture = Picture::around(places);
        for (kind, line, end) in read {
            picture.line(kind, line, end);
        }
        Ok(picture.finish())
    }
}
