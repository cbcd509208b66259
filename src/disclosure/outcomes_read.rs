//! Outcomes as they are written: validated when they are read.

use std::collections::BTreeSet;

use super::band::edge_from;
use super::coverage::Coverage;
use super::outcome::Release;
use super::outcome_error::OutcomesReadError;
use super::outcome_kept::{Answers, Counted, Written, first};
use super::outcomes::Outcomes;

impl TryFrom<Written> for Outcomes {
    type Error = OutcomesReadError;

    /// Compares areas as they were compared when requests were opened.
    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let mut outcomes = Self::new(written.agency);
        outcomes.pools = written.pools;
        let (mut ids, mut pooled) = (BTreeSet::new(), 0_usize);
        for request in written.requests {
            let (id, lowest_end, place) = (request.id, request.lowest_end, outcomes.requests.len());
            if !ids.insert(id) {
                return Err(OutcomesReadError::IdTaken { id });
            }
            let narrow = u32::try_from(lowest_end).unwrap_or(u32::MAX);
            if lowest_end < u64::from(Coverage::LEAST_HOUSEHOLDS) || edge_from(narrow) != lowest_end
            {
                return Err(OutcomesReadError::LowestEnd { id, lowest_end });
            }
            let first = first(&outcomes.requests, &request.area, request.sight);
            let is_own = first == place;
            let is_pooled = is_own && request.release == Release::Pooled;
            let is_in_pool = is_pooled && pooled / Self::POOL < outcomes.pools.len();
            pooled += usize::from(is_pooled);
            let fits = match &request.answers {
                Answers::Open(_) => !is_in_pool,
                Answers::Waiting(_) => is_pooled && !is_in_pool,
                Answers::Told(_) => is_own && !is_pooled,
                Answers::Dropped => !is_own || is_in_pool,
            };
            if !fits {
                return Err(OutcomesReadError::Kept { id });
            }
            match &request.answers {
                Answers::Open(asked) | Answers::Waiting(asked) => {
                    if let Some(&owner) = asked.shared.difference(&asked.asked).next() {
                        return Err(OutcomesReadError::NotAsked { owner, id });
                    }
                }
                Answers::Told(bands) if !bands.is_valid(lowest_end) => {
                    return Err(OutcomesReadError::Bands { id });
                }
                Answers::Told(_) | Answers::Dropped => {}
            }
            outcomes.requests.push(Counted { first, ..request });
        }
        outcomes.validate_pools(pooled)
    }
}

impl Outcomes {
    fn validate_pools(self, pooled: usize) -> Result<Self, OutcomesReadError> {
        let pools = self.pools.len();
        let complete = pools.min(pooled / Self::POOL) + usize::from(self.complete(pools).is_some());
        if pools != complete {
            return Err(OutcomesReadError::Pools { pools, complete });
        }
        for (pool, bands) in self.pools.iter().enumerate() {
            let lowest_end = self.pooled(pool).map(|request| request.lowest_end).max();
            if !lowest_end.is_some_and(|end| bands.is_valid(end)) {
                return Err(OutcomesReadError::PoolBands { pool });
            }
        }
        Ok(self)
    }
}
