//! One process of a cluster, or a whole one on this machine.

use std::io::Write as _;
use std::process::ExitCode;

use canvass_cluster::arguments::{self, HELP, Task};
use canvass_cluster::{demo, run};

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
        Task::Demo { nats_server } => runtime.block_on(demo::demo(nats_server)),
        Task::Run(process) => runtime.block_on(run::run(*process)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error, error.code()),
    }
}

fn failed(error: &dyn std::fmt::Display, code: u8) -> ExitCode {
    // Nobody reads an error that cannot be written.
    let _ = writeln!(std::io::stderr(), "canvass-cluster: {error}");
    ExitCode::from(code)
}
