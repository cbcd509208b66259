//! The map of the demo: the quickstart's town.

use canvass::Position;
use canvass::error::PositionError;
use canvass_town::{House, PARK, SIZE, Spot, Town, park, river};

use super::{BaseMap, End, Kind, Picture};

/// Half of the river's width in metres.
const BANK: f64 = 37.0;
/// Half of a house along its street and across, in metres.
const HOUSE: (f64, f64) = (4.6, 3.6);

impl BaseMap {
    /// The map of a town.
    ///
    /// # Errors
    ///
    /// If a part of it is not on the earth, which cannot happen: the town is always the same.
    pub fn of_town(town: &Town) -> Result<Self, PositionError> {
        let (south_west, north_east) =
            (Spot { x: 0.0, y: 0.0 }.position()?, Spot { x: SIZE.0, y: SIZE.1 }.position()?);
        let corners = [south_west, north_east].map(|at| (at.lon(), at.lat()));
        let mut picture = Picture::around(corners);
        picture.line(Kind::Water, positions(banks())?, End::Closed);
        let around = (0..72).map(|step| {
            let angle = f64::from(step) * std::f64::consts::TAU / 72.0;
            let (sin, cos) = angle.sin_cos();
            Spot { x: PARK.x + park(angle) * cos, y: PARK.y + park(angle) * sin }
        });
        picture.line(Kind::Park, positions(around)?, End::Closed);
        for street in &town.streets {
            picture.line(Kind::Road, positions(street.iter().copied())?, End::Open);
        }
        for house in &town.houses {
            picture.line(Kind::Building, positions(walls(*house))?, End::Closed);
        }
        Ok(picture.finish())
    }
}

fn positions(spots: impl IntoIterator<Item = Spot>) -> Result<Vec<Position>, PositionError> {
    spots.into_iter().map(Spot::position).collect()
}

/// The outline of the river: one bank up, the other down.
fn banks() -> impl Iterator<Item = Spot> {
    let heights = || (-4..=150).map(|step| f64::from(step) * 10.0);
    let bank = |y: f64, side: f64| {
        let (x, slope) = river(y);
        Spot { x: x + side * BANK * 1.0_f64.hypot(slope), y }
    };
    heights().map(move |y| bank(y, -1.0)).chain(heights().rev().map(move |y| bank(y, 1.0)))
}

fn walls(house: House) -> [Spot; 4] {
    let (sin, cos) = house.direction.sin_cos();
    [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)].map(|(along, across)| {
        let (along, across) = (along * HOUSE.0, across * HOUSE.1);
        let (x, y) = (along * cos - across * sin, along * sin + across * cos);
        Spot { x: house.spot.x + x, y: house.spot.y + y }
    })
}
