//! Access by plane.

use serde_json::{Value, json};

use crate::support::{FIRST, OPERATOR, SECOND, Service, agreed, config, request, square};

#[test]
fn each_token_opens_its_own_plane_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &config(&json!({}), &json!({})));
    let operators = ["/v1/requests/1/route", "/v1/requests/1/funnel", "/v1/owners/1", "/metrics"];
    let operators = operators.into_iter().chain(["/v1/requests/1/explanation?camera=1"]);
    let operators = operators.chain(["/v1/due", "/v1/events?after=0"]);
    for path in operators {
        let none = service.get("", path);
        none.problem(401, "token_missing");
        assert_eq!(none.headers["www-authenticate"], "Bearer realm=\"canvass\"");
        let unknown = service.get("nobody-has-this", path);
        unknown.problem(401, "token_unknown");
        assert!(unknown.headers["www-authenticate"].to_str().unwrap().contains("invalid_token"));
        service.get(FIRST, path).problem(403, "wrong_plane");
        assert_ne!(service.get(OPERATOR, path).status, 403);
    }
    let refused = service.post(SECOND, "/v1/changes", "[]");
    refused.problem(403, "wrong_plane");
    // The body was not read, so the connection must close.
    assert_eq!(refused.headers["connection"], "close");
    for verb in ["ask", "answers"] {
        let path = format!("/v1/requests/1/{verb}");
        service.post(FIRST, &path, "{}").problem(403, "wrong_plane");
        service.post("", &path, "{}").problem(401, "token_missing");
    }
    for path in ["/v1/requests/1/outcome", "/v1/outcomes/pools/0"] {
        service.get(OPERATOR, path).problem(403, "wrong_plane");
    }
    service.post(OPERATOR, "/v1/requests", "{}").problem(403, "wrong_plane");
    service.get(OPERATOR, "/v1/requests/1").problem(403, "wrong_plane");
    assert_eq!(service.get("", "/healthz").text, "ok\n");
    assert_eq!(service.get("", "/readyz").text, "ok\n");
}

#[test]
fn a_receipt_is_the_same_for_nobody_few_and_many() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &config(&json!({}), &json!({})));
    let mut changes = Vec::new();
    // Nobody in the first place, 3 households in the second, 40 in the third.
    for (place, households) in [(1_u32, 3_u32), (2, 40)] {
        for house in 0..households {
            let east = -84.9 + f64::from(place) * 0.1 + 0.0001 * f64::from(house % 8);
            let north = 41.1 + 0.0001 * f64::from(house / 8);
            changes.extend(agreed(
                9_000_000 + 1000 * u64::from(place) + u64::from(house),
                east + 0.001,
                north + 0.001,
            ));
        }
    }
    service.change(&changes);
    let mut receipts = Vec::new();
    let mut owners = Vec::new();
    for place in 0..3 {
        let area = square(-84.9 + 0.1 * f64::from(place), 41.1, 0.008);
        let told = service.open(&request(&format!("26-{place}"), &area));
        let route =
            service.get(OPERATOR, &format!("/v1/requests/{}/route", told["id"])).expect(200);
        owners.push(route["owners"].as_u64().unwrap());
        let again = service.get(FIRST, &format!("/v1/requests/{}", told["id"])).expect(200);
        assert_eq!(again, told);
        service
            .get(SECOND, &format!("/v1/requests/{}", told["id"]))
            .problem(404, "no_such_request");
        let text = told.to_string();
        assert!(!text.contains("9001") && !text.contains("9002"), "{text}");
        let mut receipt = told["receipt"].clone();
        for own in ["case_reference", "window", "reviewed_at"] {
            assert!(receipt.as_object_mut().unwrap().remove(own).is_some());
        }
        receipts.push(receipt);
    }
    // With fewer than 11 households nobody is asked, and the receipts do not reveal it.
    assert_eq!(owners, [0, 0, 40]);
    assert!(receipts.iter().all(|receipt| *receipt == receipts[0]), "{receipts:?}");
    let expected = json!({
        "status": "accepted", "agency": 1, "incident": "burglary", "policy_version": "default-1",
    });
    assert_eq!(receipts[0], expected);
}

#[test]
fn an_operator_sees_why_a_route_is_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    // Without quiet hours the test passes at any hour.
    let policy = json!({ "quiet_hours": "none" });
    let service = Service::start(folder.path(), &config(&policy, &json!({})));
    let houses = (1..=12).flat_map(|owner| agreed(owner, -84.9 + 0.0002 * owner as f64, 41.102));
    service.change(&houses.collect::<Vec<_>>());
    let told = service.open(&request("26-7", &square(-84.9, 41.1, 0.008)));
    let see = |what: &str| {
        service.get(OPERATOR, &format!("/v1/requests/{}/{what}", told["id"])).expect(200)
    };
    assert_eq!(see("route")["recipients"][2], json!({ "owner": 3, "cameras": [3] }));
    service.change(&[json!({ "withdraw": { "owner": 3 } })]);
    let asked: Vec<Value> = see("route")["recipients"].as_array().unwrap().clone();
    assert_eq!(asked.len(), 11);
    assert!(asked.iter().all(|recipient| recipient["owner"] != 3));
    assert_eq!(see("explanation?camera=3")["explanation"], json!({ "denied": "not_granted" }));
    assert_eq!(see("explanation?camera=4")["explanation"], "asked");
    let funnel = see("funnel");
    assert_eq!((&funnel["in_area"], &funnel["denied"]["not_granted"]), (&json!(12), &json!(1)));
    let left = ["permitted", "asked"].map(|of| &funnel[of]);
    assert_eq!(left, [&json!(11), &json!(11)]);
    let held = service.get(OPERATOR, "/v1/owners/3").expect(200);
    assert_eq!(
        (&held["consent"]["standing"], &held["cameras"][0]["id"]),
        (&json!("not_granted"), &json!(3))
    );
    let metrics = service.get(OPERATOR, "/metrics").text;
    for line in ["canvass_cameras 12", "canvass_revision 2", "canvass_changes_total 25"] {
        assert!(metrics.lines().any(|l| l == line), "no `{line}` in {metrics}");
    }
    service.stop();
    // No position, owner, token or contact in any line of the log.
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("\"route\":\"/v1/requests/{id}/route\""), "{log}");
    for secret in ["41.102", "owner\":", "desk@", OPERATOR, FIRST] {
        assert!(!log.contains(secret), "`{secret}` in {log}");
    }
}
