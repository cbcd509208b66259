//! An owner's standing: as a consent, and as their rows show it.

use super::owners::Special;
use crate::model::Consent;
use crate::registry::block::{RowStanding, Timing};
use crate::registry::scopes::Terms;

/// The consent of given terms, and what is special about it.
pub(crate) fn granted(terms: &Terms, special: Option<&Special>) -> Consent {
    let usual = Special::default();
    let special = special.unwrap_or(&usual);
    let (agencies, incidents) = terms.scopes();
    let consent = terms.zone().cloned().into_iter().fold(Consent::granted(), Consent::zone);
    consent
        .agencies(agencies.clone())
        .incidents(incidents.clone())
        .limited(special.limit)
        .lapsing(special.lapses)
}

/// An owner's standing as their rows show it.
pub(crate) fn standing<'a>(
    terms: Option<u32>,
    special: impl FnOnce() -> Option<&'a Special>,
) -> RowStanding {
    match terms {
        None => RowStanding::NotGranted,
        Some(terms) => RowStanding::Granted { terms, timing: special().and_then(timing) },
    }
}

/// When a special grant holds; `None` if that is always.
fn timing(special: &Special) -> Option<Timing> {
    let timing = Timing {
        paused_until: special.lapses.paused_until,
        reached_until: special.limit.reached_until(special.asked().iter().copied()),
        expires: special.lapses.expires,
    };
    let always = timing.paused_until == i64::MIN
        && timing.reached_until == i64::MIN
        && timing.expires == i64::MAX;
    (!always).then_some(timing)
}
