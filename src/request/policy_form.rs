//! The serde form of a [`Policy`]: defaults for all fields but the quiet hours, then the check.

use std::collections::BTreeSet;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::policy::Policy;
use super::requirements::{Anonymity, CaseDetails, FutureWindows, Jurisdiction, SeeingInto};
use crate::model::{AgencyKind, QuietHours, SensitivePlaces, Zone, or_none};

/// The message where a text has no quiet hours.
const NO_HOURS: &str = "`quiet_hours` are missing: name a zone for owners who named none, such as \
                        `{\"zone\": \"America/Denver\"}`, or write `\"none\"` if notices may be sent at night";

/// A policy as it is read, before it is checked.
#[expect(clippy::option_option, reason = "left out, none, and some are three answers")]
#[derive(Deserialize)]
#[serde(crate = "crate::util::by_name", rename = "Policy", default, deny_unknown_fields)]
struct PolicyForm {
    version: String,
    min_area_m2: f64,
    max_area_m2: f64,
    min_width_m: f64,
    min_window_minutes: u32,
    max_window_minutes: u32,
    max_look_back_days: u32,
    future_windows: FutureWindows,
    seeing_into: SeeingInto,
    max_vertices: u32,
    max_parts: u32,
    paperwork: CaseDetails,
    agency_kinds: BTreeSet<AgencyKind>,
    jurisdiction: Jurisdiction,
    max_requests_per_case: u32,
    open_days: u32,
    max_open_days: u32,
    anonymity: Anonymity,
    min_households: u32,
    min_new_households: u32,
    sharers_known_days: u32,
    min_difference_m2: f64,
    max_overlaps: u32,
    sensitive_places: SensitivePlaces,
    #[serde(deserialize_with = "given")]
    quiet_hours: Option<Option<QuietHours>>,
}

/// Converts both ways: a field that is forgotten here does not compile.
macro_rules! converted {
    ($($field:ident),*) => {
        impl Default for PolicyForm {
            fn default() -> Self {
                // Of any zone: the default's quiet hours are not taken.
                let Policy { $($field,)* quiet_hours: _ } = Policy::in_zone(Zone::UTC);
                Self { $($field,)* quiet_hours: None }
            }
        }

        impl PolicyForm {
            fn into_policy(self, quiet_hours: Option<QuietHours>) -> Policy {
                Policy { $($field: self.$field,)* quiet_hours }
            }
        }
    };
}

converted! {
    version, min_area_m2, max_area_m2, min_width_m, min_window_minutes, max_window_minutes,
    max_look_back_days, future_windows, seeing_into, max_vertices, max_parts, paperwork,
    agency_kinds, jurisdiction, max_requests_per_case, open_days, max_open_days, anonymity,
    min_households, min_new_households, sharers_known_days, min_difference_m2, max_overlaps,
    sensitive_places
}

/// Quiet hours that are there, be it as `"none"`.
#[expect(clippy::option_option, reason = "left out, none, and some are three answers")]
fn given<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<QuietHours>>, D::Error> {
    or_none::deserialize(deserializer).map(Some)
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut form = PolicyForm::deserialize(deserializer)?;
        let quiet_hours = form.quiet_hours.take().ok_or_else(|| D::Error::custom(NO_HOURS))?;
        form.into_policy(quiet_hours).checked().map_err(D::Error::custom)
    }
}
