//! The check of a policy's limits: against each other, and each by itself.

use super::policy::Policy;
use super::policy_error::PolicyError;
use super::requirements::{Anonymity, FutureWindows};

impl Policy {
    /// The first contradiction among the limits, if there is one.
    pub(crate) fn error(&self) -> Option<PolicyError> {
        let sizes = [
            ("min_area_m2", self.min_area_m2),
            ("max_area_m2", self.max_area_m2),
            ("min_width_m", self.min_width_m),
            ("min_difference_m2", self.min_difference_m2),
        ];
        let nan = sizes.into_iter().find(|(_, m2)| m2.is_nan());
        let (min_m2, max_m2) = (self.min_area_m2, self.max_area_m2);
        let (min, max) = (self.min_window_minutes, self.max_window_minutes);
        let look_back_days = self.max_look_back_days;
        // A window has a length, if there is no shortest one.
        let is_too_long = min.max(1) > look_back_days.saturating_mul(24 * 60);
        if let Some((limit, _)) = nan {
            Some(PolicyError::NotANumber { limit })
        } else if min_m2 > max_m2 {
            Some(PolicyError::Area { min_m2, max_m2 })
        } else if min > max {
            Some(PolicyError::Window { min, max })
        } else if self.future_windows == FutureWindows::Refused && is_too_long {
            Some(PolicyError::LookBack { min, look_back_days })
        } else if self.open_days > self.max_open_days {
            Some(PolicyError::OpenDays { open: self.open_days, max: self.max_open_days })
        } else if self.anonymity == Anonymity::Required
            && self.min_households < Self::LEAST_HOUSEHOLDS
        {
            let (households, least) = (self.min_households, Self::LEAST_HOUSEHOLDS);
            Some(PolicyError::AnonymitySet { households, least })
        } else {
            None
        }
    }

    /// The first limit that is out of range by itself. A review does not ask for this: under such a limit it refuses
    /// each request for a reason of the request, or the limit limits nothing.
    pub(super) fn out_of_range(&self) -> Option<PolicyError> {
        let sizes = [
            ("min_area_m2", self.min_area_m2),
            ("max_area_m2", self.max_area_m2),
            ("min_width_m", self.min_width_m),
            ("min_difference_m2", self.min_difference_m2),
        ];
        // An area has three vertices, and a window a length.
        let counts = [
            ("max_window_minutes", self.max_window_minutes, 1),
            ("max_vertices", self.max_vertices, 3),
            ("max_parts", self.max_parts, 1),
            ("max_requests_per_case", self.max_requests_per_case, 1),
            ("open_days", self.open_days, 1),
        ];
        let is_size = |value: f64| value.is_finite() && value >= 0.0;
        let size = |(limit, value), expected| PolicyError::Size { limit, value, expected };
        if let Some(wrong) = sizes.into_iter().find(|&(_, value)| !is_size(value)) {
            return Some(size(wrong, "that is not negative"));
        }
        if self.max_area_m2 == 0.0 {
            return Some(size(("max_area_m2", 0.0), "above 0"));
        }
        if let Some((limit, value, least)) =
            counts.into_iter().find(|&(_, value, least)| value < least)
        {
            return Some(PolicyError::NothingPasses { limit, value, least });
        }
        self.agency_kinds.is_empty().then_some(PolicyError::NoAgencyKind)
    }
}
