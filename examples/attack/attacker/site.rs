//! The attacker's drawings: rows of areas from the fields into the town, and pads far out.

use canvass::error::PositionError;
use canvass::{Camera, CameraId, Change, Consent, OwnerId, Recording};

use super::super::town::{SIZE, Spot, Town};

/// The height of a site, its reach into town, and its reach into the fields (metres).
pub(super) const SITE: (f64, f64, f64) = (108.0, 1_000.0, 620.0);
/// The distance between the pads of a site; each is as large as the part in the fields.
const PAD_PITCH: f64 = 640.0;
/// The number of the attacker's own households, which share on every request.
pub(super) const ACCOMPLICES: u64 = 10;
/// The number of pads of a site; each attack of a site needs fewer.
pub(super) const PADS: usize = 64;

/// A rectangle in metres.
#[derive(Clone, Copy)]
pub(crate) struct Strip {
    pub(crate) low: Spot,
    pub(crate) high: Spot,
}

impl Strip {
    pub(super) fn ring(self) -> Result<String, PositionError> {
        let (low, high) = (self.low, self.high);
        let corners = [low, Spot { x: high.x, y: low.y }, high, Spot { x: low.x, y: high.y }, low];
        let text =
            |spot: Spot| spot.position().map(|at| format!("{:.7} {:.7}", at.lon(), at.lat()));
        let corners: Result<Vec<_>, _> = corners.into_iter().map(text).collect();
        Ok(format!("(({}))", corners?.join(",")))
    }

    pub(crate) fn contains(self, at: Spot) -> bool {
        (self.low.x..self.high.x).contains(&at.x) && (self.low.y..self.high.y).contains(&at.y)
    }

    /// The number of households with a camera there.
    pub(super) fn households(self, cameras: &[Camera]) -> usize {
        let inside = |camera: &&Camera| {
            self.contains(Spot::from_degrees(camera.position.lon(), camera.position.lat()))
        };
        let mut owners: Vec<OwnerId> =
            cameras.iter().filter(inside).map(|camera| camera.owner).collect();
        owners.sort_unstable();
        owners.dedup();
        owners.len()
    }
}

/// A row of areas, each in the next, from the fields beside the town into it.
#[derive(Clone, Copy)]
pub(super) struct Site {
    south: f64,
    side: Side,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    West,
    East,
}

impl Site {
    /// All sites of the town; they are apart.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let souths = (0_u32..).map(|row| f64::from(row) * (SITE.0 + 4.0));
        souths
            .take_while(|south| south + SITE.0 < SIZE.1)
            .flat_map(|south| [Side::West, Side::East].map(|side| Self { south, side }))
    }

    /// The strip between two depths, in metres from the edge of the town.
    pub(super) fn strip(self, from: f64, to: f64) -> Strip {
        let (low, high) = match self.side {
            Side::West => (from, to),
            Side::East => (SIZE.0 - to, SIZE.0 - from),
        };
        let north = self.south + SITE.0;
        Strip { low: Spot { x: low, y: self.south }, high: Spot { x: high, y: north } }
    }

    /// The depths of its houses, ascending.
    pub(super) fn depths(self, town: &Town) -> Vec<f64> {
        let houses = town.houses.iter().map(|house| house.spot);
        let mut depths: Vec<f64> = houses
            .filter(|spot| (self.south..self.south + SITE.0).contains(&spot.y))
            .map(|spot| match self.side {
                Side::West => spot.x,
                Side::East => SIZE.0 - spot.x,
            })
            .collect();
        depths.sort_by(f64::total_cmp);
        depths
    }
}

/// Whether each request has a piece of empty land of its own, so that no two are too close.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Padding {
    None,
    EmptyLand,
    /// Each request overlaps the previous one, so that all form a chain.
    Chain,
    /// Accomplices live in each pad, so that one household more leaves the lowest band.
    Accomplices,
}

impl Padding {
    /// The pad of a request, far out in the fields.
    pub(super) fn pad(self, site: Site, number: usize) -> Option<Strip> {
        let pitch = match self {
            Self::None => return None,
            Self::EmptyLand | Self::Accomplices => PAD_PITCH,
            Self::Chain => SITE.2 - 1.0,
        };
        let from = -2.0 * SITE.2 - pitch * number as f64;
        Some(site.strip(from - SITE.2, from))
    }
}

/// The attacker's registrations before the attack: accomplices with a camera in each pad of each
/// site.
pub(crate) fn accomplices() -> Result<Vec<Change>, PositionError> {
    let mut changes = Vec::new();
    let owners = || (0..ACCOMPLICES).map(|number| OwnerId(1_000_000 + number));
    for site in Site::all() {
        for pad in (0..PADS).filter_map(|number| Padding::Accomplices.pad(site, number)) {
            let middle = Spot {
                x: f64::midpoint(pad.low.x, pad.high.x),
                y: f64::midpoint(pad.low.y, pad.high.y),
            };
            for owner in owners() {
                changes.push(Change::Register(Camera::new(
                    CameraId(1_000_000 + changes.len() as u64),
                    owner,
                    middle.position()?,
                    Recording::kept_for_days(60),
                )));
            }
        }
    }
    let consent = Consent::granted();
    changes.extend(owners().map(|owner| Change::SetConsent { owner, consent: consent.clone() }));
    Ok(changes)
}
