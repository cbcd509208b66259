//! Heads of requests: every refusal is a problem, byte by byte.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{OPERATOR, Service, config};
use crate::wire::Wire;

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

fn started(limits: &serde_json::Value) -> (tempfile::TempDir, Service) {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &config(&json!({}), limits));
    (folder, service)
}

fn changes(fields: &str, body: &str) -> String {
    format!(
        "POST /v1/changes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {OPERATOR}\r\n\
         Content-Type: application/json\r\n{fields}\r\n{body}"
    )
}

#[test]
fn each_refused_head_gets_one_problem_and_is_closed() {
    let (_folder, service) = started(&json!({}));
    let with = |fields: String| format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
    let many = |count: usize| (0..count).fold(String::new(), |all, i| format!("{all}X-{i}: y\r\n"));
    let cases: Vec<(Vec<u8>, u16, &str)> = [
        (with(many(100)), 431, "head_too_large"),
        (with(format!("X: {}\r\n", "y".repeat(600_000))), 431, "head_too_large"),
        (with(format!("X: {}\r\n", "y".repeat(2 << 20))), 431, "head_too_large"),
        (
            format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(60_000)),
            414,
            "target_too_long",
        ),
        (
            format!("GET /?{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(9_000)),
            414,
            "target_too_long",
        ),
        ("GET /healthz HTTP/1.1\r\n\r\n".to_owned(), 400, "bad_head"),
        (with("host: y\r\n".to_owned()), 400, "bad_head"),
        (with("X Y: z\r\n".to_owned()), 400, "bad_head"),
        (with("X: \u{1}\r\n".to_owned()), 400, "bad_head"),
        (with("X: a\r\n b\r\n".to_owned()), 400, "bad_head"),
        (
            with("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n".to_owned()),
            400,
            "bad_head",
        ),
        (changes("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "[]"), 400, "bad_head"),
        (changes("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "[]"), 400, "bad_head"),
        (changes("Content-Length: 2\r\nContent-Length: 2\r\n", "[]"), 400, "bad_head"),
        (changes("Transfer-Encoding: gzip, chunked\r\n", "[]"), 400, "bad_head"),
        (changes("Content-Length: -1\r\n", "[]"), 400, "bad_head"),
        ("GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 400, "bad_head"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 505, "http_version"),
        ("GET / HTTP/3.0\r\nHost: x\r\n\r\n".to_owned(), 505, "http_version"),
        ("\u{16}\u{3}\u{1}\0\u{1}".to_owned(), 400, "not_http"),
        ("\0".repeat(64), 400, "not_http"),
        ("\r\n\r\n{\"a\": 1}".to_owned(), 400, "not_http"),
    ]
    .into_iter()
    .map(|(text, status, code)| (text.into_bytes(), status, code))
    .collect();
    for (sent, status, code) in &cases {
        let shown = String::from_utf8_lossy(&sent[..sent.len().min(200)]).into_owned();
        let begun = Instant::now();
        let answers = Wire::exchange(&service, sent);
        assert_eq!(answers.len(), 1, "{shown}");
        assert_eq!(answers[0].problem(), (*status, (*code).to_owned()), "{shown}");
        assert_eq!(answers[0].header("connection"), Some("close"), "{shown}");
        assert!(begun.elapsed() < Duration::from_secs(4), "{shown}: {:?}", begun.elapsed());
        service.get("", &format!("/problems/{code}")).expect(200);
    }
    let metrics = service.get(OPERATOR, "/metrics").text;
    let counted =
        metrics.lines().filter(|line| line.starts_with("canvass_http_heads_refused_total"));
    let counted: u64 =
        counted.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum();
    assert_eq!(counted, cases.len() as u64, "{metrics}");
    assert!(
        Wire::exchange(&service, HEALTH.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"))[0]
            .status
            == 200
    );
}

#[test]
fn as_much_as_is_allowed_passes() {
    let (_folder, service) = started(&json!({}));
    let close = "Connection: close\r\n";
    let fields = (0..98).fold(String::new(), |all, i| format!("{all}X-{i}: y\r\n"));
    let long = format!("X: {}\r\n", "y".repeat(32_000));
    let path = format!("GET /healthz?{} HTTP/1.1\r\nHost: x\r\n{close}\r\n", "a".repeat(8_000));
    for sent in [
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{close}{fields}\r\n"),
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{close}{long}\r\n"),
        path,
        "GET /healthz HTTP/1.0\r\n\r\n".to_owned(),
        format!("\r\nGET /healthz HTTP/1.1\nHost: x\n{close}\n"),
    ] {
        let answers = Wire::exchange(&service, &sent);
        assert_eq!((answers.len(), answers[0].status), (1, 200), "{sent}: {answers:?}");
    }
}

#[test]
fn answers_are_alike_however_a_request_is_cut() {
    let (_folder, service) = started(&json!({}));
    let bad = changes("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "");
    let good = changes("Content-Length: 2\r\nConnection: close\r\n", "[]");
    for (whole, status) in [(bad, 400), (good, 200)] {
        for cut in (1..whole.len()).step_by(7) {
            let mut wire = Wire::open(&service);
            wire.send(&whole[..cut]);
            std::thread::sleep(Duration::from_millis(2));
            wire.send(&whole[cut..]);
            let answers = wire.answers();
            assert_eq!(
                (answers.len(), answers[0].status),
                (1, status),
                "cut at {cut}: {answers:?}"
            );
        }
        let mut wire = Wire::open(&service);
        for byte in whole.as_bytes() {
            wire.send([*byte]);
        }
        assert_eq!(wire.answers()[0].status, status);
    }
}

#[test]
fn pipelined_requests_are_answered_in_order_until_one_is_refused() {
    let (_folder, service) = started(&json!({}));
    let health =
        HEALTH.replace("\r\n\r\n", &format!("\r\nAuthorization: Bearer {OPERATOR}\r\n\r\n"));
    let mut sent = String::new();
    for owner in 1..=40 {
        let body = json!([{ "withdraw": { "owner": owner } }]).to_string();
        sent += &changes(&format!("Content-Length: {}\r\n", body.len()), &body);
        sent += &health;
    }
    sent += "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n";
    sent += HEALTH;
    for piece in [sent.len(), 1000, 61] {
        let mut wire = Wire::open(&service);
        for piece in sent.as_bytes().chunks(piece) {
            wire.send(piece);
        }
        let answers = wire.answers();
        assert_eq!(answers.len(), 81);
        assert!(answers[..80].iter().all(|answer| answer.status == 200), "{answers:?}");
        assert!(answers[..80].iter().skip(1).step_by(2).all(|answer| answer.body == "ok\n"));
        assert_eq!(answers[80].problem(), (400, "bad_head".to_owned()));
    }
    let held = service.get(OPERATOR, "/v1/owners/1").expect(200);
    assert_eq!(held["revision"], 120);
}

#[test]
fn nothing_is_read_behind_a_body_in_chunks() {
    let (_folder, service) = started(&json!({}));
    let chunked =
        changes("Transfer-Encoding: chunked\r\n", "1;x=y\r\n[\r\n1\r\n]\r\n0\r\nX: y\r\n\r\n");
    let answers = Wire::exchange(&service, format!("{chunked}{HEALTH}"));
    assert_eq!((answers.len(), answers[0].status), (1, 200), "{answers:?}");
    assert_eq!(answers[0].header("connection"), Some("close"));
    let broken = changes("Transfer-Encoding: chunked\r\n", "10000000000000002\r\n[]\r\n0\r\n\r\n");
    let answers = Wire::exchange(&service, &broken);
    assert_eq!(answers[0].problem(), (400, "broken_body".to_owned()));
}

#[test]
fn heads_that_come_slowly_or_by_half_are_problems() {
    let (_folder, service) = started(&json!({ "head_seconds": 1 }));
    let mut slow = Wire::open(&service);
    slow.send("GET /healthz HTTP/1.1\r\nHo");
    let begun = Instant::now();
    assert_eq!(slow.answers()[0].problem(), (408, "head_too_slow".to_owned()));
    assert!(
        begun.elapsed() > Duration::from_millis(900) && begun.elapsed() < Duration::from_secs(4)
    );
    // A byte now and then does not extend the time.
    let mut slower = Wire::open(&service);
    let begun = Instant::now();
    for byte in HEALTH.as_bytes().iter().take(25) {
        slower.send([*byte]);
        std::thread::sleep(Duration::from_millis(60));
    }
    assert_eq!(slower.answers()[0].problem(), (408, "head_too_slow".to_owned()));
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());

    let mut half = Wire::open(&service);
    half.send("GET /healthz HTTP/1.1\r\nHo");
    half.finish();
    assert_eq!(half.answers()[0].problem(), (400, "bad_head".to_owned()));
    // A connection without a byte is no request, and gets no answer.
    assert!(Wire::open(&service).answers().is_empty());
    let mut kept = Wire::open(&service);
    kept.send(HEALTH);
    assert_eq!(kept.answer().status, 200);
    assert!(kept.answers().is_empty());
    // A client that closes its sending side still gets its answer.
    let mut last = Wire::open(&service);
    last.send(changes("Content-Length: 2\r\n", "[]"));
    last.finish();
    assert_eq!(last.answers()[0].status, 200);
}

#[test]
fn every_error_has_a_problem_body() {
    let (_folder, service) =
        started(&json!({ "head_seconds": 1, "without_token_per_second": 100_000 }));
    let seed =
        changes("Content-Length: 2\r\nX-Other: a, b; c=\"d\"\r\nConnection: close\r\n", "[]");
    let mut dice = 0x5eed_u64;
    let mut next = |sides: usize| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(dice >> 33).unwrap() % sides
    };
    let (mut fine, mut refused) = (0, 0);
    for _ in 0..1_500 {
        let mut bytes = seed.clone().into_bytes();
        for _ in 0..=next(3) {
            let place = next(bytes.len());
            match next(4) {
                0 => bytes[place] = u8::try_from(next(256)).unwrap(),
                1 => drop(bytes.remove(place)),
                2 => bytes.insert(place, b"\r\n\0 :\x7f\xff"[next(7)]),
                _ => bytes.truncate(place.max(1)),
            }
        }
        let mut wire = Wire::open(&service);
        wire.send(&bytes);
        wire.finish();
        for answer in wire.answers() {
            if answer.status >= 400 {
                refused += 1;
                answer.problem();
            } else {
                fine += 1;
            }
        }
    }
    println!("{fine} were answered, {refused} refused");
    assert!(fine > 50 && refused > 500, "{fine}, {refused}");
}
