//! Where a request asks, and for which cameras.

use serde::{Deserialize, Serialize};

use crate::geometry::{Area, Envelope};
use crate::model::near;

/// Which cameras a request is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CameraScope {
    /// Those that stand in the area or on its boundary.
    #[default]
    StandingIn,
    /// These, and those whose [view](crate::Facing) has a point in common with the area: see
    /// [`Camera::sees_into`](crate::Camera::sees_into). Cameras of which no facing is known are only
    /// asked where they stand in it.
    SeeingInto,
}

impl CameraScope {
    /// Whether this is the default.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::StandingIn
    }
}

/// An area, and which cameras are asked for there.
pub(crate) type SearchArea = (Area, CameraScope);

/// Whether cameras that see into one area are asked for, and these may be asked for the other, too.
/// May err on the side of yes.
pub(crate) fn shares_views(one: &SearchArea, other: &SearchArea) -> bool {
    let meet = |ones: &[Envelope], others: &[Envelope]| {
        others.iter().any(|&theirs| ones.iter().any(|own| own.intersects(theirs)))
    };
    [one.1, other.1].contains(&CameraScope::SeeingInto) && meet(&reach(one), &reach(other))
}

/// Whether the same camera may be asked for both: the areas share a point, or a camera may see into one and
/// be asked for the other. For views it may err on the side of yes.
pub(crate) fn meet(one: &SearchArea, other: &SearchArea) -> bool {
    one.0.intersects(&other.0) || shares_views(one, other)
}

/// Envelopes of where the cameras stand that may be asked for: more than one at the antimeridian.
pub(crate) fn reach((area, camera_scope): &SearchArea) -> Vec<Envelope> {
    match camera_scope {
        CameraScope::StandingIn => vec![area.envelope()],
        CameraScope::SeeingInto => near(area.envelope()),
    }
}
