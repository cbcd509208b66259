//! A cluster on this machine: the rule of the log, refusals at the start, figures of single failures, and faults
//! under load with a checker.
//!
//! Tests that need the engine are skipped where it is missing, and fail there if `CANVASS_REQUIRE_NATS` is set.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::too_many_lines,
    unreachable_pub,
    reason = "tests"
)]

mod broken_fence;
mod checker;
mod checkpoints;
mod client;
mod demo;
mod engine;
mod failures;
mod faults;
mod follow;
mod latency;
mod limits;
mod load;
mod objects;
mod pieces;
mod schedules;
mod spaces;
mod start;
mod tickets;
