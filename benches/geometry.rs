//! Areas by themselves: building one, and deciding 64 cameras of one neighbourhood.
//!
//! The axis is the number of vertices. Cameras are decided through the public API, one by one; use
//! `mask` for the library's own decision of a whole block.

mod support;

use criterion::Criterion;
use geo::{Contains, Intersects, Validation};
use geo_types::Coord;

use canvass::{Area, Position};
use support::areas::{neighbourhood, outline};
use support::cases::Case;
use support::micro;
use support::population::rng;
use support::share::Share;

fn main() {
    let mut criterion = micro::criterion();
    build(&mut criterion);
    covers(&mut criterion);
    criterion.final_summary();
}

fn build(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("build");
    for (vertices, km2) in [(8, 1.3), (64, 20.0), (1_000, 500.0), (5_000, 20_000.0)] {
        let drawing = outline((-96.0, 40.0), km2, vertices, 0, &mut rng(1, "geometry"));
        group.bench_function(format!("{vertices}-vertices/canvass"), |bencher| {
            bencher.iter(|| Area::try_from(&drawing));
        });
        // This only validates: it neither rounds nor prepares.
        group.bench_function(format!("{vertices}-vertices/geo-is-valid"), |bencher| {
            bencher.iter(|| drawing.is_valid());
        });
    }
}

fn covers(criterion: &mut Criterion) {
    let set = micro::data(Share::HALF);
    let mut group = criterion.benchmark_group("cover-64");
    for case in &Case::ALL[..4] {
        let query = &micro::queries(case, &set)[0];
        let area = &query.authorized.request().area;
        let (positions, points) = around_a_vertex(area);
        let ours = positions.iter().filter(|&&position| area.covers(position)).count();
        let theirs = points.iter().filter(|&point| query.polygon.intersects(point)).count();
        assert!(ours == theirs && (1..64).contains(&ours), "{ours} and {theirs} of 64");

        let name = |engine| format!("{}-vertices/{engine}", case.vertices);
        group.bench_function(name("canvass"), |bencher| {
            bencher.iter(|| positions.iter().filter(|&&position| area.covers(position)).count());
        });
        group.bench_function(name("geo"), |bencher| {
            bencher.iter(|| points.iter().filter(|&point| query.polygon.intersects(point)).count());
        });
        group.bench_function(name("geo-interval-tree"), |bencher| {
            bencher.iter(|| points.iter().filter(|&point| query.indexed.contains(point)).count());
        });
    }
}

/// 64 places near a vertex, in the library's and in `geo`'s types.
fn around_a_vertex(area: &Area) -> (Vec<Position>, Vec<Coord<f64>>) {
    let places = neighbourhood(&area.to_multi_polygon()).map(|(lon, lat)| {
        let position = Position::new(lon, lat).expect("a position near a vertex");
        let point = Coord { x: f64::from(position.lon_e7()), y: f64::from(position.lat_e7()) };
        (position, point)
    });
    places.into_iter().unzip()
}
