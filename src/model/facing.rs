//! Which way a camera looks, how wide and how far, and the part of the map that it sees.

use std::f64::consts::PI;
use std::fmt;

use geo_types::{Coord, LineString, Polygon};
use serde::{Deserialize, Serialize};

use crate::geometry::{ArcPositions, E7, Envelope, Position, ViewFan, turns};

/// Which way a camera looks: its bearing, how wide its view is, and how far it reaches.
///
/// A fact that an owner may add, held in whole hundredths of a degree and tenths of a metre: so it is
/// exact and hashable, and takes 6 bytes. In serde formats an object of the three numbers.
///
/// # The view
///
/// Its view is the union of the triangles between the place where it stands and each two neighbours
/// of an arc, sides and corners included. The arc has the fewest equal steps that are at most 12
/// degrees wide, from the bearing less half the angle to the bearing plus half the angle. The place
/// at bearing *b* lies *reach* · cos *b* metres north and *reach* · sin *b* metres east of the
/// camera, by the WGS 84 ellipsoid's radii of curvature at the camera's latitude φ:
///
/// - *M* = *a* (1 - *e*²) / (1 - *e*² sin² φ)^1.5 for the latitude,
/// - *N* cos φ, *N* = *a* / (1 - *e*² sin² φ)^0.5, for the longitude,
///
/// with *a* = 6,378,137 m and *e*² = *f* (2 - *f*), *f* = 1 / 298.257223563; these differences in
/// degrees are rounded to 1e-7 degree, half away from zero. So no view reaches farther than the
/// reach, nor falls short of it by more than 0.6 %. From there on all is whole numbers. Sines come
/// from one library in all builds, so that a view is the same on every CPU.
///
/// A view goes on past the antimeridian. Beyond latitude 89, where meridians run together within a
/// reach, a camera sees only where it stands. Obstacles are not known, nor how high a
/// camera hangs: a view may be larger than the camera's picture.
///
/// ```
/// use canvass::Facing;
///
/// let east = Facing::new(90.0, 120.0, 25.0)?;
/// assert_eq!((east.bearing(), east.angle(), east.reach_m()), (90.0, 120.0, 25.0));
/// assert_eq!(serde_json::to_string(&east)?, r#"{"bearing":90.0,"angle":120.0,"reach_m":25.0}"#);
/// assert!(Facing::new(90.0, 120.0, 2_000.0).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Numbers", into = "Numbers")]
pub struct Facing {
    // INVARIANT: 0 <= bearing < 36,000 and 1 <= angle <= 36,000 hundredths of a degree;
    // 1 <= reach <= 2,000 tenths of a metre.
    bearing: u16,
    angle: u16,
    reach: u16,
}

/// Hundredths of a degree in a full turn.
const TURN: u16 = 36_000;
/// The widest step of an arc in hundredths of a degree.
const STEP: u16 = 1_200;
/// The latitude in units of 1e-7 degree beyond which a camera sees only where it stands.
const POLAR: i32 = 890_000_000;
/// The semi-major axis of the WGS 84 ellipsoid in metres, and its first eccentricity squared.
const MAJOR: f64 = 6_378_137.0;
const ECCENTRICITY_2: f64 = (2.0 - 1.0 / 298.257_223_563) / 298.257_223_563;
/// The farthest reach in tenths of a metre.
const FARTHEST: u16 = 2_000;
/// Units of 1e-7 degree to a tenth of a metre of latitude, at most: 9.05 at the equator.
const UNITS: i32 = 10;

impl Facing {
    /// The farthest that a view may reach, in metres.
    ///
    /// Where a picture has fewer than 40 pixels a metre it no longer outlines a person (IEC
    /// 62676-4:2025). With the 3,840 pixels of a 4K home camera that is 34 m away if the view is 110
    /// degrees wide, as most are, and 179 m with a narrow lens of 30 degrees. A reach without a limit
    /// would let a record claim that a camera sees into any area.
    pub const MAX_REACH_M: f64 = 200.0;

