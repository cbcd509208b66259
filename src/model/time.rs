//! When: windows of whole seconds, half-open.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

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
    /// them.
    ///
    /// # Errors
    ///
    /// If the text is not two instants, or the window is empty. An end that leaves out what it has
    /// in common with the start, and a duration instead of an instant, are not read.
    fn from_str(text: &str) -> Result<Self, TimeWindowError> {
        let cut = |text: &str| text.chars().take(80).collect();
        let (start, end) =
            text.split_once('/').ok_or_else(|| TimeWindowError::NoInterval { text: cut(text) })?;
        let instant =
            |text: &str| text.parse().map_err(|_| TimeWindowError::NoInstant { text: cut(text) });
        Self::new(instant(start)?, instant(end)?)
    }
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
}

/// The wire form of a window, before it is validated.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `start` and `end`")]
struct Ends {
    start: Timestamp,
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
