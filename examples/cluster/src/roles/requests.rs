//! The process that keeps requests: reviews and opens them, decides once whether each has enough households, and
//! asks those who are due, each once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use canvass::parts::OperatorKey;
use canvass::{
    Agency, AgencyId, AuthorizedRequest, CameraId, LifecycleStep, OwnerId, Policy, Request,
    RequestId, Route,
};
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use super::bus::Bus;
use super::call::{Answer, Call, Handed, Recipient, Terms};
use super::look::{LookError, Looker};
use super::worker::{behind, caught_up};
use crate::log::record::{Body, ChainId, REQUESTS};
use crate::log::stream::note;
use crate::placement::{Placement, Table};
use crate::state::reader::Reader;
use crate::state::replica::{Content, Refused, Replica, Standing};
use crate::state::writer::{WriteError, Writer};

/// How long it may take to record those who are asked: half of it in their partitions, and half for the request.
const RECORDED: Duration = Duration::from_secs(16);

/// A process that keeps requests.
#[derive(Debug)]
pub struct Requests {
    /// The requests that stand.
    pub reader: Arc<Reader>,
    /// Its writer.
    pub writer: Arc<Writer>,
    /// The operator's key.
    pub key: OperatorKey,
    /// Where everything is.
    pub table: Table,
    /// Calls to workers.
    pub bus: Bus,
    /// Looks at the region.
    pub looker: Looker,
    /// The policy.
    pub policy: Policy,
    /// Who may ask.
    pub agencies: BTreeMap<AgencyId, Agency>,
    /// The requests for which this process asks at this moment: one ask at a time for each, so that nobody's
    /// limit is used twice for one request.
    pub asking: Mutex<BTreeSet<RequestId>>,
}

impl Requests {
    /// Answers a call; those that write have terms.
    pub async fn answer(&self, call: Call, terms: Option<Terms>) -> Answer {
        match call {
            Call::Ready { chain } if chain == REQUESTS => {
                Answer::Ready(self.bus.ticket(self.reader.read()))
            }
            Call::Standing { id, at_least } => {
                if !caught_up(&self.reader, at_least).await {
                    return behind();
                }
                self.standing(id).unwrap_or_else(Into::into)
            }
            call => match terms {
                Some(terms) => self.write(call, terms.deadline).await,
                None => Answer::without_ticket(),
            },
        }
    }

    async fn write(&self, call: Call, deadline: Instant) -> Answer {
        match call {
            Call::Open { request } => self.open(&request, deadline).await,
            Call::AskDue { id } => {
                let Some(_turn) = Turn::take(&self.asking, id) else {
                    let words = format!("an ask for request `{id}` is under way: wait for it");
                    return Answer::refused("ask_under_way", words);
                };
                self.ask(id, deadline).await.unwrap_or_else(|answer| answer)
            }
            _ => Answer::refused("other_role", "this process keeps requests and no cameras"),
        }
    }

    /// Reads the requests as of the last record that was read.
    fn with<T>(&self, read: impl FnOnce(&Standing) -> Result<T, Refused>) -> Result<T, Refused> {
        let inner = self.reader.lock();
        let replica = inner.replicas.get(&REQUESTS);
        let missing = || Refused::new("other_role", "this process keeps no requests");
        standing(replica.ok_or_else(missing)?).and_then(read)
    }

    /// The request that may be routed: open, and not decided to have too few households.
    fn standing(&self, id: RequestId) -> Result<Answer, Refused> {
        let (sealed, open) = self.with(|kept| {
            let authorized = self.unsealed(kept, id)?;
            let now = kept.open.clamp_now(Timestamp::now());
            let open = if kept.open.is_decided(id) {
                kept.open.standing(id, &authorized, now).is_ok_and(|open| open.is_some())
            } else {
                kept.open.state(id, now) == Ok(canvass::RequestState::Open)
            };
            Ok((kept.sealed.get(&id).cloned().unwrap_or_default(), open))
        })?;
        if !open {
            return Err(not_open(id));
        }
        Ok(Answer::Standing(sealed))
    }

    fn unsealed(&self, kept: &Standing, id: RequestId) -> Result<AuthorizedRequest, Refused> {
        let sealed = kept.sealed(id)?;
        AuthorizedRequest::unseal(&self.key, &sealed).map_err(|e| Refused::new("sealed", e))
    }

