//! Every violation and every denial, each by a request or a row with only that fault.

use std::collections::BTreeSet;

use canvass::policy::{SensitiveKind, SensitivePlace, SensitiveRule};
use canvass::{
    Agency, AgencyId, AgencyKind, Area, CameraId, CameraScope, CaseFile, Change, Consent, Denial,
    Explanation, IncidentKind, OwnerId, Policy, Recording, Registry, Request, RequestId, Scope,
    TimeWindow, Violation,
};
use jiff::SignedDuration;

use crate::policy::{police, request};
use crate::support::*;

/// The inputs of a review. All of them are valid until a case changes one.
struct Review {
    policy: Policy,
    request: Request,
    agency: Agency,
    earlier: Vec<Request>,
}

impl Review {
    fn fitting() -> Self {
        let (request, agency) = (request(), police());
        Self { policy: default_policy(), request, agency, earlier: Vec::new() }
    }

    /// The codes of the violations, after the earlier requests were opened.
    fn codes(&self) -> Vec<&'static str> {
        let mut file = CaseFile::new(self.request.agency);
        for (id, earlier) in (0..).zip(&self.earlier) {
            let authorized =
                Policy::without_limits_or_anonymity().review(earlier, &self.agency, &file, noon());
            file.open(RequestId(id), &authorized.unwrap(), noon()).unwrap();
        }
        let reviewed = self.policy.review(&self.request, &self.agency, &file, noon());
        reviewed.map_or_else(|violations| codes(&violations), |_| Vec::new())
    }
}

/// A window of some minutes that ends so many minutes from noon.
fn minutes(long: i64, end: i64) -> TimeWindow {
    let end = noon() + SignedDuration::from_mins(end);
    TimeWindow::new(end - SignedDuration::from_mins(long), end).unwrap()
}

/// A box with the same south-west corner as the valid one.
fn wide(degrees: f64) -> Area {
    square(10.0, 50.0, 10.0 + degrees, 50.005)
}

fn parts(texts: &[&str]) -> Area {
    Area::from_wkt(&format!("MULTIPOLYGON({})", texts.join(","))).unwrap()
}

const HOUSE: &str = "((10.02 50.02, 10.0201 50.02, 10.0201 50.0201, 10.02 50.02))";

const BLOCK: &str = "((10 50, 10.005 50, 10.005 50.005, 10 50.005, 10 50))";

fn school() -> SensitivePlace {
    let (kind, rule) = (SensitiveKind::School, SensitiveRule::Refuse);
    SensitivePlace::new(kind, "Lincoln", rule, wide(0.001), None).unwrap()
}

type Spoil = fn(&mut Review);

/// One change for each violation.
const SPOILT: &[(&str, Spoil)] = &[
    ("invalid_policy", |it| it.policy.open_days = it.policy.max_open_days + 1),
    ("unknown_agency", |it| it.agency.id = AgencyId(2)),
    ("agency_kind_not_allowed", |it| it.agency.kind = AgencyKind::Federal),
    ("jurisdiction_unknown", |it| it.agency.jurisdiction = None),
    ("outside_jurisdiction", |it| it.agency.jurisdiction = Some(wide(0.004))),
    ("too_many_vertices", |it| it.policy.max_vertices = 3),
    ("too_many_parts", |it| it.policy.max_parts = 0),
    ("area_too_small", |it| it.request.area = wide(0.000_1)),
    ("area_too_large", |it| it.request.area = wide(0.05)),
    ("part_too_small", |it| it.request.area = parts(&[BLOCK, HOUSE])),
    ("too_narrow", |it| it.policy.min_width_m = 5_000.0),
    ("window_too_short", |it| it.request.window = minutes(14, -60)),
    ("window_too_long", |it| it.request.window = minutes(12 * 60 + 1, -60)),
    ("window_in_future", |it| it.request.window = minutes(60, 1)),
    ("window_too_old", |it| it.request.window = minutes(60, -45 * 24 * 60)),
    ("seeing_into_not_allowed", |it| {
        it.request = it.request.clone().with_camera_scope(CameraScope::SeeingInto);
    }),
    ("case_reference_missing", |it| it.request = it.request.clone().with_case("")),
    ("contact_missing", |it| it.request = it.request.clone().with_contact(" ")),
    ("case_exhausted", |it| it.earlier = vec![it.request.clone(); 2]),
    ("too_close_to_earlier", |it| {
        it.policy.min_difference_m2 = 64_750.0;
        it.earlier = vec![it.request.clone().with_area(wide(0.005_5))];
    }),
    ("too_many_overlaps", |it| {
        it.policy.max_overlaps = 0;
        it.earlier = vec![it.request.clone().with_area(wide(0.01))];
    }),
    ("sensitive_place", |it| it.policy.sensitive_places = std::iter::once(school()).collect()),
];

