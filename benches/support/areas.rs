//! Areas of a given size and number of vertices.

use std::f64::consts::{PI, TAU};

use canvass::Area;
use fastrand::Rng;
use geo::MapCoords;
use geo_types::{Coord, LineString, MultiPolygon, Polygon};

use super::population::{KM, offset, rng};

/// An area around a place: a coastline with a number of vertices and a size in km2, and with holes
/// of eight vertices.
///
/// Every ray from the place meets the shell once, so it is simple; bays get smaller with the
/// number of vertices, down to a few edges.
pub fn coastline(
    place: (f64, f64),
    km2: f64,
    vertices: usize,
    holes: usize,
    rng: &mut Rng,
) -> Area {
    let drawing = outline(place, km2, vertices, holes, rng);
    Area::try_from(drawing).expect("a simple shell with holes apart")
}

/// The coastline as a drawing in degrees.
pub fn outline(
    (lon, lat): (f64, f64),
    km2: f64,
    vertices: usize,
    holes: usize,
    rng: &mut Rng,
) -> Polygon<f64> {
    let shell = ring((lon, lat), km2, vertices, rng);
    let holes = (0..holes).map(|number| {
        // The holes are on the seeds of a sunflower, well inside the shell and far enough from each
        // other.
        let reach = 0.5 * (km2 / PI).sqrt();
        let km = reach * ((number as f64 + 0.5) / holes as f64).sqrt();
        let (sin, cos) = (number as f64 * PI * (3.0 - 5_f64.sqrt())).sin_cos();
        let middle = (lon + km * sin / east_km(lat), lat + km * cos / KM);
        let size = PI * (0.35 * reach / (holes as f64).sqrt()).powi(2);
        ring(middle, size, 8, rng)
    });
    let holes = holes.collect();
    Polygon::new(shell, holes)
}

/// A drawing in degrees in units of 1e-7 degree, where `geo` is exact as well.
pub fn in_units(degrees: &MultiPolygon<f64>) -> MultiPolygon<f64> {
    degrees.map_coords(|Coord { x, y }| Coord { x: (x * 1e7).round(), y: (y * 1e7).round() })
}

/// 64 places in degrees within 300 m of a vertex of an area, given as a drawing: a block of a town,
/// partly inside.
pub fn neighbourhood(area: &MultiPolygon<f64>) -> [(f64, f64); 64] {
    let Coord { x, y } = area.0[0].exterior().0[0];
    let mut rng = rng(1, "neighbourhood");
    std::array::from_fn(|_| offset(x, y, 0.3 * rng.f64().sqrt(), &mut rng))
}

fn east_km(lat: f64) -> f64 {
    KM * lat.to_radians().cos()
}

fn ring((lon, lat): (f64, f64), km2: f64, vertices: usize, rng: &mut Rng) -> LineString<f64> {
    // Waves of twice the number of bays, each about half as deep: together at most 0.4 deep.
    let waves: Vec<(f64, f64, f64)> = (0..16)
        .map(|octave| f64::from(2 << octave))
        .take_while(|bays| bays * 4.0 <= vertices as f64)
        .map(|bays| (bays, 0.4 / bays * (0.5 + 0.5 * rng.f64()), rng.f64() * TAU))
        .collect();
    let unit: Vec<Coord<f64>> = (0..vertices)
        .map(|vertex| {
            let angle = (vertex as f64 + 0.6 * rng.f64()) / vertices as f64 * TAU;
            let reach = waves.iter().fold(1.0, |reach, (bays, depth, phase)| {
                reach + depth * (bays * angle + phase).sin()
            });
            Coord { x: reach * angle.cos(), y: reach * angle.sin() }
        })
        .collect();
    let next = unit.iter().cycle().skip(1);
    let size: f64 = unit.iter().zip(next).map(|(a, b)| (a.x * b.y - b.x * a.y) / 2.0).sum();
    let km = (km2 / size).sqrt();
    unit.iter()
        .map(|at| Coord { x: lon + at.x * km / east_km(lat), y: lat + at.y * km / KM })
        .collect()
}
