//! The ledger of owners' answers, and the outcomes that an agency sees of each request.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::budget::OutcomeBudget;
use super::error::OutcomeError;
use super::ledger_entry::{AnswerCounts, AskedOwners, LedgerEntry, LedgerForm};
use super::noise::{OutcomeSeed, Question};
use super::outcome::{Answer, Bands, Outcome, ReleaseMode};
use crate::disclosure::band::edge_from;
use crate::disclosure::coverage::Coverage;
use crate::model::{AgencyId, OwnerId, RequestId};
use crate::request::{AuthorizedRequest, CaseFile, RequestState};

/// The answers of owners to one agency's requests, and the outcomes that the agency sees: the
/// operator's, one for each agency, beside its [`CaseFile`].
///
/// # The rules
///
/// 1. Each request gets an outcome of its own, independent of the agency's earlier requests: two
///    counts, each with discrete noise that cannot be predicted without the [`OutcomeSeed`], in
///    bands. With one household more or less among those who are counted, no outcome is more than
///    5/4 times as likely.
/// 2. A household is counted in as many outcomes as its [`OutcomeBudget`] allows, of all agencies
///    together, and is not counted in further ones. So areas that overlap, repeats, several agencies and
///    accomplices reveal no more of one household in a year than the budget.
/// 3. An outcome is given when the request is closed, and does not change any more. Answers that come
///    later are refused. The same seed and the same events give the same outcomes.
/// 4. An answer counts in one release: that of its request, or that of a pool of
///    [`POOL`](Self::POOL) requests, as was decided when it was opened. Pools have no request in
///    common, and a household counts once in a pool.
/// 5. The lowest band ends where the policy's anonymity set does when a request is opened, rounded
///    up to where a band begins, and never below 11. A policy that changes later does not change it.
///
/// Who declined is not kept at all. When a request is closed its owners are dropped, those of a pool
/// when the last of it is closed: the outcome is left.
///
/// # Limits
///
/// - **Footage** that was shared shows where its camera stands.
/// - **Whether anybody was asked**: whoever has a camera in an area and is asked knows that enough
///   households have one there.
///
/// ```
/// # use canvass::*;
/// # use canvass::outcome::*;
/// # let area = Area::from_wkt("POLYGON((-73.98 40.76, -73.97 40.76, -73.97 40.78, -73.98 40.76))")?;
/// # let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
/// # let agency = Agency::new(AgencyId(3), "Police", AgencyKind::Local);
/// # let request = Request::new(agency.id, IncidentKind::Burglary, area, window).with_case("26-0117");
/// # let now = "2026-05-02T09:00:00Z".parse()?;
/// # let mut file = CaseFile::new(agency.id);
/// # let authorized = Policy::without_limits_or_anonymity().review(&request, &agency, &file, now)?;
/// // Both are the operator's: 32 random bytes, and the budget that earlier outcomes have spent.
/// let (seed, mut budget) = (OutcomeSeed::new([7; 32]), OutcomeBudget::default());
/// let (mut outcomes, id) = (Outcomes::new(agency.id), RequestId(1));
/// file.open(id, &authorized, now)?;
/// outcomes.open(id, &authorized, ReleaseMode::Alone)?;
/// outcomes.ask(id, (0..80).map(OwnerId))?; // those of a route to whom a notice went
/// for owner in 0..30 {
///     outcomes.answer(id, OwnerId(owner), Answer::Shared)?;
/// }
/// assert!(outcomes.release(id).is_err(), "not before close");
/// file.resolve(id, now)?;
/// outcomes.close(id, &file, &seed, &mut budget, now)?;
/// let outcome = outcomes.release(id)?;
/// assert_eq!(outcome.shared().to_string(), "21 to 50");
/// assert_eq!(outcome.not_shared().to_string(), "21 to 50");
/// assert_eq!(outcome.percent(), 29..=71);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "LedgerForm")]
pub struct Outcomes {
    // INVARIANT: in the order of opening, each id once; there is a pool for each complete row of
    // POOL pooled requests from the first on, and no more.
    agency: AgencyId,
    pub(crate) requests: Vec<LedgerEntry>,
    pub(crate) pools: Vec<Bands>,
    // INVARIANT: of `requests`, by their ids.
    #[serde(skip)]
    pub(crate) places: HashMap<RequestId, usize>,
}

impl Outcomes {
    /// How many requests a pool has: with some 15 households asked for each, a hundred and more.
    pub const POOL: usize = 10;

