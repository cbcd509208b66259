//! The digest of a question: parts with the same digest answer the same one.

use jiff::Timestamp;

use crate::disclosure::{Digest, Encoder};
use crate::model::{OwnerId, SensitivePlace};
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
    let request = authorized.request();
    let silent: Vec<&SensitivePlace> =
        authorized.sensitive_places().silent(&request.window).collect();
    let encoder = encoder.each(silent.iter(), |encoder, place| encoder.area(place.area()));
    let known: Vec<OwnerId> = authorized.known_sharers().collect();
    encoder
        .number(u64::from(authorized.min_new_households()))
        .each(known.iter(), |encoder, owner| encoder.number(owner.0))
        .finish()
}
