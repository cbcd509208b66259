//! The part of a route that one registry knows, and the algebra that makes parts the whole.

use std::fmt;
use std::ops::RangeInclusive;

use jiff::Timestamp;

use super::error::PartialError;
use super::question::question;
use crate::disclosure::Digest;
use crate::model::{CameraId, OwnerId};
use crate::registry::{Revision, Snapshot};
use crate::request::{AuthorizedRequest, StandingRequest};
use crate::routing::{Gathered, Route};

/// The part of a [`Route`] that one registry knows. Use it if your cameras are spread over several
/// registries, each camera in one of them.
///
/// Ask every registry for its part, [`merge`](Self::merge) them in any order, and
/// [`finish`](Self::finish): the result equals the route of one registry that holds all cameras. An
/// owner's consent and history must be in each registry that has one of their cameras, so assign
/// owners with all they have, by [`OwnerId::partition`]. **A missing part is not noticed here**:
/// count them before you finish.
///
/// A part holds for a range of revisions of a log that all registries share. Parts without a common
/// revision are refused, so a follower that is late delays a route and never falsifies it.
///
/// **The operator's, and more than a route**: where too few owners agreed it names households that
/// never did, up to the anonymity set. To write or read it you need an `OperatorKey`, which the feature
/// `sealed-parts` adds.
///
/// ```
/// use std::num::NonZeroU16;
///
/// use canvass::*;
/// use canvass::parts::PartialRoute;
///
/// # let agency = Agency::new(AgencyId(3), "Police", AgencyKind::Local);
/// # let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
/// # let now = "2026-05-02T09:00:00Z".parse()?;
/// # let area = Area::from_bounds(-73.98, 40.76, -73.97, 40.78)?;
/// # let request = Request::new(agency.id, IncidentKind::Burglary, area, window);
/// # let policy = Policy::without_limits_or_anonymity().with_min_households(2);
/// # let authorized = policy.review(&request, &agency, &CaseFile::new(agency.id), now)?;
/// let place = Position::new(-73.975, 40.77)?;
/// let camera = |owner| Camera::new(CameraId(owner), OwnerId(owner), place, Recording::kept_for_days(30));
/// let yes = |owner| Change::SetConsent { owner: OwnerId(owner), consent: Consent::granted() };
/// // Revision 1 of the log is one owner's, revision 2 another's, who are dealt to two registries.
/// let two = NonZeroU16::new(2).ok_or("none")?;
/// let registries = [Registry::new(), Registry::new()];
/// for (revision, owner) in [(1, 1), (2, 5)] {
///     let registry = &registries[usize::from(OwnerId(owner).partition(two))];
///     registry.apply_at(Revision(revision), [Change::Register(camera(owner)), yes(owner)])?;
/// }
/// let mut whole = PartialRoute::nothing(&authorized, now);
/// for registry in &registries {
///     // Both have read the log up to revision 2.
///     let part = registry.snapshot().partial_route(&authorized, now).unchanged_to(Revision(2));
///     whole = whole.merge(part)?;
/// }
/// // Neither registry knows the two households that the policy requires.
/// // Where the request is kept is for you to know; with `OpenRequests`, take `standing`.
/// let route = whole.finish(authorized.assume_open())?;
/// assert_eq!((route.owners(), route.revision()), (2, Revision(2)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PartialRoute {
    pub(super) question: Digest,
    pub(super) now: Timestamp,
    /// The number of households that the request needs, a part of the question.
    pub(super) needed: u32,
    // INVARIANT: the first is not the later.
    pub(super) begins: Revision,
    pub(super) ends: Revision,
    // INVARIANT: ascending strictly.
    pub(super) rows: Vec<(OwnerId, CameraId)>,
    // INVARIANT: owners ascend strictly.
    pub(super) waiting: Vec<(OwnerId, Timestamp)>,
    // INVARIANT: ascending strictly, and no more than `needed`. Fewer are all that there are: so a union
    // has `needed` households if and only if the whole has.
    pub(super) households: Vec<OwnerId>,
    /// The number of households that must be new to the agency, if some are not.
    pub(super) needed_new: u32,
    // INVARIANT: as `households`, of those that are new and up to `needed_new`.
    pub(super) new_households: Vec<OwnerId>,
}

impl Snapshot {
    /// The part of the request's route that this registry knows: see
    /// [`PartialRoute`](crate::parts::PartialRoute).
    ///
    /// Costs as much as [`route`](Self::route), and where fewer owners are asked here than the
    /// anonymity set also a walk for households, which a route makes only if somebody is asked.
    #[must_use]
    pub fn partial_route(&self, authorized: &AuthorizedRequest, now: Timestamp) -> PartialRoute {
        let Gathered { rows, waiting, households, new_households } =
            self.gather_part(authorized, now);
        let (begins, ends) = (self.revision(), self.revision());
        let nothing = PartialRoute::nothing(authorized, now);
        PartialRoute { begins, ends, rows, waiting, households, new_households, ..nothing }
    }
}

impl PartialRoute {
    /// The part of a registry without cameras, at every revision: merging with it changes nothing.
    #[must_use]
    pub fn nothing(authorized: &AuthorizedRequest, now: Timestamp) -> Self {
        Self {
            question: question(authorized, now),
            now,
            needed: authorized.min_households(),
            begins: Revision(0),
            ends: Revision(u64::MAX),
            rows: Vec::new(),
            waiting: Vec::new(),
            households: Vec::new(),
            needed_new: authorized.sharers().map_or(0, |_| authorized.min_new_households()),
            new_households: Vec::new(),
        }
    }

