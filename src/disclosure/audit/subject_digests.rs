//! Digests of the log's subjects. **The operator's**: whoever has one can test guesses of
//! its content, so a log only holds commitments to them.

use crate::disclosure::digest::{Digest, Encoder};
use crate::disclosure::receipt::Receipt;
use crate::request::{AuthorizedRequest, Request};
use crate::routing::Route;

impl Request {
    /// The SHA-256 digest of the request.
    ///
    /// Of `canvass/request/1`, the agency, the code of the incident's kind, the parts of the area
    /// with their rings and vertices in units of 1e-7 degree, the window, the case reference, the
    /// contact, and `seeing_into` if the request asks for cameras that see into the area. Numbers
    /// have 8 bytes, coordinates 4, instants 8 for seconds and 4 for nanoseconds, all with the
    /// highest byte first; texts and lists come after their length in 8 bytes.
    ///
    /// Equal requests have equal digests. Linear in the area's vertices.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let encoder =
            Encoder::new("canvass/request/1").number(self.agency.0).text(self.incident.code());
        let encoder = encoder
            .area(&self.area)
            .window(&self.window)
            .text(&self.case_reference)
            .text(&self.contact);
        encoder.camera_scope(self.camera_scope).finish()
    }
}

impl AuthorizedRequest {
    /// The SHA-256 digest of the request and of the review that it passed: of
    /// `canvass/authorized/1`, the [request's digest](Request::digest), the policy's version, the
    /// anonymity set in 8 bytes and the instant of the review.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Encoder::new("canvass/authorized/1")
            .digest(self.request().digest())
            .text(self.policy_version())
            .number(u64::from(self.min_households()))
            .instant(self.reviewed_at())
            .finish()
    }
}

impl Route {
    /// The SHA-256 digest of the route. **The operator's**: with it one can test guesses of who was
    /// asked.
    ///
    /// Of `canvass/route/1`, the [authorised request's digest](AuthorizedRequest::digest), the
    /// revision, the instant, and the list of owners, each with the list of their cameras, ids in 8
    /// bytes. Routing again with the same inputs gives the same digest, on every machine and for
    /// every order in which the registry was built.
    ///
    /// Linear in the route and in the area's vertices.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Encoder::new("canvass/route/1")
            .digest(self.authorized().digest())
            .number(self.revision().0)
            .instant(self.now())
            .each(self.recipients(), |encoder, recipient| {
                let encoder = encoder.number(recipient.owner.0);
                encoder.each(recipient.cameras.iter(), |encoder, camera| encoder.number(camera.0))
            })
            .finish()
    }
}

impl Receipt {
    /// The SHA-256 digest of the receipt: of `canvass/receipt/1`, the case reference, the agency,
    /// the code of the incident's kind, the window, the policy's version, the instant of the
    /// review, and `seeing_into` if the request asks for cameras that see into the area. Like the
    /// receipt it is the same for none, few and many.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Encoder::new("canvass/receipt/1")
            .text(self.case_reference())
            .number(self.agency().0)
            .text(self.incident().code())
            .window(self.window())
            .text(self.policy_version())
            .instant(self.reviewed_at())
            .camera_scope(self.camera_scope())
            .finish()
    }
}
