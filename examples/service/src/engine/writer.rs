//! The one thread that changes anything.
//!
//! It takes all that waits, applies it, and commits it together: one fsync for a whole group, so
//! that under load each waits for about one and a half of them, however many there are.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use canvass::{
    AgencyId, AuthorizedRequest, CaseFile, CaseFileError, Change, OpenedRequest, OwnerId, Registry,
    RequestId, Snapshot,
};
use jiff::Timestamp;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::{mpsc, oneshot};

use super::cases::Remembered;
use super::checkpoints::Due;
use super::{Cases, Holdings, Refusal, Standing, Step};
use crate::metrics::Metrics;
use crate::store::{
    Answered, Kept, KeptAnswer, KeptRequest, LogEntry, Once, Store, StoreError, StoredRequest,
};

/// A group has at most so many jobs, and once it has so many changes none is added.
const GROUP: (usize, usize) = (1024, 100_000);

/// What is asked of the writer, with where the answer goes.
#[derive(Debug)]
pub(super) enum Job {
    /// Something is to be changed: once, if it came with a key.
    Do {
        what: Deed,
        once: Option<Once>,
        answer: Answer<Answered>,
    },
    Look {
        owner: OwnerId,
        answer: Answer<Holdings>,
    },
    /// It is time for a checkpoint.
    Checkpoint,
    Stop,
}

/// What can be changed.
#[derive(Debug)]
pub(super) enum Deed {
    Apply { changes: Vec<Change>, json: Vec<u8> },
    Open { authorized: AuthorizedRequest, now: Timestamp },
    Go { agency: AgencyId, id: RequestId, step: Step, now: Timestamp },
}

type Answer<T> = oneshot::Sender<Result<T, Refusal>>;

pub(super) struct Writer {
    pub(super) registry: Registry,
    pub(super) store: Arc<Store>,
    pub(super) cases: Arc<Cases>,
    pub(super) published: Arc<ArcSwap<Snapshot>>,
    pub(super) standing: Arc<Standing>,
    pub(super) metrics: Arc<Metrics>,
    /// Every id that was ever given to a request.
    pub(super) ids: HashSet<RequestId>,
    pub(super) due: Due,
    /// So many seconds keys are kept.
    pub(super) keys_seconds: u64,
}

/// What is committed together, and who is told then.
#[derive(Default)]
struct Group {
    kept: Kept,
    snapshot: Option<Snapshot>,
    files: BTreeMap<AgencyId, CaseFile>,
    opened: Vec<(RequestId, Remembered)>,
    went_on: Vec<OpenedRequest>,
    changes: usize,
    /// What is answered in this group to whom sent a key.
    keys: HashMap<Vec<u8>, KeptAnswer>,
    /// The time has come for a checkpoint.
    checkpoint: bool,
    answers: Vec<Told>,
}

/// An answer that waits for the commit.
enum Told {
    Done(Answer<Answered>, Result<Answered, Refusal>),
    Looked(Answer<Holdings>, OwnerId),
}

