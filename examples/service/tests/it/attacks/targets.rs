//! Odd targets, hosts, methods and versions: each gets one whole answer, and opens nothing.

use serde_json::json;

use crate::support::{FIRST, OPERATOR, Service, config};
use crate::wire::{Seen, Wire};

fn started() -> (tempfile::TempDir, Service) {
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({ "without_token_per_second": 100_000 });
    let service = Service::start(folder.path(), &config(&json!({}), &limits));
    (folder, service)
}

/// A request with a token, whose connection is closed behind it.
fn sent(service: &Service, line: &str, host: &str, token: &str) -> Vec<Seen> {
    let head = format!(
        "{line}\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    Wire::exchange(service, head)
}

#[test]
fn odd_targets_and_methods_get_one_problem() {
    let (_folder, service) = started();
    let lines = [
        "GET /v1/owners/7%00 HTTP/1.1",
        "GET /v1/owners/%ff HTTP/1.1",
        "GET /v1/owners/7%0d%0aX:%20y HTTP/1.1",
        "GET /v1/owners/-7 HTTP/1.1",
        "GET /v1/owners/18446744073709551616 HTTP/1.1",
        "GET /v1/owners/7/ HTTP/1.1",
        "GET //v1/owners/7 HTTP/1.1",
        "GET /v1/../v1/owners/7 HTTP/1.1",
        "GET /v1/%2e%2e/v1/due HTTP/1.1",
        "GET /v1/owners/7;x=y HTTP/1.1",
        "GET /V1/due HTTP/1.1",
        "GET /v1/due?after=7&after=8 HTTP/1.1",
        "GET /v1/due?after=%00 HTTP/1.1",
        "GET /v1/events?after=-1 HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "TRACE /v1/due HTTP/1.1",
        "CONNECT x HTTP/1.1",
        "PATCH /v1/changes HTTP/1.1",
        "M-SEARCH /v1/due HTTP/1.1",
        "GET /portal/../Cargo.toml HTTP/1.1",
        "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1",
    ];
    for line in lines {
        let answers = sent(&service, line, "x", OPERATOR);
        assert_eq!(answers.len(), 1, "{line}: {answers:?}");
        let (status, code) = answers[0].problem();
        assert!((400..500).contains(&status), "{line}: {status} {code}");
        assert!(!answers[0].body.contains('\0') && !answers[0].body.contains('\r'), "{line}");
    }
    // A method without a body in its answer has none in its problem either.
    for line in ["HEAD /nowhere HTTP/1.1", "HEAD /v1/due HTTP/1.1"] {
        let bytes = Wire::exchange_bytes(
            &service,
            format!("{line}\r\nHost: x\r\nConnection: close\r\n\r\n"),
        );
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("HTTP/1.1 40") && text.ends_with("\r\n\r\n"), "{line}: {text}");
    }
    assert_eq!(service.get("", "/healthz").status, 200);
}

#[test]
fn a_target_cannot_name_another_plane_than_the_host() {
    let (_folder, service) = started();
    for (line, host) in [
        ("GET http://operator.localhost/v1/due HTTP/1.1", "agency.localhost"),
        ("GET http://operator.localhost@agency.localhost/v1/due HTTP/1.1", "agency.localhost"),
        ("GET http://x/v1/due HTTP/1.1", "evil.example"),
        ("GET /v1/due HTTP/1.1", "x@evil.example"),
        ("GET /v1/due HTTP/1.1", "operator.localhost, agency.localhost"),
        ("GET /v1/due HTTP/1.1", "operator.localhost/"),
    ] {
        let answers = sent(&service, line, host, OPERATOR);
        assert_eq!(answers.len(), 1, "{line}");
        assert_eq!(answers[0].problem(), (400, "bad_head".to_owned()), "{line} at {host}");
    }
    for (line, host, status) in [
        ("GET http://operator.localhost/v1/due HTTP/1.1", "operator.localhost", 200),
        ("GET http://Operator.Localhost:8787/v1/due HTTP/1.1", "operator.localhost:8787", 200),
        ("GET http://agency.localhost/v1/due HTTP/1.1", "agency.localhost", 404),
        ("GET /v1/due HTTP/1.1", "operator.localhost.", 421),
        ("GET /v1/due HTTP/1.1", "", 421),
        ("GET /v1/due HTTP/1.1", "0x7f.1", 421),
        ("GET /v1/due HTTP/1.1", "[::1]", 200),
    ] {
        let answers = sent(&service, line, host, OPERATOR);
        assert_eq!(answers[0].status, status, "{line} at {host}: {answers:?}");
    }
}

#[test]
fn http_1_0_is_answered_and_closed() {
    let (_folder, service) = started();
    let due = |fields: &str| {
        format!("GET /v1/due HTTP/1.0\r\nAuthorization: Bearer {OPERATOR}\r\n{fields}\r\n")
    };
    let answers = Wire::exchange(&service, due(""));
    assert_eq!((answers.len(), answers[0].status), (1, 200));
    // What is pipelined behind it is not answered, unless the connection is to stay.
    let answers = Wire::exchange(&service, due("").repeat(2));
    assert_eq!((answers.len(), answers[0].status), (1, 200));
    let mut kept = Wire::open(&service);
    kept.send(due("Connection: keep-alive\r\n"));
    assert_eq!(kept.answer().status, 200);
    kept.send(due(""));
    assert_eq!(kept.answers()[0].status, 200);
}

#[test]
fn errors_between_pipelined_requests_are_answered_in_order() {
    let (_folder, service) = started();
    let with = |line: &str, token: &str, body: &str| {
        let length = body.len();
        format!(
            "{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: \
             application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    };
    let sent = [
        with("GET /v1/due", OPERATOR, ""),
        with("GET /nowhere", OPERATOR, ""),
        with("GET /v1/due", FIRST, ""),
        with("PUT /v1/due", OPERATOR, ""),
        with("GET /v1/owners/x", OPERATOR, ""),
        with("POST /v1/changes", OPERATOR, "[]"),
        with("GET /v1/requests/1", FIRST, ""),
        with("POST /v1/changes", OPERATOR, "{]"),
        with("GET /v1/due", OPERATOR, ""),
    ];
    let answers = Wire::exchange(&service, sent.concat());
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    // An error to a request with a body ends the connection: the body may not have been read.
    assert_eq!(statuses, [200, 404, 403, 405, 400, 200, 404, 400], "{answers:?}");
    assert_eq!(answers[7].header("connection"), Some("close"));
}
