//! The ledger of what owners answered: what of it an agency is told, and of which request.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::OutcomeError;
use super::ledger_entry::{AnswerCounts, AskedOwners, LedgerEntry, LedgerForm};
use super::ledger_index::LedgerIndex;
use super::outcome::{Answer, Bands, Outcome, ReleaseMode};
use crate::disclosure::band::edge_from;
use crate::disclosure::coverage::Coverage;
use crate::model::{AgencyId, OwnerId, RequestId};
use crate::request::{AuthorizedRequest, CaseFile, RequestState};

/// What owners answered to one agency's requests, and what of it the agency is told: the operator's,
/// one for each agency, beside its [`CaseFile`].
///
/// # The rules
///
/// 1. A request whose area meets that of no earlier one is counted by itself. Any other repeats the
///    outcome of the first one that it meets, which may repeat one itself. Two areas meet if they
///    share a point, or if either request asks for cameras that see into its area and a view may
///    reach from where the other's cameras are. So what is told comes from areas that lie apart,
///    and the answers to all other requests are told nowhere: an area that was drawn to differ from
///    another by one home says nothing new.
/// 2. Which one is repeated depends on areas and their order alone: never on who lives there, and
///    not on what became of a request. One that was withdrawn before anybody was asked is repeated
///    too.
/// 3. An outcome is given when the request and the one that it repeats are both closed, and does not
///    change any more. Answers that come later are refused.
/// 4. An answer counts in one release: that of its request, or that of a pool of
///    [`POOL`](Self::POOL) requests, as was decided when it was opened. Pools have no request in
///    common, and a household counts once in a pool.
/// 5. The lowest band ends where the policy's anonymity set does when a request is opened, rounded
///    up to where a band begins, and never below 11. A policy that changes later does not change it.
///
/// Who declined is not kept at all. When a request is closed its owners are dropped, those of a pool
/// when the last of it is closed: what is left is what may be told.
///
/// # What it does not hide
///
/// - **Whoever knows all but one.** With ten households in an area that do as they are told and an
///   eleventh that does not, a band says what the eleventh did. It is up to the service to verify
///   that those who register live there.
/// - **Two agencies** that ask about the same homes get an outcome each.
/// - **Cameras of one household in areas that are apart**: it counts in each.
/// - **Footage** that was shared tells where its camera stands.
///
/// ```
/// # use canvass::*;
/// # use canvass::outcome::*;
/// # let area = Area::from_wkt("POLYGON((-73.98 40.76, -73.97 40.76, -73.97 40.78, -73.98 40.76))")?;
/// # let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
/// # let agency = Agency { id: AgencyId(3), name: "Police".into(), kind: AgencyKind::Local, jurisdiction: None };
/// # let request = Request::new(agency.id, IncidentKind::Burglary, area, window).with_case("26-0117");
/// # let now = "2026-05-02T09:00:00Z".parse()?;
/// # let mut file = CaseFile::new(agency.id);
/// # let authorized = Policy::unlimited().review(&request, &agency, &file, now)?;
/// let (mut outcomes, id) = (Outcomes::new(agency.id), RequestId(1));
/// file.open(id, &authorized, now)?;
/// outcomes.open(id, &authorized, ReleaseMode::Alone)?;
/// outcomes.ask(id, (0..40).map(OwnerId))?; // those of a route to whom a notice went
/// for owner in 0..14 {
///     outcomes.answer(id, OwnerId(owner), Answer::Shared)?;
/// }
/// assert!(outcomes.release(id).is_err(), "not before close");
/// file.resolve(id, now)?;
/// outcomes.close(id, &file, now)?;
/// let outcome = outcomes.release(id)?;
/// assert_eq!(outcome.shared().to_string(), "11 to 20");
/// assert_eq!(outcome.not_shared().to_string(), "21 to 50");
/// assert_eq!(outcome.percent(), 18..=49);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "LedgerForm")]
pub struct Outcomes {
    // INVARIANT: in the order of opening, each id once; there is a pool for each complete row of
    // POOL pooled firsts from the first on, and no more.
    agency: AgencyId,
    pub(crate) requests: Vec<LedgerEntry>,
    pub(crate) pools: Vec<Bands>,
    // INVARIANT: of `requests`.
    #[serde(skip)]
    pub(crate) places: LedgerIndex,
}

impl Outcomes {
    /// How many requests a pool has: with some 15 households asked for each, a hundred and more.
    pub const POOL: usize = 10;

    /// The outcomes of an agency that has not asked anything yet.
    #[must_use]
    pub fn new(agency: AgencyId) -> Self {
        Self { agency, requests: Vec::new(), pools: Vec::new(), places: LedgerIndex::default() }
    }

    /// Whose outcomes these are.
    #[must_use]
    pub fn agency(&self) -> AgencyId {
        self.agency
    }

