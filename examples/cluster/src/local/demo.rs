//! `--demo`: a cluster on this machine, a street of cameras, and commands to try.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::jetstream;
use canvass::{
    Agency, AgencyId, AgencyKind, Area, Camera, CameraId, Change, Consent, IncidentKind, OwnerId,
    Policy, Position, Recording, Request, TimeWindow,
};
use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;

use super::cluster::{Engine, Local, Setup};
use crate::log::engine;
use crate::log::stream::Log;
use crate::placement::Placement;
use crate::roles::failed::Failed;
use crate::roles::run::{print, stopped};
use crate::state::object_store::Objects;

/// How long the engine may take to remove the demo's region.
const REMOVE: Duration = Duration::from_secs(20);
/// The owners on the street.
const OWNERS: u64 = 40;

/// The placement of a cluster on one machine: eight partitions, each held by two of four workers.
#[must_use]
pub fn placement(region: &str, replicas: usize) -> Placement {
    let worker = |number: usize| format!("w{}", number % 4);
    Placement {
        region: region.to_owned(),
        partitions: (0..8)
            .map(|chain| vec![worker(chain), worker(chain + 1 + chain / 4)])
            .collect(),
        requests: vec!["r0".to_owned(), "r1".to_owned()],
        replicas,
    }
}

/// Runs a cluster until Ctrl-C or SIGTERM, and leaves no process behind.
///
/// # Errors
///
/// If the engine is missing or unfit, or something does not start.
pub async fn demo(on: Engine) -> Result<(), Failed> {
    let program = std::env::current_exe().map_err(Failed::system)?;
    // A region of its own: on an engine that runs, the demo of yesterday left its log.
    let region = format!("demo-{:08x}", getrandom::u32().map_err(Failed::system)?);
    let replicas = match &on {
        Engine::Given { monitors, .. } if monitors.split(',').count() < 3 => 1,
        _ => 3,
    };
    let given = match &on {
        Engine::Given { nats, .. } => nats.split(',').map(str::to_owned).collect(),
        Engine::Started { .. } => Vec::new(),
    };
    let gives_up = Arc::new(AtomicBool::new(false));
    let setup = Setup {
        engine: on,
        program,
        placement: placement(&region, replicas),
        policy: Policy::without_limits_or_anonymity().with_min_households(11),
        agencies: vec![Agency::new(AgencyId(3), "Ashford Police", AgencyKind::Local)],
        hosts: std::collections::BTreeMap::default(),
        checkpoint_seconds: 30,
        max_payload: None,
        gives_up: Arc::clone(&gives_up),
    };
    let mut starting = tokio::task::spawn_blocking(move || Local::start(setup));
    let started = tokio::select! {
        started = &mut starting => started,
        stopped = stopped() => {
            gives_up.store(true, Ordering::Relaxed);
            // The start ends its children before it returns, or they end here.
            drop(starting.await);
            return stopped;
        }
    };
    let mut local = started.map_err(Failed::system)??;
    print(&commands(&local)?);
    let stopped = stopped().await;
    print("ending");
    let ended = tokio::task::spawn_blocking(move || local.stop()).await;
    if !given.is_empty() {
        let words = format!("the engine keeps `canvass-{region}`: it did not answer in time");
        let removed = timeout(REMOVE, remove(&given, &region)).await;
        removed.map_err(|_| Failed::System(words))??;
    }
    stopped.and(ended.map_err(Failed::system))
}

/// Removes the demo's region from an engine that goes on.
async fn remove(nats: &[String], region: &str) -> Result<(), Failed> {
    let client = engine::connect(nats, "demo").await?;
    let context = jetstream::new(client.clone());
    let log = Log::open(client.clone(), region, 1).await?;
    context.delete_stream(log.stream()).await.map_err(Failed::system)?;
    let objects = Objects::new(client, region, 1);
    // It is there once the first checkpoint was copied.
    if context.get_object_store(objects.bucket()).await.is_ok() {
        context.delete_object_store(objects.bucket()).await.map_err(Failed::system)?;
    }
    Ok(())
}

/// Commands to try: owners register and agree, an agency asks, one owner withdraws.
fn commands(local: &Local) -> Result<String, Failed> {
    let front = local.front().map(|front| front.to_string()).unwrap_or_default();
    let worker = local.children().id("w1").unwrap_or_default();
    let folder = local.folder();
    let street = street_file(folder)?;
    let now = Timestamp::now();
    let ago = |hours| now - SignedDuration::from_hours(hours);
    let window = TimeWindow::new(ago(3), ago(1)).map_err(Failed::system)?;
    let area = Area::from_bounds(10.0, 50.0, 10.01, 50.01).map_err(Failed::system)?;
    let request = Request::new(AgencyId(3), IncidentKind::Burglary, area, window);
    let request = serde_json::to_string(&request).map_err(Failed::system)?;
    let owners = format!("http://{front}/v1/owners");
    let requests = format!("http://{front}/v1/requests");
    Ok(format!(
        "Three engine nodes (or yours), four workers, two keepers of requests and a front are up. Their logs are in\n\
         {}. Try:\n\n\
         # {OWNERS} owners register a camera each and agree to be asked\n\
         curl -s http://{front}/v1/imports --data @{}\n\
         # an agency asks about the street; the route is merged from eight partitions\n\
         curl -s {requests} -d '{request}'\n\
         curl -s {requests}/1/route\n\
         # owner 7 withdraws; the answer's sequence makes every later look at least as new\n\
         curl -s {owners}/7/changes -d '[{{\"withdraw\":{{\"owner\":7}}}}]'\n\
         curl -s '{requests}/1/route?at_least=SEQUENCE'\n\
         # a worker dies, and its partitions answer from their other replicas\n\
         kill -9 {worker}; curl -s {requests}/1/route\n\
         # whoever is due is asked, each once\n\
         curl -s -X POST {requests}/1/ask\n\
         curl -s -X POST {requests}/1/ask\n\
         curl -s {owners}/1\n\n\
         Stop it with Ctrl-C.",
        folder.display(),
        street.display(),
    ))
}

/// A file with the registrations and consents of a street.
fn street_file(folder: &Path) -> Result<PathBuf, Failed> {
    let mut changes = Vec::new();
    for owner in 1..=OWNERS {
        // Eleven metres from house to house.
        let lon = 10.0 + owner as f64 * 1.5e-4;
        let position = Position::new(lon, 50.002).map_err(Failed::system)?;
        let recording = Recording::kept_for_days(30);
        let camera = Camera::new(CameraId(owner), OwnerId(owner), position, recording);
        changes.push(Change::Register(camera));
        changes.push(Change::SetConsent { owner: OwnerId(owner), consent: Consent::granted() });
    }
    let file = folder.join("street.json");
    let text = serde_json::to_string(&changes).map_err(Failed::system)?;
    std::fs::write(&file, text).map_err(Failed::system)?;
    Ok(file)
}
