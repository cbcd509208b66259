use std::fmt;
use std::marker::PhantomData;

use geo_types::{Coord, Point};
use serde::de::{self, DeserializeSeed, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Units of a [`Position`] in one degree.
pub(crate) const E7: f64 = 1e7;
/// Half a turn in units of 1e-7 degree.
pub(crate) const HALF_TURN: i32 = 1_800_000_000;
/// A quarter turn in units of 1e-7 degree: the latitude of the north pole.
pub(crate) const QUARTER_TURN: i32 = 900_000_000;

/// A place on the WGS 84 ellipsoid, to 1e-7 degree (about 1.1 cm).
///
/// Longitude and latitude are held as two `i32` in units of 1e-7 degree, the field's "E7". A
/// position is therefore exact, hashable and totally ordered, and you need not think about NaN.
/// Longitude 180 is written as -180: one place, one position.
///
/// In serde formats a position is the array `[lon, lat]` in degrees, as in GeoJSON: an altitude after
/// them must be a number, and is dropped. Shown as a text it is `lon lat`, as in WKT.
///
/// ```
/// use canvass::Position;
///
/// let hall = Position::new(-73.974_187_3, 40.771_133_1)?;
/// assert_eq!(hall.lon_e7(), -739_741_873);
/// assert_eq!(hall.to_string(), "-73.9741873 40.7711331");
/// assert_eq!(Position::new(180.0, 0.0)?, Position::new(-180.0, 0.0)?);
/// assert!(Position::new(0.0, 91.0).is_err());
/// # Ok::<(), canvass::error::PositionError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    // INVARIANT: -180 <= lon <= 180 and -90 <= lat <= 90 degrees. A lon of exactly +180 occurs only
    // in the vertices of an area that was split at the antimeridian, and one past it only in a fan;
    // never in a caller's position.
    lon: i32,
    lat: i32,
}

impl Position {
    /// Rounds a longitude and a latitude in degrees to a position on the grid of 1e-7 degree.
    ///
    /// # Errors
    ///
    /// If the longitude is outside [-180, 180] or the latitude outside [-90, 90]; NaN is outside of
    /// both.
    pub fn new(lon: f64, lat: f64) -> Result<Self, PositionError> {
        if !(-180.0..=180.0).contains(&lon) {
            return Err(PositionError::Longitude { degrees: lon });
        }
        if !(-90.0..=90.0).contains(&lat) {
            return Err(PositionError::Latitude { degrees: lat });
        }
        Ok(Self::vertex(to_e7(lon), to_e7(lat)).canonical())
    }

    /// The position at a longitude and a latitude in units of 1e-7 degree. Use this for data that
    /// is stored as E7 integers: nothing is rounded.
    ///
    /// # Errors
    ///
    /// If the longitude is outside ±1,800,000,000 or the latitude outside ±900,000,000.
    pub fn from_e7(lon: i32, lat: i32) -> Result<Self, PositionError> {
        if !(-HALF_TURN..=HALF_TURN).contains(&lon) {
            return Err(PositionError::Longitude { degrees: f64::from(lon) / E7 });
        }
        if !(-QUARTER_TURN..=QUARTER_TURN).contains(&lat) {
            return Err(PositionError::Latitude { degrees: f64::from(lat) / E7 });
        }
        Ok(Self::vertex(lon, lat).canonical())
    }

    /// A vertex of an area; the caller has made sure of the ranges, and +180 stays +180.
    pub(crate) const fn vertex(lon: i32, lat: i32) -> Self {
        Self { lon, lat }
    }

    /// The longitude in degrees, in [-180, 180).
    #[must_use]
    pub fn lon(self) -> f64 {
        f64::from(self.lon) / E7
    }

    /// The latitude in degrees, in [-90, 90].
    #[must_use]
    pub fn lat(self) -> f64 {
        f64::from(self.lat) / E7
    }

    /// The longitude in units of 1e-7 degree.
    #[must_use]
    pub const fn lon_e7(self) -> i32 {
        self.lon
    }

    /// The latitude in units of 1e-7 degree.
    #[must_use]
    pub const fn lat_e7(self) -> i32 {
        self.lat
    }

    const fn canonical(self) -> Self {
        if self.lon == HALF_TURN { Self { lon: -HALF_TURN, lat: self.lat } } else { self }
    }
}

