//! Reviews without opening, and refusals with their figures and places.

use canvass::Violation;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{noticed, officer};
use crate::support::{FIRST, OPERATOR, Service, agreed, request, square};

/// A test's change of a request.
type Change<'a> = &'a dyn Fn(&mut Value);

/// A square on the grid of positions, as the service returns it.
fn drawn(west: f64, south: f64, side: f64) -> Value {
    let area: canvass::Area = serde_json::from_value(square(west, south, side)).unwrap();
    json!(area)
}

/// The refusal of a request with a code.
#[track_caller]
fn refused(verdict: &Value, code: &str) -> Value {
    let refusals = verdict["refusals"].as_array().unwrap();
    assert_eq!(verdict["passes"], refusals.is_empty());
    let found = refusals.iter().find(|refusal| refusal["code"] == code);
    found.unwrap_or_else(|| panic!("no `{code}` in {verdict}")).clone()
}

#[test]
fn a_review_opens_nothing_and_keeps_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &noticed(&json!({})));
    let officer = officer(&service);
    let good = request("26-1", &square(-84.9, 41.1, 0.008));
    for _ in 0..3 {
        let verdict = officer.post("/v1/reviews", good.to_string()).expect(200);
        assert_eq!((&verdict["passes"], &verdict["refusals"]), (&json!(true), &json!([])));
        assert_eq!((&verdict["parts"], &verdict["vertices"]), (&json!(1), &json!(4)));
        assert!((590_000.0..600_000.0).contains(&verdict["m2"].as_f64().unwrap()), "{verdict}");
    }
    assert_eq!(officer.get("/v1/requests").expect(200)["requests"], json!([]));
    assert_eq!(service.get(OPERATOR, "/v1/events?after=0").expect(200)["events"], json!([]));
    assert_eq!(service.get("", "/v1/log/head").expect(200)["size"], 0);
    officer.post("/v1/reviews", "{").problem(400, "malformed_json");
    officer.post("/v1/reviews", "{}").problem(422, "wrong_shape");
}

#[test]
fn a_flaw_has_both_places_with_vertex_or_edge() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &noticed(&json!({})));
    let officer = officer(&service);
    let review =
        |area: Value| officer.post("/v1/reviews", request("26-1", &area).to_string()).expect(200);
    let bow_tie = json!({ "type": "Polygon", "coordinates": [[
        [-84.9, 41.1], [-84.88, 41.12], [-84.88, 41.1], [-84.9, 41.12], [-84.9, 41.1]
    ]] });
    let place = |vertex: u64| json!({ "part": 0, "ring": 0, "vertex": vertex, "lon": -84.89, "lat": 41.11, "on_edge": true });
    let crossing = refused(&review(bow_tie.clone()), "self_crossing");
    assert_eq!(crossing["places"], json!([place(0), place(2)]));
    assert_eq!((&crossing["kind"], &crossing["field"]), (&json!("flaw"), &json!("area")));
    let wkt = json!("POLYGON((-84.9 41.1, -84.88 41.12, -84.88 41.1, -84.9 41.12, -84.9 41.1))");
    assert_eq!(refused(&review(wkt), "self_crossing"), crossing);
    let spike = json!({ "type": "Polygon", "coordinates": [[
        [-84.9, 41.1], [-84.88, 41.1], [-84.86, 41.1], [-84.88, 41.1], [-84.88, 41.12], [-84.9, 41.1]
    ]] });
    let spike = refused(&review(spike), "spike");
    assert_eq!(spike["places"].as_array().unwrap().len(), 1, "{spike}");
    assert_eq!(spike["places"][0]["on_edge"], false);
    // When submitted, it is refused with the same places.
    let problem = service.post(FIRST, "/v1/requests", request("26-1", &bow_tie).to_string());
    let problem = problem.problem(422, "invalid_area");
    assert_eq!(problem["places"], crossing["places"]);
    assert_eq!(problem["place"], json!({ "part": 0, "ring": 0, "vertex": 0 }));
    assert_eq!(problem["detail"], crossing["message"]);
}

