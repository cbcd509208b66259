//! Shared by all benches: one generator of data, one of areas and requests, one place for the
//! engines.

#![allow(dead_code, reason = "no bench uses all of it")]

pub mod areas;
pub mod cases;
pub mod changes;
pub mod compared;
pub mod engines;
pub mod memory;
pub mod micro;
pub mod options;
pub mod population;
pub mod share;
pub mod timing;

use canvass::{OwnerId, Registry};
use jiff::SignedDuration;

use population::DataSet;

/// The instant of all requests.
pub fn now() -> jiff::Timestamp {
    "2026-05-10T12:00:00Z".parse().expect("an instant")
}

/// So many whole days.
pub fn days(number: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * number)
}

/// Loads a data set into a registry, and records the instants at which owners were asked; returns
/// the registry and the seconds of loading.
pub fn load(data: &DataSet) -> (Registry, f64) {
    let consents: Vec<(OwnerId, canvass::Consent)> = data.consents().collect();
    let start = std::time::Instant::now();
    let registry = Registry::bulk_load(&data.cameras, consents).expect("ids are unique");
    let seconds = start.elapsed().as_secs_f64();
    let asked: Vec<canvass::Change> = data.asked().collect();
    for batch in asked.chunks(10_000) {
        registry.apply(batch.iter().cloned()).expect("an owner can always be asked");
    }
    (registry, seconds)
}
