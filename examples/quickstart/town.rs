//! A small town that does not exist, the same at every run: streets, a river, a park, houses along
//! the streets, cameras at some of the houses, and the consents of their owners.
//!
//! The quickstart, the attack and its test include this file; the service uses it as the crate
//! `canvass-town`.

use canvass::error::PositionError;
use canvass::jiff::{SignedDuration, Timestamp};
use canvass::{
    AgencyId, Camera, CameraId, Change, Consent, IncidentKind, OwnerId, Position, Recording, Scope,
};

/// The town's south-west corner in degrees; three tiles of cameras happen to meet in the town.
const ORIGIN: (f64, f64) = (-84.96, 41.12);
/// Metres in a degree of longitude and of latitude, near enough for a town.
const METRES: (f64, f64) = (83_850.0, 111_060.0);
/// The town's extent in metres.
pub const SIZE: (f64, f64) = (2200.0, 1440.0);

const STEP: f64 = 6.0;
const EMBANKMENT: f64 = 70.0;
/// The middle of the park.
pub const PARK: Spot = Spot { x: 1610.0, y: 880.0 };

/// A place in metres east and north of the town's corner.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    /// Metres east.
    pub x: f64,
    /// Metres north.
    pub y: f64,
}

impl Spot {
    /// The spot at a longitude and latitude.
    #[must_use]
    pub fn from_degrees(lon: f64, lat: f64) -> Self {
        Self { x: (lon - ORIGIN.0) * METRES.0, y: (lat - ORIGIN.1) * METRES.1 }
    }

    /// The spot's position on the earth.
    ///
    /// # Errors
    ///
    /// If the spot is so far from the town that it has none.
    pub fn position(self) -> Result<Position, PositionError> {
        Position::new(ORIGIN.0 + self.x / METRES.0, ORIGIN.1 + self.y / METRES.1)
    }

    fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    fn in_town(self) -> bool {
        (12.0..SIZE.0 - 12.0).contains(&self.x) && (12.0..SIZE.1 - 12.0).contains(&self.y)
    }
}

/// A house beside a street, which runs in `direction` (radians).
#[derive(Clone, Copy, Debug)]
pub struct House {
    /// Its middle.
    pub spot: Spot,
    /// The direction of its street.
    pub direction: f64,
}

/// The content of the town.
#[derive(Debug, Default)]
pub struct Town {
    /// Each street as a line.
    pub streets: Vec<Vec<Spot>>,
    /// The houses; the first is household 1.
    pub houses: Vec<House>,
    /// The cameras.
    pub cameras: Vec<Camera>,
    /// The consents of those owners who gave one.
    pub consents: Vec<(OwnerId, Consent)>,
    /// Requests that reached owners before this one.
    pub asked_before: Vec<Change>,
}

/// The middle of the river at a height, and its slope there.
#[must_use]
pub fn river(y: f64) -> (f64, f64) {
    (560.0 + 150.0 * (y / 330.0).sin() + 0.1 * y, 150.0 / 330.0 * (y / 330.0).cos() + 0.1)
}

fn from_river(spot: Spot) -> f64 {
    let (x, slope) = river(spot.y);
    (spot.x - x).abs() / 1.0_f64.hypot(slope)
}

/// The park's radius in a direction.
#[must_use]
pub fn park(angle: f64) -> f64 {
    150.0 + 17.0 * (3.0 * angle + 1.0).sin() + 10.0 * (5.0 * angle).sin()
}

/// How far outside the park a spot is.
fn from_park(spot: Spot) -> f64 {
    spot.distance(PARK) - park((spot.y - PARK.y).atan2(spot.x - PARK.x))
}

impl Town {
    /// Builds the town as it is at `now`.
    ///
    /// # Errors
    ///
    /// If a house is not on the earth, which cannot be: the town is always the same.
    pub fn build(now: Timestamp) -> Result<Self, PositionError> {
        let mut town = Self::default();
        let mut dice = Dice(20_260_504);
        town.pave(&mut dice);
        town.settle(&mut dice);
        town.install(&mut dice, now)?;
        Ok(town)
    }

    fn pave(&mut self, dice: &mut Dice) {
        // A grid, bent and turned a little; some streets end early, few have a bridge.
        let bent = |u: f64, v: f64| {
            let x = u + 20.0 * (v / 290.0 + 0.6).sin() + 8.0 * (u / 130.0).sin();
            let y = v + 24.0 * (u / 360.0).sin() + 7.0 * (v / 110.0 + 2.0).sin();
            let (sin, cos) = 0.14_f64.sin_cos();
            Spot { x: x * cos - y * sin + 90.0, y: x * sin + y * cos - 150.0 }
        };
        let mut across = -400.0;
        let mut number = 0;
        while across < 2600.0 {
            self.pave_along(dice, Bridge::None, |along| bent(across, along - 500.0));
            across += dice.between(76.0, 112.0);
        }
        let mut across = -500.0;
        while across < 2000.0 {
            let bridge = if number % 3 == 1 { Bridge::Over } else { Bridge::None };
            self.pave_along(dice, bridge, |along| bent(along - 500.0, across));
            across += dice.between(104.0, 148.0);
            number += 1;
        }
        for side in [-1.0, 1.0] {
            let bank = |along: f64| {
                let (x, slope) = river(along - 500.0);
                Spot { x: x + side * EMBANKMENT * 1.0_f64.hypot(slope), y: along - 500.0 }
            };
            self.streets.push(steps(3000.0).map(bank).filter(|spot| near_town(*spot)).collect());
        }
        let around = steps(std::f64::consts::TAU * 200.0 + STEP).map(|along| {
            let angle = along / 200.0;
            let radius = park(angle) + 14.0;
            Spot { x: PARK.x + radius * angle.cos(), y: PARK.y + radius * angle.sin() }
        });
        self.streets.push(around.collect());
    }

