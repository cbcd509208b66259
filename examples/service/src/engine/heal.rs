//! The writer's recovery from a disk failure. After a failed write a database accepts no more, and
//! the state in memory is not the stored one. So the store is opened and read again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use canvass::outcome::ReleaseMode;
use canvass::{Registry, Revision};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

use super::disclosures::Disclosed;
use super::requests::Requests;
use super::tiles;
use super::writer::{Job, Writer};
use super::{Rules, Standing, StartError};
use crate::store::{DisclosedRows, FIRST_EVENT, LogLength, Store};

/// The first wait after a failure; each further wait is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait between attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// The time between two checks whether the service is stopping.
const LOOK: Duration = Duration::from_millis(20);

/// The content of a store, in the writer's form.
pub(super) struct Loaded {
    pub(super) registry: Registry,
    pub(super) requests: Requests,
    /// The revision of the last checkpoint, and the length of the log since.
    pub(super) checkpoint: (Revision, LogLength),
    /// Notices, bulletins, entries of the log and the last coverage.
    pub(super) disclosed: DisclosedRows,
    /// The number of tiles swept away that an interrupted checkpoint left.
    pub(super) unfinished: usize,
}

/// Reads the content of a store. Removes nothing before all of it could be read.
pub(super) fn load(store: &Store, release: ReleaseMode) -> Result<Loaded, StartError> {
    let (registry, checkpoint, log) = tiles::restore(store)?;
    let requests = Requests::load(store, release)?;
    let disclosed = store.disclosed()?;
    let unfinished = store.sweep()?;
    Ok(Loaded { registry, requests, checkpoint: (checkpoint, log), disclosed, unfinished })
}

/// The content of a store, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Examined {
    /// The registry's revision.
    pub revision: Revision,
    /// The number of registered cameras.
    pub cameras: usize,
    /// The number of events.
    pub events: u64,
    /// The number of revisions in the log.
    pub log: u64,
}

/// Reads all of a store as a start would, and removes nothing.
///
/// # Errors
///
/// If a start would refuse it.
pub fn examine(store: &Store, rules: &Rules) -> Result<Examined, StartError> {
    let (registry, _, log) = tiles::restore(store)?;
    let requests = Requests::load(store, rules.release)?;
    Disclosed::default().replace(store.disclosed()?)?;
    let snapshot = registry.snapshot();
    Ok(Examined {
        revision: snapshot.revision(),
        cameras: snapshot.cameras(),
        events: requests.open_requests().next_sequence() - FIRST_EVENT,
        log: log.revisions,
    })
}

impl Writer {
    /// Opens the store again and reads it, as often as needed. Meanwhile no job is accepted, and
    /// readers see the last acknowledged state. Returns whether the writer continues; it does not
    /// if the service is stopping and the store cannot be opened once more.
    pub(super) fn heal(&mut self, queue: &mut mpsc::Receiver<Job>, mut stop: bool) -> bool {
        self.standing.set(Standing::HEALING);
        self.metrics.store_failures.inc();
        self.metrics.store_failing.set(1);
        self.due.settle();
        let (begun, mut wait, mut said) = (Instant::now(), FIRST_WAIT, String::new());
        loop {
            match self.reload() {
                Ok(()) => break,
                Err(error) => {
                    let error = error.to_string();
                    // Logged once for repeated attempts with the same error.
                    if error != said {
                        tracing::error!(error, "the store cannot be used; the service tries again");
                    }
                    said = error;
                }
            }
            let end = Instant::now() + wait;
            while !stop && Instant::now() < end {
                match queue.try_recv() {
                    Ok(Job::Stop) | Err(TryRecvError::Disconnected) => stop = true,
                    // The end of their channel informs callers who still wait.
                    Ok(_) => {}
                    Err(TryRecvError::Empty) => std::thread::sleep(LOOK),
                }
            }
            if stop {
                return false;
            }
            wait = LONGEST_WAIT.min(wait * 2);
        }
        let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(milliseconds, "the store can be used again; changes are accepted");
        self.metrics.store_failing.set(0);
        self.standing.set(Standing::TAKING);
        !stop
    }

    fn reload(&mut self) -> Result<(), StartError> {
        self.store.reopen()?;
        let loaded = load(&self.store, self.release)?;
        // First there must be room for the next commits: each failure costs another reload.
        self.store.make_room()?;
        let Loaded { registry, requests, checkpoint: (checkpoint, log), disclosed, .. } = loaded;
        self.disclosed.replace(disclosed)?;
        let snapshot = registry.snapshot();
        self.cases.replace(requests.open_requests().clone());
        self.metrics.publish(&snapshot);
        self.metrics.log_entries.set(i64::try_from(log.revisions).unwrap_or(i64::MAX));
        self.published.store(Arc::new(snapshot));
        (self.registry, self.requests) = (registry, requests);
        self.due.restart(checkpoint, log);
        self.look_again_at = Timestamp::MIN;
        Ok(())
    }
}
