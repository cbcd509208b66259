//! The homes of a city, their cameras, and their owners' consents. Everything follows from a seed.
//!
//! The shares are those of `benches/support/population.rs`: cameras of a household, storage times
//! of footage, and recently installed cameras. Three in five registered owners agreed to be asked.

use std::error::Error;

use canvass::jiff::{SignedDuration, Timestamp};
use canvass::{Camera, CameraId, Consent, OwnerId, Position, Recording};
use fastrand::Rng;

use crate::arguments::{Arguments, Population};

/// Metres in a degree of latitude.
const DEGREE: f64 = 111_195.0;
/// The position of a made-up city, in degrees.
const ORIGIN: (f64, f64) = (-86.5, 39.7);
/// The share of registered owners who agree to be asked.
const AGREED: f64 = 0.6;
const PEOPLE_IN_HOUSEHOLD: f64 = 2.5;
/// The number of people in a square kilometre of a file's places.
const PEOPLE_IN_KM2: f64 = 3_500.0;
/// In percent: 0 days is "no storage plan".
const KEPT_DAYS: [(u16, u8); 11] = [
    (0, 10),
    (1, 3),
    (3, 5),
    (7, 15),
    (14, 10),
    (21, 3),
    (30, 25),
    (60, 15),
    (90, 6),
    (120, 3),
    (180, 5),
];

/// A place in metres east and north of the origin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// A square block of a city where people live.
struct Place {
    middle: Spot,
    half: f64,
    households: usize,
}

pub(crate) struct City {
    pub(crate) households: usize,
    pub(crate) cameras: Vec<Camera>,
    pub(crate) consents: Vec<(OwnerId, Consent)>,
    origin: (f64, f64),
    places: Vec<Place>,
    /// The number of households up to each place.
    cumulated: Vec<usize>,
    owners: u64,
}

impl City {
    pub(crate) fn build(arguments: &Arguments) -> Result<Self, Box<dyn Error>> {
        let rng = &mut Rng::with_seed(arguments.seed);
        let (origin, places) = match &arguments.places {
            Some(file) => read(file)?,
            None => (ORIGIN, made_up(arguments.population, rng)),
        };
        let mut households = 0;
        let cumulated = places.iter().map(|place| {
            households += place.households;
            households
        });
        let cumulated = cumulated.collect();
        let mut city = Self {
            households,
            cameras: Vec::new(),
            consents: Vec::new(),
            origin,
            places,
            cumulated,
            owners: 0,
        };
        for place in 0..city.places.len() {
            for _ in 0..city.places.get(place).map_or(0, |place| place.households) {
                if rng.f64() < arguments.registered {
                    city.move_in(place, rng)?;
                }
            }
        }
        Ok(city)
    }

    pub(crate) fn owners(&self) -> u64 {
        self.owners
    }

    /// The total size of the places.
    pub(crate) fn km2(&self) -> f64 {
        self.places.iter().map(|place| (2.0 * place.half / 1_000.0).powi(2)).sum()
    }

    /// A random home, each equally likely.
    pub(crate) fn home(&self, rng: &mut Rng) -> Spot {
        let household = rng.usize(..self.households.max(1));
        let place = self.cumulated.partition_point(|&before| before <= household);
        self.places.get(place).map_or(Spot { x: 0.0, y: 0.0 }, |place| place.draw(rng))
    }

    pub(crate) fn degrees(&self, spot: Spot) -> (f64, f64) {
        let lat = self.origin.1 + spot.y / DEGREE;
        (self.origin.0 + spot.x / (DEGREE * self.origin.1.to_radians().cos()), lat)
    }

