//! Policies themselves: the built-in ones, and contradictions.

use canvass::error::PolicyError;
use canvass::policy::Anonymity;
use canvass::{AgencyId, AgencyKind, Area, CaseFile, IncidentKind, Policy, Request, RequestId};

use crate::policy::{blank, police, request, violation, violations, window};
use crate::records::{refuses, round};
use crate::support::*;

/// Contradictory limits of the default policy, and the message that an operator gets.
const CONTRADICTIONS: &[(&str, &str)] = &[
    (
        r#"{"min_area_m2":2e6}"#,
        "`min_area_m2` is 2000000.0, more than `max_area_m2`, 1294994.0: no area fits",
    ),
    (
        r#"{"max_area_m2":64749.999}"#,
        "`min_area_m2` is 64750.0, more than `max_area_m2`, 64749.999: no area fits",
    ),
    (
        r#"{"min_window_minutes":721}"#,
        "`min_window_minutes` is 721, more than `max_window_minutes`, 720: no window fits",
    ),
    (
        r#"{"max_window_minutes":14}"#,
        "`min_window_minutes` is 15, more than `max_window_minutes`, 14: no window fits",
    ),
    (
        r#"{"max_look_back_days":0,"min_window_minutes":0}"#,
        "`min_window_minutes` is 0, `max_look_back_days` is 0 and `future_windows` are refused: no \
         window fits in between",
    ),
    (
        r#"{"max_look_back_days":1,"min_window_minutes":1441,"max_window_minutes":1441}"#,
        "`min_window_minutes` is 1441, `max_look_back_days` is 1 and `future_windows` are refused: \
         no window fits in between",
    ),
    (r#"{"open_days":29}"#, "`open_days` is 29, more than `max_open_days`, 28"),
    (r#"{"max_open_days":9}"#, "`open_days` is 10, more than `max_open_days`, 9"),
];

#[test]
fn a_policy_that_contradicts_itself_cannot_be_loaded() {
    for (text, words) in CONTRADICTIONS {
        let text = &in_utc(text);
        assert_eq!(refuses::<Policy>(text), *words, "{text}");
        let tree = serde_json::from_str(text).unwrap();
        let error = serde_json::from_value::<Policy>(tree).unwrap_err();
        assert_eq!(error.to_string(), *words, "by way of a tree of values");
    }
    // Equal limits, and both limits moved together.
    for text in [
        r#"{"min_area_m2":1294994.0}"#,
        r#"{"min_window_minutes":720}"#,
        r#"{"max_look_back_days":1,"min_window_minutes":1440,"max_window_minutes":1440}"#,
        r#"{"max_look_back_days":0,"future_windows":"allowed"}"#,
        r#"{"open_days":28}"#,
        r#"{"open_days":1,"max_open_days":1}"#,
        r#"{"open_days":90,"max_open_days":90}"#,
    ] {
        round(&serde_json::from_str::<Policy>(&in_utc(text)).unwrap());
    }
}

/// Limits out of range, and the message that an operator gets. JSON has no word for infinity.
const OUT_OF_RANGE: &[(&str, &str)] = &[
    ("min_area_m2 = -1.0", "`min_area_m2` is -1.0: expected a finite number that is not negative"),
    ("min_area_m2 = -1", "`min_area_m2` is -1.0: expected a finite number that is not negative"),
    ("max_area_m2 = inf", "`max_area_m2` is inf: expected a finite number that is not negative"),
    ("min_width_m = -0.5", "`min_width_m` is -0.5: expected a finite number that is not negative"),
    ("min_width_m = inf", "`min_width_m` is inf: expected a finite number that is not negative"),
    (
        "min_difference_m2 = -inf",
        "`min_difference_m2` is -inf: expected a finite number that is not negative",
    ),
    ("min_difference_m2 = nan", "`min_difference_m2` is NaN: nothing is below or above it"),
    (
        "min_area_m2 = 0.0\nmax_area_m2 = 0.0",
        "`max_area_m2` is 0.0: expected a finite number above 0",
    ),
    (
        "min_window_minutes = 0\nmax_window_minutes = 0",
        "`max_window_minutes` is 0: no request could pass; expected 1 or more",
    ),
    ("max_vertices = 2", "`max_vertices` is 2: no request could pass; expected 3 or more"),
    ("max_parts = 0", "`max_parts` is 0: no request could pass; expected 1 or more"),
    (
        "max_requests_per_case = 0",
        "`max_requests_per_case` is 0: no request could pass; expected 1 or more",
    ),
    ("open_days = 0", "`open_days` is 0: no request could pass; expected 1 or more"),
    (
        "agency_kinds = []",
        "`agency_kinds` is empty: no agency may ask; name one of local, county, state, federal",
    ),
];

#[test]
fn a_policy_with_a_limit_out_of_range_cannot_be_loaded() {
    let load =
        |lines: &str| toml::from_str::<Policy>(&format!("{lines}\n[quiet_hours]\nzone = \"UTC\""));
    for (lines, words) in OUT_OF_RANGE {
        assert_eq!(load(lines).unwrap_err().message(), *words, "{lines}");
    }
    // The last values that are in range.
    for lines in [
        "min_area_m2 = 0.0",
        "min_width_m = 0.0\nmin_difference_m2 = 0.0",
        "min_window_minutes = 0\nmax_window_minutes = 1",
        "max_vertices = 3\nmax_parts = 1\nmax_requests_per_case = 1\nopen_days = 1",
        "agency_kinds = [\"federal\"]",
    ] {
        round(&load(lines).unwrap());
    }
    let negative = default_policy().with_min_area_m2(-1.0);
    assert!(negative.checked().is_err(), "one that is made in code as well");
}

/// The text of a policy with quiet hours by UTC.
fn in_utc(text: &str) -> String {
    text.replacen('{', r#"{"quiet_hours":{"zone":"UTC"},"#, 1).replace(",}", "}")
}

#[test]
fn a_policy_text_names_its_zone() {
    let missing = "`quiet_hours` are missing: name a zone for owners who named none, such as \
                   `{\"zone\": \"America/Denver\"}`, or write `\"none\"` if notices may be sent at night";
    for text in ["{}", r#"{"max_parts":3}"#] {
        assert_eq!(refuses::<Policy>(text), missing);
    }
    assert_eq!(
        toml::from_str::<Policy>("max_parts = 3").unwrap_err().message(),
        missing,
        "in other formats too"
    );
    let zone = "quiet hours need a `zone` for owners who named none, such as `\"zone\": \"America/Denver\"`";
    for hours in ["{}", r#"{"from":"22:00","until":"07:00"}"#] {
        assert_eq!(refuses::<Policy>(&format!(r#"{{"quiet_hours":{hours}}}"#)), zone);
    }
    let read =
        |hours: &str| serde_json::from_str::<Policy>(&format!(r#"{{"quiet_hours":{hours}}}"#));
    assert_eq!(read(r#"{"zone":"UTC"}"#).unwrap(), default_policy());
    assert_eq!(read(r#""none""#).unwrap(), default_policy().with_quiet_hours(None));
}

#[test]
fn an_anonymity_set_below_eleven_must_be_waived() {
    let words = |households| {
        format!(
            "`min_households` is {households}, fewer than 11: an area with so few points at homes; raise it, or \
             set `anonymity` to `waived` where no real people are asked"
        )
    };
    for households in [0, 1, 10] {
        let policy = default_policy().with_min_households(households);
        let error = PolicyError::AnonymitySet { households, least: 11 };
        assert_eq!(policy.clone().checked(), Err(error));
        assert_eq!(error.to_string(), words(households));
        // Unchecked, it lets nothing pass.
        assert_eq!(violation(&policy, &request(), &police()).0, "invalid_policy");
        let text = in_utc(&format!(r#"{{"min_households":{households}}}"#));
        assert_eq!(refuses::<Policy>(&text), words(households));
        let waived = policy.with_anonymity(Anonymity::Waived);
        assert_eq!(waived.clone().checked().as_ref(), Ok(&waived));
        let text = in_utc(&format!(r#"{{"anonymity":"waived","min_households":{households}}}"#));
        assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), waived);
    }
    for households in [11, 12, u32::MAX] {
        assert!(default_policy().with_min_households(households).checked().is_ok());
    }
}

#[test]
fn a_contradictory_policy_refuses_everything() {
    assert_eq!(default_policy().checked(), Ok(default_policy()));
    assert_eq!(
        Policy::without_limits_or_anonymity().checked(),
        Ok(Policy::without_limits_or_anonymity())
    );
    // A request that would pass otherwise is refused with the operator's mistake as the reason.
    let policy = default_policy().with_max_open_days(9);
    let (code, words) = violation(&policy, &request(), &police());
    assert_eq!(code, "invalid_policy");
    let error = policy.checked().unwrap_err();
    assert_eq!(error, PolicyError::OpenDays { open: 10, max: 9 });
    assert_eq!(words, format!("the operator must correct the policy first: {error}"));
    let policy = default_policy().with_min_area_m2(1e9);
    let codes = codes(&violations(&policy, &request(), &police()));
    assert_eq!(codes, ["invalid_policy", "area_too_small"]);
}

#[test]
fn a_limit_that_is_no_number_lets_nothing_pass() {
    let refused = |policy: Policy, file: &CaseFile| {
        let error = policy.clone().checked().unwrap_err();
        assert!(error.to_string().ends_with("_m2` is NaN: nothing is below or above it"));
        let violations = policy.review(&request(), &police(), file, noon()).unwrap_err();
        let codes = codes(&violations);
        assert_eq!(codes.first(), Some(&"invalid_policy"));
        codes[1..].to_vec()
    };
    let nan = f64::NAN;
    let small = Policy::without_limits_or_anonymity().with_min_area_m2(nan);
    assert_eq!(refused(small, &blank()), ["area_too_small"]);
    let large = Policy::without_limits_or_anonymity().with_max_area_m2(nan);
    assert_eq!(refused(large, &blank()), ["area_too_large"]);
    // NaN in the comparison with an earlier area, under a policy with no other reason to compare.
    let mut file = blank();
    let earlier = request().with_area(square(10.0, 50.0, 10.004, 50.005));
    let authorized =
        Policy::without_limits_or_anonymity().review(&earlier, &police(), &file, noon()).unwrap();
    file.open(RequestId(1), &authorized, noon()).unwrap();
    let close = Policy::without_limits_or_anonymity().with_min_difference_m2(nan);
    assert_eq!(refused(close, &file), ["too_close_to_earlier"]);
    let large = default_policy().with_max_area_m2(nan);
    assert_eq!(
        violations(&large, &request(), &police()).to_string(),
        "the operator must correct the policy first: `max_area_m2` is NaN: nothing is below or \
         above it; the area is 199357 m2; draw at most NaN m2",
    );
}

const DEFAULT: &str = r#"{"version":"default-1","min_area_m2":64750.0,"max_area_m2":1294994.0,"min_width_m":20.0,"min_window_minutes":15,"max_window_minutes":720,"max_look_back_days":45,"future_windows":"refused","seeing_into":"refused","max_vertices":100,"max_parts":10,"paperwork":"required","agency_kinds":["local","county"],"jurisdiction":"within","max_requests_per_case":2,"open_days":10,"max_open_days":28,"anonymity":"required","min_households":11,"min_new_households":5,"sharers_known_days":365,"min_difference_m2":0.0,"max_overlaps":4294967295,"quiet_hours":{"from":"21:00:00","until":"08:00:00","zone":"UTC"}}"#;

#[test]
fn the_default_policy_is_pinned() {
    assert_eq!(serde_json::to_string(&default_policy()).unwrap(), DEFAULT);
    assert_eq!(serde_json::from_str::<Policy>(DEFAULT).unwrap(), default_policy());
    // 0.025 and 0.5 square miles.
    let square_mile = 1_609.344_f64.powi(2);
    assert!((default_policy().min_area_m2 / square_mile - 0.025).abs() < 1e-6);
    assert!((default_policy().max_area_m2 / square_mile - 0.5).abs() < 1e-6);
}

#[test]
fn the_unlimited_policy_refuses_only_another_agency() {
    let window = window("1900-01-01T00:00:00Z", "9000-01-01T00:00:00Z");
    let world = Area::from_bounds(-180.0, -90.0, 180.0, 90.0).unwrap();
    let request = Request::new(AgencyId(1), IncidentKind::Theft, world, window);
    for kind in [AgencyKind::Local, AgencyKind::County, AgencyKind::State, AgencyKind::Federal] {
        let agency = agency().with_kind(kind);
        assert!(
            Policy::without_limits_or_anonymity()
                .review(&request, &agency, &blank(), noon())
                .is_ok()
        );
    }
    let other = agency().with_id(AgencyId(2));
    assert_eq!(
        codes(&violations(&Policy::without_limits_or_anonymity(), &request, &other)),
        ["unknown_agency"]
    );
}
