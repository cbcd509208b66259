//! Readers of drawings: GeoJSON, well-known text, the Common Alerting Protocol, circles and bounds.

mod cap;
mod convert;
mod coordinates;
mod geojson;
mod members;
mod shapes;
mod wkt;
mod written;

pub(super) use shapes::MAX_RADIUS_M;

/// Reads a finite or overflowing decimal number: no `inf`, no `nan`, which the parser of floats takes.
fn number(word: &str) -> Option<f64> {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    word.chars().all(is_part).then(|| word.parse().ok()).flatten()
}
