//! How many requests a second the service answers on this machine, and how fast.
//!
//! ```sh
//! cargo run --release -p canvass-service --example load -- [cameras] [seconds]
//! ```
//!
//! With `CANVASS_LOG=info` it prints the service's log too.
//!
//! It starts the service as a process of its own, registers cameras over HTTP, and asks: idle, and
//! while 1,000 changes a second are applied. Before that the service is killed and started from its
//! log, and from its tiles. Client and service share the machine's cores.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints what it measures")]
#![allow(clippy::indexing_slicing, reason = "what is indexed was made a few lines before")]

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use canvass_service::arguments::LogFormat;
use canvass_service::settings::{Settings, TokenDigest};
use canvass_service::store::Store;
use canvass_service::{Service, logs};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::net::TcpStream;

type Failure = Box<dyn Error + Send + Sync>;

/// The word that has this program be the service.
const SERVE: &str = "serve";
const OPERATOR: &str = "load-operator";
const AGENCY: &str = "load-agency";
const CONNECTIONS: usize = 16;
/// Changes come over so many connections, so that one list need not wait for the one before.
const CHANGERS: u32 = 8;
const CITIES: u64 = 40;

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

/// The service in this process, until its standard input ends.
async fn serve(folder: &str, limits: Value) -> Result<(), Failure> {
    if std::env::var_os("CANVASS_LOG").is_some() {
        logs::start(LogFormat::Text);
    }
    let hex = |token: &str| TokenDigest::of(token.as_bytes()).hex();
    let settings: Settings = serde_json::from_value(json!({
        "operator_token_sha256": hex(OPERATOR),
        "agencies": [{ "token_sha256": hex(AGENCY),
            "agency": { "id": 1, "name": "Example Police", "kind": "local" } }],
        "policy": { "jurisdiction": "anywhere" }, "limits": limits,
    }))?;
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let service = Service::start(settings, folder.as_ref(), listen).await?;
    println!("{}", service.address()?);
    let (tell, stop) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_line(&mut String::new());
        let _ = tell.send(());
    });
    service.run_until(async { drop(stop.await) }).await;
    Ok(())
}

/// The service in a process of its own, and how long it took until it answers.
fn start(folder: &Path, limits: &Value) -> Result<(Child, SocketAddr), Failure> {
    let begun = Instant::now();
    let mut child = Command::new(std::env::current_exe()?)
        .arg(SERVE)
        .arg(folder)
        .arg(limits.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    let address = line.trim().parse()?;
    println!("  started in {:.2} s", begun.elapsed().as_secs_f64());
    Ok((child, address))
}

/// Stops the service in good order.
fn stop(mut child: Child) -> Result<(), Failure> {
    drop(child.stdin.take());
    child.wait()?;
    Ok(())
}

/// How large the database's file is, and the tiles in it, for each of so many cameras.
fn size(folder: &Path, cameras: u64) -> Result<(), Failure> {
    let file = std::fs::metadata(folder.join("canvass.redb"))?.len();
    let (_, tiles) = Store::open(folder)?.checkpoint()?;
    let bytes: usize = tiles.values().map(Vec::len).sum();
    let each = |bytes: u64| bytes as f64 / cameras as f64;
    println!(
        "  a camera: {:.1} bytes in {} tiles, {:.1} bytes of the file",
        each(bytes as u64),
        tiles.len(),
        each(file)
    );
    Ok(())
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

/// A thousand changes a second: a list of ten every 10 ms, of owners who agree and withdraw. How many
/// were applied is returned, and how long each list took.
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
            // One that was late catches up.
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

/// Asks over several connections for some time, and prints how it went.
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

/// One connection.
struct Client(SendRequest<Full<Bytes>>);

impl Client {
    async fn connect(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    async fn post(&mut self, token: &str, path: &str, body: &str) -> Result<Value, Failure> {
        Ok(serde_json::from_slice(&self.send("POST", token, path, body.to_owned()).await?)?)
    }

    async fn get(&mut self, path: &str) -> Result<Value, Failure> {
        Ok(serde_json::from_slice(&self.send("GET", OPERATOR, path, String::new()).await?)?)
    }

    async fn send(
        &mut self,
        method: &str,
        token: &str,
        path: &str,
        body: String,
    ) -> Result<Bytes, Failure> {
        let request = hyper::Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Full::from(body))?;
        self.0.ready().await?;
        let response = self.0.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if status.is_success() {
            Ok(body)
        } else {
            Err(format!("{method} {path}: {status}: {}", String::from_utf8_lossy(&body)).into())
        }
    }
}

/// The corner of a city, and how far a camera is from it: cities of 0.25 by 0.25 degree.
fn place(camera: u64) -> (f64, f64) {
    let mixed = camera.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (city, x, y) = (camera % CITIES, mixed >> 40 & 0xfff, mixed >> 20 & 0xfff);
    let (west, south) = corner(city);
    (west + x as f64 * 0.25 / 4096.0, south + y as f64 * 0.25 / 4096.0)
}

fn corner(city: u64) -> (f64, f64) {
    (-120.0 + 5.0 * (city % 8) as f64, 25.0 + 4.0 * (city / 8) as f64)
}

fn registrations(cameras: std::ops::Range<u64>) -> String {
    let each = cameras.flat_map(|id| {
        let (lon, lat) = place(id);
        let camera = json!({ "register": { "id": id, "owner": id, "position": [lon, lat],
            "recording": { "kept_days": 60 } } });
        // Every other owner agreed.
        let consent = (id % 2 == 0).then(
            || json!({ "set_consent": { "owner": id, "consent": { "standing": "granted" } } }),
        );
        std::iter::once(camera).chain(consent)
    });
    json!(each.collect::<Vec<_>>()).to_string()
}

/// A portal request: 8 vertices, about 1.2 km2, in a case of its own.
fn request(number: u64) -> String {
    let (west, south) = corner(number % CITIES);
    let offset = 0.02 + 0.2 * (number.wrapping_mul(2_654_435_761) % 1000) as f64 / 1000.0;
    let (lon, lat) = (west + offset, south + offset);
    let ring: Vec<[f64; 2]> = (0..=8)
        .map(|vertex| {
            let angle = f64::from(vertex % 8) * std::f64::consts::TAU / 8.0;
            [lon + 0.0072 * angle.cos(), lat + 0.0055 * angle.sin()]
        })
        .collect();
    let ago = |hours| {
        let at = Timestamp::now() - SignedDuration::from_hours(hours);
        Timestamp::from_second(at.as_second()).unwrap_or(at)
    };
    json!({
        "agency": 1, "incident": "burglary", "case_reference": format!("case-{number}"),
        "contact": "desk@example.org", "window": { "start": ago(5), "end": ago(3) },
        "area": { "type": "Polygon", "coordinates": [ring] },
    })
    .to_string()
}
