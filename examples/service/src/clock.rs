//! The time of day, compared with a monotonic clock that cannot be set.
//!
//! A wall clock that is wrong for two seconds would expire requests for good. So each reading is
//! compared with the monotonic clock. If the two differ by more than [`STEP`], the time continues
//! from its last value, and nothing is decided by it until the wall clock is back, or has stayed
//! long enough to be believed. At a start, the last stored instant takes the place of the previous
//! reading.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// The step by which a wall clock may be set, as time servers do.
const STEP: SignedDuration = SignedDuration::from_secs(5);

/// The downtime after which a jump of the clock is not doubted.
const DOWN: SignedDuration = SignedDuration::from_hours(24);

/// A clock that doubts jumps.
#[derive(Debug)]
pub struct Clock {
    begun: Instant,
    state: Mutex<State>,
}

/// A reading of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The time. While the wall clock is in doubt, this continues from its last value.
    pub now: Timestamp,
    /// How far the wall clock is ahead of `now`; zero without a doubt.
    pub off: SignedDuration,
    /// How often the wall clock jumped.
    pub jumps: u64,
}

impl Reading {
    /// Whether decisions may rest on this time.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.off.is_zero()
    }
}

/// Times of the monotonic clock count from an arbitrary start.
#[derive(Debug)]
struct State {
    /// The last instant that was believed, with its monotonic time.
    believed: (Timestamp, Duration),
    /// The wall clock may be later than expected by this much.
    ahead: SignedDuration,
    /// The instant to which the wall clock jumped, with the monotonic time at which it was first
    /// seen.
    doubted: Option<(Timestamp, Duration)>,
    jumps: u64,
    /// A wall clock that stays after a jump for this long is believed.
    settle: Duration,
}

#[expect(clippy::disallowed_methods, reason = "the one place that compares the wall clock")]
impl Clock {
    /// A clock that continues from the last stored instant, if there is one.
    #[must_use]
    pub fn new(kept: Option<Timestamp>, settle: Duration) -> Self {
        let state = State {
            believed: (kept.unwrap_or_else(Timestamp::now), Duration::ZERO),
            ahead: if kept.is_some() { DOWN } else { STEP },
            doubted: None,
            jumps: 0,
            settle,
        };
        Self { begun: Instant::now(), state: Mutex::new(state) }
    }

    /// Reads the clock.
    #[must_use]
    pub fn read(&self) -> Reading {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.read(Timestamp::now(), self.begun.elapsed())
    }
}

impl State {
    fn read(&mut self, wall: Timestamp, monotonic: Duration) -> Reading {
        let expected = later(self.believed, monotonic);
        let off = wall.duration_since(expected);
        let mut believe = -STEP <= off && off <= self.ahead;
        if !believe {
            let stays = self
                .doubted
                .filter(|&doubted| wall.duration_since(later(doubted, monotonic)).abs() <= STEP);
            if let Some((_, since)) = stays {
                believe = monotonic.saturating_sub(since) >= self.settle;
            } else {
                self.jumps = self.jumps.saturating_add(1);
                self.doubted = Some((wall, monotonic));
                let (seconds, settle) = (off.as_secs(), self.settle.as_secs());
                tracing::warn!(
                    seconds,
                    settle,
                    "the wall clock jumped; nothing is decided by it until it is back, or has \
                         stayed there for `settle` seconds"
                );
            }
        }
        if !believe {
            return Reading { now: expected, off, jumps: self.jumps };
        }
        if self.doubted.take().is_some() {
            tracing::info!(seconds = off.as_secs(), "the wall clock is believed again");
        }
        (self.believed, self.ahead) = ((wall, monotonic), STEP);
        Reading { now: wall, off: SignedDuration::ZERO, jumps: self.jumps }
    }
}

/// An instant, advanced by the monotonic time since.
fn later((instant, since): (Timestamp, Duration), monotonic: Duration) -> Timestamp {
    let passed = SignedDuration::try_from(monotonic.saturating_sub(since));
    let passed = passed.unwrap_or(SignedDuration::MAX);
    instant.saturating_add(passed).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    /// A clock that was last believed at second 0, and each reading as wall and monotonic seconds.
    fn read(kept: bool, readings: &[(i64, u64)]) -> Vec<(i64, bool)> {
        let mut state = State {
            believed: (Timestamp::UNIX_EPOCH, Duration::ZERO),
            ahead: if kept { DOWN } else { STEP },
            doubted: None,
            jumps: 0,
            settle: Duration::from_secs(60),
        };
        let readings = readings.iter().map(|&(wall, monotonic)| {
            let wall = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(wall);
            let reading = state.read(wall, Duration::from_secs(monotonic));
            (reading.now.as_second(), reading.is_sure())
        });
        readings.collect()
    }

    #[test]
    fn a_jump_and_its_return_decide_nothing() {
        let readings = [(1, 1), (11 * DAY + 2, 2), (11 * DAY + 3, 3), (4, 4), (5, 5)];
        let expected = [(1, true), (2, false), (3, false), (4, true), (5, true)];
        assert_eq!(read(false, &readings), expected);
        let back = [(1, 1), (2 - 11 * DAY, 2), (3, 3)];
        assert_eq!(read(false, &back), [(1, true), (2, false), (3, true)]);
    }

    #[test]
    fn a_jump_that_stays_is_believed_once_it_settled() {
        let readings = [(DAY, 1), (DAY + 59, 60), (DAY + 60, 61), (DAY + 61, 62)];
        let expected = [(1, false), (60, false), (DAY + 60, true), (DAY + 61, true)];
        assert_eq!(read(false, &readings), expected);
        // A clock that jumps again starts a new doubt.
        let readings = [(DAY, 1), (3 * DAY, 50), (3 * DAY + 12, 62), (3 * DAY + 60, 110)];
        assert_eq!(
            read(false, &readings),
            [(1, false), (50, false), (62, false), (3 * DAY + 60, true)]
        );
    }

    #[test]
    fn small_steps_and_a_day_of_rest_are_believed() {
        assert_eq!(read(false, &[(5, 1), (1, 2), (7, 3)]), [(5, true), (1, true), (7, true)]);
        assert_eq!(read(true, &[(DAY, 0), (DAY + 7, 1)]), [(DAY, true), (DAY + 1, false)]);
        assert_eq!(read(true, &[(DAY + 1, 0), (9, 1)]), [(0, false), (9, true)]);
        assert_eq!(read(true, &[(-6, 0), (54, 60)]), [(0, false), (54, true)]);
    }
}
