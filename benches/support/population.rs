//! The one generator of data: cameras, their positions, their owners, and the owners' consents.
//!
//! Everything follows from the seed. The choices are invented, with the shape of real ones:
//!
//! - **Centres** with a heavy-tailed number of cameras (Pareto with exponent 1, 1,000 to 100,000)
//!   anywhere in a box of the size of the United States. Each fills a disc at 150 cameras per km2.
//!   More cameras mean more centres, not denser ones.
//! - **Owners** with 1, 2, 3 or 4 cameras (78, 16, 5 and 1 %) within 20 m; 1.29 on average. Ids
//!   count up centre by centre, and at random within a centre.
//! - **Recording**: kept for 0, 1, 3, 7, 14, 21, 30, 60, 90, 120 or 180 days (10, 3, 5, 15, 10, 3,
//!   25, 15, 6, 3 and 5 %); 10 % were put up within the last 60 days, 2 % were taken down lately.
//! - **Consents**: half of those who agreed named no scope; the others took one of 1,000, the
//!   smaller its number the more often. 5 % paused, 5 % expire (two in five of these in the past),
//!   so there are 4,000 distinct ones. 5 % were asked one to four times in the last two weeks.

use std::f64::consts::{PI, TAU};
use std::path::Path;

use canvass::{
    AgencyId, Ask, Camera, CameraId, Change, Consent, IncidentKind, OwnerId, Position, Recording,
    Scope,
};
use fastrand::Rng;
use jiff::SignedDuration;

use super::share::Share;
use super::{days, now};

/// Kilometres in a degree of latitude.
pub const KM: f64 = 111.195;

/// The bounds of drawn centres: west, south, east and north.
const BOX: (f64, f64, f64, f64) = (-124.0, 25.0, -67.0, 49.0);

/// The number of agencies that scopes name and that ask.
pub const AGENCIES: u64 = 50;

const PER_KM2: f64 = 150.0;
const SCOPES: usize = 1_000;
const HISTORIES: usize = 1_000;
/// In percent: 0 days is "no storage plan".
#[rustfmt::skip]
const KEPT_DAYS: [(u16, u8); 11] = [
    (0, 10), (1, 3), (3, 5), (7, 15), (14, 10), (21, 3),
    (30, 25), (60, 15), (90, 6), (120, 3), (180, 5),
];

/// A place where people live.
#[derive(Clone, Copy, Debug)]
pub struct Centre {
    /// Its middle, in degrees.
    pub lon: f64,
    /// Its middle, in degrees.
    pub lat: f64,
    /// The number of its cameras.
    pub cameras: usize,
}

impl Centre {
    /// The radius of the disc that its cameras fill.
    pub fn radius_km(&self) -> f64 {
        (self.cameras as f64 / PER_KM2 / PI).sqrt()
    }
}

/// Cameras, their owners' consents, and the instants at which owners were asked.
#[derive(Debug)]
pub struct DataSet {
    /// All cameras; ids count up from 0.
    pub cameras: Vec<Camera>,
    /// The centres.
    pub centres: Vec<Centre>,
    /// The distinct consents. The first is "not granted".
    pub distinct: Vec<Consent>,
    /// The distinct histories of being asked. The first is empty.
    pub histories: Vec<Vec<Ask>>,
    /// Each owner's consent and history, as places in the two above.
    pub owners: Vec<Standing>,
}

/// An owner's consent and history, as places in [`DataSet::distinct`] and [`DataSet::histories`].
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// The consent.
    pub consent: u16,
    /// The history.
    pub history: u16,
}

impl DataSet {
    /// Draws a data set.
    pub fn draw(cameras: usize, agreed: Share, seed: u64) -> Self {
        let centres = draw_centres(cameras, &mut rng(seed, "centres"));
        Self::around(centres, agreed, seed)
    }

    /// Draws cameras around the centres of a CSV file `id,lon,lat,population`, in proportion.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or has other columns.
    pub fn populate(
        cameras: usize,
        agreed: Share,
        seed: u64,
        file: &Path,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        Ok(Self::around(read_centres(cameras, file)?, agreed, seed))
    }

    fn around(centres: Vec<Centre>, agreed: Share, seed: u64) -> Self {
        let mut set = Self {
            cameras: Vec::with_capacity(centres.iter().map(|centre| centre.cameras).sum()),
            centres,
            distinct: distinct_consents(&mut rng(seed, "consents")),
            histories: distinct_histories(&mut rng(seed, "histories")),
            owners: Vec::new(),
        };
        let mut rng = rng(seed, "owners");
        for centre in set.centres.clone() {
            let full = set.cameras.len() + centre.cameras;
            while set.cameras.len() < full {
                set.move_in(centre, full, agreed, &mut rng);
            }
        }
        set
    }

