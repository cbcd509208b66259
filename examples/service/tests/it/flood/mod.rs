//! Floods: connections that never read, and many connections of one address.

mod limits;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use socket2::{Domain, Socket, Type};

use crate::support::{OPERATOR, Service, agreed, alone, config, request, square};

/// The connections that the test holds, if the system allows them.
const HELD: u64 = 10_000;
const WORKERS: usize = 16;

/// Raises this process's limit on open files, and returns the number of connections that it can
/// hold.
fn room() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let most = maximum.unwrap_or(HELD + 1_000).min(HELD + 1_000).max(current.unwrap_or(0));
    let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum });
    let current = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    HELD.min(current.saturating_sub(1_000))
}

/// A metric's value.
#[track_caller]
pub fn measure(service: &Service, name: &str) -> u64 {
    let metrics = service.get(OPERATOR, "/metrics").text;
    let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("no `{name}` in {metrics}")).parse().unwrap()
}

/// A connection from an address of this machine, with pipelined requests. It does not wait for the
/// service to accept them.
fn flooding(from: Ipv4Addr, to: SocketAddr, sent: &[u8]) -> Option<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
    socket.bind(&SocketAddr::from((from, 0)).into()).ok()?;
    socket.set_nonblocking(true).ok()?;
    // The connection is in progress; the data follow later.
    let _ = socket.connect(&to.into());
    let _ = socket.send(sent);
    Some(socket)
}

/// The times of the workers' requests, each worker on a connection of its own that stays, and the
/// times of new connections.
fn work(to: SocketAddr, path: &str, span: Duration) -> (Vec<Duration>, Vec<Duration>) {
    let begun = Instant::now();
    let (mut times, mut connects) = (Vec::new(), Vec::new());
    let connected = || {
        let stream = TcpStream::connect(to).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    };
    let ask = |stream: &mut TcpStream| {
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {OPERATOR}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut seen = Vec::new();
        let mut piece = [0; 4096];
        while !seen.windows(4).any(|four| four == b"\r\n\r\n") || !seen.ends_with(b"}") {
            let more = stream.read(&mut piece).unwrap();
            assert!(more > 0, "the connection of one that works was closed");
            seen.extend_from_slice(&piece[..more]);
        }
        assert!(seen.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&seen));
    };
    let mut stream = connected();
    while begun.elapsed() < span {
        let start = Instant::now();
        ask(&mut stream);
        times.push(start.elapsed());
        if times.len() % 100 == 50 {
            let start = Instant::now();
            let mut new = connected();
            ask(&mut new);
            connects.push(start.elapsed());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    (times, connects)
}

/// Stops the flooding threads, also when an assertion fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs the workers, and prints their times; returns the slowest answer and the slowest new
/// connection.
fn working(name: &str, to: SocketAddr, path: &str, span: Duration) -> (Duration, Duration) {
    let (mut times, mut connects) = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(|| work(to, path, span))).collect();
        let mut all = (Vec::new(), Vec::new());
        for worker in workers {
            let (times, connects) = worker.join().unwrap();
            all.0.extend(times);
            all.1.extend(connects);
        }
        all
    });
    times.sort_unstable();
    connects.sort_unstable();
    let (median, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    let (slowest, connect) = (times[times.len() - 1], connects.last().copied().unwrap_or_default());
    println!(
        "{name}: {} answers, median {median:?}, 99th percentile {p99:?}, slowest {slowest:?}; of {} new \
         connections the slowest took {connect:?}",
        times.len(),
        connects.len()
    );
    assert!(times.len() > WORKERS * 20, "{name}: only {} answers", times.len());
    (slowest, connect)
}

#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_unread_connections_starve_nobody() {
    let _alone = alone();
    let held = room();
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(
        folder.path(),
        &config(&json!({ "anonymity": "waived", "min_households": 0 }), &json!({})),
    );
    service.change(&agreed(1, -84.898, 41.102));
    let opened = service.open(&request("26-1", &square(-84.9, 41.1, 0.008)));
    let path = format!("/v1/requests/{}/route", opened["id"]);
    let to: SocketAddr = service.address().strip_prefix("http://").unwrap().parse().unwrap();
    let span = Duration::from_secs(10);
    working("nobody else", to, &path, span);

    let sent = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".repeat(400);
    for addresses in [1_u8, 100] {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut sockets = Vec::new();
                // The flood begins before the workers.
                std::thread::sleep(Duration::from_secs(1));
                // Connections that the service has closed are opened anew, some 500 a second.
                let mut next = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    for _ in 0..50 {
                        let place = usize::try_from(next % held).unwrap();
                        let last = u8::try_from(next % u64::from(addresses)).unwrap();
                        let from = Ipv4Addr::new(127, 0, addresses, last + 1);
                        let is_open = |socket: &Socket| match socket.send(sent.as_bytes()) {
                            Ok(_) => true,
                            Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
                        };
                        match sockets.get(place).map(|kept: &Option<Socket>| kept.as_ref()) {
                            None => sockets.push(flooding(from, to, sent.as_bytes())),
                            Some(Some(socket)) if is_open(socket) => {}
                            Some(_) => sockets[place] = flooding(from, to, sent.as_bytes()),
                        }
                        next += 1;
                    }
                    std::thread::sleep(Duration::from_millis(if next < held { 2 } else { 100 }));
                }
                println!(
                    "{} connections of {addresses} addresses, {next} looked at",
                    sockets.len()
                );
                assert_eq!(sockets.len() as u64, held);
            });
            let stopping = Stop(&stop);
            let (slowest, connect) =
                working(&format!("beside {held} of {addresses} addresses"), to, &path, span);
            drop(stopping);
            // The slowest connection came while ten thousand were being accepted.
            assert!(slowest < Duration::from_secs(10), "{slowest:?}");
            assert!(connect < Duration::from_secs(10), "{connect:?}");
        });
        println!(
            "{} connections open, {} refused",
            measure(&service, "canvass_http_connections"),
            measure(&service, "canvass_http_connections_refused_total")
        );
        let begun = Instant::now();
        assert_eq!(service.get("", "/readyz").text, "ok\n");
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    }
}