    /// The outcomes of an agency that has not asked anything yet.
    #[must_use]
    pub fn new(agency: AgencyId) -> Self {
        Self { agency, requests: Vec::new(), pools: Vec::new(), places: HashMap::new() }
    }

    /// Whose outcomes these are.
    #[must_use]
    pub fn agency(&self) -> AgencyId {
        self.agency
    }

    /// Takes up a request, at the instant at which it is opened in the case file.
    ///
    /// # Errors
    ///
    /// If the request is another agency's, or its id is taken.
    pub fn open(
        &mut self,
        id: RequestId,
        authorized: &AuthorizedRequest,
        release: ReleaseMode,
    ) -> Result<(), OutcomeError> {
        let request = authorized.request();
        if request.agency != self.agency {
            return Err(OutcomeError::OtherAgency { named: request.agency, known: self.agency });
        }
        let least = authorized.min_households().max(Coverage::LEAST_HOUSEHOLDS);
        let place = self.requests.len();
        let Entry::Vacant(new) = self.places.entry(id) else {
            return Err(OutcomeError::IdTaken { id });
        };
        new.insert(place);
        self.requests.push(LedgerEntry {
            id,
            area: request.area.clone(),
            camera_scope: request.camera_scope,
            lowest_end: edge_from(least),
            release,
            answers: AnswerCounts::Open(AskedOwners::default()),
        });
        Ok(())
    }

    /// Counts owners as asked. Pass the owners to whom you sent a notice; each counts once.
    ///
    /// # Errors
    ///
    /// If there is no such request, or if it is closed.
    pub fn ask(
        &mut self,
        id: RequestId,
        owners: impl IntoIterator<Item = OwnerId>,
    ) -> Result<(), OutcomeError> {
        self.asked(id)?.asked.extend(owners);
        Ok(())
    }

    /// Takes an owner's answer; the last one before close counts.
    ///
    /// # Errors
    ///
    /// If there is no such request, if it is closed, or if the owner was not asked.
    pub fn answer(
        &mut self,
        id: RequestId,
        owner: OwnerId,
        answer: Answer,
    ) -> Result<(), OutcomeError> {
        let counted = self.asked(id)?;
        if !counted.asked.contains(&owner) {
            return Err(OutcomeError::NotAsked { owner, id });
        }
        match answer {
            Answer::Shared => counted.shared.insert(owner),
            Answer::Declined => counted.shared.remove(&owner),
        };
        Ok(())
    }

    /// Forgets an owner in all requests that keep who was asked: call it when you erase an owner.
    /// They count neither as having shared nor as not. Returns the requests that have changed,
    /// ascending by their opening.
    pub fn forget(&mut self, owner: OwnerId) -> Vec<RequestId> {
        let mut changed = Vec::new();
        for entry in &mut self.requests {
            if let AnswerCounts::Open(asked) | AnswerCounts::Waiting(asked) = &mut entry.answers
                && asked.asked.remove(&owner)
            {
                asked.shared.remove(&owner);
                changed.push(entry.id);
            }
        }
        changed
    }

    /// Closes a request that ended, as the case file has it at `now`: nothing more is counted,
    /// budgets of those who are counted are spent, and owners are dropped. Once closed it stays
    /// closed, even if the file changes later. Close expired requests yourself as well.
    ///
    /// # Errors
    ///
    /// If the file is another agency's, if it or this has no such request, or if it has not ended.
    pub fn close(
        &mut self,
        id: RequestId,
        file: &CaseFile,
        seed: &OutcomeSeed,
        budget: &mut OutcomeBudget,
        now: Timestamp,
    ) -> Result<(), OutcomeError> {
        if file.agency() != self.agency {
            return Err(OutcomeError::OtherAgency { named: file.agency(), known: self.agency });
        }
        let place = self.place(id)?;
        let Some(request) = self.requests.get_mut(place) else {
            return Err(OutcomeError::Unknown { id });
        };
        let AnswerCounts::Open(asked) = &mut request.answers else { return Ok(()) };
        match file.state(id, now)? {
            RequestState::Resolved | RequestState::Withdrawn | RequestState::Expired => {}
            state @ (RequestState::Authorized | RequestState::Open) => {
                return Err(OutcomeError::NotEnded { id, state });
            }
        }
        let asked = std::mem::take(asked);
        request.answers = match request.release {
            ReleaseMode::Alone => {
                let question = (self.agency, Question::Request(id.0));
                let counted = asked.counted(budget, now);
                AnswerCounts::Told(counted.bands(seed, question, request.lowest_end))
            }
            ReleaseMode::Pooled => AnswerCounts::Waiting(asked),
        };
        self.fill_pools(seed, budget, now);
        Ok(())
    }

