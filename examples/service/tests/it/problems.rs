//! Every error is a problem with a remedy.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use crate::support::{FIRST, OPERATOR, Service, agreed, config, request, square};

#[test]
fn every_problem_has_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({ "body_bytes": 4000, "changes_body_bytes": 3000, "changes_per_list": 3, "vertices": 50 });
    let service = Service::start(folder.path(), &config(&json!({}), &limits));
    let codes = [
        service.get("", "/nothing").problem(404, "no_such_endpoint"),
        service.get(OPERATOR, "/v1/requests/x/route").problem(404, "no_such_request"),
        service.get(OPERATOR, "/v1/requests/7/route").problem(404, "no_such_request"),
        service.get(OPERATOR, "/v1/requests/7/explanation").problem(400, "bad_query"),
        service.get(OPERATOR, "/v1/owners/me").problem(400, "bad_request"),
        service.get(OPERATOR, "/v1/events?after=x").problem(400, "bad_query"),
        service.get(FIRST, "/v1/requests/7/outcome").problem(404, "no_such_request"),
        service.get(FIRST, "/v1/outcomes/pools/0").problem(409, "pool_not_complete"),
        service.post(OPERATOR, "/v1/requests/7/ask", "{}").problem(404, "no_such_request"),
        service.post(OPERATOR, "/v1/requests/7/ask", "{\"owner\":1}").problem(422, "wrong_shape"),
        service.post(OPERATOR, "/v1/requests/7/answers", "{}").problem(422, "wrong_shape"),
        service.post(OPERATOR, "/v1/changes", "[{").problem(400, "malformed_json"),
        service.post(OPERATOR, "/v1/changes", "{}").problem(422, "wrong_shape"),
        service.post(OPERATOR, "/v1/changes", vec![b' '; 3001]).problem(413, "body_too_large"),
        service.post(FIRST, "/v1/requests", "{}").problem(422, "wrong_shape"),
    ];
    for problem in codes {
        let page = service.get("", problem["type"].as_str().unwrap()).expect(200);
        assert_eq!((&page["code"], &page["status"]), (&problem["code"], &problem["status"]));
    }
    let wrong = service.get(OPERATOR, "/v1/changes");
    wrong.problem(405, "method_not_allowed");
    assert_eq!(wrong.headers["allow"], "POST");
    let form = service.agent().post(format!("{}/v1/changes", service.address()));
    let form = form.header("authorization", format!("Bearer {OPERATOR}"));
    let mut form = form.content_type("text/plain").send("[]").unwrap();
    assert_eq!(form.status(), 415);
    assert!(form.body_mut().read_to_string().unwrap().contains("not_json"));
}

#[test]
fn all_faults_of_changes_are_named_and_none_applied() {
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({ "changes_per_list": 3 });
    let service = Service::start(folder.path(), &config(&json!({}), &limits));
    let bad = json!([{ "withdraw": { "owner": 1 } }, { "withdraw": {} }, { "delete": 3 }]);
    let problem =
        service.post(OPERATOR, "/v1/changes", bad.to_string()).problem(422, "wrong_shape");
    let told: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|e| e["index"].clone()).collect();
    assert_eq!(told, [1, 2]);
    let many = json!(vec![json!({ "withdraw": { "owner": 1 } }); 4]);
    service.post(OPERATOR, "/v1/changes", many.to_string()).problem(422, "wrong_shape");

    let [register, _] = agreed(5, 0.0, 0.0);
    let unknown = json!([register, { "remove": { "camera": 6 } }]);
    let problem =
        service.post(OPERATOR, "/v1/changes", unknown.to_string()).problem(409, "changes_refused");
    assert_eq!((&problem["index"], &problem["reason"]), (&json!(1), &json!("not_registered")));
    let held = service.get(OPERATOR, "/v1/owners/5").expect(200);
    assert_eq!((&held["revision"], &held["cameras"]), (&json!(0), &json!([])));
}

#[test]
fn an_agency_gets_all_violations_and_flaws_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &config(&json!({}), &json!({ "vertices": 50 })));
    let ask =
        |request: &serde_json::Value| service.post(FIRST, "/v1/requests", request.to_string());

    let mut much = request(" ", &square(-89.0, 41.0, 0.1));
    much["agency"] = json!(2);
    much["window"] = json!({ "start": "2020-01-01T00:00:00Z", "end": "2020-01-03T00:00:00Z" });
    let problem = ask(&much).problem(422, "refused");
    let codes: Vec<_> =
        problem["violations"].as_array().unwrap().iter().map(|v| &v["code"]).collect();
    let expected = [
        "unknown_agency",
        "outside_jurisdiction",
        "area_too_large",
        "window_too_long",
        "window_too_old",
        "case_reference_missing",
        "other_case_file",
    ];
    assert_eq!(codes, expected);

    let bow_tie = json!({ "type": "Polygon", "coordinates": [[[0,0],[1,1],[1,0],[0,1],[0,0]]] });
    let problem = ask(&request("26-1", &bow_tie)).problem(422, "invalid_area");
    assert_eq!(problem["reason"], "self_crossing");
    assert_eq!(problem["place"], json!({ "part": 0, "ring": 0, "vertex": 0 }));
    let circle: Vec<_> = (0..60).map(|i| [f64::from(i) * 0.001, 1.0]).collect();
    let long = json!({ "type": "Polygon", "coordinates": [circle] });
    let problem = ask(&request("26-1", &long)).problem(422, "invalid_area");
    assert_eq!(problem["reason"], "too_many_vertices");
    let point = json!({ "type": "Point", "coordinates": [0, 0] });
    assert_eq!(ask(&request("26-1", &point)).problem(422, "invalid_area")["reason"], "not_areal");

    // Two requests in a case; a feature is accepted like its geometry.
    let area = square(-84.9, 41.1, 0.008);
    let feature = json!({ "type": "Feature", "properties": {}, "geometry": area });
    service.open(&request("26-2", &area));
    service.open(&request(" 26-2 ", &feature));
    let third = ask(&request("26-2", &area)).problem(422, "refused");
    assert_eq!(third["violations"][0]["code"], "case_exhausted");
}

#[test]
fn slow_bodies_get_a_problem_and_silent_connections_close() {
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({ "answer_seconds": 2, "head_seconds": 1 });
    let service = Service::start(folder.path(), &config(&json!({}), &limits));
    let address = service.address().strip_prefix("http://").unwrap();
    let mut slow = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /v1/changes HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {OPERATOR}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n["
    );
    slow.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("body_too_slow"), "{answer}");

    let mut silent = TcpStream::connect(address).unwrap();
    silent.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
    let mut answer = String::new();
    silent.read_to_string(&mut answer).unwrap();
    assert!(!answer.contains("200"), "{answer}");
    assert_eq!(service.get("", "/healthz").status, 200);
}