    /// A view in the direction of `bearing`, in degrees clockwise from true north, `angle` degrees
    /// wide, half of it on either side, and `reach_m` metres far. A camera that looks all around
    /// has an angle of 360. Rounded to hundredths of a degree and tenths of a metre; a bearing of
    /// 360 is 0.
    ///
    /// # Errors
    ///
    /// If the bearing is outside [0, 360], the angle is 0 once it is rounded or above 360, or the
    /// reach is 0 once it is rounded or above [`MAX_REACH_M`](Self::MAX_REACH_M). So is NaN.
    pub fn new(bearing: f64, angle: f64, reach_m: f64) -> Result<Self, FacingError> {
        let Some(hundredths) = whole(bearing, 100.0, 360.0) else {
            return Err(FacingError::Bearing { degrees: bearing });
        };
        let Some(angle) = whole(angle, 100.0, 360.0).filter(|&angle| angle > 0) else {
            return Err(FacingError::Angle { degrees: angle });
        };
        let Some(reach) = whole(reach_m, 10.0, Self::MAX_REACH_M).filter(|&reach| reach > 0) else {
            return Err(FacingError::Reach { m: reach_m });
        };
        Ok(Self { bearing: hundredths % TURN, angle, reach })
    }

    /// The direction of the middle of the view in degrees clockwise from true north, in [0, 360).
    #[must_use]
    pub fn bearing(self) -> f64 {
        f64::from(self.bearing) / 100.0
    }

    /// How wide the view is in degrees, in (0, 360].
    #[must_use]
    pub fn angle(self) -> f64 {
        f64::from(self.angle) / 100.0
    }

    /// How far the view reaches in metres, in (0, 200].
    #[must_use]
    pub fn reach_m(self) -> f64 {
        f64::from(self.reach) / 10.0
    }

    /// The view of a camera at a position, as a ring in degrees. Use it to draw the view on a map
    /// whose longitudes may pass ±180. Beyond latitude 89 it is the position alone.
    ///
    /// ```
    /// use canvass::{Facing, Position};
    ///
    /// let view = Facing::new(0.0, 24.0, 100.0)?.view(Position::new(10.0, 50.0)?);
    /// let corners: Vec<_> = view.exterior().coords().map(|at| (at.x, at.y)).collect();
    /// let [left, ahead, right] = [(9.99971, 50.0008794), (10.0, 50.000899), (10.00029, 50.0008794)];
    /// assert_eq!(corners, [(10.0, 50.0), right, ahead, left, (10.0, 50.0)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn view(self, position: Position) -> Polygon<f64> {
        let fan = self.fan(position);
        let (apex, arc) = fan.outline();
        // All around there is no corner where the camera stands.
        let apex = (self.angle != TURN || arc.is_empty()).then_some(apex);
        let places = apex.into_iter().chain(arc.iter().rev().copied());
        let coord = |place: Position| Coord { x: place.lon(), y: place.lat() };
        Polygon::new(LineString(places.map(coord).collect()), Vec::new())
    }

    /// The view of a camera at a position.
    pub(crate) fn fan(self, position: Position) -> ViewFan {
        if position.lat_e7().abs() > POLAR {
            return ViewFan::new(position, ArcPositions::new());
        }
        let radians = |degrees: f64| degrees * PI / 180.0;
        let (sin, cos) = libm::sincos(radians(position.lat()));
        let flat = 1.0 - ECCENTRICITY_2 * sin * sin;
        let meridian = MAJOR * (1.0 - ECCENTRICITY_2) / (flat * flat.sqrt());
        let parallel = MAJOR / flat.sqrt() * cos;
        let reach = self.reach_m() * 180.0 / PI * E7;
        let steps = self.angle.div_ceil(STEP);
        let place = |step: u16| {
            // In hundredths of a degree over twice the number of steps: whole.
            let [bearing, angle, steps, step] =
                [self.bearing, self.angle, steps, step].map(i64::from);
            let turned = (2 * steps * bearing + (2 * step - steps) * angle)
                .rem_euclid(2 * steps * i64::from(TURN));
            let (sin, cos) = libm::sincos(radians(turned as f64 / (200 * steps) as f64));
            let (east, north) = (reach * sin / parallel, reach * cos / meridian);
            Position::vertex(
                position.lon_e7().saturating_add(rounded(east)),
                position.lat_e7().saturating_add(rounded(north)),
            )
        };
        ViewFan::new(position, (0..=steps).map(place).collect())
    }

    /// An envelope of all that a camera sees from anywhere in another. It may be too large, and grows
    /// with the given values.
    pub(crate) fn envelope(self, from: Envelope) -> Envelope {
        widened(from, self.reach)
    }

    /// The numbers as they are held.
    pub(crate) const fn columns(self) -> [u16; 3] {
        [self.bearing, self.angle, self.reach]
    }

    /// The facing of numbers that [`columns`](Facing::columns) gave.
    pub(crate) fn from_columns([bearing, angle, reach]: [u16; 3]) -> Result<Self, FacingError> {
        if bearing >= TURN {
            return Err(FacingError::Bearing { degrees: f64::from(bearing) / 100.0 });
        }
        let (degrees, m) = (f64::from(angle) / 100.0, f64::from(reach) / 10.0);
        Self::new(f64::from(bearing) / 100.0, degrees, m)
    }
}

