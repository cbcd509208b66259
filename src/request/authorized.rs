//! A request that a policy let pass: the only thing that can be opened and routed.

use std::fmt;
use std::slice::from_ref;
use std::sync::Arc;

use jiff::Timestamp;
use prefetch_index::prefetch_index;

use super::request::Request;
use super::search_area::CameraScope;
use super::sharers::Sharers;
use crate::geometry::{Area, Envelope, Overlap};
use crate::model::{OwnerId, QuietHours, SensitivePlaces};

/// A request that passed review: **the operator's**, since it knows of places that the agency does not
/// know of. It can only come from [`Policy::review`](crate::Policy::review). Open it in
/// [`OpenRequests`](crate::OpenRequests): only a request that stands can be routed, see
/// [`StandingRequest`](crate::StandingRequest). Cheap to clone.
///
/// ```
/// # use canvass::{Agency, CaseFile, Policy, Request, Violations};
/// # use jiff::Timestamp;
/// # fn ask(request: Request, agency: Agency, file: CaseFile, now: Timestamp) -> Result<(), Violations> {
/// let authorized: canvass::AuthorizedRequest = Policy::in_zone(canvass::Zone::UTC).review(&request, &agency, &file, now)?;
/// # Ok(())
/// # }
/// ```
///
/// Its content is private, so there is no way around the review:
///
/// ```compile_fail,E0423
/// # use canvass::{Agency, CaseFile, Policy, Request, Violations};
/// # use jiff::Timestamp;
/// # fn ask(request: Request, agency: Agency, file: CaseFile, now: Timestamp) -> Result<(), Violations> {
/// let authorized: canvass::AuthorizedRequest = canvass::AuthorizedRequest(request);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq)]
pub struct AuthorizedRequest {
    // INVARIANT: of the request's area, and its own. They stand beside the pointer since a walk begins with
    // them.
    envelope: Envelope,
    camera_scope: CameraScope,
    content: Arc<Authorized>,
}

/// A request that a policy authorised, with the limits that the policy sets for its route.
#[derive(Clone, PartialEq)]
pub(crate) struct Authorized {
    pub(crate) request: Request,
    pub(crate) policy_version: String,
    pub(crate) min_households: u32,
    /// How many of them must not have shared with the agency since an instant.
    pub(crate) min_new_households: u32,
    pub(crate) shared: Sharers,
    pub(crate) known_since: Timestamp,
    pub(crate) max_per_case: u32,
    /// For how many days it is open, and at most.
    // INVARIANT: the first is not the larger.
    pub(crate) open_days: (u32, u32),
    pub(crate) quiet_hours: Option<QuietHours>,
    pub(crate) reviewed_at: Timestamp,
    /// The first instant at which no request that was opened right away could be open.
    pub(crate) routes_until: Timestamp,
    /// The areas of the agency's earlier requests that this one overlaps, in the order in which they were
    /// opened; `None` if the policy does not compare.
    pub(crate) earlier: Option<Vec<Area>>,
    /// The policy's, near or far: routing finds those in which no camera is asked. Nothing about this
    /// value depends on whether there is one.
    pub(crate) sensitive_places: SensitivePlaces,
}

impl AuthorizedRequest {
    /// For [`Policy::review`](crate::Policy::review) alone.
    pub(crate) fn new(authorized: Authorized) -> Self {
        let Request { area, camera_scope, .. } = &authorized.request;
        Self {
            envelope: area.envelope(),
            camera_scope: *camera_scope,
            content: Arc::new(authorized),
        }
    }

    /// All that the review let pass and added.
    #[cfg(feature = "sealed-parts")]
    pub(crate) fn content(&self) -> &Authorized {
        &self.content
    }

