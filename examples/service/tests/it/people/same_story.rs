//! An agency cannot find out who lives where: every answer is the same byte by byte in a town with
//! nobody, with few and with many, except for ids and instants.

use serde_json::{Value, json};

use super::{approve, noticed, officer, owner, street};
use crate::support::{OPERATOR, Service, request, square};

/// An agency's whole story: each answer's status, headers and body.
fn story(cameras: u64) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &noticed(&json!({})));
    service.change(&street(1, cameras, -84.899, 41.101));
    let officer = officer(&service);
    let (area, other) = (square(-84.9, 41.1, 0.008), square(-84.897, 41.103, 0.008));
    let mut told = Vec::new();
    let mut note = |answer: crate::support::Answer| {
        let mut headers: Vec<String> = answer
            .headers
            .iter()
            // The length depends on the ids and instants, among others.
            .filter(|(name, _)| *name != "date" && *name != "content-length")
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        headers.sort_unstable();
        told.push(format!("{} {} {}", answer.status, headers.join("; "), answer.text));
        serde_json::from_str::<Value>(&answer.text).unwrap_or_default()
    };
    for path in ["/v1/session", "/v1/me", "/v1/policy", "/v1/requests"] {
        note(officer.get(path));
    }
    let bow_tie = json!({ "type": "Polygon", "coordinates": [[
        [-84.9, 41.1], [-84.88, 41.12], [-84.88, 41.1], [-84.9, 41.12], [-84.9, 41.1]
    ]] });
    for drawn in [&bow_tie, &square(-84.9, 41.1, 0.1), &square(-84.9, 41.1, 0.0001), &area] {
        note(officer.post("/v1/reviews", request("26-1", drawn).to_string()));
    }
    note(officer.post("/v1/requests", request("26-1", &square(-84.9, 41.1, 0.1)).to_string()));
    let opened = note(officer.post("/v1/requests", request("26-1", &area).to_string()));
    let id = opened["id"].as_u64().unwrap();
    let at = |verb: &str| format!("/v1/requests/{id}{verb}");
    note(officer.get(&at("")));
    note(officer.get("/v1/requests"));
    note(officer.get(&at("/outcome")));
    // The reviewer and the owners act meanwhile.
    assert_eq!(routes(&service), 0, "an agency's story has routed");
    approve(&service, id);
    let asked = service.post(OPERATOR, &at("/ask"), "{}").expect(200);
    // Five households are too few to be asked.
    assert_eq!(asked["owners"], if cameras < 11 { 0 } else { cameras });
    if cameras >= 11 {
        let answer = json!({ "answer": "shared" }).to_string();
        owner(&service, 3).post(&format!("/v1/me/requests/{id}/answer"), answer).expect(200);
    }
    note(officer.get(&at("")));
    note(officer.get("/v1/requests"));
    note(officer.post("/v1/reviews", request("26-2", &square(-84.9, 41.1, 0.0081)).to_string()));
    note(officer.post("/v1/reviews", request("26-2", &other).to_string()));
    note(officer.post("/v1/requests", request("26-2", &square(-84.9, 41.1, 0.0081)).to_string()));
    note(officer.post("/v1/requests", request("26-2", &other).to_string()));
    note(officer.post(&at("/extend"), json!({ "until": "2026-01-01T00:00:00Z" }).to_string()));
    note(officer.post(&at("/extend"), json!({ "until": opened["latest"] }).to_string()));
    note(officer.get("/v1/outcomes/pools/0"));
    note(officer.get("/v1/requests/1"));
    for path in ["/v1/due", "/v1/events", "/v1/log/head", "/v1/bulletins", "/metrics"] {
        note(officer.get(path));
    }
    note(officer.post(&at("/withdraw"), "{}"));
    note(officer.get(&at("")));
    note(officer.get("/v1/requests"));
    note(officer.post(&at("/resolve"), "{}"));
    told.iter().map(|text| without_ids_and_instants(text)).collect()
}

/// The number of routes so far, by the service's metrics.
fn routes(service: &Service) -> u64 {
    let metrics = service.get(OPERATOR, "/metrics").text;
    let of = |line: &&str| {
        line.starts_with("canvass_http_requests_total")
            && ["/route\"", "/ask\"", "/funnel\"", "/cameras\""]
                .iter()
                .any(|path| line.contains(path))
    };
    let counts = metrics.lines().filter(of);
    counts.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

/// A text with each instant, and each number that may be an id, replaced by a mark.
fn without_ids_and_instants(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let is_part = |c: char| c.is_ascii_digit() || "-:.TZ".contains(c);
        let end = from.find(|c: char| !is_part(c)).unwrap_or(from.len());
        let (token, after) = from.split_at(end);
        let is_instant = token.len() >= 20 && token.contains('T');
        let is_id = token.len() >= 12 && token.chars().all(|c| c.is_ascii_digit());
        out.push_str(if is_instant {
            "INSTANT"
        } else if is_id {
            "ID"
        } else {
            token
        });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[test]
fn an_agencys_story_is_the_same_in_three_towns() {
    let towns = [0, 5, 500].map(|cameras| {
        let story = std::thread::spawn(move || story(cameras));
        story.join().unwrap()
    });
    let lengths = towns.each_ref().map(Vec::len);
    assert!(lengths[0] > 30, "the story has {} answers", lengths[0]);
    assert_eq!(lengths, [lengths[0]; 3]);
    for ((nobody, few), many) in towns[0].iter().zip(&towns[1]).zip(&towns[2]) {
        assert_eq!(nobody, few);
        assert_eq!(nobody, many);
    }
    let statuses: Vec<&str> = towns[0].iter().map(|told| &told[..3]).collect();
    for status in ["200", "201", "404", "409", "422"] {
        assert!(statuses.contains(&status), "the story has no {status}: {statuses:?}");
    }
}

#[test]
fn comparisons_leave_out_ids_and_instants_alone() {
    let text = r#"{"id":123456789012345,"at":"2026-05-01T10:00:00.123456789Z","m2":590000.5,"lon":-84.9500001}"#;
    let left = r#"{"id":ID,"at":"INSTANT","m2":590000.5,"lon":-84.9500001}"#;
    assert_eq!(without_ids_and_instants(text), left);
}
