//! How often an owner may be asked.

use serde::{Deserialize, Serialize};

use super::time::DAY;

/// How often an owner may be asked, by everybody together.
///
/// The default is 2 requests in 7 days and 4 in 30 days. 0 means never. Days are spans of 24 hours,
/// counted from the second in which an owner was asked: no time zone and no clock that is set for
/// the summer makes one longer or shorter.
///
/// ```
/// use canvass::{AgencyId, AskLimit, Consent, Denial, IncidentKind, Question, jiff};
///
/// let once_a_week = Consent::granted().with_limit(AskLimit::new(1, 4)?);
/// let (agency, incident) = (AgencyId(3), IncidentKind::Burglary);
/// let on = |day: &str| Ok::<_, jiff::Error>(format!("2026-05-{day}T12:00:00Z").parse()?);
/// let asked = [on("01")?];
/// let sooner = Question { agency, incident, now: on("07")? };
/// assert_eq!(once_a_week.evaluate(&sooner, &asked), Err(Denial::AskedOftenEnough));
/// let later = Question { agency, incident, now: on("08")? };
/// assert_eq!(once_a_week.evaluate(&later, &asked), Ok(()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Counts", into = "Counts")]
pub struct AskLimit {
    // INVARIANT: both at most `AskLimit::MAX`, so a history of that length decides.
    per_7_days: u8,
    per_30_days: u8,
}

impl Default for AskLimit {
    fn default() -> Self {
        Self { per_7_days: 2, per_30_days: 4 }
    }
}

impl AskLimit {
    /// The largest number of requests that a limit can allow in either span.
    pub const MAX: u8 = 30;

    /// A limit of so many requests in any 7 days and in any 30 days. Use 0 for never.
    ///
    /// # Errors
    ///
    /// If a number is larger than [`AskLimit::MAX`].
    pub fn new(per_7_days: u8, per_30_days: u8) -> Result<Self, AskLimitError> {
        match per_7_days.max(per_30_days) {
            number if number > Self::MAX => Err(AskLimitError { number }),
            _ => Ok(Self { per_7_days, per_30_days }),
        }
    }

    /// How many requests may reach an owner in any 7 days.
    #[must_use]
    pub const fn per_7_days(self) -> u8 {
        self.per_7_days
    }

    /// How many requests may reach an owner in any 30 days.
    #[must_use]
    pub const fn per_30_days(self) -> u8 {
        self.per_30_days
    }

    /// The first second from which the owner may be asked again, given when they were asked.
    ///
    /// A request at `a` counts at `now` while `now < a + span`; one that lies in the future counts
    /// as well. So the answer turns from no to yes once as `now` grows, and one instant holds
    /// it all.
    pub(crate) fn reached_until(self, asked: impl Iterator<Item = i64>) -> i64 {
        let mut asked: Vec<i64> = asked.collect();
        asked.sort_unstable_by(|a, b| b.cmp(a));
        [(self.per_7_days, 7 * DAY), (self.per_30_days, 30 * DAY)]
            .into_iter()
            .map(|(number, span)| match usize::from(number).checked_sub(1) {
                None => i64::MAX,
                Some(nth) => asked.get(nth).map_or(i64::MIN, |at| at.saturating_add(span)),
            })
            .fold(i64::MIN, i64::max)
    }
}

/// A number of requests is too large for an [`AskLimit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a limit of `{number}` requests is more than {}", AskLimit::MAX)]
pub struct AskLimitError {
    number: u8,
}

/// The wire form of a limit, before it is validated.
#[derive(Serialize, Deserialize)]
#[serde(
    crate = "crate::util::by_name",
    deny_unknown_fields,
    expecting = "an object with `per_7_days` and `per_30_days`"
)]
struct Counts {
    per_7_days: u8,
    per_30_days: u8,
}

impl TryFrom<Counts> for AskLimit {
    type Error = AskLimitError;

    fn try_from(counts: Counts) -> Result<Self, Self::Error> {
        Self::new(counts.per_7_days, counts.per_30_days)
    }
}

impl From<AskLimit> for Counts {
    fn from(limit: AskLimit) -> Self {
        Self { per_7_days: limit.per_7_days, per_30_days: limit.per_30_days }
    }
}
