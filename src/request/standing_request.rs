//! The token that routing takes: a request that stands.

use std::fmt;

use jiff::Timestamp;

use super::authorized::AuthorizedRequest;
use super::opened_request::OpenedRequest;
use super::request_state::RequestState;

/// A request that stands: authorised, opened and neither ended nor expired. **The operator's.** Everything
/// that asks people takes one, such as [`Snapshot::route`](crate::Snapshot::route).
///
/// Get one from [`OpenRequests::standing`](crate::OpenRequests::standing), or use
/// [`OpenRequests::due`](crate::OpenRequests::due), which gets it for you. It borrows the
/// [`OpenRequests`](crate::OpenRequests), so nobody can withdraw the request while you hold it; and routing
/// asks nobody at an instant at which the request is not open, such as one after its expiry. Where you keep
/// the life of requests yourself, [`AuthorizedRequest::assume_open`] makes one, and you answer for it.
///
/// Two references: copy it as you like.
///
/// ```
/// # use canvass::*;
/// # use canvass::error::OpenRequestsError;
/// # use jiff::Timestamp;
/// # fn ask(open: &mut OpenRequests, id: RequestId, authorized: &AuthorizedRequest, snapshot: &Snapshot, now: Timestamp)
/// #     -> Result<usize, OpenRequestsError> {
/// let Some(standing) = open.standing(id, authorized, now)? else { return Ok(0) };
/// let route = snapshot.route(standing, now);
/// open.withdraw(id, now)?;
/// # Ok(route.owners())
/// # }
/// ```
///
/// A request that is withdrawn meanwhile cannot be routed:
///
/// ```compile_fail,E0502
/// # use canvass::*;
/// # use canvass::error::OpenRequestsError;
/// # use jiff::Timestamp;
/// # fn ask(open: &mut OpenRequests, id: RequestId, authorized: &AuthorizedRequest, snapshot: &Snapshot, now: Timestamp)
/// #     -> Result<usize, OpenRequestsError> {
/// let Some(standing) = open.standing(id, authorized, now)? else { return Ok(0) };
/// open.withdraw(id, now)?;
/// let route = snapshot.route(standing, now);
/// # Ok(route.owners())
/// # }
/// ```
///
/// Nor can one that was authorised and never opened:
///
/// ```compile_fail,E0308
/// # use canvass::{AuthorizedRequest, Snapshot};
/// # fn ask(authorized: &AuthorizedRequest, snapshot: &Snapshot, now: jiff::Timestamp) -> usize {
/// let route = snapshot.route(authorized, now);
/// # route.owners()
/// # }
/// ```
#[derive(Clone, Copy, PartialEq)]
#[must_use]
pub struct StandingRequest<'a> {
    authorized: &'a AuthorizedRequest,
    /// The entry in the case file; `None` where the caller answers for it.
    opened: Option<&'a OpenedRequest>,
}

impl<'a> StandingRequest<'a> {
    /// For [`OpenRequests::standing`](crate::OpenRequests::standing) alone, which compares the two.
    pub(crate) fn new(authorized: &'a AuthorizedRequest, opened: &'a OpenedRequest) -> Self {
        Self { authorized, opened: Some(opened) }
    }

    /// The authorised request.
    #[inline]
    #[must_use]
    pub fn authorized(self) -> &'a AuthorizedRequest {
        self.authorized
    }

    /// Its entry in the case file; `None` if you [assumed](AuthorizedRequest::assume_open) that it is open.
    #[must_use]
    pub fn opened(self) -> Option<&'a OpenedRequest> {
        self.opened
    }

    /// Whether it is open at an instant: opened by then, not expired, and reviewed no longer ago than a
    /// request [may be open](AuthorizedRequest::is_over). Routing asks nobody at any other instant.
    #[must_use]
    pub fn is_open(self, now: Timestamp) -> bool {
        !self.authorized.is_over(now)
            && self.opened.is_none_or(|opened| opened.state(now) == RequestState::Open)
    }
}

impl AuthorizedRequest {
    /// The request as one that stands, whatever became of it: **you answer for it** that it was opened, and
    /// neither ended nor expired.
    ///
    /// Use this where you keep the life of requests elsewhere: in a database of your own or in another
    /// process, for a batch that opens nothing, for tests and measurements. Ask your records right before,
    /// and again before you send. Otherwise open the request in [`OpenRequests`](crate::OpenRequests), and
    /// take what [`standing`](crate::OpenRequests::standing) returns. Nobody is asked once the request
    /// [is over](Self::is_over), here as there.
    ///
    /// ```
    /// # use canvass::{AuthorizedRequest, Route, Snapshot};
    /// fn route(snapshot: &Snapshot, authorized: &AuthorizedRequest, is_open: bool, now: jiff::Timestamp) -> Option<Route> {
    ///     is_open.then(|| snapshot.route(authorized.assume_open(), now))
    /// }
    /// ```
    #[inline]
    pub fn assume_open(&self) -> StandingRequest<'_> {
        StandingRequest { authorized: self, opened: None }
    }
}

/// As an [`AuthorizedRequest`]: no place, neither the area nor a sensitive one.
impl fmt::Debug for StandingRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("StandingRequest");
        shown.field("authorized", self.authorized).field("id", &self.opened.map(OpenedRequest::id));
        shown.finish_non_exhaustive()
    }
}
