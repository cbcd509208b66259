//! A web handler: it holds the registry, reviews requests, and reloads its policy from TOML.
//!
//! ```text
//! cargo run --example web_handler -- 127.0.0.1:8080 policy.toml
//! curl -d @request.json 127.0.0.1:8080/requests/1; curl -d '' 127.0.0.1:8080/policy
//! ```
//! `answer` is the same behind axum or actix; `examples/service` is a whole service.
#![allow(clippy::print_stderr, reason = "an example talks to its terminal")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::{fs, thread};

use canvass::jiff::Timestamp;
use canvass::{Agency, AgencyId, AgencyKind, OpenRequests, Policy, Registry, Request, RequestId};

type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Shared by all threads: snapshots need no lock, and a policy is replaced whole.
struct App {
    registry: Registry,
    agency: Agency,
    policy_file: String,
    policy: RwLock<Arc<Policy>>,
    open: Mutex<OpenRequests>,
}

/// The status and the body of the answer to a request.
fn answer(app: &App, path: &str, body: &str, clock: Timestamp) -> (u16, String) {
    if path == "/policy" {
        // If the file cannot be read, the policy in force stays.
        let policy = match load(&app.policy_file) {
            Ok(policy) => Arc::new(policy),
            Err(error) => return (422, error.to_string()),
        };
        *app.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&policy);
        return (200, policy.version.clone());
    }
    let Some(id) = path.strip_prefix("/requests/") else { return (404, "no such path".into()) };
    match (id.parse(), serde_json::from_str(body)) {
        (Ok(id), Ok(request)) => open(app, id, &request, clock),
        (Err(error), _) => (404, error.to_string()),
        (_, Err(error)) => (422, error.to_string()),
    }
}

/// A policy is validated on reading: limits that contradict each other are an error.
fn load(file: &str) -> Done<Policy> {
    Ok(toml::from_str(&fs::read_to_string(file)?)?)
}

fn open(app: &App, id: RequestId, request: &Request, clock: Timestamp) -> (u16, String) {
    let policy = Arc::clone(&app.policy.read().unwrap_or_else(PoisonError::into_inner));
    let mut open = app.open.lock().unwrap_or_else(PoisonError::into_inner);
    // Another thread may have read a later clock and got the lock first.
    let now = open.clamp_now(clock);
    let reviewed = policy.review(request, &app.agency, &open.case_file(app.agency.id), now);
    let authorized = match reviewed {
        Ok(authorized) => authorized,
        Err(violations) => return (422, serde_json::to_string(&violations).unwrap_or_default()),
    };
    // A service stores the events of each step, and sends to those due after `open.record_asked`.
    let (opened, snapshot) = (open.open(id, &authorized, now), app.registry.snapshot());
    let decided = opened.and_then(|_events| open.decide(id, &authorized, &snapshot, now));
    match decided.and_then(|_events| open.due(id, &authorized, &snapshot, now)) {
        Ok(due) => eprintln!("{} owners to ask", due.owners()),
        Err(error) => return (409, error.to_string()),
    }
    // The agency learns nothing about who is asked, nor how many.
    (201, serde_json::to_string(&authorized.receipt()).unwrap_or_default())
}

fn serve(app: &App, mut stream: &TcpStream) -> Done {
    let mut reader = BufReader::new(stream.take(1 << 20));
    let (mut first, mut header, mut body, mut length) =
        (String::new(), String::new(), String::new(), 0);
    reader.read_line(&mut first)?;
    while reader.read_line(&mut header)? > 2 {
        if let Some(("content-length", value)) = header.to_lowercase().split_once(':') {
            length = value.trim().parse()?;
        }
        header.clear();
    }
    reader.take(length).read_to_string(&mut body)?;
    let path = first.split(' ').nth(1).unwrap_or_default();
    let (status, body) = answer(app, path, &body, Timestamp::now());
    Ok(write!(stream, "HTTP/1.1 {status} \r\ncontent-length: {}\r\n\r\n{body}", body.len())?)
}

fn main() -> Done {
    let mut arguments = std::env::args().skip(1);
    let (address, policy_file) = arguments.next().zip(arguments.next()).ok_or("ADDRESS POLICY")?;
    let agency = Agency::new(AgencyId(3), "Example Police", AgencyKind::Local);
    let (registry, open) = (Registry::new(), Mutex::new(OpenRequests::new(0)));
    let policy = RwLock::new(Arc::new(load(&policy_file)?));
    let app = &App { registry, agency, policy_file, policy, open };
    let listener = TcpListener::bind(address)?;
    thread::scope(|scope| {
        for stream in listener.incoming().flatten() {
            scope.spawn(move || serve(app, &stream).unwrap_or_else(|error| eprintln!("{error}")));
        }
    });
    Ok(())
}
