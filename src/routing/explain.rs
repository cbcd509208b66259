//! Why one camera is in or out, and how many fell where. The operator's, and only when asked for.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::ControlFlow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use super::evaluate::ConsentQuery;
use super::prune::WalkBuffers;
use super::view_walk;
use crate::model::{Camera, CameraId, Denial, OwnerId};
use crate::registry::{Row, Snapshot};
use crate::request::AuthorizedRequest;

/// The reason why a camera is in a route or not. **The operator's.**
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "crate::util::by_name", rename_all = "snake_case")]
pub enum Explanation {
    /// The camera is not registered.
    NotRegistered,
    /// The camera is not in the area; nor does it see into it, if such cameras are asked for.
    OutsideArea,
    /// The camera is in the area, and its owner is not asked for this reason.
    Denied(Denial),
    /// Nothing is held against the camera, but nobody is asked: too few households have one in the
    /// area, or too few of them are new to the agency.
    TooFewHouseholds,
    /// The request is over, however far it was extended: see
    /// [`AuthorizedRequest::is_over`](crate::AuthorizedRequest::is_over).
    RequestOver,
    /// The owner is asked for this camera.
    Asked,
}

impl Explanation {
    /// The explanation's stable `snake_case` code; that of a denial is the [`Denial`]'s own.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotRegistered => "not_registered",
            Self::OutsideArea => "outside_area",
            Self::Denied(denial) => denial.code(),
            Self::TooFewHouseholds => "too_few_households",
            Self::RequestOver => "request_over",
            Self::Asked => "asked",
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The number of cameras that a request meets, by outcome. **The operator's**: it counts refusals,
/// so do not show it to an agency.
///
/// Where nobody is asked, the counts show you why: no camera is in the area; each of them is
/// denied; or some are not, and the households are too few.
///
/// ```
/// use canvass::*;
///
/// # let agency = Agency::new(AgencyId(3), "Police", AgencyKind::Local);
/// # let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
/// # let now = "2026-05-02T09:00:00Z".parse()?;
/// # let area = Area::from_bounds(-73.98, 40.76, -73.97, 40.78)?;
/// # let request = Request::new(agency.id, IncidentKind::Burglary, area, window);
/// # let policy = Policy::without_limits_or_anonymity().with_min_households(11);
/// # let authorized = policy.review(&request, &agency, &CaseFile::new(agency.id), now)?;
/// # let (position, recording) = (Position::new(-73.975, 40.77)?, Recording::kept_for_days(30));
/// # let camera = |id| Camera::new(CameraId(id), OwnerId(id), position, recording);
/// # let consents = [(OwnerId(1), Consent::granted())];
/// # let snapshot = Registry::bulk_load(&[camera(1), camera(2)], consents)?.snapshot();
/// // Two neighbours have a camera in the area, and one of them agreed to be asked.
/// let funnel = snapshot.funnel(&authorized, now);
/// assert_eq!((funnel.in_area(), funnel.permitted(), funnel.asked()), (2, 1, 0));
/// assert_eq!(funnel.denied().find(|&(_, cameras)| cameras > 0), Some((Denial::NotGranted, 1)));
/// // The other could be asked, but for the anonymity set.
/// assert_eq!((funnel.households(), authorized.min_households()), (2, 11));
/// assert_eq!(snapshot.explain(&authorized, now, CameraId(1)), Explanation::TooFewHouseholds);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// In the [form for the operator](Self::for_operator) `denied` is a map from the code of each [`Denial`], in their order, to its count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Funnel {
    in_area: usize,
    denied: [usize; Denial::ALL.len()],
    permitted: usize,
    households: usize,
    new_households: usize,
    asked: usize,
}

/// A [`Funnel`] in a form that serde writes, for the operator's own plane: see
/// [`Funnel::for_operator`].
#[derive(Serialize)]
#[must_use]
pub struct OperatorFunnel<'a> {
    in_area: usize,
    #[serde(serialize_with = "by_code")]
    denied: &'a [usize; Denial::ALL.len()],
    permitted: usize,
    households: usize,
    new_households: usize,
    asked: usize,
}

impl fmt::Debug for OperatorFunnel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperatorFunnel").finish_non_exhaustive()
    }
}

/// Counts with the code of their denial, in the order of [`Denial`].
#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn by_code<S: Serializer>(
    denied: &&[usize; Denial::ALL.len()],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(Denial::ALL.iter().map(|denial| denial.code()).zip(denied.iter()))
}

impl Funnel {
    /// The counts in a form that serde writes. A funnel itself has none, so that it does not get into an
    /// answer to an agency by accident:
    ///
    /// ```compile_fail,E0277
    /// # fn answer(funnel: canvass::Funnel) -> Result<String, serde_json::Error> {
    /// serde_json::to_string(&funnel)
    /// # }
    /// ```
    ///
    /// ```
    /// # fn answer(funnel: canvass::Funnel) -> Result<String, serde_json::Error> {
    /// serde_json::to_string(&funnel.for_operator())
    /// # }
    /// ```
    pub fn for_operator(&self) -> OperatorFunnel<'_> {
        let Self { in_area, denied, permitted, households, new_households, asked } = self;
        let [in_area, permitted, households] = [*in_area, *permitted, *households];
        let (new_households, asked) = (*new_households, *asked);
        OperatorFunnel { in_area, denied, permitted, households, new_households, asked }
    }

    /// Cameras in the area, and those that see into it if the request asks for such; the same holds
    /// for the counts below.
    #[must_use]
    pub fn in_area(&self) -> usize {
        self.in_area
    }

    /// Households with a camera in the area.
    #[must_use]
    pub fn households(&self) -> usize {
        self.households
    }

    /// Those of the households that did not share footage with the agency lately: see
    /// [`Policy::min_new_households`](crate::Policy::min_new_households).
    #[must_use]
    pub fn new_households(&self) -> usize {
        self.new_households
    }

    /// Cameras in the area whose owners are not asked for a reason, in the order of [`Denial`];
    /// each camera is counted once, with the first reason that holds.
    pub fn denied(&self) -> impl Iterator<Item = (Denial, usize)> {
        Denial::ALL.into_iter().zip(self.denied)
    }

    /// Cameras that pass every check, whether or not there are enough households.
    #[must_use]
    pub fn permitted(&self) -> usize {
        self.permitted
    }

    /// Cameras in the route: those permitted, or none if the households are too few.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.asked
    }
}

