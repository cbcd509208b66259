//! Signing in and out; another site's page can do nothing with somebody's cookie.

use serde_json::json;

use super::{Browser, noticed, officer, opened, owner, reviewer, sign_in};
use crate::support::{FIRST, OPERATOR, SECOND, Service, request, square};

#[test]
fn a_token_opens_a_session_on_its_own_host_alone() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &noticed(&json!({})));
    for (host, tokens) in [
        ("agency.localhost", [OPERATOR, "nobody-has-this"]),
        ("operator.localhost", [FIRST, "nobody-has-this"]),
        ("owner.localhost", [FIRST, OPERATOR]),
    ] {
        for token in tokens {
            let browser = Browser::new(&service, host);
            let answer = browser.post("/v1/session", json!({ "token": token }).to_string());
            answer.problem(401, "token_unknown");
            assert!(answer.headers.get("set-cookie").is_none());
        }
    }
    let officer = officer(&service);
    assert_eq!(officer.told["plane"], "agency");
    assert_eq!(
        (&officer.told["name"], &officer.told["idle_seconds"]),
        (&json!("Agency 1"), &json!(900))
    );
    assert_eq!(officer.get("/v1/session").expect(200), officer.told);
    assert_eq!(officer.get("/v1/me").expect(200)["agency"]["id"], 1);
    assert_eq!(reviewer(&service).get("/v1/me").expect(200), json!({ "plane": "operator" }));
}

#[test]
fn a_cookie_of_another_plane_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _) = opened(folder.path(), &json!({}));
    let browsers = [officer(&service), reviewer(&service), owner(&service, 3)];
    let hosts = ["agency.localhost", "operator.localhost", "owner.localhost"];
    for (host, own) in hosts.iter().zip(&browsers) {
        for (other, host) in browsers.iter().zip(hosts).filter(|(_, other)| other != host) {
            let mut foreign = Browser::new(&service, host);
            foreign.cookie.clone_from(&own.cookie);
            foreign.get("/v1/me").problem(401, "session_unknown");
            foreign.get("/v1/session").problem(401, "session_unknown");
            assert_eq!(other.get("/v1/me").status, 200);
        }
    }
    // A session has no effect on hosts for programs.
    let mut program = Browser::new(&service, "127.0.0.1");
    program.cookie.clone_from(&browsers[1].cookie);
    program.get("/v1/due").problem(401, "token_missing");
}

#[test]
fn cross_site_posts_with_a_cookie_open_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &noticed(&json!({})));
    let mut officer = officer(&service);
    let body = request("26-9", &square(-84.9, 41.1, 0.008)).to_string();
    let foreign: [Vec<(&str, String)>; 6] = [
        vec![("sec-fetch-site", "cross-site".to_owned())],
        vec![("sec-fetch-site", "same-site".to_owned())],
        vec![("sec-fetch-site", "none".to_owned())],
        vec![("origin", "http://evil.example".to_owned())],
        vec![("origin", "null".to_owned())],
        vec![],
    ];
    for says in foreign {
        officer.says.clone_from(&says);
        officer.post("/v1/requests", &body).problem(403, "cross_site");
        officer.delete("/v1/session").problem(403, "cross_site");
        let token = json!({ "token": FIRST }).to_string();
        officer.post("/v1/session", token).problem(403, "cross_site");
    }
    officer.says = vec![("sec-fetch-site", "cross-site".to_owned())];
    officer.get("/v1/requests").problem(403, "cross_site");
    officer.says = vec![("sec-fetch-site", "same-origin".to_owned())];
    assert_eq!(officer.get("/v1/requests").expect(200)["requests"], json!([]));
    // A browser without that header shows the same by the origin.
    officer.says = vec![("origin", "http://agency.localhost".to_owned())];
    officer.post("/v1/requests", &body).expect(201);
}

#[test]
fn a_token_and_a_session_at_once_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &noticed(&json!({})));
    let mut officer = officer(&service);
    officer.says.push(("authorization", format!("Bearer {SECOND}")));
    officer.get("/v1/me").problem(400, "two_credentials");
    officer.cookie = None;
    assert_eq!(officer.get("/v1/me").expect(200)["agency"]["id"], 2);
}

#[test]
fn signing_out_ends_the_session_and_clears_caches() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &noticed(&json!({})));
    let (officer, other) = (officer(&service), officer(&service));
    let out = officer.delete("/v1/session");
    assert_eq!(out.status, 204, "{}", out.text);
    assert_eq!(out.headers["clear-site-data"], "\"cache\", \"cookies\", \"storage\"");
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    officer.get("/v1/me").problem(401, "session_unknown");
    assert_eq!(other.get("/v1/me").status, 200);
    let cookie = other.cookie.clone();
    service.stop();
    let service = Service::start(folder.path(), &noticed(&json!({})));
    let mut again = Browser::new(&service, "agency.localhost");
    again.get("/v1/me").problem(401, "session_missing");
    again.cookie = cookie;
    again.get("/v1/me").problem(401, "session_unknown");
}

#[test]
fn tokens_are_exchanged_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = noticed(&json!({}));
    let service = Service::start(folder.path(), &config);
    let (officer, reviewer) = (officer(&service), reviewer(&service));
    config["agencies"][0]["token_sha256"] = json!(super::hex("a-new-token"));
    service.hang_up(&config);
    let waited = (0..100).find(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        service.get("a-new-token", "/v1/me").status == 200
    });
    assert!(waited.is_some(), "the new token opens nothing");
    service.get(FIRST, "/v1/me").problem(401, "token_unknown");
    // The session opened with the old token is over; nobody else is signed out.
    officer.get("/v1/me").problem(401, "session_unknown");
    assert_eq!(reviewer.get("/v1/me").status, 200);
    sign_in(&service, "agency.localhost", &json!({ "token": "a-new-token" }));
    // An invalid configuration changes nothing.
    service.hang_up(&json!({ "operator_token_sha256": "zz" }));
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(service.get("a-new-token", "/v1/me").status, 200);
    assert_eq!(service.get(OPERATOR, "/v1/me").status, 200);
}
