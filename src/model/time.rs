//! When: windows of whole seconds, half-open.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::{Disambiguation, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// Seconds in a day; retention and look-back are counted in these, not in calendar days.
pub(crate) const DAY: i64 = 86_400;

/// The day of an instant in seconds, since 1970: or the first or last one that 16 bits have.
#[inline]
pub(crate) fn day(seconds: i64) -> u16 {
    u16::try_from(seconds.div_euclid(DAY).max(0)).unwrap_or(u16::MAX)
}

/// A half-open interval `[start, end)` of instants, in whole seconds.
///
/// Two windows that only touch do not overlap. Fractions of a second are dropped from both ends.
///
/// As a text it is an interval of ISO 8601, and in serde formats an object with `start` and `end`.
///
/// ```
/// use canvass::TimeWindow;
///
/// let evening: TimeWindow = "2026-05-01T18:00:00Z/2026-05-01T20:30:00Z".parse()?;
/// assert_eq!(evening.duration().as_mins(), 150);
/// assert_eq!(evening.to_string(), "2026-05-01T18:00:00Z/2026-05-01T20:30:00Z");
/// assert!(TimeWindow::new(evening.end(), evening.start()).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Ends", into = "Ends")]
pub struct TimeWindow {
    // INVARIANT: start < end, both whole seconds.
    start: Timestamp,
    end: Timestamp,
}

impl TimeWindow {
    /// The window from `start`, which belongs to it, to `end`, which does not.
    ///
    /// # Errors
    ///
    /// If the window is empty once both ends are whole seconds.
    pub fn new(start: Timestamp, end: Timestamp) -> Result<Self, TimeWindowError> {
        let (start, end) = (whole_second(start), whole_second(end));
        if start < end {
            Ok(Self { start, end })
        } else {
            Err(TimeWindowError::Empty { start, end })
        }
    }

    /// The first instant of the window.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// The first instant after the window.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.end
    }

    /// How long the window is; always positive.
    #[must_use]
    pub fn duration(&self) -> SignedDuration {
        self.end.duration_since(self.start)
    }
}

impl FromStr for TimeWindow {
    type Err = TimeWindowError;

    /// Reads `start/end`, two instants with an offset or a `Z`, as [`Display`](fmt::Display) writes
    /// them. A zone in brackets behind an instant must be where that offset is in use then; with a
    /// zone the offset may be left out, unless the clocks show that time twice or never.
    ///
    /// # Errors
    ///
    /// If the text is not two instants, or the window is empty. Write both instants in full: an end
    /// without the parts that it shares with the start, and a duration instead of an instant, are
    /// not read.
    fn from_str(text: &str) -> Result<Self, TimeWindowError> {
        // The name of a zone has a slash as well.
        let mut in_brackets = false;
        let between = text.char_indices().find(|&(_, mark)| {
            in_brackets = (in_brackets || mark == '[') && mark != ']';
            mark == '/' && !in_brackets
        });
        let (start, end) = between
            .and_then(|(at, _)| Some((text.get(..at)?, text.get(at + 1..)?)))
            .ok_or_else(|| TimeWindowError::NoInterval { text: beginning(text) })?;
        Self::new(instant(start)?, instant(end)?)
    }
}

/// Reads an instant: RFC 3339 or ISO 8601, with a zone in brackets as in RFC 9557 or without.
fn instant(text: &str) -> Result<Timestamp, TimeWindowError> {
    const ANY: DateTimeParser = DateTimeParser::new();
    const ONE: DateTimeParser = ANY.disambiguation(Disambiguation::Reject);
    let by_offset = text.parse::<Timestamp>();
    let shown = || beginning(text);
    if !text.contains('[') {
        return by_offset.map_err(|_| match ANY.parse_datetime(text) {
            Ok(_) => TimeWindowError::NoOffset { text: shown() },
            Err(_) => TimeWindowError::NoInstant { text: shown() },
        });
    }
    // Its offset alone would be believed otherwise.
    let zones = TimeZoneDatabase::bundled();
    match ONE.parse_zoned_datetime_with(&zones, text) {
        Ok(zoned) => Ok(zoned.timestamp()),
        Err(_) if by_offset.is_ok() => Err(TimeWindowError::ZoneDisagrees { text: shown() }),
        Err(_) if ANY.parse_zoned_datetime_with(&zones, text).is_ok() => {
            Err(TimeWindowError::TwiceOrNever { text: shown() })
        }
        Err(_) => Err(TimeWindowError::NoInstant { text: shown() }),
    }
}

