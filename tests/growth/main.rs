//! Growth of time and memory with the size of untrusted input: at four times the size each takes
//! less than a stated power of four. These tests are a binary of their own, so that nothing else
//! runs beside them, and since counting allocations replaces the allocator.
//!
//! `CANVASS_GROWTH_SCALE` multiplies all sizes; `--nocapture` shows the measurements.

#![allow(missing_docs, unreachable_pub, reason = "nobody reads the documentation of tests")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::print_stdout, reason = "`--nocapture` shows the measurements")]
#![allow(clippy::wildcard_imports, reason = "nearly all of it")]

mod areas;
mod registry;
mod requests;
mod support;
