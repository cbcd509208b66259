//! The incidents of a year: some places have many, the rest are spread as people are.

use canvass::error::{AreaError, TimeWindowError};
use canvass::jiff::{SignedDuration, Timestamp};
use canvass::{Area, TimeWindow};
use fastrand::Rng;

use crate::arguments::{Arguments, Population};
use crate::city::{City, Spot};

/// A request as an agency would draw it.
pub(crate) struct Incident {
    pub(crate) square: Square,
    pub(crate) asked_at: Timestamp,
    pub(crate) window: TimeWindow,
}

/// The area that is drawn around an incident.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Square {
    pub(crate) middle: Spot,
    pub(crate) half: f64,
}

impl Square {
    pub(crate) fn area(self, city: &City) -> Result<Area, AreaError> {
        let corner = |side: f64| Spot { x: self.middle.x + side, y: self.middle.y + side };
        let (low, high) = (city.degrees(corner(-self.half)), city.degrees(corner(self.half)));
        Area::from_bounds(low.0, low.1, high.0, high.1)
    }
}

/// The number of places with repeated incidents, and their share of all incidents.
fn hot_spots(population: Population) -> (usize, f64) {
    match population {
        Population::City => (400, 0.4),
        Population::Town => (30, 0.2),
    }
}

/// All requests of a year, in the order in which they are made.
pub(crate) fn draw(arguments: &Arguments, city: &City) -> Result<Vec<Incident>, TimeWindowError> {
    let rng = &mut Rng::with_seed(arguments.seed ^ 0x5eed);
    let (number, share) = hot_spots(arguments.population);
    let spots: Vec<Spot> = (0..number).map(|_| city.home(rng)).collect();
    // The second hot spot has half as many as the first, the third a third.
    let weights = (1..=number).map(|rank| 1.0 / rank as f64);
    let cumulated: Vec<f64> = weights
        .scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        })
        .collect();
    let all = cumulated.last().copied().unwrap_or(0.0);
    let start = Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut seconds: Vec<i64> = (0..arguments.requests).map(|_| rng.i64(0..365 * 86_400)).collect();
    seconds.sort_unstable();
    seconds
        .into_iter()
        .map(|second| {
            let at = if rng.f64() < share {
                let drawn = all * rng.f64();
                let rank = cumulated.partition_point(|&sum| sum < drawn);
                spots.get(rank).copied().unwrap_or_else(|| city.home(rng))
            } else {
                city.home(rng)
            };
            // An officer never draws a square with the incident exactly in its middle.
            let mut off = || 80.0 * (rng.f64() + rng.f64() + rng.f64() - 1.5);
            let middle = Spot { x: at.x + off(), y: at.y + off() };
            let asked_at = start + SignedDuration::from_secs(second);
            // An incident of the last three days, and one to six hours around it.
            let end = asked_at - SignedDuration::from_mins(rng.i64(30..3 * 24 * 60));
            let window = TimeWindow::new(end - SignedDuration::from_mins(rng.i64(60..360)), end)?;
            Ok(Incident { square: Square { middle, half: arguments.side / 2.0 }, asked_at, window })
        })
        .collect()
}