    /// One owner moves in. An owner who agrees at a smaller share agrees at a larger one as well.
    fn move_in(&mut self, centre: Centre, full: usize, agreed: Share, rng: &mut Rng) {
        let owner = OwnerId(self.owners.len() as u64);
        let cameras = match rng.u8(..100) {
            0..78 => 1,
            78..94 => 2,
            94..99 => 3,
            _ => 4,
        };
        let home = offset(centre.lon, centre.lat, centre.radius_km() * rng.f64().sqrt(), rng);
        let kept_days = kept_days(rng);
        for _ in 0..cameras.min(full - self.cameras.len()) {
            let (lon, lat) = offset(home.0, home.1, 0.020 * rng.f64(), rng);
            self.cameras.push(Camera::new(
                CameraId(self.cameras.len() as u64),
                owner,
                Position::new(lon, lat).expect("a position near a centre"),
                recording(kept_days, rng),
            ));
        }
        let grants = rng.f64() < agreed.fraction();
        let scope = if rng.bool() { 0 } else { (SCOPES as f64).powf(rng.f64()) as usize };
        let variant = match rng.u8(..100) {
            0..5 => Variant::Paused,
            5..7 => Variant::Expired,
            7..10 => Variant::Expiring,
            _ => Variant::Plain,
        };
        let asked = rng.u8(..100) < 5;
        let history = rng.usize(1..=HISTORIES);
        self.owners.push(Standing {
            consent: if grants {
                1 + (scope.min(SCOPES - 1) * 4 + variant as usize) as u16
            } else {
                0
            },
            history: if asked { history as u16 } else { 0 },
        });
    }

    /// The consents of owners who granted any.
    pub fn consents(&self) -> impl Iterator<Item = (OwnerId, Consent)> + '_ {
        (0..)
            .zip(&self.owners)
            .filter(|(_, standing)| standing.consent != 0)
            .map(|(owner, standing)| (OwnerId(owner), self.consent(*standing).clone()))
    }

    /// The instants at which owners were asked, as changes.
    pub fn asked(&self) -> impl Iterator<Item = Change> + '_ {
        (0..).zip(&self.owners).flat_map(|(owner, standing)| {
            let history = self.history(*standing).iter();
            history.map(move |&Ask { at, .. }| Change::RecordAsked {
                owner: OwnerId(owner),
                agency: None,
                at,
            })
        })
    }

    /// An owner's consent.
    pub fn consent(&self, standing: Standing) -> &Consent {
        &self.distinct[usize::from(standing.consent)]
    }

    /// When an owner was asked.
    pub fn history(&self, standing: Standing) -> &[Ask] {
        &self.histories[usize::from(standing.history)]
    }

    /// The home of a random person, each equally likely.
    pub fn somewhere(&self, rng: &mut Rng) -> (f64, f64) {
        let position = self.cameras[rng.usize(..self.cameras.len())].position;
        (position.lon(), position.lat())
    }

    /// A place without a home within some kilometres.
    pub fn nowhere(&self, km: f64, rng: &mut Rng) -> (f64, f64) {
        loop {
            let (lon, lat) = in_box(rng);
            let near = |centre: &Centre| {
                let east = (centre.lon - lon) * centre.lat.to_radians().cos() * KM;
                let north = (centre.lat - lat) * KM;
                east.hypot(north) < centre.radius_km() + km
            };
            if !self.centres.iter().any(near) {
                return (lon, lat);
            }
        }
    }
}

/// A source of randomness for one purpose, independent of the others.
pub fn rng(seed: u64, purpose: &str) -> Rng {
    let salt = purpose.bytes().fold(0_u64, |salt, byte| salt.wrapping_mul(257) + u64::from(byte));
    Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt)
}

/// The place at a distance in a random direction.
pub fn offset(lon: f64, lat: f64, km: f64, rng: &mut Rng) -> (f64, f64) {
    let (sin, cos) = (rng.f64() * TAU).sin_cos();
    (lon + km * sin / (KM * lat.to_radians().cos()), lat + km * cos / KM)
}

fn in_box(rng: &mut Rng) -> (f64, f64) {
    let (west, south, east, north) = BOX;
    (west + (east - west) * rng.f64(), south + (north - south) * rng.f64())
}

