//! The log of a region: its records, the rule by which they count, and the stream of the engine that keeps
//! them.
//!
//! In reading order: `record`, `body_pieces` (records of a large body), `chain` (the rule), `engine` (whether it
//! is fit), `stream` (open and append), `follow`.

pub mod body_pieces;
pub mod chain;
pub mod engine;
mod follow;
pub mod record;
pub mod stream;
