//! A limit on how often something is done.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A token bucket: a number of calls in a span, and as many at once.
#[derive(Debug)]
pub(crate) struct Rate {
    /// The time in which one token comes back.
    each: Duration,
    /// The bucket's size as time: how far it may be ahead of the clock.
    burst: Duration,
    /// The instant at which the bucket is full again. In the past if it is.
    full_at: Mutex<Instant>,
}

impl Rate {
    /// A bucket for a number of calls in a span; neither is zero.
    pub(crate) fn new(many: u32, span: Duration) -> Self {
        let each = span.checked_div(many).unwrap_or(span).max(Duration::from_nanos(1));
        Self { each, burst: span, full_at: Mutex::new(Instant::now()) }
    }

    /// Takes a token, or returns the time until there is one.
    pub(crate) fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let next = (*full_at).max(now) + self.each;
        match next.saturating_duration_since(now).checked_sub(self.burst) {
            None | Some(Duration::ZERO) => {
                *full_at = next;
                Ok(())
            }
            Some(wait) => Err(wait),
        }
    }

    /// Whether the bucket is full.
    pub(crate) fn is_full(&self, now: Instant) -> bool {
        *self.full_at.lock().unwrap_or_else(PoisonError::into_inner) <= now
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Rate;

    #[test]
    fn as_many_pass_as_are_allowed_and_time_brings_back() {
        let (rate, start) = (Rate::new(10, Duration::from_secs(1)), Instant::now());
        let passed = (0..100).filter(|_| rate.take(start).is_ok()).count();
        assert!((10..=11).contains(&passed), "{passed}");
        assert!(rate.take(start).is_err_and(|wait| wait <= Duration::from_millis(100)));
        let later = start + Duration::from_millis(350);
        let passed = (0..100).filter(|_| rate.take(later).is_ok()).count();
        assert!((3..=4).contains(&passed), "{passed}");
        assert!(!rate.is_full(later) && rate.is_full(later + Duration::from_secs(1)));
    }
}
