//! A route and its notice: a letter for each owner. **The operator's.**

use super::draft::Notice;
use crate::model::{OwnerId, Zone};
use crate::routing::{Recipient, Route};

/// A route with the reviewed notice that its owners get, each in their local time. **The
/// operator's.**
///
/// Only a reviewed [`Notice`] can be attached:
///
/// ```
/// # use canvass::{Route, Zone};
/// # use canvass::notice::{Mailing, MailingError, Notice, NoticeDraft};
/// # fn mail(route: Route, draft: NoticeDraft, notice: Notice) -> Result<Mailing, MailingError> {
/// route.with_notice(&notice, |_| Some(Zone::UTC))
/// # }
/// ```
///
/// A draft cannot:
///
/// ```compile_fail,E0308
/// # use canvass::{Route, Zone};
/// # use canvass::notice::{Mailing, MailingError, Notice, NoticeDraft};
/// # fn mail(route: Route, draft: NoticeDraft, notice: Notice) -> Result<Mailing, MailingError> {
/// route.with_notice(&draft, |_| Some(Zone::UTC))
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Mailing {
    route: Route,
    notice: Notice,
    // INVARIANT: one for each recipient, in their order.
    zones: Vec<Zone>,
}

/// The letter to one owner. **The operator's.**
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter<'a> {
    /// Who gets it, and for which cameras.
    pub recipient: Recipient<'a>,
    /// The text, with the window in the owner's local time.
    pub text: String,
}

impl Route {
    /// The route with the notice that its owners get. `zones` gives the time zone that each owner
    /// lives in.
    ///
    /// [Recheck](Route::recheck) the route before you call this, so that the mailing is as of now.
    /// An owner's consent has the zone that they named; if you serve one town, you may give the
    /// town's for those who named none:
    ///
    /// ```
    /// # use canvass::{Registry, Route, Zone};
    /// # use canvass::notice::{Mailing, MailingError, Notice};
    /// # fn mail(route: Route, notice: Notice, registry: &Registry, town: &Zone) -> Result<Mailing, MailingError> {
    /// let zone_of = |owner| registry.consent(owner).zone().unwrap_or(town).clone();
    /// route.with_notice(&notice, |owner| Some(zone_of(owner)))
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the notice is about another request, or an owner's time zone is not known: nobody is
    /// left out in silence, and nobody reads a time that is not theirs.
    pub fn with_notice(
        self,
        notice: &Notice,
        zones: impl Fn(OwnerId) -> Option<Zone>,
    ) -> Result<Mailing, MailingError> {
        if notice.authorized() != self.authorized() {
            return Err(MailingError::OtherRequest);
        }
        let zone = |recipient: Recipient<'_>| {
            let owner = recipient.owner;
            zones(owner).ok_or(MailingError::TimeZoneMissing { owner })
        };
        let zones = self.recipients().map(zone).collect::<Result<_, _>>()?;
        Ok(Mailing { route: self, notice: notice.clone(), zones })
    }
}

impl Mailing {
    /// Whom it goes to.
    #[must_use]
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// The text of the letter.
    #[must_use]
    pub fn notice(&self) -> &Notice {
        &self.notice
    }

    /// One letter for each owner, in the order of the route.
    #[must_use]
    pub fn letters(&self) -> impl ExactSizeIterator<Item = Letter<'_>> {
        self.route
            .recipients()
            .zip(&self.zones)
            .map(|(recipient, zone)| Letter { recipient, text: self.notice.text_in(zone) })
    }
}

/// Why a notice does not go with a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MailingError {
    /// The notice was reviewed for another request.
    #[error("the notice was reviewed for another request than the one that was routed")]
    OtherRequest,
    /// An owner's local time is not known.
    #[error("the time zone of owner `{owner}` is not known, so the window cannot be given in it")]
    TimeZoneMissing {
        /// The first such owner.
        owner: OwnerId,
    },
}
