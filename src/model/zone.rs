//! Time zones: which clocks an owner lives by.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

/// A time zone: an IANA name such as `America/New_York`, or an offset such as `+05:30`.
///
/// The database of names comes with the library, so you need no file of the machine, and the same
/// version of the library gives the same answer everywhere. Names are taken in any case and
/// kept as the database spells them. Without the feature `zone-names` the database is left out, and
/// only `UTC` and offsets are read. Offsets reach 14 hours either way, as far as any clock does.
///
/// In serde formats a zone is its name. Cloning is cheap.
///
/// ```
/// use canvass::Zone;
///
/// # #[cfg(feature = "zone-names")]
/// assert_eq!("america/new_york".parse::<Zone>()?.to_string(), "America/New_York");
/// assert_eq!(serde_json::from_str::<Zone>("\"+05:30\"")?.to_string(), "+05:30");
/// assert!("Springfield".parse::<Zone>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(
    // INVARIANT: has a name, or is an offset of whole minutes; never the unknown zone.
    TimeZone,
);

/// The furthest that a clock is from UTC, in minutes.
const FURTHEST: i32 = 14 * 60;

impl Zone {
    /// Universal time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone for [`jiff`]'s calendar. Use it to show an instant by the clock on an owner's wall: the database
    /// of names need not be in your program a second time.
    ///
    /// ```
    /// use canvass::{Zone, jiff::Timestamp};
    ///
    /// let (home, at): (Zone, Timestamp) = ("-05:00".parse()?, "2026-05-02T03:30:00Z".parse()?);
    /// let shown = home.time_zone().to_datetime(at).strftime("%Y-%m-%d %H:%M");
    /// assert_eq!(shown.to_string(), "2026-05-01 22:30");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn time_zone(&self) -> &TimeZone {
        &self.0
    }

    /// How far the wall clock is ahead of UTC in a second, in seconds.
    pub(crate) fn ahead(&self, second: Timestamp) -> i64 {
        i64::from(self.0.to_offset(second).seconds())
    }

    /// The first instant after another in which the wall clock may be set.
    pub(crate) fn next_transition(&self, after: Timestamp) -> Option<Timestamp> {
        self.0.following(after).next().map(|transition| transition.timestamp())
    }

    /// The identity of a zone: its name, or else its offset in seconds.
    fn key(&self) -> (Option<&str>, i32) {
        match self.0.iana_name() {
            // A named zone is not asked for an offset: jiff would allocate an error.
            Some(name) => (Some(name), 0),
            None => (None, self.0.to_fixed_offset().map_or(0, Offset::seconds)),
        }
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    /// # Errors
    ///
    /// If the text is neither a name in the database nor an offset of hours and minutes within 14
    /// hours. `-00:00`, `Factory` and `Etc/Unknown` stand for an unknown zone, and are refused.
    fn from_str(text: &str) -> Result<Self, ZoneError> {
        let unknown = || ZoneError::Unknown { text: text.to_owned() };
        if text.starts_with(['+', '-']) {
            let minutes = minutes(text).filter(|_| text != "-00:00").ok_or_else(unknown)?;
            if minutes.abs() > FURTHEST {
                return Err(ZoneError::TooFar { text: text.to_owned() });
            }
            let offset = Offset::from_seconds(minutes * 60).map_err(|_| unknown())?;
            return Ok(Self(TimeZone::fixed(offset)));
        }
        if !cfg!(feature = "zone-names") {
            let is_utc = text.eq_ignore_ascii_case("utc");
            return is_utc.then_some(Self::UTC).ok_or(ZoneError::NoNames { text: text.to_owned() });
        }
        match TimeZoneDatabase::bundled().get(text) {
            Ok(zone) if zone.iana_name().is_some_and(|name| name != "Factory") => Ok(Self(zone)),
            _ => Err(unknown()),
        }
    }
}

/// The minutes of an offset written as `+hh:mm` or `-hh:mm`.
fn minutes(text: &str) -> Option<i32> {
    let &[sign, h, hh, b':', m, mm] = text.as_bytes() else { return None };
    let digit =
        |byte: u8| char::from(byte).to_digit(10).and_then(|digit| i32::try_from(digit).ok());
    let (hours, minutes) = (digit(h)? * 10 + digit(hh)?, digit(m)? * 10 + digit(mm)?);
    let total = hours * 60 + minutes;
    (minutes < 60).then_some(if sign == b'-' { -total } else { total })
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key() {
            (Some(name), _) => f.write_str(name),
            (None, seconds) => {
                let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({self})")
    }
}

// By name: two names of one zone are two zones, so that equal zones are written alike.
impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Zone {}

impl Hash for Zone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl PartialOrd for Zone {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Zone {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl TryFrom<String> for Zone {
    type Error = ZoneError;

    fn try_from(text: String) -> Result<Self, ZoneError> {
        text.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.to_string()
    }
}

/// Why a text is not a [`Zone`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZoneError {
    /// There is no such zone.
    #[error("`{text}` is not a time zone; write one such as `America/New_York` or `+05:30`")]
    Unknown {
        /// The text given.
        text: String,
    },
    /// The text is a name, and the database of names was left out of the program.
    #[error(
        "`{text}` cannot be looked up: the program was built without the feature `zone-names` of canvass"
    )]
    NoNames {
        /// The text given.
        text: String,
    },
    /// The offset is larger than any clock's.
    #[error("offset `{text}` is more than 14 hours from UTC")]
    TooFar {
        /// The text given.
        text: String,
    },
}
