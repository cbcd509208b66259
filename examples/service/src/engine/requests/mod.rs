//! The writer's side of requests: the case files with the owners each open request has asked, and
//! the ledgers of answers. Every step is an event, and takes effect once it is stored.

mod ledgers;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};

use canvass::error::{CaseFileError, OpenRequestsError};
use canvass::outcome::{Answer, OutcomeBudget, OutcomeError, OutcomeSeed, Outcomes, ReleaseMode};
use canvass::{
    AgencyId, AuthorizedRequest, LifecycleEvent, LifecycleStep, OpenRequests, OpenedRequest,
    OwnerId, RequestId, RequestState, Revision, Route, Snapshot,
};
use jiff::Timestamp;

use super::Step;
use super::cases::ends;
use super::error::{Failure, Fault};
use super::tiles::RestoreError;
use crate::store::{FIRST_EVENT, Said, Store};
use ledgers::Ledger;

/// Requests in the writer's memory: ahead of readers by the events that are not on the disk yet.
pub(super) struct Requests {
    open: OpenRequests,
    // INVARIANT: each agency with a case file has a ledger, with the same requests in the same
    // order.
    ledgers: BTreeMap<AgencyId, Ledger>,
    seed: OutcomeSeed,
    /// The budget of all agencies together.
    budget: OutcomeBudget,
    release: ReleaseMode,
    /// Open requests that may have further owners to ask, each with the revision that caused it.
    /// Not stored: after a restart it contains all open requests.
    waiting: BTreeMap<RequestId, Revision>,
}

/// The results of a group that must be stored, and then published.
#[derive(Default)]
pub(super) struct News {
    pub(super) events: Vec<LifecycleEvent>,
    pub(super) opened: Vec<(RequestId, AuthorizedRequest)>,
    /// The requests whose rows in a ledger have changed.
    counted: BTreeSet<RequestId>,
    pools: Vec<(AgencyId, usize)>,
    /// The owners whose budget an outcome has spent.
    spent: BTreeSet<OwnerId>,
}

impl Requests {
    /// Loads the requests from the stored events, with their ledgers.
    pub(super) fn load(store: &Store, release: ReleaseMode) -> Result<Self, RestoreError> {
        let mut open = OpenRequests::new(FIRST_EVENT);
        let mut agencies = BTreeSet::new();
        store.replay_events(|event| {
            open.replay(&event)?;
            if let LifecycleStep::Opened { request, .. } = event.step {
                agencies.insert(request.agency);
            }
            Ok::<_, RestoreError>(())
        })?;
        let mut ledgers = BTreeMap::new();
        store.have_receipts(open.opened())?;
        let last = open.last_event_at().unwrap_or(Timestamp::MIN);
        for agency in agencies {
            let file = open.case_file(agency);
            let said = file.iter().map(|opened| Said {
                id: opened.id(),
                area: &opened.request().area,
                asked: (opened.state(last) == RequestState::Open)
                    .then(|| open.asked(opened.id()).collect()),
            });
            let outcomes = store.outcomes(agency, said)?;
            let mut ledger = Ledger { outcomes, pools: 0 };
            while ledger.next_pool().is_some() {}
            ledgers.insert(agency, ledger);
        }
        let (seed, budget) = (store.outcome_seed()?, store.outcome_budget()?);
        Ok(Self { open, ledgers, seed, budget, release, waiting: BTreeMap::new() })
    }

    /// The initial state for readers.
    pub(super) fn open_requests(&self) -> &OpenRequests {
        &self.open
    }

    /// An instant that is not before the last event: jobs leave the queue out of order, clocks are
    /// set back, and events never run backwards.
    pub(super) fn not_before(&self, now: Timestamp) -> Timestamp {
        self.open.clamp_now(now)
    }

    pub(super) fn open(
        &mut self,
        authorized: AuthorizedRequest,
        now: Timestamp,
        revision: Revision,
        news: &mut News,
    ) -> Result<OpenedRequest, Failure> {
        let (id, agency) = (self.fresh(), authorized.request().agency);
        let events = self.open.open(id, &authorized, self.not_before(now))?;
        let new = || Ledger { outcomes: Outcomes::new(agency), pools: 0 };
        let ledger = self.ledgers.entry(agency).or_insert_with(new);
        ledger.outcomes.open(id, &authorized, self.release).map_err(Fault::from)?;
        self.waiting.insert(id, revision);
        news.counted.insert(id);
        news.opened.push((id, authorized));
        self.note(events, news)?;
        Ok(self.open.get(id).cloned().ok_or(CaseFileError::Unknown { id })?)
    }

    /// Takes a step in the life of a request.
    pub(super) fn go_on(
        &mut self,
        agency: AgencyId,
        id: RequestId,
        step: Step,
        now: Timestamp,
        news: &mut News,
    ) -> Result<OpenedRequest, Failure> {
        let now = self.not_before(now);
        let own = self.open.get(id).filter(|opened| opened.request().agency == agency);
        if own.is_none() {
            return Err(CaseFileError::Unknown { id }.into());
        }
        let events = match step {
            Step::Resolve => self.open.resolve(id, now),
            Step::Withdraw => self.open.withdraw(id, now),
            Step::Extend(until) => self.open.extend(id, until, now),
        }?;
        self.note(events, news)?;
        Ok(self.open.get(id).cloned().ok_or(CaseFileError::Unknown { id })?)
    }

