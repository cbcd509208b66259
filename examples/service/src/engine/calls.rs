//! What can be asked of the engine: deeds for the writer, and looks at what is kept.

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
    /// taken from then on.
    ///
    /// # Errors
    ///
    /// If they cannot be applied, or the writer does not take any.
    pub async fn apply(
        &self,
        changes: Vec<Change>,
        json: Vec<u8>,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Answered, Refusal> {
        self.have_done(Deed::Apply { changes, json, now }, once).await
    }

    /// Opens an authorised request in its agency's case file, and gives the receipt.
    ///
    /// # Errors
    ///
    /// If the case file does not take it, or the writer does not take any.
    pub async fn open(
        &self,
        authorized: AuthorizedRequest,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Answered, Refusal> {
        self.have_done(Deed::Open { authorized, now }, once).await
    }

    /// Takes an agency's request one step on in its life.
    ///
    /// # Errors
    ///
    /// If the agency has no such request, if it is not open, or the writer does not take any.
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

    /// Hands over whom to ask of a route that is [due](Cases::due): who was not asked for the request
    /// before, and may still be. When this returns it is on the disk that they are asked.
    ///
    /// # Errors
    ///
    /// If the request is not open, or the writer does not take any.
    pub async fn ask(
        &self,
        id: RequestId,
        route: Route,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Answered, Refusal> {
        self.have_done(Deed::Ask { id, route, now }, once).await
    }

    /// Counts what owners answered to a request, all of it or nothing.
    ///
    /// # Errors
    ///
    /// If the request is not open, if an owner was not asked, or the writer does not take any.
    pub async fn report(
        &self,
        id: RequestId,
        answers: Vec<(OwnerId, Answer)>,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Answered, Refusal> {
        self.have_done(Deed::Report { id, answers, now }, once).await
    }

    /// Tells the writer how late it is, so that requests expire.
    ///
    /// # Errors
    ///
    /// If the writer has stopped.
    pub async fn clock(&self, now: Timestamp) -> Result<(), Refusal> {
        self.jobs.send(Job::Clock(now)).await.map_err(|_| self.refusal())
    }

    /// What was answered before to the same key. Reads from the disk.
    ///
    /// # Errors
    ///
    /// If the store cannot be read; inside, if something else was sent with the key.
    pub fn answered(&self, once: &Once) -> Result<Option<Result<Answered, OtherBody>>, StoreError> {
        Ok(self.store.answered(once)?.map(|kept| once.again(&kept)))
    }

    /// What is held of an owner, as it is on the disk.
    ///
    /// # Errors
    ///
    /// If the writer does not take any.
    pub async fn holdings(&self, owner: OwnerId) -> Result<Holdings, Refusal> {
        self.look(move |registry, _| Holdings {
            owner,
            revision: registry.snapshot().revision(),
            consent: registry.consent(owner),
            cameras: registry.cameras_of(owner),
        })
        .await
    }

    /// The open requests that somebody may have to be asked for who was not: those that were opened
    /// or touched by changes since they last asked, and now and then all.
    ///
    /// # Errors
    ///
    /// If the writer does not take any.
    pub async fn waiting(&self, now: Timestamp) -> Result<Vec<RequestId>, Refusal> {
        self.look(move |_, requests| requests.waiting(now)).await
    }

    /// The same, of those whose number is higher than one, the first so many.
    ///
    /// # Errors
    ///
    /// If the writer does not take any.
    pub async fn waiting_after(
        &self,
        now: Timestamp,
        after: RequestId,
        most: usize,
    ) -> Result<Vec<RequestId>, Refusal> {
        self.look(move |_, requests| requests.waiting_after(now, after, most)).await
    }

    /// What an agency may see of the answers to an own request.
    ///
    /// # Errors
    ///
    /// If the writer does not take any; inside, if there is nothing to see (yet).
    pub async fn outcome(
        &self,
        agency: AgencyId,
        id: RequestId,
    ) -> Result<Result<Outcome, OutcomeError>, Refusal> {
        self.look(move |_, requests| requests.outcome(agency, id)).await
    }

    /// What an agency may see of a pool of its requests.
    ///
    /// # Errors
    ///
    /// If the writer does not take any; inside, if the pool is not complete.
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
            // Nobody may be listening any more.
            drop(answer.send(look(registry, requests)));
        };
        self.send(Job::Look(Box::new(look)), answered).await
    }

    async fn send<T>(&self, job: Job, answered: oneshot::Receiver<T>) -> Result<T, Refusal> {
        self.jobs.send(job).await.map_err(|_| self.refusal())?;
        answered.await.map_err(|_| self.refusal())
    }

    /// The receipt of a request, as it was given. Reads from the disk.
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

    /// What happened to requests after an event: some of it, and nothing only if that was the last.
    /// Reads from the disk.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn events(&self, after: u64) -> Result<Vec<Box<RawValue>>, StoreError> {
        self.store.events(after)
    }

    /// Whom an open request may ask who was not asked for it, as of the newest state on the disk.
    ///
    /// # Errors
    ///
    /// If it was not this that was authorised.
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

    use canvass::Policy;
    use canvass::outcome::ReleaseMode;

    use crate::engine::{Engine, Refusal, Rules};
    use crate::metrics::Metrics;
    use crate::settings::Limits;

    #[tokio::test]
    async fn a_writer_that_panicked_is_not_ready() -> Result<(), Box<dyn std::error::Error>> {
        let (folder, metrics) = (tempfile::tempdir()?, Arc::new(Metrics::default()));
        let policy = Policy::default();
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
