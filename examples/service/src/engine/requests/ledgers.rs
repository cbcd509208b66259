//! The ledgers of answers: their rows for the store, and what agencies may read of them.

use std::collections::BTreeSet;

use canvass::outcome::{Outcome, OutcomeError, Outcomes};
use canvass::{AgencyId, OwnerId, RequestId};
use serde::Deserialize;

use super::{News, Requests};
use crate::engine::error::Fault;
use crate::engine::told::raw;
use crate::store::LedgerRows;

/// One agency's ledger, and the number of its stored pools.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) outcomes: Outcomes,
    pub(super) pools: usize,
}

impl Ledger {
    /// A complete pool that was not stored yet.
    pub(super) fn next_pool(&mut self) -> Option<Outcome> {
        let pool = self.outcomes.pool(self.pools).ok()?;
        self.pools += 1;
        Some(pool)
    }
}

impl Requests {
    /// The rows of ledgers that must be stored again.
    pub(in crate::engine) fn rows(&self, news: &News) -> Result<LedgerRows, Fault> {
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
    pub(in crate::engine) fn shared(&self, owner: OwnerId, of: Vec<RequestId>) -> Vec<RequestId> {
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
    pub(in crate::engine) fn forget(&mut self, owner: OwnerId, news: &mut News) {
        self.open.forget_owner(owner);
        for event in &mut news.events {
            event.forget(owner);
        }
        for ledger in self.ledgers.values_mut() {
            news.counted.extend(ledger.outcomes.forget(owner));
        }
    }

    /// The agency's view of one of its requests after its close.
    pub(in crate::engine) fn outcome(
        &self,
        agency: AgencyId,
        id: RequestId,
    ) -> Result<Outcome, OutcomeError> {
        let ledger = self.ledgers.get(&agency).ok_or(OutcomeError::Unknown { id })?;
        ledger.outcomes.release(id)
    }

    /// The agency's view of a pool of its requests.
    pub(in crate::engine) fn pool(
        &self,
        agency: AgencyId,
        pool: usize,
    ) -> Result<Outcome, OutcomeError> {
        let ledger = self.ledgers.get(&agency).map(|ledger| ledger.outcomes.pool(pool));
        ledger.unwrap_or_else(|| Outcomes::new(agency).pool(pool))
    }
}
