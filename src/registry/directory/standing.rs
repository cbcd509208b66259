//! An owner's standing: as a consent, and as their rows show it.

use super::owners::ConsentExtras;
use crate::model::Consent;
use crate::registry::block::{GrantWindow, RowStanding};
use crate::registry::scopes::Terms;

/// The consent of given terms, and what is special about it.
pub(crate) fn granted(terms: &Terms, special: Option<&ConsentExtras>) -> Consent {
    let usual = ConsentExtras::default();
    let special = special.unwrap_or(&usual);
    let (agencies, incidents) = terms.scopes();
    let consent = terms.zone().cloned().into_iter().fold(Consent::granted(), Consent::with_zone);
    consent
        .with_agencies(agencies.clone())
        .with_incidents(incidents.clone())
        .with_limit(special.limit)
        .with_grant_span(special.grant_span)
}

/// An owner's standing as their rows show it.
pub(crate) fn standing<'a>(
    terms: Option<u32>,
    special: impl FnOnce() -> Option<&'a ConsentExtras>,
) -> RowStanding {
    match terms {
        None => RowStanding::NotGranted,
        Some(terms) => RowStanding::Granted { terms, timing: special().and_then(timing) },
    }
}

/// When a special grant holds; `None` if that is always.
fn timing(special: &ConsentExtras) -> Option<GrantWindow> {
    let timing = GrantWindow {
        paused_until: special.grant_span.paused_until,
        reached_until: special.limit.reached_until(special.asked().iter().copied()),
        expires: special.grant_span.expires,
    };
    let always = timing.paused_until == i64::MIN
        && timing.reached_until == i64::MIN
        && timing.expires == i64::MAX;
    (!always).then_some(timing)
}
