//! The region that an odd number of rings go around, however they cross.
//!
//! Edges are split where they meet, on the grid of 1e-7 degree; stretches that two edges share cancel out. No
//! edge ends up further than half a unit of the grid, in either axis, from where it was.
//! A plane sweep then finds on which side of each edge the inside is, and walks along the edges with
//! the inside to the left give rings.
//!
//! Of our own because a repair must neither panic nor lose pieces nor depend on a hash order:
//! `geo::MakeValid` loses pieces that touch others in several vertices and orders parts anew in each
//! run, and the overlay behind `geo::BooleanOps` can panic where rings touch.

use geo_types::MultiPolygon;

use super::faces::{nested, rings};
use super::split::{cancelled, cut, meetings, snap};
use crate::geometry::drawing::{AreaError, Drawing};

/// Rounds of splitting. One is enough unless rounding a crossing lets edges cross anew; then they are
/// [snapped](snap), after which none should.
const ROUNDS: usize = 32;

/// Makes rings, in degrees, of the edges of a drawing.
pub(crate) fn even_odd(drawing: &Drawing) -> Result<MultiPolygon<f64>, AreaError> {
    let mut edges = Vec::with_capacity(drawing.vertices.len());
    for ring in &drawing.rings {
        let vertices = drawing.vertices.get(ring.start..ring.end).unwrap_or_default();
        let next = vertices.iter().cycle().skip(1);
        edges.extend(vertices.iter().zip(next).map(|(a, b)| ((a.lon, a.lat), (b.lon, b.lat))));
    }
    let given = cancelled(edges);
    let first = meetings(&given)?;
    let mut edges = cancelled(cut(&given, first.clone()));
    for round in 0..ROUNDS {
        let crossings = meetings(&edges)?;
        if crossings.is_empty() {
            return Ok(nested(rings(&edges)));
        }
        // To split the pieces again would round them again, and move edges further each time.
        edges = cancelled(if round == 0 { snap(&given, &first) } else { cut(&edges, crossings) });
    }
    Err(AreaError::Irreparable)
}
