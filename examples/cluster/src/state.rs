//! The state that a process builds from the log: registries of partitions, or the requests that stand.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use canvass::{Change, LifecycleEvent, OpenRequests, OwnerId, Registry, RequestId, Revision};
use tokio::sync::{oneshot, watch};

use crate::chain::{Chain, Verdict};
use crate::log::LogError;
use crate::record::{Body, ChainId, Record, RecordId};

/// A refusal of a record's content: every reader refuses it alike, and goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// A stable code.
    pub code: String,
    /// The reason.
    pub message: String,
}

impl Refused {
    /// A refusal.
    pub fn new(code: &str, message: impl ToString) -> Self {
        Self { code: code.to_owned(), message: message.to_string() }
    }
}

/// The content of one chain.
#[derive(Debug)]
pub enum Content {
    /// The cameras, consents and histories of some owners.
    Partition(Registry),
    /// The requests that stand.
    Requests(Standing),
}

/// The requests that stand, with their authorisations.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The requests.
    pub open: OpenRequests,
    /// Each one's authorised request, sealed.
    pub sealed: BTreeMap<RequestId, Vec<u8>>,
}

/// One chain, as far as it was read.
#[derive(Debug)]
pub struct Replica {
    /// Which records count.
    pub chain: Chain,
    /// The content that they lead to.
    pub content: Content,
}

impl Replica {
    /// A partition without cameras.
    #[must_use]
    pub fn partition() -> Self {
        Self { chain: Chain::default(), content: Content::Partition(Registry::new()) }
    }

    /// No request.
    #[must_use]
    pub fn requests() -> Self {
        let standing = Standing { open: OpenRequests::new(0), sealed: BTreeMap::new() };
        Self { chain: Chain::default(), content: Content::Requests(standing) }
    }

    /// Takes the next record of the chain.
    ///
    /// # Errors
    ///
    /// If this reader missed a record. A content that is refused is an answer.
    pub fn take(&mut self, sequence: u64, record: &Record) -> Result<Taken, LogError> {
        if self.chain.judge(sequence, record)? == Verdict::Void {
            return Ok(Taken::Void);
        }
        let applied = match (&mut self.content, &record.body) {
            (_, Body::Office | Body::Mark) => Ok(()),
            (Content::Partition(registry), Body::Changes { owner, changes }) => {
                apply_changes(registry, sequence, *owner, changes)
            }
            (Content::Partition(registry), Body::Asked { at, owners, .. }) => {
                let asked = owners.iter().map(|&owner| Change::RecordAsked { owner, at: *at });
                let applied = registry.apply_at(Revision(sequence), asked);
                applied.map(|_| ()).map_err(|error| Refused::new("replay", error))
            }
            (Content::Requests(standing), Body::Opened { sealed, events }) => {
                standing.opened(sealed, events)
            }
            (Content::Requests(standing), Body::Steps { events }) => standing.steps(events),
            _ => {
                Err(Refused::new("other_chain", "the record is not of a kind that this chain has"))
            }
        };
        Ok(Taken::Valid { sequence, applied })
    }
}

/// The outcome of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It does not count.
    Void,
    /// It counts, and its content was applied or refused.
    Valid {
        /// Its sequence.
        sequence: u64,
        /// Whether the content was applied.
        applied: Result<(), Refused>,
    },
}

/// Applies changes of one owner; a camera of another owner is refused, whatever the change.
fn apply_changes(
    registry: &Registry,
    sequence: u64,
    owner: OwnerId,
    changes: &[Change],
) -> Result<(), Refused> {
    let foreign = changes.iter().any(|change| match change {
        Change::Register(camera) => camera.owner != owner,
        Change::Replace(camera) | Change::Upsert(camera) => {
            camera.owner != owner
                || registry.camera(camera.id).is_some_and(|known| known.owner != owner)
        }
        Change::Move { camera, .. } | Change::Remove { camera } => {
            registry.camera(*camera).is_some_and(|known| known.owner != owner)
        }
        Change::SetConsent { owner: other, .. }
        | Change::Withdraw { owner: other }
        | Change::Forget { owner: other }
        | Change::RecordAsked { owner: other, .. } => *other != owner,
        _ => true,
    });
    if foreign {
        let message =
            format!("a list holds changes of one owner, and one of these is not owner {owner}'s");
        return Err(Refused::new("other_owner", message));
    }
    let applied = registry.apply_at(Revision(sequence), changes.iter().cloned());
    applied.map(|_| ()).map_err(|error| Refused::new("change_refused", error))
}

impl Standing {
    fn opened(&mut self, sealed: &str, events: &[LifecycleEvent]) -> Result<(), Refused> {
        let bytes = BASE64_STANDARD.decode(sealed).map_err(|e| Refused::new("sealed", e))?;
        self.steps(events)?;
        if let Some(event) = events.last() {
            self.sealed.insert(event.id, bytes);
        }
        Ok(())
    }

    fn steps(&mut self, events: &[LifecycleEvent]) -> Result<(), Refused> {
        let mut next = self.open.clone();
        for event in events {
            next.replay(event).map_err(|error| Refused::new("step_refused", error))?;
        }
        self.open = next;
        Ok(())
    }
}

/// Everything that a process holds, and the writers who wait for their records.
#[derive(Debug)]
pub struct State {
    inner: Mutex<Inner>,
    read: watch::Sender<u64>,
}

/// The state behind the lock.
#[derive(Debug)]
pub struct Inner {
    /// The chains that this process holds.
    pub replicas: BTreeMap<ChainId, Replica>,
    waiting: HashMap<RecordId, oneshot::Sender<Taken>>,
}

impl State {
    /// A state before the first record.
    #[must_use]
    pub fn new(replicas: BTreeMap<ChainId, Replica>) -> Self {
        let inner = Mutex::new(Inner { replicas, waiting: HashMap::new() });
        Self { inner, read: watch::Sender::new(0) }
    }

    /// The state as of the last record that was read.
    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last record that was read. Take it while the state is locked, where both must agree.
    #[must_use]
    pub fn read(&self) -> u64 {
        *self.read.borrow()
    }

    /// Waits until a record was read.
    pub async fn wait_for(&self, sequence: u64) {
        let mut read = self.read.subscribe();
        // The sender is this value's own: it does not end before.
        let _ = read.wait_for(|&read| read >= sequence).await;
    }

    /// Takes the next record of the log.
    ///
    /// # Errors
    ///
    /// If this reader missed a record.
    pub fn take(&self, sequence: u64, record: &Record) -> Result<(), LogError> {
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
