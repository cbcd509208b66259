//! The one way past the operator's limits.

use jiff::{SignedDuration, Timestamp};

use super::authorized::{Authorized, AuthorizedRequest};
use super::case_file::{CaseFile, after_days};
use super::policy::Policy;
use super::request::Request;
use super::requirements::{CaseDetails, FutureWindows, Jurisdiction, SeeingInto};
use super::search_area::CameraScope;
use super::violation::{Violation, Violations};
use crate::geometry::{Area, Neck, Overlap};
use crate::model::{Agency, DAY, RequestId, seconds};
use crate::util::trace;

impl Policy {
    /// Reviews a request that `agency` submitted, at `now`, given its case file. Pass the agency
    /// that you authenticated, not the one that the request names.
    ///
    /// Linear in the area's vertices, and a little more where a jurisdiction is compared; O(n²) for
    /// each of the agency's earlier areas that it may overlap.
    ///
    /// # Errors
    ///
    /// Every violation at once, in a fixed order. A sensitive place is named only if nothing else is
    /// refused: correct the rest first.
    pub fn review(
        &self,
        request: &Request,
        agency: &Agency,
        file: &CaseFile,
        now: Timestamp,
    ) -> Result<AuthorizedRequest, Violations> {
        trace::span!("review", agency = agency.id.0, policy = &*self.version);
        let earlier = self.earlier(request, file);
        let invalid = self.error().map(|error| Violation::InvalidPolicy { error });
        let violations: Vec<Violation> = invalid
            .into_iter()
            .chain(self.agency_violations(request, agency))
            .chain(self.area_violations(request))
            .chain(self.window_violations(request, now))
            .chain(self.sight_violation(request))
            .chain(self.paperwork_violations(request))
            .chain(self.case_violations(request, file))
            .chain(self.overlap_violations(earlier.as_deref().unwrap_or_default()))
            .collect();
        // A place is named to whom would otherwise be let pass, never beside another refusal: or a map
        // of all places could be drawn with requests that nobody ever sees. Nor is one looked for, or the
        // time would show it.
        let violations =
            if violations.is_empty() { self.sensitive_violations(request) } else { violations };
        if violations.is_empty() {
            trace::event!("authorized");
            Ok(AuthorizedRequest::new(Authorized {
                request: request.clone(),
                policy_version: self.version.clone(),
                min_households: self.min_households,
                min_new_households: self.min_new_households.min(self.min_households),
                shared: file.shared().clone(),
                known_since: before(now, self.sharers_known_days),
                max_per_case: self.max_requests_per_case,
                open_days: (self.open_days, self.max_open_days),
                quiet_hours: self.quiet_hours.clone(),
                reviewed_at: now,
                routes_until: after_days(now, self.max_open_days),
                sensitive_places: self.sensitive_places.clone(),
                earlier: earlier.map(|all| all.into_iter().map(|known| known.area).collect()),
            }))
        } else {
            trace::event!(
                codes = ?violations.iter().map(Violation::code).collect::<Vec<_>>(),
                "refused"
            );
            Err(Violations(violations))
        }
    }

    fn agency_violations(
        &self,
        request: &Request,
        agency: &Agency,
    ) -> impl Iterator<Item = Violation> {
        let unknown = (request.agency != agency.id)
            .then_some(Violation::UnknownAgency { named: request.agency, known: agency.id });
        let kind = (!self.agency_kinds.contains(&agency.kind))
            .then_some(Violation::AgencyKindNotAllowed { kind: agency.kind });
        let jurisdiction = match (self.jurisdiction, &agency.jurisdiction) {
            (Jurisdiction::Anywhere, _) => None,
            (Jurisdiction::Within, None) => Some(Violation::JurisdictionUnknown),
            // A jurisdiction is compared only with an area that is small enough to be asked.
            (Jurisdiction::Within, Some(within)) => (self.fits_geometry(request)
                && !within.covers_area(&request.area))
            .then_some(Violation::OutsideJurisdiction),
        };
        [unknown, kind, jurisdiction].into_iter().flatten()
    }

    fn fits_geometry(&self, request: &Request) -> bool {
        count(request.area.vertices()) <= self.max_vertices
            && count(request.area.parts()) <= self.max_parts
    }

    fn area_violations(&self, request: &Request) -> impl Iterator<Item = Violation> {
        let (area, vertices, parts) =
            (&request.area, count(request.area.vertices()), count(request.area.parts()));
        let many_vertices = (vertices > self.max_vertices)
            .then_some(Violation::TooManyVertices { vertices, allowed: self.max_vertices });
        let many_parts = (parts > self.max_parts)
            .then_some(Violation::TooManyParts { parts, allowed: self.max_parts });
        let size = area.size_m2();
        let small = is_below(size, self.min_area_m2)
            .then_some(Violation::AreaTooSmall { m2: size, allowed_m2: self.min_area_m2 });
        let large = is_above(size, self.max_area_m2)
            .then_some(Violation::AreaTooLarge { m2: size, allowed_m2: self.max_area_m2 });
        // With one part the check of the whole found it already.
        let small_part = area
            .part_sizes_m2()
            .enumerate()
            .filter(|_| parts > 1 && small.is_none())
            .find(|&(_, m2)| is_below(m2, self.min_area_m2))
            .map(|(part, m2)| Violation::PartTooSmall { part, m2, allowed_m2: self.min_area_m2 });
        let others = [many_vertices, many_parts, small, large, small_part];
        // Looked for only in an area that could be asked about: a little one is narrow everywhere, and one
        // with many corners takes long.
        let is_measured = is_below(0.0, self.min_width_m) && others.iter().all(Option::is_none);
        let neck = if is_measured { area.neck(self.min_width_m) } else { None };
        let narrow = neck.map(|Neck { part, m, ends }| {
            let allowed_m = self.min_width_m;
            Violation::TooNarrow { part, m, allowed_m, ends }
        });
        others.into_iter().flatten().chain(narrow)
    }

