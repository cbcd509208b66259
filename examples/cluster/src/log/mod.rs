//! The log of a region: its records, the rule by which they count, and the stream of the engine that keeps
//! them.
//!
//! In reading order: `record`, `chain` (the rule), `engine` (whether it is fit), `stream` (append and follow).

pub mod chain;
pub mod engine;
pub mod record;
pub mod stream;
