//! Owners' use of the service: concurrent, in a minute, and of what is stored with keys.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use canvass::OwnerId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::rate::Rate;
use crate::http::problem::{Kind, Problem};
use crate::settings::Limits;

/// The most calls of one owner with an idempotency key in a day: each stores its answer for at least
/// a week.
const KEYED_IN_A_DAY: u32 = 1_000;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The owners who sent something lately, with their use.
#[derive(Debug)]
pub(crate) struct Owners {
    uses: Mutex<HashMap<OwnerId, Use>>,
    at_once: usize,
    per_minute: u32,
}

#[derive(Debug)]
struct Use {
    in_flight: Arc<Semaphore>,
    rate: Rate,
    keyed: Rate,
}

impl Owners {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            uses: Mutex::default(),
            at_once: limits.owner_in_flight,
            per_minute: limits.owner_requests_per_minute,
        }
    }

    /// Admits one request of an owner, until the returned permit is dropped.
    pub(crate) fn enter(
        &self,
        owner: OwnerId,
        has_key: bool,
    ) -> Result<OwnedSemaphorePermit, Problem> {
        let now = Instant::now();
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let of = uses.entry(owner).or_insert_with(|| Use {
            in_flight: Arc::new(Semaphore::new(self.at_once)),
            rate: Rate::new(self.per_minute, Duration::from_secs(60)),
            keyed: Rate::new(KEYED_IN_A_DAY, DAY),
        });
        let Ok(place) = Arc::clone(&of.in_flight).try_acquire_owned() else {
            let detail = format!("{} requests of yours are being answered", self.at_once);
            return Err(Problem::new(Kind::TooManyAtOnce, detail));
        };
        let refused = |wait: Duration, allowed: String| {
            let detail =
                format!("send at most {allowed}; there is room for one in {} ms", wait.as_millis());
            Problem::new(Kind::TooManyRequests, detail)
        };
        of.rate
            .take(now)
            .map_err(|wait| refused(wait, format!("{} requests a minute", self.per_minute)))?;
        if has_key {
            of.keyed.take(now).map_err(|wait| {
                refused(wait, format!("{KEYED_IN_A_DAY} requests with a key in a day"))
            })?;
        }
        Ok(place)
    }

    /// Forgets owners who have nothing in progress and all their calls left.
    pub(crate) fn sweep(&self, now: Instant) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        uses.retain(|_, of| {
            let is_idle = of.in_flight.available_permits() >= self.at_once;
            !(is_idle && of.rate.is_full(now) && of.keyed.is_full(now))
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use canvass::OwnerId;

    use super::{DAY, KEYED_IN_A_DAY, Owners};
    use crate::settings::Limits;

    #[test]
    fn an_owner_uses_up_no_other_owners_calls() {
        let limits =
            Limits { owner_in_flight: 2, owner_requests_per_minute: 5, ..Limits::default() };
        let owners = Owners::new(&limits);
        let enter = |owner, has_key| owners.enter(OwnerId(owner), has_key);
        let code = |owner| enter(owner, false).map_err(|problem| problem.kind().code()).err();
        let held = (enter(1, false), enter(1, false));
        assert!(held.0.is_ok() && held.1.is_ok());
        assert_eq!((code(1), code(2)), (Some("too_many_at_once"), None));
        drop(held);
        for _ in 0..4 {
            let _ = code(1);
        }
        assert_eq!((code(1), code(2)), (Some("too_many_requests"), None));
        owners.sweep(Instant::now() + Duration::from_secs(61));
        assert_eq!(owners.uses.lock().map(|uses| uses.len()).ok(), Some(0));
    }

    #[test]
    fn keys_are_counted_for_a_day() {
        let limits = Limits { owner_requests_per_minute: u32::MAX, ..Limits::default() };
        let owners = Owners::new(&limits);
        let passed = (0..2 * KEYED_IN_A_DAY)
            .map(|_| u32::from(owners.enter(OwnerId(1), true).is_ok()))
            .sum::<u32>();
        assert!((KEYED_IN_A_DAY..KEYED_IN_A_DAY + 5).contains(&passed), "{passed}");
        assert!(owners.enter(OwnerId(1), false).is_ok());
        owners.sweep(Instant::now() + DAY / 2);
        assert!(owners.enter(OwnerId(1), true).is_err(), "the count began anew");
    }
}
