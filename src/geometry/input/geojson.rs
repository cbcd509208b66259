//! GeoJSON: read with the path to what is wrong, and written as any serde format has it.

use std::fmt;

use geo_types::{Coord, LineString, Polygon};
use geojson::{FeatureCollection, GeoJson, GeometryValue};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::geometry::area::Area;
use crate::geometry::drawing::AreaError;
use crate::geometry::grid::read_degrees;

/// The polygons of a GeoJSON text.
pub(crate) fn polygons(text: &str) -> Result<Vec<Polygon<f64>>, AreaError> {
    match serde_json::from_str(text).map_err(|error| no_geojson(&error))? {
        GeoJson::Geometry(geometry) => areal(&geometry.value, &Path::Start),
        GeoJson::Feature(feature) => match feature.geometry {
            Some(geometry) => areal(&geometry.value, &Path::Start.key("geometry")),
            None => Err(AreaError::not_areal("a feature without a geometry")),
        },
        GeoJson::FeatureCollection(collection) => only_areal(&collection),
    }
}

/// The complaint of the JSON reader, without the name of the crate's own step in front.
fn no_geojson(error: &serde_json::Error) -> AreaError {
    let words = error.to_string();
    let step = "Error while deserializing GeoJSON: ";
    AreaError::syntax("GeoJSON", words.strip_prefix(step).unwrap_or(&words))
}

/// The way to a value in a JSON text, as a reader would write it: `features[2].geometry`.
#[derive(Clone, Copy)]
enum Path<'a> {
    Start,
    Key(&'a Path<'a>, &'static str),
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn key(&self, key: &'static str) -> Path<'_> {
        Path::Key(self, key)
    }

    fn index(&self, index: usize) -> Path<'_> {
        Path::Index(self, index)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => Ok(()),
            Self::Key(Path::Start, key) => f.write_str(key),
            Self::Key(before, key) => write!(f, "{before}.{key}"),
            Self::Index(before, index) => write!(f, "{before}[{index}]"),
        }
    }
}

/// The polygons of an areal geometry, or of all areal members of a collection.
fn areal(value: &GeometryValue, path: &Path<'_>) -> Result<Vec<Polygon<f64>>, AreaError> {
    match value {
        GeometryValue::Polygon { coordinates } => {
            Ok(vec![polygon(coordinates, &path.key("coordinates"))?])
        }
        GeometryValue::MultiPolygon { coordinates } => {
            let path = path.key("coordinates");
            let polygons = coordinates.iter().enumerate();
            polygons.map(|(index, rings)| polygon(rings, &path.index(index))).collect()
        }
        GeometryValue::GeometryCollection { geometries } => {
            let path = path.key("geometries");
            let mut polygons = Vec::new();
            for (index, geometry) in geometries.iter().enumerate() {
                match areal(&geometry.value, &path.index(index)) {
                    Ok(mut members) => polygons.append(&mut members),
                    Err(AreaError::NotAreal { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            if polygons.is_empty() {
                return Err(AreaError::not_areal("a geometry collection without a polygon"));
            }
            Ok(polygons)
        }
        other => Err(AreaError::not_areal(format!("`{}`", other.type_name()))),
    }
}

fn polygon(rings: &[Vec<geojson::Position>], path: &Path<'_>) -> Result<Polygon<f64>, AreaError> {
    let line = |(ring, positions): (usize, &Vec<geojson::Position>)| {
        let coords = positions.iter().enumerate().map(|(vertex, position)| {
            let [x, y] = pair(position.as_slice()).map_err(|error| {
                let path = path.index(ring);
                AreaError::syntax("GeoJSON", format_args!("{error} at `{}`", path.index(vertex)))
            })?;
            Ok(Coord { x, y })
        });
        coords.collect::<Result<_, AreaError>>().map(LineString)
    };
    let mut lines = rings.iter().enumerate().map(line);
    let shell = lines.next().unwrap_or_else(|| Ok(LineString(Vec::new())))?;
    Ok(Polygon::new(shell, lines.collect::<Result<_, _>>()?))
}

/// The longitude and the latitude of a position as JSON writes it.
fn pair(numbers: &[f64]) -> Result<[f64; 2], &'static str> {
    match numbers {
        [lon, lat, ..] => Ok([*lon, *lat]),
        _ => Err("a position needs a longitude and a latitude"),
    }
}

/// The polygons of the one areal feature.
fn only_areal(collection: &FeatureCollection) -> Result<Vec<Polygon<f64>>, AreaError> {
    let path = Path::Start.key("features");
    let mut found = None;
    let mut count = 0;
    for (index, feature) in collection.features.iter().enumerate() {
        let Some(geometry) = &feature.geometry else { continue };
        match areal(&geometry.value, &path.index(index).key("geometry")) {
            Ok(polygons) => {
                count += 1;
                found = Some(polygons);
            }
            Err(AreaError::NotAreal { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    match (found, count) {
        (Some(polygons), 1) => Ok(polygons),
        (None, _) => Err(AreaError::not_areal("a feature collection without a polygon")),
        _ => Err(AreaError::not_areal(format!(
            "a feature collection with {count} polygons or multipolygons"
        ))),
    }
}

/// A geometry as GeoJSON writes it, in any serde format.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", content = "coordinates", expecting = "a GeoJSON polygon or multipolygon")]
enum GeometryForm {
    Polygon(Vec<Vec<Pair>>),
    MultiPolygon(Vec<Vec<Vec<Pair>>>),
}

/// Longitude and latitude in degrees; what follows them (an altitude) is read and passed over.
#[derive(Serialize)]
#[serde(transparent)]
struct Pair([f64; 2]);

impl<'de> Deserialize<'de> for Pair {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_degrees(deserializer).map(Self)
    }
}

impl Serialize for Area {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ring = |line: &LineString<f64>| line.0.iter().map(|c| Pair([c.x, c.y])).collect();
        let polygon = |polygon: &Polygon<f64>| {
            let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
            rings.map(ring).collect()
        };
        match self.written().0.as_slice() {
            [only] => GeometryForm::Polygon(polygon(only)),
            parts => GeometryForm::MultiPolygon(parts.iter().map(polygon).collect()),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Area {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let polygons = match GeometryForm::deserialize(deserializer)? {
            GeometryForm::Polygon(rings) => vec![rings],
            GeometryForm::MultiPolygon(polygons) => polygons,
        };
        let line = |ring: Vec<Pair>| {
            LineString(ring.into_iter().map(|Pair([x, y])| Coord { x, y }).collect())
        };
        let polygons: Vec<Polygon<f64>> = polygons
            .into_iter()
            .map(|rings| {
                let mut lines = rings.into_iter().map(line);
                let shell = lines.next().unwrap_or_else(|| LineString(Vec::new()));
                Polygon::new(shell, lines.collect())
            })
            .collect();
        Self::from_polygons(&polygons).map_err(de::Error::custom)
    }
}