    /// The same part, known to hold up to a later revision: use it where the log has no further record
    /// of this registry up to there. An earlier revision changes nothing.
    #[must_use]
    pub fn unchanged_to(self, revision: Revision) -> Self {
        Self { ends: self.ends.max(revision), ..self }
    }

    /// The revisions at which the part holds.
    #[must_use]
    pub fn as_of(&self) -> RangeInclusive<Revision> {
        self.begins..=self.ends
    }

    /// The number of cameras that may be asked, if there are enough households.
    #[must_use]
    pub fn cameras(&self) -> usize {
        self.rows.len()
    }

    /// Merges two parts. Commutative and associative. O(n + m) for parts of n and m cameras.
    ///
    /// # Errors
    ///
    /// If the parts are of different questions, have no revision in common, or share a camera.
    pub fn merge(self, other: Self) -> Result<Self, PartialError> {
        if self.question != other.question || self.now != other.now {
            return Err(PartialError::OtherQuestion);
        }
        let (begins, ends) = (self.begins.max(other.begins), self.ends.min(other.ends));
        if begins > ends {
            return Err(PartialError::Apart { ends, begins });
        }
        let rows = union(self.rows, other.rows);
        if let Some(camera) = rows.windows(2).find_map(same_row) {
            return Err(PartialError::TwiceCamera { camera });
        }
        let mut waiting = union(self.waiting, other.waiting);
        // Ascending by instant within an owner, who waits until the later one.
        waiting.reverse();
        waiting.dedup_by_key(|&mut (owner, _)| owner);
        waiting.reverse();
        let mut households = union(self.households, other.households);
        households.dedup();
        households.truncate(self.needed as usize);
        let mut new_households = union(self.new_households, other.new_households);
        new_households.dedup();
        new_households.truncate(self.needed_new as usize);
        Ok(Self { begins, ends, rows, waiting, households, new_households, ..self })
    }

    /// Whether there are enough households to ask any of them, once you have merged all parts.
    #[must_use]
    pub fn has_enough_households(&self) -> bool {
        self.households.len() >= self.needed as usize
            && self.new_households.len() >= self.needed_new as usize
    }

    /// The route of the request, once you have merged all parts: as of the last revision at which
    /// they hold, or the first if there is no last one. A part asks nobody, its route does: so this takes a
    /// request that stands. O(n log n) for n cameras.
    ///
    /// # Errors
    ///
    /// If the parts are of another request, or two of them have the same camera under two owners.
    pub fn finish(self, standing: StandingRequest<'_>) -> Result<Route, PartialError> {
        let authorized = standing.authorized();
        if self.question != question(authorized, self.now) {
            return Err(PartialError::OtherQuestion);
        }
        let mut cameras: Vec<CameraId> = self.rows.iter().map(|&(_, camera)| camera).collect();
        cameras.sort_unstable();
        if let Some(camera) = cameras.windows(2).find_map(same) {
            return Err(PartialError::TwiceCamera { camera });
        }
        let endless = self.ends == Revision(u64::MAX);
        let revision = if endless { self.begins } else { self.ends };
        let mut route = Route::empty(authorized, self.now).of_revision(revision);
        if self.has_enough_households() && standing.is_open(self.now) {
            route.extend(self.rows.iter().copied());
            route.wait(&self.waiting);
        }
        Ok(route)
    }

    /// Whether the invariants hold, for a part that was read.
    #[cfg(feature = "sealed-parts")]
    pub(super) fn is_whole(&self) -> bool {
        self.begins <= self.ends
            && self.rows.is_sorted_by(|one, next| one < next)
            && self.waiting.is_sorted_by(|(one, _), (next, _)| one < next)
            && self.households.is_sorted_by(|one, next| one < next)
            && self.households.len() <= self.needed as usize
            && self.new_households.is_sorted_by(|one, next| one < next)
            && self.new_households.len() <= self.needed_new as usize
    }
}

/// Prints neither owners nor cameras, so that a log reveals nobody.
impl fmt::Debug for PartialRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("PartialRoute");
        shown.field("as_of", &self.as_of()).field("now", &self.now).finish_non_exhaustive()
    }
}

/// The union of two ascending lists.
fn union<T: Ord>(one: Vec<T>, other: Vec<T>) -> Vec<T> {
    if one.is_empty() || other.is_empty() {
        return if one.is_empty() { other } else { one };
    }
    let mut all = Vec::with_capacity(one.len() + other.len());
    let (mut one, mut other) = (one.into_iter().peekable(), other.into_iter().peekable());
    while let (Some(left), Some(right)) = (one.peek(), other.peek()) {
        all.extend(if left <= right { one.next() } else { other.next() });
    }
    all.extend(one);
    all.extend(other);
    all
}

fn same_row(pair: &[(OwnerId, CameraId)]) -> Option<CameraId> {
    match pair {
        [one, next] if one == next => Some(one.1),
        _ => None,
    }
}

fn same(pair: &[CameraId]) -> Option<CameraId> {
    match pair {
        [one, next] if one == next => Some(*one),
        _ => None,
    }
}
