//! How often a household is counted in outcomes, by all agencies together.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::OwnerId;

const DAY: i64 = 86_400;

/// How often each household was counted in an outcome in the last year: **the operator's**, one for
/// all agencies and all their [`Outcomes`](crate::outcome::Outcomes).
///
/// Each outcome that counts a household spends [`EPSILON`](Self::EPSILON) of its privacy. A household
/// is counted in at most [`PER_90_DAYS`](Self::PER_90_DAYS) outcomes in any 90 days and in
/// [`PER_365_DAYS`](Self::PER_365_DAYS) in any 365 days, of a day of 24 hours each. Further outcomes
/// do not count it: it is asked all the same, and nothing reveals that it is not counted. So the
/// outcomes of a year, of all agencies together, depend on one household by a factor of at most
/// e^3.6 = 36, and those of 90 days by e^0.9 = 2.4, for any requests.
///
/// Keep it with the ledgers, and store it after each close. Counts older than a year are dropped
/// when the household is counted next; call [`forget_before`](Self::forget_before) to drop them for
/// all.
///
/// ```
/// use canvass::OwnerId;
/// use canvass::outcome::OutcomeBudget;
///
/// let mut budget = OutcomeBudget::default();
/// let now = "2026-05-02T09:00:00Z".parse()?;
/// let counted = (0..10).filter(|_| budget.spend(OwnerId(7), now)).count();
/// assert_eq!(counted, OutcomeBudget::PER_90_DAYS);
/// # Ok::<(), canvass::jiff::Error>(())
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OutcomeBudget {
    // INVARIANT: the seconds of an owner ascend.
    counted: BTreeMap<OwnerId, Vec<i64>>,
    #[serde(skip)]
    changed: BTreeSet<OwnerId>,
}

impl OutcomeBudget {
    /// How many outcomes count a household in 90 days.
    pub const PER_90_DAYS: usize = 4;

    /// How many outcomes count a household in 365 days.
    pub const PER_365_DAYS: usize = 16;

    /// The cost of one outcome: the natural logarithm of 5/4. With a household more or less among
    /// those who were counted, no outcome is more than 5/4 times as likely.
    pub const EPSILON: f64 = 0.223_143_551_314_209_76;

    /// Spends the budget of a household for an outcome at `now`, if enough is left; returns whether
    /// the outcome may count it.
    pub fn spend(&mut self, owner: OwnerId, now: Timestamp) -> bool {
        let now = now.as_second();
        let counted = self.counted.entry(owner).or_default();
        counted.retain(|&at| at > now.saturating_sub(365 * DAY));
        // An instant after `now` counts as well: a clock that was set back spends nothing twice.
        let recent = counted.iter().filter(|&&at| at > now.saturating_sub(90 * DAY)).count();
        let is_left = recent < Self::PER_90_DAYS && counted.len() < Self::PER_365_DAYS;
        if is_left {
            counted.insert(counted.partition_point(|&at| at <= now), now);
            self.changed.insert(owner);
        }
        is_left
    }

    /// Drops the counts on which no outcome of `now` or later depends. Call it once a day or so.
    /// O(households).
    pub fn forget_before(&mut self, now: Timestamp) {
        let year_ago = now.as_second().saturating_sub(365 * DAY);
        self.counted.retain(|_, counted| {
            counted.retain(|&at| at > year_ago);
            !counted.is_empty()
        });
    }

    /// The seconds since 1970 at which a household was counted in the last year, ascending. Use this
    /// in a service that keeps a row for each household.
    #[must_use]
    pub fn counted(&self, owner: OwnerId) -> &[i64] {
        self.counted.get(&owner).map_or(&[], Vec::as_slice)
    }

    /// The households that were counted since you called this last, ascending: rewrite their rows.
    pub fn take_changed(&mut self) -> impl Iterator<Item = OwnerId> + use<> {
        std::mem::take(&mut self.changed).into_iter()
    }

    /// Puts back the instants that [`counted`](Self::counted) returned.
    pub fn restore(&mut self, owner: OwnerId, counted: impl IntoIterator<Item = i64>) {
        let mut counted: Vec<i64> = counted.into_iter().collect();
        counted.sort_unstable();
        self.counted.insert(owner, counted);
    }
}

/// Which rows are to be written does not count.
impl PartialEq for OutcomeBudget {
    fn eq(&self, other: &Self) -> bool {
        self.counted == other.counted
    }
}

impl Eq for OutcomeBudget {}
