//! A worker: holds partitions, gives parts of routes, and writes changes and asks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use canvass::parts::OperatorKey;
use canvass::{
    AuthorizedRequest, CameraId, Change, Explanation, OwnerId, Registry, RequestId, Revision,
};
use jiff::Timestamp;
use tokio::time::timeout;

use super::bus::Bus;
use super::call::{Answer, Asked, Call, Handed, OwnerRecord, Recipient, Terms};
use crate::log::record::{Body, ChainId};
use crate::placement::Placement;
use crate::state::reader::Reader;
use crate::state::replica::{Content, Refused, Replica};
use crate::state::writer::{WriteError, Writer};

/// How long a call waits for a record that was not read yet.
const CATCH_UP: Duration = Duration::from_millis(1_500);

/// A worker.
#[derive(Debug)]
pub struct Worker {
    /// Its partitions.
    pub reader: Arc<Reader>,
    /// Its writer.
    pub writer: Arc<Writer>,
    /// The operator's key.
    pub key: OperatorKey,
    /// Where everything is.
    pub placement: Placement,
    /// By which it is called.
    pub bus: Bus,
}

impl Worker {
    /// Answers a call; those that write have terms.
    pub async fn answer(&self, call: Call, terms: Option<Terms>) -> Answer {
        match call {
            Call::Ready { chain } => {
                // Without the lock: a worker that applies a long list is up.
                if self.writer.holds(chain) {
                    Answer::Ready(self.bus.ticket(self.reader.read()))
                } else {
                    not_held(chain).into()
                }
            }
            Call::Part { chain, sealed, now, at_least } => {
                if !caught_up(&self.reader, at_least).await {
                    return behind();
                }
                self.part(chain, &sealed, now).unwrap_or_else(Into::into)
            }
            Call::Owner { owner, at_least } => {
                if !caught_up(&self.reader, at_least).await {
                    return behind();
                }
                self.owner(owner).unwrap_or_else(Into::into)
            }
            call => match terms {
                Some(terms) => self.write(call, terms).await,
                None => Answer::without_ticket(),
            },
        }
    }

    async fn write(&self, call: Call, terms: Terms) -> Answer {
        match call {
            Call::Change { owner, changes } => self.change(owner, changes, terms).await,
            Call::Import { chain, changes } => self.import(chain, changes, terms).await,
            Call::Ask { chain, request, sealed, now, cameras } => {
                self.ask(chain, request, (&sealed, now), &cameras, terms).await
            }
            _ => Answer::refused("other_role", "a worker keeps no requests"),
        }
    }

    /// Writes changes of one owner.
    async fn change(&self, owner: OwnerId, changes: Vec<Change>, terms: Terms) -> Answer {
        let chain = self.placement.partition_of(owner);
        let written = self.writer.write(terms.deadline, chain, |replica| {
            replica.not_overtaken([owner], terms.read)?;
            Ok(Body::Changes { owner, changes: changes.clone() })
        });
        written.await.map_or_else(Into::into, Answer::Written)
    }

    fn unsealed(&self, sealed: &str) -> Result<AuthorizedRequest, Refused> {
        let bytes = BASE64_STANDARD.decode(sealed).map_err(|e| Refused::new("sealed", e))?;
        AuthorizedRequest::unseal(&self.key, &bytes).map_err(|error| Refused::new("sealed", error))
    }

    fn part(&self, chain: ChainId, sealed: &str, now: Timestamp) -> Result<Answer, Refused> {
        let authorized = self.unsealed(sealed)?;
        let (snapshot, read) = {
            let inner = self.reader.lock();
            (partition(&inner.replicas, chain)?.snapshot(), self.reader.read())
        };
        let part = snapshot.partial_route(&authorized, now).unchanged_to(Revision(read));
        Ok(Answer::Part(BASE64_STANDARD.encode(part.seal(&self.key))))
    }

