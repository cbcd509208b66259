//! The registry's publication, under the schedules of a model checker: thousands of ways in which
//! threads can take turns, drawn at random and by PCT (few switches at well-chosen places).
//!
//! The checker runs the protocol's own source file: its locks, reads and stores and their order,
//! with each step atomic and visible to all (sequential consistency). `ArcSwap` is a lock around an
//! `Arc` here; its inside and weaker orderings of memory are not modelled.

#[path = "../../../src/registry/writer/publish.rs"]
#[cfg(test)]
mod publish;

#[cfg(test)]
mod sync;

#[cfg(test)]
mod tests;
