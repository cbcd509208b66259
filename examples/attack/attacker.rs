//! An agency that wants to know who has a camera, and sees nothing but refusals and, after close, a
//! band of how many households answered. It tells a household from the rest by two areas that
//! differ by a strip, when one falls in another band than the other.

use canvass::{
    Agency, AgencyId, AgencyKind, Area, AreaError, Camera, CaseFile, IncidentKind, OwnerId, Policy,
    PositionError, Request, RequestId, Snapshot, TimeWindow,
};
use jiff::Timestamp;

use super::town::{SIZE, Spot, Town};

/// From how many answers a band starts; below the first nothing came back at all.
pub(crate) const BANDS: [usize; 4] = [1, 11, 21, 51];
/// How high a site is, how far it reaches into town, and how far into the fields (metres).
const SITE: (f64, f64, f64) = (108.0, 1_000.0, 620.0);
/// How far the pads of a site are apart; each is as large as the part in the fields.
const PAD_PITCH: f64 = 640.0;
/// How narrow a strip the attacker searches for, and how far a step down is.
const NARROW: f64 = 0.25;
const STEP: f64 = 1.0;

/// What stands in the attacker's way.
pub(crate) struct World {
    pub(crate) name: &'static str,
    pub(crate) policy: Policy,
    pub(crate) memory: Memory,
}

/// Whether a review knows what the agency has asked before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    None,
    CaseFile,
}

/// How the attacker goes about it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Search {
    /// Halving between two areas of different bands.
    Halve,
    /// From an area that should be just above a band's edge, down in small steps.
    StepDown,
}

/// Whether each request has some empty land of its own beside, so that no two are too close.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Padding {
    None,
    EmptyLand,
}

/// What an attack came to.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) sent: usize,
    pub(crate) refused: usize,
    pub(crate) claims: usize,
    /// The strips that hold exactly one household with a camera, as was claimed.
    pub(crate) isolated: Vec<Strip>,
    /// How many strips of the same sizes would, anywhere in their sites.
    pub(crate) by_chance: f64,
    pub(crate) probed: Vec<Strip>,
}

