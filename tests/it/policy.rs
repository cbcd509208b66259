//! Policies: every limit at its edge, and every violation with its message.

use canvass::policy::{CaseDetails, FutureWindows};
use canvass::{
    Agency, AgencyId, AgencyKind, Area, CaseFile, IncidentKind, Policy, Request, RequestId,
    TimeWindow, Violations,
};
use jiff::SignedDuration;

use crate::support::*;

/// A request that the default policy lets pass, of an agency with a jurisdiction.
pub fn request() -> Request {
    asking(square(10.0, 50.0, 10.005, 50.005))
}

/// The case file of an agency that has not asked anything yet.
pub fn blank() -> CaseFile {
    CaseFile::new(AgencyId(1))
}

pub fn police() -> Agency {
    agency().with_jurisdiction(square(9.9, 49.9, 10.1, 50.1))
}

#[track_caller]
pub fn violations(policy: &Policy, request: &Request, agency: &Agency) -> Violations {
    policy.review(request, agency, &blank(), noon()).unwrap_err()
}

/// The one violation of a request, as code and sentence.
#[track_caller]
pub fn violation(policy: &Policy, request: &Request, agency: &Agency) -> (&'static str, String) {
    let violations = violations(policy, request, agency);
    let all: Vec<_> = violations.iter().collect();
    assert_eq!(all.len(), 1, "{violations}");
    (all[0].code(), all[0].to_string())
}

/// Asserts that a changed request breaks one limit of the default policy, with this message.
#[track_caller]
fn breaks(change: impl FnOnce(&mut Request, &mut Agency), code: &str, sentence: &str) {
    let (mut request, mut agency) = (request(), police());
    change(&mut request, &mut agency);
    let (found, words) = violation(&default_policy(), &request, &agency);
    assert_eq!((found, words.as_str()), (code, sentence));
}

pub fn window(start: &str, end: &str) -> TimeWindow {
    TimeWindow::new(at(start), at(end)).unwrap()
}

/// A window that ended some seconds before noon.
fn ending(ago: i64, minutes: i64) -> TimeWindow {
    let end = noon() - SignedDuration::from_secs(ago);
    TimeWindow::new(end - SignedDuration::from_mins(minutes), end).unwrap()
}

#[test]
fn a_request_within_all_limits_passes() {
    let authorized = default_policy().review(&request(), &police(), &blank(), noon()).unwrap();
    assert_eq!(authorized.request(), &request());
    assert_eq!(authorized.policy_version(), "default-1");
    assert_eq!((authorized.min_households(), authorized.reviewed_at()), (11, noon()));
}

#[test]
fn a_request_in_the_name_of_another_agency_is_refused() {
    breaks(
        |_, agency| agency.id = AgencyId(2),
        "unknown_agency",
        "the request names agency `1`, but it was submitted by agency `2`",
    );
}

#[test]
fn state_and_federal_agencies_are_refused() {
    for (kind, word) in [(AgencyKind::State, "state"), (AgencyKind::Federal, "federal")] {
        let sentence = format!("{word} agencies may not ask here");
        breaks(|_, agency| agency.kind = kind, "agency_kind_not_allowed", &sentence);
    }
    let county = police().with_kind(AgencyKind::County);
    assert!(default_policy().review(&request(), &county, &blank(), noon()).is_ok());
}

#[test]
fn an_agency_without_a_jurisdiction_on_record_is_refused() {
    breaks(
        |_, agency| agency.jurisdiction = None,
        "jurisdiction_unknown",
        "the agency has no jurisdiction on record; the operator must add it first",
    );
}

#[test]
fn an_area_beyond_the_jurisdiction_is_refused() {
    let sentence = "the area reaches beyond the agency's jurisdiction; draw it within";
    let by = |east| Some(square(10.0, 50.0, east, 50.005));
    breaks(|_, agency| agency.jurisdiction = by(10.004_999_9), "outside_jurisdiction", sentence);
    let exactly = police().with_jurisdiction(by(10.005));
    assert!(default_policy().review(&request(), &exactly, &blank(), noon()).is_ok());
}

