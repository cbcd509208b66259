//! State that a regular stop keeps.

use serde_json::json;

use crate::support::{FIRST, OPERATOR, Service, agreed, config, request, square};

#[test]
fn a_restart_keeps_changes_receipts_routes_and_cases() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&json!({}), &json!({}));
    let service = Service::start(folder.path(), &config);
    let houses = (1..=15).flat_map(|owner| agreed(owner, -84.9 + 0.0002 * owner as f64, 41.102));
    service.change(&houses.collect::<Vec<_>>());
    let revision = service.change(&[json!({ "withdraw": { "owner": 4 } })]);
    let area = square(-84.9, 41.1, 0.008);
    let told = [0, 1].map(|_| service.open(&request("26-3", &area)));
    let path = format!("/v1/requests/{}/route", told[0]["id"]);
    let before = service.get(OPERATOR, &path).expect(200);
    service.stop();

    let service = Service::start(folder.path(), &config);
    let after = service.get(OPERATOR, &path).expect(200);
    assert_eq!(before["owners"], 14);
    assert_eq!(
        (&after["recipients"], &after["revision"]),
        (&before["recipients"], &json!(revision))
    );
    for told in &told {
        let again = service.get(FIRST, &format!("/v1/requests/{}", told["id"])).expect(200);
        assert_eq!(&again, told);
    }
    let third = service.post(FIRST, "/v1/requests", request("26-3", &area).to_string());
    assert_eq!(third.problem(422, "refused")["violations"][0]["code"], "case_exhausted");
    assert_eq!(service.change(&[json!({ "withdraw": { "owner": 5 } })]), revision + 1);

    // A stricter policy applies to requests opened under an earlier one: they are not routed.
    service.stop();
    let stricter = crate::support::config(&json!({ "max_area_m2": 100_000.0 }), &json!({}));
    let service = Service::start(folder.path(), &stricter);
    let problem = service.get(OPERATOR, &path).problem(409, "not_authorized");
    assert_eq!(problem["violations"][0]["code"], "area_too_large");
}
