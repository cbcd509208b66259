//! TODO-DOC

mod formats;
mod from_geo_types;
mod geojson;
mod repair;

pub use repair::Repaired;
