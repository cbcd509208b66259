//! How the registry publishes, under the schedules of a model checker: thousands of ways in which
//! threads can take turns, drawn at random and by PCT (few switches at well-chosen places).
//!
//! Checked is the protocol, by its own source file: what is locked, read and stored, and in which
//! order, if each step happens at once and is seen by all (sequential consistency). `ArcSwap` is a
//! lock around an `Arc` here; its inside and weaker orderings of memory are not modelled.

#[path = "../../../src/registry/writer/publish.rs"]
#[cfg(test)]
mod publish;

#[cfg(test)]
mod sync;

#[cfg(test)]
mod tests;
