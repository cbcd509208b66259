//! The effect of a change on an owner and on a tile.

use h3o::CellIndex;

use crate::model::{AgencyId, AskLimit, Camera, CameraId, Consent, ConsentPeriod, OwnerId};
use crate::registry::edit::Edit;

/// An edit with its tile and the index of the change that caused it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlannedEdit {
    pub(crate) cell: CellIndex,
    pub(crate) index: usize,
    pub(crate) edit: Edit,
}

/// The effect of a change on an owner.
#[derive(Debug)]
pub(crate) struct Step {
    /// The index of the change.
    pub(crate) index: usize,
    pub(crate) owner: OwnerId,
    pub(crate) effect: OwnerEffect,
}

#[derive(Debug)]
pub(crate) enum OwnerEffect {
    /// A camera becomes the owner's.
    Attach(CameraId),
    /// A camera stops being the owner's.
    Detach(CameraId),
    /// The owner's camera gets a row in the tile of a cell.
    Place(Camera, CellIndex),
    Consent {
        terms: Option<u32>,
        consent_period: ConsentPeriod,
        limit: AskLimit,
    },
    /// When, and by which agency if that is known.
    Asked(i64, Option<AgencyId>),
    /// All that is known of the owner beside their cameras is forgotten.
    Forget,
}

impl OwnerEffect {
    /// A consent that is not granted; discards its pause, expiry, limit and scopes.
    pub(crate) fn withdrawal() -> Self {
        let withdrawn = Consent::default();
        Self::Consent {
            terms: None,
            consent_period: withdrawn.consent_period(),
            limit: withdrawn.limit(),
        }
    }
}
