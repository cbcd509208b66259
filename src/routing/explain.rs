//! Why one camera is in or out, and how many fell where. The operator's, and only when asked for.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::evaluate::Inquiry;
use super::prune::{self, ClipLists};
use super::refine;
use crate::authorized::AuthorizedRequest;
use crate::camera::{Camera, CameraId};
use crate::consent::Denial;
use crate::registry::{Row, Snapshot, rows};

/// Why a camera is in a route or not. **The operator's.**
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Explanation {
    /// No such camera is registered.
    NotRegistered,
    /// The camera is not in the area.
    OutsideArea,
    /// The camera is in the area, and its owner is not asked for this reason.
    Denied(Denial),
    /// Too few households have a camera in the area, so nobody is asked.
    TooFewHouseholds,
    /// The owner is asked for this camera.
    Asked,
}

/// How many cameras a request meets, and where they fall. **The operator's**: it counts refusals,
/// and must not reach an agency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Funnel {
    in_area: usize,
    denied: [usize; Denial::ALL.len()],
    permitted: usize,
    households: usize,
    asked: usize,
}

impl Funnel {
    /// Cameras in the area.
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
        let inquiry = Inquiry::new(authorized.request(), now);
        let mut found = None;
        let mut households = BTreeSet::new();
        self.each_in_area(authorized, |row| {
            households.insert(row.camera.owner);
            if row.camera.id == camera {
                found = Some(inquiry.denial(&row, self.terms()));
            }
        });
        match found {
            Some(Some(denial)) => Explanation::Denied(denial),
            Some(None) if households.len() < authorized.min_households() as usize => {
                Explanation::TooFewHouseholds
            }
            Some(None) => Explanation::Asked,
            None if self.find(camera).is_some() => Explanation::OutsideArea,
            None => Explanation::NotRegistered,
        }
    }

    /// How many cameras the request meets in the area, and where they fall.
    #[must_use]
    pub fn funnel(&self, authorized: &AuthorizedRequest, now: Timestamp) -> Funnel {
        let inquiry = Inquiry::new(authorized.request(), now);
        let mut funnel = Funnel::default();
        let mut households = BTreeSet::new();
        self.each_in_area(authorized, |row| {
            funnel.in_area += 1;
            households.insert(row.camera.owner);
            match inquiry.denial(&row, self.terms()) {
                None => funnel.permitted += 1,
                Some(denial) => {
                    if let Some(count) = funnel.denied.get_mut(denial as usize) {
                        *count += 1;
                    }
                }
            }
        });
        funnel.households = households.len();
        if funnel.households >= authorized.min_households() as usize {
            funnel.asked = funnel.permitted;
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

    fn each_in_area(&self, authorized: &AuthorizedRequest, mut visit: impl FnMut(Row)) {
        let boundary = authorized.request().area.boundary();
        let level = fearless_simd::Level::new();
        let walked = prune::blocks(
            self.root(),
            boundary,
            level,
            &mut ClipLists::default(),
            |window, edges| {
                for found in window {
                    let inside = refine::rows(level, found, edges, found.block.all());
                    rows(inside).for_each(|row| visit(found.block.row(row)));
                }
                ControlFlow::Continue(())
            },
        );
        debug_assert!(walked.is_continue(), "nothing ends this walk");
    }
}
