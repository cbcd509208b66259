//! The hours in which nobody is disturbed.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Time;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::time::{DAY, whole_second};
use super::zone::Zone;

/// The hours of the night in which no owner is sent anything, by the clock on the owner's wall.
///
/// From `from`, which is quiet, up to `until`, which is not; past midnight if `until` is the
/// earlier. [`QuietHours::in_zone`] has 21:00 to 08:00, the hours in which the US rules on telephone
/// solicitation (47 CFR 64.1200) forbid calls.
///
/// Quiet hours deny nothing: they delay a notice until they end. The clock is that of the
/// owner's own [`Zone`] (see [`Consent::with_zone`](crate::Consent::with_zone)), or else that of these hours,
/// whose zone you always name.
///
/// In serde formats the times are strings such as `"21:00:00"`, in TOML as well; times that are left out are
/// 21:00 and 08:00, and the zone cannot be left out.
///
/// ```
/// use canvass::{QuietHours, Zone};
///
/// let hours = QuietHours::in_zone(Zone::UTC);
/// let home: Zone = "America/New_York".parse()?;
/// // 23:30 in New York: to be sent at 08:00 the next morning.
/// let late = "2026-05-02T03:30:00Z".parse()?;
/// assert_eq!(hours.not_before(late, &home), Some("2026-05-02T12:00:00Z".parse()?));
/// // 17:30 in New York: at once.
/// assert_eq!(hours.not_before("2026-05-01T21:30:00Z".parse()?, &home), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Hours", into = "Hours")]
pub struct QuietHours {
    // INVARIANT: whole seconds, and not equal.
    from: Time,
    until: Time,
    zone: Zone,
}

/// The hours that hold unless others are stated.
const USUAL: (Time, Time) = (Time::constant(21, 0, 0, 0), Time::constant(8, 0, 0, 0));

fn usual_from() -> Time {
    USUAL.0
}

fn usual_until() -> Time {
    USUAL.1
}

impl QuietHours {
    /// 21:00 to 08:00; `zone` is for owners who named none.
    #[must_use]
    pub fn in_zone(zone: Zone) -> Self {
        let (from, until) = USUAL;
        Self { from, until, zone }
    }

    /// The hours from `from` up to but not including `until`; `zone` is for owners who named none.
    ///
    /// # Errors
    ///
    /// If the two are equal, which could be all day or never, or have fractions of a second.
    pub fn new(from: Time, until: Time, zone: Zone) -> Result<Self, QuietHoursError> {
        if let Some(&time) = [from, until].iter().find(|time| time.subsec_nanosecond() != 0) {
            Err(QuietHoursError::Fraction { time })
        } else if from == until {
            Err(QuietHoursError::Empty { time: from })
        } else {
            Ok(Self { from, until, zone })
        }
    }

    /// The first quiet second by the clock on the wall.
    #[must_use]
    pub fn from(&self) -> Time {
        self.from
    }

    /// The first second that is not quiet any more.
    #[must_use]
    pub fn until(&self) -> Time {
        self.until
    }

    /// The zone of owners who named none.
    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The same hours with another zone for owners who named none.
    #[must_use]
    pub fn with_zone(self, zone: Zone) -> Self {
        Self { zone, ..self }
    }

    /// From when on a notice may be sent: `None` if the clocks of `zone` show no quiet hour at
    /// `now`, or else the first second after it in which they show none.
    ///
    /// Exact when clocks are set: an hour that is left out is not waited for, and one that comes
    /// twice may be quiet twice. At the end of time, where no such second is left, it is
    /// `Timestamp::MAX`.
    #[must_use]
    pub fn not_before(&self, now: Timestamp, zone: &Zone) -> Option<Timestamp> {
        let mut at = whole_second(now);
        if self.left(at, zone) == 0 {
            return None;
        }
        // Between two transitions a clock runs evenly, so that is where the quiet ends, or the
        // next transition comes first and is looked at itself: one in that very second as well,
        // which may set the clock back into the quiet. There are a few in a year.
        loop {
            let left = self.left(at, zone);
            let end = at.as_second().checked_add(left).map(Timestamp::from_second);
            let Some(Ok(end)) = end else { return Some(Timestamp::MAX) };
            match zone.next_transition(at) {
                Some(transition) if transition <= end => at = transition,
                _ => return Some(end),
            }
        }
    }