    async fn open(&self, request: &Request, deadline: Instant) -> Answer {
        let Some(agency) = self.agencies.get(&request.agency) else {
            let words = format!("no agency `{}` may ask", request.agency);
            return Answer::refused("unknown_agency", words);
        };
        let mut id = RequestId(0);
        let written = self.writer.write(deadline, REQUESTS, |replica| {
            let kept = standing(replica)?;
            let now = kept.open.clamp_now(Timestamp::now());
            let file = kept.open.case_file(agency.id);
            let reviewed = self.policy.review(request, agency, &file, now);
            let authorized = reviewed.map_err(|error| Refused::new("refused_by_policy", error))?;
            // Counted in the log, so that of two processes which open at once one counts anew.
            let last = kept.sealed.last_key_value().map_or(0, |(last, _)| last.0);
            id = RequestId(last.saturating_add(1));
            let events = kept.open.plan_open(id, &authorized, now);
            let events = events.map_err(|error| Refused::new("not_opened", error))?;
            Ok(Body::Opened { sealed: BASE64_STANDARD.encode(authorized.seal(&self.key)), events })
        });
        match written.await {
            Ok(sequence) => Answer::Opened { id, sequence },
            Err(error) => error.into(),
        }
    }

    /// Asks who is due: finds them by a look, records them in their partitions, then for the request, and only
    /// then hands them over. After a crash in between somebody was not asked who could have been, and
    /// nobody twice.
    ///
    /// Nobody is recorded once too little is left of the time that the caller waits: they would not be told.
    async fn ask(&self, id: RequestId, deadline: Instant) -> Result<Answer, Answer> {
        let begin = deadline.checked_sub(RECORDED).unwrap_or(deadline);
        let found = timeout_at(begin, self.due(id, begin)).await;
        let (authorized, now, due) = found.map_err(|_| {
            let words = "who is due could not be found in time: nobody was asked; ask again";
            Answer::refused("ask_unavailable", words)
        })??;
        let placement = self.table.current();
        let revision = due.revision().0;
        let recorded = Instant::now() + RECORDED / 2;
        let (asked, unavailable) =
            self.ask_partitions(&placement, (id, recorded), &authorized, now, &due).await;
        let asked =
            if asked.is_empty() { asked } else { self.note(id, now, asked, deadline).await? };
        Ok(Answer::Due { asked, revision, unavailable })
    }

    /// Finds who is due for a request, and decides it before where nobody has.
    async fn due(
        &self,
        id: RequestId,
        deadline: Instant,
    ) -> Result<(AuthorizedRequest, Timestamp, Route), Answer> {
        let fence = self.writer.fence().await;
        self.reader.wait_for(fence).await;
        let (authorized, now, is_decided) = self.with(|kept| {
            let now = kept.open.clamp_now(Timestamp::now());
            Ok((self.unsealed(kept, id)?, now, kept.open.is_decided(id)))
        })?;
        let placement = self.table.current();
        if !is_decided {
            self.decide(&placement, (id, deadline), &authorized, now, fence).await?;
        }
        let looked = self.looker.whole(&placement, &authorized, now, fence).await;
        let whole = looked.map_err(|error| Answer::refused(error.code(), &error))?;
        // The look took a while: who is due is found with the request as it stands now.
        let due = self.with(|kept| {
            let standing = kept.open.standing(id, &authorized, now);
            let standing = standing.map_err(|error| Refused::new("not_open", error))?;
            let standing = standing.ok_or_else(|| not_open(id))?;
            let route = whole.finish(standing).map_err(|error| {
                let error = LookError::from(error);
                Refused::new(error.code(), &error)
            })?;
            Ok(kept.open.not_asked(id, route))
        })?;
        Ok((authorized, now, due))
    }

