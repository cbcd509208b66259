//! Routes from parts: the time and the sealed size of a part, and of the whole from eight of them, compared with
//! the route of one registry that holds all cameras.
//!
//! The axis is the number of earlier areas, since a part carries more households where there are some.

mod support;

use std::hint::black_box;
use std::num::NonZeroU16;

use canvass::parts::{OperatorKey, PartialRoute};
use canvass::{AuthorizedRequest, Registry, Route, Snapshot};
use criterion::BenchmarkGroup;

use support::cases::Case;
use support::population::DataSet;
use support::share::Share;
use support::{micro, now};

/// The number of parts that owners are dealt to.
const PARTS: NonZeroU16 = NonZeroU16::new(8).expect("not zero");

fn main() {
    let mut criterion = micro::criterion();
    let set = micro::data(Share::HALF);
    let whole = micro::registry(&set).snapshot();
    let parts: Vec<Snapshot> = (0..PARTS.get()).map(|part| dealt(&set, part).snapshot()).collect();
    for case in Case::UNDER_DEFAULT {
        let requests: Vec<AuthorizedRequest> =
            micro::queries(&case, &set).into_iter().map(|query| query.authorized).collect();
        measure(criterion.benchmark_group("parts"), case.name, &requests, &whole, &parts);
    }
    criterion.final_summary();
}

fn measure(
    mut group: BenchmarkGroup<'_, criterion::measurement::WallTime>,
    case: &str,
    requests: &[AuthorizedRequest],
    whole: &Snapshot,
    parts: &[Snapshot],
) {
    let key = OperatorKey::new([7; 32]);
    let sealed: Vec<Vec<u8>> = requests
        .iter()
        .map(|request| {
            let merged = merged(request, parts);
            let one = route(whole, request);
            assert!(merged.recipients().eq(one.recipients()), "parts make the whole");
            parts[0].partial_route(request, now()).seal(&key)
        })
        .collect();
    let bytes = sealed.iter().map(Vec::len).sum::<usize>() / sealed.len();
    let largest = sealed.iter().map(Vec::len).max().unwrap_or(0);
    println!("parts/{case}: a sealed part has {bytes} bytes on average, {largest} at most");
    let mut next = requests.iter().cycle();
    let mut bench = |name: &str, run: &dyn Fn(&AuthorizedRequest)| {
        group.bench_function(format!("{case}/{name}"), |bencher| {
            bencher.iter(|| next.next().map(run));
        });
    };
    bench("one-registry", &|request| drop(black_box(route(whole, request))));
    bench("one-part", &|request| drop(black_box(parts[0].partial_route(request, now()))));
    bench("one-part-sealed", &|request| {
        let part = parts[0].partial_route(request, now()).seal(&key);
        drop(black_box(PartialRoute::unseal(&key, &part).expect("as it was sealed")));
    });
    bench("eight-parts", &|request| drop(black_box(merged(request, parts))));
}

/// The registry of the owners of a part.
fn dealt(set: &DataSet, part: u16) -> Registry {
    let is_own = |owner: canvass::OwnerId| owner.partition(PARTS) == part;
    let cameras: Vec<_> =
        set.cameras.iter().filter(|camera| is_own(camera.owner)).copied().collect();
    let consents: Vec<_> = set.consents().filter(|&(owner, _)| is_own(owner)).collect();
    let registry = Registry::bulk_load(&cameras, consents).expect("ids are unique");
    let asked = set.asked().filter(|change| change.owner().is_some_and(is_own));
    registry.apply(asked).expect("an owner can always be asked");
    registry
}

fn route(whole: &Snapshot, request: &AuthorizedRequest) -> Route {
    whole.route(request.assume_open(), now())
}

fn merged(request: &AuthorizedRequest, parts: &[Snapshot]) -> Route {
    let nothing = PartialRoute::nothing(request, now());
    let whole = parts.iter().fold(nothing, |whole, part| {
        // Each has read the log as far as the last.
        let part = part.partial_route(request, now()).unchanged_to(canvass::Revision(u64::MAX));
        whole.merge(part).expect("no camera is in two parts")
    });
    whole.finish(request.assume_open()).expect("parts of this request")
}
