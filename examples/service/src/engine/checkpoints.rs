//! The thread that makes checkpoints: from a snapshot, so that nobody waits for it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use canvass::{Revision, Snapshot};

use super::tiles;
use crate::metrics::Metrics;
use crate::settings::Limits;
use crate::store::Store;

pub(super) struct Checkpoints {
    store: Arc<Store>,
    published: Arc<ArcSwap<Snapshot>>,
    last: Revision,
    at_least_every: Duration,
    metrics: Arc<Metrics>,
    due: Receiver<()>,
}

impl Checkpoints {
    /// The checkpoints, and where the writer says that one is due.
    pub(super) fn new(
        store: Arc<Store>,
        published: Arc<ArcSwap<Snapshot>>,
        last: Revision,
        limits: &Limits,
        metrics: Arc<Metrics>,
    ) -> (Self, SyncSender<()>) {
        let (tell, due) = sync_channel(1);
        let at_least_every = Duration::from_secs(limits.checkpoint_seconds);
        (Self { store, published, last, at_least_every, metrics, due }, tell)
    }

    /// Makes a checkpoint whenever one is due, and a last one when the writer has stopped.
    pub(super) fn run(mut self) {
        loop {
            let told = self.due.recv_timeout(self.at_least_every);
            self.checkpoint();
            if told == Err(RecvTimeoutError::Disconnected) {
                break;
            }
        }
    }

    fn checkpoint(&mut self) {
        let snapshot = Snapshot::clone(&self.published.load());
        let revision = snapshot.revision();
        if revision <= self.last {
            return;
        }
        let start = Instant::now();
        let Some(changed) = tiles::changed(&snapshot, self.last) else { return };
        match self.store.checkpoint_at(revision, changed) {
            Ok(tiles) => {
                self.metrics.checkpointed(start.elapsed(), tiles, revision.0 - self.last.0);
                self.last = revision;
                tracing::info!(
                    revision = revision.0,
                    tiles,
                    milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
                    "checkpoint"
                );
            }
            // The one before holds, and the log since: the next try will write all of it.
            Err(error) => tracing::error!(%error, "no checkpoint could be made"),
        }
    }
}
