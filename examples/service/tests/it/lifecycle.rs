//! The life of an opened request: resolved, withdrawn or extended by its agency.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{FIRST, OPERATOR, SECOND, Service, config, request, square};

fn instant(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn only_its_agency_extends_resolves_or_withdraws_a_request() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&json!({}), &json!({}));
    let service = Service::start(folder.path(), &config);
    let area = square(-84.9, 41.1, 0.008);
    let [first, second] = [0, 1].map(|_| service.open(&request("26-4", &area)));
    let at = |told: &Value, verb: &str| format!("/v1/requests/{}{verb}", told["id"]);
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    assert_eq!(first["state"], "open");
    let (until, latest) = (instant(&first["open_until"]), instant(&first["latest"]));
    assert_eq!(latest - until, days(18));

    // Callers without permission, and invalid bodies.
    let resolve = at(&first, "/resolve");
    service.post(OPERATOR, &resolve, "{}").problem(403, "wrong_plane");
    service.post(SECOND, &resolve, "{}").problem(404, "no_such_request");
    service.post(FIRST, "/v1/requests/7/resolve", "{}").problem(404, "no_such_request");
    service.post(FIRST, "/v1/requests/x/resolve", "{}").problem(404, "no_such_request");
    service.post(FIRST, &resolve, "{\"why\":1}").problem(422, "wrong_shape");
    service.post(FIRST, &at(&first, "/extend"), "{}").problem(422, "wrong_shape");
    service.post(FIRST, &at(&first, "/extend"), "{").problem(400, "malformed_json");
    service.post(FIRST, &at(&first, "/reopen"), "{}").problem(404, "no_such_endpoint");

    // Extensions shorter or longer than allowed.
    let extend = |until: Timestamp| {
        service.post(FIRST, &at(&first, "/extend"), json!({ "until": until }).to_string())
    };
    for wrong in [until - days(1), latest + days(1)] {
        let problem = extend(wrong).problem(422, "cannot_extend");
        assert_eq!(
            (&problem["from"], &problem["latest"]),
            (&first["open_until"], &first["latest"])
        );
    }
    let extended = extend(latest - days(1)).expect(200);
    assert_eq!(instant(&extended["open_until"]), latest - days(1));
    assert_eq!(extended["receipt"], first["receipt"]);
    assert_eq!(service.get(FIRST, &at(&first, "")).expect(200), extended);

    // A request ends once, and then asks nobody any more.
    service.get(OPERATOR, &at(&first, "/route")).expect(200);
    let resolved = service.post(FIRST, &resolve, "{}").expect(200);
    assert_eq!(resolved["state"], "resolved");
    assert_eq!(service.get(FIRST, &at(&first, "")).expect(200), resolved);
    for verb in ["/resolve", "/withdraw"] {
        let problem = service.post(FIRST, &at(&first, verb), "{}").problem(409, "not_open");
        assert_eq!(problem["state"], "resolved");
    }
    assert_eq!(extend(latest).problem(409, "not_open")["state"], "resolved");
    for look in ["/route", "/funnel", "/explanation?camera=1"] {
        let problem = service.get(OPERATOR, &at(&first, look)).problem(409, "not_open");
        assert_eq!(problem["state"], "resolved");
    }
    service.get(OPERATOR, &at(&second, "/route")).expect(200);
    let withdrawn = service.post(FIRST, &at(&second, "/withdraw"), "{}").expect(200);
    assert_eq!(withdrawn["state"], "withdrawn");

    // Both still count in their case, and a restart changes nothing.
    service.kill();
    let service = Service::start(folder.path(), &config);
    for (told, state) in [(&first, &resolved), (&second, &withdrawn)] {
        assert_eq!(service.get(FIRST, &at(told, "")).expect(200), *state);
        service.get(OPERATOR, &at(told, "/route")).problem(409, "not_open");
    }
    let third = service.post(FIRST, "/v1/requests", request("26-4", &area).to_string());
    assert_eq!(third.problem(422, "refused")["violations"][0]["code"], "case_exhausted");
}

#[test]
fn concurrent_requests_about_one_place_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let policy = json!({ "max_overlaps": 3, "min_difference_m2": 0.0 });
    let service = Service::start(folder.path(), &config(&policy, &json!({})));
    let (agent, address) = (service.agent(), service.address().to_owned());
    let answers: Vec<_> = std::thread::scope(|scope| {
        let ask = |number: u32| {
            let (agent, address) = (agent.clone(), address.clone());
            let area = square(-84.9 + 0.001 * f64::from(number), 41.1, 0.008);
            let body = request(&format!("26-{number}"), &area).to_string();
            scope.spawn(move || {
                crate::support::post(&agent, &address, FIRST, "/v1/requests", body.as_bytes())
            })
        };
        let asked: Vec<_> = (0..8).map(ask).collect();
        asked.into_iter().map(|asked| asked.join().unwrap().unwrap()).collect()
    });
    // One request, and three that overlap it; a later one exceeds the limit.
    let mut refused = 0;
    for answer in &answers {
        match answer.status {
            201 => {}
            422 => {
                refused += 1;
                let violations = answer.problem(422, "refused")["violations"].clone();
                assert_eq!(violations[0]["code"], "too_many_overlaps");
            }
            // The service gives up after some reviews, only if several requests came between.
            _ => drop(answer.problem(503, "overloaded")),
        }
    }
    assert!(answers.iter().filter(|answer| answer.status == 201).count() <= 4);
    assert!(refused > 0, "{answers:?}");
}
