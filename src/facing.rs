//! Which way a camera looks, how wide and how far.

use serde::{Deserialize, Serialize};

/// Which way a camera looks: its bearing, how wide its view is, and how far it reaches.
///
/// A fact that an owner may add, held in whole hundredths of a degree and tenths of a metre: so it is
/// exact and hashable, and takes 6 bytes. In serde formats an object of the three numbers.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Numbers", into = "Numbers")]
pub struct Facing {
    // INVARIANT: 0 <= bearing < 36,000 and 1 <= angle <= 36,000 hundredths of a degree;
    // 1 <= reach <= 2,000 tenths of a metre.
    bearing: u16,
    angle: u16,
    reach: u16,
}

/// Hundredths of a degree in a full turn.
pub(crate) const TURN: u16 = 36_000;

impl Facing {
    /// The farthest that a view may reach, in metres.
    ///
    /// Where a picture has fewer than 40 pixels a metre it no longer outlines a person (IEC
    /// 62676-4:2025). With the 3,840 pixels of a 4K home camera that is 34 m away if the view is 110
    /// degrees wide, as most are, and 179 m with a narrow lens of 30 degrees. A reach without a limit
    /// would let a record say that a camera sees into any area.
    pub const MAX_REACH_M: f64 = 200.0;

    /// A view in the direction of `bearing`, in degrees clockwise from true north, `angle` degrees
    /// wide, half of it on either side, and `reach_m` metres far. A camera that looks all around has
    /// an angle of 360. Rounded to hundredths of a degree and tenths of a metre; a bearing of 360 is 0.
    ///
    /// # Errors
    ///
    /// If a number is not finite, the bearing is outside [0, 360], the angle is 0 once it is rounded
    /// or above 360, or the reach is 0 once it is rounded or above
    /// [`MAX_REACH_M`](Self::MAX_REACH_M).
    pub fn new(bearing: f64, angle: f64, reach_m: f64) -> Result<Self, FacingError> {
        if ![bearing, angle, reach_m].iter().all(|number| number.is_finite()) {
            return Err(FacingError::NotFinite);
        }
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

/// A number from 0 to a limit in whole `parts` of its unit, half away from 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most 36,000, and not below 0"
)]
fn whole(number: f64, parts: f64, limit: f64) -> Option<u16> {
    (0.0..=limit).contains(&number).then(|| (number * parts).round() as u16)
}

/// Why numbers are no [`Facing`].
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FacingError {
    /// A number is NaN or infinite.
    #[error("a bearing, an angle or a reach is not a finite number")]
    NotFinite,
    /// The bearing is no direction.
    #[error("bearing `{degrees}` is outside 0..360 degrees")]
    Bearing {
        /// The bearing given.
        degrees: f64,
    },
    /// The angle of view is none.
    #[error("angle of view `{degrees}` is not between 0.01 and 360 degrees")]
    Angle {
        /// The angle given.
        degrees: f64,
    },
    /// The reach is none, or farther than any camera's.
    #[error("reach `{m}` is not between 0.1 and {} metres", Facing::MAX_REACH_M)]
    Reach {
        /// The reach given, in metres.
        m: f64,
    },
}

/// The wire form of a facing, before it is validated.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