#[test]
fn an_area_of_too_many_vertices_is_refused() {
    // A circle of 64 vertices and further boxes of 4.
    let area = |boxes: i32| {
        let circle = Area::from_circle(place((10, 50), 0, 0), 300.0).unwrap();
        let mut parts = circle.to_multi_polygon().0;
        let boxes = (0..boxes).map(|i| {
            square(10.01, 50.0 + f64::from(i) * 0.005, 10.015, 50.004 + f64::from(i) * 0.005)
        });
        boxes.for_each(|part| parts.extend(part.to_multi_polygon().0));
        Area::try_from(geo::MultiPolygon(parts)).unwrap()
    };
    assert_eq!((area(9).vertices(), area(9).parts()), (100, 10));
    let policy = default_policy().with_max_area_m2(1e9);
    let exactly = request().with_area(area(9));
    assert!(policy.review(&exactly, &police(), &blank(), noon()).is_ok());
    let codes = |boxes| codes(&violations(&policy, &request().with_area(area(boxes)), &police()));
    assert_eq!(codes(10), ["too_many_vertices", "too_many_parts"]);
    let policy = policy.clone().with_max_parts(11);
    let past = request().with_area(area(10));
    let (code, words) = violation(&policy, &past, &police());
    assert_eq!(code, "too_many_vertices");
    assert_eq!(words, "the area has 104 vertices; simplify it to at most 100");
    let policy = policy.with_max_parts(10).with_max_vertices(104);
    let (code, words) = violation(&policy, &past, &police());
    assert_eq!(code, "too_many_parts");
    assert_eq!(words, "the area has 11 parts; at most 10 are allowed");
}

#[test]
fn oversized_areas_are_not_compared_with_the_jurisdiction() {
    for (policy, code) in past_geometry() {
        let elsewhere = police().with_jurisdiction(square(0.0, 0.0, 1.0, 1.0));
        assert_eq!(codes(&violations(&policy, &request(), &elsewhere)), [code]);
    }
}

