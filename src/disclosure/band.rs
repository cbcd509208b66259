//! Bands of counts: one row of edges for everything that is published.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// A count of households as it is published: never exactly.
///
/// Bands begin at 11, 21, 51, 101, 201, 501, 1,001 and so on. The lowest goes from 0 to at least
/// 10, so that none looks like a few.
///
/// In serde formats it has `at_least`, and `at_most` if there is such a number. It can only be
/// written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Band {
    at_least: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<u64>,
}

impl Band {
    /// The band of a count, where `lowest_end`, an edge, is where the lowest ends.
    pub(crate) fn of(count: u64, lowest_end: u64) -> Self {
        if count < lowest_end {
            return Self { at_least: 0, at_most: lowest_end.checked_sub(1) };
        }
        let at_least = edges().take_while(|&edge| edge <= count).last().unwrap_or(0);
        let at_most = edges().find(|&edge| edge > count).map(|edge| edge - 1);
        Self { at_least, at_most }
    }

    /// Whether it is the band of some count.
    pub(crate) fn is_valid(self, lowest_end: u64) -> bool {
        self == Self::of(self.at_least, lowest_end)
    }

    /// The count is at least so many.
    #[must_use]
    pub fn at_least(&self) -> u64 {
        self.at_least
    }

    /// The count is at most so many; `None` in the last band, which begins beyond all numbers of
    /// `u32`.
    #[must_use]
    pub fn at_most(&self) -> Option<u64> {
        self.at_most
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.at_least, self.at_most) {
            (0, Some(most)) => write!(f, "fewer than {}", most.saturating_add(1)),
            (least, Some(most)) => write!(f, "{least} to {most}"),
            (least, None) => write!(f, "{least} or more"),
        }
    }
}

/// Reads the serde form of a band; the reader checks whether it is [valid](Band::is_valid).
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Band, D::Error> {
    #[derive(Deserialize)]
    #[serde(crate = "crate::util::by_name", rename = "Band", deny_unknown_fields)]
    struct BandForm {
        at_least: u64,
        at_most: Option<u64>,
    }
    let BandForm { at_least, at_most } = BandForm::deserialize(deserializer)?;
    Ok(Band { at_least, at_most })
}

/// Where bands begin: one above 10, 20, 50 and their multiples by powers of ten, beyond `u32::MAX`.
pub(crate) fn edges() -> impl Iterator<Item = u64> {
    (1..=9).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power) + 1))
}

/// A number rounded up to where a band begins.
pub(crate) fn edge_from(number: u32) -> u64 {
    edges().find(|&edge| edge >= u64::from(number)).unwrap_or(u64::MAX)
}
