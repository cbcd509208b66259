//! Writes to chains: appends records and waits until they were read back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout, timeout_at};

use super::reader::Reader;
use super::replica::{Refused, Replica, Taken};
use crate::log::body_pieces::bodies;
use crate::log::record::{Body, ChainId, MARKS, Record, RecordId};
use crate::log::stream::{Log, note};

/// How many records of one write may be void before another process is taken for the writer.
const LOST: u32 = 20;
/// How long a start waits for the engine before it reports on standard error that it still does.
const REPORT: u32 = 25;

/// The writer of a process, for the chains that it holds.
#[derive(Debug)]
pub struct Writer {
    log: Log,
    reader: Arc<Reader>,
    name: String,
    next: AtomicU64,
    offices: BTreeMap<ChainId, Office>,
}

/// The office of a chain.
#[derive(Debug, Default)]
struct Office {
    /// One write at a time.
    turn: Mutex<()>,
    /// The epoch in which this process was last in office; 0 if it never was.
    epoch: AtomicU64,
}

/// Why a write was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The content is refused: nothing was changed.
    #[error("{}", .0.message)]
    Refused(Refused),
    /// It is not known whether the record is in the log.
    #[error(
        "the log did not give the record back in time: it may have been applied or not; look before you try again"
    )]
    Unknown,
    /// Another process holds the office, or this process does not hold the chain.
    #[error("another process writes this partition: ask that one")]
    Elsewhere,
}

impl Writer {
    /// A writer. Its name is made different at each start.
    ///
    /// # Errors
    ///
    /// If the system gives no random bytes.
    pub fn new(log: Log, reader: Arc<Reader>, name: &str) -> Result<Self, getrandom::Error> {
        let name = format!("{name}-{:016x}", getrandom::u64()?);
        let chains: Vec<ChainId> = reader.lock().replicas.keys().copied().collect();
        let offices = chains.into_iter().map(|chain| (chain, Office::default())).collect();
        Ok(Self { log, reader, name, next: AtomicU64::new(0), offices })
    }

    /// Whether this process holds a chain.
    #[must_use]
    pub fn holds(&self, chain: ChainId) -> bool {
        self.offices.contains_key(&chain)
    }

    /// The epoch in which this process was last in office of a chain; 0 if it never was.
    #[must_use]
    pub fn epoch(&self, chain: ChainId) -> u64 {
        self.offices.get(&chain).map_or(0, |office| office.epoch.load(Ordering::Relaxed))
    }

    fn id(&self) -> RecordId {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        RecordId { writer: self.name.clone(), number }
    }

    /// A sequence up to which this process must read before it answers anything: that of a record that it
    /// appends itself. A read would not do, since a leader that is cut off answers reads from old data.
    pub async fn fence(&self) -> u64 {
        let mut attempts = 0_u32;
        loop {
            let record =
                Record { chain: MARKS, epoch: 0, after: 0, id: self.id(), body: Body::Mark };
            if let Some(sequence) = self.log.append(&record).await {
                return sequence;
            }
            attempts = attempts.wrapping_add(1);
            if attempts.is_multiple_of(REPORT) {
                note("the engine acknowledges no record: are most of its nodes up? trying on");
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Writes to a chain by a deadline the content that `make` makes from its latest state, and returns its
    /// sequence once it was read back as valid.
    ///
    /// Takes office first, where another process is or was in it. Where another record came before, `make` is
    /// asked again with the state that has it.
    ///
    /// # Errors
    ///
    /// If the content is refused, or the outcome is not known in time.
    pub async fn write(
        &self,
        deadline: Instant,
        chain: ChainId,
        mut make: impl FnMut(&Replica) -> Result<Body, Refused>,
    ) -> Result<u64, WriteError> {
        let office = self.offices.get(&chain).ok_or(WriteError::Elsewhere)?;
        let Ok(_turn) = timeout_at(deadline, office.turn.lock()).await else {
            return Err(WriteError::Unknown);
        };
        let mut lost = 0_u32;
        while Instant::now() < deadline {
            let (bodies, epoch, after) = {
                let inner = self.reader.lock();
                let replica = inner.replicas.get(&chain).ok_or(WriteError::Elsewhere)?;
                let (epoch, after) = (replica.chain.epoch, replica.chain.last);
                if office.epoch.load(Ordering::Relaxed) == epoch && epoch > 0 {
                    let body = make(replica).map_err(WriteError::Refused)?;
                    let bodies = bodies(body, self.log.most());
                    let refused = |e| WriteError::Refused(Refused::new("unwritable", e));
                    (bodies.map_err(refused)?, epoch, after)
                } else {
                    let office = Body::Office { partitions: self.reader.partitions() };
                    (vec![office], epoch.saturating_add(1), after)
                }
            };
            let takes_office = bodies.iter().any(Body::takes_office);
            match self.append_all(chain, (epoch, after), bodies, deadline).await {
                Some(Taken::Valid { .. }) if takes_office => {
                    office.epoch.store(epoch, Ordering::Relaxed);
                }
                Some(Taken::Valid { sequence, applied }) => {
                    return applied.map(|()| sequence).map_err(WriteError::Refused);
                }
                Some(Taken::Void) => {
                    lost += 1;
                    if lost > LOST {
                        return Err(WriteError::Elsewhere);
                    }
                }
                None => return Err(WriteError::Unknown),
            }
        }
        Err(WriteError::Unknown)
    }

    /// Appends the records of one body, each after the one before it was read back. The outcome is that of the
    /// last one, or of the first that is void or refused: then the body was not applied, and never will be.
    async fn append_all(
        &self,
        chain: ChainId,
        (epoch, mut after): (u64, u64),
        bodies: Vec<Body>,
        deadline: Instant,
    ) -> Option<Taken> {
        let mut outcome = None;
        for body in bodies {
            let record = Record { chain, epoch, after, id: self.id(), body };
            let expected = self.reader.lock().expect(record.id.clone());
            let taken = self.append(&record, expected, deadline).await;
            self.reader.lock().forget(&record.id);
            match taken? {
                Taken::Valid { sequence, applied: Ok(()) } => {
                    after = sequence;
                    outcome = Some(Taken::Valid { sequence, applied: Ok(()) });
                }
                failed => return Some(failed),
            }
        }
        outcome
    }

    /// Appends one record until it is read back. Appended twice it counts once: the second names a record
    /// that is no longer the last.
    async fn append(
        &self,
        record: &Record,
        mut outcome: tokio::sync::oneshot::Receiver<Taken>,
        deadline: Instant,
    ) -> Option<Taken> {
        while Instant::now() < deadline {
            let acknowledged = self.log.append(record).await.is_some();
            let patience = Duration::from_millis(if acknowledged { 4_000 } else { 300 });
            if let Ok(taken) = timeout(patience, &mut outcome).await {
                return taken.ok();
            }
        }
        None
    }
}
