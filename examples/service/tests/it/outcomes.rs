//! Owners' answers: reported by the operator, released to the agency in bands after the end.

use serde_json::{Value, json};

use crate::support::{
    FIRST, OPERATOR, SECOND, Service, Table, agreed, config, request, rows, square,
};

/// A place that lies apart from the others.
fn area(place: u32) -> Value {
    square(-85.4 + 0.1 * f64::from(place), 41.1, 0.008)
}

/// Households there who agreed, with ids from a number on.
fn houses(place: u32, from: u64, number: u64) -> Vec<Value> {
    let lon = -85.4 + 0.1 * f64::from(place) + 0.001;
    let house = |house: u64| agreed(from + house, lon + 0.0001 * house as f64, 41.102);
    (0..number).flat_map(house).collect()
}

struct Asked {
    id: Value,
    owners: Vec<u64>,
}

impl Asked {
    fn of(service: &Service, case: &str, area: &Value) -> Self {
        let id = service.open(&request(case, area))["id"].clone();
        let routed = service.post(OPERATOR, &format!("/v1/requests/{id}/ask"), "{}").expect(200);
        let recipients = routed["recipients"].as_array().unwrap().iter();
        let owners = recipients.map(|recipient| recipient["owner"].as_u64().unwrap()).collect();
        Self { id, owners }
    }

    fn path(&self, verb: &str) -> String {
        format!("/v1/requests/{}/{verb}", self.id)
    }

    fn report(&self, service: &Service, answers: &[(u64, &str)]) -> crate::support::Answer {
        let answer = |&(owner, answer): &(u64, &str)| json!({ "owner": owner, "answer": answer });
        let answers: Vec<Value> = answers.iter().map(answer).collect();
        service.post(OPERATOR, &self.path("answers"), json!(answers).to_string())
    }

    fn resolve(&self, service: &Service) {
        service.post(FIRST, &self.path("resolve"), "{}").expect(200);
    }

    fn outcome(&self, service: &Service) -> crate::support::Answer {
        service.get(FIRST, &self.path("outcome"))
    }
}

#[test]
fn answers_are_released_in_bands_after_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&json!({ "min_difference_m2": 0.0, "max_overlaps": 2 }), &json!({}));
    let service = Service::start(folder.path(), &config);
    service.change(&houses(0, 1, 40));
    let many = Asked::of(&service, "26-1", &area(0));
    let nobody = Asked::of(&service, "26-2", &area(2));
    assert_eq!((many.owners.len(), nobody.owners.len()), (40, 0));

    // A list is counted whole or not at all, and only for owners who were asked.
    let mut answers: Vec<(u64, &str)> = (1..=14).map(|owner| (owner, "shared")).collect();
    answers.push((99, "shared"));
    let problem = many.report(&service, &answers).problem(409, "not_asked");
    assert_eq!(problem["owner"], 99);
    many.report(&service, &[(1, "perhaps")]).problem(422, "wrong_shape");
    service.post(FIRST, &many.path("answers"), "[]").problem(403, "wrong_plane");
    service.post(OPERATOR, "/v1/requests/7/answers", "[]").problem(404, "no_such_request");
    answers.pop();
    answers.extend([(15, "declined"), (16, "silent"), (17, "shared"), (17, "silent")]);
    let taken = many.report(&service, &answers).expect(200);
    assert_eq!(taken, json!({ "request": many.id, "answers": 18 }));

    // No outcome before the end, and none for other agencies.
    many.outcome(&service).problem(409, "not_closed");
    service.get(OPERATOR, &many.path("outcome")).problem(403, "wrong_plane");
    service.get(SECOND, &many.path("outcome")).problem(404, "no_such_request");

    // A repeated request has an outcome of its own, and waits for nobody.
    let again = Asked::of(&service, "26-3", &area(0));
    again.resolve(&service);
    let own = again.outcome(&service).expect(200);
    assert_eq!(own["requests"], json!([again.id]));

    service.kill();
    let service = Service::start(folder.path(), &config);
    many.report(&service, &[(18, "shared"), (1, "silent")]).expect(200);
    many.resolve(&service);
    nobody.resolve(&service);
    // Noise is added to both counts; once released, they stay.
    let told = many.outcome(&service).expect(200);
    assert_eq!(told["requests"], json!([many.id]));
    assert!(told["shared"]["at_least"].is_u64() && told["not_shared"]["at_least"].is_u64());
    assert_eq!(nobody.outcome(&service).expect(200)["requests"], json!([nobody.id]));
    many.report(&service, &[(19, "shared")]).problem(409, "not_open");

    // A released outcome stays the same after later answers.
    service.kill();
    let service = Service::start(folder.path(), &config);
    assert_eq!(many.outcome(&service).expect(200), told);
    assert_eq!(again.outcome(&service).expect(200), own);
    service.get(FIRST, "/v1/outcomes/pools/0").problem(409, "pool_not_complete");
    service.get(FIRST, "/v1/outcomes/pools/x").problem(400, "bad_request");
    service.stop();
    // The ledger no longer has the owners who were asked or shared.
    let rows = rows::<u64>(folder.path(), Table::new("outcomes"));
    let rows: Vec<_> = rows.iter().map(|(_, row)| String::from_utf8_lossy(row)).collect();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| !row.contains("open") && !row.contains("asked")), "{rows:?}");
}

