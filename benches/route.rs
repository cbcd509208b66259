//! One request after the other, by case and by engine; and the library by width of vectors, and by
//! camera scope.
//!
//! The data set is small: use this for a quick look while you work, and `versus` to compare
//! engines.

mod support;

use canvass::{Facing, Scratch, SimdLevel};
use criterion::Criterion;

use support::cases::{Case, Query};
use support::engines::{Canvass, Engine};
use support::population::rng;
use support::share::Share;
use support::{engines, micro};

fn main() {
    let mut criterion = micro::criterion();
    by_engine(&mut criterion);
    by_width(&mut criterion);
    by_sight(&mut criterion);
    criterion.final_summary();
}

fn by_engine(criterion: &mut Criterion) {
    let set = micro::data(Share::HALF);
    let mut group = criterion.benchmark_group("route");
    for case in Case::ALL {
        let queries = micro::queries(&case, &set);
        for name in ["rstar", "rstar-tuned", "geo-index", "canvass"] {
            // `geo` needs too long for these: see `versus`.
            if case.vertices > 100 && matches!(name, "rstar" | "geo-index") {
                continue;
            }
            let (mut engine, _) = engines::build(name, &set);
            let mut queries = queries.iter().cycle();
            group.bench_function(format!("{}/{name}", case.name), |bencher| {
                bencher.iter(|| queries.next().map(|query| engine.route(query)));
            });
        }
    }
}

fn by_width(criterion: &mut Criterion) {
    let set = micro::data(Share::HALF);
    let mut group = criterion.benchmark_group("route-by-width");
    for case in &Case::ALL[..2] {
        let queries = micro::queries(case, &set);
        for level in SimdLevel::ALL {
            let Some(scratch) = Scratch::with_simd(level) else { continue };
            let mut engine = Canvass::new(micro::registry(&set)).with_scratch(scratch);
            let mut queries = queries.iter().cycle();
            let name = format!("{}/canvass-{level:?}", case.name).to_lowercase();
            group.bench_function(name, |bencher| {
                bencher.iter(|| queries.next().map(|query| engine.route(query)));
            });
        }
    }
}

/// The same areas, for the cameras that stand in them, and with those that see into them. Three in
/// four cameras have a facing on record.
fn by_sight(criterion: &mut Criterion) {
    let mut set = micro::data(Share::HALF);
    let mut rng = rng(1, "facings");
    for camera in &mut set.cameras {
        // As wide as most views, and as far as a door camera shows who somebody is.
        let facing = Facing::new(rng.f64() * 360.0, 110.0, 25.0).expect("numbers within limits");
        camera.facing = (rng.u8(..4) > 0).then_some(facing);
    }
    let mut engine = Canvass::new(micro::registry(&set));
    let mut group = criterion.benchmark_group("route-by-camera_scope");
    for case in Case::ALL {
        let standing = micro::queries(&case, &set);
        let seeing: Vec<Query> = standing.iter().map(Query::seeing_into).collect();
        for (name, queries) in [("standing-in", standing), ("seeing-into", seeing)] {
            let mut owners = 0;
            for query in &queries {
                engine.route(query);
                owners += engine.owners();
            }
            println!("{}, {name}: {} owners in {} routes", case.name, owners, queries.len());
            let mut queries = queries.iter().cycle();
            group.bench_function(format!("{}/canvass-{name}", case.name), |bencher| {
                bencher.iter(|| queries.next().map(|query| engine.route(query)));
            });
        }
    }
}
