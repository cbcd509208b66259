//! A limit on how often something is done.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many a span of time, and as many at once: a token bucket.
#[derive(Debug)]
pub(crate) struct Rate {
    /// How long one takes to come back.
    each: Duration,
    /// How far ahead of the clock the bucket may be: its size in time.
    burst: Duration,
    /// When the bucket is full again. In the past if it is.
    full_at: Mutex<Instant>,
}

impl Rate {
    /// So many in a span, which is not zero of either.
    pub(crate) fn new(many: u32, span: Duration) -> Self {
        let each = span.checked_div(many).unwrap_or(span).max(Duration::from_nanos(1));
        Self { each, burst: span, full_at: Mutex::new(Instant::now()) }
    }

    /// Takes one, or says how long it is until there is one again.
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

    /// Whether all are there.
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
