//! The digest of a question: parts with the same digest answer the same one.

use jiff::Timestamp;

use crate::disclosure::{Digest, Encoder};
use crate::request::AuthorizedRequest;

/// The SHA-256 digest of everything that decides a route besides the registry: the request, its review
/// with all that the policy added, and the instant.
pub(super) fn question(authorized: &AuthorizedRequest, now: Timestamp) -> Digest {
    let encoder = Encoder::new("canvass/question/1").digest(authorized.digest()).instant(now);
    let encoder = match authorized.quiet_hours() {
        Some(hours) => encoder
            .text(&hours.from().to_string())
            .text(&hours.until().to_string())
            .text(&hours.zone().to_string()),
        None => encoder.text(""),
    };
    encoder.each(authorized.never_asked().iter(), Encoder::area).finish()
}
