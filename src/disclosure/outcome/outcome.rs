//! The outcome of a request, in bands: for the agency, once, after close.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::disclosure::band;
use crate::disclosure::band::Band;
use crate::model::RequestId;

/// The answer of an owner who was asked, if they answer at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
pub enum Answer {
    /// The owner shares footage.
    Shared,
    /// The owner does not. From then on this cannot be distinguished from silence.
    Declined,
}

/// How the answers to a request are released; fixed at its opening, before anybody could answer.
///
/// It is one way or the other and never both: the sum of ten counts, beside each of the ten in its
/// band, could show that two of them are not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
pub enum ReleaseMode {
    /// By themselves, as the outcome of the request.
    Alone,
    /// Only in a pool of the agency's requests.
    Pooled,
}

/// How many households shared footage, and how many did not, as bands: the **agency's** view
/// after close, of a request or of a pool of its requests.
///
/// Those who declined and those who did not answer are one number. The lowest band holds none as
/// well as a few, so the outcome is the same, byte by byte, whether nobody was asked, nobody
/// shared, or a few did. It comes from [`Outcomes`](crate::outcome::Outcomes) alone, which
/// documents its limits.
///
/// It has no exact count:
///
/// ```compile_fail,E0599
/// # fn show(outcome: canvass::outcome::Outcome) {
/// let count = outcome.shared().households();
/// # }
/// ```
///
/// In serde formats it has its fields. It can only be written: one that was read could not be
/// trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    requests: Vec<RequestId>,
    shared: Band,
    not_shared: Band,
}

impl Outcome {
    pub(crate) fn new(requests: Vec<RequestId>, bands: Bands) -> Self {
        let Bands { shared, not_shared } = bands;
        Self { requests, shared, not_shared }
    }

    /// The requests whose answers these are: one, or those of a pool.
    #[must_use]
    pub fn requests(&self) -> &[RequestId] {
        &self.requests
    }

    /// How many households shared.
    #[must_use]
    pub fn shared(&self) -> Band {
        self.shared
    }

    /// How many households were asked and did not share: they declined or did not answer.
    #[must_use]
    pub fn not_shared(&self) -> Band {
        self.not_shared
    }

    /// How many in a hundred of those asked shared, at least and at most: computed from the two
    /// bands, so it reveals nothing more. From 0 to 100 where both bands are the lowest.
    #[must_use]
    pub fn percent(&self) -> RangeInclusive<u8> {
        let (shared, not_shared) = (self.shared, self.not_shared);
        let hundredths = |share: u64, rest: u64, up: u128| {
            let all = u128::from(share) + u128::from(rest);
            let rounded = (u128::from(share) * 100 + up * all.saturating_sub(1)).checked_div(all);
            rounded.and_then(|percent| u8::try_from(percent).ok())
        };
        let (least, most) = (shared.at_least(), shared.at_most());
        let low = not_shared.at_most().and_then(|rest| hundredths(least, rest, 0));
        let high = most.and_then(|share| hundredths(share, not_shared.at_least(), 1));
        low.unwrap_or(0)..=high.unwrap_or(100)
    }
}

/// The two numbers of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", deny_unknown_fields)]
pub(crate) struct Bands {
    // INVARIANT: bands that there are, once the outcomes that they are in were read.
    #[serde(deserialize_with = "band::read")]
    pub(crate) shared: Band,
    #[serde(deserialize_with = "band::read")]
    pub(crate) not_shared: Band,
}

impl Bands {
    pub(crate) fn is_valid(self, lowest_end: u64) -> bool {
        self.shared.is_valid(lowest_end) && self.not_shared.is_valid(lowest_end)
    }
}
