//! Where a request asks, and for which cameras.

use serde::{Deserialize, Serialize};

use crate::geometry::Area;

/// Which cameras a request is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
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
