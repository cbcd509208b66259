//! The writer's side of requests: the case files with the owners each open request has asked, and
//! the ledgers of answers. Every step is an event, and takes effect once it is stored.

use std::collections::{BTreeMap, BTreeSet};

use canvass::error::{CaseFileError, OpenRequestsError};
use canvass::outcome::{
    Answer, Outcome, OutcomeBudget, OutcomeError, OutcomeSeed, Outcomes, ReleaseMode,
};
use canvass::{
    AgencyId, AuthorizedRequest, LifecycleEvent, LifecycleStep, OpenRequests, OpenedRequest,
    OwnerId, Position, RequestId, RequestState, Revision, Route, Snapshot,
};
use jiff::Timestamp;
use serde::Deserialize;

use super::Step;
use super::cases::ends;
use super::error::{Failure, Fault};
use super::tiles::RestoreError;
use super::told::raw;
use crate::store::{FIRST_EVENT, LedgerRows, Said, Store};

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

/// One agency's ledger, and the number of its stored pools.
#[derive(Debug)]
struct Ledger {
    outcomes: Outcomes,
    pools: usize,
}

impl Ledger {
    /// A complete pool that was not stored yet.
    fn next_pool(&mut self) -> Option<Outcome> {
        let pool = self.outcomes.pool(self.pools).ok()?;
        self.pools += 1;
        Some(pool)
    }
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

    /// The rows of ledgers that must be stored again.
    pub(super) fn rows(&self, news: &News) -> Result<LedgerRows, Fault> {
        let mut rows = LedgerRows::default();
        for &id in &news.counted {
            let unknown = || Fault::Ledger(OutcomeError::Unknown { id });
            let agency = self.open.get(id).ok_or_else(unknown)?.request().agency;
            let ledger = self.ledgers.get(&agency).ok_or_else(unknown)?;
            rows.requests.push((id, raw(&ledger.outcomes.row(id)?)));
        }
        for &(agency, pool) in &news.pools {
            let row = self.ledgers.get(&agency).and_then(|ledger| ledger.outcomes.pool_row(pool));
            rows.pools.extend(row.map(|row| ((agency, pool as u64), raw(&row))));
        }
        let spent = news.spent.iter().map(|&owner| (owner, self.budget.counted(owner).to_vec()));
        rows.budgets.extend(spent);
        Ok(rows)
    }

    /// The ids among `of` of open requests to which an owner has shared.
    pub(super) fn shared(&self, owner: OwnerId, of: Vec<RequestId>) -> Vec<RequestId> {
        /// The part of a ledger's row that has the answers.
        #[derive(Deserialize)]
        struct Row {
            answers: Answers,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Answers {
            Open {
                shared: BTreeSet<OwnerId>,
            },
            #[serde(other)]
            Closed,
        }
        let has_shared = |id: &RequestId| {
            let agency = self.open.get(*id)?.request().agency;
            let row = self.ledgers.get(&agency)?.outcomes.row(*id).ok()?;
            let row: Row = serde_json::from_str(raw(&row).get()).ok()?;
            Some(matches!(row.answers, Answers::Open { shared } if shared.contains(&owner)))
        };
        of.into_iter().filter(|id| has_shared(id) == Some(true)).collect()
    }

    /// Forgets an owner in all requests and answers.
    pub(super) fn forget(&mut self, owner: OwnerId, news: &mut News) {
        self.open.forget_owner(owner);
        for event in &mut news.events {
            event.forget(owner);
        }
        for ledger in self.ledgers.values_mut() {
            news.counted.extend(ledger.outcomes.forget(owner));
        }
    }

    /// Refuses a request that is not open.
    pub(super) fn is_open(&self, id: RequestId, now: Timestamp) -> Result<(), OpenRequestsError> {
        match self.open.state(id, now)? {
            RequestState::Open => Ok(()),
            state => Err(CaseFileError::NotOpen { id, state }.into()),
        }
    }

    /// Whether any request is open; otherwise no change affects one.
    pub(super) fn any_open(&self, now: Timestamp) -> bool {
        self.open.open_at(self.not_before(now)).next().is_some()
    }

    /// Marks the requests that a change at some positions affects, with its revision.
    pub(super) fn touch(&mut self, at: Vec<Position>, now: Timestamp, revision: Revision) {
        let touched = self.open.touched_by(at, self.not_before(now));
        self.waiting.extend(touched.into_iter().map(|id| (id, revision)));
    }

    /// Marks all open requests, since effects of time are in no change.
    pub(super) fn look_again(&mut self, now: Timestamp, revision: Revision) {
        let open = self.open.open_at(self.not_before(now));
        self.waiting.extend(open.map(|opened| (opened.id(), revision)));
    }

    /// The marked requests in ascending order: they may have further owners to ask.
    pub(super) fn waiting(&self, now: Timestamp) -> Vec<RequestId> {
        self.waiting_after(now, RequestId(0), usize::MAX)
    }

    /// As [`waiting`](Self::waiting), for ids above `after`, at most `most` of them.
    pub(super) fn waiting_after(
        &self,
        now: Timestamp,
        after: RequestId,
        most: usize,
    ) -> Vec<RequestId> {
        let is_open = |id: &RequestId| self.open.get(*id).is_some_and(|r| now < r.open_until());
        let next = RequestId(after.0.saturating_add(1));
        self.waiting.range(next..).map(|(id, _)| *id).filter(is_open).take(most).collect()
    }

    /// The agency's view of one of its requests after its close.
    pub(super) fn outcome(&self, agency: AgencyId, id: RequestId) -> Result<Outcome, OutcomeError> {
        let ledger = self.ledgers.get(&agency).ok_or(OutcomeError::Unknown { id })?;
        ledger.outcomes.release(id)
    }

    /// The agency's view of a pool of its requests.
    pub(super) fn pool(&self, agency: AgencyId, pool: usize) -> Result<Outcome, OutcomeError> {
        let ledger = self.ledgers.get(&agency).map(|ledger| ledger.outcomes.pool(pool));
        ledger.unwrap_or_else(|| Outcomes::new(agency).pool(pool))
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
