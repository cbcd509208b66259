//! One request after the other, by case and by engine; and the library by width of vectors.
//!
//! Small data: `versus` is where engines are compared. This is for a quick look while working.

mod support;

use canvass::{Scratch, SimdLevel};
use criterion::Criterion;

use support::cases::Case;
use support::engines::{Canvass, Engine};
use support::share::Share;
use support::{engines, micro};

fn main() {
    let mut criterion = micro::criterion();
    by_engine(&mut criterion);
    by_width(&mut criterion);
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