impl Snapshot {
    /// Explains why one camera is in the request's route or not, if the request stands. Use it to answer an
    /// owner's question.
    ///
    /// This, [`funnel`](Self::funnel) and [`explain_area`](Self::explain_area) describe and ask nobody, so an
    /// authorised request is enough: you can look at one before you open it, and after it has ended.
    ///
    /// Costs as much as [`funnel`](Self::funnel); to distinguish a camera elsewhere from one that is not
    /// registered, the whole registry is looked through: O(cameras).
    #[must_use]
    pub fn explain(
        &self,
        authorized: &AuthorizedRequest,
        now: Timestamp,
        camera: CameraId,
    ) -> Explanation {
        let query = ConsentQuery::new(authorized, self.terms(), now);
        let mut found = None;
        let mut households = BTreeSet::new();
        self.each_in_area(authorized, |row| {
            households.insert(row.camera.owner);
            if row.camera.id == camera {
                found = Some(query.denial(&row));
            }
        });
        match found {
            Some(Some(denial)) => Explanation::Denied(denial),
            Some(None) if authorized.is_over(now) => Explanation::RequestOver,
            Some(None) if !authorized.is_anonymity_set(households.into_iter()) => {
                Explanation::TooFewHouseholds
            }
            Some(_) => Explanation::Asked,
            None if self.find(camera).is_some() => Explanation::OutsideArea,
            None => Explanation::NotRegistered,
        }
    }

    /// Counts the cameras that the request meets in the area, by outcome.
    ///
    /// Looks at each camera in the area by itself, where a route decides 64 at a time: use it for a
    /// person who asks why, not for each request.
    #[must_use]
    pub fn funnel(&self, authorized: &AuthorizedRequest, now: Timestamp) -> Funnel {
        let query = ConsentQuery::new(authorized, self.terms(), now);
        let mut funnel = Funnel::default();
        let mut households = BTreeSet::new();
        self.each_in_area(authorized, |row| {
            funnel.in_area += 1;
            households.insert(row.camera.owner);
            match query.denial(&row) {
                None => funnel.permitted += 1,
                Some(denial) => {
                    if let Some(count) = funnel.denied.get_mut(denial as usize) {
                        *count += 1;
                    }
                }
            }
        });
        funnel.households = households.len();
        let is_new = |owner: &&OwnerId| {
            authorized.sharers().is_none_or(|(sharers, since)| !sharers.has_shared(**owner, since))
        };
        funnel.new_households = households.iter().filter(is_new).count();
        if !authorized.is_over(now) && authorized.is_anonymity_set(households.into_iter()) {
            funnel.asked = funnel.permitted;
        }
        funnel
    }

    /// Each camera of the area, and why it is in the request's route or not; in no
    /// meaningful order. **The operator's.**
    ///
    /// Costs as much as [`funnel`](Self::funnel) and agrees with it. Use it to show a reviewer a map.
    #[must_use]
    pub fn explain_area(
        &self,
        authorized: &AuthorizedRequest,
        now: Timestamp,
    ) -> Vec<(Camera, Explanation)> {
        let query = ConsentQuery::new(authorized, self.terms(), now);
        let (mut cameras, mut households) = (Vec::new(), BTreeSet::new());
        self.each_in_area(authorized, |row| {
            households.insert(row.camera.owner);
            let denied = query.denial(&row).map(Explanation::Denied);
            cameras.push((row.camera, denied.unwrap_or(Explanation::Asked)));
        });
        let hindered = if authorized.is_over(now) {
            Some(Explanation::RequestOver)
        } else {
            let are_enough = authorized.is_anonymity_set(households.into_iter());
            (!are_enough).then_some(Explanation::TooFewHouseholds)
        };
        if let Some(hindered) = hindered {
            for (_, explanation) in &mut cameras {
                if *explanation == Explanation::Asked {
                    *explanation = hindered;
                }
            }
        }
        cameras
    }

    /// A registered camera, whether its owner agreed or not. The operator's; O(cameras), since a
    /// snapshot is an index of places: use [`Registry::camera`](crate::Registry::camera) where you
    /// have the registry.
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
        let request = authorized.request();
        let (of, level) = ((&request.area, request.camera_scope), fearless_simd::Level::new());
        let walked = view_walk::rows(
            self.root(),
            of,
            level,
            &mut WalkBuffers::default(),
            |block, inside| {
                inside.rows().for_each(|row| visit(block.row(row)));
                ControlFlow::Continue(())
            },
        );
        debug_assert!(walked.is_continue(), "nothing ends this walk");
    }
}