fn draw_centres(cameras: usize, rng: &mut Rng) -> Vec<Centre> {
    let mut left = cameras;
    std::iter::from_fn(|| {
        let (lon, lat) = in_box(rng);
        let size = (1_000.0 / (rng.f64() + 0.01)) as usize;
        let cameras = size.min(left);
        left -= cameras;
        (cameras > 0).then_some(Centre { lon, lat, cameras })
    })
    .collect()
}

fn read_centres(cameras: usize, file: &Path) -> Result<Vec<Centre>, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(file)?;
    let mut lines = text.lines();
    if lines.next() != Some("id,lon,lat,population") {
        return Err("the columns of the population are not `id,lon,lat,population`".into());
    }
    let mut people = Vec::new();
    for line in lines {
        let mut fields = line.split(',').skip(1).map(str::parse::<f64>);
        let (Some(Ok(lon)), Some(Ok(lat)), Some(Ok(number))) =
            (fields.next(), fields.next(), fields.next())
        else {
            return Err(format!("`{line}` is no centre").into());
        };
        people.push((lon, lat, number));
    }
    let all: f64 = people.iter().map(|&(_, _, number)| number).sum();
    let (mut before, mut given) = (0.0, 0);
    let centres = people.into_iter().map(|(lon, lat, number)| {
        before += number;
        let due = (cameras as f64 * before / all).round() as usize;
        let cameras = due - given;
        given = due;
        Centre { lon, lat, cameras }
    });
    Ok(centres.filter(|centre| centre.cameras > 0).collect())
}

fn kept_days(rng: &mut Rng) -> u16 {
    let mut draw = rng.u8(..100);
    for (days, percent) in KEPT_DAYS {
        match draw.checked_sub(percent) {
            Some(rest) => draw = rest,
            None => return days,
        }
    }
    0
}

fn recording(kept_days: u16, rng: &mut Rng) -> Recording {
    let before = |hours: i64| now() - SignedDuration::from_hours(hours);
    let (since, until) = match rng.u8(..100) {
        0..10 => (before(rng.i64(1..60 * 24)), None),
        10..12 => (before(24 * 1_000), Some(before(rng.i64(0..60 * 24)))),
        _ => return Recording::kept_for_days(kept_days),
    };
    Recording::between(since, until, kept_days).expect("a span of this century")
}

/// The special part of a consent beside its scope.
#[derive(Clone, Copy)]
enum Variant {
    Plain,
    Paused,
    Expired,
    Expiring,
}

fn distinct_consents(rng: &mut Rng) -> Vec<Consent> {
    let mut distinct = vec![Consent::default()];
    for scope in 0..SCOPES {
        let mut consent = Consent::granted();
        if scope > 0 && rng.f64() < 0.6 {
            consent = consent.with_agencies(scope_of(rng, 5, |rng| AgencyId(rng.u64(..AGENCIES))));
        }
        if scope > 0 && rng.f64() < 0.6 {
            let kinds = IncidentKind::ALL;
            consent =
                consent.with_incidents(scope_of(rng, 4, |rng| kinds[rng.usize(..kinds.len())]));
        }
        // In the order of `Variant`.
        distinct.extend([
            consent.clone(),
            consent.clone().with_paused_until(now() + days(rng.i64(1..60))),
            consent.clone().with_expiry(now() - days(rng.i64(1..60))),
            consent.with_expiry(now() + days(rng.i64(1..360))),
        ]);
    }
    distinct
}

/// Three in four exclude a few, the others name the few.
fn scope_of<T: Ord>(rng: &mut Rng, most: usize, mut member: impl FnMut(&mut Rng) -> T) -> Scope<T> {
    let number = rng.usize(1..=most);
    let only = rng.u8(..4) == 0;
    let members: Vec<T> = (0..number).map(|_| member(rng)).collect();
    if only { Scope::only(members) } else { Scope::all_but(members) }
}

fn distinct_histories(rng: &mut Rng) -> Vec<Vec<Ask>> {
    let asked = |rng: &mut Rng| now() - SignedDuration::from_hours(rng.i64(1..14 * 24));
    let drawn = (0..HISTORIES)
        .map(|_| (0..rng.usize(1..=4)).map(|_| Ask { agency: None, at: asked(rng) }).collect());
    std::iter::once(Vec::new()).chain(drawn.collect::<Vec<_>>()).collect()
}
