//! Readers of drawings: GeoJSON, well-known text, the Common Alerting Protocol, circles and bounds.

mod cap;
mod convert;
mod coordinates;
mod from_geo_types;
mod geojson;
mod members;
mod object_kind;
mod repair;
mod shapes;
mod text_place;
mod wkt;
mod written;

pub use repair::Repaired;

/// Reads a decimal number; `inf` and `nan`, which the parser of floats takes, are none.
fn number(word: &str) -> Option<f64> {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    word.chars().all(is_part).then(|| word.parse().ok()).flatten()
}
