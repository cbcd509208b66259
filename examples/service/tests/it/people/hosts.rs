//! Each host has the routes of its plane, and no others.

use serde_json::json;

use super::{Browser, noticed, officer, opened, owner, reviewer};
use crate::support::{FIRST, Service, config};

/// The paths of each plane with their methods; a number in a path is the id of an open request.
const PATHS: [(&str, &[(&str, &str)]); 4] = [
    (
        "agency.localhost",
        &[
            ("POST", "/v1/reviews"),
            ("POST", "/v1/requests"),
            ("GET", "/v1/requests/7"),
            ("GET", "/v1/requests/7/outcome"),
            ("POST", "/v1/requests/7/resolve"),
            ("POST", "/v1/requests/7/withdraw"),
            ("POST", "/v1/requests/7/extend"),
            ("GET", "/v1/outcomes/pools/0"),
        ],
    ),
    (
        "operator.localhost",
        &[
            ("POST", "/v1/changes"),
            ("GET", "/v1/due"),
            ("GET", "/v1/events"),
            ("GET", "/v1/requests/7/route"),
            ("POST", "/v1/requests/7/ask"),
            ("POST", "/v1/requests/7/answers"),
            ("GET", "/v1/requests/7/funnel"),
            ("GET", "/v1/requests/7/explanation?camera=1"),
            ("GET", "/v1/requests/7/cameras"),
            ("GET", "/v1/requests/7/notice"),
            ("GET", "/v1/requests/7/letters"),
            ("GET", "/v1/owners/7"),
            ("DELETE", "/v1/owners/8"),
            ("GET", "/v1/export"),
            ("POST", "/v1/owners/7/invitation"),
            ("GET", "/metrics"),
        ],
    ),
    (
        "owner.localhost",
        &[
            ("PUT", "/v1/me/consent"),
            ("POST", "/v1/me/withdraw"),
            ("PUT", "/v1/me/cameras/7"),
            ("GET", "/v1/me/requests"),
            ("POST", "/v1/me/requests/7/answer"),
            ("GET", "/v1/me/log"),
        ],
    ),
    (
        "localhost",
        &[
            ("GET", "/v1/agencies"),
            ("GET", "/v1/bulletins"),
            ("GET", "/v1/bulletins/7"),
            ("GET", "/v1/coverage"),
        ],
    ),
];

#[test]
fn routes_of_another_plane_do_not_exist_on_a_host() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _) = opened(folder.path(), &json!({}));
    let browsers = [
        officer(&service),
        reviewer(&service),
        owner(&service, 3),
        Browser::new(&service, "localhost"),
    ];
    for ((host, _), browser) in PATHS.iter().zip(&browsers) {
        for (of, paths) in &PATHS {
            for (method, path) in *paths {
                let body = (*method != "GET" && *method != "DELETE").then_some("{}");
                let answer = browser.send(method, path, body);
                if of == host {
                    let missing = answer.text.contains("no_such_endpoint");
                    assert!(!missing && answer.status != 405, "{host}: {method} {path}");
                } else {
                    // Where both planes have the path, only its method can be missing.
                    let shared = *path == "/v1/requests";
                    let expected = if shared && *host == "operator.localhost" { 405 } else { 404 };
                    assert_eq!(answer.status, expected, "{host}: {method} {path}: {}", answer.text);
                    if expected == 404 {
                        answer.problem(404, "no_such_endpoint");
                    }
                }
            }
        }
    }
    let shown = ["/v1/me", "/v1/requests", "/v1/policy", "/v1/log/head", "/v1/session"];
    let there = [
        ("agency.localhost", [true, true, true, false, true]),
        ("operator.localhost", [true, true, false, false, true]),
        ("owner.localhost", [true, false, false, true, true]),
        ("localhost", [false, false, true, true, false]),
    ];
    for ((host, there), browser) in there.iter().zip(&browsers) {
        let found = shown.map(|path| browser.get(path).status == 200);
        assert_eq!(found, *there, "{host}: {shown:?}");
    }
}

#[test]
fn an_unknown_host_is_answered_with_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &config(&json!({}), &json!({})));
    for host in ["evil.example", "agency.localhost.evil.example", "localhost.evil.example:80"] {
        let mut browser = Browser::new(&service, host);
        browser.says.push(("authorization", format!("Bearer {FIRST}")));
        browser.get("/v1/requests").problem(421, "unknown_host");
        browser.get("/healthz").problem(421, "unknown_host");
        browser.post("/v1/requests", "{}").problem(421, "unknown_host");
    }
}

#[test]
fn hosts_can_be_named_in_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = noticed(&json!({}));
    config["hosts"] = json!({ "agency": "police.example.org", "programs": ["api.example.org"] });
    let service = Service::start(folder.path(), &config);
    let at = |host| Browser::new(&service, host).get("/v1/me");
    at("police.example.org").problem(401, "session_missing");
    at("POLICE.example.org:443").problem(401, "session_missing");
    at("operator.localhost").problem(401, "session_missing");
    at("api.example.org").problem(401, "token_missing");
    at("agency.localhost").problem(421, "unknown_host");
}

#[test]
fn every_answer_has_the_headers_of_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _) = opened(folder.path(), &json!({}));
    let browsers = [
        officer(&service),
        reviewer(&service),
        owner(&service, 3),
        Browser::new(&service, "localhost"),
    ];
    for browser in &browsers {
        for path in ["/v1/me", "/v1/session", "/healthz", "/nowhere", "/problems/refused"] {
            let headers = browser.get(path).headers;
            let policy = headers["content-security-policy"].to_str().unwrap();
            for part in [
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "connect-src 'self'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
                "require-trusted-types-for 'script'",
            ] {
                assert!(policy.split("; ").any(|found| found == part), "{path}: {part}: {policy}");
            }
            assert!(!policy.contains("unsafe"), "{policy}");
            for (name, value) in [
                ("referrer-policy", "no-referrer"),
                ("x-content-type-options", "nosniff"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-resource-policy", "same-origin"),
                ("permissions-policy", "geolocation=(), camera=(), microphone=()"),
                ("cache-control", "no-store"),
            ] {
                assert_eq!(headers[name], value, "{path}: {name}");
            }
        }
    }
    let public = Browser::new(&service, "localhost");
    for path in ["/v1/bulletins", "/v1/policy", "/v1/agencies"] {
        assert_eq!(public.get(path).headers["cache-control"], "public, max-age=300", "{path}");
    }
}
