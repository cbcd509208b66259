//! A1: ten households that shared with the agency before, and one house, alone in an area: is the house
//! registered? In the three towns of the red team, where more or fewer of the houses are.

use canvass::{Area, Camera, CameraId, Change, Consent, OwnerId, Position, Recording};

use super::desk::{Asking, Desk, days};
use super::disclosures::{Fallible, noon};
use canvass::AgencyId;

/// The houses attacked in a town, and the requests that asked somebody.
pub(crate) struct Rung {
    /// The share of the town's houses that are registered, in percent.
    pub(crate) registered: u32,
    pub(crate) houses: u32,
    /// Requests that asked somebody, which an accomplice or footage shows.
    pub(crate) rang: u32,
    /// Of those, the ones whose house is registered.
    pub(crate) right: u32,
}

impl Rung {
    pub(crate) fn row(&self) -> String {
        let Self { registered, houses, rang, right } = self;
        let town = format!("{registered} % of houses registered");
        format!("{town:<60} {houses:>6} {rang:>6} {right:>6}")
    }
}

/// The attack on so many houses in each town.
pub(crate) fn sharers_and_a_house(houses: u32, min_new_households: u32) -> Fallible<Vec<Rung>> {
    [67, 15, 7].into_iter().map(|registered| town(registered, houses, min_new_households)).collect()
}

fn town(registered: u32, houses: u32, min_new_households: u32) -> Fallible<Rung> {
    let (mut rang, mut right) = (0, 0);
    for house in 0..houses {
        // A golden ratio apart, so that each part of the houses has the town's share.
        let is_registered = house.wrapping_mul(2_654_435_769) / (u32::MAX / 100) < registered;
        let mut desk = Desk::new(30, house)?;
        desk.policy = desk.policy.clone().with_min_new_households(min_new_households);
        // One in three shares. The others live in the east of the quarter.
        let east = (0..30).filter(|id| id % 3 != 0).map(|id| {
            Ok(Change::Move { camera: CameraId(id), position: Position::new(10.004, 50.0)? })
        });
        desk.registry.apply(east.collect::<Fallible<Vec<_>>>()?)?;
        let first = desk.send(AgencyId(1), 0.0, Asking::Everybody, noon()?)?;
        first.filter(|sent| sent.asked.len() == 30).ok_or("the whole quarter is asked")?;
        if is_registered {
            let (id, owner, at) = (CameraId(100), OwnerId(100), Position::new(10.001, 50.0)?);
            let camera = Camera::new(id, owner, at, Recording::kept_for_days(60));
            let consent = Consent::granted();
            desk.registry
                .apply([Change::Register(camera), Change::SetConsent { owner, consent }])?;
        }
        let (west, later) = (Area::from_bounds(9.998, 49.997, 10.002, 50.003)?, noon()? + days(40));
        let opened = desk.open(AgencyId(1), west, 1, later)?;
        let mut standing = opened.ok_or("a request that passes")?;
        desk.ask(&mut standing, later)?;
        let has_rung = !desk.end(standing, later)?.asked.is_empty();
        rang += u32::from(has_rung);
        right += u32::from(has_rung && is_registered);
    }
    Ok(Rung { registered, houses, rang, right })
}
