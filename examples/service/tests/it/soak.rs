//! Everything at once for a while, after which memory is as before.
//!
//! `CANVASS_SOAK_SECONDS=600` runs it for ten minutes; the default is ten seconds.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::flood::measure;
use crate::support::{FIRST, OPERATOR, SECOND, Service, agreed, alone, config, request, square};

/// A process's memory in bytes, as Linux counts it.
pub fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
}

/// Sends bytes on a connection of its own, reads for a while at most, and hangs up.
fn send(to: SocketAddr, bytes: &[u8], read: bool) {
    let Ok(mut stream) = TcpStream::connect(to) else { return };
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let _ = stream.write_all(bytes);
    if read {
        let _ = stream.read(&mut [0; 4096]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn memory_ends_flat_after_a_soak() {
    let _alone = alone();
    let seconds = std::env::var("CANVASS_SOAK_SECONDS").map_or(10, |text| text.parse().unwrap());
    let span = Duration::from_secs(seconds);
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({
        "agency_open_requests": 50, "checkpoint_seconds": 2, "write_seconds": 2, "answer_seconds": 3,
        "agency_requests_per_minute": 6_000, "without_token_per_second": 1_000, "agency_in_flight": 8,
    });
    let policy = json!({ "max_requests_per_case": 1, "anonymity": "waived", "min_households": 0, "max_overlaps": 1000,
        "min_difference_m2": 0.0 });
    let service = Service::start(folder.path(), &config(&policy, &limits));
    let place = |owner: u64| agreed(owner, -84.899 + 0.0001 * (owner % 70) as f64, 41.102);
    let cameras: Vec<_> = (1..=2_000).flat_map(place).collect();
    service.change(&cameras);
    let area = square(-84.9, 41.1, 0.008);
    for case in 0..50 {
        service.open(&request(&format!("26-{case}"), &area));
    }
    let route = service.get(OPERATOR, "/v1/due").expect(200)["requests"][0].to_string();
    let to: SocketAddr = service.address().strip_prefix("http://").unwrap().parse().unwrap();
    let with = |token: &str| {
        format!("Host: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n")
    };
    let (operator, first, second) = (with(OPERATOR), with(FIRST), with(SECOND));
    let over = request("27-1", &area).to_string();
    let withdrawn = |owner: u64| {
        json!([{ "withdraw": { "owner": owner } },
        { "set_consent": { "owner": owner, "consent": { "standing": "granted" } } }])
        .to_string()
    };
    let post = |path: &str, fields: &str, body: &str| {
        format!("POST {path} HTTP/1.1\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len())
    };
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut seen = Vec::new();
    std::thread::scope(|scope| {
        for worker in 0..6_u64 {
            let (stop, done, route) = (&stop, &done, &route);
            let (operator, first, second, over) = (&operator, &first, &second, &over);
            let (withdrawn, post) = (&withdrawn, &post);
            scope.spawn(move || {
                for number in (worker * 31).. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let look = format!("GET /v1/requests/{route}/route HTTP/1.1\r\n{operator}\r\n");
                    let (bytes, read) = match number % 12 {
                        0 => (look.repeat(20), true),
                        1 => (look.repeat(200), false),
                        2 => ("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100), number % 2 == 0),
                        3 => (post("/v1/requests", first, over), true),
                        4 => (format!("POST /v1/requests HTTP/1.1\r\n{second}Content-Length: 100\r\n\r\n{{"), false),
                        5 => (post("/v1/requests", second, &"[".repeat(100_000)), true),
                        6 => (format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "y".repeat(40_000)), true),
                        7 => (format!("GET /{number} HTTP/1.1\r\nHost: x\r\n\r\n"), true),
                        8 => ("\0garbage".repeat(50), true),
                        9 => (format!("GET /metrics HTTP/1.1\r\n{operator}\r\n").repeat(20), false),
                        10 => (format!("GET /v1/due HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {number}\r\n\r\n"), true),
                        _ => (post("/v1/changes", operator, &withdrawn(1 + number % 2_000)), true),
                    };
                    send(to, bytes.as_bytes(), read);
                    done.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
        }
        let begun = Instant::now();
        while begun.elapsed() < span {
            std::thread::sleep(span / 60);
            seen.push(memory(service.pid()));
        }
        stop.store(true, Ordering::Relaxed);
    });
    let median = |part: &[u64]| {
        let mut part = part.to_vec();
        part.sort_unstable();
        part[part.len() / 2]
    };
    let third = seen.len() / 3;
    let (middle, last) = (median(&seen[third..2 * third]), median(&seen[2 * third..]));
    println!(
        "{} connections in {seconds} s; memory began with {} KiB, had {} KiB in the middle and {} KiB at the end",
        done.load(Ordering::Relaxed),
        seen[0] >> 10,
        middle >> 10,
        last >> 10
    );
    assert!(last <= middle + middle / 10 + (4 << 20), "{seen:?}");
    let begun = Instant::now();
    while measure(&service, "canvass_http_requests_in_flight") != 1 {
        assert!(begun.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(100));
    }
    service.stop();
}
