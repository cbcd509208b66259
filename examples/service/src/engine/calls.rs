//! The engine's calls: jobs for the writer, and reads of the stored state.

use canvass::error::OpenRequestsError;
use canvass::outcome::{Answer, Outcome, OutcomeError};
use canvass::{AgencyId, AuthorizedRequest, Change, OwnerId, Registry, RequestId, Route};
use jiff::Timestamp;
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::requests::Requests;
use super::writer::{Deed, Job};
use super::{Engine, Holdings, Refusal, Step};
use crate::store::{Answered, Once, OtherBody, StoreError};

impl Engine {
    /// Applies changes, all or none. When this returns they are on the disk, and in every snapshot
    /// that you take from then on.
    ///
    /// # Errors
    ///
    /// If they cannot be applied, or the writer accepts no jobs.
    pub async fn apply(
        &self,
        changes: Vec<Change>,
        json: Vec<u8>,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Answered, Refusal> {
        self.have_done(Deed::Apply { changes, json, now }, once).await
    }

    /// Opens an authorised request in its agency's case file, and returns the receipt.
    ///
    /// # Errors
    ///
    /// If the case file refuses it, or the writer accepts no jobs.
    pub async fn open(
        &self,
        authorized: AuthorizedRequest,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Answered, Refusal> {
        self.have_done(Deed::Open { authorized, now }, once).await
    }

    /// Takes a step in the life of an agency's request.
    ///
    /// # Errors
    ///
    /// If the agency has no such request, if it is not open, or the writer accepts no jobs.
    pub async fn go_on(
        &self,
        agency: AgencyId,
        id: RequestId,
        step: Step,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Answered, Refusal> {
        self.have_done(Deed::Go { agency, id, step, now }, once).await
    }

    /// Returns whether it is decided if a request has households enough.
    #[must_use]
    pub fn is_decided(&self, id: RequestId) -> bool {
        self.cases.look(|open| open.is_decided(id))
    }

    /// Decides whether an open request has households enough, if that was not decided before: at the
    /// first look, and never again. Not while the agency waits, who could see how long it takes.
    ///
    /// # Errors
    ///
    /// If the request is not open, or the writer does not take any.
    pub async fn decide(
        &self,
        id: RequestId,
        authorized: AuthorizedRequest,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if !self.is_decided(id) {
            self.have_done(Deed::Decide { id, authorized, now }, None).await?;
        }
        Ok(())
    }

    /// Hands over whom to ask of a route that is [due](Cases::due): who was not asked for the request
    /// before, and may still be. When this returns it is on the disk that they are asked.
    ///
    /// # Errors
    ///
    /// If the request is not open, or the writer accepts no jobs.
    pub async fn ask(
        &self,
        id: RequestId,
        route: Route,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Answered, Refusal> {
        self.have_done(Deed::Ask { id, route, now }, once).await
    }

    /// Counts owners' answers to a request, all or none.
    ///
    /// # Errors
    ///
    /// If the request is not open, if an owner was not asked, or the writer accepts no jobs.
    pub async fn report(
        &self,
        id: RequestId,
        answers: Vec<(OwnerId, Answer)>,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Answered, Refusal> {
        self.have_done(Deed::Report { id, answers, now }, once).await
    }

    /// Gives the writer the time, so that requests expire.
    ///
    /// # Errors
    ///
    /// If the writer has stopped.
    pub async fn clock(&self, now: Timestamp) -> Result<(), Refusal> {
        self.jobs.send(Job::Clock(now)).await.map_err(|_| self.refusal())
    }

    /// The earlier answer to the same key. Reads from the disk.
    ///
    /// # Errors
    ///
    /// If the store cannot be read; inside, if another body was sent with the key.
    pub fn answered(&self, once: &Once) -> Result<Option<Result<Answered, OtherBody>>, StoreError> {
        Ok(self.store.answered(once)?.map(|kept| once.again(&kept)))
    }

    /// The data held of an owner, as on the disk.
    ///
    /// # Errors
    ///
    /// If the writer accepts no jobs.
    pub async fn holdings(&self, owner: OwnerId) -> Result<Holdings, Refusal> {
        self.look(move |registry, _| Holdings {
            owner,
            revision: registry.snapshot().revision(),
            consent: registry.consent(owner),
            cameras: registry.cameras_of(owner),
        })
        .await
    }

    /// The open requests that may have further owners to ask: those that were opened or touched by
    /// changes since they last asked, and from time to time all.
    ///
    /// # Errors
    ///
    /// If the writer accepts no jobs.
    pub async fn waiting(&self, now: Timestamp) -> Result<Vec<RequestId>, Refusal> {
        self.look(move |_, requests| requests.waiting(now)).await
    }

    /// As [`waiting`](Self::waiting), for ids above `after`, at most `most` of them.
    ///
    /// # Errors
    ///
    /// If the writer accepts no jobs.
    pub async fn waiting_after(
        &self,
        now: Timestamp,
        after: RequestId,
        most: usize,
    ) -> Result<Vec<RequestId>, Refusal> {
        self.look(move |_, requests| requests.waiting_after(now, after, most)).await
    }

    /// The agency's view of the answers to one of its requests.
    ///
    /// # Errors
    ///
    /// If the writer accepts no jobs; inside, if there is no outcome (yet).
    pub async fn outcome(
        &self,
        agency: AgencyId,
        id: RequestId,
    ) -> Result<Result<Outcome, OutcomeError>, Refusal> {
        self.look(move |_, requests| requests.outcome(agency, id)).await
    }

    /// The agency's view of a pool of its requests.
    ///
    /// # Errors
    ///
    /// If the writer accepts no jobs; inside, if the pool is not complete.
    pub async fn pool(
        &self,
        agency: AgencyId,
        pool: usize,
    ) -> Result<Result<Outcome, OutcomeError>, Refusal> {
        self.look(move |_, requests| requests.pool(agency, pool)).await
    }

    pub(super) async fn have_done(
        &self,
        what: Deed,
        once: Option<Once>,
    ) -> Result<Answered, Refusal> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Do { what: Box::new(what), once, answer }, answered).await?
    }

    pub(super) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Registry, &Requests) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let (answer, answered) = oneshot::channel();
        let look = move |registry: &Registry, requests: &Requests| {
            // The caller may have gone.
            drop(answer.send(look(registry, requests)));
        };
        self.send(Job::Look(Box::new(look)), answered).await
    }

    async fn send<T>(&self, job: Job, answered: oneshot::Receiver<T>) -> Result<T, Refusal> {
        self.jobs.send(job).await.map_err(|_| self.refusal())?;
        answered.await.map_err(|_| self.refusal())
    }

    /// The receipt of a request, as it was first returned. Reads from the disk.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn receipt(&self, id: RequestId) -> Result<Option<Box<RawValue>>, StoreError> {
        self.store.receipt(id)
    }

