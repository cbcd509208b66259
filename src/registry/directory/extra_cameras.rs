//! The second and further cameras of an owner.

use std::collections::BTreeSet;

use smallvec::SmallVec;

use crate::model::CameraId;

/// An owner with more extra cameras than this keeps them in a set: inserting into a longer list would
/// move too many.
const FEW: usize = 256;

/// All cameras of an owner but the first, ascending.
#[derive(Clone, Debug)]
pub(crate) enum ExtraCameras {
    Few(SmallVec<[CameraId; 2]>),
    Many(BTreeSet<CameraId>),
}

impl Default for ExtraCameras {
    fn default() -> Self {
        Self::Few(SmallVec::new())
    }
}

impl ExtraCameras {
    /// Adds a camera. O(log cameras) for many.
    pub(crate) fn insert(&mut self, camera: CameraId) {
        match self {
            Self::Few(few) if few.len() < FEW => {
                if let Err(place) = few.binary_search(&camera) {
                    few.insert(place, camera);
                }
            }
            Self::Few(few) => {
                *self = Self::Many(few.drain(..).chain([camera]).collect());
            }
            Self::Many(many) => {
                many.insert(camera);
            }
        }
    }

    pub(crate) fn remove(&mut self, camera: CameraId) {
        match self {
            Self::Few(few) => {
                if let Ok(place) = few.binary_search(&camera) {
                    few.remove(place);
                }
            }
            Self::Many(many) => {
                many.remove(&camera);
            }
        }
    }

    pub(crate) fn pop_first(&mut self) -> Option<CameraId> {
        match self {
            Self::Few(few) => (!few.is_empty()).then(|| few.remove(0)),
            Self::Many(many) => many.pop_first(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Few(few) => few.is_empty(),
            Self::Many(many) => many.is_empty(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = CameraId> {
        let (few, many) = match self {
            Self::Few(few) => (Some(few), None),
            Self::Many(many) => (None, Some(many)),
        };
        few.into_iter().flatten().chain(many.into_iter().flatten()).copied()
    }
}