    /// Takes up a request, at the instant at which it is opened in the case file. From then on its
    /// area counts, whatever becomes of it. O(log n) for n requests, and an exact comparison with
    /// each earlier area that is near.
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
        let ground = request.ground();
        let first = self.places.add(id, &ground, &self.requests);
        let first = first.ok_or(OutcomeError::IdTaken { id })?;
        let (area, camera_scope) = ground;
        let answers = AnswerCounts::Open(AskedOwners::default());
        self.requests.push(LedgerEntry {
            id,
            area,
            camera_scope,
            lowest_end: edge_from(least),
            release,
            answers,
            first,
        });
        Ok(())
    }

    /// Counts owners as asked: those to whom a notice went. Whoever was counted already counts once.
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

    /// Forgets an owner in all requests that keep who was asked: for whoever is erased. They count neither as
    /// having shared nor as not. Which requests have changed is returned, ascending by their opening.
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

    /// Closes a request that ended, as the case file has it at `now`: nothing more is counted, and
    /// owners are dropped. Once closed it stays so, whatever the file says. Expired requests are for
    /// the caller to close as well.
    ///
    /// # Errors
    ///
    /// If the file is another agency's, if it or this has no such request, or if it has not ended.
    pub fn close(
        &mut self,
        id: RequestId,
        file: &CaseFile,
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
        request.answers = match request.release {
            _ if request.first != place => AnswerCounts::Dropped,
            ReleaseMode::Alone => AnswerCounts::Told(asked.bands(request.lowest_end)),
            ReleaseMode::Pooled => AnswerCounts::Waiting(std::mem::take(asked)),
        };
        self.fill_pools();
        Ok(())
    }

    /// What the agency may see of a request: its own outcome, or the one that it repeats. The same
    /// at each call.
    ///
    /// # Errors
    ///
    /// If there is no such request, if it or the one that it repeats is not closed, or if answers
    /// are told in a pool. None of these depends on who was asked or answered.
    pub fn release(&self, id: RequestId) -> Result<Outcome, OutcomeError> {
        let request = self.requests.get(self.place(id)?).ok_or(OutcomeError::Unknown { id })?;
        let first = self.requests.get(request.first).ok_or(OutcomeError::Unknown { id })?;
        if matches!(request.answers, AnswerCounts::Open(_)) {
            return Err(OutcomeError::NotClosed { id });
        }
        match &first.answers {
            AnswerCounts::Open(_) => Err(OutcomeError::FirstNotClosed { id, first: first.id }),
            AnswerCounts::Told(bands) => Ok(Outcome::new(vec![first.id], *bands)),
            AnswerCounts::Waiting(_) | AnswerCounts::Dropped => {
                Err(OutcomeError::OnlyPooled { id: first.id })
            }
        }
    }

    /// What the agency may see of a pool, counted from 0: of [`POOL`](Self::POOL) requests that are
    /// told in pools and repeat no other, in the order in which they were opened.
    ///
    /// A household that was asked for several of them counts once, as one that shared if it ever
    /// did. With fewer households than an anonymity set both bands are the lowest, and say nothing.
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
        self.places.get(id).ok_or(OutcomeError::Unknown { id })
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

    /// The requests that are told in pools, in their order.
    pub(crate) fn of_pools(&self) -> impl Iterator<Item = &LedgerEntry> {
        let of_pools = self.requests.iter().enumerate().filter(|(place, request)| {
            request.first == *place && request.release == ReleaseMode::Pooled
        });
        of_pools.map(|(_, request)| request)
    }

    /// Makes a pool of each complete row of requests.
    fn fill_pools(&mut self) {
        while let Some((members, bands)) = self.complete(self.pools.len()) {
            for request in &mut self.requests {
                if members.contains(&request.id) {
                    request.answers = AnswerCounts::Dropped;
                }
            }
            self.pools.push(bands);
        }
    }

    /// The members and the bands of a pool that is not made yet, if all of it is closed.
    pub(crate) fn complete(&self, pool: usize) -> Option<(Vec<RequestId>, Bands)> {
        let (mut members, mut all, mut lowest_end) = (Vec::new(), AskedOwners::default(), 0);
        for request in self.pooled(pool) {
            let AnswerCounts::Waiting(asked) = &request.answers else { return None };
            all.asked.extend(&asked.asked);
            all.shared.extend(&asked.shared);
            lowest_end = lowest_end.max(request.lowest_end);
            members.push(request.id);
        }
        (members.len() == Self::POOL).then(|| (members, all.bands(lowest_end)))
    }
}

/// What is written down is equal, and so is what follows from it.
impl PartialEq for Outcomes {
    fn eq(&self, other: &Self) -> bool {
        (self.agency, &self.requests, &self.pools) == (other.agency, &other.requests, &other.pools)
    }
}
