//! TODO-DOC

mod formats;
mod geojson;
mod repair;

pub use repair::Repaired;
