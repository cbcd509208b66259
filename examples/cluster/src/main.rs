//! One process of a cluster, or a whole one on this machine.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use canvass_cluster::arguments::{self, HELP, Task};
use canvass_cluster::local::cluster::Engine;
use canvass_cluster::local::{demo, server, watch};
use canvass_cluster::roles::failed::Failed;
use canvass_cluster::roles::run;

fn main() -> ExitCode {
    let task = match arguments::read(std::env::args_os().skip(1)) {
        Ok(task) => task,
        Err(error) => return failed(&error, 2),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error, 1),
    };
    let ended = match task {
        Task::Help => {
            run::print(HELP);
            return ExitCode::SUCCESS;
        }
        Task::Watch => {
            watch::watch(std::io::stdin().lock());
            return ExitCode::SUCCESS;
        }
        Task::Demo { nats_server, given } => {
            engine(nats_server, given).and_then(|engine| runtime.block_on(demo::demo(engine)))
        }
        Task::Run(process) => runtime.block_on(run::run(*process)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error, error.code()),
    }
}

/// The engine that runs, or the program to start.
fn engine(
    server: Option<PathBuf>,
    given: Option<(Vec<String>, Vec<String>)>,
) -> Result<Engine, Failed> {
    Ok(match given {
        Some((nats, monitors)) => {
            Engine::Given { nats: nats.join(","), monitors: monitors.join(",") }
        }
        None => Engine::Started { server: server::find_server(server)? },
    })
}

fn failed(error: &dyn std::fmt::Display, code: u8) -> ExitCode {
    // Nobody reads an error that cannot be written.
    let _ = writeln!(std::io::stderr(), "canvass-cluster: {error}");
    ExitCode::from(code)
}