    /// The outcome of a request, for the agency. Each call returns the same.
    ///
    /// # Errors
    ///
    /// If there is no such request, if it is not closed, or if its answers belong to a pool. None of these
    /// depends on who was asked or answered.
    pub fn release(&self, id: RequestId) -> Result<Outcome, OutcomeError> {
        let request = self.requests.get(self.place(id)?).ok_or(OutcomeError::Unknown { id })?;
        match &request.answers {
            AnswerCounts::Open(_) => Err(OutcomeError::NotClosed { id }),
            AnswerCounts::Told(bands) => Ok(Outcome::new(vec![id], *bands)),
            AnswerCounts::Waiting(_) | AnswerCounts::Dropped => {
                Err(OutcomeError::OnlyPooled { id })
            }
        }
    }

    /// The agency's view of a pool, counted from 0: of [`POOL`](Self::POOL) requests that are
    /// pooled, in the order in which they were opened.
    ///
    /// A household that was asked for several of them counts once, as one that shared if it ever
    /// did. With fewer households than an anonymity set both bands are the lowest, and reveal nothing.
    ///
    /// # Errors
    ///
    /// If the pool is not complete, or one before it is not.
    pub fn pool(&self, pool: usize) -> Result<Outcome, OutcomeError> {
        let bands = self.pools.get(pool);
        let bands = bands.ok_or(OutcomeError::PoolNotComplete { pool, requests: Self::POOL })?;
        Ok(Outcome::new(self.pooled(pool).map(|request| request.id).collect(), *bands))
    }

    pub(crate) fn place(&self, id: RequestId) -> Result<usize, OutcomeError> {
        self.places.get(&id).copied().ok_or(OutcomeError::Unknown { id })
    }

    fn asked(&mut self, id: RequestId) -> Result<&mut AskedOwners, OutcomeError> {
        let place = self.place(id)?;
        match &mut self.requests.get_mut(place).ok_or(OutcomeError::Unknown { id })?.answers {
            AnswerCounts::Open(asked) => Ok(asked),
            _ => Err(OutcomeError::Closed { id }),
        }
    }

    /// The requests of a pool that there are yet.
    pub(crate) fn pooled(&self, pool: usize) -> impl Iterator<Item = &LedgerEntry> {
        self.of_pools().skip(pool.saturating_mul(Self::POOL)).take(Self::POOL)
    }

    /// The requests that are pooled, in their order.
    pub(crate) fn of_pools(&self) -> impl Iterator<Item = &LedgerEntry> {
        self.requests.iter().filter(|request| request.release == ReleaseMode::Pooled)
    }

    /// Makes a pool of each complete row of requests.
    fn fill_pools(&mut self, seed: &OutcomeSeed, budget: &mut OutcomeBudget, now: Timestamp) {
        while self.is_complete(self.pools.len()) {
            let pool = self.pools.len();
            let members: Vec<RequestId> = self.pooled(pool).map(|request| request.id).collect();
            let (mut all, mut lowest_end) = (AskedOwners::default(), 0);
            for id in members {
                let place = self.places.get(&id);
                let Some(request) = place.and_then(|&place| self.requests.get_mut(place)) else {
                    continue;
                };
                lowest_end = lowest_end.max(request.lowest_end);
                let kept = std::mem::replace(&mut request.answers, AnswerCounts::Dropped);
                if let AnswerCounts::Waiting(asked) = kept {
                    all.asked.extend(asked.asked);
                    all.shared.extend(asked.shared);
                }
            }
            let question = (self.agency, Question::Pool(pool as u64));
            self.pools.push(all.counted(budget, now).bands(seed, question, lowest_end));
        }
    }

    /// Whether all requests of a pool that is not made yet are there and closed.
    pub(crate) fn is_complete(&self, pool: usize) -> bool {
        let waiting = |request: &LedgerEntry| matches!(request.answers, AnswerCounts::Waiting(_));
        self.pooled(pool).count() == Self::POOL && self.pooled(pool).all(waiting)
    }
}

/// Two are equal if their serde forms are: all else is derived.
impl PartialEq for Outcomes {
    fn eq(&self, other: &Self) -> bool {
        (self.agency, &self.requests, &self.pools) == (other.agency, &other.requests, &other.pools)
    }
}
