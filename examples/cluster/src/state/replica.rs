//! One chain as far as it was read: the registry of a partition, or the requests that stand.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use canvass::{Change, LifecycleEvent, OpenRequests, OwnerId, Registry, RequestId, Revision};
use serde::{Deserialize, Serialize};

use crate::log::body_pieces;
use crate::log::chain::{Chain, Fence, Verdict};
use crate::log::record::{Body, Record, RecordId};
use crate::log::stream::LogError;
use crate::pieces::Joiner;

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
    pub fn new(code: &str, message: impl std::fmt::Display) -> Self {
        Self { code: code.to_owned(), message: message.to_string() }
    }
}

/// The content of one chain.
#[derive(Clone, Debug)]
pub enum Content {
    /// The cameras, consents and histories of some owners.
    Partition(Arc<Registry>),
    /// The requests that stand.
    Requests(Box<Standing>),
}

/// The requests that stand, with their authorisations.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// The requests.
    pub open: OpenRequests,
    /// Each one's authorised request, sealed, in base64.
    pub sealed: BTreeMap<RequestId, String>,
}

/// One chain, as far as it was read.
#[derive(Clone, Debug)]
pub struct Replica {
    /// Which records count.
    pub chain: Chain,
    /// The identity of the last record that counted.
    pub last: Option<RecordId>,
    /// The content that they lead to.
    pub content: Content,
    /// The pieces of a large body, until it is whole.
    pub pieces: Joiner,
    /// The last record about each owner.
    touched: Touched,
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

impl Replica {
    /// A partition without cameras.
    #[must_use]
    pub fn partition() -> Self {
        Self::new(Content::Partition(Arc::new(Registry::new())))
    }

    /// No request.
    #[must_use]
    pub fn requests() -> Self {
        let standing = Standing { open: OpenRequests::new(0), sealed: BTreeMap::new() };
        Self::new(Content::Requests(Box::new(standing)))
    }

    fn new(content: Content) -> Self {
        Self {
            chain: Chain::default(),
            last: None,
            content,
            pieces: Joiner::default(),
            touched: Touched::default(),
        }
    }

    /// A replica as of the last record that counted, and its identity.
    #[must_use]
    pub fn restored(content: Content, (epoch, last): (u64, u64), id: RecordId) -> Self {
        let chain = Chain { epoch, last, ..Chain::default() };
        let touched = Touched { since: last, ..Touched::default() };
        Self { chain, last: Some(id), touched, ..Self::new(content) }
    }

    /// The same under another fence: see [`Fence::Broken`].
    #[must_use]
    pub fn under(mut self, fence: Fence) -> Self {
        self.chain.fence = fence;
        self
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
        self.last = Some(record.id.clone());
        let Body::Piece(piece) = &record.body else {
            // Whoever was sending pieces has lost the chain to this record, and begins anew.
            self.pieces.forget();
            let applied = self.apply(sequence, &record.body);
            return Ok(Taken::Valid { sequence, applied });
        };
        if piece.number == 0 {
            // So does a writer that gave up in the middle.
            self.pieces.forget();
        }
        let applied = match self.pieces.take(piece) {
            Ok(None) => Ok(()),
            Ok(Some(text)) => match body_pieces::whole(&text) {
                Ok(body) => self.apply(sequence, &body),
                Err(error) => Err(Refused::new("pieces", error)),
            },
            Err(error) => Err(Refused::new("pieces", error)),
        };
        Ok(Taken::Valid { sequence, applied })
    }

    /// Refuses changes that were sent when a record was the last that had been read, if one of their owners was
    /// changed by a later one: whoever sent them may have been told that their outcome is unknown, and has
    /// withdrawn since.
    ///
    /// # Errors
    ///
    /// If so.
    pub fn not_overtaken(
        &self,
        owners: impl IntoIterator<Item = OwnerId>,
        read: u64,
    ) -> Result<(), Refused> {
        let last = |owner| (owner, self.touched.last(owner));
        match owners.into_iter().map(last).find(|&(_, at)| at > read) {
            None => Ok(()),
            Some((owner, at)) => Err(Refused::new(
                "overtaken",
                format!(
                    "record {at} about owner `{owner}` came before these changes: nothing was written; look, and \
                     send them again if they still hold"
                ),
            )),
        }
    }

