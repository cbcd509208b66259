//! The process that keeps requests: reviews and opens them, and asks those who are due, each once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use canvass::parts::OperatorKey;
use canvass::{
    Agency, AgencyId, AuthorizedRequest, CameraId, LifecycleEvent, LifecycleStep, OpenRequests,
    OwnerId, Policy, Request, RequestId, Route,
};
use jiff::Timestamp;

use crate::bus::{Answer, Bus, Call, Handed, Recipient};
use crate::look::Looker;
use crate::placement::Placement;
use crate::record::{Body, ChainId, REQUESTS};
use crate::state::{Content, Refused, Replica, Standing, State};
use crate::worker::{behind, caught_up};
use crate::writer::Writer;

/// A process that keeps requests.
#[derive(Debug)]
pub struct Requests {
    /// The requests that stand.
    pub state: Arc<State>,
    /// Its writer.
    pub writer: Writer,
    /// The operator's key.
    pub key: OperatorKey,
    /// Where everything is.
    pub placement: Placement,
    /// Calls to workers.
    pub bus: Bus,
    /// Looks at the region.
    pub looker: Looker,
    /// The policy.
    pub policy: Policy,
    /// Who may ask.
    pub agencies: BTreeMap<AgencyId, Agency>,
}

impl Requests {
    /// Answers a call.
    pub async fn answer(&self, call: Call) -> Answer {
        match call {
            Call::Open { request } => self.open(&request).await,
            Call::Standing { id, at_least } => {
                if !caught_up(&self.state, at_least).await {
                    return behind();
                }
                let sealed = self.with(|standing| standing.sealed.get(&id).cloned());
                sealed.map_or_else(
                    || Answer::refused("unknown_request", format!("no request `{id}` was opened")),
                    |sealed| Answer::Standing(BASE64_STANDARD.encode(sealed)),
                )
            }
            Call::AskDue { id } => self.ask(id).await.unwrap_or_else(|answer| answer),
            _ => Answer::refused("other_role", "this process keeps requests and no cameras"),
        }
    }

    /// Reads the requests as of the last record that was read.
    fn with<T>(&self, read: impl FnOnce(&Standing) -> Option<T>) -> Option<T> {
        let inner = self.state.lock();
        standing(inner.replicas.get(&REQUESTS)?).ok().and_then(read)
    }

