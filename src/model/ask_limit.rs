//! How often an owner may be asked.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::ids::AgencyId;
use super::time::DAY;

/// How often an owner may be asked, by everybody together. No agency may use more than half of either
/// number, rounded up, so that none uses up what is there for all.
///
/// The default is 2 requests in 7 days and 4 in 30 days: of one agency, 1 and 2. 0 means never. Days are spans of 24 hours,
/// counted from the second in which an owner was asked: no time zone and no clock that is set for
/// the summer makes one longer or shorter.
///
/// ```
/// use canvass::{AgencyId, Ask, AskLimit, Consent, Denial, IncidentKind, Question, jiff};
///
/// let twice_a_week = Consent::granted().with_limit(AskLimit::new(2, 4)?);
/// let (agency, incident) = (AgencyId(3), IncidentKind::Burglary);
/// let on = |day: &str| Ok::<_, jiff::Error>(format!("2026-05-{day}T12:00:00Z").parse()?);
/// let asked = [Ask { agency: Some(agency), at: on("01")? }];
/// let sooner = Question { agency, incident, now: on("07")? };
/// assert_eq!(twice_a_week.evaluate(&sooner, &asked), Err(Denial::AskedOftenEnough));
/// // It has had its share of the week; another agency has not.
/// let another = Question { agency: AgencyId(4), ..sooner };
/// assert_eq!(twice_a_week.evaluate(&another, &asked), Ok(()));
/// let later = Question { agency, incident, now: on("08")? };
/// assert_eq!(twice_a_week.evaluate(&later, &asked), Ok(()));
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

    /// The first second from which an agency may ask the owner again, given who asked them when.
    ///
    /// A request at `a` counts at `now` while `now < a + span`; one that lies in the future counts
    /// as well. So the answer turns from no to yes once as `now` grows, and one instant holds
    /// it all.
    pub(crate) fn reached_until(
        self,
        agency: AgencyId,
        asked: impl Iterator<Item = AskTime> + Clone,
    ) -> i64 {
        let own = asked.clone().filter(|&(_, by)| by == Some(agency)).map(|(at, _)| at);
        let by_all = reached(self.spans(), asked.map(|(at, _)| at));
        by_all.max(reached(self.spans().map(|(number, span)| (share(number), span)), own))
    }

    /// The same for all agencies at once: until when nobody may ask, and which of them must wait longer.
    pub(crate) fn reached_by(self, asked: &[AskTime]) -> (i64, UsedShares) {
        let by_all = reached(self.spans(), asked.iter().map(|&(at, _)| at));
        let mut shares = UsedShares::default();
        // INVARIANT: for each span at most one agency. Two that had used their halves would have used the
        // whole, and nobody could ask until one of their requests no longer counts.
        for ((number, span), slot) in self.spans().into_iter().zip(&mut shares.0) {
            let of = |agency| {
                let own =
                    asked.iter().filter(move |&&(_, by)| by == Some(agency)).map(|&(at, _)| at);
                (agency, reached([(share(number), span)], own))
            };
            let waiting = asked.iter().filter_map(|&(_, agency)| agency.map(of));
            *slot = waiting.filter(|&(_, until)| until > by_all).max_by_key(|&(_, until)| until);
        }
        (by_all, shares)
    }

    fn spans(self) -> [(u8, i64); 2] {
        [(self.per_7_days, 7 * DAY), (self.per_30_days, 30 * DAY)]
    }
}

/// When an owner was asked, in seconds, and by which agency if that is known.
pub(crate) type AskTime = (i64, Option<AgencyId>);

/// The part of a number of requests that one agency may use.
const fn share(number: u8) -> u8 {
    number.div_ceil(2)
}

/// The first second at which fewer requests count in each span than its number.
fn reached<const N: usize>(spans: [(u8, i64); N], asked: impl Iterator<Item = i64>) -> i64 {
    let mut asked: SmallVec<[i64; 8]> = asked.collect();
    asked.sort_unstable_by(|a, b| b.cmp(a));
    let until = |(number, span)| match usize::from(number).checked_sub(1) {
        None => i64::MAX,
        Some(nth) => asked.get(nth).map_or(i64::MIN, |at: &i64| at.saturating_add(span)),
    };
    spans.into_iter().map(until).fold(i64::MIN, i64::max)
}

/// The agencies that have used up their share of a limit which nobody has used up: for each span at most
/// one, and until when it must wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UsedShares([Option<(AgencyId, i64)>; 2]);

impl UsedShares {
    /// Whether no agency must wait.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Whether an agency must wait at an instant, in seconds.
    pub(crate) fn has_used(&self, agency: AgencyId, now: i64) -> bool {
        self.0.iter().flatten().any(|&(by, until)| by == agency && now < until)
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
