//! One caller at its worst, of whom the others notice nothing: owners, sessions, and jumps of the
//! clock while people use their pages.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clock_jump::{Clock, ELEVEN_DAYS};
use crate::people::{Browser, sign_in};
use crate::support::{FIRST, OPERATOR, Service, agreed, config, request, square};

fn invited(service: &Service, owner: u64) -> Browser<'_> {
    let path = format!("/v1/owners/{owner}/invitation");
    let answer = service.post(OPERATOR, &path, "{}").expect(201);
    sign_in(service, "owner.localhost", &json!({ "invitation": answer["invitation"] }))
}

#[test]
fn an_owner_at_its_worst_starves_no_other_owner() {
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({ "owner_requests_per_minute": 30 });
    let service = Service::start(folder.path(), &config(&json!({}), &limits));
    service.change(&[agreed(3, -84.9, 41.1), agreed(4, -84.9, 41.1)].concat());
    let (worst, other) = (invited(&service, 3), invited(&service, 4));
    let mut answered = 0;
    let refused = loop {
        let answer = worst.post("/v1/me/withdraw", "{}");
        if answer.status != 200 {
            break answer;
        }
        answered += 1;
    };
    refused.problem(429, "too_many_requests");
    assert!((29..45).contains(&answered), "{answered}");
    other.post("/v1/me/withdraw", "{}").expect(200);
    other.get("/v1/me").expect(200);
    // A token of one's own has no more calls than its sessions.
    let token = worst.told["token"].as_str().unwrap();
    service.get(token, "/v1/me").problem(429, "too_many_requests");
    service.get(token, "/v1/me/requests").problem(429, "too_many_requests");
}

#[test]
fn nobody_ends_others_sessions_by_signing_in_often() {
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({ "without_token_per_second": 100_000 });
    let service = Service::start(folder.path(), &config(&json!({}), &limits));
    let officer = |token: &str| sign_in(&service, "agency.localhost", &json!({ "token": token }));
    let reviewer = sign_in(&service, "operator.localhost", &json!({ "token": OPERATOR }));
    let first = officer(FIRST);
    let second = officer(FIRST);
    for _ in 0..98 {
        officer(FIRST);
    }
    // The first session was used since, so the second is idle for longest.
    first.get("/v1/me").expect(200);
    officer(FIRST);
    second.get("/v1/me").problem(401, "session_unknown");
    for _ in 0..10_000 {
        officer(FIRST);
    }
    reviewer.get("/v1/me").expect(200);
}

fn submitted(service: &Service) -> Value {
    service.open(&request("26-1", &square(-84.9, 41.1, 0.008)))
}

/// What people do while the clock is wrong expires nothing, whichever way it is wrong.
fn people_act_while_the_clock_is_off(ahead: i64) {
    let clock = Clock::new();
    let policy = json!({ "anonymity": "waived", "min_households": 0, "quiet_hours": "none", "max_requests_per_case": 9 });
    let mut config = config(&policy, &json!({}));
    config["notices"] = json!({ "zone": "America/New_York" });
    let service = clock.start(&config);
    service.change(&[agreed(3, -84.899, 41.102), agreed(4, -84.899, 41.102)].concat());
    let asked = submitted(&service)["id"].clone();
    let path = |step: &str| format!("/v1/requests/{asked}/{step}");
    let notice = json!({
        "template": "{agency} asks for {window}, case {case}. To share is voluntary, and this is not a warrant. {stop}",
        "stop": "To stop being asked, reply STOP.", "public_text": "A home was entered.",
        "reviewer": "J. Hill", "approve": true,
    });
    service.post(OPERATOR, &path("notice"), notice.to_string()).expect(200);
    assert_eq!(service.post(OPERATOR, &path("ask"), "{}").expect(200)["owners"], 2);
    let owner = invited(&service, 3);
    let officer = sign_in(&service, "agency.localhost", &json!({ "token": FIRST }));
    let events = || {
        let events = service.get(OPERATOR, "/v1/events?after=0").expect(200);
        let steps = events["events"].as_array().unwrap().iter();
        let name = |event: &Value| match &event["step"] {
            Value::Object(step) => step.keys().next().unwrap().clone(),
            step => step.as_str().unwrap().to_owned(),
        };
        steps.map(name).collect::<Vec<String>>()
    };
    let before = events();

    clock.set(ahead);
    service.get("", "/readyz").problem(503, "clock_in_doubt");
    let second = service.post(OPERATOR, "/v1/owners/4/invitation", "{}").expect(201);
    owner.post(&format!("/v1/me/requests/{asked}/answer"), r#"{"answer":"shared"}"#).expect(200);
    service
        .post(OPERATOR, &path("answers"), json!([{ "owner": 4, "answer": "declined" }]).to_string())
        .expect(200);
    service.post(OPERATOR, &path("notice"), notice.to_string()).expect(200);
    let letters = service.get(OPERATOR, &path("letters")).expect(200);
    assert_eq!(letters["letters"].as_array().unwrap().len(), 2, "{letters}");
    for page in ["/v1/me/requests", "/v1/me/log", "/v1/me"] {
        owner.get(page).expect(200);
    }
    assert_eq!(owner.get("/v1/me/requests").expect(200)["requests"][0]["state"], "open");
    assert_eq!(officer.get("/v1/requests").expect(200)["requests"][0]["state"], "open");
    let queue = service.get(OPERATOR, "/v1/requests?state=open").expect(200);
    assert_eq!(queue["requests"].as_array().unwrap().len(), 1, "{queue}");
    let drawn = request("26-2", &square(-84.9, 41.1, 0.008)).to_string();
    officer.post("/v1/reviews", &drawn).problem(503, "clock_in_doubt");
    officer.post("/v1/requests", &drawn).problem(503, "clock_in_doubt");
    officer.post(&format!("/v1/requests/{asked}/withdraw"), "[]").problem(422, "wrong_shape");
    owner.post("/v1/me/withdraw", "{}").expect(200);
    std::thread::sleep(Duration::from_secs(2));

    clock.set(0);
    let begun = Instant::now();
    service.wait_for(Duration::from_secs(3), |s| s.get("", "/readyz").status == 200);
    println!("healed {:?} after the clock was right", begun.elapsed());
    let mut expected = before;
    expected.push("shared".to_owned());
    assert_eq!(events(), expected);
    assert_eq!(officer.get("/v1/requests").expect(200)["requests"][0]["state"], "open");
    officer.post("/v1/reviews", &drawn).expect(200);
    // An invitation that was made meanwhile holds for its week.
    let invitation = json!({ "invitation": second["invitation"] });
    sign_in(&service, "owner.localhost", &invitation).get("/v1/me").expect(200);
    let expires: jiff::Timestamp = second["expires"].as_str().unwrap().parse().unwrap();
    let week = expires.duration_since(jiff::Timestamp::now());
    assert!((167..=168).contains(&week.as_hours()), "{week}");
    service.stop();
}

#[test]
fn people_who_act_while_the_clock_is_ahead_expire_nothing() {
    people_act_while_the_clock_is_off(ELEVEN_DAYS);
}

#[test]
fn people_who_act_while_the_clock_is_back_expire_nothing() {
    people_act_while_the_clock_is_off(-ELEVEN_DAYS);
}