    /// Decides, at the first look, whether an open request has households enough; never again.
    pub(super) fn decide(
        &mut self,
        id: RequestId,
        authorized: &AuthorizedRequest,
        snapshot: &Snapshot,
        now: Timestamp,
        news: &mut News,
    ) -> Result<(), Failure> {
        let events = self.open.decide(id, authorized, snapshot, self.not_before(now))?;
        Ok(self.note(events, news)?)
    }

    /// A route without those who may not be asked any more; `None` where its request asks nobody, which
    /// [`ask`](Self::ask) then refuses or finds empty.
    pub(super) fn recheck(
        &self,
        id: RequestId,
        route: &Route,
        newest: &Snapshot,
        now: Timestamp,
    ) -> Result<Option<Route>, Failure> {
        let standing = self.open.standing(id, route.authorized(), now)?;
        let rechecked = standing.map(|standing| route.recheck(standing, newest, now));
        Ok(rechecked.transpose().map_err(Fault::from)?)
    }

    /// Notes who is asked, and gives back whom to send to: who was not asked before. `seen` is the
    /// revision whose changes the route has seen, all of them.
    pub(super) fn ask(
        &mut self,
        id: RequestId,
        route: &Route,
        seen: Revision,
        now: Timestamp,
        news: &mut News,
    ) -> Result<Route, Failure> {
        let (to_send, events) = self.open.record_asked(id, route, now)?;
        if self.waiting.get(&id).is_some_and(|&since| since <= seen) {
            self.waiting.remove(&id);
        }
        self.note(events, news)?;
        Ok(to_send)
    }

    /// Counts owners' answers, all or none.
    pub(super) fn report(
        &mut self,
        id: RequestId,
        answers: &[(OwnerId, Answer)],
        now: Timestamp,
        news: &mut News,
    ) -> Result<(), Failure> {
        self.expire(now, news)?;
        let agency = self.open.get(id).map(|opened| opened.request().agency);
        let agency = agency.ok_or(CaseFileError::Unknown { id })?;
        let now = self.not_before(now);
        if self.open.state(id, now) != Ok(RequestState::Open) {
            return Err(OutcomeError::Closed { id }.into());
        }
        let asked: BTreeSet<OwnerId> = self.open.asked(id).collect();
        if let Some(&(owner, _)) = answers.iter().find(|(owner, _)| !asked.contains(owner)) {
            return Err(OutcomeError::NotAsked { owner, id }.into());
        }
        let unknown = || Fault::Ledger(OutcomeError::Unknown { id });
        let ledger = self.ledgers.get_mut(&agency).ok_or_else(unknown)?;
        for &(owner, answer) in answers {
            ledger.outcomes.answer(id, owner, answer).map_err(Fault::from)?;
        }
        news.counted.insert(id);
        // Whoever shared is known to the agency by name, and hides nobody else from it for a while.
        let shared = answers.iter().filter(|(_, answer)| *answer == Answer::Shared);
        let events = self.open.record_shared(id, shared.map(|&(owner, _)| owner), now)?;
        Ok(self.note(events, news)?)
    }

    /// Records the requests that have expired.
    pub(super) fn expire(&mut self, now: Timestamp, news: &mut News) -> Result<(), Fault> {
        let events = self.open.expire(now);
        self.note(events, news)
    }

    /// Applies events to the ledgers.
    fn note(&mut self, events: Vec<LifecycleEvent>, news: &mut News) -> Result<(), Fault> {
        for event in &events {
            let id = event.id;
            let unknown = || Fault::Ledger(OutcomeError::Unknown { id });
            let agency = self.open.get(id).ok_or_else(unknown)?.request().agency;
            let ledger = self.ledgers.get_mut(&agency).ok_or_else(unknown)?;
            match &event.step {
                LifecycleStep::Asked { owners } => {
                    ledger.outcomes.ask(id, owners.iter().copied())?;
                    news.counted.insert(id);
                }
                step if ends(step) => {
                    let file = self.open.case_file(agency);
                    ledger.outcomes.close(id, &file, &self.seed, &mut self.budget, event.at)?;
                    news.spent.extend(self.budget.take_changed());
                    self.waiting.remove(&id);
                    news.counted.insert(id);
                    while let Some(pool) = ledger.next_pool() {
                        news.counted.extend(pool.requests());
                        news.pools.push((agency, ledger.pools - 1));
                    }
                }
                _ => {}
            }
        }
        news.events.extend(events);
        Ok(())
    }

    /// Refuses a request that is not open.
    pub(super) fn is_open(&self, id: RequestId, now: Timestamp) -> Result<(), OpenRequestsError> {
        match self.open.state(id, now)? {
            RequestState::Open => Ok(()),
            state => Err(CaseFileError::NotOpen { id, state }.into()),
        }
    }

    /// A free id, drawn at random: consecutive numbers would reveal to an agency how much the
    /// others ask. Below 2^53, so that every reader of JSON represents it exactly.
    fn fresh(&self) -> RequestId {
        let mut otherwise = self.open.next_sequence();
        loop {
            otherwise = otherwise.wrapping_add(1);
            let id = RequestId(getrandom::u64().unwrap_or(otherwise << 11) >> 11);
            if self.open.get(id).is_none() {
                return id;
            }
        }
    }
}
