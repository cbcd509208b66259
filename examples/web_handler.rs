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

use canvass::error::{IdError, OpenRequestsError};
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

/// The status and the body of an answer.
type Answer = (u16, String);

fn answer(app: &App, path: &str, body: &str, clock: Timestamp) -> Result<Answer, Answer> {
    if path == "/policy" {
        // If the file cannot be read, the policy in force stays.
        let policy = load(&app.policy_file).map_err(|error| (422, error.to_string()))?;
        let version = policy.version.clone();
        *app.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
        return Ok((200, version));
    }
    let id = path.strip_prefix("/requests/").ok_or_else(|| (404, path.to_owned()))?;
    let id = id.parse().map_err(|error: IdError| (404, error.to_string()))?;
    let request = serde_json::from_str(body).map_err(|error| (422, error.to_string()))?;
    open(app, id, &request, clock)
}

/// A policy is validated on reading: limits that contradict each other are an error.
fn load(file: &str) -> Done<Policy> {
    Ok(toml::from_str(&fs::read_to_string(file)?)?)
}

fn open(app: &App, id: RequestId, request: &Request, clock: Timestamp) -> Result<Answer, Answer> {
    let policy = Arc::clone(&app.policy.read().unwrap_or_else(PoisonError::into_inner));
    let mut open = app.open.lock().unwrap_or_else(PoisonError::into_inner);
    // Another thread may have read a later clock and got the lock first.
    let now = open.clamp_now(clock);
    let reviewed = policy.review(request, &app.agency, &open.case_file(app.agency.id), now);
    let authorized =
        reviewed.map_err(|no| (422, serde_json::to_string(&no).unwrap_or_default()))?;
    // A service stores the events of each step, and sends to those due after `open.record_asked`.
    let snapshot = app.registry.snapshot();
    let conflict = |error: OpenRequestsError| (409, error.to_string());
    let _events = open.open(id, &authorized, now).map_err(conflict)?;
    let _events = open.decide(id, &authorized, &snapshot, now).map_err(conflict)?;
    let due = open.due(id, &authorized, &snapshot, now).map_err(conflict)?;
    eprintln!("{} owners to ask", due.owners());
    // The agency learns nothing about who is asked, nor how many.
    Ok((201, serde_json::to_string(&authorized.receipt()).unwrap_or_default()))
}

fn serve(app: &App, mut stream: &TcpStream) -> Done {
    let mut reader = BufReader::new(stream.take(1 << 20));
    let [mut first, mut header, mut body] = [const { String::new() }; 3];
    let mut length = 0;
    reader.read_line(&mut first)?;
    while reader.read_line(&mut header)? > 2 {
        if let Some(("content-length", value)) = header.to_lowercase().split_once(':') {
            length = value.trim().parse()?;
        }
        header.clear();
    }
    reader.take(length).read_to_string(&mut body)?;
    let path = first.split(' ').nth(1).unwrap_or_default();
    let (status, body) = answer(app, path, &body, Timestamp::now()).unwrap_or_else(|no| no);
    Ok(write!(stream, "HTTP/1.1 {status} \r\ncontent-length: {}\r\n\r\n{body}", body.len())?)
}

fn main() -> Done {
    let mut arguments = std::env::args().skip(1);
    let (address, policy_file) = arguments.next().zip(arguments.next()).ok_or("ADDRESS POLICY")?;
    let agency = Agency::new(AgencyId(3), "Example Police", AgencyKind::Local);
    let (registry, open) = (Registry::new(), Mutex::new(OpenRequests::new(0)));
    let policy = RwLock::new(Arc::new(load(&policy_file)?));
    let app = Arc::new(App { registry, agency, policy_file, policy, open });
    for stream in TcpListener::bind(address)?.incoming().flatten() {
        let app = Arc::clone(&app);
        thread::spawn(move || serve(&app, &stream).unwrap_or_else(|error| eprintln!("{error}")));
    }
    Ok(())
}
