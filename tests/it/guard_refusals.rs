//! Refusals of areas because of earlier ones, in a review or at the opening.

use canvass::{Area, Policy, RequestId, Violation};

use crate::guard::{guarding, opened, review};
use crate::support::*;

/// The violation of an area after another one under the default policy, as code and sentence.
fn refusal(old: &Area, new: &Area) -> Option<(&'static str, String)> {
    let policy = default_policy()
        .with_jurisdiction(canvass::policy::Jurisdiction::Anywhere)
        .with_min_difference_m2(64_750.0)
        .with_max_overlaps(64);
    let violations = review(&policy, &opened(&policy, std::slice::from_ref(old)), new).err()?;
    let all: Vec<&Violation> = violations.iter().collect();
    assert_eq!(all.len(), 1, "{violations}");
    Some((all[0].code(), all[0].to_string()))
}

#[test]
fn areas_too_close_to_an_earlier_one_are_refused() {
    // 0.01 degree of longitude is 716 m here, and 0.008 of latitude 890 m.
    let old = square(10.0, 50.0, 10.01, 50.008);
    let (code, words) = refusal(&old, &square(10.0, 50.0, 10.0105, 50.008)).unwrap();
    assert_eq!(code, "too_close_to_earlier");
    assert_eq!(
        words,
        "the area differs by 31895 m2 from that of request `0`; draw the same one, or one that \
         differs by at least 64750 m2"
    );
    assert_eq!(refusal(&old, &square(10.0, 50.0, 10.0102, 50.008)).unwrap().0, code, "larger");
    assert_eq!(refusal(&old, &square(10.0, 50.0, 10.0098, 50.008)).unwrap().0, code, "smaller");
    assert_eq!(refusal(&old, &square(10.0003, 50.0, 10.0103, 50.008)).unwrap().0, code, "moved");
    let hole = "POLYGON((10 50, 10.01 50, 10.01 50.008, 10 50.008), (10.004 50.003, 10.005 50.003, 10.005 50.004))";
    assert_eq!(refusal(&old, &Area::from_wkt(hole).unwrap()).unwrap().0, code, "a hole");
    // An area that differs enough, is the same region, or lies elsewhere passes.
    assert_eq!(refusal(&old, &square(10.0, 50.0, 10.012, 50.008)), None);
    assert_eq!(refusal(&old, &old), None);
    let again = "POLYGON((10.01 50.008, 10 50.008, 10 50, 10.005 50, 10.01 50))";
    assert_eq!(refusal(&old, &Area::from_wkt(again).unwrap()), None);
    assert_eq!(refusal(&old, &square(10.01, 50.0, 10.02, 50.008)), None, "a neighbour");
}

#[test]
fn an_area_that_differs_by_exactly_the_least_passes() {
    let (old, new) = (square(10.0, 50.0, 10.01, 50.008), square(10.0, 50.0, 10.01, 50.009));
    let policy = |min_difference_m2| {
        Policy::without_limits_or_anonymity().with_min_difference_m2(min_difference_m2)
    };
    let file = opened(&policy(0.0), &[old]);
    let refused = review(&policy(f64::MAX), &file, &new).unwrap_err();
    let [Violation::TooCloseToEarlier { m2, .. }] = refused.iter().as_slice() else {
        panic!("{refused}")
    };
    assert!(review(&policy(*m2), &file, &new).is_ok());
    assert!(review(&policy(m2.next_up()), &file, &new).is_err());
}

#[test]
fn areas_of_one_envelope_are_distinguished() {
    let half = |third: &str| Area::from_wkt(&format!("POLYGON((10 50, 10.01 50.01, {third}))"));
    let (west, east) = (half("10 50.01").unwrap(), half("10.01 50").unwrap());
    let whole = square(10.0, 50.0, 10.01, 50.01);
    // The review did not include requests that were opened after it.
    let policy = guarding(11).with_max_overlaps(64);
    let mut file = opened(&policy, std::slice::from_ref(&west));
    let knows_west = review(&policy, &file, &whole).unwrap();
    let other = review(&policy, &file, &east).unwrap();
    file.open(RequestId(1), &other, noon()).unwrap();
    let refused = file.open(RequestId(2), &knows_west, noon()).unwrap_err();
    assert_eq!(refused.code(), "overlap_opened");
    // A new review compares with both.
    for (max_overlaps, fits) in [(1, false), (2, true)] {
        let policy = policy.clone().with_max_overlaps(max_overlaps);
        assert_eq!(review(&policy, &file, &whole).is_ok(), fits);
    }
}

#[test]
fn an_area_across_the_antimeridian_is_compared_as_any_other() {
    let old = Area::from_bounds(179.995, -17.0, -179.995, -16.992).unwrap();
    let new = Area::from_bounds(179.9949, -17.0, -179.995, -16.992).unwrap();
    assert_eq!(refusal(&old, &new).unwrap().0, "too_close_to_earlier");
    assert_eq!(refusal(&old, &Area::from_bounds(179.993, -17.0, -179.995, -16.992).unwrap()), None);
}

#[test]
fn an_area_that_overlaps_too_many_is_refused() {
    let policy = guarding(11).with_max_overlaps(3);
    let areas: Vec<Area> = (0..4).map(|n| houses(10 + n, 40 + n)).collect();
    let file = opened(&policy, &areas);
    let violations = review(&policy, &file, &houses(5, 60)).unwrap_err();
    assert_eq!(
        violations.to_string(),
        "the area overlaps those of 4 earlier requests; draw one that overlaps at most 3"
    );
    assert!(review(&policy, &file, &houses(70, 90)).is_ok());
    // One area opened many times counts once.
    let file = opened(&policy, &vec![houses(10, 40); 9]);
    assert!(review(&policy, &file, &houses(5, 60)).is_ok());
}

/// The limit works alone: without an anonymity set, and without a least difference.
#[test]
fn an_overlap_limit_of_zero_works_alone() {
    let policy = Policy::without_limits_or_anonymity().with_max_overlaps(0);
    let mut file = opened(&policy, &[]);
    let unseen = review(&policy, &file, &houses(10, 41)).unwrap();
    let first = review(&policy, &file, &houses(10, 40)).unwrap();
    file.open(RequestId(1), &first, noon()).unwrap();
    let violations = review(&policy, &file, &houses(10, 41)).unwrap_err();
    assert_eq!(violations.iter().map(Violation::code).collect::<Vec<_>>(), ["too_many_overlaps"]);
    assert!(file.open(RequestId(2), &unseen, noon()).is_err(), "reviewed before");
    assert!(review(&policy, &file, &houses(60, 80)).is_ok());
}

#[test]
fn opening_checks_overlaps_opened_since_the_review() {
    let policy = guarding(11).with_max_overlaps(64);
    let mut file = opened(&policy, &[]);
    let [one, other, far] = [houses(10, 40), houses(10, 41), houses(60, 80)]
        .map(|area| review(&policy, &file, &area).unwrap());
    file.open(RequestId(1), &one, noon()).unwrap();
    assert_eq!(
        file.open(RequestId(2), &other, noon()).unwrap_err().to_string(),
        "request `1`, which meets it, was opened since the review; review it again"
    );
    file.open(RequestId(3), &far, noon()).unwrap();
    let again = review(&policy, &file, &houses(10, 41)).unwrap();
    file.open(RequestId(2), &again, noon()).unwrap();
}