    /// The request as it was reviewed; it cannot be changed any more.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.content.request
    }

    /// Whether another one is of the same review. Cheap for clones.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.content, &other.content) || self == other
    }

    /// The envelope of the request's area, and its camera scope.
    #[inline]
    pub(crate) fn about(&self) -> (Envelope, CameraScope) {
        (self.envelope, self.camera_scope)
    }

    /// Prefetches the cache lines that a route reads of it.
    #[inline]
    pub(crate) fn prefetch(&self) {
        let Authorized { request, min_households, quiet_hours, sensitive_places, .. } =
            &*self.content;
        prefetch_index(from_ref(&request.area), 0);
        prefetch_index(from_ref(&request.window), 0);
        prefetch_index(from_ref(min_households), 0);
        prefetch_index(from_ref(quiet_hours), 0);
        prefetch_index(from_ref(sensitive_places), 0);
    }

    /// The version of the policy that authorised it.
    #[must_use]
    pub fn policy_version(&self) -> &str {
        &self.content.policy_version
    }

    /// The number of households with a camera in the area below which nobody is asked.
    #[must_use]
    pub fn min_households(&self) -> u32 {
        self.content.min_households
    }

    /// How many of these households must be new to the agency: did not share footage with it lately.
    #[must_use]
    pub fn min_new_households(&self) -> u32 {
        self.content.min_new_households
    }

    /// Who shared footage with the agency, and since when it counts; `None` if nobody ever did, or if all
    /// households count.
    #[inline]
    pub(crate) fn sharers(&self) -> Option<(&Sharers, Timestamp)> {
        let Authorized { shared, known_since, min_new_households, .. } = &*self.content;
        (!shared.is_empty() && *min_new_households > 0).then_some((shared, *known_since))
    }

    /// The owners whom the agency knows, ascending; one may come twice.
    pub(crate) fn known_sharers(&self) -> impl Iterator<Item = OwnerId> + '_ {
        let Authorized { shared, known_since, .. } = &*self.content;
        shared.iter().filter(|&(_, at)| at >= *known_since).map(|(owner, _)| owner)
    }

    /// How many requests the agency may open in one case.
    #[must_use]
    pub fn max_per_case(&self) -> u32 {
        self.content.max_per_case
    }

    /// The hours in which nobody is disturbed, if there are any.
    #[must_use]
    pub fn quiet_hours(&self) -> Option<&QuietHours> {
        self.content.quiet_hours.as_ref()
    }

    /// For how many days it is open, and at most.
    pub(crate) fn open_days(&self) -> (u32, u32) {
        self.content.open_days
    }

    /// The areas of the agency's earlier requests that this one overlaps.
    pub(crate) fn earlier(&self) -> &[Area] {
        self.content.earlier.as_deref().unwrap_or_default()
    }

    /// The policy's sensitive places, those apart from the area included.
    pub(crate) fn sensitive_places(&self) -> &SensitivePlaces {
        &self.content.sensitive_places
    }

    /// Whether another area, unknown at review, overlaps this one and differs from it.
    pub(crate) fn is_new_overlap(&self, other: &Area) -> bool {
        self.content.earlier.is_some()
            && matches!(self.request().area.overlap(other), Overlap::Partial { .. })
    }

    /// Whether different households are enough: as many as the policy wants, and as many of them as it wants
    /// that are new to the agency. Stops when it has seen enough.
    pub(crate) fn is_anonymity_set(&self, households: impl Iterator<Item = OwnerId>) -> bool {
        let needed = self.min_households() as usize;
        let Some((sharers, since)) = self.sharers() else {
            return households.take(needed).count() == needed;
        };
        let needed_new = self.min_new_households() as usize;
        let (mut all, mut new) = (0, 0);
        for owner in households {
            all += 1;
            new += usize::from(!sharers.has_shared(owner, since));
            if all >= needed && new >= needed_new {
                return true;
            }
        }
        all >= needed && new >= needed_new
    }

    /// Whether a request that was opened right after its review is over at `now`, however far it was
    /// extended. Nobody is asked then: review it again, or [reopen](crate::Policy::reopen) it.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        // A policy without that limit has the end of time here, at which nothing is over.
        let until = self.content.routes_until;
        now >= until && until < Timestamp::MAX
    }

    /// When it was reviewed.
    #[must_use]
    pub fn reviewed_at(&self) -> Timestamp {
        self.content.reviewed_at
    }
}

/// No place, neither the area nor a sensitive one that its cameras are spared in.
impl fmt::Debug for AuthorizedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizedRequest")
            .field("agency", &self.request().agency)
            .field("policy_version", &self.policy_version())
            .field("reviewed_at", &self.reviewed_at())
            .finish_non_exhaustive()
    }
}
