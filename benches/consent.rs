//! Consent: the readable specification on 64 rows, and the effect of the share of owners who agreed
//! on a route.

mod support;

use criterion::Criterion;

use support::cases::Case;
use support::share::Share;
use support::{engines, micro};

fn main() {
    let mut criterion = micro::criterion();
    evaluate(&mut criterion);
    route(&mut criterion);
    criterion.final_summary();
}

/// One row after the other, as every peer does it.
fn evaluate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("evaluate-64");
    for agreed in Share::ALL {
        let set = micro::data(agreed);
        let query = &micro::queries(&Case::ALL[0], &set)[0];
        let name = format!("agreed-{}/specification", agreed.to_string().replace('/', "-"));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let rows = set.cameras.iter().take(64).filter(|camera| {
                    let standing = set.owners[camera.owner.0 as usize];
                    let history = set.history(standing);
                    camera.recording.has_footage(&query.window, query.question.now)
                        && set.consent(standing).evaluate(&query.question, history).is_ok()
                });
                rows.count()
            });
        });
    }
}

/// The same area and the same cameras: only the number of owners who agreed changes.
fn route(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("route-by-consent");
    let case = Case::named("district").expect("a case");
    for agreed in Share::ALL {
        let set = micro::data(agreed);
        let queries = micro::queries(&case, &set);
        for engine in ["rstar-tuned", "canvass"] {
            let (mut engine, _) = engines::build(engine, &set);
            let name = format!("agreed-{}/{}", agreed.to_string().replace('/', "-"), engine.name());
            let mut queries = queries.iter().cycle();
            group.bench_function(name, |bencher| {
                bencher.iter(|| queries.next().map(|query| engine.route(query)));
            });
        }
    }
}
