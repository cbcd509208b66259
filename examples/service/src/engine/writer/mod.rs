//! The one thread that changes anything.
//!
//! It takes all waiting jobs, applies them, and commits them together: one fsync for a whole group,
//! so that under load each job waits for about one and a half of them, however many there are.

mod commit;
mod deeds;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use canvass::outcome::{Answer, ReleaseMode};
use canvass::{AgencyId, AuthorizedRequest, Change, OwnerId, Registry, RequestId, Route, Snapshot};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, oneshot};

use super::checkpoints::Due;
use super::disclosures::{Disclosed, Disclosing};
use super::error::Fault;
use super::owners::Owning;
use super::requests::{News, Requests};
use super::{Cases, Ended, Refusal, Standing, Step};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::store::{Answered, Kept, KeptAnswer, LogEntry, Once, Store};

/// The most jobs in a group, and the number of changes after which no job is added.
const GROUP: (usize, usize) = (1024, 100_000);

/// Without commits, the time is stored this often.
const NOTE_TIME: Duration = Duration::from_secs(60);

/// A job for the writer, with a channel for the answer.
pub(super) enum Job {
    /// A change; with a key, it is made once.
    Do {
        what: Box<Deed>,
        once: Option<Once>,
        answer: oneshot::Sender<Result<Answered, Refusal>>,
    },
    /// A read of the state on the disk.
    Look(Look),
    /// The present time.
    Clock(Timestamp),
    /// The time for a checkpoint has come.
    Checkpoint,
    Stop,
}

/// A read of the writer's state, right after a commit.
pub(super) type Look = Box<dyn FnOnce(&Registry, &Requests) + Send>;

/// A change that the writer can make.
pub(super) enum Deed {
    Apply { changes: Vec<Change>, json: Vec<u8>, now: Timestamp },
    Open { authorized: AuthorizedRequest, now: Timestamp },
    Go { agency: AgencyId, id: RequestId, step: Step, now: Timestamp },
    Decide { id: RequestId, authorized: AuthorizedRequest, now: Timestamp },
    Ask { id: RequestId, route: Route, now: Timestamp },
    Report { id: RequestId, answers: Vec<(OwnerId, Answer)>, now: Timestamp },
    Release { complete_since: Timestamp, withdrawn: Vec<OwnerId>, now: Timestamp },
    Disclose(Disclosing),
    Own(Owning),
}

pub(super) struct Writer {
    pub(super) registry: Registry,
    pub(super) requests: Requests,
    pub(super) store: Arc<Store>,
    pub(super) cases: Arc<Cases>,
    pub(super) published: Arc<ArcSwap<Snapshot>>,
    pub(super) standing: Arc<Standing>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) disclosed: Arc<Disclosed>,
    /// Whether asking needs a notice that was approved here.
    pub(super) notices_needed: bool,
    pub(super) due: Due,
    /// The seconds for which keys are stored.
    pub(super) keys_seconds: u64,
    /// The time after which all open requests are examined again.
    pub(super) look_again_after: SignedDuration,
    /// The next time of that.
    pub(super) look_again_at: Timestamp,
    /// How answers are released, for requests opened from now on.
    pub(super) release: ReleaseMode,
    pub(super) clock: Arc<Clock>,
    /// The last time at which the time was stored.
    pub(super) time_noted: Instant,
    /// A batch of the audit log is closed each so many seconds.
    pub(super) log_seconds: i64,
    /// When the period began in which the writer did.
    pub(super) log_since: Option<i64>,
}

/// The jobs committed together, and the callers who wait for them.
#[derive(Default)]
pub(super) struct Group {
    pub(super) kept: Kept,
    pub(super) news: News,
    snapshot: Option<Snapshot>,
    changes: usize,
    /// The answers of this group by key.
    keys: HashMap<Vec<u8>, KeptAnswer>,
    /// The time for a checkpoint has come.
    pub(super) checkpoint: bool,
    answers: Vec<Waiting>,
}

/// A caller who waits for the commit.
enum Waiting {
    Done(oneshot::Sender<Result<Answered, Refusal>>, Result<Answered, Refusal>),
    Look(Look),
}

impl Writer {
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Job>) -> Ended {
        let mut stop = false;
        while !stop && let Some(first) = queue.blocking_recv() {
            let gathered = self.gather(first, &mut queue);
            let committed = gathered.and_then(|(group, stops)| {
                stop = stops;
                self.commit(group)
            });
            let goes_on = match committed {
                Ok(()) if !self.due.is_broken() => true,
                Ok(()) => self.heal(&mut queue, stop),
                Err(error) => {
                    // The state in memory differs from the stored one: reading it again removes the
                    // difference.
                    tracing::error!(%error, "the store failed; it is opened again");
                    self.heal(&mut queue, stop)
                }
            };
            if !goes_on && self.standing.get() == Standing::HEALING {
                self.standing.set(Standing::FAILED);
                return Ended::StoreFailed;
            }
            stop |= !goes_on;
        }
        self.standing.set(Standing::STOPPED);
        // The end of their channels informs callers who still wait.
        drop(queue);
        self.note_time();
        if self.due.finish(&self.registry) { Ended::Well } else { Ended::WithoutCheckpoint }
    }

    /// Stores the present time, for the next start. A failure here is ignored: the mark is written
    /// with the next commit again.
    fn note_time(&mut self) {
        let reading = self.clock.read();
        if reading.is_sure()
            && let Err(error) = self.store.note_time(second(reading.now))
        {
            tracing::warn!(%error, "the time could not be kept");
        }
        self.time_noted = Instant::now();
    }

    /// Takes waiting jobs from the queue, up to a group's size.
    fn gather(
        &mut self,
        first: Job,
        queue: &mut mpsc::Receiver<Job>,
    ) -> Result<(Group, bool), Fault> {
        let mut group = Group::default();
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Do { what, once, answer } => {
                    let done = self.once(*what, once, &mut group)?;
                    group.answers.push(Waiting::Done(answer, done));
                }
                Job::Look(look) => group.answers.push(Waiting::Look(look)),
                Job::Clock(now) => self.clock(now, &mut group)?,
                Job::Checkpoint => group.checkpoint = true,
                Job::Stop => return Ok((group, true)),
            }
            let full = group.answers.len() >= GROUP.0 || group.changes >= GROUP.1;
            next = if full { None } else { queue.try_recv().ok() };
        }
        Ok((group, false))
    }

    /// Applies the effects of time: requests expire, and all others are examined again.
    fn clock(&mut self, now: Timestamp, group: &mut Group) -> Result<(), Fault> {
        if self.time_noted.elapsed() >= NOTE_TIME {
            self.note_time();
        }
        self.requests.expire(now, &mut group.news)?;
        self.close_batch(now, group)?;
        let left = self.look_again_at.duration_since(now);
        // Longer than the interval only if the clock was set back.
        if left <= SignedDuration::ZERO || left > self.look_again_after {
            self.requests.look_again(now, self.registry.snapshot().revision());
            self.look_again_at =
                now.saturating_add(self.look_again_after).unwrap_or(Timestamp::MAX);
        }
        Ok(())
    }
}

impl Group {
    /// Adds a revision of the registry to the group.
    fn log(&mut self, snapshot: Snapshot, changes: usize, json: Vec<u8>) {
        let revision = snapshot.revision();
        self.kept.revisions.push(LogEntry { revision, changes: json });
        self.changes += changes;
        self.snapshot = Some(snapshot);
    }
}

/// An instant in seconds since 1970, as it is stored.
fn second(now: Timestamp) -> u64 {
    u64::try_from(now.as_second()).unwrap_or(0)
}