    /// Decides on the merged parts whether the request's area has enough households. The first decision in the
    /// log holds.
    async fn decide(
        &self,
        placement: &Placement,
        (id, deadline): (RequestId, Instant),
        authorized: &AuthorizedRequest,
        now: Timestamp,
        fence: u64,
    ) -> Result<(), Answer> {
        let whole = self.looker.whole(placement, authorized, now, fence).await;
        let whole = whole.map_err(|error| Answer::refused(error.code(), &error))?;
        let enough = whole.has_enough_households();
        let written = self.writer.write(deadline, REQUESTS, |replica| {
            let kept = standing(replica)?;
            if kept.open.is_decided(id) {
                return Err(Refused::new("decided", "another process has decided it"));
            }
            let now = kept.open.clamp_now(now);
            let events = kept.open.plan(id, LifecycleStep::Decided { enough }, now);
            let events = events.map_err(|error| Refused::new("not_open", error))?;
            Ok(Body::Steps { events })
        });
        match written.await {
            Ok(_) => Ok(()),
            Err(WriteError::Refused(refused)) if refused.code == "decided" => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Records the owners of a route in their partitions.
    async fn ask_partitions(
        &self,
        placement: &Placement,
        (id, deadline): (RequestId, Instant),
        authorized: &AuthorizedRequest,
        now: Timestamp,
        due: &Route,
    ) -> (Handed, BTreeMap<ChainId, String>) {
        let mut cameras = BTreeMap::<ChainId, Vec<CameraId>>::new();
        let mut waits = BTreeMap::new();
        for recipient in due {
            let chain = placement.partition_of(recipient.owner);
            cameras.entry(chain).or_default().extend(recipient.cameras);
            waits.insert(recipient.owner, recipient.not_before);
        }
        let sealed = BASE64_STANDARD.encode(authorized.seal(&self.key));
        let calls = cameras.into_iter().map(|(chain, cameras)| {
            let call = Call::Ask { chain, request: id, sealed: sealed.clone(), now, cameras };
            async move {
                let workers = placement.workers(chain);
                (chain, self.bus.write_by(deadline, chain, workers, &call).await)
            }
        });
        let (mut asked, mut unavailable) = (Handed::new(), BTreeMap::new());
        for (chain, answer) in futures_util::future::join_all(calls).await {
            match answer {
                Answer::Asked(some) => asked.extend(some),
                // Perhaps they count as asked there, and nobody is sent anything: the better mistake.
                Answer::Refused { code, message } => {
                    note(&format!("partition {chain} asks nobody for request `{id}`: {message}"));
                    unavailable.insert(chain, code);
                }
                _ => drop(unavailable.insert(chain, "other_answer".to_owned())),
            }
        }
        for recipient in &mut asked {
            recipient.not_before = waits.get(&recipient.owner).copied().flatten();
        }
        (asked, unavailable)
    }

    /// Records for the request who is asked, without those whom another process has recorded since.
    async fn note(
        &self,
        id: RequestId,
        now: Timestamp,
        asked: Handed,
        deadline: Instant,
    ) -> Result<Handed, Answer> {
        let mut new = Handed::new();
        let written = self.writer.write(deadline, REQUESTS, |replica| {
            let kept = standing(replica)?;
            let at = kept.open.clamp_now(now);
            let before: BTreeSet<OwnerId> = kept.open.asked(id).collect();
            new.clone_from(&asked);
            new.retain(|recipient: &Recipient| !before.contains(&recipient.owner));
            new.sort_unstable_by_key(|recipient| recipient.owner);
            if new.is_empty() {
                return Err(Refused::new("nobody", "all of them were asked for it before"));
            }
            let owners = new.iter().map(|recipient| recipient.owner).collect();
            let events = kept.open.plan(id, LifecycleStep::Asked { owners }, at);
            let events = events.map_err(|error| Refused::new("not_open", error))?;
            Ok(Body::Steps { events })
        });
        match written.await {
            Ok(_) => Ok(new),
            Err(WriteError::Refused(refused)) if refused.code == "nobody" => Ok(Handed::new()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The turn of one ask for a request, given back however it ends.
struct Turn<'a> {
    asking: &'a Mutex<BTreeSet<RequestId>>,
    id: RequestId,
}

impl<'a> Turn<'a> {
    /// `None` while another ask for the request is under way.
    fn take(asking: &'a Mutex<BTreeSet<RequestId>>, id: RequestId) -> Option<Self> {
        let is_new = asking.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        is_new.then_some(Self { asking, id })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

fn standing(replica: &Replica) -> Result<&Standing, Refused> {
    match &replica.content {
        Content::Requests(standing) => Ok(standing),
        Content::Partition(_) => Err(Refused::new("other_role", "this process keeps no requests")),
    }
}

fn not_open(id: RequestId) -> Refused {
    let words =
        format!("request `{id}` asks nobody: it has ended, or its area has too few households");
    Refused::new("not_open", words)
}
