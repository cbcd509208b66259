//! The one reader of GeoJSON (RFC 7946): of texts, and of areas inside records of any serde format.
//!
//! ```text
//! text     = geometry | feature | collection of features
//! geometry = { "type": T, "coordinates": lists as deep as T requires }
//!          | { "type": "GeometryCollection", "geometries": [ geometry, ... ] }
//! feature  = { "type": "Feature", "geometry": geometry | null }
//! features = { "type": "FeatureCollection", "features": [ feature, ... ] }
//! ```
//!
//! Members may come in any order, each once. `bbox` must be a list of numbers, `id` a string or a
//! number, and `properties` an object; each may be `null`. Other members are passed over. A member
//! that draws something (`coordinates`, `geometries`, `geometry`, `features`) in an object of another
//! type is refused, as in RFC 7946, 7.1: else a part of the drawing would be lost silently.

use std::fmt;

use geo_types::Polygon;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::coordinates::{Coordinates, Depth, Path};
use super::members::{Optional, Properties, Scalar};
use super::object_kind::{Kind, Role};
use super::text_place::JsonFault;
use crate::geometry::area::Area;
use crate::geometry::drawing::{AreaError, is_empty};

/// Reads GeoJSON.
impl Area {
    /// Reads GeoJSON: a polygon, a multipolygon, a feature of one, or a feature collection in which
    /// exactly one feature is one. The polygons of a geometry collection are the parts of one area.
    ///
    /// Empty polygons and empty holes are passed over wherever they stand, and features of nothing
    /// else are not counted. You need not call this for an area inside a record of a serde format:
    /// it is read in the same way.
    ///
    /// ```
    /// use canvass::Area;
    ///
    /// let text = r#"{"type":"MultiPolygon","coordinates":[[],[[[0,0],[1,0],[1,1],[0,0]]]]}"#;
    /// assert_eq!(Area::from_geojson(text)?.parts(), 1);
    /// let error = Area::from_geojson(r#"{"type":"Polygon","coordinates":[[[0,0],[1],[1,1]]]}"#);
    /// assert_eq!(
    ///     error.unwrap_err().to_string(),
    ///     "not a valid GeoJSON: a position needs a longitude and a latitude at `coordinates[0][1]`",
    /// );
    /// # Ok::<(), canvass::error::AreaError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the text is not GeoJSON, does not have exactly one areal geometry, or that is not a valid
    /// area.
    pub fn from_geojson(text: &str) -> Result<Self, AreaError> {
        let text = text.trim_start_matches('\u{feff}');
        let mut json = serde_json::Deserializer::from_str(text);
        let read = TEXT.deserialize(&mut json).and_then(|read| json.end().map(|()| read));
        let fault = |error| AreaError::syntax("GeoJSON", JsonFault { text, error: &error });
        Self::from_polygons(&read.map_err(fault)??)
    }
}

impl<'de> Deserialize<'de> for Area {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let polygons = TEXT.deserialize(deserializer)?;
        polygons.and_then(|polygons| Self::from_polygons(&polygons)).map_err(D::Error::custom)
    }
}

/// The polygons of an object, or why it has none.
type Drawn = Result<Vec<Polygon<f64>>, AreaError>;

/// Reads one GeoJSON object.
struct Object<'a> {
    path: Path<'a>,
    role: Role,
}

/// A text as a whole.
const TEXT: Object<'static> = Object { path: Path::Start, role: Role::Text };

/// The names of members.
#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(crate = "crate::util::by_name", field_identifier, rename_all = "lowercase")]
enum Member {
    Type,
    Coordinates,
    Geometries,
    Geometry,
    Features,
    Bbox,
    Id,
    Properties,
    #[serde(other)]
    Foreign,
}

/// The members that were read.
#[derive(Default)]
struct Members {
    name: Option<String>,
    coordinates: Option<Lists>,
    geometries: Option<Vec<Drawn>>,
    geometry: Option<Drawn>,
    features: Option<Vec<Drawn>>,
}

/// Coordinates, read once the type is known.
enum Lists {
    Read(Coordinates),
    Kept(serde_json::Value),
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = Drawn;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Drawn, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Drawn;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.role.name(), self.path.place())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Drawn, A::Error> {
        let mut members = Members::default();
        // A bit for each member, so that nothing is allocated.
        let mut seen = 0_u16;
        while let Some(member) = map.next_key::<Member>()? {
            if member != Member::Foreign {
                let bit = 1 << member as u8;
                if seen & bit != 0 {
                    return Err(A::Error::custom(format_args!(
                        "a member occurs twice{}: keep one of them",
                        self.path.place()
                    )));
                }
                seen |= bit;
            }
            self.member(member, &mut map, &mut members)?;
        }
        self.drawn(members)
    }
}

