//! Outcomes as they are written, as a whole or in rows: validated when they are read.

use serde::Serialize;

use super::error::{OutcomeError, OutcomesReadError};
use super::ledger::Outcomes;
use super::ledger_entry::{AnswerCounts, LedgerForm};
use super::outcome::{Bands, ReleaseMode};
use crate::disclosure::band::edge_from;
use crate::disclosure::coverage::Coverage;
use crate::model::RequestId;

impl TryFrom<LedgerForm> for Outcomes {
    type Error = OutcomesReadError;

    /// O(n) for n requests.
    fn try_from(written: LedgerForm) -> Result<Self, Self::Error> {
        let mut outcomes = Self::new(written.agency);
        outcomes.pools = written.pools;
        let mut pooled = 0_usize;
        for request in written.requests {
            let (id, lowest_end, place) = (request.id, request.lowest_end, outcomes.requests.len());
            if outcomes.places.insert(id, place).is_some() {
                return Err(OutcomesReadError::IdTaken { id });
            }
            let narrow = u32::try_from(lowest_end).unwrap_or(u32::MAX);
            if lowest_end < u64::from(Coverage::LEAST_HOUSEHOLDS) || edge_from(narrow) != lowest_end
            {
                return Err(OutcomesReadError::LowestEnd { id, lowest_end });
            }
            let is_pooled = request.release == ReleaseMode::Pooled;
            let is_in_pool = is_pooled && pooled / Self::POOL < outcomes.pools.len();
            pooled += usize::from(is_pooled);
            let fits = match &request.answers {
                AnswerCounts::Open(_) => !is_in_pool,
                AnswerCounts::Waiting(_) => is_pooled && !is_in_pool,
                AnswerCounts::Told(_) => !is_pooled,
                AnswerCounts::Dropped => is_in_pool,
            };
            if !fits {
                return Err(OutcomesReadError::Kept { id });
            }
            match &request.answers {
                AnswerCounts::Open(asked) | AnswerCounts::Waiting(asked) => {
                    if let Some(&owner) = asked.shared.difference(&asked.asked).next() {
                        return Err(OutcomesReadError::NotAsked { owner, id });
                    }
                }
                AnswerCounts::Told(bands) if !bands.is_valid(lowest_end) => {
                    return Err(OutcomesReadError::Bands { id });
                }
                AnswerCounts::Told(_) | AnswerCounts::Dropped => {}
            }
            outcomes.requests.push(request);
        }
        outcomes.validate_pools(pooled)
    }
}

/// For a service that keeps a ledger in rows, so that an answer writes one of them and not all. The
/// written form is made of them: `{"agency": .., "requests": [rows], "pools": [rows]}`, requests in
/// the order in which they were opened and pools in theirs.
impl Outcomes {
    /// The row of a request. It changes with each count and at its close; where a pool is
    /// complete then, [`pool_row`](Self::pool_row) is new and the rows of all
    /// [its requests](Self::pool) change. The operator's.
    ///
    /// # Errors
    ///
    /// If there is no such request.
    ///
    /// ```
    /// # use canvass::*;
    /// # use canvass::outcome::*;
    /// # let ledger = r#"{"agency":3,"requests":[{"id":1,"area":{"type":"Polygon","coordinates":
    /// #     [[[10.0,50.0],[10.01,50.0],[10.01,50.01],[10.0,50.0]]]},"lowest_end":11,
    /// #     "release":"alone","answers":{"open":{"asked":[7,8],"shared":[]}}}],"pools":[]}"#;
    /// # let mut outcomes: Outcomes = serde_json::from_str(ledger)?;
    /// outcomes.answer(RequestId(1), OwnerId(7), Answer::Shared)?;
    /// let row = serde_json::to_string(&outcomes.row(RequestId(1))?)?;
    /// let whole = format!(r#"{{"agency":3,"requests":[{row}],"pools":[]}}"#);
    /// assert_eq!(serde_json::from_str::<Outcomes>(&whole)?, outcomes);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn row(&self, id: RequestId) -> Result<impl Serialize, OutcomeError> {
        self.requests.get(self.place(id)?).ok_or(OutcomeError::Unknown { id })
    }

    /// The row of a pool, counted from 0, once it is complete; it does not change any more.
    #[must_use]
    pub fn pool_row(&self, pool: usize) -> Option<impl Serialize> {
        self.pools.get(pool).copied()
    }

    fn validate_pools(self, pooled: usize) -> Result<Self, OutcomesReadError> {
        let pools = self.pools.len();
        let complete = pools.min(pooled / Self::POOL) + usize::from(self.is_complete(pools));
        if pools != complete {
            return Err(OutcomesReadError::Pools { pools, complete });
        }
        let ends: Vec<u64> = self.of_pools().map(|request| request.lowest_end).collect();
        let mut of_pools = self.pools.iter().zip(ends.chunks(Self::POOL));
        let is_valid = |(bands, ends): (&Bands, &[u64])| {
            ends.iter().max().is_some_and(|&lowest_end| bands.is_valid(lowest_end))
        };
        match of_pools.position(|pool| !is_valid(pool)) {
            Some(pool) => Err(OutcomesReadError::PoolBands { pool }),
            None => Ok(self),
        }
    }
}
