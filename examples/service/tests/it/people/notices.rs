//! Notices are drafted, linted and approved before anybody is asked; an approval publishes a
//! bulletin.

use serde_json::json;

use super::{approve, notice, noticed, opened, owner, reviewer};
use crate::support::{OPERATOR, Service, config, request, square};

#[test]
fn nobody_is_asked_before_a_notice_is_approved() {
    let folder = tempfile::tempdir().unwrap();
    let (service, id) = opened(folder.path(), &json!({}));
    let at = |verb: &str| format!("/v1/requests/{id}/{verb}");
    let reviewer = reviewer(&service);
    reviewer.post(&at("ask"), "{}").problem(409, "notice_not_approved");
    reviewer.get(&at("letters")).problem(409, "notice_not_approved");
    // A draft has no effect.
    let draft = reviewer.post(&at("notice"), notice("A home was entered.", false)).expect(200);
    assert_eq!((&draft["approved"], &draft["findings"]), (&json!(false), &json!([])));
    reviewer.post(&at("ask"), "{}").problem(409, "notice_not_approved");
    assert_eq!(reviewer.get(&at("notice")).expect(200)["approved"], json!(null));
    let events = service.get(OPERATOR, "/v1/events?after=0").expect(200);
    assert_eq!(events["events"].as_array().unwrap().len(), 1);
    let approved = approve(&service, id);
    assert_eq!((&approved["approved"], &approved["bulletin"]), (&json!(true), &json!(1)));
    let asked = reviewer.post(&at("ask"), "{}").expect(200);
    assert_eq!(asked["owners"], 12);
    let kept = &reviewer.get(&at("notice")).expect(200)["approved"];
    assert_eq!((&kept["reviewer"], &kept["bulletin"]), (&json!("J. Hill"), &json!(1)));
    assert_eq!(kept["text"], draft["text"]);
    // The approval survives a restart.
    service.stop();
    let service = Service::start(folder.path(), &noticed(&json!({})));
    assert_eq!(service.post(OPERATOR, &at("ask"), "{}").expect(200)["owners"], 0);
    assert_eq!(service.get(OPERATOR, &at("notice")).expect(200)["approved"], *kept);
}

#[test]
fn a_notice_that_rules_speak_against_is_not_approved() {
    let folder = tempfile::tempdir().unwrap();
    let (service, id) = opened(folder.path(), &json!({}));
    let path = format!("/v1/requests/{id}/notice");
    let reviewer = reviewer(&service);
    let write = |template: &str, public: &str, reviewed: &str, approve: bool| {
        let body = json!({
            "template": template, "stop": "", "public_text": public, "reviewer": reviewed,
            "approve": approve,
        });
        reviewer.post(&path, body.to_string())
    };
    let pressing = "🙂 {agency}: send footage of {window} at once, case {case}.";
    let draft = write(pressing, "Call us at 14 Elm Street.", "J. Hill", false).expect(200);
    let text = draft["text"].as_str().unwrap();
    let findings = draft["findings"].as_array().unwrap();
    let of = |code: &str| findings.iter().find(|finding| finding["code"] == code).unwrap();
    let bytes: Vec<usize> = serde_json::from_value(of("urgency")["bytes"].clone()).unwrap();
    assert_eq!(&text[bytes[0]..bytes[1]], "at once");
    assert_eq!((&of("urgency")["line"], &of("stop_missing")["bytes"]), (&json!(1), &json!(null)));
    assert_eq!(draft["public_findings"][0]["code"], "home_address");
    let refused = write(pressing, "Call us at 14 Elm Street.", "J. Hill", true);
    let refused = refused.problem(422, "notice_refused");
    for name in ["text", "findings", "public_findings"] {
        assert_eq!(refused[name], draft[name]);
    }
    let broken = write("{nobody} asks", "A home was entered.", "J. Hill", false).expect(200);
    assert!(broken["template_error"].as_str().unwrap().contains("{nobody}"), "{broken}");
    assert_eq!(broken["text"], json!(null));
    write("{nobody} asks", "A home was entered.", "J. Hill", true).problem(422, "notice_refused");
    let start = reviewer.get(&path).expect(200);
    let (template, stop) = (start["template"].as_str().unwrap(), &start["stop"]);
    let body = |public: &str, reviewed: &str| {
        json!({
            "template": template, "stop": stop, "public_text": public, "reviewer": reviewed,
            "approve": true,
        })
        .to_string()
    };
    let blank = reviewer.post(&path, body(" ", "J. Hill")).problem(422, "notice_refused");
    assert!(blank["public_error"].is_string(), "{blank}");
    reviewer.post(&path, body("A home was entered.", " ")).problem(422, "reviewer_missing");
    service
        .post(OPERATOR, &format!("/v1/requests/{id}/ask"), "{}")
        .problem(409, "notice_not_approved");
    assert_eq!(service.get("", "/v1/bulletins").expect(200)["bulletins"], json!([]));
    // The template that a reviewer gets passes the rules.
    reviewer.post(&path, body("A home was entered.", "J. Hill")).expect(200);
}

