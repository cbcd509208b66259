//! An owner's standing, as a consent and as their rows store it.

use super::consent_extras::ConsentExtras;
use crate::model::Consent;
use crate::registry::block::{RowStanding, RowTimeLimits};
use crate::registry::scopes::Terms;

/// The consent with these terms and extras.
pub(crate) fn granted(terms: &Terms, extras: Option<&ConsentExtras>) -> Consent {
    let usual = ConsentExtras::default();
    let extras = extras.unwrap_or(&usual);
    let (agencies, incidents) = terms.scopes();
    let consent = terms.zone().cloned().into_iter().fold(Consent::granted(), Consent::with_zone);
    consent
        .with_agencies(agencies.clone())
        .with_incidents(incidents.clone())
        .with_limit(extras.limit)
        .with_consent_period(extras.consent_period)
}

/// An owner's standing as their rows store it.
pub(crate) fn standing<'a>(
    terms: Option<u32>,
    extras: impl FnOnce() -> Option<&'a ConsentExtras>,
) -> RowStanding {
    match terms {
        None => RowStanding::NotGranted,
        Some(terms) => RowStanding::Granted { terms, timing: extras().and_then(timing) },
    }
}

/// The time limits of a grant with extras; `None` if it always holds.
fn timing(extras: &ConsentExtras) -> Option<RowTimeLimits> {
    let (reached_until, shares) = extras.limit.reached_by(extras.asked());
    let timing = RowTimeLimits {
        paused_until: extras.consent_period.paused_until,
        reached_until,
        expires: extras.consent_period.expires,
        shares,
    };
    let always = timing.paused_until == i64::MIN
        && timing.reached_until == i64::MIN
        && timing.shares.is_empty()
        && timing.expires == i64::MAX;
    (!always).then_some(timing)
}