    /// How many seconds of quiet a clock that nobody sets still shows; 0 if it is not quiet.
    fn left(&self, at: Timestamp, zone: &Zone) -> i64 {
        let [from, until] = [self.from, self.until].map(second_of_day);
        let clock = at.as_second().saturating_add(zone.ahead(at)).rem_euclid(DAY);
        let (since, length) = ((clock - from).rem_euclid(DAY), (until - from).rem_euclid(DAY));
        (length - since).max(0)
    }
}

fn second_of_day(time: Time) -> i64 {
    (i64::from(time.hour()) * 60 + i64::from(time.minute())) * 60 + i64::from(time.second())
}

/// Why two times do not make [`QuietHours`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuietHoursError {
    /// Both are the same.
    #[error(
        "quiet hours from `{time}` to `{time}` could mean all day or never; for never, have none"
    )]
    Empty {
        /// The time given twice.
        time: Time,
    },
    /// A text names no zone.
    #[error(
        "quiet hours need a `zone` for owners who named none, such as `\"zone\": \"America/Denver\"`"
    )]
    NoZone,
    /// A time is not a whole second.
    #[error("quiet hours begin and end on whole seconds, not at `{time}`")]
    Fraction {
        /// The time given.
        time: Time,
    },
}

/// The wire form of quiet hours, before they are validated.
#[derive(Serialize, Deserialize)]
#[serde(
    crate = "crate::util::by_name",
    deny_unknown_fields,
    expecting = "an object with `from`, `until` and `zone`"
)]
struct Hours {
    #[serde(default = "usual_from", deserialize_with = "read_time")]
    from: Time,
    #[serde(default = "usual_until", deserialize_with = "read_time")]
    until: Time,
    #[serde(default)]
    zone: Option<Zone>,
}

/// Reads a time of day, and nothing more: the parser drops a date, an offset or a zone, so that
/// `21:00-05:00` would be taken for 21:00 in the zone of the record.
fn read_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
    let text = Cow::<str>::deserialize(deserializer)?;
    let is_clock = text.chars().all(|mark| mark.is_ascii_digit() || matches!(mark, ':' | '.'));
    let time = is_clock.then(|| text.parse().ok()).flatten();
    time.ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        D::Error::custom(format_args!(
            "`{shown}` is not a time of day; write one such as `21:00:00`, and the zone beside it"
        ))
    })
}

impl TryFrom<Hours> for QuietHours {
    type Error = QuietHoursError;

    fn try_from(hours: Hours) -> Result<Self, Self::Error> {
        let zone = hours.zone.ok_or(QuietHoursError::NoZone)?;
        Self::new(hours.from, hours.until, zone)
    }
}

impl From<QuietHours> for Hours {
    fn from(QuietHours { from, until, zone }: QuietHours) -> Self {
        Self { from, until, zone: Some(zone) }
    }
}

/// Optional quiet hours of a policy. Write `"none"` for no quiet hours: TOML has no null, and
/// a field that is left out keeps its default. Null is read as well.
pub(crate) mod or_none {
    use super::{Deserializer, OrNone, QuietHours, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "as serde calls it")]
    pub(crate) fn serialize<S: Serializer>(
        hours: &Option<QuietHours>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match hours {
            Some(hours) => hours.serialize(serializer),
            None => serializer.serialize_str(super::NONE),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<QuietHours>, D::Error> {
        deserializer.deserialize_any(OrNone)
    }
}

const NONE: &str = "none";

struct OrNone;

impl<'de> Visitor<'de> for OrNone {
    type Value = Option<QuietHours>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with `from`, `until` and `zone`, or `{NONE}`")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Self::Value, E> {
        if word == NONE { Ok(None) } else { Err(E::invalid_value(Unexpected::Str(word), &self)) }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        QuietHours::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
}
