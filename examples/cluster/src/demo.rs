//! `--demo`: a cluster on this machine with a street of cameras, and commands to try.

use std::path::PathBuf;

use canvass::{
    Agency, AgencyId, AgencyKind, Area, Camera, CameraId, Change, Consent, IncidentKind, OwnerId,
    Policy, Position, Recording, Request, TimeWindow,
};
use jiff::{SignedDuration, Timestamp};

use crate::local::{Local, find_server};
use crate::placement::Placement;
use crate::run::{Failed, print};

/// The placement of a cluster on one machine: eight partitions, each held by two of four workers.
#[must_use]
pub fn placement() -> Placement {
    let worker = |number: usize| format!("w{}", number % 4);
    Placement {
        region: "demo".to_owned(),
        partitions: (0..8)
            .map(|chain| vec![worker(chain), worker(chain + 1 + chain / 4)])
            .collect(),
        requests: vec!["r0".to_owned(), "r1".to_owned()],
        replicas: 3,
    }
}

/// Runs a cluster until Ctrl-C.
///
/// # Errors
///
/// If the engine is missing, or something does not start.
pub async fn demo(nats_server: Option<PathBuf>) -> Result<(), Failed> {
    let server = find_server(nats_server)?;
    let program = std::env::current_exe().map_err(|error| Failed::System(error.to_string()))?;
    let agency = Agency::new(AgencyId(3), "Ashford Police", AgencyKind::Local);
    let policy = Policy::unlimited().with_min_households(2);
    let start = move || Local::start(server, program, placement(), (&policy, &[agency]));
    let started = tokio::task::spawn_blocking(start).await;
    let local = started.map_err(|error| Failed::System(error.to_string()))??;
    let front = local.front().map(|front| front.to_string()).unwrap_or_default();
    print(&commands(&front)?);
    print(&format!("\nStop it with Ctrl-C. Its files are in {}.", local.folder().display()));
    let stopped = tokio::signal::ctrl_c().await;
    drop(local);
    stopped.map_err(|error| Failed::System(error.to_string()))
}

/// Commands to try: three owners register and agree, and an agency asks them.
fn commands(front: &str) -> Result<String, Failed> {
    let failed = |error: &dyn std::fmt::Display| Failed::System(error.to_string());
    let position = Position::new(10.004, 50.002).map_err(|error| failed(&error))?;
    let mut lines = vec![
        "three engine nodes, four workers, two keepers of requests and a front are up; try:\n"
            .to_owned(),
    ];
    for owner in 1..=3 {
        let recording = Recording::kept_for_days(30);
        let camera = Camera::new(CameraId(owner), OwnerId(owner), position, recording);
        let yes = Change::SetConsent { owner: OwnerId(owner), consent: Consent::granted() };
        let changes = serde_json::to_string(&[Change::Register(camera), yes])
            .map_err(|error| failed(&error))?;
        lines.push(format!("curl -s http://{front}/v1/owners/{owner}/changes -d '{changes}'"));
    }
    let now = Timestamp::now();
    let ago = |hours| now - SignedDuration::from_hours(hours);
    let window = TimeWindow::new(ago(3), ago(1)).map_err(|error| failed(&error))?;
    let area = Area::from_bounds(10.0, 50.0, 10.01, 50.01).map_err(|error| failed(&error))?;
    let request = Request::new(AgencyId(3), IncidentKind::Burglary, area, window);
    let request = serde_json::to_string(&request).map_err(|error| failed(&error))?;
    lines.push(format!("curl -s http://{front}/v1/requests -d '{request}'"));
    lines.push(format!("curl -s http://{front}/v1/requests/1/route"));
    lines.push(format!("curl -s -X POST http://{front}/v1/requests/1/ask"));
    lines.push(format!("curl -s http://{front}/v1/owners/1"));
    Ok(lines.join("\n"))
}