impl Writer {
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut stop = false;
        while !stop && let Some(first) = queue.blocking_recv() {
            let gathered = self.gather(first, &mut queue);
            let committed = gathered.and_then(|(group, stops)| {
                stop = stops;
                self.commit(group)
            });
            if let Err(error) = committed {
                // What was applied in memory is not what is kept: only a restart makes them one.
                tracing::error!(%error, "the store failed; nothing is taken until a restart");
                self.standing.set(Standing::FAILED);
                return;
            }
        }
        self.standing.set(Standing::STOPPED);
        // Who still waits is told by the end of their channels.
        drop(queue);
        self.due.finish(&self.registry);
    }

    /// Does what waits in the queue, up to a group's size.
    fn gather(
        &mut self,
        first: Job,
        queue: &mut mpsc::Receiver<Job>,
    ) -> Result<(Group, bool), StoreError> {
        let mut group = Group::default();
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Do { what, once, answer } => {
                    let done = self.once(what, once, &mut group)?;
                    group.answers.push(Told::Done(answer, done));
                }
                Job::Look { owner, answer } => group.answers.push(Told::Looked(answer, owner)),
                Job::Checkpoint => group.checkpoint = true,
                Job::Stop => return Ok((group, true)),
            }
            let full = group.answers.len() >= GROUP.0 || group.changes >= GROUP.1;
            next = if full { None } else { queue.try_recv().ok() };
        }
        Ok((group, false))
    }

    /// Does something, unless its key says that it was done before. What was refused has done
    /// nothing, so its key is not kept.
    fn once(
        &mut self,
        what: Deed,
        once: Option<Once>,
        group: &mut Group,
    ) -> Result<Result<Answered, Refusal>, StoreError> {
        let Some(once) = once else { return self.act(what, group) };
        let before = match group.keys.get(once.key()) {
            Some(kept) => Some(kept.clone()),
            None => self.store.answered(&once)?,
        };
        if let Some(kept) = before {
            return Ok(once.again(&kept).map_err(Refusal::from));
        }
        let done = self.act(what, group)?;
        if let Ok(answered) = &done {
            let kept = once.answered(answered.clone());
            group.keys.insert(once.key().to_vec(), kept.clone());
            group.kept.keys_kept_after = once.second().saturating_sub(self.keys_seconds);
            group.kept.answers.push((once, kept));
        }
        Ok(done)
    }

    fn act(
        &mut self,
        what: Deed,
        group: &mut Group,
    ) -> Result<Result<Answered, Refusal>, StoreError> {
        match what {
            Deed::Apply { changes, json } => Ok(self.apply(changes, json, group)),
            Deed::Open { authorized, now } => {
                Ok(self.open(authorized, now, group).map_err(Refusal::from))
            }
            Deed::Go { agency, id, step, now } => self.go_on(agency, id, step, now, group),
        }
    }

    fn apply(
        &mut self,
        changes: Vec<Change>,
        json: Vec<u8>,
        group: &mut Group,
    ) -> Result<Answered, Refusal> {
        let number = changes.len();
        let snapshot = self.registry.apply(changes)?;
        let revision = snapshot.revision();
        group.kept.revisions.push(LogEntry { revision, changes: json });
        group.changes += number;
        group.snapshot = Some(snapshot);
        let body = raw(&json!({ "revision": revision, "changes": number }));
        Ok(Answered { request: None, body })
    }

    /// The group's copy of an agency's case file, which counts once it is committed. What was asked
    /// is shared between copies. With it the first instant at which it can be changed: requests come
    /// through the queue out of order, and in a case file time does not run backwards.
    fn file<'a>(
        &self,
        agency: AgencyId,
        now: Timestamp,
        group: &'a mut Group,
    ) -> (&'a mut CaseFile, Timestamp) {
        let published = || CaseFile::clone(&self.cases.file(agency));
        let file = group.files.entry(agency).or_insert_with(published);
        let now = file.last().map_or(now, |last| now.max(last));
        (file, now)
    }

    fn open(
        &mut self,
        authorized: AuthorizedRequest,
        now: Timestamp,
        group: &mut Group,
    ) -> Result<Answered, CaseFileError> {
        let agency = authorized.request().agency;
        let id = fresh(&self.ids);
        let (file, now) = self.file(agency, now, group);
        let ordinal = file.iter().len() as u64;
        file.open(id, &authorized, now)?;
        let Some(opened) = file.iter().next_back().cloned() else {
            return Err(CaseFileError::Unknown { id });
        };
        // The receipt is of the request alone, so it takes no route to write one: that costs the
        // agency the same time, whoever lives there.
        let stored = StoredRequest { opened, receipt: raw(&authorized.receipt()) };
        let body = raw(&stored.told(now));
        let json = serde_json::to_vec(&stored).unwrap_or_default();
        group.kept.requests.push(KeptRequest { agency, ordinal, id, json });
        self.ids.insert(id);
        group.opened.push((id, Remembered { authorized, opened: stored.opened }));
        Ok(Answered { request: Some(id), body })
    }

    /// Takes a request one step on in its life.
    fn go_on(
        &mut self,
        agency: AgencyId,
        id: RequestId,
        step: Step,
        now: Timestamp,
        group: &mut Group,
    ) -> Result<Result<Answered, Refusal>, StoreError> {
        // Its number is told once it is kept, so that what nobody has kept is nobody's.
        let Some((place, stored)) = self.store.place_and_request(id)? else {
            return Ok(Err(CaseFileError::Unknown { id }.into()));
        };
        let (file, now) = self.file(agency, now, group);
        let gone = match step {
            Step::Resolve => file.resolve(id, now),
            Step::Withdraw => file.withdraw(id, now),
            Step::Extend(until) => file.extend(id, until, now),
        };
        if let Err(error) = gone {
            return Ok(Err(error.into()));
        }
        let Some(opened) = file.iter().find(|opened| opened.id() == id).cloned() else {
            return Ok(Err(CaseFileError::Unknown { id }.into()));
        };
        let stored = StoredRequest { opened, ..stored };
        let body = raw(&stored.told(now));
        let json = serde_json::to_vec(&stored).unwrap_or_default();
        group.kept.requests.push(KeptRequest { agency, ordinal: place, id, json });
        group.went_on.push(stored.opened);
        Ok(Ok(Answered { request: Some(id), body }))
    }

    /// Commits a group, publishes it, and only then tells everybody.
    fn commit(&mut self, group: Group) -> Result<(), StoreError> {
        let Group { kept, snapshot, files, opened, went_on, changes, answers, checkpoint, .. } =
            group;
        if !kept.is_empty() {
            let (start, number) = (Instant::now(), opened.len());
            self.store.commit(&kept)?;
            self.metrics.committed(start.elapsed(), changes, number);
        }
        if !files.is_empty() {
            self.cases.replace(files.into_values(), opened, went_on);
        }
        if let Some(snapshot) = snapshot {
            self.metrics.publish(&snapshot);
            self.published.store(Arc::new(snapshot));
        }
        for told in answers {
            self.tell(told);
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

    /// Tells one who asked; nobody may be listening any more, which is no matter.
    fn tell(&self, told: Told) {
        match told {
            Told::Done(answer, done) => drop(answer.send(done)),
            Told::Looked(answer, owner) => drop(answer.send(Ok(Holdings {
                revision: self.registry.snapshot().revision(),
                consent: self.registry.consent(owner),
                cameras: self.registry.cameras_of(owner),
            }))),
        }
    }
}

/// A value as JSON. These are numbers, texts and instants: writing them cannot fail.
fn raw(value: &impl serde::Serialize) -> Box<RawValue> {
    to_raw_value(value).unwrap_or_default()
}

/// An id that no request has. By chance, since numbers in a row would tell an agency how much the
/// others ask; below 2^53, so that every reader of JSON keeps it whole.
fn fresh(taken: &HashSet<RequestId>) -> RequestId {
    loop {
        let number = getrandom::u64().unwrap_or_else(|_| taken.len() as u64 + 1);
        let id = RequestId(number >> 11);
        if !taken.contains(&id) {
            return id;
        }
    }
}