    fn move_in(&mut self, place: usize, rng: &mut Rng) -> Result<(), Box<dyn Error>> {
        let Some(place) = self.places.get(place) else { return Ok(()) };
        let (home, owner) = (place.draw(rng), OwnerId(self.owners));
        self.owners += 1;
        let number = match rng.u8(..100) {
            0..78 => 1,
            78..94 => 2,
            94..99 => 3,
            _ => 4,
        };
        let kept_days = kept_days(rng);
        for _ in 0..number {
            let beside =
                Spot { x: home.x + rng.f64() * 16.0 - 8.0, y: home.y + rng.f64() * 16.0 - 8.0 };
            let (lon, lat) = self.degrees(beside);
            self.cameras.push(Camera::new(
                CameraId(self.cameras.len() as u64),
                owner,
                Position::new(lon, lat)?,
                recording(kept_days, rng)?,
            ));
        }
        if rng.f64() < AGREED {
            self.consents.push((owner, Consent::granted()));
        }
        Ok(())
    }
}

impl Place {
    fn draw(&self, rng: &mut Rng) -> Spot {
        let mut beside = || self.half * (2.0 * rng.f64() - 1.0);
        Spot { x: self.middle.x + beside(), y: self.middle.y + beside() }
    }
}

/// Blocks of 500 m in a square, some with many households and some with few.
fn made_up(population: Population, rng: &mut Rng) -> Vec<Place> {
    let (rows, households, spread) = match population {
        Population::City => (34_u32, 350_000.0, 0.45),
        Population::Town => (16, 100_000.0, 0.35),
    };
    let blocks: Vec<(Spot, f64)> = (0..rows * rows)
        .map(|block| {
            let (x, y) = (f64::from(block % rows) * 500.0, f64::from(block / rows) * 500.0);
            // A sum of dice approximates a normal deviate well enough.
            let normal = (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0;
            (Spot { x, y }, (spread * normal).exp())
        })
        .collect();
    let all: f64 = blocks.iter().map(|block| block.1).sum();
    let place = |(middle, weight): (Spot, f64)| Place {
        middle,
        half: 250.0,
        households: whole(households * weight / all),
    };
    blocks.into_iter().map(place).collect()
}

/// The places of a file, with the size that their people need in a city.
#[expect(clippy::type_complexity, reason = "read once, in the line that calls this")]
fn read(file: &std::path::Path) -> Result<((f64, f64), Vec<Place>), Box<dyn Error>> {
    #[derive(serde::Deserialize)]
    struct Row {
        lon: f64,
        lat: f64,
        population: f64,
    }
    let shown = file.display();
    let mut reader = csv::Reader::from_path(file)
        .map_err(|error| format!("--places: cannot read `{shown}`: {error}"))?;
    let rows: Vec<Row> = reader
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|error| format!("--places: `{shown}`: {error}"))?;
    let Some(first) = rows.first() else {
        return Err(format!("--places: `{shown}` has no place").into());
    };
    let origin = (first.lon, first.lat);
    let width = DEGREE * origin.1.to_radians().cos();
    let place = |row: &Row| Place {
        middle: Spot { x: (row.lon - origin.0) * width, y: (row.lat - origin.1) * DEGREE },
        half: (row.population / PEOPLE_IN_KM2).sqrt() * 500.0,
        households: whole(row.population / PEOPLE_IN_HOUSEHOLD),
    };
    Ok((origin, rows.iter().map(place).collect()))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of people")]
fn whole(number: f64) -> usize {
    number.round().max(0.0) as usize
}

fn kept_days(rng: &mut Rng) -> u16 {
    let mut left = rng.u8(..100);
    for (days, share) in KEPT_DAYS {
        match left.checked_sub(share) {
            Some(rest) => left = rest,
            None => return days,
        }
    }
    0
}

fn recording(kept_days: u16, rng: &mut Rng) -> Result<Recording, Box<dyn Error>> {
    // One in ten is installed in the course of the year.
    if rng.u8(..100) < 10 {
        let since = Timestamp::from_second(1_767_225_600)?;
        let since = since + SignedDuration::from_hours(24 * rng.i64(0..365));
        return Ok(Recording::between(since, None, kept_days)?);
    }
    Ok(Recording::kept_for_days(kept_days))
}
