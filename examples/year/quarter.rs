//! The results of the requests of a quarter, in numbers.

use serde::Serialize;

/// The counts of a quarter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quarter {
    /// From 1 to 4; 0 for all of the year.
    pub(crate) number: usize,
    pub(crate) requests: usize,
    /// Refused, and the agency's other drawings are refused as well.
    pub(crate) refused_for_good: usize,
    /// Refused for being too close to an earlier area, which the agency then asked about again.
    pub(crate) redrawn: usize,
    /// Nobody was asked: fewer households than the anonymity set.
    pub(crate) too_few: usize,
    /// Nobody was asked: there were enough households, and an earlier request of the agency
    /// prevented it.
    pub(crate) guarded: usize,
    /// Nobody was asked: nobody could be asked.
    pub(crate) nobody: usize,
    /// In areas with enough households: the owners who could be asked, and those who were.
    pub(crate) eligible: usize,
    pub(crate) asked: usize,
    /// Requests with as many owners asked as a band begins with, and those of them that get an
    /// outcome of their own.
    pub(crate) answered: usize,
    pub(crate) own: usize,
    /// The time of each route in nanoseconds.
    pub(crate) route_nanos: Vec<u64>,
}

#[derive(Serialize)]
struct Row<'a> {
    population: &'a str,
    quarter: usize,
    asked_share: f64,
    refused_for_good_share: f64,
    own_outcome_share: f64,
    nobody_asked_share: f64,
    route_median_us: f64,
}

pub(crate) fn header() -> String {
    format!(
        "{:<8} {:>8} {:>8} {:>8} {:>9} {:>8} {:>8} {:>8} {:>9} {:>9}",
        "quarter",
        "requests",
        "refused",
        "redrawn",
        "too few",
        "guarded",
        "nobody",
        "asked",
        "own",
        "route us"
    )
}

impl Quarter {
    pub(crate) fn total(quarters: &[Self]) -> Self {
        quarters.iter().fold(Self::default(), |mut all, quarter| {
            all.requests += quarter.requests;
            all.refused_for_good += quarter.refused_for_good;
            all.redrawn += quarter.redrawn;
            all.too_few += quarter.too_few;
            all.guarded += quarter.guarded;
            all.nobody += quarter.nobody;
            all.eligible += quarter.eligible;
            all.asked += quarter.asked;
            all.answered += quarter.answered;
            all.own += quarter.own;
            all.route_nanos.extend(&quarter.route_nanos);
            all
        })
    }

    /// The share of owners asked who could be, in areas with enough households.
    pub(crate) fn asked_share(&self) -> f64 {
        share(self.asked, self.eligible)
    }

    pub(crate) fn refused_share(&self) -> f64 {
        share(self.refused_for_good, self.requests)
    }

    /// The share of requests with an own outcome, among those with enough answers.
    pub(crate) fn own_share(&self) -> f64 {
        share(self.own, self.answered)
    }

    /// The share of all requests that ask nobody because of the defences.
    pub(crate) fn nobody_share(&self) -> f64 {
        share(self.too_few + self.guarded, self.requests)
    }

    fn route_median_us(&self) -> f64 {
        let mut nanos = self.route_nanos.clone();
        nanos.sort_unstable();
        nanos.get(nanos.len() / 2).map_or(0.0, |&median| median as f64 / 1_000.0)
    }

    pub(crate) fn row(&self) -> String {
        let number = if self.number == 0 { "year".to_owned() } else { self.number.to_string() };
        let percent = |part: usize| format!("{:.1} %", 100.0 * share(part, self.requests));
        format!(
            "{number:<8} {:>8} {:>8} {:>8} {:>9} {:>8} {:>8} {:>6.1} % {:>7.1} % {:>9.1}",
            self.requests,
            percent(self.refused_for_good),
            percent(self.redrawn),
            percent(self.too_few),
            percent(self.guarded),
            percent(self.nobody),
            100.0 * self.asked_share(),
            100.0 * self.own_share(),
            self.route_median_us(),
        )
    }

    pub(crate) fn to_json(&self, population: &str) -> serde_json::Result<String> {
        serde_json::to_string(&Row {
            population,
            quarter: self.number,
            asked_share: self.asked_share(),
            refused_for_good_share: self.refused_share(),
            own_outcome_share: self.own_share(),
            nobody_asked_share: self.nobody_share(),
            route_median_us: self.route_median_us(),
        })
    }
}

/// A part of a whole; 1 if the whole is 0.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}