    fn pave_along(&mut self, dice: &mut Dice, bridge: Bridge, at: impl Fn(f64) -> Spot) {
        let mut street = Vec::new();
        let mut closed_until = 0.0;
        for along in steps(3200.0) {
            if dice.one_in(200) {
                closed_until = along + dice.between(90.0, 220.0);
            }
            let spot = at(along);
            let dry = bridge == Bridge::Over || from_river(spot) > EMBANKMENT - STEP;
            let open = bridge == Bridge::Over || along >= closed_until;
            if dry && open && from_park(spot) > 10.0 && near_town(spot) {
                street.push(spot);
            } else if !street.is_empty() {
                self.streets.push(std::mem::take(&mut street));
            }
        }
        self.streets.push(street);
        self.streets.retain(|street| street.len() > 8);
    }

    fn settle(&mut self, dice: &mut Dice) {
        let corners: Vec<Spot> = self.streets.iter().flatten().copied().collect();
        for street in &self.streets {
            let mut next = 6.0;
            for (i, pair) in (0_u32..).zip(street.windows(2)) {
                let &[from, to] = pair else { continue };
                if f64::from(i) * STEP < next {
                    continue;
                }
                next += dice.between(9.0, 16.0);
                let direction = (to.y - from.y).atan2(to.x - from.x);
                for side in [-1.0, 1.0] {
                    let setback = side * dice.between(12.5, 15.0);
                    let (sin, cos) = direction.sin_cos();
                    let spot = Spot { x: from.x - setback * sin, y: from.y + setback * cos };
                    let free = spot.in_town()
                        && from_river(spot) > EMBANKMENT + 10.0
                        && from_park(spot) > 22.0
                        && corners.iter().all(|corner| corner.distance(spot) > 11.5)
                        && self.houses.iter().all(|house| house.spot.distance(spot) > 11.5);
                    if free && !dice.one_in(12) {
                        self.houses.push(House { spot, direction });
                    }
                }
            }
        }
    }

    /// Cameras, and the consents of their owners: most agreed, in their own terms; a good part never did.
    fn install(&mut self, dice: &mut Dice, now: Timestamp) -> Result<(), PositionError> {
        for (household, house) in (1..).zip(&self.houses) {
            if dice.one_in(3) {
                continue;
            }
            let owner = OwnerId(household);
            for _ in 0..if dice.one_in(8) { 2 } else { 1 } {
                let (x, y) = (dice.between(-4.0, 4.0), dice.between(-4.0, 4.0));
                let kept = match dice.below(8) {
                    0 => 2,
                    1 => 14,
                    2..4 => 30,
                    _ => 60,
                };
                self.cameras.push(Camera::new(
                    CameraId(70_000 + self.cameras.len() as u64),
                    owner,
                    Spot { x: house.spot.x + x, y: house.spot.y + y }.position()?,
                    Recording::kept_for_days(kept),
                ));
            }
            let days = |days: i64| now + SignedDuration::from_hours(24 * days);
            let granted = Consent::granted();
            let consent = match dice.below(100) {
                0..50 => granted,
                50..58 => granted.with_agencies(Scope::only([AgencyId(1)])),
                58..64 => granted.with_agencies(Scope::only([AgencyId(2)])),
                64..69 => granted.with_incidents(Scope::only([IncidentKind::MissingPerson])),
                69..73 => granted.with_paused_until(days(10)),
                73..76 => granted.with_expiry(days(-20)),
                76..79 => granted.with_expiry(days(20)),
                // No consent is a no, and needs no record.
                _ => continue,
            };
            self.consents.push((owner, consent));
            if dice.one_in(30) {
                let twice =
                    [2, 5].map(|ago| Change::RecordAsked { owner, agency: None, at: days(-ago) });
                self.asked_before.extend(twice);
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Bridge {
    None,
    Over,
}

/// Steps along a street, in metres.
fn steps(length: f64) -> impl Iterator<Item = f64> {
    (0_u32..).map(|step| f64::from(step) * STEP).take_while(move |&along| along < length)
}

fn near_town(spot: Spot) -> bool {
    (-40.0..SIZE.0 + 40.0).contains(&spot.x) && (-40.0..SIZE.1 + 40.0).contains(&spot.y)
}

/// Repeatable random numbers: `SplitMix64`.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, sides: u64) -> u64 {
        self.roll() % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.below(sides) == 0
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.below(10_000) as f64 / 10_000.0)
    }
}
