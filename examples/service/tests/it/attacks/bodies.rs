//! Bodies that come slowly or never end, from callers without a token, owners and many agencies.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::people::{Browser, sign_in};
use crate::support::{FIRST, OPERATOR, SECOND, Service, agreed, config, request, square};
use crate::wire::Wire;

/// The head of a request whose body has not come, and its first byte.
fn slow(head: &str, host: &str) -> String {
    format!(
        "{head} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nSec-Fetch-Site: \
         same-origin\r\nContent-Length: 100\r\n"
    )
}

#[test]
fn slow_sign_ins_keep_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({ "answer_seconds": 6, "in_flight": 8 });
    let service = Service::start(folder.path(), &config(&json!({}), &limits));
    let sign_in_head = slow("POST /v1/session", "owner.localhost");
    let chunked = sign_in_head.replace("Content-Length: 100", "Transfer-Encoding: chunked");
    let mut held: Vec<Wire> = (0..40).map(|_| Wire::open(&service)).collect();
    for (number, wire) in held.iter_mut().enumerate() {
        let begun = if number % 2 == 0 { (&sign_in_head, "{") } else { (&chunked, "1\r\n{\r\n") };
        wire.send(format!("{}\r\n{}", begun.0, begun.1));
    }
    std::thread::sleep(Duration::from_millis(300));
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        let begun = Instant::now();
        assert_eq!(service.get("", "/healthz").status, 200);
        let officer = sign_in(&service, "agency.localhost", &json!({ "token": FIRST }));
        officer.get("/v1/me").expect(200);
        Browser::new(&service, "localhost").get("/v1/agencies").expect(200);
        slowest = slowest.max(begun.elapsed());
        std::thread::sleep(Duration::from_millis(50));
    }
    println!("beside 40 slow sign-ins the slowest four answers took {slowest:?}");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    for mut wire in held {
        assert_eq!(wire.answers()[0].problem(), (408, "body_too_slow".to_owned()));
    }
    let long = json!({ "token": "x".repeat(5_000) }).to_string();
    let browser = Browser::new(&service, "owner.localhost");
    browser.post("/v1/session", long).problem(413, "body_too_large");
}

#[test]
fn slow_bodies_of_many_agencies_stop_neither_operator_nor_owners() {
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({ "answer_seconds": 6, "agency_in_flight": 10, "in_flight": 20 });
    let service = Service::start(folder.path(), &config(&json!({}), &limits));
    service.change(&agreed(3, -84.9, 41.1));
    let invited = service.post(OPERATOR, "/v1/owners/3/invitation", "{}").expect(201);
    let owner =
        sign_in(&service, "owner.localhost", &json!({ "invitation": invited["invitation"] }));
    let mut held = Vec::new();
    for token in [FIRST, SECOND] {
        for _ in 0..10 {
            let mut wire = Wire::open(&service);
            let head = slow("POST /v1/requests", "x");
            wire.send(format!("{head}Authorization: Bearer {token}\r\n\r\n{{"));
            held.push(wire);
        }
    }
    std::thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    for _ in 0..10 {
        service.get(OPERATOR, "/v1/due").expect(200);
        service.change(&[json!({ "withdraw": { "owner": 4 } })]);
        owner.post("/v1/me/withdraw", "{}").expect(200);
        assert_eq!(service.get("", "/readyz").status, 200);
    }
    println!("beside 20 slow bodies of two agencies 40 answers took {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    service.get(FIRST, "/v1/requests/1").problem(429, "too_many_at_once");
    for mut wire in held {
        assert_eq!(wire.answers()[0].problem(), (408, "body_too_slow".to_owned()));
    }
    service.get(FIRST, "/v1/requests/1").problem(404, "no_such_request");
}

#[test]
fn trailers_and_chunks_without_end_are_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({ "answer_seconds": 4 });
    let service = Service::start(folder.path(), &config(&json!({}), &limits));
    let head = format!(
        "POST /v1/changes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {OPERATOR}\r\nContent-Type: \
         application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    let many = (0..200_000).fold(String::new(), |all, number| format!("{all}X-{number}: y\r\n"));
    let long = format!("X: {}\r\n", "y".repeat(4 << 20));
    let extension = format!("2;{}\r\n[]\r\n0\r\n\r\n", "y".repeat(4 << 20));
    let zeros = format!("{}\r\n[]\r\n0\r\n\r\n", "0".repeat(4 << 20));
    for body in [
        format!("2\r\n[]\r\n0\r\n{many}\r\n"),
        format!("2\r\n[]\r\n0\r\n{long}\r\n"),
        extension,
        zeros,
        "1\r\n \r\n".repeat(3 << 20),
    ] {
        let begun = Instant::now();
        let answers = Wire::exchange(&service, format!("{head}{body}"));
        let shown: String = body.chars().take(20).collect();
        // Either it was refused, or what is behind the body was never read.
        assert!(answers.len() <= 1, "{shown:?}");
        if let Some(answer) = answers.first().filter(|answer| answer.status != 200) {
            let (status, _) = answer.problem();
            assert!([400, 408, 413].contains(&status), "{shown:?}: {answer:?}");
        }
        println!("{shown:?}: {:?} after {:?}", answers.first().map(|a| a.status), begun.elapsed());
        assert!(begun.elapsed() < Duration::from_secs(8), "{shown:?}");
    }
    let memory = crate::soak::memory(service.pid()) >> 20;
    println!("the service has {memory} MiB afterwards");
    assert!(memory < 200, "{memory} MiB");
}

#[test]
fn a_refused_body_ends_its_connection_and_an_expected_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let service =
        Service::start(folder.path(), &config(&json!({}), &json!({ "body_bytes": 2000 })));
    let fields = |length: usize, more: &str| {
        format!(
            "POST /v1/requests HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {FIRST}\r\nContent-Type: \
             application/json\r\nContent-Length: {length}\r\n{more}\r\n"
        )
    };
    // The second request is inside the first one's body, and must not be answered.
    let inside = format!("GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {FIRST}\r\n\r\n");
    let answers = Wire::exchange(&service, format!("{}{inside}", fields(5_000, "")));
    assert_eq!((answers.len(), answers[0].problem()), (1, (413, "body_too_large".to_owned())));
    assert_eq!(answers[0].header("connection"), Some("close"));
    // Whoever waits for a permission to send gets the refusal instead of it.
    let answers = Wire::exchange(&service, fields(5_000, "Expect: 100-continue\r\n"));
    assert_eq!((answers.len(), answers[0].problem()), (1, (413, "body_too_large".to_owned())));
    let body = request("26-1", &square(-84.9, 41.1, 0.008)).to_string();
    let mut wire = Wire::open(&service);
    wire.send(fields(body.len(), "Expect: 100-continue\r\nConnection: close\r\n"));
    assert_eq!(wire.line(), "HTTP/1.1 100 Continue");
    assert_eq!(wire.line(), "");
    wire.send(&body);
    assert_eq!(wire.answers()[0].status, 201);
}
