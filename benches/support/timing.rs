//! Medians and percentiles.

use std::time::{Duration, Instant};

/// Times of one repeated action, in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<f64>);

impl Times {
    /// Adds one time.
    pub fn push(&mut self, time: Duration) {
        self.0.push(time.as_nanos() as f64 / 1e3);
    }

    /// Runs `f`, adds its time, and returns its result.
    pub fn time<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = f();
        self.push(start.elapsed());
        result
    }

    /// Adds all times of another.
    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// The smallest time that a fraction of the times do not exceed, in microseconds.
    pub fn quantile(&self, fraction: f64) -> f64 {
        let mut times = self.0.clone();
        times.sort_unstable_by(f64::total_cmp);
        let rank = (fraction * times.len() as f64).ceil() as usize;
        times.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }

    /// The median in microseconds.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The 99th percentile in microseconds.
    pub fn p99(&self) -> f64 {
        self.quantile(0.99)
    }
}