/// Two policies, each with one limit that the area of [`request`] exceeds.
fn past_geometry() -> [(Policy, &'static str); 2] {
    [
        (default_policy().with_max_vertices(3), "too_many_vertices"),
        (default_policy().with_max_parts(0), "too_many_parts"),
    ]
}

#[test]
fn oversized_areas_are_not_compared_with_earlier_ones() {
    let mut file = blank();
    let earlier = request().with_area(square(10.0, 50.0, 10.005, 50.005_1));
    let reviewed =
        Policy::without_limits_or_anonymity().review(&earlier, &police(), &file, noon()).unwrap();
    file.open(RequestId(1), &reviewed, noon()).unwrap();
    let codes =
        |policy: &Policy| codes(&policy.review(&request(), &police(), &file, noon()).unwrap_err());
    let compares = |policy: Policy| policy.with_min_difference_m2(64_750.0).with_max_overlaps(64);
    assert_eq!(codes(&compares(default_policy())), ["too_close_to_earlier"]);
    for (policy, code) in past_geometry() {
        assert_eq!(codes(&compares(policy)), [code]);
    }
}

#[test]
fn areas_beyond_the_size_limits_are_refused() {
    breaks(
        |request, _| request.area = square(10.0, 50.0, 10.002, 50.002),
        "area_too_small",
        "the area is 31897 m2; draw at least 64750 m2",
    );
    breaks(
        |request, _| request.area = square(10.0, 50.0, 10.02, 50.02),
        "area_too_large",
        "the area is 3189205 m2; draw at most 1294994 m2",
    );
    let size = request().area.size_m2();
    let limits = |min: f64, max: f64| {
        let policy = default_policy().with_min_area_m2(min).with_max_area_m2(max);
        policy
            .review(&request(), &police(), &blank(), noon())
            .map_err(|violations| codes(&violations))
    };
    assert!(limits(size, size).is_ok(), "exactly");
    assert_eq!(limits(size.next_up(), f64::MAX).unwrap_err(), ["area_too_small"]);
    assert_eq!(limits(0.0, size.next_down()).unwrap_err(), ["area_too_large"]);
}

#[test]
fn near_misses_of_a_size_name_two_numbers() {
    let size = request().area.size_m2();
    assert_eq!(format!("{size:.0}"), "199356");
    let words = |min: f64, max: f64| {
        let policy = default_policy().with_min_area_m2(min).with_max_area_m2(max);
        violations(&policy, &request(), &police()).to_string()
    };
    let least = words(size.next_up(), f64::MAX);
    assert_eq!(least, "the area is 199356 m2; draw at least 199357 m2");
    assert_eq!(words(0.0, size.next_down()), "the area is 199357 m2; draw at most 199356 m2");
}

#[test]
fn holes_are_no_part_of_the_size() {
    let text = "POLYGON((10 50, 10.02 50, 10.02 50.02, 10 50.02, 10 50), (10.001 50.001, 10.019 50.001, 10.019 50.019, 10.001 50.019, 10.001 50.001))";
    let request = request().with_area(Area::from_wkt(text).unwrap());
    assert!(default_policy().review(&request, &police(), &blank(), noon()).is_ok());
}

#[test]
fn a_part_that_is_too_small_is_refused() {
    let parts = |east: f64| {
        let text = format!(
            "MULTIPOLYGON(((10 50, 10.005 50, 10.005 50.005, 10 50.005, 10 50)), ((10.01 50, {east} 50, {east} 50.005, 10.01 50.005, 10.01 50)))"
        );
        Area::from_wkt(&text).unwrap()
    };
    breaks(
        |request, _| request.area = parts(10.011),
        "part_too_small",
        "part 2 of the area is 39871 m2; each part must have at least 64750 m2",
    );
    let exactly = parts(10.011).part_sizes_m2().nth(1).unwrap();
    let request = request().with_area(parts(10.011));
    let policy = default_policy().with_min_area_m2(exactly);
    assert!(policy.review(&request, &police(), &blank(), noon()).is_ok());
    let policy = policy.with_min_area_m2(exactly.next_up());
    assert_eq!(codes(&violations(&policy, &request, &police())), ["part_too_small"]);
    // If the whole area is too small, the message names the whole.
    let policy = policy.with_min_area_m2(request.area.size_m2().next_up());
    assert_eq!(codes(&violations(&policy, &request, &police())), ["area_too_small"]);
}

#[test]
fn windows_beyond_the_length_limits_are_refused() {
    breaks(
        |request, _| request.window = window("2026-05-09T18:00:00Z", "2026-05-09T18:14:59Z"),
        "window_too_short",
        "the window is 14m 59s; ask for at least 15m",
    );
    breaks(
        |request, _| request.window = window("2026-05-09T18:00:00Z", "2026-05-10T06:00:01Z"),
        "window_too_long",
        "the window is 12h 1s; ask for at most 12h",
    );
    for minutes in [15, 12 * 60] {
        let exactly = request().with_window(ending(3_600, minutes));
        assert!(default_policy().review(&exactly, &police(), &blank(), noon()).is_ok());
    }
}

#[test]
fn a_window_in_the_future_is_refused() {
    breaks(
        |request, _| request.window = ending(-1, 60),
        "window_in_future",
        "the window ends at `2026-05-10T12:00:01Z`, after now, `2026-05-10T12:00:00Z`; ask once it \
         has passed",
    );
    let exactly = request().with_window(ending(0, 60));
    assert!(default_policy().review(&exactly, &police(), &blank(), noon()).is_ok());
    let policy = default_policy().with_future_windows(FutureWindows::Allowed);
    let future = request().with_window(ending(-86_400, 60));
    assert!(policy.review(&future, &police(), &blank(), noon()).is_ok());
}

#[test]
fn a_window_that_lies_too_far_back_is_refused() {
    let back = |seconds: i64| {
        let start = noon() - days(45) - SignedDuration::from_secs(seconds);
        TimeWindow::new(start, start + SignedDuration::from_hours(1)).unwrap()
    };
    breaks(
        |request, _| request.window = back(1),
        "window_too_old",
        "the window starts at `2026-03-26T11:59:59Z`, more than 45 days ago",
    );
    let exactly = request().with_window(back(0));
    assert!(default_policy().review(&exactly, &police(), &blank(), noon()).is_ok());
}

#[test]
fn a_request_without_a_case_or_a_contact_is_refused() {
    for blank in ["", " ", "\t\n"] {
        breaks(
            |request, _| request.case_reference = blank.to_owned(),
            "case_reference_missing",
            "a case reference is missing; name the case that this belongs to",
        );
        breaks(
            |request, _| request.contact = blank.to_owned(),
            "contact_missing",
            "a contact is missing; name somebody whom an owner can call",
        );
    }
    let policy = default_policy().with_paperwork(CaseDetails::Optional);
    let request = Request::new(AgencyId(1), IncidentKind::Burglary, request().area, evening());
    assert!(policy.review(&request, &police(), &blank(), noon()).is_ok());
}

#[test]
fn all_violations_come_at_once_in_order() {
    let text = "MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)), ((5 5, 5.000001 5, 5.000001 5.000001, 5 5)))";
    let start = noon() - days(50);
    let window = TimeWindow::new(start, noon() + days(1)).unwrap();
    let area = Area::from_wkt(text).unwrap();
    let request = Request::new(AgencyId(7), IncidentKind::Arson, area, window);
    let federal = agency().with_kind(AgencyKind::Federal);
    let policy = default_policy().with_max_vertices(5).with_max_parts(1);
    let violations = violations(&policy, &request, &federal);
    assert_eq!(
        codes(&violations),
        [
            "unknown_agency",
            "agency_kind_not_allowed",
            "jurisdiction_unknown",
            "too_many_vertices",
            "too_many_parts",
            "area_too_large",
            "part_too_small",
            "window_too_long",
            "window_in_future",
            "window_too_old",
            "case_reference_missing",
            "contact_missing",
            "other_case_file",
        ]
    );
    // One line for people, and one object for each violation for programs.
    let line = violations.to_string();
    assert_eq!(
        line.split("; ").next(),
        Some("the request names agency `7`, but it was submitted by agency `1`")
    );
    let written = serde_json::to_value(&violations).unwrap();
    assert_eq!(written.as_array().unwrap().len(), 13);
    assert_eq!(
        written[1].to_string(),
        r#"{"code":"agency_kind_not_allowed","message":"federal agencies may not ask here"}"#
    );
    assert_eq!(violations.into_iter().count(), 13);
}