#[test]
fn each_violation_is_reached_alone() {
    assert_eq!(Review::fitting().codes(), [""; 0]);
    let mut reached = BTreeSet::new();
    for &(code, spoil) in SPOILT {
        let mut review = Review::fitting();
        spoil(&mut review);
        assert_eq!(review.codes(), [code]);
        reached.insert(code);
    }
    // The violation that only the operator can cause: a file of another agency.
    let Review { policy, request, agency, .. } = Review::fitting();
    let others = CaseFile::new(AgencyId(9));
    let violations = policy.review(&request, &agency, &others, noon()).unwrap_err();
    assert_eq!(codes(&violations), ["other_case_file"]);
    reached.insert("other_case_file");
    assert_eq!(reached, Violation::CODES.iter().copied().collect());
}

#[test]
fn codes_of_violations_are_stable_and_each_stands_once() {
    let codes = Violation::CODES;
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
    assert_eq!(codes.first(), Some(&"invalid_policy"));
    for code in codes {
        let snake = code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        assert!(snake, "{code}");
    }
}

/// The reason why the one camera of an owner with this consent is not asked about the evening
/// before.
fn denial(consent: Consent, asked_days_ago: &[i64], kept_days: u16, policy: &Policy) -> Denial {
    let (owner, camera) = (OwnerId(1), CameraId(1));
    let recording = Recording::kept_for_days(kept_days);
    let registry = Registry::new();
    let position = place((10, 50), 10_000, 10_000);
    let registered = Change::Register(camera_at(1, 1, position).with_recording(recording));
    let changes = [registered, Change::SetConsent { owner, consent }];
    let asked = asked_days_ago.iter().map(|&ago| Change::RecordAsked {
        owner,
        agency: None,
        at: noon() - days(ago),
    });
    let snapshot = registry.apply(changes.into_iter().chain(asked)).unwrap();
    let authorized = authorize_under(policy, wide(0.005));
    assert!(snapshot.route(authorized.assume_open(), noon()).is_empty());
    match snapshot.explain(&authorized, noon(), camera) {
        Explanation::Denied(denial) => denial,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_denial_is_reached_alone() {
    let open = Policy::without_limits_or_anonymity();
    let (kind, rule) = (SensitiveKind::Clinic, SensitiveRule::NeverAsk);
    let clinic = SensitivePlace::new(kind, "St Mary's", rule, wide(0.002), None).unwrap();
    let sheltering = Policy::without_limits_or_anonymity()
        .with_sensitive_places(std::iter::once(clinic).collect());
    let granted = Consent::granted;
    let hour = SignedDuration::from_hours(1);
    let reached = [
        denial(Consent::default(), &[], 30, &open),
        denial(granted().with_expiry(noon() - hour), &[], 30, &open),
        denial(granted().with_agencies(Scope::only([AgencyId(7)])), &[], 30, &open),
        denial(granted().with_incidents(Scope::all_but([IncidentKind::Burglary])), &[], 30, &open),
        denial(granted().with_paused_until(noon() + hour), &[], 30, &open),
        denial(granted(), &[1, 2], 30, &open),
        denial(granted(), &[], 0, &open),
        denial(granted(), &[], 30, &sheltering),
    ];
    assert_eq!(reached, Denial::ALL);
    // The codes of denials, which operators' records contain.
    let codes = [
        "not_granted",
        "expired",
        "agency_out_of_scope",
        "incident_out_of_scope",
        "paused",
        "asked_often_enough",
        "no_footage",
        "sensitive_place",
    ];
    assert_eq!(Denial::ALL.map(|denial| denial.to_string()), codes);
}

#[test]
fn codes_of_explanations_equal_those_of_denials_and_serde() {
    for denial in Denial::ALL {
        assert_eq!(Explanation::Denied(denial).to_string(), denial.code());
    }
    let others = [
        Explanation::NotRegistered,
        Explanation::OutsideArea,
        Explanation::TooFewHouseholds,
        Explanation::RequestOver,
        Explanation::Asked,
    ];
    for other in others {
        assert_eq!(serde_json::to_value(other).unwrap(), other.to_string());
    }
}
