//! Which open requests a change affects: an R-tree of their areas, compared with a scan.
//!
//! The axis is the number of open requests. In `towns` they are where people live, on a few hundred
//! square kilometres, so that each camera is in many of them; in `country` they are spread evenly
//! over 90,000 square kilometres, so that each is in one or two. `step` takes one step of one of them, all
//! events of it or none, compared with a copy that is thrown away after an error.

mod support;

use canvass::{
    AgencyId, Area, IncidentKind, LifecycleEvent, LifecycleStep, OpenRequests, Position, Request,
    RequestId, TimeWindow,
};
use criterion::Criterion;

use support::areas::coastline;
use support::changes::Changes;
use support::options::is_smoke;
use support::population::{DataSet, rng};
use support::share::Share;
use support::{days, micro, now};

/// The side of the country in kilometres.
const COUNTRY: f64 = 300.0;

fn main() {
    let mut criterion = micro::criterion();
    let set = micro::data(Share::HALF);
    let numbers = if is_smoke() { &[100][..] } else { &[1_000, 10_000, 100_000] };
    for &number in numbers {
        let mut rng = rng(1, "open requests");
        let in_towns: Vec<(f64, f64)> = (0..number).map(|_| set.somewhere(&mut rng)).collect();
        let cameras = (0..1_000).map(|index| set.cameras[index * 37 % set.cameras.len()].position);
        touched_by(
            &mut criterion,
            &format!("towns-{number}"),
            &in_towns,
            &cameras.collect::<Vec<_>>(),
        );

        let spread: Vec<(f64, f64)> = (0..number + 1_000).map(|_| somewhere(&mut rng)).collect();
        let position = |&(lon, lat): &(f64, f64)| Position::new(lon, lat).expect("in the country");
        let positions: Vec<Position> = spread[number..].iter().map(position).collect();
        touched_by(&mut criterion, &format!("country-{number}"), &spread[..number], &positions);
    }
    let standing = if is_smoke() { &[10][..] } else { &[10, 1_000, 10_000] };
    for &number in standing {
        let mut rng = rng(3, "steps");
        let places: Vec<(f64, f64)> = (0..number).map(|_| somewhere(&mut rng)).collect();
        step(&mut criterion, &places);
    }
    touched(&mut criterion, &set);
    criterion.final_summary();
}

fn somewhere(rng: &mut fastrand::Rng) -> (f64, f64) {
    let (east, north) = (rng.f64() * COUNTRY, rng.f64() * COUNTRY);
    (10.0 + east / 71.0, 50.0 + north / 111.2)
}

fn touched_by(
    criterion: &mut Criterion,
    name: &str,
    places: &[(f64, f64)],
    positions: &[Position],
) {
    let mut rng = rng(2, name);
    let areas: Vec<Area> = places.iter().map(|&at| coastline(at, 1.3, 8, 0, &mut rng)).collect();
    let mut open = OpenRequests::new(0);
    for (area, sequence) in areas.iter().zip(0..) {
        open.replay(&opened(area, sequence)).expect("they follow each other");
    }
    let scan = |position: Position| -> Vec<RequestId> {
        let found = areas.iter().zip(0..).filter(|(area, _)| area.covers(position));
        found.map(|(_, id)| RequestId(id)).collect()
    };
    let mut hits = 0;
    for &position in positions.iter().take(100) {
        let found = open.touched_by([position], now());
        assert_eq!(found, scan(position), "both find the same");
        hits += found.len();
    }
    println!("{name}: a position is in {:.1} areas", hits as f64 / 100.0);
    let mut group = criterion.benchmark_group("touched-by");
    let mut next = positions.iter().copied().cycle();
    group.bench_function(format!("{name}/canvass"), |bencher| {
        bencher.iter(|| open.touched_by(next.next(), now()));
    });
    group.bench_function(format!("{name}/scan"), |bencher| {
        bencher.iter(|| next.next().map(scan));
    });
    drop(group);
    let mut group = criterion.benchmark_group("open-and-resolve");
    let mut count = open.next_sequence();
    group.bench_function(format!("{name}/canvass"), |bencher| {
        bencher.iter(|| {
            let event = opened(&areas[0], count);
            open.replay(&LifecycleEvent::new(
                event.sequence,
                event.at,
                RequestId(count),
                event.step,
            ))
            .expect("the next");
            open.resolve(RequestId(count), now()).expect("it is open");
            count = open.next_sequence();
        });
    });
}

/// Keeps one request open for a second longer, again and again.
fn step(criterion: &mut Criterion, places: &[(f64, f64)]) {
    let mut rng = rng(4, "steps");
    let mut open = OpenRequests::new(0);
    for (&at, sequence) in places.iter().zip(0..) {
        let area = coastline(at, 1.3, 8, 0, &mut rng);
        open.replay(&opened(&area, sequence)).expect("they follow each other");
    }
    let mut until = now() + days(10);
    let mut events = |open: &OpenRequests| {
        until += jiff::SignedDuration::from_nanos(1);
        open.plan(RequestId(0), LifecycleStep::Extended { until }, now()).expect("not too long")
    };
    let mut group = criterion.benchmark_group("step");
    let number = places.len();
    group.bench_function(format!("{number}-standing/canvass"), |bencher| {
        bencher.iter(|| open.replay_step(&events(&open)).expect("the next"));
    });
    group.bench_function(format!("{number}-standing/on-a-copy"), |bencher| {
        bencher.iter(|| {
            let mut copy = open.clone();
            for event in events(&open) {
                copy.replay(&event).expect("the next");
            }
            open = copy;
        });
    });
}

/// The event of a request's opening; each thousand requests have an agency of their own.
fn opened(area: &Area, sequence: u64) -> LifecycleEvent {
    let window = TimeWindow::new(now() - days(1), now()).expect("a day");
    let agency = AgencyId(sequence % 1_000);
    let request = Request::new(agency, IncidentKind::Burglary, area.clone(), window);
    let (until, latest) = (now() + days(10), now() + days(28));
    let step = LifecycleStep::Opened { request: Box::new(request), until, latest };
    LifecycleEvent::new(sequence, now(), RequestId(sequence), step)
}

/// The positions of changes.
fn touched(criterion: &mut Criterion, set: &DataSet) {
    let registry = micro::registry(set);
    let batch = Changes::new(set, 1).batch(if is_smoke() { 100 } else { 10_000 });
    let mut next = batch.chunks(1).cycle();
    let mut group = criterion.benchmark_group("touched");
    group.bench_function("1-change/canvass", |bencher| {
        bencher.iter(|| next.next().map(|change| registry.touched(change)));
    });
}
