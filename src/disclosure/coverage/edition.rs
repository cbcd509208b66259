//! When a coverage is made, and the noise in its counts.

use h3o::CellIndex;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::disclosure::secret::secret;

secret! {
    /// The seed of all noise in coverages: 32 random bytes that the operator made once, and shows to nobody.
    /// Whoever knows it can take the noise away. `Debug` does not print it.
    ///
    /// ```
    /// use canvass::coverage::CoverageSeed;
    ///
    /// assert_eq!(format!("{:?}", CoverageSeed::new([7; 32])), "CoverageSeed(..)");
    /// ```
    CoverageSeed
}

impl CoverageSeed {
    /// The noise in the count of a cell: the difference of two geometric numbers, each the number of ones before
    /// the first zero. 0 in one of three cases, at most 2 in five of six.
    pub(super) fn noise(&self, period: CoveragePeriod, cell: CellIndex) -> i64 {
        let mut key = [0; 64];
        key.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        let mut mac = Hmac::<Sha256>::new(&key.into());
        mac.update(b"canvass coverage noise 1");
        mac.update(&period.0.to_be_bytes());
        mac.update(&u64::from(cell).to_be_bytes());
        let bytes: [u8; 32] = mac.finalize().into_bytes().into();
        let halves = bytes.as_chunks::<16>().0.iter().map(|half| u128::from_be_bytes(*half));
        let mut ones = halves.map(|half| i64::from(half.leading_ones()));
        ones.next().unwrap_or(0) - ones.next().unwrap_or(0)
    }
}

/// The period that a coverage is made for, once: a quarter of a year, UTC.
///
/// Make the coverage of a period when it begins, keep it, and show it until the next begins. One that is
/// made again within a period, of a newer snapshot, has the same noise: the two side by side would
/// show who registered in between.
///
/// ```
/// use canvass::coverage::CoveragePeriod;
///
/// let may = CoveragePeriod::of("2026-05-02T09:00:00Z".parse()?);
/// assert_eq!(may, CoveragePeriod::of("2026-06-30T23:59:59Z".parse()?));
/// assert!(may < CoveragePeriod::of("2026-07-01T00:00:00Z".parse()?));
/// assert_eq!(may.number(), 2026 * 4 + 1);
/// # Ok::<(), canvass::jiff::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CoveragePeriod(u64);

impl CoveragePeriod {
    /// The quarter of an instant, UTC.
    #[must_use]
    pub fn of(now: Timestamp) -> Self {
        let date = TimeZone::UTC.to_datetime(now).date();
        let quarters = i64::from(date.year()) * 4 + (i64::from(date.month()) - 1) / 3;
        Self(u64::try_from(quarters).unwrap_or(0))
    }

    /// The period of this number, for a service with dates of its own. Each costs a household
    /// [`Coverage::EPSILON`](super::Coverage::EPSILON).
    #[must_use]
    pub const fn numbered(number: u64) -> Self {
        Self(number)
    }

    /// Its number: of a quarter, four times the year, and 0 to 3.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}
