//! The registry and the store wired together: one writer, any number of readers.
//!
//! ```text
//! changes, requests --queue--> writer thread: apply, commit (one fsync for all that wait), publish
//! readers <-- published snapshot                 | tiles that changed since the last checkpoint
//!                                                v
//!                                    checkpoint thread: keep them, trim the log
//! ```
//!
//! What readers see is what is on the disk: a snapshot is published after its commit, and only then
//! is the change acknowledged.

mod cases;
mod checkpoints;
mod tiles;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use arc_swap::ArcSwap;
use canvass::{
    Agency, AgencyId, AuthorizedRequest, Camera, CaseFileError, Change, ChangeError, Consent,
    OwnerId, Policy, RequestId, Revision, Snapshot,
};
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

pub use cases::{Cases, NotAuthorized};
pub use tiles::RestoreError;

use crate::metrics::Metrics;
use crate::settings::Limits;
use crate::store::{Answered, Once, OtherBody, Store, StoreError, StoredRequest};
use checkpoints::checkpoints;
use writer::{Deed, Job, Writer};

/// So many jobs may wait for the writer; who comes after them waits in turn.
const QUEUE: usize = 1024;

/// Registry, store, case files, and the threads that change them.
#[derive(Debug)]
pub struct Engine {
    store: Arc<Store>,
    cases: Arc<Cases>,
    published: Arc<ArcSwap<Snapshot>>,
    standing: Arc<Standing>,
    jobs: mpsc::Sender<Job>,
}

/// The engine's threads, to be waited for.
#[derive(Debug)]
pub struct Threads {
    writer: JoinHandle<()>,
    checkpoints: JoinHandle<()>,
}

/// Whether the writer takes anything.
#[derive(Debug, Default)]
pub(crate) struct Standing(AtomicU8);

impl Standing {
    const TAKING: u8 = 0;
    const STOPPED: u8 = 1;
    const FAILED: u8 = 2;

    fn set(&self, standing: u8) {
        // A failure stays one.
        self.0.fetch_max(standing, Ordering::AcqRel);
    }
}

/// Why the engine could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was read does not make a registry.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// A thread cannot be started.
    #[error("a thread cannot be started: {0}")]
    Thread(std::io::Error),
}