#[test]
fn letters_give_the_window_in_each_owners_time() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &noticed(&json!({})));
    service.change(&super::street(1, 12, -84.899, 41.101));
    let abroad = json!({ "standing": "granted", "zone": "Asia/Kolkata" });
    service.change(&[json!({ "set_consent": { "owner": 2, "consent": abroad } })]);
    let mut asked = request("26-1", &square(-84.9, 41.1, 0.008));
    let day = (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24)).to_string();
    let day = day.split('T').next().unwrap();
    asked["window"] =
        json!({ "start": format!("{day}T10:00:00Z"), "end": format!("{day}T12:00:00Z") });
    let id = service.open(&asked)["id"].as_u64().unwrap();
    approve(&service, id);
    let at = |verb: &str| format!("/v1/requests/{id}/{verb}");
    let reviewer = reviewer(&service);
    assert_eq!(reviewer.get(&at("letters")).expect(200)["letters"], json!([]));
    reviewer.post(&at("ask"), "{}").expect(200);
    // An owner who has withdrawn since gets no letter.
    service.change(&[json!({ "withdraw": { "owner": 5 } })]);
    let letters = reviewer.get(&at("letters")).expect(200)["letters"].clone();
    let letters = letters.as_array().unwrap();
    let owners: Vec<u64> = letters.iter().map(|letter| letter["owner"].as_u64().unwrap()).collect();
    assert_eq!(owners, (1..=12).filter(|owner| *owner != 5).collect::<Vec<_>>());
    for letter in letters {
        let (zone, time) = match letter["owner"].as_u64() {
            Some(2) => ("Asia/Kolkata", "15:30 to 17:30"),
            _ => ("America/New_York", "to 0"),
        };
        assert_eq!(letter["zone"], zone);
        let text = letter["text"].as_str().unwrap();
        assert!(text.contains(time) && text.starts_with("Agency 1 asks for footage of"), "{text}");
        assert_eq!(letter["cameras"], json!([letter["owner"]]));
        assert!(letter.get("not_before").is_none(), "no hour is quiet here");
    }
    service.post(crate::support::FIRST, &at("resolve"), "{}").expect(200);
    reviewer.get(&at("letters")).problem(409, "not_open");
}

#[test]
fn quiet_hours_are_in_letters() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = noticed(&json!({}));
    let hour = |hours: i64| {
        let at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours);
        at.to_string()[11..16].to_owned()
    };
    config["policy"]["quiet_hours"] = json!({ "from": hour(-2), "until": hour(2), "zone": "UTC" });
    config["notices"]["zone"] = json!("UTC");
    let service = Service::start(folder.path(), &config);
    service.change(&super::street(1, 12, -84.899, 41.101));
    let told = service.open(&request("26-1", &square(-84.9, 41.1, 0.008)));
    let id = told["id"].as_u64().unwrap();
    approve(&service, id);
    let asked = service.post(OPERATOR, &format!("/v1/requests/{id}/ask"), "{}").expect(200);
    let letters = service.get(OPERATOR, &format!("/v1/requests/{id}/letters")).expect(200);
    assert_eq!(letters["letters"][0]["not_before"], asked["recipients"][0]["not_before"]);
    assert!(letters["letters"][0]["not_before"].is_string(), "{letters}");
    let ada = owner(&service, 3);
    let shown = &ada.get("/v1/me/requests").expect(200)["requests"][0];
    assert_eq!(shown["not_before"], letters["letters"][0]["not_before"]);
}

