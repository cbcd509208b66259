//! Answers with the status of a failure, counted for the log: under overload there are thousands a
//! second, and a line for each would fill the disk.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The counts of answers with a status of 500 or more since the last log line.
#[derive(Debug, Default)]
pub(crate) struct Warnings(Mutex<BTreeMap<(&'static str, String, u16), Count>>);

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    times: u64,
    slowest: Duration,
}

impl Warnings {
    /// Counts an answer. The route is the pattern that matched, so that there are few.
    pub(crate) fn note(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry((method, route.to_owned(), status)).or_default();
        count.times = count.times.saturating_add(1);
        count.slowest = count.slowest.max(took);
    }

    /// Logs one line for each counted method, route and status.
    pub(crate) fn log(&self) {
        let counts = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for ((method, route, status), Count { times, slowest }) in counts {
            let slowest = u64::try_from(slowest.as_micros()).unwrap_or(u64::MAX);
            tracing::warn!(
                method,
                route,
                status,
                times,
                slowest_microseconds = slowest,
                "answered"
            );
        }
    }
}
