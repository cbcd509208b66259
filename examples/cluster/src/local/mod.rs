//! A cluster on one machine, for a first look and for tests.
//!
//! In reading order: `server` (finds the engine's program), `watch` (ends children whose parent was
//! killed), `children` (processes by name), `cluster` (the engine's
//! nodes and the processes of a table), `demo`.

pub mod children;
pub mod cluster;
pub mod demo;
pub mod server;
pub mod watch;