#[test]
fn a_bulletin_is_corrected_and_ends_with_its_request() {
    let folder = tempfile::tempdir().unwrap();
    let (service, id) = opened(folder.path(), &json!({}));
    let path = format!("/v1/requests/{id}/notice");
    approve(&service, id);
    let bulletin = || service.get("", "/v1/bulletins/1").expect(200);
    let first = bulletin();
    assert_eq!(first["text"], "A home was entered on Friday.");
    // The same text again is no correction; another text is one.
    approve(&service, id);
    assert_eq!(bulletin(), first);
    let again = service.post(OPERATOR, &path, notice("It was a shop.", true)).expect(200);
    assert_eq!(again["bulletin"], 1);
    let corrected = bulletin();
    assert_eq!(corrected["history"][1]["event"], json!({ "correction": "It was a shop." }));
    assert_eq!(corrected["history"][0], first["history"][0]);
    service.post(crate::support::FIRST, &format!("/v1/requests/{id}/resolve"), "{}").expect(200);
    let ended = bulletin();
    assert_eq!(ended["history"][2]["event"], json!({ "ended": "resolved" }));
    assert_eq!(ended["ending"], "resolved");
    service.post(OPERATOR, &path, notice("Too late.", true)).problem(409, "not_open");
    service.stop();
    let service = Service::start(folder.path(), &noticed(&json!({})));
    assert_eq!(service.get("", "/v1/bulletins/1").expect(200), ended);
    service.get("", "/v1/bulletins/2").problem(404, "no_such_bulletin");
}

#[test]
fn an_operator_may_approve_notices_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&json!({ "quiet_hours": "none" }), &json!({}));
    let service = Service::start(folder.path(), &config);
    service.change(&super::street(1, 12, -84.899, 41.101));
    let told = service.open(&request("26-1", &square(-84.9, 41.1, 0.008)));
    let ask = format!("/v1/requests/{}/ask", told["id"]);
    assert_eq!(service.post(OPERATOR, &ask, "{}").expect(200)["owners"], 12);
    service.stop();
    config.as_object_mut().unwrap().remove("notices");
    let service = Service::start(folder.path(), &config);
    service.post(OPERATOR, &ask, "{}").problem(409, "notice_not_approved");
}

#[test]
fn the_queue_has_all_that_a_reviewer_needs() {
    let folder = tempfile::tempdir().unwrap();
    let (service, id) = opened(folder.path(), &json!({}));
    let reviewer = reviewer(&service);
    let queue = |state: &str| {
        let list = reviewer.get(&format!("/v1/requests?state={state}")).expect(200);
        list["requests"].as_array().unwrap().clone()
    };
    let first = &queue("open")[0];
    assert_eq!(
        (&first["id"], &first["due"], &first["asked"]),
        (&json!(id), &json!(true), &json!(0))
    );
    assert_eq!(first["agency"], json!({ "id": 1, "name": "Agency 1" }));
    assert_eq!(
        (&first["notice"], &first["bulletin"]),
        (&json!({ "approved": false }), &json!(null))
    );
    approve(&service, id);
    reviewer.post(&format!("/v1/requests/{id}/ask"), "{}").expect(200);
    let asked = &queue("open")[0];
    assert_eq!((&asked["due"], &asked["asked"]), (&json!(false), &json!(12)));
    assert_eq!((&asked["notice"]["reviewer"], &asked["bulletin"]), (&json!("J. Hill"), &json!(1)));
    assert!(queue("ended").is_empty());
    service.post(crate::support::FIRST, &format!("/v1/requests/{id}/withdraw"), "{}").expect(200);
    assert!(queue("open").is_empty());
    assert_eq!(queue("ended")[0]["state"], "withdrawn");
    assert_eq!(queue("all").len(), 1);
    reviewer.get("/v1/requests?state=nothing").problem(400, "bad_query");
}