#[test]
fn few_and_none_have_the_same_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &config(&json!({}), &json!({})));
    // Nobody lives in the first place, 3 households in the second, 15 in the third.
    service.change(&houses(1, 1, 3));
    service.change(&houses(2, 100, 15));
    let mut told = Vec::new();
    for place in 0..3 {
        let asked = Asked::of(&service, &format!("26-{place}"), &area(place));
        assert_eq!(asked.owners.len(), if place == 2 { 15 } else { 0 });
        asked.resolve(&service);
        let mut outcome = asked.outcome(&service).expect(200);
        assert_eq!(outcome["requests"].take(), json!([asked.id]));
        // With noise in both counts, the bands do not distinguish none from a few.
        let members: Vec<String> = outcome.as_object().unwrap().keys().cloned().collect();
        assert!(["shared", "not_shared"].iter().all(|side| outcome[side]["at_least"].is_u64()));
        told.push(members);
    }
    assert!(told.iter().all(|members| *members == told[0]), "{told:?}");
}

#[test]
fn a_pool_releases_ten_requests_together() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&json!({}), &json!({}));
    config["outcomes"] = json!("pooled");
    let service = Service::start(folder.path(), &config);
    let asked: Vec<Asked> = (0..10)
        .map(|place| {
            service.change(&houses(place, 100 * u64::from(place) + 1, 12));
            Asked::of(&service, &format!("26-{place}"), &area(place))
        })
        .collect();
    for one in &asked {
        let answers: Vec<_> = one.owners.iter().take(6).map(|&owner| (owner, "shared")).collect();
        one.report(&service, &answers).expect(200);
        service.get(FIRST, "/v1/outcomes/pools/0").problem(409, "pool_not_complete");
        one.resolve(&service);
        one.outcome(&service).problem(409, "only_pooled");
    }
    let ids: Vec<_> = asked.iter().map(|one| one.id.clone()).collect();
    let told = service.get(FIRST, "/v1/outcomes/pools/0").expect(200);
    assert_eq!(told["requests"], json!(ids));
    // 60 of each; noise beyond 50 occurs once in 100,000.
    for side in ["shared", "not_shared"] {
        assert!((11..=101).contains(&told[side]["at_least"].as_u64().unwrap()), "{told}");
    }
    service.kill();
    let service = Service::start(folder.path(), &config);
    assert_eq!(service.get(FIRST, "/v1/outcomes/pools/0").expect(200), told);
    service.get(SECOND, "/v1/outcomes/pools/0").problem(409, "pool_not_complete");
    asked[3].outcome(&service).problem(409, "only_pooled");
}
