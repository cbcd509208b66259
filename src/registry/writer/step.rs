//! What a change means for an owner and for a tile.

use h3o::CellIndex;

use crate::model::{AskLimit, Camera, CameraId, Consent, GrantSpan, OwnerId};
use crate::registry::edit::Edit;

/// An edit with its tile, and the change that it is due to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlannedEdit {
    pub(crate) cell: CellIndex,
    pub(crate) index: usize,
    pub(crate) edit: Edit,
}

/// What a change means for an owner.
#[derive(Debug)]
pub(crate) struct Step {
    /// The change.
    pub(crate) index: usize,
    pub(crate) owner: OwnerId,
    pub(crate) deed: OwnerEffect,
}

#[derive(Debug)]
pub(crate) enum OwnerEffect {
    /// A camera becomes the owner's.
    Attach(CameraId),
    /// It is no longer.
    Detach(CameraId),
    /// The owner's camera gets a row, in the tile of a cell.
    Place(Camera, CellIndex),
    Consent {
        terms: Option<u32>,
        grant_span: GrantSpan,
        limit: AskLimit,
    },
    Asked(i64),
    /// All that is known of the owner beside their cameras is forgotten.
    Forget,
}

impl OwnerEffect {
    /// A consent that is not granted, which forgets all that was said with one.
    pub(crate) fn withdrawal() -> Self {
        let withdrawn = Consent::default();
        Self::Consent { terms: None, grant_span: withdrawn.grant_span(), limit: withdrawn.limit() }
    }
}
