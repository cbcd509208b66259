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

mod calls;
mod cases;
mod checkpoints;
mod disclosures;
mod error;
mod owners;
mod people;
mod requests;
mod tiles;
mod told;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use arc_swap::ArcSwap;
use canvass::outcome::ReleaseMode;
use canvass::{Agency, Policy, Snapshot};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

pub use cases::{Cases, NotAuthorized};
pub use disclosures::{Disclosed, Disclosures};
pub use error::{Refusal, StartError};
pub use owners::CameraChange;
pub(crate) use owners::changed;
pub use people::AskedOwner;
pub use tiles::RestoreError;
pub use told::{Holdings, Routed, Told};

use crate::metrics::Metrics;
use crate::settings::Limits;
use crate::store::{FIRST_EVENT, Store};
use checkpoints::checkpoints;
use requests::Requests;
use writer::{Job, Writer};

/// So many jobs may wait for the writer; who comes after them waits in turn.
const QUEUE: usize = 1024;

/// What the operator has laid down.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The limits on requests.
    pub policy: Policy,
    /// The agencies on record.
    pub agencies: Vec<Agency>,
    /// How answers are told, of requests that are opened from now on.
    pub release: ReleaseMode,
    /// Whether nobody is asked before a notice is approved here.
    pub notices_needed: bool,
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

impl Engine {
    /// Opens the store in a folder, loads what is in it, and starts the threads.
    ///
    /// # Errors
    ///
    /// If the store cannot be opened or read, or a thread not be started.
    pub fn start(
        folder: &Path,
        rules: Rules,
        limits: &Limits,
        metrics: &Arc<Metrics>,
    ) -> Result<(Arc<Self>, Threads), StartError> {
        let start = Instant::now();
        let mut store = Store::open(folder)?;
        let (registry, checkpoint, log) = tiles::restore(&store)?;
        let Rules { policy, agencies, release, notices_needed } = rules;
        let requests = Requests::load(&store, release)?;
        let disclosed = Arc::new(Disclosed::default());
        disclosed.take(store.disclosed()?)?;
        // Not before all of it could be read: of a store that is not whole nothing is removed.
        let unfinished = store.sweep()?;
        let compacted = store.compact(folder)?;
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
        };
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(StartError::Thread)
        };
        let threads = Threads {
            checkpoints: spawn("checkpoints", Box::new(|| checkpoints.run()))?,
            writer: spawn("writer", Box::new(|| writer.run(queue)))?,
        };
        Ok((Arc::new(Self { store, cases, disclosed, published, standing, jobs }), threads))
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

    /// What people see: the audit log, notices, bulletins and coverage.
    #[must_use]
    pub fn disclosed(&self) -> &Disclosed {
        &self.disclosed
    }

    /// Whether changes are taken.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        // A writer that panicked says nothing, and listens no more.
        self.standing.0.load(Ordering::Acquire) == Standing::TAKING && !self.jobs.is_closed()
    }

    fn refusal(&self) -> Refusal {
        match self.standing.0.load(Ordering::Acquire) {
            Standing::STOPPED => Refusal::Stopping,
            _ => Refusal::StoreFailed,
        }
    }

    /// Asks the writer to stop once it has done what waits already.
    pub async fn stop(&self) {
        // An error means that it has stopped already.
        let _ = self.jobs.send(Job::Stop).await;
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

fn seconds(seconds: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))
}
