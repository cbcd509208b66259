//! The two parts of refining, each alone: an envelope decided as a whole, and the 64 cameras of a
//! block at once. The axis is the number of vertices.
//!
//! Neither is public, so this bench compiles the folder `geometry` from its own files: that depends
//! on nothing else in the library. The areas here have this copy's type.

mod support;

#[path = "../src/util/bit_iter.rs"]
mod bit_iter;
#[path = "../src/util/by_name.rs"]
#[allow(dead_code, unreachable_pub, reason = "no more of it than `geometry` needs")]
mod by_name;
#[path = "../src/geometry/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::module_inception,
    reason = "no more of it than is measured, by the library's own rules"
)]
mod geometry;
#[path = "../src/util/row_mask.rs"]
#[allow(dead_code, reason = "no more of it than `geometry` needs")]
mod row_mask;
#[path = "../src/util/text_lines.rs"]
mod text_lines;
mod util {
    pub(crate) use crate::bit_iter::set_bits;
    pub(crate) use crate::by_name;
    pub(crate) use crate::row_mask::{self, BLOCK_ROWS, RowMask};
    pub(crate) use crate::text_lines::line_behind;
}

use criterion::Criterion;
use fearless_simd::{Level, dispatch};
use geo::{Contains, Intersects};
use geo_types::{Coord, MultiPolygon, Rect};

use geometry::{Area, Clip, Envelope, Position};
use support::areas::{in_units, neighbourhood, outline};
use support::cases::Case;
use support::micro;
use support::population::rng;

fn main() {
    let mut criterion = micro::criterion();
    classify(&mut criterion);
    mask(&mut criterion);
    criterion.final_summary();
}

/// The area of a case in the library's type and in `geo`'s, in units of 1e-7 degree.
fn area(case: &Case) -> (Area, MultiPolygon<f64>) {
    let mut rng = rng(1, case.name);
    let drawing = outline((-96.0, 40.0), case.km2, case.vertices, case.holes, &mut rng);
    let area = Area::try_from(drawing).expect("a simple shell with holes apart");
    let polygon = in_units(&area.to_multi_polygon());
    (area, polygon)
}

/// The envelopes of blocks, each decided from the whole boundary: one that the boundary crosses, one
/// inside and one outside.
fn classify(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("classify");
    for case in &Case::ALL[..4] {
        let (area, polygon) = area(case);
        let on_edge = neighbourhood(&area.to_multi_polygon());
        let crossed = Envelope::of(on_edge.into_iter().map(position));
        let around = area.envelope();
        let inside = centred(crossed, around, 4);
        // Two widths of the area further east.
        let outside = crossed.turned(2 * (i64::from(around.east) - i64::from(around.west)));
        for (place, envelope, whole) in [
            ("crossed", crossed, None),
            ("inside", inside, Some(true)),
            ("outside", outside, Some(false)),
        ] {
            let (width, mut list) = (Level::new(), Vec::new());
            let mut ours = || {
                list.clear();
                let clip = dispatch!(width, simd =>
                    area.boundary().clip(simd, (&Clip::WHOLE, &[]), envelope, &mut list));
                clip.whole()
            };
            let rect = rect(envelope);
            let theirs = || match (polygon.contains(&rect), polygon.intersects(&rect)) {
                (true, _) => Some(true),
                (_, false) => Some(false),
                _ => None,
            };
            assert_eq!((ours(), theirs()), (whole, whole), "{} {place}", case.name);
            let name = |engine| format!("{}-vertices-{place}/{engine}", case.vertices);
            group.bench_function(name("canvass"), |bencher| bencher.iter(&mut ours));
            group.bench_function(name("geo"), |bencher| bencher.iter(theirs));
        }
    }
}

/// 64 cameras near a vertex, some of them inside.
fn mask(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mask-64");
    for case in &Case::ALL[..4] {
        let (area, polygon) = area(case);
        let positions = neighbourhood(&area.to_multi_polygon()).map(position);
        let (lon, lat) = (positions.map(Position::lon_e7), positions.map(Position::lat_e7));
        let envelope = Envelope::of(positions);
        let mut list = Vec::new();
        let clip = dispatch!(Level::new(), simd =>
            area.boundary().clip(simd, (&Clip::WHOLE, &[]), envelope, &mut list));
        let ours = |width: Level| {
            dispatch!(width, simd =>
                area.boundary().mask(simd, (&clip, &list), envelope, (&lon, &lat), 64))
        };
        let theirs = || {
            let points = positions.iter().enumerate().map(|(row, &at)| (row, coord(at)));
            points.fold(0, |mask, (row, at)| mask | u64::from(polygon.intersects(&at)) << row)
        };
        let expected = theirs();
        assert!((1..64).contains(&expected.count_ones()), "{} of 64", expected.count_ones());
        let name = |engine| format!("{}-vertices/{engine}", case.vertices);
        for (engine, width) in [("canvass", Level::new()), ("canvass-baseline", Level::baseline())]
        {
            let rows = ours(width).rows().fold(0, |mask, row| mask | 1 << row);
            assert_eq!(rows, expected, "{} {engine}", case.name);
            group.bench_function(name(engine), |bencher| bencher.iter(|| ours(width)));
        }
        group.bench_function(name("geo"), |bencher| bencher.iter(theirs));
    }
}

fn position((lon, lat): (f64, f64)) -> Position {
    Position::new(lon, lat).expect("a place near an area")
}

/// An envelope of a part of `size`'s extent, centred in `around`.
fn centred(size: Envelope, around: Envelope, part: i32) -> Envelope {
    let side = |west: i32, east: i32, from: i32, to: i32| {
        let (middle, half) = (i32::midpoint(from, to), (east - west) / part / 2);
        (middle - half, middle + half)
    };
    let (west, east) = side(size.west, size.east, around.west, around.east);
    let (south, north) = side(size.south, size.north, around.south, around.north);
    Envelope { west, south, east, north }
}

fn coord(at: Position) -> Coord<f64> {
    Coord { x: f64::from(at.lon_e7()), y: f64::from(at.lat_e7()) }
}

fn rect(Envelope { west, south, east, north }: Envelope) -> Rect<f64> {
    let corner = |x: i32, y: i32| Coord { x: f64::from(x), y: f64::from(y) };
    Rect::new(corner(west, south), corner(east, north))
}
