//! The member `coordinates` of a GeoJSON geometry: nested lists whose depth follows from the type.
//!
//! ```text
//! position = "[" number "," number { "," number } "]"      depth 0: `Point`, which may also be "[]"
//! line     = "[" [ position { "," position } ] "]"         depth 1: `LineString`, `MultiPoint`
//! rings    = "[" [ line { "," line } ] "]"                 depth 2: `Polygon`, `MultiLineString`
//! polygons = "[" [ rings { "," rings } ] "]"               depth 3: `MultiPolygon`
//! ```

use std::fmt;

use geo_types::{Coord, LineString, Polygon};
use serde::de::{self, DeserializeSeed, Deserializer, SeqAccess, Visitor};

use crate::geometry::drawing::AreaError;
use crate::geometry::grid::lon_lat;

/// The way to a value in a JSON text, as a reader would write it: `features[2].geometry`.
#[derive(Clone, Copy)]
pub(super) enum Path<'a> {
    Start,
    Key(&'a Path<'a>, &'static str),
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    pub(super) fn key(&self, key: &'static str) -> Path<'_> {
        Path::Key(self, key)
    }

    pub(super) fn index(&self, index: usize) -> Path<'_> {
        Path::Index(self, index)
    }

    /// `at` the path, or nothing at the start of the text.
    pub(super) fn place(&self) -> impl fmt::Display {
        Place(self)
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

struct Place<'a>(&'a Path<'a>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Path::Start => Ok(()),
            path => write!(f, " at `{path}`"),
        }
    }
}

/// The positions for which a line has room from its first one on: as many as most drawings have, so that their
/// lines do not grow three times.
const LINE: usize = 10;

/// Coordinates as they are read: polygons if the depth is that of one or of several.
#[derive(Default)]
pub(super) struct Coordinates {
    line: Vec<Coord<f64>>,
    rings: Vec<LineString<f64>>,
    polygons: Vec<Polygon<f64>>,
    /// The first position that is too short: lists and numbers all the same.
    fault: Option<AreaError>,
}

impl Coordinates {
    pub(super) fn polygons(self) -> Result<Vec<Polygon<f64>>, AreaError> {
        match self.fault {
            None => Ok(self.polygons),
            Some(fault) => Err(fault),
        }
    }
}

/// Reads coordinates of one depth.
pub(super) struct Depth<'a> {
    pub(super) depth: u8,
    pub(super) path: Path<'a>,
}

impl<'de> DeserializeSeed<'de> for Depth<'_> {
    type Value = Coordinates;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Coordinates, D::Error> {
        let mut read = Coordinates::default();
        List { depth: self.depth, path: self.path, read: &mut read }.deserialize(deserializer)?;
        Ok(read)
    }
}

/// Reads one list into the coordinates read before it.
struct List<'a> {
    depth: u8,
    path: Path<'a>,
    read: &'a mut Coordinates,
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = match self.depth {
            0 => "a position `[lon, lat]`",
            1 => "a list of positions",
            2 => "a list of rings",
            _ => "a list of polygons",
        };
        write!(f, "{list}{}", self.path.place())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self { depth, path, read } = self;
        let Some(inner) = depth.checked_sub(1) else {
            let ([x, y], count) = lon_lat(&mut items, Number(path))?;
            // A point without coordinates draws nothing, as an empty line; only positions of lines are needed.
            let is_empty_point = count == 0 && matches!(path, Path::Key(..));
            if count < 2 && !is_empty_point && read.fault.is_none() {
                let words = "a position needs a longitude and a latitude";
                let place = path.place();
                read.fault = Some(AreaError::syntax("GeoJSON", format_args!("{words}{place}")));
            }
            if read.line.capacity() == 0 {
                read.line.reserve_exact(LINE);
            }
            read.line.push(Coord { x, y });
            return Ok(());
        };
        let mut index = 0;
        while items
            .next_element_seed(List { depth: inner, path: path.index(index), read: &mut *read })?
            .is_some()
        {
            index += 1;
        }
        match depth {
            1 => read.rings.push(LineString(std::mem::take(&mut read.line))),
            2 => {
                let mut rings = std::mem::take(&mut read.rings).into_iter();
                let shell = rings.next().unwrap_or_else(|| LineString(Vec::new()));
                read.polygons.push(Polygon::new(shell, rings.collect()));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Reads a number of the position at a path.
#[derive(Clone, Copy)]
struct Number<'a>(Path<'a>);

impl<'de> DeserializeSeed<'de> for Number<'_> {
    type Value = f64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<f64, D::Error> {
        deserializer.deserialize_f64(self)
    }
}

impl Visitor<'_> for Number<'_> {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number{}", self.0.place())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<f64, E> {
        Ok(number)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<f64, E> {
        Ok(number as f64)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<f64, E> {
        Ok(number as f64)
    }
}