    /// Records that owners are asked: those of the cameras that may still be asked by the latest state.
    ///
    /// The record counts only if nothing came before it that this worker had not read, so whoever withdrew
    /// before it in the log is not in it.
    async fn ask(
        &self,
        chain: ChainId,
        request: RequestId,
        (sealed, now): (&str, Timestamp),
        cameras: &[CameraId],
        terms: Terms,
    ) -> Answer {
        let authorized = match self.unsealed(sealed) {
            Ok(authorized) => authorized,
            Err(refused) => return refused.into(),
        };
        let wanted: BTreeSet<CameraId> = cameras.iter().copied().collect();
        let mut asked = Handed::new();
        let written = self.writer.write(terms.deadline, chain, |replica| {
            asked = permitted(registry(replica, chain)?, &authorized, now, &wanted);
            if asked.is_empty() {
                return Err(Refused::new(
                    "nobody",
                    "nobody of this partition may be asked any more",
                ));
            }
            let owners = asked.iter().map(|recipient| recipient.owner).collect();
            Ok(Body::Asked { request, agency: authorized.request().agency, at: now, owners })
        });
        match written.await {
            Ok(_) => Answer::Asked(asked),
            Err(WriteError::Refused(refused)) if refused.code == "nobody" => {
                Answer::Asked(Handed::new())
            }
            Err(error) => error.into(),
        }
    }

    /// Writes an import whose owners are all of a partition.
    async fn import(&self, chain: ChainId, changes: Vec<Change>, terms: Terms) -> Answer {
        let is_own = |change: &Change| {
            change.owner().is_some_and(|owner| self.placement.partition_of(owner) == chain)
        };
        if let Some(index) = changes.iter().position(|change| !is_own(change)) {
            let words = format!("change {index} is of no owner of partition {chain}");
            return Answer::refused("other_owner", words);
        }
        let written = self.writer.write(terms.deadline, chain, |replica| {
            let owners = changes.iter().filter_map(Change::owner);
            replica.not_overtaken(owners, terms.read)?;
            Ok(Body::Import { changes: changes.clone() })
        });
        written.await.map_or_else(Into::into, Answer::Written)
    }

    fn owner(&self, owner: OwnerId) -> Result<Answer, Refused> {
        let chain = self.placement.partition_of(owner);
        let inner = self.reader.lock();
        let registry = partition(&inner.replicas, chain)?;
        Ok(Answer::Owner(Box::new(OwnerRecord {
            consent: registry.consent(owner),
            cameras: registry.cameras_of(owner),
            asked: registry.asked(owner).into_iter().map(Asked::from).collect(),
            revision: self.reader.read(),
        })))
    }
}

/// The owners of some cameras that nothing is held against here, whatever the number of households: that was
/// decided on the whole.
fn permitted(
    registry: &Registry,
    authorized: &AuthorizedRequest,
    now: Timestamp,
    wanted: &BTreeSet<CameraId>,
) -> Handed {
    let mut owners = BTreeMap::<OwnerId, Vec<CameraId>>::new();
    for (camera, explanation) in registry.snapshot().explain_area(authorized, now) {
        let free = matches!(explanation, Explanation::Asked | Explanation::TooFewHouseholds);
        if free && wanted.contains(&camera.id) {
            owners.entry(camera.owner).or_default().push(camera.id);
        }
    }
    let recipients = owners.into_iter().map(|(owner, mut cameras)| {
        cameras.sort_unstable();
        Recipient { owner, cameras, not_before: None }
    });
    recipients.collect()
}

fn partition(replicas: &BTreeMap<ChainId, Replica>, chain: ChainId) -> Result<&Registry, Refused> {
    replicas.get(&chain).map_or_else(|| Err(not_held(chain)), |replica| registry(replica, chain))
}

fn registry(replica: &Replica, chain: ChainId) -> Result<&Registry, Refused> {
    match &replica.content {
        Content::Partition(registry) => Ok(registry),
        Content::Requests(_) => Err(not_held(chain)),
    }
}

fn not_held(chain: ChainId) -> Refused {
    Refused::new("not_held", format!("this process does not hold partition {chain}"))
}

/// Waits until a record was read, as long as a call may wait.
pub async fn caught_up(reader: &Reader, at_least: u64) -> bool {
    timeout(CATCH_UP, reader.wait_for(at_least)).await.is_ok()
}

/// The refusal of a replica that has not read far enough.
#[must_use]
pub fn behind() -> Answer {
    Answer::refused("behind", "this process has not read the log that far")
}
