//! Configurations that are valid and yet let nobody ask, or protect nobody.

use canvass::policy::Jurisdiction;
use canvass::{Agency, Policy};

use crate::settings::{Caller, Settings};

impl Settings {
    /// Warnings about a configuration under which no request, or none of an agency, would pass, or whose
    /// policy has no anonymity set.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let Self { agencies, policy, .. } = self;
        let mut warnings = Vec::new();
        let mut warn = |line: String| warnings.push(line);
        if agencies.is_empty() {
            warn("there are no `agencies`, so that nobody can make a request".to_owned());
        }
        if policy.min_households < Policy::LEAST_HOUSEHOLDS {
            warn(format!(
                "`policy.anonymity` is waived and `policy.min_households` is {}, so that requests point at \
                 homes: never ask real people so",
                policy.min_households
            ));
        }
        for Caller { agency, .. } in agencies {
            if let Some(why) = nothing_passes(agency, policy) {
                warn(format!("agency `{}` {why}, so that all its requests are refused", agency.id));
            }
        }
        warnings
    }
}

/// The reason why a policy refuses every request of an agency, if it does.
fn nothing_passes(agency: &Agency, policy: &Policy) -> Option<String> {
    if !policy.agency_kinds.contains(&agency.kind) {
        return Some(format!("is {}, which `policy.agency_kinds` leaves out", agency.kind.code()));
    }
    if policy.jurisdiction != Jurisdiction::Within {
        return None;
    }
    match &agency.jurisdiction {
        None => Some("has no `jurisdiction`, which the policy asks for".to_owned()),
        Some(area) if area.size_m2() < policy.min_area_m2 => {
            Some("has a `jurisdiction` smaller than `policy.min_area_m2`".to_owned())
        }
        Some(_) => None,
    }
}
