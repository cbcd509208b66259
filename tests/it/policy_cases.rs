//! Policies and case files: the number of requests in a case, and the file that counts.

use canvass::policy::CaseDetails;
use canvass::{AgencyId, CaseFile, RequestId};

use crate::policy::{blank, police, request};
use crate::support::*;

#[test]
fn a_case_has_two_requests_and_no_third() {
    let policy = default_policy();
    let mut file = blank();
    for id in 0..2 {
        let authorized = policy.review(&request(), &police(), &file, noon()).unwrap();
        file.open(RequestId(id), &authorized, noon()).unwrap();
    }
    let violations = policy.review(&request(), &police(), &file, noon()).unwrap_err();
    assert_eq!(codes(&violations), ["case_exhausted"]);
    assert_eq!(violations.to_string(), "the case has had 2 requests, and no more are allowed");
    let other = request().with_case("26-0118");
    assert!(policy.review(&other, &police(), &file, noon()).is_ok(), "another case");
    let spaced = request().with_case(" 26-0117 ");
    assert!(policy.review(&spaced, &police(), &file, noon()).is_err(), "the same case");
}

#[test]
fn requests_without_a_case_reference_are_one_case() {
    let policy = default_policy().with_paperwork(CaseDetails::Optional);
    let mut file = blank();
    for (id, reference) in [(0, ""), (1, "  ")] {
        let request = request().with_case(reference);
        let authorized = policy.review(&request, &police(), &file, noon()).unwrap();
        file.open(RequestId(id), &authorized, noon()).unwrap();
    }
    let third = policy.review(&request().with_case(""), &police(), &file, noon()).unwrap_err();
    assert_eq!(codes(&third), ["case_exhausted"]);
    assert!(policy.review(&request(), &police(), &file, noon()).is_ok(), "one with a reference");
}

#[test]
fn concurrent_reviews_do_not_exceed_the_case_limit() {
    let policy = default_policy();
    let mut file = blank();
    let authorized = policy.review(&request(), &police(), &file, noon()).unwrap();
    file.open(RequestId(1), &authorized, noon()).unwrap();
    assert_eq!(
        file.open(RequestId(1), &authorized, noon()).unwrap_err().to_string(),
        "request `1` was opened before"
    );
    file.open(RequestId(2), &authorized, noon()).unwrap();
    assert_eq!(
        file.open(RequestId(3), &authorized, noon()).unwrap_err().to_string(),
        "the case has had 2 requests, and no more are allowed"
    );
    let mut others = CaseFile::new(AgencyId(9));
    assert_eq!(
        others.open(RequestId(1), &authorized, noon()).unwrap_err().to_string(),
        "the request is agency `1`'s, but the case file is agency `9`'s"
    );
}

#[test]
fn a_case_file_of_another_agency_does_not_count() {
    let file = CaseFile::new(AgencyId(9));
    let violations = default_policy().review(&request(), &police(), &file, noon()).unwrap_err();
    assert_eq!(codes(&violations), ["other_case_file"]);
    assert_eq!(
        violations.to_string(),
        "the request names agency `1`, but the case file is agency `9`'s"
    );
}
