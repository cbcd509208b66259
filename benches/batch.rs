//! Many requests at once, compared with one after the other; on one thread and on all.

mod support;

use canvass::{AuthorizedRequest, Route, StandingRequest};
use rayon::ThreadPoolBuilder;

use support::cases::Case;
use support::options::is_smoke;
use support::share::Share;
use support::{micro, now};

fn main() {
    let mut criterion = micro::criterion();
    let set = micro::data(Share::HALF);
    let snapshot = micro::registry(&set).snapshot();
    let most = if is_smoke() { 100 } else { 10_000 };
    let queries = Case::ALL[0].draw(most, &set, 1);
    let requests: Vec<AuthorizedRequest> =
        queries.iter().map(|query| query.authorized.clone()).collect();

    let now = now();
    let mut group = criterion.benchmark_group("batch");
    for number in [1, 100, 10_000].into_iter().filter(|&number| number <= most) {
        let requests = &requests[..number];
        let standing: Vec<StandingRequest<'_>> =
            requests.iter().map(AuthorizedRequest::assume_open).collect();
        group.bench_function(format!("{number}-requests/canvass-loop"), |bencher| {
            bencher.iter(|| -> Vec<Route> {
                standing.iter().map(|&request| snapshot.route(request, now)).collect()
            });
        });
        for (name, threads) in [("one-thread", 1), ("all-threads", 0)] {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            group.bench_function(format!("{number}-requests/canvass-{name}"), |bencher| {
                bencher.iter(|| pool.install(|| snapshot.route_batch(&standing, now)));
            });
        }
    }
    drop(group);
    criterion.final_summary();
}
