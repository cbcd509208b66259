//! The service in a process of its own, which is killed, stopped and started.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use canvass_service::arguments::LogFormat;
use canvass_service::settings::{Settings, TokenDigest};
use canvass_service::store::Store;
use canvass_service::{Service, logs};
use serde_json::{Value, json};

use crate::{AGENCY, Failure, OPERATOR};

/// The argument that makes this program run the service.
pub(crate) const SERVE: &str = "serve";

/// The service in this process, until its standard input ends.
pub(crate) async fn serve(folder: &str, mut limits: Value) -> Result<(), Failure> {
    if std::env::var_os("CANVASS_LOG").is_some() {
        logs::start(LogFormat::Text);
    }
    // The one agency asks as often as the machine allows.
    for name in ["agency_requests_per_minute", "agency_open_requests", "agency_stored_bytes"] {
        limits[name] = json!(u32::MAX);
    }
    let hex = |token: &str| TokenDigest::of(token.as_bytes()).hex();
    let settings: Settings = serde_json::from_value(json!({
        "operator_token_sha256": hex(OPERATOR),
        "agencies": [{ "token_sha256": hex(AGENCY),
            "agency": { "id": 1, "name": "Example Police", "kind": "local" } }],
        "policy": { "jurisdiction": "anywhere", "quiet_hours": { "zone": "UTC" } }, "limits": limits,
    }))?;
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let service = Service::start(settings, folder.as_ref(), listen)?;
    println!("{}", service.address()?);
    let (tell, stop) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_line(&mut String::new());
        let _ = tell.send(());
    });
    service.run_until(async { drop(stop.await) }).await;
    Ok(())
}

/// The service in a process of its own, and the time until it answers.
pub(crate) fn start(folder: &Path, limits: &Value) -> Result<(Child, SocketAddr), Failure> {
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

/// Stops the service regularly.
pub(crate) fn stop(mut child: Child) -> Result<(), Failure> {
    drop(child.stdin.take());
    child.wait()?;
    Ok(())
}

/// Prints the sizes of the database's file and of its tiles for each camera.
pub(crate) fn size(folder: &Path, cameras: u64) -> Result<(), Failure> {
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
