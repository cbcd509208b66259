//! Random towns, areas and their parts.

use canvass::{
    AgencyId, Area, Ask, AskLimit, Camera, CameraId, Consent, Facing, IncidentKind, OwnerId,
    Recording, Scope,
};
use geo::{LineString, MultiPolygon, Polygon};
use jiff::{SignedDuration, Timestamp};

use crate::oracle::Town;
use crate::support::{days, noon, place};

/// A small generator of numbers: `SplitMix64`.
#[derive(Clone, Debug)]
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A number in a range.
    pub fn within(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.below(u64::try_from(high - low + 1).unwrap())).unwrap()
    }

    /// True once in `n`, on average.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    /// Shuffles the items; each order is equally likely.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, usize::try_from(self.below(last as u64 + 1)).unwrap());
        }
    }
}

/// Cameras around an origin on a coarse grid, so that many share a place with each other and with
/// the vertices of [`area`], with all kinds of consents and recordings.
pub fn town(rng: &mut Rng, origin: (i32, i32), cameras: u64) -> Town {
    let mut town = Town::default();
    let step = rng.pick(&[1, 2, 1_000, 50_000]);
    for id in 0..cameras {
        let owner = OwnerId(rng.below(cameras * 3 / 4 + 1) * 0x1_0001);
        let position = place(origin, rng.within(-40, 40) * step, rng.within(-40, 40) * step);
        let camera = Camera::new(CameraId(id * 7), owner, position, recording(rng));
        town.cameras.insert(camera.id, camera);
        if !rng.once_in(4) {
            town.consents.insert(owner, consent(rng));
        }
        if rng.once_in(5) {
            let mut asked: Vec<Ask> = Vec::new();
            for _ in 0..=rng.below(3) {
                // Most tests ask for the first.
                let agency =
                    rng.pick(&[None, Some(AgencyId(1)), Some(AgencyId(1)), Some(AgencyId(2))]);
                asked.push(Ask { agency, at: noon() - days(rng.within(-1, 32)) });
            }
            asked.sort_unstable_by_key(|ask| (ask.at, ask.agency));
            town.asked.insert(owner, asked);
        }
    }
    town
}

/// A recording of any kind.
pub fn recording(rng: &mut Rng) -> Recording {
    let kept = rng.pick(&[0, 1, 3, 7, 30, 60, 60, 60, 60, 365]);
    let since =
        if rng.once_in(6) { noon() - days(rng.within(0, 3)) } else { Timestamp::UNIX_EPOCH };
    let until =
        rng.once_in(8).then(|| noon() - days(rng.within(-2, 2)) + SignedDuration::from_hours(1));
    Recording::between(since, until, kept).unwrap_or(Recording::kept_for_days(kept))
}

/// A facing of any kind, including all around, a hundredth of a degree, the farthest reach and a
/// tenth of a metre.
pub fn facing(rng: &mut Rng) -> Facing {
    let bearing = rng.pick(&[0.0, 45.0, 90.0, 180.0, 270.0, 359.99, 12.34, 201.5]);
    let angle = rng.pick(&[0.01, 30.0, 110.0, 160.0, 180.0, 270.0, 360.0]);
    let reach = rng.pick(&[0.1, 1.0, 5.0, 12.3, 30.0, 80.0, 200.0]);
    Facing::new(bearing, angle, reach).unwrap()
}