#[test]
fn no_number_in_a_verdict_has_more_than_seven_decimals() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &noticed(&json!({})));
    let bow_tie = json!({ "type": "Polygon", "coordinates": [[
        [-84.957, 41.1215], [-84.9485, 41.1325], [-84.949, 41.1227], [-84.9575, 41.1275], [-84.957, 41.1215]
    ]] });
    let verdict = officer(&service).post("/v1/reviews", request("26-1", &bow_tie).to_string());
    let text = verdict.text;
    assert!(text.contains("self_crossing"), "{text}");
    let long = text
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .find(|number| number.split_once('.').is_some_and(|(_, decimals)| decimals.len() > 7));
    assert_eq!(long, None, "{text}");
}

#[test]
fn corners_outside_the_jurisdiction_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &noticed(&json!({ "max_area_m2": 1e12 })));
    let area = square(-83.504, 41.1, 0.008);
    let verdict = officer(&service).post("/v1/reviews", request("26-1", &area).to_string());
    let outside = refused(&verdict.expect(200), "outside_jurisdiction");
    let corner = |vertex: u64, lat: f64| json!({ "part": 0, "ring": 0, "vertex": vertex, "lon": -83.496, "lat": lat, "on_edge": false });
    assert_eq!(outside["places"], json!([corner(1, 41.1), corner(2, 41.108)]));
    assert_eq!(outside["field"], "area");
}

#[test]
fn only_a_place_that_refuses_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let school = drawn(-84.897, 41.101, 0.001);
    let place = |kind: &str, label: &str, rule: &str, area: &Value| json!({ "kind": kind, "label": label, "rule": rule, "area": area });
    let clinic = square(-84.895, 41.105, 0.001);
    let policy = json!({ "sensitive_places": [
        place("clinic", "Clinic of nobody's business", "never_ask", &clinic),
        place("school", "PS 9", "refuse", &school),
    ] });
    let service = Service::start(folder.path(), &noticed(&policy));
    let officer = officer(&service);
    let both = request("26-1", &square(-84.9, 41.1, 0.008)).to_string();
    let verdict = officer.post("/v1/reviews", &both);
    assert!(!verdict.text.contains("nobody's"), "{}", verdict.text);
    let refusal = refused(&verdict.expect(200), "sensitive_place");
    assert_eq!(refusal["figures"], json!({ "kind": "school", "label": "PS 9" }));
    assert_eq!(refusal["outline"], school);
    let silent = request("26-1", &square(-84.896, 41.104, 0.008)).to_string();
    let verdict = officer.post("/v1/reviews", silent).expect(200);
    assert_eq!(verdict["passes"], true, "{verdict}");
    for host in ["agency.localhost", "localhost"] {
        let policy = super::Browser::new(&service, host).get("/v1/policy");
        assert!(
            !policy.text.contains("PS 9") && !policy.text.contains("nobody's"),
            "{}",
            policy.text
        );
    }
}

#[test]
fn the_earlier_own_area_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let policy = json!({ "min_difference_m2": 64_750.0 });
    let service = Service::start(folder.path(), &noticed(&policy));
    let officer = officer(&service);
    let earlier = drawn(-84.9, 41.1, 0.008);
    let told = officer.post("/v1/requests", request("26-1", &earlier).to_string()).expect(201);
    let close = request("26-2", &square(-84.9, 41.1, 0.0081)).to_string();
    let refusal = refused(&officer.post("/v1/reviews", &close).expect(200), "too_close_to_earlier");
    assert_eq!((&refusal["figures"]["id"], &refusal["outline"]), (&told["id"], &earlier));
    assert_eq!(refusal["figures"]["case_reference"], "26-1");
    let problem = officer.post("/v1/requests", &close).problem(422, "refused");
    assert_eq!(problem["violations"], json!([refusal]));
    // Another agency's request does not count as an earlier one.
    let mut others: Value = serde_json::from_str(&close).unwrap();
    others["agency"] = json!(2);
    service.post(crate::support::SECOND, "/v1/requests", others.to_string()).expect(201);
}

