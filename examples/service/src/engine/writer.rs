//! The one thread that changes anything.
//!
//! It takes all waiting jobs, applies them, and commits them together: one fsync for a whole group,
//! so that under load each job waits for about one and a half of them, however many there are.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use canvass::error::CaseFileError;
use canvass::outcome::{Answer, ReleaseMode};
use canvass::{AgencyId, AuthorizedRequest, Change, OwnerId, Registry, RequestId, Route, Snapshot};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::checkpoints::Due;
use super::disclosures::{Disclosed, Disclosing};
use super::error::{Failure, Fault};
use super::owners::Owning;
use super::requests::{News, Requests};
use super::told::{Routed, Told, raw};
use super::{Cases, Ended, Refusal, Standing, Step};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::store::{Answered, Kept, KeptAnswer, LogEntry, Once, Store, StoreError};

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

    /// Does a job, unless its key shows that it was done before. A refused job has changed nothing,
    /// so its key is not stored.
    fn once(
        &mut self,
        what: Deed,
        once: Option<Once>,
        group: &mut Group,
    ) -> Result<Result<Answered, Refusal>, Fault> {
        let before = match &once {
            None => None,
            Some(once) => match group.keys.get(once.key()) {
                Some(kept) => Some(once.again(kept)),
                None => self.store.answered(once)?.map(|kept| once.again(&kept)),
            },
        };
        if let Some(again) = before {
            return match (again, what) {
                (Ok(answered), Deed::Ask { id, route, now }) => {
                    self.named_again(&answered, id, &route, now)
                }
                (again, _) => Ok(again.map_err(Refusal::from)),
            };
        }
        let answered = match self.act(what, group) {
            Ok(answered) => answered,
            Err(Failure::Refused(refusal)) => return Ok(Err(refusal)),
            Err(Failure::Fault(fault)) => return Err(fault),
        };
        if let Some(once) = once {
            let kept = once.answered(answered.clone());
            group.keys.insert(once.key().to_vec(), kept.clone());
            group.kept.keys_kept_after = once.second().saturating_sub(self.keys_seconds);
            group.kept.answers.push((once, kept));
        }
        Ok(Ok(answered))
    }

    fn act(&mut self, what: Deed, group: &mut Group) -> Result<Answered, Failure> {
        match what {
            Deed::Apply { changes, json, now } => self.apply(&changes, json, now, group),
            Deed::Open { authorized, now } => {
                // The receipt depends on the request alone, so writing it needs no route: it takes
                // the agency the same time wherever it asks.
                let receipt = raw(&authorized.receipt());
                let revision = self.registry.snapshot().revision();
                let opened = self.requests.open(authorized, now, revision, &mut group.news)?;
                let (id, body) =
                    (opened.id(), raw(&Told::of(&opened, &receipt, opened.opened_at())));
                group.kept.receipts.push((id, receipt));
                Ok(Answered { request: Some(id), body })
            }
            Deed::Go { agency, id, step, now } => {
                // An id is revealed once its request is stored; before, it is nobody's.
                let receipt = self.store.receipt(id).map_err(Fault::from)?;
                let receipt = receipt.ok_or(CaseFileError::Unknown { id })?;
                let opened = self.requests.go_on(agency, id, step, now, &mut group.news)?;
                let now = self.requests.not_before(now);
                let body = raw(&Told::of(&opened, &receipt, now));
                Ok(Answered { request: Some(id), body })
            }
            Deed::Decide { id, authorized, now } => {
                let snapshot = self.registry.snapshot();
                self.requests.decide(id, &authorized, &snapshot, now, &mut group.news)?;
                Ok(Answered { request: Some(id), body: raw(&()) })
            }
            Deed::Ask { id, route, now } => self.ask(id, &route, now, group),
            Deed::Release { complete_since, withdrawn, now } => {
                self.release_copy(complete_since, &withdrawn, now, group)
            }
            Deed::Report { id, answers, now } => {
                self.requests.report(id, &answers, now, &mut group.news)?;
                let body = raw(&json!({ "request": id, "answers": answers.len() }));
                Ok(Answered { request: Some(id), body })
            }
            Deed::Disclose(what) => self.disclose(what, group),
            Deed::Own(what) => self.own(what, group),
        }
    }

    pub(super) fn apply(
        &mut self,
        changes: &[Change],
        json: Vec<u8>,
        now: Timestamp,
        group: &mut Group,
    ) -> Result<Answered, Failure> {
        let snapshot = self.registry.apply(changes.iter().cloned())?;
        let revision = snapshot.revision();
        if self.requests.any_open(now) {
            self.requests.touch(self.registry.touched(changes), now, revision);
        }
        group.log(snapshot, changes.len(), json);
        let body = raw(&json!({ "revision": revision, "changes": changes.len() }));
        Ok(Answered { request: None, body })
    }

    /// Returns the due owners and records them as asked, for this request and towards their own
    /// limits, even if a notice does not reach them.
    fn ask(
        &mut self,
        id: RequestId,
        route: &Route,
        now: Timestamp,
        group: &mut Group,
    ) -> Result<Answered, Failure> {
        self.standing.may_ask()?;
        let (newest, now) = (self.registry.snapshot(), self.requests.not_before(now));
        self.has_notice(id, group)?;
        // Owners who withdrew, reached their limit or whose consent expired since are left out.
        let is_current = route.revision() == newest.revision() && route.now() == now;
        let rechecked =
            if is_current { None } else { self.requests.recheck(id, route, &newest, now)? };
        let current = rechecked.as_ref().unwrap_or(route);
        let seen = route.revision();
        let to_send = self.requests.ask(id, current, seen, now, &mut group.news)?;
        let agency = Some(to_send.authorized().request().agency);
        let asked = |owner| Change::RecordAsked { owner, agency, at: now };
        let asked: Vec<_> = to_send.recipients().map(|to| asked(to.owner)).collect();
        if !asked.is_empty() {
            let json = raw(&asked).get().as_bytes().to_vec();
            let number = asked.len();
            let snapshot = self.registry.apply(asked).map_err(Fault::Asked)?;
            group.log(snapshot, number, json);
        }
        self.disclose_asked(id, &to_send, group)?;
        Ok(Answered { request: Some(id), body: raw(&Routed::of(id, &to_send)) })
    }

    /// Repeats the owners of an earlier answer, which may not have arrived: without those who
    /// withdrew since, and nobody once the request has ended.
    fn named_again(
        &self,
        answered: &Answered,
        id: RequestId,
        route: &Route,
        now: Timestamp,
    ) -> Result<Result<Answered, Refusal>, Fault> {
        if let Err(held) = self.standing.may_ask() {
            return Ok(Err(held));
        }
        let now = self.requests.not_before(now);
        if let Err(ended) = self.requests.is_open(id, now) {
            return Ok(Err(ended.into()));
        }
        let unread = |error: serde_json::Error| StoreError::Entry {
            table: "keys",
            entry: id.0,
            reason: error.to_string(),
        };
        let named: Routed<'_> = serde_json::from_str(answered.body.get()).map_err(unread)?;
        let body = raw(&named.again(&self.registry, route.authorized(), now));
        Ok(Ok(Answered { request: Some(id), body }))
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

    /// Commits a group, publishes it, and only then answers its callers.
    fn commit(&mut self, group: Group) -> Result<(), Fault> {
        let Group { mut kept, news, snapshot, changes, answers, checkpoint, .. } = group;
        self.disclose_news(&news, &mut kept.disclosed)?;
        kept.outcomes = self.requests.rows(&news)?;
        kept.events = news.events;
        if !kept.is_empty() {
            let reading = self.clock.read();
            kept.second = if reading.is_sure() { second(reading.now) } else { 0 };
            let start = Instant::now();
            self.store.commit(&kept)?;
            self.metrics.committed(start.elapsed(), changes, &kept.events);
        }
        if kept.release {
            self.standing.hold(None);
            self.metrics.restored.set(0);
        }
        let erased = std::mem::take(&mut kept.disclosed.erased);
        self.disclosed.take(std::mem::take(&mut kept.disclosed))?;
        if !kept.events.is_empty() {
            self.cases.publish(&kept.events, news.opened)?;
        }
        self.cases.forget(&erased);
        if let Some(snapshot) = snapshot {
            self.metrics.publish(&snapshot);
            self.published.store(Arc::new(snapshot));
        }
        for waiting in answers {
            match waiting {
                // The caller may have gone, which does no harm.
                Waiting::Done(answer, done) => drop(answer.send(done)),
                Waiting::Look(look) => look(&self.registry, &self.requests),
            }
        }
        self.metrics.log_entries.inc_by(i64::try_from(kept.revisions.len()).unwrap_or(0));
        for entry in &kept.revisions {
            self.due.logged(entry.changes.len());
        }
        if checkpoint {
            self.due.time_has_come(&self.registry);
        }
        self.due.look(&self.registry);
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