    async fn open(&self, request: &Request) -> Answer {
        let Some(agency) = self.agencies.get(&request.agency) else {
            return Answer::refused(
                "unknown_agency",
                format!("no agency `{}` may ask", request.agency),
            );
        };
        let mut id = RequestId(0);
        let written = self.writer.write(REQUESTS, |replica| {
            let kept = standing(replica)?;
            let now = kept.open.clamp_now(Timestamp::now());
            let file = kept.open.case_file(agency.id);
            let reviewed = self.policy.review(request, agency, &file, now);
            let authorized = reviewed.map_err(|error| Refused::new("refused_by_policy", error))?;
            // Counted in the log, so that of two processes which open at once one counts anew.
            id = RequestId(kept.open.opened().map(|opened| opened.id().0 + 1).max().unwrap_or(1));
            let events = kept.open.clone().open(id, &authorized, now);
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
    async fn ask(&self, id: RequestId) -> Result<Answer, Answer> {
        let fence = self.writer.fence().await;
        self.state.wait_for(fence).await;
        let sealed = self.with(|standing| standing.sealed.get(&id).cloned());
        let sealed = sealed.ok_or_else(|| {
            Answer::refused("unknown_request", format!("no request `{id}` was opened"))
        })?;
        let authorized = AuthorizedRequest::unseal(&self.key, &sealed)
            .map_err(|error| Answer::refused("sealed", error))?;
        let now = self.with(|standing| Some(standing.open.clamp_now(Timestamp::now())));
        let now = now.unwrap_or_else(Timestamp::now);
        let standing =
            self.with(|standing| standing.open.standing(id, &authorized, now).ok().flatten());
        let authorized = standing
            .ok_or_else(|| Answer::refused("not_open", format!("request `{id}` is not open")))?;
        let looked = self.looker.route(&self.placement, &authorized, now, fence).await;
        let route = looked.map_err(|error| Answer::refused(error.code(), &error))?;
        let revision = route.revision().0;
        let due = self.with(|standing| Some(standing.open.not_asked(id, route)));
        let due = due.ok_or_else(behind)?;
        let (asked, unavailable) = self.ask_partitions(id, &authorized, now, &due).await;
        let asked = if asked.is_empty() { asked } else { self.note(id, now, asked).await? };
        Ok(Answer::Due { asked, revision, unavailable })
    }

    /// Records the owners of a route in their partitions.
    async fn ask_partitions(
        &self,
        id: RequestId,
        authorized: &AuthorizedRequest,
        now: Timestamp,
        due: &Route,
    ) -> (Handed, Vec<ChainId>) {
        let mut cameras = BTreeMap::<ChainId, Vec<CameraId>>::new();
        let mut waits = BTreeMap::new();
        for recipient in due {
            let chain = self.placement.partition_of(recipient.owner);
            cameras.entry(chain).or_default().extend(recipient.cameras);
            waits.insert(recipient.owner, recipient.not_before);
        }
        let sealed = BASE64_STANDARD.encode(authorized.seal(&self.key));
        let calls = cameras.into_iter().map(|(chain, cameras)| {
            let call = Call::Ask { chain, request: id, sealed: sealed.clone(), now, cameras };
            async move { (chain, self.bus.write(self.placement.workers(chain), &call).await) }
        });
        let (mut asked, mut unavailable) = (Handed::new(), Vec::new());
        for (chain, answer) in futures_util::future::join_all(calls).await {
            match answer {
                Answer::Asked(some) => asked.extend(some),
                // Perhaps they count as asked there, and nobody is sent anything: the better mistake.
                _ => unavailable.push(chain),
            }
        }
        for recipient in &mut asked {
            recipient.not_before = waits.get(&recipient.owner).copied().flatten();
        }
        (asked, unavailable)
    }

    /// Records for the request who is asked, without those whom another process has recorded since.
    async fn note(&self, id: RequestId, now: Timestamp, asked: Handed) -> Result<Handed, Answer> {
        let mut new = Handed::new();
        let written = self.writer.write(REQUESTS, |replica| {
            let kept = standing(replica)?;
            let at = kept.open.clamp_now(now);
            let before: BTreeSet<OwnerId> = kept.open.asked(id).collect();
            new.clone_from(&asked);
            new.retain(|recipient: &Recipient| !before.contains(&recipient.owner));
            new.sort_unstable_by_key(|recipient| recipient.owner);
            if new.is_empty() {
                return Err(Refused::new(
                    "nobody",
                    "all of them were asked for this request before",
                ));
            }
            let owners = new.iter().map(|recipient| recipient.owner).collect();
            Ok(Body::Steps { events: asked_events(&kept.open, id, at, owners) })
        });
        match written.await {
            Ok(_) => Ok(new),
            Err(crate::writer::WriteError::Refused(refused)) if refused.code == "nobody" => {
                Ok(Handed::new())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The expiries that are due, and then the step.
fn asked_events(
    open: &OpenRequests,
    id: RequestId,
    at: Timestamp,
    owners: Vec<OwnerId>,
) -> Vec<LifecycleEvent> {
    let mut next = open.clone();
    let mut events = next.expire(at);
    let step = LifecycleStep::Asked { owners };
    events.push(LifecycleEvent::new(next.next_sequence(), at, id, step));
    events
}

fn standing(replica: &Replica) -> Result<&Standing, Refused> {
    match &replica.content {
        Content::Requests(standing) => Ok(standing),
        Content::Partition(_) => Err(Refused::new("other_role", "this process keeps no requests")),
    }
}