    fn window_violations(
        &self,
        request: &Request,
        now: Timestamp,
    ) -> impl Iterator<Item = Violation> {
        let window = &request.window;
        let asked = window.duration();
        let (least, most) = (minutes(self.min_window_minutes), minutes(self.max_window_minutes));
        let short = (asked < least).then_some(Violation::WindowTooShort { asked, allowed: least });
        let long = (asked > most).then_some(Violation::WindowTooLong { asked, allowed: most });
        let future = (self.future_windows == FutureWindows::Refused && window.end() > now)
            .then_some(Violation::WindowInFuture { end: window.end(), now });
        let back = seconds(now).saturating_sub(seconds(window.start()));
        let old = (back > i64::from(self.max_look_back_days).saturating_mul(DAY)).then_some(
            Violation::WindowTooOld {
                start: window.start(),
                allowed_days: self.max_look_back_days,
            },
        );
        [short, long, future, old].into_iter().flatten()
    }

    fn sight_violation(&self, request: &Request) -> Option<Violation> {
        let asked = request.camera_scope == CameraScope::SeeingInto;
        (asked && self.seeing_into == SeeingInto::Refused)
            .then_some(Violation::SeeingIntoNotAllowed)
    }

    fn paperwork_violations(&self, request: &Request) -> impl Iterator<Item = Violation> {
        let required = self.paperwork == CaseDetails::Required;
        let case = (required && request.case_reference.trim().is_empty())
            .then_some(Violation::CaseReferenceMissing);
        let contact =
            (required && request.contact.trim().is_empty()).then_some(Violation::ContactMissing);
        [case, contact].into_iter().flatten()
    }

    fn case_violations(
        &self,
        request: &Request,
        file: &CaseFile,
    ) -> impl Iterator<Item = Violation> {
        let other = (file.agency() != request.agency)
            .then_some(Violation::OtherCaseFile { named: request.agency, file: file.agency() });
        let exhausted = (file.opened_in(&request.case_reference) >= self.max_requests_per_case)
            .then_some(Violation::CaseExhausted { allowed: self.max_requests_per_case });
        [other, exhausted].into_iter().flatten()
    }

    /// The earlier requests whose areas the request overlaps; those of one area once. `None` if no limit
    /// asks for them, or if the area is past the limits of geometry.
    fn earlier(&self, request: &Request, file: &CaseFile) -> Option<Vec<Earlier>> {
        let compares = is_below(0.0, self.min_difference_m2) || self.max_overlaps < u32::MAX;
        (compares && self.fits_geometry(request)).then(|| {
            let mut earlier = Vec::<Earlier>::new();
            for opened in file.iter().filter(|opened| opened.is_near(&request.area)) {
                let area = &opened.request().area;
                if earlier.iter().all(|known| !known.area.is_same_region(area)) {
                    let overlap = request.area.overlap(area);
                    if overlap != Overlap::Apart {
                        earlier.push(Earlier { id: opened.id(), area: area.clone(), overlap });
                    }
                }
            }
            earlier
        })
    }

    /// The sensitive places that the request may not touch. Called for an area within the limits of
    /// geometry and of size alone: a continent would name all places there are. Silent places are not
    /// looked at: routing spares them, whose time no agency sees.
    fn sensitive_violations(&self, request: &Request) -> Vec<Violation> {
        let refused = self.sensitive_places.refused_by(&request.area, &request.window);
        let named = refused.into_iter().map(|place| Violation::SensitivePlace {
            kind: place.kind(),
            label: place.label().to_owned(),
        });
        named.collect()
    }

    fn overlap_violations(&self, earlier: &[Earlier]) -> impl Iterator<Item = Violation> {
        let close = earlier.iter().find_map(|earlier| match earlier.overlap {
            Overlap::Partial { difference_m2: m2 } if is_below(m2, self.min_difference_m2) => {
                let allowed_m2 = self.min_difference_m2;
                Some(Violation::TooCloseToEarlier { id: earlier.id, m2, allowed_m2 })
            }
            _ => None,
        });
        let overlaps = count(earlier.len());
        let many = (overlaps > self.max_overlaps)
            .then_some(Violation::TooManyOverlaps { overlaps, allowed: self.max_overlaps });
        [close, many].into_iter().flatten()
    }
}

/// An earlier request whose area overlaps the one that is reviewed.
struct Earlier {
    id: RequestId,
    area: Area,
    overlap: Overlap,
}

/// Whether a size falls short of a limit. All do of NaN, which formats other than JSON can write: a
/// limit that is no number lets nothing pass.
fn is_below(m2: f64, limit: f64) -> bool {
    !(limit..).contains(&m2)
}

/// Whether a size is past a limit; all are past NaN.
fn is_above(m2: f64, limit: f64) -> bool {
    !(..=limit).contains(&m2)
}

/// So many days of 24 hours earlier, or the beginning of time.
fn before(now: Timestamp, days: u32) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN)
}

fn minutes(number: u32) -> SignedDuration {
    SignedDuration::from_mins(i64::from(number))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
