//! The log of a region: its records, the rule by which they count, and the stream of the engine that keeps
//! them.
//!
//! In reading order: `record`, `body_pieces` (records of a large body), `chain` (the rule), `engine` (whether it is fit), `stream` (append and follow).

pub mod body_pieces;
pub mod chain;
pub mod engine;
pub mod record;
pub mod stream;
