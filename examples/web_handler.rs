//! A web handler: it holds the registry, reviews requests, and reloads its policy from TOML.
//!
//! ```text
//! cargo run --example web_handler -- 127.0.0.1:8080 policy.toml
//! curl -d @request.json 127.0.0.1:8080/requests; curl -d '' 127.0.0.1:8080/policy
//! ```
//! `answer` is the same behind axum or actix; `examples/service` is a whole service.
#![allow(clippy::print_stderr, clippy::wildcard_imports, reason = "a short example")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::{fs, thread};

use canvass::jiff::Timestamp;
use canvass::*;

type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

struct App {
    registry: Registry,
    agency: Agency,
    policy_file: String,
    policy: RwLock<Arc<Policy>>,
    open: Mutex<OpenRequests>,
}

type Answer = (u16, String, Option<(RequestId, AuthorizedRequest)>);

fn answer(app: &App, path: &str, body: &str, clock: Timestamp) -> Result<Answer, (u16, String)> {
    if path == "/policy" {
        // If the file cannot be read, or lets nothing pass, the policy in force stays.
        let policy = load(&app.policy_file).map_err(|error| (422, error.to_string()))?;
        let version = policy.version.clone();
        *app.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
        return Ok((200, version, None));
    }
    let request: Request = serde_json::from_str(body).map_err(|error| (422, error.to_string()))?;
    let policy = Arc::clone(&app.policy.read().unwrap_or_else(PoisonError::into_inner));
    let mut open = app.open.lock().unwrap_or_else(PoisonError::into_inner);
    // Another thread may have read a later clock and got the lock first.
    let now = open.clamp_now(clock);
    let reviewed = policy.review(&request, &app.agency, &open.case_file(app.agency.id), now);
    let authorized =
        reviewed.map_err(|no| (422, serde_json::to_string(&no).unwrap_or_default()))?;
    let id = RequestId(1 + open.opened().map(|opened| opened.id().0).max().unwrap_or_default());
    // A service stores the events of each step before it answers.
    let _events = open.open(id, &authorized, now).map_err(|error| (409, error.to_string()))?;
    let receipt = serde_json::to_string(&authorized.receipt());
    Ok((201, receipt.unwrap_or_default(), Some((id, authorized))))
}

fn load(file: &str) -> Done<Policy> {
    Ok(toml::from_str(&fs::read_to_string(file)?)?)
}

/// Looks whom to ask, after the agency has its answer: how long it takes depends on who lives there.
fn look(app: &App, id: RequestId, request: &AuthorizedRequest) -> Done {
    let mut open = app.open.lock().unwrap_or_else(PoisonError::into_inner);
    let (now, snapshot) = (open.clamp_now(Timestamp::now()), app.registry.snapshot());
    let _events = open.decide(id, request, &snapshot, now)?;
    let due = open.due(id, request, &snapshot, now)?;
    let (to_send, _events) = open.record_asked(id, &due, now)?;
    eprintln!("request {id}: {} owners to ask", to_send.owners());
    Ok(())
}

fn serve(app: &App, mut stream: TcpStream) -> Done {
    let mut reader = BufReader::new((&stream).take(1 << 20));
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
    let answer = answer(app, path, &body, Timestamp::now());
    let (status, body, opened) = answer.unwrap_or_else(|(status, why)| (status, why, None));
    write!(stream, "HTTP/1.1 {status} \r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
    drop(stream);
    opened.map_or(Ok(()), |(id, request)| look(app, id, &request))
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
        thread::spawn(move || serve(&app, stream).unwrap_or_else(|error| eprintln!("{error}")));
    }
    Ok(())
}