/// Why something was not done, and will not be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Changes cannot be applied.
    #[error(transparent)]
    Changes(#[from] ChangeError),
    /// The request cannot be opened, or not go on so.
    #[error(transparent)]
    CaseFile(#[from] CaseFileError),
    /// The key was sent before, and then with something else.
    #[error(transparent)]
    OtherBody(#[from] OtherBody),
    /// The service is stopping.
    #[error("the service is stopping; nothing was done")]
    Stopping,
    /// The store failed; only a restart tells what is kept.
    #[error("the store failed; it is not known whether this was kept, and a restart will tell")]
    StoreFailed,
}

/// How a request goes on in its life, as its agency says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The agency has what it needs.
    Resolve,
    /// The agency takes it back.
    Withdraw,
    /// It is to be open until a later instant.
    Extend(Timestamp),
}

/// What is held of one owner.
#[derive(Clone, Debug)]
pub struct Holdings {
    /// As of which state.
    pub revision: Revision,
    /// Their consent.
    pub consent: Consent,
    /// Their cameras, ascending.
    pub cameras: Vec<Camera>,
}

impl Engine {
    /// Opens the store in a folder, loads what is in it, and starts the threads.
    ///
    /// # Errors
    ///
    /// If the store cannot be opened or read, or a thread not be started.
    pub fn start(
        folder: &Path,
        policy: Policy,
        agencies: Vec<Agency>,
        limits: &Limits,
        metrics: &Arc<Metrics>,
    ) -> Result<(Arc<Self>, Threads), StartError> {
        let start = Instant::now();
        let mut store = Store::open(folder)?;
        let unfinished = store.sweep()?;
        let compacted = store.compact(folder)?;
        let store = Arc::new(store);
        let (registry, checkpoint, log) = tiles::restore(&store)?;
        let cases = Arc::new(Cases::load(policy, agencies, &store)?);
        let snapshot = registry.snapshot();
        tracing::info!(
            revision = snapshot.revision().0,
            cameras = snapshot.cameras(),
            checkpoint = checkpoint.0,
            replayed = log.revisions,
            unfinished,
            compacted,
            milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            "loaded"
        );
        metrics.publish(&snapshot);
        metrics.log_entries.set(i64::try_from(log.revisions).unwrap_or(i64::MAX));

        let published = Arc::new(ArcSwap::from_pointee(snapshot));
        let standing = Arc::new(Standing::default());
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (due, checkpoints) =
            checkpoints(&store, metrics, limits, (checkpoint, log), jobs.downgrade());
        let ids = store.request_ids()?;
        let writer = Writer {
            registry,
            store: Arc::clone(&store),
            cases: Arc::clone(&cases),
            published: Arc::clone(&published),
            standing: Arc::clone(&standing),
            metrics: Arc::clone(metrics),
            ids: ids.into_iter().collect(),
            due,
            keys_seconds: limits.key_hours.saturating_mul(3600),
        };
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(StartError::Thread)
        };
        let threads = Threads {
            checkpoints: spawn("checkpoints", Box::new(|| checkpoints.run()))?,
            writer: spawn("writer", Box::new(|| writer.run(queue)))?,
        };
        Ok((Arc::new(Self { store, cases, published, standing, jobs }), threads))
    }

    /// The newest state that is on the disk. Never blocks.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::clone(&self.published.load())
    }

    /// The policy and the case files.
    #[must_use]
    pub fn cases(&self) -> &Cases {
        &self.cases
    }

    /// Whether changes are taken.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.standing.0.load(Ordering::Acquire) == Standing::TAKING
    }

    /// Applies changes, all or none. When this returns they are on the disk, and in every snapshot
    /// taken from then on.
    ///
    /// # Errors
    ///
    /// If they cannot be applied, or the writer does not take any.
    pub async fn apply(
        &self,
        changes: Vec<Change>,
        json: Vec<u8>,
        once: Option<Once>,
    ) -> Result<Answered, Refusal> {
        self.have_done(Deed::Apply { changes, json }, once).await
    }

    /// Opens an authorised request in its agency's case file, and gives the receipt.
    ///
    /// # Errors
    ///
    /// If the case file does not take it, or the writer does not take any.
    pub async fn open(
        &self,
        authorized: AuthorizedRequest,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Answered, Refusal> {
        self.have_done(Deed::Open { authorized, now }, once).await
    }

    /// Takes an agency's request one step on in its life.
    ///
    /// # Errors
    ///
    /// If the agency has no such request, if it is not open, or the writer does not take any.
    pub async fn go_on(
        &self,
        agency: AgencyId,
        id: RequestId,
        step: Step,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Answered, Refusal> {
        self.have_done(Deed::Go { agency, id, step, now }, once).await
    }

    /// What was answered before to the same key. Reads from the disk.
    ///
    /// # Errors
    ///
    /// If the store cannot be read; inside, if something else was sent with the key.
    pub fn answered(&self, once: &Once) -> Result<Option<Result<Answered, OtherBody>>, StoreError> {
        Ok(self.store.answered(once)?.map(|kept| once.again(&kept)))
    }

    async fn have_done(&self, what: Deed, once: Option<Once>) -> Result<Answered, Refusal> {
        self.ask(|answer| Job::Do { what, once, answer }).await?
    }

    /// What is held of an owner, as it is on the disk.
    ///
    /// # Errors
    ///
    /// If the writer does not take any.
    pub async fn holdings(&self, owner: OwnerId) -> Result<Holdings, Refusal> {
        self.ask(|answer| Job::Look { owner, answer }).await?
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Result<T, Refusal> {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(job(answer)).await.map_err(|_| self.refusal())?;
        answered.await.map_err(|_| self.refusal())
    }

    fn refusal(&self) -> Refusal {
        match self.standing.0.load(Ordering::Acquire) {
            Standing::STOPPED => Refusal::Stopping,
            _ => Refusal::StoreFailed,
        }
    }

    /// An opened request with its receipt. Reads from the disk.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn request(&self, id: RequestId) -> Result<Option<StoredRequest>, StoreError> {
        self.store.request(id)
    }

    /// The request that an operator wants a route for, as authorised: reviewed when it was opened,
    /// or once more by the same rules if that was before a restart.
    ///
    /// # Errors
    ///
    /// If the store cannot be read; inside, if the request is not open, or if today's policy would
    /// refuse it.
    pub fn authorized(
        &self,
        id: RequestId,
        now: Timestamp,
    ) -> Result<Option<Result<AuthorizedRequest, NotAuthorized>>, StoreError> {
        if let Some(remembered) = self.cases.remembered(id, now) {
            return Ok(Some(remembered));
        }
        let stored = self.store.request(id)?;
        let agency = stored.map(|stored| stored.opened.request().agency);
        Ok(agency.map(|agency| self.cases.authorize_again(id, agency, now)))
    }

    /// Asks the writer to stop once it has done what waits already.
    pub async fn stop(&self) {
        // An error means that it has stopped already.
        let _ = self.jobs.send(Job::Stop).await;
    }

    /// The agencies on record.
    #[must_use]
    pub fn agency(&self, id: AgencyId) -> Option<&Agency> {
        self.cases.agency(id)
    }
}

impl Threads {
    /// Waits until the writer has stopped and the last checkpoint is made. Blocks.
    pub fn join(self) {
        for thread in [self.writer, self.checkpoints] {
            if thread.join().is_err() {
                tracing::error!("a thread of the engine panicked");
            }
        }
    }
}
