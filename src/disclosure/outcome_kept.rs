//! What is kept of a request and of the answers to it, and which other requests it meets.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::band::Band;
use super::outcome::{Bands, Release};
use crate::agency::AgencyId;
use crate::camera::OwnerId;
use crate::geometry::Area;
use crate::lifecycle::RequestId;
use crate::request::{Ground, Sight, meet};

/// What is kept of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "crate::by_name", deny_unknown_fields)]
pub(super) struct Counted {
    pub(super) id: RequestId,
    pub(super) area: Area,
    #[serde(default, skip_serializing_if = "Sight::is_usual")]
    pub(super) sight: Sight,
    pub(super) lowest_end: u64,
    pub(super) release: Release,
    pub(super) answers: Answers,
    /// The place of the request whose outcome it repeats; its own if it repeats none. Computed from
    /// areas and never read.
    #[serde(skip)]
    pub(super) first: usize,
}

/// What is kept of the answers to a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answers {
    /// It is not closed.
    Open(Asked),
    /// It is closed, and others of its pool are not.
    Waiting(Asked),
    /// It is closed, and this may be told.
    Told(Bands),
    /// It is closed, and nothing is told of it, or its pool tells it.
    Dropped,
}

/// Whoever is not among those who shared declined or was silent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(crate = "crate::by_name", deny_unknown_fields)]
pub(super) struct Asked {
    // INVARIANT: whoever shared was asked.
    pub(super) asked: BTreeSet<OwnerId>,
    pub(super) shared: BTreeSet<OwnerId>,
}

impl Asked {
    pub(super) fn bands(&self, lowest_end: u64) -> Bands {
        let (asked, shared) = (self.asked.len() as u64, self.shared.len() as u64);
        Bands {
            shared: Band::of(shared, lowest_end),
            not_shared: Band::of(asked.saturating_sub(shared), lowest_end),
        }
    }
}

impl Counted {
    /// Where it asks, and for which cameras.
    pub(super) fn ground(&self) -> Ground {
        (self.area.clone(), self.sight)
    }

    /// Whether its area meets another, so that who asks there repeats it.
    pub(super) fn meets(&self, other: &Ground) -> bool {
        self.area == other.0 || meet(&self.ground(), other)
    }
}

/// The wire form of outcomes, before it is validated.
#[derive(Deserialize)]
#[serde(crate = "crate::by_name", rename = "Outcomes", deny_unknown_fields)]
pub(super) struct Written {
    pub(super) agency: AgencyId,
    pub(super) requests: Vec<Counted>,
    pub(super) pools: Vec<Bands>,
}
