//! What is kept of a request and of the answers to it, and which other requests it meets.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::outcome::{Bands, ReleaseMode};
use crate::disclosure::band::Band;
use crate::geometry::Area;
use crate::model::{AgencyId, OwnerId, RequestId};
use crate::request::{CameraScope, SearchArea, meet};

/// What is kept of a request.
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
    /// The place of the request whose outcome it repeats; its own if it repeats none. Computed from
    /// areas and never read.
    #[serde(skip)]
    pub(crate) first: usize,
}

/// What is kept of the answers to a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AnswerCounts {
    /// It is not closed.
    Open(AskedOwners),
    /// It is closed, and others of its pool are not.
    Waiting(AskedOwners),
    /// It is closed, and this may be told.
    Told(Bands),
    /// It is closed, and nothing is told of it, or its pool tells it.
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
    pub(crate) fn bands(&self, lowest_end: u64) -> Bands {
        let (asked, shared) = (self.asked.len() as u64, self.shared.len() as u64);
        Bands {
            shared: Band::of(shared, lowest_end),
            not_shared: Band::of(asked.saturating_sub(shared), lowest_end),
        }
    }
}

impl LedgerEntry {
    /// Where it asks, and for which cameras.
    pub(crate) fn ground(&self) -> SearchArea {
        (self.area.clone(), self.camera_scope)
    }

    /// Whether its area meets another, so that who asks there repeats it.
    pub(crate) fn meets(&self, other: &SearchArea) -> bool {
        self.area == other.0 || meet(&self.ground(), other)
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
