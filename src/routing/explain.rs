//! Why one camera is in or out, and how many fell where. The operator's, and only when asked for.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use super::evaluate::Inquiry;
use super::guard::Guard;
use super::prune::Walked;
use super::sight;
use crate::authorized::AuthorizedRequest;
use crate::camera::{Camera, CameraId, OwnerId};
use crate::consent::Denial;
use crate::registry::{Row, Snapshot, rows};

/// Why a camera is in a route or not. **The operator's.**
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Explanation {
    /// No such camera is registered.
    NotRegistered,
    /// The camera is not in the area; nor does it see into it, if such cameras are asked for.
    OutsideArea,
    /// The camera is in the area, and its owner is not asked for this reason.
    Denied(Denial),
    /// Too few households have a camera in the area, so nobody is asked.
    TooFewHouseholds,
    /// The owner is one of a few by whom the area differs from an earlier one of the agency.
    Guarded,
    /// The owner is asked for this camera.
    Asked,
}

/// How many cameras a request meets, and where they fall. **The operator's**: it counts refusals,
/// and must not reach an agency.
///
/// In serde formats `denied` is a map from the code of each [`Denial`], in their order, to its count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Funnel {
    in_area: usize,
    #[serde(serialize_with = "by_code")]
    denied: [usize; Denial::ALL.len()],
    permitted: usize,
    guarded: usize,
    households: usize,
    asked: usize,
}

/// Counts with the code of their denial, in the order of [`Denial`].
fn by_code<S: Serializer>(
    denied: &[usize; Denial::ALL.len()],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(Denial::ALL.iter().map(|denial| denial.code()).zip(denied))
}

impl Funnel {
    /// Cameras in the area, and those that see into it if such are asked for; so below.
    #[must_use]
    pub fn in_area(&self) -> usize {
        self.in_area
    }

    /// Households with a camera in the area.
    #[must_use]
    pub fn households(&self) -> usize {
        self.households
    }

    /// Cameras in the area whose owners are not asked for a reason, in the order of [`Denial`];
    /// each camera is counted once, with the first reason that holds.
    pub fn denied(&self) -> impl Iterator<Item = (Denial, usize)> {
        Denial::ALL.into_iter().zip(self.denied)
    }

    /// Cameras that nothing was held against, whether or not there are enough households.
    #[must_use]
    pub fn permitted(&self) -> usize {
        self.permitted
    }

    /// Those of the permitted cameras that are left out because their owners are among the few by
    /// whom the area differs from an earlier one of the agency.
    #[must_use]
    pub fn guarded(&self) -> usize {
        self.guarded
    }

    /// Cameras in the route.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.asked
    }
}

impl Snapshot {
    /// Why a camera is in the request's route or not.
    ///
    /// A camera in the area costs as much as the route; to tell one elsewhere from one that is not
    /// registered, the whole registry is looked through: O(cameras).
    #[must_use]
    pub fn explain(
        &self,
        authorized: &AuthorizedRequest,
        now: Timestamp,
        camera: CameraId,
    ) -> Explanation {
        let inquiry = Inquiry::new(authorized, self.terms(), now);
        let mut found = None;
        let mut households = BTreeSet::new();
        self.each_in_area(authorized, |row| {
            households.insert(row.camera.owner);
            if row.camera.id == camera {
                found = Some((row.camera.owner, inquiry.denial(&row)));
            }
        });
        let guard = self.guard(authorized);
        match found {
            Some((_, Some(denial))) => Explanation::Denied(denial),
            Some(_) if !has_enough(guard.as_ref(), authorized, households.len()) => {
                Explanation::TooFewHouseholds
            }
            Some((owner, None)) if leaves_out(guard.as_ref(), owner) => Explanation::Guarded,
            Some(_) => Explanation::Asked,
            None if self.find(camera).is_some() => Explanation::OutsideArea,
            None => Explanation::NotRegistered,
        }
    }

    /// How many cameras the request meets in the area, and where they fall.
    #[must_use]
    pub fn funnel(&self, authorized: &AuthorizedRequest, now: Timestamp) -> Funnel {
        let inquiry = Inquiry::new(authorized, self.terms(), now);
        let guard = self.guard(authorized);
        let mut funnel = Funnel::default();
        let mut households = BTreeSet::new();
        self.each_in_area(authorized, |row| {
            funnel.in_area += 1;
            households.insert(row.camera.owner);
            match inquiry.denial(&row) {
                None => {
                    funnel.permitted += 1;
                    funnel.guarded += usize::from(leaves_out(guard.as_ref(), row.camera.owner));
                }
                Some(denial) => {
                    if let Some(count) = funnel.denied.get_mut(denial as usize) {
                        *count += 1;
                    }
                }
            }
        });
        funnel.households = households.len();
        if has_enough(guard.as_ref(), authorized, funnel.households) {
            funnel.asked = funnel.permitted - funnel.guarded;
        }
        funnel
    }

    /// A registered camera, whether its owner agreed or not. The operator's; O(cameras), since a
    /// snapshot is an index of places: [`Registry::cameras_of`](crate::Registry::cameras_of) finds
    /// an owner's at once.
    #[must_use]
    pub fn find(&self, camera: CameraId) -> Option<Camera> {
        let mut found = None;
        self.root().blocks(&mut |block| {
            if found.is_none() {
                found = block.find(camera).map(|row| block.row(row).camera);
            }
        });
        found
    }

    fn guard(&self, authorized: &AuthorizedRequest) -> Option<Guard> {
        let level = fearless_simd::Level::new();
        Guard::of(self, authorized, level, &mut Walked::default())
    }

    fn each_in_area(&self, authorized: &AuthorizedRequest, mut visit: impl FnMut(Row)) {
        let request = authorized.request();
        let (of, level) = ((&request.area, request.sight), fearless_simd::Level::new());
        let walked =
            sight::rows(self.root(), of, level, &mut Walked::default(), |block, inside| {
                rows(inside).for_each(|row| visit(block.row(row)));
                ControlFlow::Continue(())
            });
        debug_assert!(walked.is_continue(), "nothing ends this walk");
    }
}

fn has_enough(guard: Option<&Guard>, authorized: &AuthorizedRequest, households: usize) -> bool {
    match guard {
        Some(guard) => guard.has_enough(),
        None => households >= authorized.min_households() as usize,
    }
}

fn leaves_out(guard: Option<&Guard>, owner: OwnerId) -> bool {
    guard.is_some_and(|guard| guard.leaves_out(owner))
}
