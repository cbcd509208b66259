//! The entry of a request in the ledger, and the answers to it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::budget::OutcomeBudget;
use super::noise::{OutcomeSeed, Question, Side, with_noise};
use super::outcome::{Bands, ReleaseMode};
use crate::disclosure::band::Band;
use crate::geometry::Area;
use crate::model::{AgencyId, OwnerId, RequestId};
use crate::request::CameraScope;

/// The entry of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", deny_unknown_fields)]
pub(crate) struct LedgerEntry {
    pub(crate) id: RequestId,
    pub(crate) area: Area,
    #[serde(default, skip_serializing_if = "CameraScope::is_default")]
    pub(crate) camera_scope: CameraScope,
    pub(crate) lowest_end: u64,
    pub(crate) release: ReleaseMode,
    pub(crate) answers: AnswerCounts,
}

/// The answers to a request, as far as they are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
pub(crate) enum AnswerCounts {
    /// It is not closed.
    Open(AskedOwners),
    /// It is closed, and others of its pool are not.
    Waiting(AskedOwners),
    /// It is closed, and these bands may be released.
    Told(Bands),
    /// It is closed, and its pool has its answers.
    Dropped,
}

/// Whoever is not among those who shared declined or was silent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", deny_unknown_fields)]
pub(crate) struct AskedOwners {
    // INVARIANT: whoever shared was asked.
    pub(crate) asked: BTreeSet<OwnerId>,
    pub(crate) shared: BTreeSet<OwnerId>,
}

impl AskedOwners {
    /// The two counts with their noise, as bands.
    pub(crate) fn bands(
        &self,
        seed: &OutcomeSeed,
        (agency, question): (AgencyId, Question),
        lowest_end: u64,
    ) -> Bands {
        let shared = self.shared.len();
        let not_shared = self.asked.len().saturating_sub(shared);
        let told =
            |count, side| Band::of(with_noise(count, seed, (agency, question, side)), lowest_end);
        Bands { shared: told(shared, Side::Shared), not_shared: told(not_shared, Side::NotShared) }
    }

    /// Those whose budget an outcome of `now` may spend.
    pub(crate) fn counted(mut self, budget: &mut OutcomeBudget, now: Timestamp) -> Self {
        self.asked.retain(|&owner| budget.spend(owner, now));
        self.shared.retain(|owner| self.asked.contains(owner));
        self
    }
}

/// The wire form of outcomes, before it is validated.
#[derive(Deserialize)]
#[serde(crate = "crate::util::by_name", rename = "Outcomes", deny_unknown_fields)]
pub(crate) struct LedgerForm {
    pub(crate) agency: AgencyId,
    pub(crate) requests: Vec<LedgerEntry>,
    pub(crate) pools: Vec<Bands>,
}
