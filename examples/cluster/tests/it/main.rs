//! A cluster on this machine: refusals at the start, and faults under load with a checker.
//!
//! Tests that need the engine are skipped where it is missing, and fail there if `CANVASS_NATS_REQUIRED` is set.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

mod checker;
mod client;
mod faults;
mod start;

use std::path::PathBuf;

use canvass_cluster::local::find_server;

/// The engine's program; `None` where it is missing and nobody requires it.
fn engine() -> Option<PathBuf> {
    let found = find_server(None);
    assert!(found.is_ok() || std::env::var_os("CANVASS_NATS_REQUIRED").is_none(), "{found:?}");
    if found.is_err() {
        eprintln!("skipped: no nats-server; see `.ci/nats`");
    }
    found.ok()
}

/// This package's program.
fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_canvass-cluster"))
}