#[test]
fn every_limit_has_its_figures_and_its_field() {
    let folder = tempfile::tempdir().unwrap();
    let policy = json!({
        "max_vertices": 6, "max_parts": 1, "max_requests_per_case": 1, "max_overlaps": 0,
    });
    let service = Service::start(folder.path(), &noticed(&policy));
    let officer = officer(&service);
    let good = || request("26-1", &square(-84.9, 41.1, 0.008));
    let review = |change: &dyn Fn(&mut Value)| {
        let mut request = good();
        change(&mut request);
        officer.post("/v1/reviews", request.to_string()).expect(200)
    };
    officer.post("/v1/requests", good().to_string()).expect(201);
    let ago = |hours| (Timestamp::now() - SignedDuration::from_hours(hours)).to_string();
    let two_parts = json!({ "type": "MultiPolygon", "coordinates": [
        square(-84.7, 41.3, 0.008)["coordinates"], square(-84.6, 41.3, 0.0005)["coordinates"],
    ] });
    let cases: [(&str, &str, &[&str], Change<'_>); 14] = [
        ("unknown_agency", "agency", &["known", "named"], &|r| r["agency"] = json!(2)),
        ("too_many_vertices", "area", &["allowed", "vertices"], &|r| r["area"] = two_parts.clone()),
        ("too_many_parts", "area", &["allowed", "parts"], &|r| r["area"] = two_parts.clone()),
        ("area_too_small", "area", &["allowed_m2", "m2"], &|r| {
            r["area"] = square(-84.7, 41.3, 0.001);
        }),
        ("area_too_large", "area", &["allowed_m2", "m2"], &|r| {
            r["area"] = square(-84.7, 41.3, 0.1);
        }),
        ("part_too_small", "area", &["allowed_m2", "m2", "part"], &|r| {
            r["area"] = two_parts.clone();
        }),
        ("too_narrow", "area", &["allowed_m", "m", "part"], &|r| {
            r["area"] = json!({ "type": "Polygon", "coordinates": [[
                [-84.7, 41.3], [-84.6, 41.3], [-84.6, 41.300_1], [-84.7, 41.300_1], [-84.7, 41.3]
            ]] });
        }),
        ("window_too_short", "window", &["allowed_seconds", "asked_seconds"], &|r| {
            r["window"] = json!({ "start": "2026-11-29T10:00:00Z", "end": "2026-11-29T10:05:00Z" });
        }),
        ("window_too_long", "window", &["allowed_seconds", "asked_seconds"], &|r| {
            r["window"] = json!({ "start": ago(30), "end": ago(2) });
        }),
        ("window_in_future", "window", &["end", "now"], &|r| {
            r["window"] = json!({ "start": ago(2), "end": ago(-2) });
        }),
        ("window_too_old", "window", &["allowed_days", "start"], &|r| {
            r["window"] = json!({ "start": "2020-01-01T10:00:00Z", "end": "2020-01-01T12:00:00Z" });
        }),
        ("case_exhausted", "case_reference", &["allowed"], &|_| {}),
        ("too_many_overlaps", "area", &["allowed", "overlaps"], &|r| {
            r["area"] = square(-84.895, 41.105, 0.008);
        }),
        ("seeing_into_not_allowed", "camera_scope", &[], &|r| {
            r["camera_scope"] = json!("seeing_into");
        }),
    ];
    for (code, field, names, change) in cases {
        let refusal = refused(&review(change), code);
        assert_eq!(refusal["field"], field, "{refusal}");
        assert_eq!(refusal["kind"], "limit");
        assert!(refusal["message"].as_str().is_some_and(|text| !text.is_empty()));
        let figures = refusal["figures"].as_object();
        let found: Vec<&str> =
            figures.into_iter().flat_map(|f| f.keys()).map(String::as_str).collect();
        assert_eq!(found, names, "{refusal}");
    }
    for (code, field, name) in [
        ("case_reference_missing", "case_reference", "case_reference"),
        ("contact_missing", "contact", "contact"),
    ] {
        assert_eq!(refused(&review(&|r| r[name] = json!(" ")), code)["field"], field);
    }
    // Violations that this configuration cannot cause have tests elsewhere, or need another
    // configuration.
    let elsewhere = [
        "invalid_policy",
        "agency_kind_not_allowed",
        "jurisdiction_unknown",
        "outside_jurisdiction",
        "other_case_file",
        "too_close_to_earlier",
        "sensitive_place",
    ];
    let here =
        cases.iter().map(|&(code, ..)| code).chain(["case_reference_missing", "contact_missing"]);
    let mut all: Vec<&str> = here.chain(elsewhere).collect();
    let mut known = Violation::CODES.to_vec();
    all.sort_unstable();
    known.sort_unstable();
    assert_eq!(all, known, "a violation has no test");
}

#[test]
fn an_agency_sees_its_own_requests_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &noticed(&json!({})));
    let officer = officer(&service);
    let mut own = Vec::new();
    for place in 0..4 {
        let area = drawn(-84.9 + 0.05 * f64::from(place), 41.1, 0.008);
        let sent = request(&format!("26-{place}"), &area);
        let told = officer.post("/v1/requests", sent.to_string()).expect(201);
        own.insert(0, (told, sent));
    }
    let mut other = request("26-9", &square(-84.9, 41.3, 0.008));
    other["agency"] = json!(2);
    service.post(crate::support::SECOND, "/v1/requests", other.to_string()).expect(201);
    let list = officer.get("/v1/requests").expect(200);
    assert_eq!(list["more"], false);
    let listed = list["requests"].as_array().unwrap();
    assert_eq!(listed.len(), own.len());
    for (listed, (told, sent)) in listed.iter().zip(&own) {
        for name in ["id", "state", "open_until", "latest"] {
            assert_eq!(listed[name], told[name]);
        }
        for name in ["case_reference", "incident", "contact", "window", "area"] {
            assert_eq!(listed[name], sent[name]);
        }
        for name in ["asked", "due", "notice", "bulletin"] {
            assert!(listed.get(name).is_none(), "an agency sees `{name}`");
        }
    }
    let rest = officer.get(&format!("/v1/requests?before={}", own[1].0["id"])).expect(200);
    assert_eq!(rest["requests"], json!(listed[2..]));
    let record = &officer.get("/v1/me").expect(200)["agency"];
    assert_eq!((&record["name"], &record["kind"]), (&json!("Agency 1"), &json!("local")));
    assert_eq!(record["jurisdiction"], square(-85.5, 40.5, 2.0));
}

