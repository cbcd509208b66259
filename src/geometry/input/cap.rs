//! The polygon and the circle of a Common Alerting Protocol message.
//!
//! ```text
//! polygon = pair { space pair }
//! circle  = pair space radius        the radius in kilometres
//! pair    = latitude "," longitude   without a space
//! ```

use geo_types::{Coord, LineString, Polygon};

use super::number;
use crate::geometry::area::Area;
use crate::geometry::drawing::AreaError;
use crate::geometry::grid::Position;

const POLYGON: &str = "CAP polygon";
const CIRCLE: &str = "CAP circle";

/// Reads the texts of a Common Alerting Protocol message.
impl Area {
    /// Reads the polygon of a Common Alerting Protocol message: pairs `lat,lon` with spaces between,
    /// latitude first; the last pair may repeat the first, as it must in CAP.
    ///
    /// ```
    /// use canvass::Area;
    ///
    /// let text = "38.47,-120.14 38.34,-119.95 38.52,-119.74 38.62,-119.89 38.47,-120.14";
    /// assert_eq!(Area::from_cap_polygon(text)?.vertices(), 4);
    /// # Ok::<(), canvass::error::AreaError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the text is not of that form, or is not a valid area.
    pub fn from_cap_polygon(text: &str) -> Result<Self, AreaError> {
        let pairs = text.split_whitespace().enumerate();
        let coords: Result<Vec<Coord<f64>>, AreaError> =
            pairs.map(|(index, word)| pair(POLYGON, index, word)).collect();
        Self::from_polygons(&[Polygon::new(LineString(coords?), Vec::new())])
    }

    /// Reads the circle of a Common Alerting Protocol message: `lat,lon` and a radius in kilometres.
    ///
    /// # Errors
    ///
    /// If the text is not of that form, or as [`Area::from_circle`].
    pub fn from_cap_circle(text: &str) -> Result<Self, AreaError> {
        let mut words = text.split_whitespace();
        let (Some(center), Some(radius), None) = (words.next(), words.next(), words.next()) else {
            return Err(AreaError::syntax(
                CIRCLE,
                "expected `lat,lon`, a space and a radius in kilometres",
            ));
        };
        let center = pair(CIRCLE, 0, center)?;
        let center =
            Position::new(center.x, center.y).map_err(|error| AreaError::syntax(CIRCLE, error))?;
        let radius_km = number(radius).ok_or_else(|| {
            AreaError::syntax(CIRCLE, format_args!("the radius `{radius}` is not a number"))
        })?;
        Self::from_circle(center, radius_km * 1000.0)
    }
}

/// Reads a pair, counted from 0 in its text.
fn pair(format: &'static str, index: usize, word: &str) -> Result<Coord<f64>, AreaError> {
    let no_pair = |reason: &str| {
        let count = index + 1;
        AreaError::syntax(format, format_args!("pair {count}, `{word}`, is not `lat,lon`{reason}"))
    };
    match word.split_once(',') {
        None => Err(no_pair("")),
        Some((_, "")) => Err(no_pair(": write no space after the comma")),
        Some((lat, lon)) => match (number(lat), number(lon)) {
            (Some(y), Some(x)) => Ok(Coord { x, y }),
            (None, _) => Err(no_pair(": the latitude is not a number")),
            (_, None) => Err(no_pair(": the longitude is not a number")),
        },
    }
}
