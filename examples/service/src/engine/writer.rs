//! The one thread that changes anything.
//!
//! It takes all that waits, applies it, and commits it together: one fsync for a whole group, so
//! that under load each waits for about one and a half of them, however many there are.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use canvass::{
    AgencyId, AuthorizedRequest, CaseFile, CaseFileError, Change, ChangeError, OwnerId, Registry,
    RequestId, Revision, Snapshot,
};
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::{Cases, Holdings, Opened, Refusal, Standing};
use crate::metrics::Metrics;
use crate::store::{LogEntry, NewRequest, Store, StoredRequest};

/// A group has at most so many jobs, and once it has so many changes none is added.
const GROUP: (usize, usize) = (1024, 100_000);

/// What is asked of the writer, with where the answer goes.
#[derive(Debug)]
pub(super) enum Job {
    Apply { changes: Vec<Change>, json: Vec<u8>, answer: Answer<Revision> },
    Open { authorized: AuthorizedRequest, now: Timestamp, answer: Answer<Opened> },
    Look { owner: OwnerId, answer: Answer<Holdings> },
    Stop,
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
    pub(super) since_checkpoint: u64,
    pub(super) checkpoint_after: u64,
    /// Tells the thread that makes checkpoints that one is due; gone, it makes the last.
    pub(super) due: std::sync::mpsc::SyncSender<()>,
}

/// What is committed together, and who is told then.
#[derive(Default)]
struct Group {
    revisions: Vec<LogEntry>,
    snapshot: Option<Snapshot>,
    opened: Vec<NewRequest>,
    files: BTreeMap<AgencyId, CaseFile>,
    authorized: Vec<(RequestId, AuthorizedRequest)>,
    changes: usize,
    answers: Vec<Told>,
}

/// An answer that waits for the commit.
enum Told {
    Applied(Answer<Revision>, Result<Revision, ChangeError>),
    Opened(Answer<Opened>, Result<Opened, CaseFileError>),
    Looked(Answer<Holdings>, OwnerId),
}

impl Writer {
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        while let Some(first) = queue.blocking_recv() {
            let (group, stop) = self.gather(first, &mut queue);
            if let Err(error) = self.commit(group) {
                // What was applied in memory is not what is kept: only a restart makes them one.
                tracing::error!(%error, "the store failed; nothing is taken until a restart");
                self.standing.set(Standing::FAILED);
                break;
            }
            if stop {
                self.standing.set(Standing::STOPPED);
                break;
            }
        }
        // Who still waits is told by the end of their channels.
        queue.close();
    }

    /// Applies what waits in the queue, up to a group's size.
    fn gather(&mut self, first: Job, queue: &mut mpsc::Receiver<Job>) -> (Group, bool) {
        let mut group = Group::default();
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Apply { changes, json, answer } => {
                    self.apply(changes, json, answer, &mut group);
                }
                Job::Open { authorized, now, answer } => {
                    let opened = self.open(&authorized, now, &mut group);
                    group.answers.push(Told::Opened(answer, opened));
                }
                Job::Look { owner, answer } => group.answers.push(Told::Looked(answer, owner)),
                Job::Stop => return (group, true),
            }
            let full = group.answers.len() >= GROUP.0 || group.changes >= GROUP.1;
            next = if full { None } else { queue.try_recv().ok() };
        }
        (group, false)
    }

    fn apply(
        &mut self,
        changes: Vec<Change>,
        json: Vec<u8>,
        answer: Answer<Revision>,
        group: &mut Group,
    ) {
        let number = changes.len();
        let applied = self.registry.apply(changes).map(|snapshot| {
            let revision = snapshot.revision();
            group.revisions.push(LogEntry { revision, changes: json });
            group.changes += number;
            group.snapshot = Some(snapshot);
            revision
        });
        group.answers.push(Told::Applied(answer, applied));
    }

    /// Opens a request in the group's copy of the case file, which counts once it is committed.
    fn open(
        &mut self,
        authorized: &AuthorizedRequest,
        now: Timestamp,
        group: &mut Group,
    ) -> Result<Opened, CaseFileError> {
        let agency = authorized.request().agency;
        let published = || CaseFile::clone(&self.cases.file(agency));
        let file = group.files.entry(agency).or_insert_with(published);
        let id = fresh(&self.ids);
        let ordinal = file.iter().len() as u64;
        // Requests come through the queue out of order; in a case file time does not run backwards.
        let now = file.iter().next_back().map_or(now, |last| now.max(last.opened_at()));
        file.open(id, authorized, now)?;
        // The receipt is of the request alone, so it takes no route to write one: that costs the
        // agency the same time, whoever lives there.
        let receipt = serde_json::value::to_raw_value(&authorized.receipt()).unwrap_or_default();
        let told = Opened { id, receipt: receipt.get().to_owned() };
        if let Some(opened) = file.iter().next_back().cloned() {
            let json = serde_json::to_vec(&StoredRequest { opened, receipt }).unwrap_or_default();
            group.opened.push(NewRequest { agency, ordinal, id, json });
        }
        self.ids.insert(id);
        group.authorized.push((id, authorized.clone()));
        Ok(told)
    }

    /// Commits a group, publishes it, and only then tells everybody.
    fn commit(&mut self, group: Group) -> Result<(), crate::store::StoreError> {
        let Group { revisions, snapshot, opened, files, authorized, changes, answers } = group;
        if !revisions.is_empty() || !opened.is_empty() {
            let start = Instant::now();
            self.store.commit(&revisions, &opened)?;
            self.metrics.committed(start.elapsed(), changes, opened.len());
        }
        self.cases.replace(files.into_values());
        self.cases.remember(authorized);
        if let Some(snapshot) = snapshot {
            self.metrics.publish(&snapshot);
            self.published.store(Arc::new(snapshot));
        }
        self.since_checkpoint += revisions.len() as u64;
        self.metrics.log_entries.inc_by(i64::try_from(revisions.len()).unwrap_or(0));
        if self.since_checkpoint >= self.checkpoint_after && self.due.try_send(()).is_ok() {
            self.since_checkpoint = 0;
        }
        for told in answers {
            self.tell(told);
        }
        Ok(())
    }

    /// Tells one who asked; nobody may be listening any more, which is no matter.
    fn tell(&self, told: Told) {
        match told {
            Told::Applied(answer, applied) => drop(answer.send(applied.map_err(Refusal::from))),
            Told::Opened(answer, opened) => drop(answer.send(opened.map_err(Refusal::from))),
            Told::Looked(answer, owner) => drop(answer.send(Ok(Holdings {
                revision: self.registry.snapshot().revision(),
                consent: self.registry.consent(owner),
                cameras: self.registry.cameras_of(owner),
            }))),
        }
    }
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
