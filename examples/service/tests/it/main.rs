//! Tests of the running program over HTTP.

#![allow(unreachable_pub, reason = "helpers are public within the one test binary")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::too_many_lines,
    reason = "tests"
)]

mod attacks;
mod checkpoint;
mod clock;
mod clock_jump;
mod crash;
mod damage;
mod disk;
mod flood;
mod heads;
mod keys;
mod last_commit;
mod lifecycle;
mod outcomes;
mod people;
mod planes;
mod problems;
mod program;
mod quotas;
mod ranges;
mod readme;
mod recovery;
mod restart;
mod rows;
mod shapes;
mod soak;
mod standing;
mod start;
mod store;
mod support;
mod tiles;
mod wire;