/// As [`Facing::new`] takes it, not as it is held.
impl fmt::Debug for Facing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facing")
            .field("bearing", &self.bearing())
            .field("angle", &self.angle())
            .field("reach_m", &self.reach_m())
            .finish()
    }
}

/// A number from 0 to a limit in whole `parts` of its unit, half away from 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most 36,000, and not below 0"
)]
fn whole(number: f64, parts: f64, limit: f64) -> Option<u16> {
    (0.0..=limit).contains(&number).then(|| (number * parts).round() as u16)
}

/// An envelope of all that any camera may see from anywhere in another.
///
/// Wider than 200 m: 2e-3 degree of latitude are 221 to 223 m, and as many metres of longitude.
pub(crate) fn within_reach(from: Envelope) -> Envelope {
    widened(from, FARTHEST)
}

/// Envelopes of the places from which any camera may see into an area with an envelope: more than one
/// at the antimeridian.
pub(crate) fn near(area: Envelope) -> Vec<Envelope> {
    let reach = within_reach(area);
    std::iter::once(reach).chain(turns(reach).map(|turn| reach.turned(turn))).collect()
}

fn widened(from: Envelope, reach: u16) -> Envelope {
    // Longitudes are nowhere closer together than at the latitude that is nearest to a pole.
    let polar = from.south.saturating_neg().max(from.north).clamp(0, POLAR);
    let shrunk = libm::cos(f64::from(polar) / E7 * PI / 180.0);
    let north = i32::from(reach).saturating_mul(UNITS).saturating_add(1);
    let east = rounded(f64::from(north) / shrunk).saturating_add(1);
    Envelope {
        west: from.west.saturating_sub(east),
        south: from.south.saturating_sub(north),
        east: from.east.saturating_add(east),
        north: from.north.saturating_add(north),
    }
}

/// To a whole number, half away from zero.
#[expect(clippy::cast_possible_truncation, reason = "at most 200 m, far below 2^31 units")]
fn rounded(units: f64) -> i32 {
    units.round() as i32
}

/// Why numbers do not make a [`Facing`].
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FacingError {
    /// The bearing is not a direction.
    #[error("bearing `{degrees}` is outside 0..360 degrees")]
    Bearing {
        /// The bearing given.
        degrees: f64,
    },
    /// The angle of view is not above 0, or more than all around.
    #[error("angle of view `{degrees}` is not between 0.01 and 360 degrees")]
    Angle {
        /// The angle given.
        degrees: f64,
    },
    /// The reach is not above 0, or farther than any camera's.
    #[error("reach `{m}` is not between 0.1 and {} metres", Facing::MAX_REACH_M)]
    Reach {
        /// The reach given, in metres.
        m: f64,
    },
}

/// The wire form of a facing, before it is validated.
#[derive(Serialize, Deserialize)]
#[serde(
    crate = "crate::util::by_name",
    deny_unknown_fields,
    expecting = "an object with `bearing`, `angle` and `reach_m`"
)]
struct Numbers {
    bearing: f64,
    angle: f64,
    reach_m: f64,
}

impl TryFrom<Numbers> for Facing {
    type Error = FacingError;

    fn try_from(Numbers { bearing, angle, reach_m }: Numbers) -> Result<Self, Self::Error> {
        Self::new(bearing, angle, reach_m)
    }
}

impl From<Facing> for Numbers {
    fn from(facing: Facing) -> Self {
        Self { bearing: facing.bearing(), angle: facing.angle(), reach_m: facing.reach_m() }
    }
}
