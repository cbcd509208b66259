//! The map under the pages: streets, water, parks and buildings as lines of a picture, made once at start.
//!
//! A browser gets paths that it draws unchanged, and the four numbers that turn longitude and
//! latitude into the picture's units. Edges are straight in longitude and latitude, as in the
//! library.

mod file;
mod town;

use std::fmt::Write;
use std::sync::Arc;

use canvass::{Agency, Position};
use serde::Serialize;

pub use file::{MapError, NoMap};

/// Units of the picture in a degree of latitude: decimetres, so that paths need no fractions.
const PER_DEGREE: f64 = 1_110_600.0;

/// A base map, as `GET /map.json` returns it.
#[derive(Clone, Debug)]
pub struct BaseMap(Arc<str>);

impl BaseMap {
    /// The map as JSON.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.0
    }

    /// A map without streets, around the jurisdictions of agencies: for an operator without a map.
    #[must_use]
    pub fn bare<'a>(agencies: impl IntoIterator<Item = &'a Agency>) -> Self {
        let areas = agencies.into_iter().filter_map(|agency| agency.jurisdiction.as_ref());
        let corners = areas.flat_map(|area| {
            let drawn = area.to_multi_polygon();
            let shells = drawn.iter().flat_map(|polygon| polygon.exterior().coords().copied());
            shells.map(|at| (at.x, at.y)).collect::<Vec<_>>()
        });
        Picture::around(corners).finish()
    }
}

/// The kinds of shapes on a map, in the order of drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Water,
    Park,
    Road,
    Building,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Water, Self::Park, Self::Road, Self::Building];

    const fn code(self) -> &'static str {
        match self {
            Self::Water => "water",
            Self::Park => "park",
            Self::Road => "road",
            Self::Building => "building",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Closed,
}

/// A map under construction.
struct Picture {
    west: f64,
    north: f64,
    per_lon: f64,
    size: (f64, f64),
    paths: [String; Kind::ALL.len()],
}

#[derive(Serialize)]
struct Written<'a> {
    origin: [f64; 2],
    units_per_degree: [f64; 2],
    size: [f64; 2],
    layers: Vec<Layer<'a>>,
}

#[derive(Serialize)]
struct Layer<'a> {
    kind: Kind,
    d: &'a str,
}

impl Picture {
    /// A picture with room for some places, given in degrees; of the whole world without any.
    fn around(places: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let nothing = (f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY);
        let (mut west, mut south, mut east, mut north) =
            places.into_iter().fold(nothing, |(west, south, east, north), (lon, lat)| {
                (west.min(lon), south.min(lat), east.max(lon), north.max(lat))
            });
        if west > east || south > north {
            (west, south, east, north) = (-180.0, -85.0, 180.0, 85.0);
        }
        // The scale is exact in the middle.
        let per_lon = PER_DEGREE * f64::midpoint(south, north).to_radians().cos();
        let size = (((east - west) * per_lon).max(1.0), ((north - south) * PER_DEGREE).max(1.0));
        Self { west, north, per_lon, size, paths: Default::default() }
    }

    /// Draws a line through positions.
    fn line(&mut self, kind: Kind, positions: impl IntoIterator<Item = Position>, end: End) {
        let (west, north, per_lon) = (self.west, self.north, self.per_lon);
        let units = |at: Position| {
            (((at.lon() - west) * per_lon).round(), ((north - at.lat()) * PER_DEGREE).round())
        };
        let Some(path) = self.paths.get_mut(kind as usize) else { return };
        let mut last = None;
        let mut sign = 'l';
        for (x, y) in positions.into_iter().map(units) {
            // Steps from the last position are shorter than positions. Writing to a string cannot
            // fail.
            let _ = match last {
                None => write!(path, "M{x} {y}"),
                Some(last) if last == (x, y) => Ok(()),
                Some((before_x, before_y)) => {
                    let step = write!(path, "{sign}{} {}", x - before_x, y - before_y);
                    sign = ' ';
                    step
                }
            };
            last = Some((x, y));
        }
        if end == End::Closed && last.is_some() {
            path.push('z');
        }
    }

    fn finish(self) -> BaseMap {
        let layers = Kind::ALL.into_iter().zip(&self.paths).map(|(kind, d)| Layer { kind, d });
        let written = Written {
            origin: [self.west, self.north],
            units_per_degree: [self.per_lon, PER_DEGREE],
            size: [self.size.0, self.size.1],
            layers: layers.filter(|layer| !layer.d.is_empty()).collect(),
        };
        // Numbers and texts: writing them cannot fail.
        BaseMap(serde_json::to_string(&written).unwrap_or_default().into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::BaseMap;

    fn read(map: &BaseMap) -> Value {
        serde_json::from_str(map.json()).unwrap_or_default()
    }

    #[test]
    fn the_town_has_all_its_kinds_in_a_small_map() {
        let town = canvass_town::Town::build("2026-05-04T09:00:00Z".parse().unwrap_or_default());
        let Ok(map) = town.and_then(|town| BaseMap::of_town(&town)) else {
            return assert_eq!(1, 2);
        };
        let layers = read(&map)["layers"].as_array().cloned().unwrap_or_default();
        let kinds: Vec<&str> = layers.iter().filter_map(|layer| layer["kind"].as_str()).collect();
        assert_eq!(kinds, ["water", "park", "road", "building"]);
        assert!(map.json().len() < 300_000, "{}", map.json().len());
    }

    #[test]
    fn a_file_is_drawn_and_its_faults_are_named() {
        let road = |kind: &str, lon: f64| {
            format!(
                r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"kind":"{kind}"}},
                "geometry":{{"type":"LineString","coordinates":[[{lon},50],[10.001,50.001]]}}}}]}}"#
            )
        };
        let map = BaseMap::from_geojson(road("road", 10.0).as_bytes()).map(|map| read(&map));
        let map = map.unwrap_or_default();
        assert_eq!(map["origin"], serde_json::json!([10.0, 50.001]));
        assert_eq!(map["layers"][0]["d"], "M0 1111l714 -1111");
        for (wrong, named) in [
            (
                road("motorway", 10.0),
                "feature 0: kind `motorway` is not water, park, road or building",
            ),
            (road("road", 200.0), "feature 0: "),
            ("[]".to_owned(), "no GeoJSON"),
            ("{".to_owned(), "no GeoJSON"),
        ] {
            let error = BaseMap::from_geojson(wrong.as_bytes()).map(|_| ()).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
        }
    }
}
