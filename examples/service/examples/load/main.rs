//! The rate and the latency of the service's answers on this machine.
//!
//! ```sh
//! cargo run --release -p canvass-service --example load -- [cameras] [seconds]
//! ```
//!
//! `CANVASS_LOG=info` prints the service's log too.
//!
//! It starts the service as a process of its own, registers cameras over HTTP, and asks: idle, and
//! while 1,000 changes a second are applied. Before that the service is killed and started from its
//! log, and from its tiles. Client and service share the machine's cores.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints its measurements")]
#![allow(clippy::disallowed_methods, reason = "a client has a clock of its own")]
#![allow(clippy::indexing_slicing, reason = "the indexed vectors were made a few lines before")]

mod client;
mod requests;
mod served;

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use client::Client;
use requests::{registrations, request};
use served::{SERVE, serve, size, start, stop};

type Failure = Box<dyn Error + Send + Sync>;

const OPERATOR: &str = "load-operator";
const AGENCY: &str = "load-agency";
const CONNECTIONS: usize = 16;
/// The connections for changes, so that one list need not wait for the one before.
const CHANGERS: u32 = 8;

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize, otherwise| {
        words.get(place).map_or(Ok(otherwise), |word| word.parse::<u64>())
    };
    let result = if words.first().is_some_and(|word| word == SERVE) {
        let limits = words.get(2).map_or(Ok(json!({})), |limits| serde_json::from_str(limits));
        match limits {
            Ok(limits) => serve(words.get(1).map_or("", String::as_str), limits).await,
            Err(error) => Err(error.into()),
        }
    } else {
        match (number(0, 1_000_000), number(1, 5)) {
            (Ok(cameras), Ok(seconds)) => measure(cameras, Duration::from_secs(seconds)).await,
            (Err(error), _) | (_, Err(error)) => Err(error.into()),
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(cameras: u64, span: Duration) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let never = json!({ "checkpoint_revisions": u64::MAX, "checkpoint_bytes": u64::MAX,
        "checkpoint_seconds": 1_000_000 });
    println!("an empty store, no checkpoints");
    let (mut child, address) = start(folder, &never)?;
    let mut client = Client::connect(address).await?;
    let begun = Instant::now();
    let mut next = 0;
    while next < cameras {
        let end = cameras.min(next + 10_000);
        client.post(OPERATOR, "/v1/changes", &registrations(next..end)).await?;
        next = end;
    }
    println!("{cameras} cameras registered in {:.1} s; killed", begun.elapsed().as_secs_f64());
    child.kill()?;
    child.wait()?;
    size(folder, cameras)?;
    println!("from the log");
    let (child, _) = start(folder, &json!({}))?;
    let begun = Instant::now();
    stop(child)?;
    println!("  stopped, and the first checkpoint made, in {:.2} s", begun.elapsed().as_secs_f64());
    size(folder, cameras)?;
    println!("from tiles; a checkpoint every 3 seconds");
    let (child, address) = start(folder, &json!({ "checkpoint_seconds": 3 }))?;
    let mut client = Client::connect(address).await?;

    let mut ids = Vec::new();
    for number in 0..200 {
        let told = client.post(AGENCY, "/v1/requests", &request(number)).await?;
        ids.push(told["id"].as_u64().ok_or("no id")?);
    }
    let ids: Arc<[u64]> = ids.into();
    let route = client.get(&format!("/v1/requests/{}/route", ids[0])).await?;
    println!("the first request's route has {} owners", route["owners"]);
    println!("{:<46}{:>10}{:>12}{:>12}", "", "a second", "median us", "p99 us");
    for changing in [false, true] {
        let stop = Arc::new(AtomicBool::new(false));
        let begun = Instant::now();
        let changes = changing.then(|| tokio::spawn(change(address, cameras, Arc::clone(&stop))));
        let suffix = if changing { ", 1,000 changes/s" } else { "" };
        let seen = Arc::clone(&ids);
        report(&format!("route{suffix}"), span, address, move |number| {
            let id = seen[usize::try_from(number).unwrap_or(0) % seen.len()];
            (OPERATOR, format!("/v1/requests/{id}/route"), None)
        })
        .await?;
        let first = if changing { 1 << 32 } else { 1 << 31 };
        report(&format!("request, kept on the disk{suffix}"), span, address, move |number| {
            (AGENCY, "/v1/requests".to_owned(), Some(request(first + number)))
        })
        .await?;
        stop.store(true, Ordering::Relaxed);
        if let Some(changes) = changes {
            print("list of 10 changes", changes.await??, begun.elapsed());
        }
    }
    stop(child)?;
    println!("from tiles, with all that was asked");
    size(folder, cameras)?;
    stop(start(folder, &json!({}))?.0)
}

/// A thousand changes a second: a list of ten every 10 ms, of owners who agree and withdraw.
/// Returns the number of changes applied, and the time of each list.
async fn change(
    address: SocketAddr,
    cameras: u64,
    stop: Arc<AtomicBool>,
) -> Result<Vec<Duration>, Failure> {
    let apart = Duration::from_millis(10);
    let begun = tokio::time::Instant::now();
    let changers = (0..CHANGERS).map(|changer| {
        let stop = Arc::clone(&stop);
        tokio::spawn(async move {
            let mut client = Client::connect(address).await?;
            // A late connection catches up.
            let mut ticks = tokio::time::interval_at(begun + apart * changer, apart * CHANGERS);
            let (mut times, mut owner) = (Vec::new(), u64::from(changer) * 104_729);
            while !stop.load(Ordering::Relaxed) {
                ticks.tick().await;
                let list: Vec<Value> = (0..10)
                    .map(|place| {
                        owner = (owner + 7_919) % cameras;
                        if place % 2 == 0 {
                            json!({ "set_consent": { "owner": owner, "consent": { "standing": "granted" } } })
                        } else {
                            json!({ "withdraw": { "owner": owner } })
                        }
                    })
                    .collect();
                let start = Instant::now();
                client.post(OPERATOR, "/v1/changes", &json!(list).to_string()).await?;
                times.push(start.elapsed());
            }
            Ok::<_, Failure>(times)
        })
    });
    let mut times = Vec::new();
    for changer in changers.collect::<Vec<_>>() {
        times.extend(changer.await??);
    }
    Ok(times)
}

/// Sends requests over several connections for some time, and prints the times.
async fn report(
    name: &str,
    span: Duration,
    address: SocketAddr,
    ask: impl Fn(u64) -> (&'static str, String, Option<String>) + Send + Sync + 'static,
) -> Result<(), Failure> {
    let (ask, next, begun) = (Arc::new(ask), Arc::new(AtomicU64::new(0)), Instant::now());
    let mut senders = Vec::new();
    for _ in 0..CONNECTIONS {
        let (ask, next) = (Arc::clone(&ask), Arc::clone(&next));
        senders.push(tokio::spawn(async move {
            let mut client = Client::connect(address).await?;
            let mut times = Vec::new();
            while begun.elapsed() < span {
                let (token, path, body) = ask(next.fetch_add(1, Ordering::Relaxed));
                let start = Instant::now();
                let method = if body.is_some() { "POST" } else { "GET" };
                client.send(method, token, &path, body.unwrap_or_default()).await?;
                times.push(start.elapsed());
            }
            Ok::<_, Failure>(times)
        }));
    }
    let mut times = Vec::new();
    for sender in senders {
        times.extend(sender.await??);
    }
    print(name, times, begun.elapsed());
    Ok(())
}

fn print(name: &str, mut times: Vec<Duration>, took: Duration) {
    times.sort_unstable();
    let at =
        |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
    let micros = |share| at(share).map_or(0, Duration::as_micros);
    let rate = times.len() as f64 / took.as_secs_f64();
    println!("{name:<46}{rate:>10.0}{:>12}{:>12}", micros(50), micros(99));
}