#[test]
fn a_reviewer_sees_why_each_camera_is_asked_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let (service, id) = super::opened(folder.path(), &json!({}));
    let facing = json!({ "bearing": 90.0, "angle": 120.0, "reach_m": 25.0 });
    let mut looking = agreed(50, -84.895, 41.105);
    looking[0]["register"]["facing"] = facing.clone();
    service.change(&looking);
    service.change(&[json!({ "withdraw": { "owner": 4 } })]);
    let seen = super::reviewer(&service).get(&format!("/v1/requests/{id}/cameras")).expect(200);
    let cameras = seen["cameras"].as_array().unwrap();
    let ids: Vec<u64> = cameras.iter().map(|camera| camera["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (1..=12).chain([50]).collect::<Vec<_>>());
    for camera in cameras {
        let expected = if camera["owner"] == 4 { "not_granted" } else { "asked" };
        assert_eq!(camera["code"], expected, "{camera}");
        let path = format!("/v1/requests/{id}/explanation?camera={}", camera["id"]);
        let explained = service.get(OPERATOR, &path).expect(200)["explanation"].clone();
        let code = explained["denied"].as_str().or(explained.as_str()).unwrap().to_owned();
        assert_eq!(camera["code"], code);
    }
    assert_eq!(cameras[12]["facing"], facing);
    assert_eq!((&cameras[12]["lon"], &cameras[12]["lat"]), (&json!(-84.895), &json!(41.105)));
    assert!(cameras[0].get("facing").is_none());
    let funnel = service.get(OPERATOR, &format!("/v1/requests/{id}/funnel")).expect(200);
    assert_eq!((&funnel["in_area"], &funnel["asked"]), (&json!(13), &json!(12)));
}