/// A rectangle in metres.
#[derive(Clone, Copy)]
pub(crate) struct Strip {
    pub(crate) low: Spot,
    pub(crate) high: Spot,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum AttackError {
    #[error(transparent)]
    Position(#[from] PositionError),
    #[error(transparent)]
    Area(#[from] AreaError),
    #[error(transparent)]
    CaseFile(#[from] canvass::CaseFileError),
}

impl Strip {
    fn ring(self) -> Result<String, PositionError> {
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

    /// How many households have a camera there.
    fn households(self, cameras: &[Camera]) -> usize {
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
struct Site {
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
    fn all() -> impl Iterator<Item = Self> {
        let souths = (0_u32..).map(|row| f64::from(row) * (SITE.0 + 4.0));
        souths
            .take_while(|south| south + SITE.0 < SIZE.1)
            .flat_map(|south| [Side::West, Side::East].map(|side| Self { south, side }))
    }

    /// What is between two depths, in metres from the edge of the town.
    fn strip(self, from: f64, to: f64) -> Strip {
        let (low, high) = match self.side {
            Side::West => (from, to),
            Side::East => (SIZE.0 - to, SIZE.0 - from),
        };
        let north = self.south + SITE.0;
        Strip { low: Spot { x: low, y: self.south }, high: Spot { x: high, y: north } }
    }
}

/// The attack of one agency on all sites of a town.
pub(crate) struct Attack<'a> {
    pub(crate) town: &'a Town,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) world: &'a World,
    pub(crate) search: Search,
    pub(crate) padding: Padding,
    pub(crate) window: TimeWindow,
    pub(crate) now: Timestamp,
}

impl Attack<'_> {
    pub(crate) fn run(&self) -> Result<Tally, AttackError> {
        let mut tally = Tally::default();
        let mut file = CaseFile::new(AgencyId(1));
        for (number, site) in Site::all().enumerate() {
            match self.search {
                Search::Halve => {
                    for edge in 1..=BANDS.len() {
                        self.halve(site, edge, &mut file, &mut tally)?;
                    }
                }
                Search::StepDown => {
                    let edge = 1 + number / 2 % BANDS.len();
                    self.step_down(site, edge, &mut file, &mut tally)?;
                }
            }
        }
        Ok(tally)
    }

    fn halve(
        &self,
        site: Site,
        edge: usize,
        file: &mut CaseFile,
        tally: &mut Tally,
    ) -> Result<(), AttackError> {
        let (mut below, mut above) = (0.0, SITE.1);
        if self.ask(site, above, file, tally)?.is_none_or(|band| band < edge) {
            return Ok(());
        }
        while above - below > NARROW {
            let middle = f64::midpoint(below, above);
            match self.ask(site, middle, file, tally)? {
                Some(band) if band >= edge => above = middle,
                Some(_) => below = middle,
                None => break,
            }
        }
        self.claim(site, below, above, tally);
        Ok(())
    }

    fn step_down(
        &self,
        site: Site,
        edge: usize,
        file: &mut CaseFile,
        tally: &mut Tally,
    ) -> Result<(), AttackError> {
        let mut above = self.guess(site, edge);
        if self.ask(site, above, file, tally)?.is_none_or(|band| band < edge) {
            return Ok(());
        }
        for _ in 0..60 {
            match self.ask(site, above - STEP, file, tally)? {
                Some(band) if band >= edge => above -= STEP,
                Some(_) => {
                    self.claim(site, above - STEP, above, tally);
                    break;
                }
                None => break,
            }
        }
        Ok(())
    }

    /// How deep an area should be a little above a band's edge. The houses are on any map; that
    /// two in three have a camera and five in twelve answer is known from elsewhere.
    fn guess(&self, site: Site, edge: usize) -> f64 {
        let needed = match edge {
            1 => 11.0 * 3.0 / 2.0,
            _ => BANDS.get(edge - 1).map_or(0.0, |&least| least as f64) * 12.0 / 5.0,
        } + 3.0;
        let mut depths: Vec<f64> = self
            .town
            .houses
            .iter()
            .filter(|house| (site.south..site.south + SITE.0).contains(&house.spot.y))
            .map(|house| match site.side {
                Side::West => house.spot.x,
                Side::East => SIZE.0 - house.spot.x,
            })
            .collect();
        depths.sort_by(f64::total_cmp);
        depths
            .into_iter()
            .enumerate()
            .find(|&(before, _)| before as f64 >= needed)
            .map_or(SITE.1, |(_, depth)| depth.min(SITE.1))
    }

    /// Sends a request; gives the band that comes back, or nothing if it is refused.
    fn ask(
        &self,
        site: Site,
        depth: f64,
        file: &mut CaseFile,
        tally: &mut Tally,
    ) -> Result<Option<usize>, AttackError> {
        let mut parts = site.strip(-SITE.2, depth).ring()?;
        if self.padding == Padding::EmptyLand {
            // No site takes as many requests as there are pads.
            let from = -2.0 * SITE.2 - PAD_PITCH * (tally.sent % 64) as f64;
            let pad = site.strip(from - SITE.2, from);
            parts = format!("{parts},{}", pad.ring()?);
        }
        let area = Area::from_wkt(&format!("MULTIPOLYGON({parts})"))?;
        let agency = Agency {
            id: AgencyId(1),
            name: "Millbrook Police".to_owned(),
            kind: AgencyKind::Local,
            jurisdiction: Some(Area::from_bounds(-86.0, 40.0, -84.0, 42.0)?),
        };
        let id = RequestId(tally.sent as u64);
        // A case each: inventing one costs nothing.
        let request = Request::new(agency.id, IncidentKind::Burglary, area, self.window)
            .case(format!("26-{}", id.0))
            .contact("Det. Nosy");
        tally.sent += 1;
        tally.probed.push(site.strip(-SITE.2, depth));
        let no_file = CaseFile::new(agency.id);
        let known = if self.world.memory == Memory::None { &no_file } else { &*file };
        let Ok(authorized) = self.world.policy.review(&request, &agency, known, self.now) else {
            tally.refused += 1;
            return Ok(None);
        };
        file.open(id, &authorized, self.now).or_else(|error| match self.world.memory {
            Memory::None => Ok(()),
            Memory::CaseFile => Err(error),
        })?;
        // Whoever is asked answers.
        let answers = self.snapshot.route(&authorized, self.now).owners();
        Ok(Some(BANDS.iter().filter(|&&least| answers >= least).count()))
    }

    /// Claims that a household with a camera is in a strip, and keeps count of what is true.
    fn claim(&self, site: Site, from: f64, to: f64, tally: &mut Tally) {
        let strip = site.strip(from, to);
        let alone = |strip: Strip| strip.households(&self.town.cameras) == 1;
        tally.claims += 1;
        if alone(strip) {
            tally.isolated.push(strip);
        }
        let tries = 100_u32;
        let last = (SITE.1 - (to - from)).max(0.0);
        let lucky = (0..tries)
            .map(|n| last * f64::from(n) / f64::from(tries))
            .filter(|&start| alone(site.strip(start, start + (to - from))));
        tally.by_chance += lucky.count() as f64 / f64::from(tries);
    }
}

/// From nothing in the way to everything.
pub(crate) fn worlds() -> [World; 5] {
    let policy = Policy::default();
    let no_geometry = Policy { min_difference_m2: 0.0, max_overlaps: u32::MAX, ..policy.clone() };
    let no_guard = Policy { min_households: 0, ..policy.clone() };
    let none = Policy { max_overlaps: 0, ..policy.clone() };
    let world = |name, policy, memory| World { name, policy, memory };
    [
        world("no memory", policy.clone(), Memory::None),
        world("refusal alone", no_guard, Memory::CaseFile),
        world("guard alone", no_geometry, Memory::CaseFile),
        world("both", policy, Memory::CaseFile),
        world("no overlap at all", none, Memory::CaseFile),
    ]
}
