//! All replicas of a process, and the writers who wait for their records.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{oneshot, watch};

use super::replica::{Replica, Taken};
use crate::log::record::{Body, ChainId, Record, RecordId};
use crate::log::stream::LogError;

/// Everything that a process has read.
#[derive(Debug)]
pub struct Reader {
    inner: Mutex<Inner>,
    read: watch::Sender<u64>,
    /// The number of partitions in this process's table.
    partitions: u16,
}

/// The replicas, and the writers who wait.
#[derive(Debug)]
pub struct Inner {
    /// The chains that this process holds.
    pub replicas: BTreeMap<ChainId, Replica>,
    waiting: HashMap<RecordId, oneshot::Sender<Taken>>,
}

impl Reader {
    /// A reader of some replicas, all of which have been read up to a record or further.
    #[must_use]
    pub fn new(partitions: u16, replicas: BTreeMap<ChainId, Replica>, read: u64) -> Self {
        let inner = Mutex::new(Inner { replicas, waiting: HashMap::new() });
        Self { inner, read: watch::Sender::new(read), partitions }
    }

    /// The replicas as of the last record that was read.
    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last record that was read. Take it while the replicas are locked, where both must agree.
    #[must_use]
    pub fn read(&self) -> u64 {
        *self.read.borrow()
    }

    /// The number of partitions in this process's table.
    #[must_use]
    pub fn partitions(&self) -> u16 {
        self.partitions
    }

    /// Waits until a record was read.
    pub async fn wait_for(&self, sequence: u64) {
        let mut read = self.read.subscribe();
        // The sender is this value's own: it does not end before.
        let _ = read.wait_for(|&read| read >= sequence).await;
    }

    /// Takes the next record of the log. A replica that was restored from a later checkpoint finds records
    /// before it void: they name an earlier one than its last.
    ///
    /// # Errors
    ///
    /// If this reader missed a record, or its table has another number of partitions than the log's.
    pub fn take(&self, sequence: u64, record: &Record) -> Result<(), LogError> {
        if let Body::Office { partitions: found } = record.body
            && found != self.partitions
        {
            return Err(LogError::Partitions { sequence, found, own: self.partitions });
        }
        let mut inner = self.lock();
        let taken = match inner.replicas.get_mut(&record.chain) {
            Some(replica) => Some(replica.take(sequence, record)?),
            None => None,
        };
        if let Some(taken) = taken
            && let Some(waiting) = inner.waiting.remove(&record.id)
        {
            // Whoever waited may have given up.
            let _ = waiting.send(taken);
        }
        self.read.send_replace(sequence);
        Ok(())
    }
}

impl Inner {
    /// Receives the outcome of a record that is about to be appended.
    pub fn expect(&mut self, id: RecordId) -> oneshot::Receiver<Taken> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.insert(id, sender);
        receiver
    }

    /// Gives up on a record.
    pub fn forget(&mut self, id: &RecordId) {
        self.waiting.remove(id);
    }
}
