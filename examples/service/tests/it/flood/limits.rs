//! Limits of an address, of unread answers, and of lines in the log.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::json;
use socket2::Socket;

use super::measure;
use crate::support::{OPERATOR, Service, config};
use crate::wire::{Seen, Wire};

#[test]
fn an_answer_that_nobody_takes_ends_its_connection() {
    let folder = tempfile::tempdir().unwrap();
    let service =
        Service::start(folder.path(), &config(&json!({}), &json!({ "write_seconds": 3 })));
    let sent =
        format!("GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {OPERATOR}\r\n\r\n");
    let to: SocketAddr = service.address().strip_prefix("http://").unwrap().parse().unwrap();
    let mut unread: Vec<_> = (0..20).map(|_| TcpStream::connect(to).unwrap()).collect();
    for stream in &mut unread {
        stream.set_nonblocking(true).unwrap();
        // Some megabytes of answers.
        let _ = stream.write(sent.repeat(2_000).as_bytes());
    }
    let begun = Instant::now();
    while measure(&service, "canvass_http_answers_unread_total") < 20 {
        assert!(begun.elapsed() < Duration::from_secs(20), "they are still there");
        std::thread::sleep(Duration::from_millis(50));
    }
    println!("20 connections were ended {:?} after they were sent to", begun.elapsed());
    // A client that reads slowly, and faster than the minimum, gets all its answers.
    let mut slow = TcpStream::connect(to).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    slow.write_all(sent.repeat(1_000).as_bytes()).unwrap();
    slow.shutdown(std::net::Shutdown::Write).unwrap();
    let (mut taken, mut piece, begun) = (Vec::new(), [0; 16 << 10], Instant::now());
    loop {
        let more = slow.read(&mut piece).unwrap();
        taken.extend_from_slice(&piece[..more]);
        if more == 0 {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let answers = taken.windows(13).filter(|bytes| bytes == b"HTTP/1.1 200 ").count();
    println!("{} bytes were taken in {:?}", taken.len(), begun.elapsed());
    assert_eq!(answers, 1_000);
    assert!(begun.elapsed() > Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(measure(&service, "canvass_http_answers_unread_total"), 20);
}

#[test]
fn connections_of_one_address_are_limited_with_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({ "connections_per_address": 5, "head_seconds": 60 });
    let service = Service::start(folder.path(), &config(&json!({}), &limits));
    let mut held: Vec<_> = (0..5).map(|_| Wire::open(&service)).collect();
    for wire in &mut held {
        wire.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(wire.answer().status, 200);
    }
    let refused = Wire::open(&service).answers();
    assert_eq!(refused[0].problem(), (503, "too_many_connections".to_owned()));
    drop(held.pop());
    let begun = Instant::now();
    loop {
        // Bytes sent to a connection that is refused would reset it before its answer is read, so a refusal is waited
        // for first.
        let mut wire = Wire::open(&service);
        let Some(refused) = wire.answers_within(Duration::from_secs(1)) else {
            wire.send("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            assert_eq!(wire.answers()[0].status, 200);
            break;
        };
        assert_eq!(refused[0].problem(), (503, "too_many_connections".to_owned()));
        assert!(begun.elapsed() < Duration::from_secs(5), "its place was not given back");
    }
}

#[test]
fn answers_without_a_token_are_limited() {
    let folder = tempfile::tempdir().unwrap();
    // So few that a slow machine is not slower: one comes back in a quarter of a second.
    let limits = json!({ "without_token_per_second": 4 });
    let service = Service::start(folder.path(), &config(&json!({}), &limits));
    let refused = |answer: &Seen| {
        assert_eq!(answer.problem(), (429, "too_many_requests".to_owned()));
        assert_eq!(answer.header("connection"), Some("close"));
        assert_eq!(answer.header("retry-after"), Some("1"));
    };
    let health = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    // Sequential requests reach the limit of the address.
    let (mut wire, mut answered) = (Wire::open(&service), 0);
    let last = loop {
        wire.send(health);
        let answer = wire.answer();
        if answer.status != 200 {
            break answer;
        }
        answered += 1;
    };
    refused(&last);
    // Those of two seconds, and some that came back meanwhile.
    assert!((4..20).contains(&answered), "{answered}");
    assert!(wire.answers().is_empty());
    // A new connection does not raise the limit.
    refused(&Wire::exchange(&service, health)[0]);
    std::thread::sleep(Duration::from_millis(1_100));
    // Of many at once only the first is answered.
    let answers = Wire::exchange(&service, health.repeat(400));
    assert_eq!((answers.len(), answers[0].status), (2, 200));
    refused(&answers[1]);
    let unknown = "GET /v1/due HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer nobody\r\n\r\n";
    let answers = Wire::exchange(&service, unknown.repeat(400));
    assert_eq!((answers.len(), answers[0].problem()), (1, (401, "token_unknown".to_owned())));
    // Requests with tokens are answered meanwhile.
    for _ in 0..100 {
        service.get(OPERATOR, "/v1/due").expect(200);
    }
}

#[test]
fn nothing_is_counted_as_being_answered_after_hang_ups() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &config(&json!({}), &json!({})));
    let to: SocketAddr = service.address().strip_prefix("http://").unwrap().parse().unwrap();
    for round in 0..300 {
        let stream = TcpStream::connect(to).unwrap();
        let socket = Socket::from(stream);
        let head = format!(
            "Host: x\r\nAuthorization: Bearer {OPERATOR}\r\nContent-Type: application/json\r\n"
        );
        let sent = match round % 3 {
            0 => format!("GET /v1/owners/1 HTTP/1.1\r\n{head}\r\n").repeat(50),
            1 => format!("POST /v1/changes HTTP/1.1\r\n{head}Content-Length: 100\r\n\r\n["),
            _ => {
                format!("POST /v1/changes HTTP/1.1\r\n{head}Content-Length: 2\r\n\r\n[]").repeat(20)
            }
        };
        let _ = socket.send(sent.as_bytes());
        // A reset, while it is being answered.
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    }
    let begun = Instant::now();
    // The request for the metrics counts itself.
    while measure(&service, "canvass_http_requests_in_flight") != 1
        || measure(&service, "canvass_http_connections") > 2
    {
        assert!(
            begun.elapsed() < Duration::from_secs(15),
            "{}",
            service.get(OPERATOR, "/metrics").text
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn an_overload_is_a_line_a_second_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({ "in_flight": 1, "answer_seconds": 120 });
    let service = Service::start(folder.path(), &config(&json!({}), &limits));
    // One slow body takes the only place.
    let mut slow = Wire::open(&service);
    slow.send(format!(
        "POST /v1/changes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {OPERATOR}\r\nContent-Type: \
         application/json\r\nContent-Length: 100\r\n\r\n["
    ));
    // Nobody else has the place when it comes: it would be sent away.
    std::thread::sleep(Duration::from_millis(500));
    let begun = Instant::now();
    while service.get(OPERATOR, "/v1/due").status == 200 {
        assert!(begun.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(100));
    }
    let mut overloaded = 1;
    for _ in 0..3_000 {
        service.get(OPERATOR, "/v1/due").problem(503, "overloaded");
        overloaded += 1;
    }
    let seconds = begun.elapsed().as_secs();
    drop(slow);
    service.stop();
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &serde_json::Value| {
            line["level"] == "WARN" && line["fields"]["status"] == 503
        })
        .collect();
    let times: u64 = lines.iter().map(|line| line["fields"]["times"].as_u64().unwrap()).sum();
    println!("{overloaded} answers in {seconds} s were {} lines", lines.len());
    assert_eq!(times, overloaded);
    assert!(lines.len() as u64 <= seconds + 2, "{} lines in {seconds} s", lines.len());
}
