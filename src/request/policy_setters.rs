//! The setters of a [`Policy`], one for each field.

use super::policy::Policy;
use super::requirements::{Anonymity, CaseDetails, FutureWindows, Jurisdiction, SeeingInto};
use crate::model::{AgencyKind, QuietHours, SensitivePlaces};

/// Writes a setter for each field: a policy has new fields from time to time, so callers cannot write
/// one as a literal.
macro_rules! setters {
    ($($setter:ident($field:ident: $taken:ty) => $value:expr;)*) => {
        impl Policy {
            $(
                #[doc = concat!("The same policy with another [`", stringify!($field), "`](Self::", stringify!($field), ").")]
                #[must_use]
                pub fn $setter(self, $field: $taken) -> Self {
                    Self { $field: $value, ..self }
                }
            )*
        }
    };
}

setters! {
    with_version(version: impl Into<String>) => version.into();
    with_min_area_m2(min_area_m2: f64) => min_area_m2;
    with_max_area_m2(max_area_m2: f64) => max_area_m2;
    with_min_width_m(min_width_m: f64) => min_width_m;
    with_min_window_minutes(min_window_minutes: u32) => min_window_minutes;
    with_max_window_minutes(max_window_minutes: u32) => max_window_minutes;
    with_max_look_back_days(max_look_back_days: u32) => max_look_back_days;
    with_future_windows(future_windows: FutureWindows) => future_windows;
    with_seeing_into(seeing_into: SeeingInto) => seeing_into;
    with_max_vertices(max_vertices: u32) => max_vertices;
    with_max_parts(max_parts: u32) => max_parts;
    with_paperwork(paperwork: CaseDetails) => paperwork;
    with_agency_kinds(agency_kinds: impl IntoIterator<Item = AgencyKind>) => agency_kinds.into_iter().collect();
    with_jurisdiction(jurisdiction: Jurisdiction) => jurisdiction;
    with_max_requests_per_case(max_requests_per_case: u32) => max_requests_per_case;
    with_open_days(open_days: u32) => open_days;
    with_max_open_days(max_open_days: u32) => max_open_days;
    with_anonymity(anonymity: Anonymity) => anonymity;
    with_min_households(min_households: u32) => min_households;
    with_min_new_households(min_new_households: u32) => min_new_households;
    with_sharers_known_days(sharers_known_days: u32) => sharers_known_days;
    with_min_difference_m2(min_difference_m2: f64) => min_difference_m2;
    with_max_overlaps(max_overlaps: u32) => max_overlaps;
    with_quiet_hours(quiet_hours: impl Into<Option<QuietHours>>) => quiet_hours.into();
    with_sensitive_places(sensitive_places: SensitivePlaces) => sensitive_places;
}