/// A consent of any kind.
pub fn consent(rng: &mut Rng) -> Consent {
    if rng.once_in(8) {
        return Consent::default();
    }
    let mut consent = Consent::granted();
    let agencies = [1, 2, 3].map(AgencyId);
    match rng.below(6) {
        0 => consent = consent.with_agencies(Scope::only([rng.pick(&agencies)])),
        1 => consent = consent.with_agencies(Scope::all_but([rng.pick(&agencies)])),
        _ => {}
    }
    match rng.below(6) {
        0 => consent = consent.with_incidents(Scope::only([rng.pick(IncidentKind::ALL)])),
        1 => consent = consent.with_incidents(Scope::all_but([rng.pick(IncidentKind::ALL)])),
        _ => {}
    }
    if rng.once_in(8) {
        consent = consent.with_paused_until(noon() + SignedDuration::from_secs(rng.within(-1, 1)));
    }
    if rng.once_in(8) {
        consent = consent.with_expiry(noon() + SignedDuration::from_secs(rng.within(-1, 1)));
    }
    if rng.once_in(4) {
        let number = u8::try_from(rng.below(4)).unwrap();
        consent = consent.with_limit(AskLimit::new(number, number + 1).unwrap());
    }
    consent
}

/// A valid area around an origin: a wiggly star, perhaps with a hole, or several boxes; its
/// vertices are on a grid that cameras stand on as well.
pub fn area(rng: &mut Rng, origin: (i32, i32)) -> Area {
    loop {
        let step = rng.pick(&[1, 2, 1_000, 50_000]);
        let shape = match rng.below(3) {
            0 => MultiPolygon::new(vec![star(rng, origin, step)]),
            1 => boxes(rng, origin, step),
            _ => boxes_with_hole(rng, origin, step),
        };
        if let Ok(area) = Area::try_from(shape) {
            return area;
        }
    }
}

fn ring(origin: (i32, i32), corners: impl IntoIterator<Item = (i64, i64)>) -> LineString {
    // Not wrapped: near the antimeridian the degrees go past it on purpose.
    let degrees = |whole: i32, e7: i64| (f64::from(whole) * 1e7 + e7 as f64) / 1e7;
    corners.into_iter().map(|(x, y)| (degrees(origin.0, x), degrees(origin.1, y))).collect()
}

fn star(rng: &mut Rng, origin: (i32, i32), step: i64) -> Polygon {
    // Few enough corners for one bit each, or more than that.
    let (corners, nearest) =
        if rng.below(4) > 0 { (3 + rng.below(40), 3) } else { (65 + rng.below(60), 30) };
    let points = (0..corners).map(|corner| {
        let angle = corner as f64 / corners as f64 * std::f64::consts::TAU;
        let radius = (rng.within(nearest, 40)) as f64;
        let grid = |x: f64| (x.round() as i64) * step;
        (grid(radius * angle.cos()), grid(radius * angle.sin()))
    });
    Polygon::new(ring(origin, points.collect::<Vec<_>>()), vec![])
}

fn rect(west: i64, south: i64, east: i64, north: i64) -> [(i64, i64); 4] {
    [(west, south), (east, south), (east, north), (west, north)]
}

fn boxes(rng: &mut Rng, origin: (i32, i32), step: i64) -> MultiPolygon {
    let number = 1 + rng.below(5);
    let boxes = (0..number).map(|_| {
        let (x, y) = (rng.within(-40, 30), rng.within(-40, 30));
        let (width, height) = (rng.within(1, 12), rng.within(1, 12));
        let corners = rect(x, y, x + width, y + height).map(|(x, y)| (x * step, y * step));
        Polygon::new(ring(origin, corners), vec![])
    });
    MultiPolygon::new(boxes.collect())
}

fn boxes_with_hole(rng: &mut Rng, origin: (i32, i32), step: i64) -> MultiPolygon {
    let scale = |(x, y): (i64, i64)| (x * step, y * step);
    let [west, south] = [rng.within(-40, 0), rng.within(-40, 0)];
    let [east, north] = [rng.within(5, 40), rng.within(5, 40)];
    let [x, y] = [rng.within(west, east - 2), rng.within(south, north - 2)];
    let hole = [(x, y), (x + 1, y + 2), (x + 2, y)].map(scale);
    let shell = rect(west, south, east, north).map(scale);
    MultiPolygon::new(vec![Polygon::new(ring(origin, shell), vec![ring(origin, hole)])])
}