impl Object<'_> {
    fn member<'de, A: MapAccess<'de>>(
        &self,
        member: Member,
        map: &mut A,
        members: &mut Members,
    ) -> Result<(), A::Error> {
        let path = |key| self.path.key(key);
        match member {
            Member::Type => members.name = Some(map.next_value()?),
            Member::Coordinates => {
                let kind = members.name.as_deref().and_then(Kind::of);
                members.coordinates = match kind {
                    Some(Kind::Coordinates { depth, .. }) => {
                        let depth = Depth { depth, path: path("coordinates") };
                        Some(Lists::Read(map.next_value_seed(depth)?))
                    }
                    _ => map.next_value::<Option<_>>()?.map(Lists::Kept),
                };
            }
            Member::Geometries => {
                let (path, role) = (path("geometries"), Role::Geometry);
                members.geometries = map.next_value_seed(Optional(Objects { path, role }))?;
            }
            Member::Features => {
                let (path, role) = (path("features"), Role::Feature);
                members.features = map.next_value_seed(Optional(Objects { path, role }))?;
            }
            Member::Geometry => {
                let (path, role) = (path("geometry"), Role::Geometry);
                members.geometry = map.next_value_seed(Optional(Object { path, role }))?;
            }
            Member::Bbox => drop(map.next_value::<Option<Vec<f64>>>()?),
            Member::Properties => drop(map.next_value_seed(Optional(Properties))?),
            Member::Id => drop(map.next_value_seed(Optional(Scalar))?),
            Member::Foreign => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }

    /// The drawing of the members of an object; an error is that of coordinates kept for later.
    fn drawn<E: Error>(&self, members: Members) -> Result<Drawn, E> {
        let place = self.path.place();
        let refuse = |words: fmt::Arguments<'_>| Ok(Err(AreaError::syntax("GeoJSON", words)));
        let Some(name) = members.name else {
            return refuse(format_args!("missing field `type`{place}"));
        };
        let Some(kind) = Kind::of(&name).filter(|&kind| self.role.allows(kind)) else {
            let role = self.role.name();
            return refuse(format_args!("`{name}` is not a type of {role}{place}"));
        };
        let drawing = [
            ("coordinates", members.coordinates.is_some()),
            ("geometries", members.geometries.is_some()),
            ("geometry", members.geometry.is_some()),
            ("features", members.features.is_some()),
        ];
        for (member, is_there) in drawing {
            if is_there && member != kind.member() {
                return refuse(format_args!(
                    "a `{name}` cannot have a member `{member}`{place}: draw one or the other"
                ));
            }
        }
        let missing = || refuse(format_args!("missing field `{}`{place}", kind.member()));
        match kind {
            Kind::Coordinates { depth, is_areal } => {
                let coordinates = match members.coordinates {
                    Some(Lists::Read(coordinates)) => coordinates,
                    Some(Lists::Kept(value)) => {
                        let depth = Depth { depth, path: self.path.key("coordinates") };
                        depth.deserialize(value).map_err(E::custom)?
                    }
                    None => return missing(),
                };
                let polygons = coordinates.polygons();
                Ok(polygons.and_then(|polygons| {
                    let none = || AreaError::not_areal(format!("`{name}`"));
                    is_areal.then_some(polygons).ok_or_else(none)
                }))
            }
            Kind::GeometryCollection => members.geometries.map_or_else(missing, |m| Ok(parts(m))),
            Kind::Feature => Ok(members
                .geometry
                .unwrap_or_else(|| Err(AreaError::not_areal("a feature without a geometry")))),
            Kind::FeatureCollection => members.features.map_or_else(missing, |m| Ok(only(m))),
        }
    }
}

/// All polygons of a geometry collection.
fn parts(members: Vec<Drawn>) -> Drawn {
    let mut parts = None;
    for member in members {
        match member {
            Ok(mut polygons) => parts.get_or_insert_with(Vec::new).append(&mut polygons),
            Err(AreaError::NotAreal { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    parts.ok_or_else(|| AreaError::not_areal("a geometry collection without a polygon"))
}

/// The polygons of the one feature that draws an area. A feature of empty polygons is one only if
/// there is no other.
fn only(features: Vec<Drawn>) -> Drawn {
    let mut found = None;
    let mut count = 0;
    for feature in features {
        match feature {
            Ok(polygons) if polygons.iter().all(is_empty) => {
                found.get_or_insert(polygons);
            }
            Ok(polygons) => {
                count += 1;
                found = Some(polygons);
            }
            Err(AreaError::NotAreal { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    match found {
        Some(polygons) if count <= 1 => Ok(polygons),
        None => Err(AreaError::not_areal("a feature collection without a polygon")),
        Some(_) => Err(AreaError::not_areal(format!(
            "a feature collection with {count} polygons or multipolygons"
        ))),
    }
}

/// Reads a list of objects.
struct Objects<'a> {
    path: Path<'a>,
    role: Role,
}

impl<'de> DeserializeSeed<'de> for Objects<'_> {
    type Value = Vec<Drawn>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Drawn>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Objects<'_> {
    type Value = Vec<Drawn>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = if self.role == Role::Feature { "features" } else { "geometries" };
        write!(f, "a list of {role}{}", self.path.place())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<Drawn>, A::Error> {
        let mut objects = Vec::new();
        loop {
            let (path, role) = (self.path.index(objects.len()), self.role);
            match items.next_element_seed(Object { path, role })? {
                Some(object) => objects.push(object),
                None => return Ok(objects),
            }
        }
    }
}
