//! The service's program: reads the command line, runs, and stops on a signal.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use canvass_service::arguments::{Arguments, Asked, HELP, Source};
use canvass_service::basemap::BaseMap;
use canvass_service::engine::{Ended, Engine};
use canvass_service::metrics::Metrics;
use canvass_service::settings::Settings;
use canvass_service::store::Opening;
use canvass_service::{Hangups, Service, check, demo, logs};

fn main() -> ExitCode {
    let arguments = match Arguments::read(std::env::args_os().skip(1)) {
        Ok(Asked::Run(arguments)) => arguments,
        Ok(Asked::Help) => return said(HELP),
        Ok(Asked::Version) => {
            return said(concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"), "\n"));
        }
        Err(error) => return failed(&error, 2),
    };
    logs::start(arguments.log);
    // Work in the pool is bound by the processor, so more threads would only take more memory.
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(cores + 2)
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(run(arguments)),
        Err(error) => failed(&error, 1),
    }
}

async fn run(arguments: Arguments) -> ExitCode {
    let config = match &arguments.source {
        Source::Kept { config, .. } => Some(config.clone()),
        Source::Demo => None,
    };
    let (mut settings, folder, _temporary) = match arguments.source {
        Source::Kept { config, data } => match Settings::read(&config) {
            Ok(settings) => (settings, data, None),
            Err(error) => return failed(&error, 2),
        },
        Source::Demo => match (demo::settings(), tempfile::tempdir()) {
            (Ok(settings), Ok(folder)) => (settings, PathBuf::from(folder.path()), Some(folder)),
            (Err(error), _) => return failed(&*error, 1),
            (_, Err(error)) => return failed(&error, 1),
        },
    };
    // Once it is known that it starts: whatever stops the start is one line.
    let warnings = settings.warnings();
    let warn = || {
        for warning in &warnings {
            let _ = writeln!(std::io::stderr(), "canvass-service: warning: {warning}");
        }
    };
    if arguments.check {
        return match check::check(&folder, &arguments.opening, &settings.rules()) {
            Ok(found) => {
                warn();
                said(&format!("configuration: {} agencies\n{found}\n", settings.agencies.len()))
            }
            Err(error) => failed(&error, 1),
        };
    }
    if let Some(path) = arguments.map {
        match BaseMap::read(&path) {
            Ok(map) => settings.portal.map = Some(map),
            Err(error) => return failed(&error, 2),
        }
    }
    let is_demo = settings.portal.is_demo;
    if let Some((file, skip)) = arguments.import {
        return import(&settings, &folder, &arguments.opening, &file, skip).await;
    }
    // Both signals before the store is loaded: until then, either would end the process.
    let (stop, hangups) = match (stop_signal(), Hangups::listen()) {
        (Ok(stop), Ok(hangups)) => (stop, hangups),
        (Err(error), _) | (_, Err(error)) => return failed(&error, 1),
    };
    let service = match Service::start_as(settings, &folder, &arguments.opening, arguments.listen) {
        Ok(service) => service,
        Err(error) => return failed(&error, 1),
    };
    let address = match service.address() {
        Ok(address) => address,
        Err(error) => return failed(&error, 1),
    };
    warn();
    if let Some(config) = config {
        service.exchange_tokens_of(config, hangups);
    }
    let mut welcome = format!("listening on http://{address}\n");
    if is_demo {
        match demo::fill(service.engine()).await {
            Ok(owner) => service.have_neighbours_answer(owner),
            Err(error) => return failed(&*error, 1),
        }
        welcome.push_str(&demo::welcome(&address.to_string(), address.port()));
    }
    said(&welcome);
    match service.run_until(stop).await {
        Ended::Well => {
            tracing::info!("stopped");
            ExitCode::SUCCESS
        }
        Ended::WithoutCheckpoint => failed(
            &"stopped, and the last checkpoint could not be made; nothing that was acknowledged is \
              lost, and the next start replays the log",
            1,
        ),
        Ended::StoreFailed => failed(
            &"stopped while the store could not be used; nothing that was acknowledged is lost, and \
              what had no answer may be kept or not",
            1,
        ),
    }
}

/// Imports a file without listening, and makes a checkpoint.
async fn import(
    settings: &Settings,
    folder: &Path,
    opening: &Opening,
    file: &Path,
    skip: u64,
) -> ExitCode {
    let metrics = Arc::new(Metrics::default());
    let started = Engine::start_as(folder, opening, settings.rules(), &settings.limits, &metrics);
    let (engine, threads) = match started {
        Ok(started) => started,
        Err(error) => return failed(&error, 1),
    };
    let tell = std::io::stdout();
    let imported =
        canvass_service::import::import(&engine, file, skip, &settings.limits, tell).await;
    engine.stop().await;
    drop(engine);
    let joined = tokio::task::spawn_blocking(|| threads.join()).await;
    match (imported, joined) {
        (Ok(_), Ok(Ended::Well)) => ExitCode::SUCCESS,
        (Err(error), _) => failed(&error, 1),
        (Ok(_), Ok(_)) => failed(&"imported, and the last checkpoint could not be made", 1),
        (_, Err(error)) => failed(&error, 1),
    }
}

/// Resolves when the process gets a signal to stop.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
        tracing::info!("asked to stop");
    })
}

/// Prints for the person who started the service; standard output may be closed.
fn said(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    ExitCode::SUCCESS
}

fn failed(error: &dyn std::fmt::Display, code: u8) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "canvass-service: {error}");
    ExitCode::from(code)
}
