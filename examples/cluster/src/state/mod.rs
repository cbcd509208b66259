//! The state that a process builds from the log.
//!
//! In reading order: `replica` (one partition, or the requests that stand), `reader` (all replicas of a process),
//! `writer` (appends and waits until the record was read back), `checkpoint` and `restore` (tiles in a folder, so
//! that a start reads only the records after them).

pub mod checkpoint;
pub mod reader;
pub mod replica;
pub mod restore;
pub mod writer;