/// Degrees to units of 1e-7 degree, half away from zero; the caller has made sure of the range.
#[expect(
    clippy::cast_possible_truncation,
    reason = "at most 360 degrees is 3.6e9; `as` saturates past i32"
)]
pub(crate) fn to_e7(degrees: f64) -> i32 {
    (degrees * E7).round() as i32
}

impl TryFrom<Coord<f64>> for Position {
    type Error = PositionError;

    fn try_from(at: Coord<f64>) -> Result<Self, PositionError> {
        Self::new(at.x, at.y)
    }
}

/// ```
/// use canvass::Position;
/// use canvass::geo_types::Point;
///
/// let hall = Position::try_from(Point::new(-73.974, 40.771))?;
/// assert_eq!(Point::from(hall), Point::new(-73.974, 40.771));
/// # Ok::<(), canvass::error::PositionError>(())
/// ```
impl TryFrom<Point<f64>> for Position {
    type Error = PositionError;

    fn try_from(at: Point<f64>) -> Result<Self, PositionError> {
        Self::try_from(at.0)
    }
}

impl From<Position> for Coord<f64> {
    fn from(at: Position) -> Self {
        Self { x: at.lon(), y: at.lat() }
    }
}

impl From<Position> for Point<f64> {
    fn from(at: Position) -> Self {
        Self(at.into())
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.lon(), self.lat())
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Position({} {})", self.lon(), self.lat())
    }
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.lon(), self.lat()].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let [lon, lat] = deserializer.deserialize_tuple(2, Degrees)?;
        Self::new(lon, lat).map_err(de::Error::custom)
    }
}

/// Reads all numbers of a position as GeoJSON writes it: the first two, and how many there are. An
/// altitude after them is dropped, but must be a number as well.
pub(crate) fn lon_lat<'de, A, S>(numbers: &mut A, number: S) -> Result<([f64; 2], usize), A::Error>
where
    A: SeqAccess<'de>,
    S: DeserializeSeed<'de, Value = f64> + Copy,
{
    let mut degrees = [0.0; 2];
    let mut count = 0;
    while let Some(value) = numbers.next_element_seed(number)? {
        if let Some(slot) = degrees.get_mut(count) {
            *slot = value;
        }
        count += 1;
    }
    Ok((degrees, count))
}

struct Degrees;

impl<'de> Visitor<'de> for Degrees {
    type Value = [f64; 2];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a longitude and a latitude in degrees, as `[lon, lat]`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<[f64; 2], A::Error> {
        let (degrees, count) = lon_lat(&mut numbers, PhantomData::<f64>)?;
        if count < 2 {
            return Err(de::Error::invalid_length(count, &self));
        }
        Ok(degrees)
    }
}

/// Why two numbers are not a [`Position`].
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PositionError {
    /// The longitude is outside [-180, 180], or NaN.
    #[error(
        "longitude `{}` is outside -180..180",
        SevenDecimals { number: *degrees, beyond: Some(180.0) }
    )]
    Longitude {
        /// The longitude given.
        degrees: f64,
    },
    /// The latitude is outside [-90, 90], or NaN.
    #[error(
        "latitude `{}` is outside -90..90",
        SevenDecimals { number: *degrees, beyond: Some(90.0) }
    )]
    Latitude {
        /// The latitude given.
        degrees: f64,
    },
}

/// A number of degrees in a message, rounded to at most seven decimals.
pub(crate) struct SevenDecimals {
    pub(crate) number: f64,
    /// The limit that the number is beyond, if it is: it is not rounded to the limit then.
    pub(crate) beyond: Option<f64>,
}

impl fmt::Display for SevenDecimals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scaled = self.number * E7;
        if !scaled.is_finite() || scaled.abs() > 1e15 {
            // All digits of a huge number would be written.
            return if self.number.is_finite() {
                write!(f, "{:.7e}", self.number)
            } else {
                write!(f, "{}", self.number)
            };
        }
        let rounded = match self.beyond.map(|limit| limit * E7) {
            Some(limit) if scaled.round().abs() <= limit => (limit + 1.0).copysign(scaled),
            _ => scaled.round(),
        };
        // Adding zero writes -0 as 0.
        write!(f, "{}", rounded / E7 + 0.0)
    }
}
