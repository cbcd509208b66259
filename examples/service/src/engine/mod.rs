//! The registry and the store wired together: one writer, any number of readers.
//!
//! ```text
//! changes, requests --queue--> writer thread: apply, commit (one fsync for all that wait), publish
//! readers <-- published snapshot                 | tiles that changed since the last checkpoint
//!                                                v
//!                                    checkpoint thread: keep them, trim the log
//! ```
//!
//! Readers see only state that is on the disk: a snapshot is published after its commit, and only
//! then is the change acknowledged.

mod calls;
mod cases;
mod checkpoints;
mod disclosures;
mod error;
mod heal;
mod log_batches;
mod owners;
mod people;
mod recovery;
mod requests;
mod tiles;
mod told;
mod writer;

use std::path::Path;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use canvass::outcome::ReleaseMode;
use canvass::{Agency, Policy, Snapshot};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

pub use cases::{Cases, NotAuthorized};
pub use disclosures::{Disclosed, Disclosures};
pub use error::{Refusal, StartError};
pub use heal::{Examined, examine};
pub use owners::CameraChange;
pub(crate) use owners::changed;
pub use people::AskedOwner;
pub use recovery::{BackUpError, Copied};
pub use tiles::RestoreError;
pub use told::{Holdings, Routed, Told};

use crate::clock::{Clock, Reading};
use crate::metrics::Metrics;
use crate::settings::Limits;
use crate::store::{FIRST_EVENT, Opening, Store};
use checkpoints::checkpoints;
use heal::{Loaded, load};
use writer::{Job, Writer};

/// The number of jobs that may wait for the writer; further callers wait for a place.
const QUEUE: usize = 1024;

/// The operator's configuration of requests.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The limits on requests.
    pub policy: Policy,
    /// The agencies on record.
    pub agencies: Vec<Agency>,
    /// How answers are released, for requests opened from now on.
    pub release: ReleaseMode,
    /// Whether asking needs a notice that was approved here.
    pub notices_needed: bool,
    /// A batch of the audit log is closed each so many seconds.
    pub log_seconds: u64,
}

/// Registry, store, requests, and the threads that change them.
#[derive(Debug)]
pub struct Engine {
    store: Arc<Store>,
    cases: Arc<Cases>,
    disclosed: Arc<Disclosed>,
    published: Arc<ArcSwap<Snapshot>>,
    standing: Arc<Standing>,
    jobs: mpsc::Sender<Job>,
    clock: Arc<Clock>,
    /// The folder for copies, locked so that one is written at a time.
    copies: Mutex<std::path::PathBuf>,
}

/// The engine's threads, for the caller to join.
#[derive(Debug)]
pub struct Threads {
    writer: JoinHandle<Ended>,
    checkpoints: JoinHandle<()>,
}

/// How the engine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything was completed.
    Well,
    /// Without a last checkpoint: the next start replays the log.
    WithoutCheckpoint,
    /// The store failed, and could not be opened again.
    StoreFailed,
}

/// Whether jobs are accepted, and whether they may lead to asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// All jobs are accepted.
    Ready,
    /// All jobs are accepted, and nobody is asked: a copy was put back.
    Restored,
    /// The wall clock jumped: jobs that depend on the time are refused.
    ClockInDoubt,
    /// The disk accepts no writes at the moment.
    StoreFailing,
    /// No job is accepted any more.
    Ended,
}

/// The writer's state, for others to read.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    writer: AtomicU8,
    /// The second from which withdrawals may be missing; 0 if none are.
    held_since: AtomicU64,
}

impl Standing {
    const TAKING: u8 = 0;
    const HEALING: u8 = 1;
    const STOPPED: u8 = 2;
    const FAILED: u8 = 3;

    fn set(&self, standing: u8) {
        self.writer.store(standing, Ordering::Release);
    }

    fn get(&self) -> u8 {
        self.writer.load(Ordering::Acquire)
    }

    fn hold(&self, since: Option<u64>) {
        self.held_since.store(since.unwrap_or(0), Ordering::Release);
    }

    /// The second from which withdrawals may be missing, if any may be.
    fn held_since(&self) -> Option<u64> {
        Some(self.held_since.load(Ordering::Acquire)).filter(|&since| since > 0)
    }
}

/// A step in a request's life, taken by its agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The agency needs no more footage.
    Resolve,
    /// The agency takes the request back.
    Withdraw,
    /// The request stays open until a later instant.
    Extend(Timestamp),
}

impl Engine {
    /// Opens the store in a folder, loads its content, and starts the threads.
    ///
    /// # Errors
    ///
    /// If the store cannot be opened or read, or a thread cannot be started.
    pub fn start(
        folder: &Path,
        rules: Rules,
        limits: &Limits,
        metrics: &Arc<Metrics>,
    ) -> Result<(Arc<Self>, Threads), StartError> {
        Self::start_as(folder, &Opening::default(), rules, limits, metrics)
    }

