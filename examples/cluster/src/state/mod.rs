//! The state that a process builds from the log.
//!
//! In reading order: `replica` (one partition, or the requests that stand), `reader` (all replicas of a process),
//! `writer` (appends and waits until the record was read back), `checkpoint` and `restore` (tiles in a folder, so
//! that a start reads only the records after them), `object_store` and `fetch` (the same for a new machine).

pub mod checkpoint;
pub mod fetch;
pub mod object_store;
pub mod reader;
pub mod replica;
pub mod restore;
pub mod writer;
