//! The schedule of checkpoints, and the thread that makes them.
//!
//! Right after a commit, when the published state equals the one on the disk, the writer lists the
//! tiles that have changed. The thread encodes and writes them. It makes one checkpoint at a time;
//! changes in between are in the next one.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use canvass::tiles::TileChanges;
use canvass::{Registry, Revision};
use tokio::sync::mpsc::WeakSender;

use super::tiles;
use super::writer::Job;
use crate::metrics::Metrics;
use crate::settings::Limits;
use crate::store::{LogLength, Store};

/// The log may grow to this many times the length at which a checkpoint is due; then the writer
/// waits for the checkpoint.
const TAIL: u64 = 4;

/// The writer's side: the part of the log that no checkpoint includes.
pub(super) struct Due {
    /// The log since the last checkpoint.
    log: LogLength,
    /// The length at which a checkpoint is due.
    after: LogLength,
    last: Revision,
    /// The part of the log that the checkpoint in progress includes.
    in_making: Option<LogLength>,
    /// The last checkpoint failed; the next attempt is at its regular time.
    failed: bool,
    /// A checkpoint has failed, and the database has not been opened again since.
    broken: bool,
    hand_over: SyncSender<(Revision, TileChanges)>,
    made: Receiver<Option<Revision>>,
}

/// The thread's side.
pub(super) struct Checkpoints {
    store: Arc<Store>,
    metrics: Arc<Metrics>,
    at_least_every: Duration,
    transaction_bytes: usize,
    taken: Receiver<(Revision, TileChanges)>,
    made: Sender<Option<Revision>>,
    jobs: WeakSender<Job>,
}

/// Both sides, given the revision of the last checkpoint and the log since.
pub(super) fn checkpoints(
    store: &Arc<Store>,
    metrics: &Arc<Metrics>,
    limits: &Limits,
    (last, log): (Revision, LogLength),
    jobs: WeakSender<Job>,
) -> (Due, Checkpoints) {
    let ((hand_over, taken), (tell, made)) = (sync_channel(1), channel());
    let after =
        LogLength { revisions: limits.checkpoint_revisions, bytes: limits.checkpoint_bytes };
    let due =
        Due { log, after, last, in_making: None, failed: false, broken: false, hand_over, made };
    let checkpoints = Checkpoints {
        store: Arc::clone(store),
        metrics: Arc::clone(metrics),
        at_least_every: Duration::from_secs(limits.checkpoint_seconds),
        transaction_bytes: limits.transaction_bytes,
        taken,
        made: tell,
        jobs,
    };
    (due, checkpoints)
}

impl Due {
    /// Adds a commit to the length of the log.
    pub(super) fn logged(&mut self, bytes: usize) {
        self.log.add(bytes);
    }

    /// Starts a checkpoint if one is due. For the writer, after a commit.
    pub(super) fn look(&mut self, registry: &Registry) {
        while let Ok(made) = self.made.try_recv() {
            self.note(made);
        }
        if self.in_making.is_some() && self.is_longer_than(TAIL) {
            self.wait();
        }
        if self.is_longer_than(1) && !self.failed {
            self.make(registry);
        }
    }

    /// Starts a checkpoint at its regular time, if anything has changed.
    pub(super) fn time_has_come(&mut self, registry: &Registry) {
        while let Ok(made) = self.made.try_recv() {
            self.note(made);
        }
        self.make(registry);
    }

    /// Makes the last checkpoint, after all changes, and returns whether it succeeded.
    pub(super) fn finish(mut self, registry: &Registry) -> bool {
        self.wait();
        self.make(registry);
        self.wait();
        !self.failed
    }

    /// Waits for the checkpoint in progress.
    pub(super) fn settle(&mut self) {
        self.wait();
    }

    /// Continues with a store that was read again.
    pub(super) fn restart(&mut self, last: Revision, log: LogLength) {
        (self.last, self.log, self.broken) = (last, log, false);
    }

    /// Whether a checkpoint has failed, so that the database must be opened again.
    pub(super) fn is_broken(&mut self) -> bool {
        while let Ok(made) = self.made.try_recv() {
            self.note(made);
        }
        self.broken
    }

    fn is_longer_than(&self, times: u64) -> bool {
        self.log.revisions >= self.after.revisions.saturating_mul(times)
            || self.log.bytes >= self.after.bytes.saturating_mul(times)
    }

    fn make(&mut self, registry: &Registry) {
        if self.in_making.is_some() || registry.snapshot().revision() <= self.last {
            return;
        }
        // The registry began empty or from the last checkpoint's tiles, so the first time these are
        // all tiles.
        let start = Instant::now();
        let changes = registry.tiles_since(self.last);
        let microseconds = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::info!(microseconds, tiles = changes.changed.len(), "tiles gathered");
        self.failed = false;
        // An error means that the thread has panicked, which joining it shows.
        if self.hand_over.send((self.last, changes)).is_ok() {
            self.in_making = Some(self.log);
        }
    }

    fn wait(&mut self) {
        if self.in_making.is_some() {
            let made = self.made.recv().unwrap_or_default();
            self.note(made);
        }
    }

    fn note(&mut self, made: Option<Revision>) {
        let taken_in = self.in_making.take().unwrap_or_default();
        if let Some(revision) = made {
            self.last = revision;
            self.log = self.log.without(taken_in);
        } else {
            (self.failed, self.broken) = (true, true);
        }
    }
}

impl Checkpoints {
    /// Makes the checkpoints that the writer hands over, until it stops.
    pub(super) fn run(self) {
        loop {
            match self.taken.recv_timeout(self.at_least_every) {
                Ok((last, changes)) => {
                    let made = self.checkpoint(last, changes);
                    // The writer may have stopped.
                    let _ = self.made.send(made);
                }
                Err(RecvTimeoutError::Timeout) => {
                    // Not if the queue is full: the writer may be waiting for this thread.
                    if let Some(jobs) = self.jobs.upgrade() {
                        let _ = jobs.try_send(Job::Checkpoint);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn checkpoint(&self, last: Revision, changes: TileChanges) -> Option<Revision> {
        let (start, revision) = (Instant::now(), changes.revision);
        let vanished = changes.vanished.len();
        match self.store.checkpoint_at(revision, tiles::staged(changes), self.transaction_bytes) {
            Ok(tiles) => {
                let revisions = revision.0.saturating_sub(last.0);
                self.metrics.checkpointed(start.elapsed(), tiles, revisions);
                tracing::info!(
                    revision = revision.0,
                    tiles,
                    vanished,
                    milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
                    "checkpoint"
                );
                Some(revision)
            }
            // The previous checkpoint and the log since remain valid: the next attempt writes all
            // of it.
            Err(error) => {
                self.metrics.checkpoint_failing.set(1);
                tracing::error!(%error, "no checkpoint could be made");
                None
            }
        }
    }
}