    /// As [`start`](Self::start), with options for opening the store.
    ///
    /// # Errors
    ///
    /// If the store cannot be opened or read, or a thread cannot be started.
    pub fn start_as(
        folder: &Path,
        opening: &Opening,
        rules: Rules,
        limits: &Limits,
        metrics: &Arc<Metrics>,
    ) -> Result<(Arc<Self>, Threads), StartError> {
        let start = Instant::now();
        let opening = Opening { cache_bytes: Some(limits.database_cache_bytes), ..opening.clone() };
        let (store, loss) = Store::open_as(folder, &opening)?;
        if let Some(loss) = loss {
            tracing::warn!("{loss}");
        }
        let Rules { policy, agencies, release, notices_needed, log_seconds } = rules;
        let Loaded {
            registry,
            requests,
            checkpoint: (checkpoint, log),
            disclosed: rows,
            unfinished,
        } = load(&store, release)?;
        let disclosed = Arc::new(Disclosed::default());
        disclosed.take(rows)?;
        let compacted = store.compact()?;
        let kept = i64::try_from(store.acknowledged().second).unwrap_or(i64::MAX);
        let kept = Timestamp::from_second(kept).ok().filter(|kept| *kept > Timestamp::UNIX_EPOCH);
        let settle = Duration::from_secs(limits.clock_settle_seconds);
        let clock = Arc::new(Clock::new(kept, settle));
        let store = Arc::new(store);
        let cases = Arc::new(Cases::new(policy, agencies, requests.open_requests().clone()));
        let snapshot = registry.snapshot();
        tracing::info!(
            revision = snapshot.revision().0,
            cameras = snapshot.cameras(),
            checkpoint = checkpoint.0,
            replayed = log.revisions,
            events = requests.open_requests().next_sequence() - FIRST_EVENT,
            unfinished,
            compacted,
            milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            "loaded"
        );
        metrics.publish(&snapshot);
        metrics.log_entries.set(i64::try_from(log.revisions).unwrap_or(i64::MAX));

        let published = Arc::new(ArcSwap::from_pointee(snapshot));
        let standing = Arc::new(Standing::default());
        standing.hold(store.held_since()?);
        metrics.restored.set(i64::from(standing.held_since().is_some()));
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (due, checkpoints) =
            checkpoints(&store, metrics, limits, (checkpoint, log), jobs.downgrade());
        let writer = Writer {
            registry,
            requests,
            store: Arc::clone(&store),
            cases: Arc::clone(&cases),
            published: Arc::clone(&published),
            standing: Arc::clone(&standing),
            metrics: Arc::clone(metrics),
            disclosed: Arc::clone(&disclosed),
            notices_needed,
            due,
            keys_seconds: limits.key_hours.saturating_mul(3600),
            look_again_after: seconds(limits.look_again_seconds),
            look_again_at: Timestamp::MIN,
            release,
            clock: Arc::clone(&clock),
            time_noted: Instant::now(),
            log_seconds: i64::try_from(log_seconds).unwrap_or(i64::MAX),
            log_since: None,
        };
        let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let made = thread("checkpoints").spawn(|| checkpoints.run());
        let checkpoints = made.map_err(StartError::Thread)?;
        let writer = thread("writer").spawn(|| writer.run(queue)).map_err(StartError::Thread)?;
        let copies = Mutex::new(folder.to_owned());
        let engine = Self { store, cases, disclosed, published, standing, jobs, clock, copies };
        Ok((Arc::new(engine), Threads { writer, checkpoints }))
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

    /// The disclosures: the audit log, notices, bulletins and coverage.
    #[must_use]
    pub fn disclosed(&self) -> &Disclosed {
        &self.disclosed
    }

    /// Whether jobs are accepted.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self.readiness(), Readiness::Ready | Readiness::Restored)
    }

    /// Whether jobs are accepted, and whether they may lead to asking.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        match self.standing.get() {
            Standing::HEALING => Readiness::StoreFailing,
            Standing::STOPPED | Standing::FAILED => Readiness::Ended,
            // A writer that panicked has closed its queue.
            _ if self.jobs.is_closed() => Readiness::Ended,
            _ if !self.time().is_sure() => Readiness::ClockInDoubt,
            _ if self.standing.held_since().is_some() => Readiness::Restored,
            _ => Readiness::Ready,
        }
    }

    /// The time, and whether decisions may rest on it.
    #[must_use]
    pub fn time(&self) -> Reading {
        self.clock.read()
    }

    fn refusal(&self) -> Refusal {
        match self.standing.get() {
            Standing::STOPPED => Refusal::Stopping,
            _ => Refusal::StoreFailed,
        }
    }

    /// Asks the writer to stop after the jobs in its queue.
    pub async fn stop(&self) {
        // An error means that it has stopped already.
        let _ = self.jobs.send(Job::Stop).await;
    }
}

impl Threads {
    /// Waits until the writer has stopped and the last checkpoint is made. Blocks.
    pub fn join(self) -> Ended {
        let (writer, checkpoints) = (self.writer.join(), self.checkpoints.join());
        if let (Ok(ended), Ok(())) = (writer, checkpoints) {
            return ended;
        }
        tracing::error!("a thread of the engine panicked");
        Ended::StoreFailed
    }
}

fn seconds(seconds: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))
}
