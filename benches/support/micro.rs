//! Shared by the criterion benches.

use std::time::Duration;

use canvass::Registry;
use criterion::Criterion;

use super::cases::{Case, Query};
use super::options::{is_long, is_smoke};
use super::population::DataSet;
use super::share::Share;

/// Criterion for times that are long compared with the clock: short runs, so that all benches
/// together take two minutes; `CANVASS_BENCH=long` takes ten times as long.
pub fn criterion() -> Criterion {
    let (samples, warm_up, measured) = if is_long() { (20, 500, 2_000) } else { (10, 50, 200) };
    Criterion::default()
        .without_plots()
        .sample_size(samples)
        .warm_up_time(Duration::from_millis(warm_up))
        .measurement_time(Duration::from_millis(measured))
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