/// How a text begins, for messages.
fn beginning(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Reads an instant of a record.
pub(crate) fn read_instant<'de, D: Deserializer<'de>>(d: D) -> Result<Timestamp, D::Error> {
    let text = Cow::<str>::deserialize(d)?;
    instant(&text).map_err(D::Error::custom)
}

/// Reads an instant of a record, or none.
pub(crate) fn read_some_instant<'de, D: Deserializer<'de>>(
    d: D,
) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<Cow<'_, str>>::deserialize(d)?;
    text.map(|text| instant(&text)).transpose().map_err(D::Error::custom)
}

impl fmt::Display for TimeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.start, self.end)
    }
}

impl fmt::Debug for TimeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimeWindow({self})")
    }
}

/// Why instants or a text do not make a [`TimeWindow`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeWindowError {
    /// Nothing lies between the two.
    #[error("the window is empty: its end `{end}` is not after its start `{start}`")]
    Empty {
        /// The start given, as a whole second.
        start: Timestamp,
        /// The end given, as a whole second.
        end: Timestamp,
    },
    /// The text has no `/` between a start and an end.
    #[error(
        "`{text}` is not a window; write one such as `2026-05-01T18:00:00Z/2026-05-01T20:30:00Z`"
    )]
    NoInterval {
        /// How the text begins.
        text: String,
    },
    /// One of the ends is not an instant.
    #[error("`{text}` is not an instant; write one such as `2026-05-01T18:00:00Z`")]
    NoInstant {
        /// How that end begins.
        text: String,
    },
    /// One of the ends is a local time without its offset from UTC.
    #[error(
        "`{text}` has no offset from UTC; add it, as in `2026-05-01T14:00:00-04:00`, or `Z` for UTC"
    )]
    NoOffset {
        /// How that end begins.
        text: String,
    },
    /// The clocks of a zone were set at the local time of one of the ends, which has no offset.
    #[error("the clocks of its zone show `{text}` twice or never; write the offset, too")]
    TwiceOrNever {
        /// How that end begins.
        text: String,
    },
    /// An instant has an offset, and in brackets no zone of which that is the offset then.
    #[error("the zone and the offset of `{text}` do not agree; leave out the one that is wrong")]
    ZoneDisagrees {
        /// How that instant begins.
        text: String,
    },
}

/// The wire form of a window, before it is validated.
#[derive(Serialize, Deserialize)]
#[serde(
    crate = "crate::util::by_name",
    deny_unknown_fields,
    expecting = "an object with `start` and `end`"
)]
struct Ends {
    #[serde(deserialize_with = "read_instant")]
    start: Timestamp,
    #[serde(deserialize_with = "read_instant")]
    end: Timestamp,
}

impl TryFrom<Ends> for TimeWindow {
    type Error = TimeWindowError;

    fn try_from(ends: Ends) -> Result<Self, Self::Error> {
        Self::new(ends.start, ends.end)
    }
}

impl From<TimeWindow> for Ends {
    fn from(window: TimeWindow) -> Self {
        Self { start: window.start, end: window.end }
    }
}

/// The second that an instant lies in, counted from 1970.
pub(crate) fn seconds(instant: Timestamp) -> i64 {
    // `as_second` truncates towards zero: before 1970 that is one too many.
    instant.as_second() - i64::from(instant.subsec_nanosecond() < 0)
}

/// The first second that begins no earlier than an instant, counted from 1970.
pub(crate) fn seconds_from(instant: Timestamp) -> i64 {
    // `as_second` truncates towards zero: after 1970 that is one too few.
    instant.as_second() + i64::from(instant.subsec_nanosecond() > 0)
}

/// The instant without its fraction of a second.
pub(crate) fn whole_second(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(seconds(instant)).unwrap_or(Timestamp::MIN)
}
