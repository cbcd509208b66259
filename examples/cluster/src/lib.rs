//! Canvass past one machine: workers that hold parts of a region's owners, a log on NATS JetStream that
//! decides, and a front that merges parts to the route of one registry.
//!
//! In reading order: `record` and `chain` (which records count), `state` (what they lead to), `engine` and
//! `log` (NATS), `writer`, `bus` (calls between processes), `look` (a route from its parts), the roles `worker`,
//! `requests` and `front`, `placement` (the table), `arguments`, `run`, and `local` with `demo` (a cluster on one
//! machine).

pub mod arguments;
pub mod bus;
pub mod chain;
pub mod demo;
pub mod engine;
pub mod front;
pub mod local;
pub mod log;
pub mod look;
pub mod placement;
pub mod record;
pub mod requests;
pub mod run;
pub mod state;
pub mod worker;
pub mod writer;
