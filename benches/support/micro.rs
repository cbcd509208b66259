//! Shared by the criterion benches.

use std::time::Duration;

use canvass::Registry;
use criterion::Criterion;

use super::cases::{Case, Query};
use super::options::is_smoke;
use super::population::DataSet;
use super::share::Share;

/// Criterion for times that are long compared with the clock: short runs, so that all benches
/// together take minutes.
pub fn criterion() -> Criterion {
    Criterion::default()
        .without_plots()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args()
}

/// The number of cameras in the criterion benches: enough to leave the second-level cache.
pub fn cameras() -> usize {
    if is_smoke() { 10_000 } else { 200_000 }
}

/// A data set of [`cameras`].
pub fn data(agreed: Share) -> DataSet {
    DataSet::draw(cameras(), agreed, 1)
}

/// A registry of a data set.
pub fn registry(set: &DataSet) -> Registry {
    super::load(set).0
}

/// Requests of a case, fewer than `versus` takes.
pub fn queries(case: &Case, set: &DataSet) -> Vec<Query> {
    let requests = if is_smoke() { 2 } else { case.requests.min(200) };
    case.draw(requests, set, 1)
}