    /// Which store this is: another one once a copy was put back, whose events have numbers that were given
    /// before.
    #[must_use]
    pub fn generation(&self) -> String {
        format!("{:016x}", self.store.acknowledged().generation)
    }

    /// A page of the events after a number; empty only if that was the last. Reads from the disk.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn events(&self, after: u64) -> Result<Vec<Box<RawValue>>, StoreError> {
        self.store.events(after)
    }

    /// The owners whom an open request may ask and has not asked, by the newest state on the disk.
    ///
    /// # Errors
    ///
    /// If the authorised request is not this one.
    pub fn due(
        &self,
        id: RequestId,
        authorized: &AuthorizedRequest,
        now: Timestamp,
    ) -> Result<Route, OpenRequestsError> {
        self.cases.due(id, authorized, &self.snapshot(), now)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use canvass::outcome::ReleaseMode;
    use canvass::{Policy, Zone};

    use crate::engine::{Engine, Refusal, Rules};
    use crate::metrics::Metrics;
    use crate::settings::Limits;

    #[tokio::test]
    async fn a_writer_that_panicked_is_not_ready() -> Result<(), Box<dyn std::error::Error>> {
        let (folder, metrics) = (tempfile::tempdir()?, Arc::new(Metrics::default()));
        let policy = Policy::in_zone(Zone::UTC);
        let rules = Rules {
            policy,
            agencies: Vec::new(),
            release: ReleaseMode::Alone,
            notices_needed: true,
            log_seconds: 86_400,
        };
        let (engine, threads) = Engine::start(folder.path(), rules, &Limits::default(), &metrics)?;
        assert!(engine.is_ready());
        let looked = engine.look::<()>(|_, _| std::panic::panic_any("a mistake")).await;
        assert!(matches!(looked, Err(Refusal::StoreFailed)), "{looked:?}");
        assert!(matches!(engine.look(|_, _| ()).await, Err(Refusal::StoreFailed)));
        assert!(!engine.is_ready());
        drop(engine);
        tokio::task::spawn_blocking(|| threads.join()).await?;
        Ok(())
    }
}
