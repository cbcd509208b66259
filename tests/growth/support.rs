//! Measurement of growth, with the requests and squares that several topics need.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use allocation_counter::measure;
use canvass::*;
use geo_types::{LineString, MultiPolygon, Polygon};
use jiff::Timestamp;

/// A lock that allows one measurement at a time.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A little more than n log n, with room for caches and for a busy machine.
pub const NEARLY_LINEAR: f64 = 1.5;

/// The bound for a look-up in a tree.
pub const LOGARITHMIC: f64 = 0.5;

/// The bound for work that is documented as O(n²).
pub const QUADRATIC: f64 = 2.5;

pub fn sizes(size: u32) -> [u32; 2] {
    let scale = std::env::var("CANVASS_GROWTH_SCALE").map_or(1, |scale| scale.parse().unwrap());
    [size * scale, 4 * size * scale]
}

/// Asserts that from `size` to four times that, time and memory grow by less than `4^exponent`.
///
/// `prepare` makes the input of `work`; only `work` is measured. The time is the shortest of
/// several runs, and a measurement that is too slow is repeated, since a busy machine slows some
/// measurements but not all.
#[track_caller]
pub fn grows<T, R>(
    name: &str,
    size: u32,
    exponent: f64,
    prepare: impl Fn(u32) -> T,
    work: impl Fn(T) -> R,
) {
    grow(name, size, [exponent; 2], prepare, work);
}

/// As [`grows`], with one exponent for time and another for memory.
#[track_caller]
pub fn grow<T, R>(
    name: &str,
    size: u32,
    exponents: [f64; 2],
    prepare: impl Fn(u32) -> T,
    work: impl Fn(T) -> R,
) {
    let _alone = alone();
    let [small, large] = sizes(size);
    let [allowed, allowed_bytes] = exponents.map(|exponent| 4_f64.powf(exponent));
    let seconds = |size: u32, runs: u32| {
        let run = |_| {
            let input = prepare(size);
            let start = Instant::now();
            let result = work(input);
            let seconds = start.elapsed().as_secs_f64();
            drop(result);
            seconds
        };
        (0..runs).map(run).fold(f64::INFINITY, f64::min)
    };
    let mut ratios = Vec::new();
    for _ in 0..4 {
        let (few, many) = (seconds(small, 5), seconds(large, 2));
        // Below half a millisecond, freeing the input dominates.
        let few = few.max(0.5e-3);
        ratios.push(many / few);
        let (few, many) = (few * 1e3, many * 1e3);
        println!("{name}: {small}: {few:.2} ms, {large}: {many:.2} ms, {:.1} times", many / few);
        if many / few < allowed {
            break;
        }
    }
    let peak = |size: u32| {
        let input = prepare(size);
        let bytes = measure(|| drop(work(input))).bytes_max as f64;
        // Below this size the memory is that of any call.
        bytes.max(16_384.0)
    };
    let (few, many) = (peak(small), peak(large));
    println!("{name}: {few:.0} bytes at most, {many:.0}, {:.1} times", many / few);
    assert!(ratios.iter().any(|&ratio| ratio < allowed), "{name}: time grew {ratios:?} times");
    assert!(many / few < allowed_bytes, "{name}: memory grew from {few:.0} to {many:.0} bytes");
}

pub fn now() -> Timestamp {
    "2026-05-10T12:00:00Z".parse().unwrap()
}

/// The evening before [`now`] until now.
pub fn window() -> TimeWindow {
    TimeWindow::new("2026-05-09T18:00:00Z".parse().unwrap(), now()).unwrap()
}

/// The request of an agency, given by number, about an area.
pub fn request(agency: u64, area: Area) -> Request {
    Request::new(AgencyId(agency), IncidentKind::Burglary, area, window())
}

/// A request that a policy has let pass.
pub fn reviewed(policy: &Policy, request: &Request) -> AuthorizedRequest {
    let agency = Agency::new(request.agency, String::new(), AgencyKind::Local);
    policy.review(request, &agency, &CaseFile::new(agency.id), now()).unwrap()
}

/// Squares in rows.
pub fn squares(number: u32) -> impl Iterator<Item = LineString> {
    let side = number.isqrt() + 1;
    (0..number).map(move |square| {
        let (x, y) = (f64::from(square % side) * 1e-3, f64::from(square / side) * 1e-3);
        let corners = [(0.0, 0.0), (5e-4, 0.0), (5e-4, 5e-4), (0.0, 5e-4)];
        corners.map(|(east, north)| (10.0 + x + east, 50.0 + y + north)).into_iter().collect()
    })
}

/// A part with holes.
pub fn one(shell: LineString, holes: Vec<LineString>) -> MultiPolygon {
    MultiPolygon(vec![Polygon::new(shell, holes)])
}

/// A box around all the squares of [`squares`].
pub fn around() -> LineString {
    LineString::from(vec![(9.0, 49.0), (12.0, 49.0), (12.0, 52.0), (9.0, 52.0)])
}