    fn apply(&mut self, sequence: u64, body: &Body) -> Result<(), Refused> {
        match body {
            Body::Changes { owner, .. } => self.touched.touch([*owner], sequence),
            Body::Import { changes } => {
                self.touched.touch(changes.iter().filter_map(Change::owner), sequence);
            }
            _ => {}
        }
        match (&mut self.content, body) {
            (_, Body::Office { .. } | Body::Mark) => Ok(()),
            (Content::Partition(registry), body) => apply(registry, sequence, body),
            (Content::Requests(standing), Body::Opened { sealed, events }) => {
                standing.opened(sealed, events)
            }
            (Content::Requests(standing), Body::Steps { events }) => standing.steps(events),
            (Content::Requests(_), _) => Err(other_chain()),
        }
    }
}

/// How many owners are kept with the last record about them.
const OWNERS: usize = 200_000;

/// The last record about each owner, as far back as it is kept.
#[derive(Clone, Debug, Default)]
struct Touched {
    /// Of others it is taken to be this one.
    since: u64,
    at: HashMap<OwnerId, u64>,
}

impl Touched {
    fn last(&self, owner: OwnerId) -> u64 {
        self.at.get(&owner).copied().unwrap_or(self.since)
    }

    fn touch(&mut self, owners: impl IntoIterator<Item = OwnerId>, sequence: u64) {
        for owner in owners {
            if self.at.len() >= OWNERS && !self.at.contains_key(&owner) {
                self.at.clear();
                self.since = sequence;
            }
            self.at.insert(owner, sequence);
        }
    }
}

/// Applies the content of a record to the registry of a partition, all or none.
fn apply(registry: &Registry, sequence: u64, body: &Body) -> Result<(), Refused> {
    let changes = match body {
        Body::Changes { owner, changes } => {
            if let Some(message) = foreign(registry, *owner, changes) {
                return Err(Refused::new("other_owner", message));
            }
            changes.clone()
        }
        Body::Import { changes } => {
            if let Some(index) = changes.iter().position(|change| !is_import(change)) {
                let message = format!(
                    "change {index} is neither a registration nor a consent: an import has no others"
                );
                return Err(Refused::new("not_an_import", message));
            }
            changes.clone()
        }
        &Body::Asked { agency, at, ref owners, .. } => {
            let agency = Some(agency);
            owners.iter().map(|&owner| Change::RecordAsked { owner, agency, at }).collect()
        }
        _ => return Err(other_chain()),
    };
    let applied = registry.apply_at(Revision(sequence), changes);
    applied.map(|_| ()).map_err(|error| Refused::new("change_refused", error))
}

fn is_import(change: &Change) -> bool {
    matches!(change, Change::Register(_) | Change::SetConsent { .. })
}

/// Why a list is not one owner's: it names another, or takes another's camera.
fn foreign(registry: &Registry, owner: OwnerId, changes: &[Change]) -> Option<String> {
    for (index, change) in changes.iter().enumerate() {
        let named = change.owner().unwrap_or(owner);
        let held = change.camera().and_then(|camera| registry.camera(camera));
        let held = held.map_or(owner, |camera| camera.owner);
        if let Some(other) = [named, held].into_iter().find(|&other| other != owner) {
            return Some(format!(
                "change {index} concerns owner `{other}`: a list holds changes of one owner, here of `{owner}`"
            ));
        }
        if matches!(change, Change::RecordAsked { .. }) {
            return Some(format!(
                "change {index} records that somebody was asked: only an ask does that"
            ));
        }
    }
    None
}

fn other_chain() -> Refused {
    Refused::new("other_chain", "the record is not of a kind that this chain has")
}

impl Standing {
    fn opened(&mut self, sealed: &str, events: &[LifecycleEvent]) -> Result<(), Refused> {
        self.steps(events)?;
        if let Some(event) = events.last() {
            self.sealed.insert(event.id, sealed.to_owned());
        }
        Ok(())
    }

    fn steps(&mut self, events: &[LifecycleEvent]) -> Result<(), Refused> {
        self.open.replay_step(events).map_err(|error| Refused::new("step_refused", error))
    }

    /// The authorised request of an opened one, sealed.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn sealed(&self, id: RequestId) -> Result<Vec<u8>, Refused> {
        let sealed = self.sealed.get(&id).ok_or_else(|| {
            Refused::new("unknown_request", format!("no request `{id}` was opened"))
        })?;
        BASE64_STANDARD.decode(sealed).map_err(|error| Refused::new("sealed", error))
    }
}
