//! An agency that wants to know who has a camera. It gets the answers that any agency gets:
//! refusals and, after close, the outcome of a request in bands. It distinguishes a household from
//! the rest by two areas that differ by a strip and get different bands.
//!
//! It also gets receipts and bulletins, and everybody gets the coverage. The first two depend on a
//! request alone, and the third is the same during a whole attack, so none of them distinguishes
//! two areas.

mod site;
mod world;

use canvass::error::{AreaError, PositionError};
use canvass::jiff::Timestamp;
use canvass::outcome::{Answer, OutcomeBudget, OutcomeError, OutcomeSeed, Outcomes, ReleaseMode};
use canvass::{
    Agency, AgencyId, AgencyKind, Area, CaseFile, IncidentKind, Request, RequestId, Snapshot,
    TimeWindow,
};

use super::town::Town;
use site::{ACCOMPLICES, PADS, SITE, Site};
pub(crate) use site::{Padding, Strip, accomplices};
#[allow(unused_imports, reason = "each program that plays attacks uses some of these")]
pub(crate) use world::{Told, World, worlds};

/// The starts of bands, as far as a site needs them.
pub(crate) const EDGES: [u64; 3] = [11, 21, 51];
/// The narrowest strip that the attacker searches for, and the length of a step down.
const NARROW: f64 = 0.25;
const STEP: f64 = 1.0;
pub(crate) const STEPS: usize = 60;
/// How outcomes are attacked.
pub(crate) const WAYS: [(Search, Padding); 8] = [
    (Search::Halve, Padding::None),
    (Search::Halve, Padding::EmptyLand),
    (Search::Halve, Padding::Accomplices),
    (Search::StepDown, Padding::None),
    (Search::StepDown, Padding::EmptyLand),
    (Search::StepDown, Padding::Chain),
    (Search::StepUp, Padding::EmptyLand),
    (Search::StepUp, Padding::Accomplices),
];

/// The attacker's method.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Search {
    /// Halving between two areas of different bands.
    Halve,
    /// From an area expected just above a band's start, down in small steps.
    StepDown,
    /// From an area expected just below a band's start, up in small steps.
    StepUp,
    /// One request for each site, about the first house of the map, with accomplices in the pad:
    /// no two of them overlap.
    OneHouse,
}

/// The result of an attack.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) sent: usize,
    pub(crate) refused: usize,
    /// The number of requests with another band than the first one of their site.
    pub(crate) told_apart: usize,
    pub(crate) claims: usize,
    /// The claimed strips that hold exactly one household with a camera.
    pub(crate) isolated: Vec<Strip>,
    /// The number of strips of the same sizes that would by chance, anywhere in their sites.
    pub(crate) by_chance: f64,
    pub(crate) probed: Vec<Strip>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum AttackError {
    #[error(transparent)]
    Position(#[from] PositionError),
    #[error(transparent)]
    Area(#[from] AreaError),
    #[error(transparent)]
    CaseFile(#[from] canvass::error::CaseFileError),
    #[error(transparent)]
    Outcome(#[from] OutcomeError),
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
    /// Only each n-th site is attacked.
    pub(crate) each: usize,
    /// The number of steps down or up.
    pub(crate) steps: usize,
    /// Which of the operator's seeds, which the attacker does not know.
    pub(crate) seed: u8,
}

/// The operator's state about the agency, and the attacker's about the site.
struct Desk {
    file: CaseFile,
    outcomes: Outcomes,
    budget: OutcomeBudget,
    tally: Tally,
    first_level: Option<usize>,
}

impl Attack<'_> {
    pub(crate) fn run(&self) -> Result<Tally, AttackError> {
        let agency = AgencyId(1);
        let (file, outcomes) = (CaseFile::new(agency), Outcomes::new(agency));
        let (budget, tally) = (OutcomeBudget::default(), Tally::default());
        let mut desk = Desk { file, outcomes, budget, tally, first_level: None };
        for (number, site) in Site::all().enumerate().step_by(self.each) {
            desk.first_level = None;
            let edge = 1 + number / 2 % EDGES.len();
            match self.search {
                Search::Halve => {
                    for edge in 1..=EDGES.len() {
                        self.halve(site, edge, &mut desk)?;
                    }
                }
                Search::StepDown => self.step_down(site, edge, &mut desk)?,
                Search::StepUp => self.step_up(site, edge, &mut desk)?,
                Search::OneHouse => self.one_house(site, &mut desk)?,
            }
        }
        Ok(desk.tally)
    }

    /// Claims only from observations: an area above the start of a band, and one below.
    fn halve(&self, site: Site, edge: usize, desk: &mut Desk) -> Result<(), AttackError> {
        let (mut below, mut above) = (0.0, SITE.1);
        if self.ask(site, above, desk)?.is_none_or(|level| level < edge)
            || self.ask(site, below, desk)?.is_none_or(|level| level >= edge)
        {
            return Ok(());
        }
        while above - below > NARROW {
            let middle = f64::midpoint(below, above);
            match self.ask(site, middle, desk)? {
                Some(level) if level >= edge => above = middle,
                Some(_) => below = middle,
                None => return Ok(()),
            }
        }
        self.claim(site, below, above, &mut desk.tally);
        Ok(())
    }

    fn step_down(&self, site: Site, edge: usize, desk: &mut Desk) -> Result<(), AttackError> {
        let mut above = self.guess(site, edge, 3.0);
        if self.ask(site, above, desk)?.is_none_or(|level| level < edge) {
            return Ok(());
        }
        for _ in 0..self.steps {
            match self.ask(site, above - STEP, desk)? {
                Some(level) if level >= edge => above -= STEP,
                Some(_) => {
                    self.claim(site, above - STEP, above, &mut desk.tally);
                    break;
                }
                None => break,
            }
        }
        Ok(())
    }

    fn step_up(&self, site: Site, edge: usize, desk: &mut Desk) -> Result<(), AttackError> {
        let mut below = self.guess(site, edge, -5.0);
        if self.ask(site, below, desk)?.is_none_or(|level| level >= edge) {
            return Ok(());
        }
        for _ in 0..self.steps {
            match self.ask(site, below + STEP, desk)? {
                Some(level) if level < edge => below += STEP,
                Some(_) => {
                    self.claim(site, below, below + STEP, &mut desk.tally);
                    break;
                }
                None => break,
            }
        }
        Ok(())
    }

    fn one_house(&self, site: Site, desk: &mut Desk) -> Result<(), AttackError> {
        // Past the first house, whose camera may stand some metres from its middle, and before the second.
        let &[first, second, ..] = site.depths(self.town).as_slice() else { return Ok(()) };
        let depth = f64::midpoint(first, second);
        if second - first > 2.0 && self.ask(site, depth, desk)?.is_some_and(|level| level > 0) {
            self.claim(site, 0.0, depth, &mut desk.tally);
        }
        Ok(())
    }

    /// The depth at which an area should have some more houses than a band's start needs. The
    /// houses are on any map; the attacker knows from elsewhere that five in twelve answer.
    fn guess(&self, site: Site, edge: usize, more: f64) -> f64 {
        let own = if self.padding == Padding::Accomplices { ACCOMPLICES } else { 0 };
        let answers = EDGES.get(edge - 1).map_or(0, |&least| least.saturating_sub(own));
        let needed = (answers as f64 * 12.0 / 5.0 + more).max(0.0);
        let mut depths = site.depths(self.town).into_iter().enumerate();
        depths
            .find(|&(before, _)| before as f64 >= needed)
            .map_or(SITE.1, |(_, depth)| depth.min(SITE.1))
    }

    /// Sends a request; returns the number of starts that its band is above, or nothing if it is
    /// refused.
    fn ask(&self, site: Site, depth: f64, desk: &mut Desk) -> Result<Option<usize>, AttackError> {
        let number = desk.tally.sent;
        let mut parts = site.strip(-SITE.2, depth).ring()?;
        if let Some(pad) = self.padding.pad(site, number % PADS) {
            parts = format!("{parts},{}", pad.ring()?);
        }
        let area = Area::from_wkt(&format!("MULTIPOLYGON({parts})"))?;
        let agency = Agency::new(AgencyId(1), "Millbrook Police", AgencyKind::Local)
            .with_jurisdiction(Area::from_bounds(-86.0, 40.0, -84.0, 42.0)?);
        let id = RequestId(number as u64);
        // Each request has a case of its own, since inventing one costs nothing.
        let request = Request::new(agency.id, IncidentKind::Burglary, area, self.window)
            .with_case(format!("26-{number}"))
            .with_contact("Det. Nosy");
        desk.tally.sent += 1;
        desk.tally.probed.push(site.strip(-SITE.2, depth));
        let Ok(authorized) = self.world.policy.review(&request, &agency, &desk.file, self.now)
        else {
            desk.tally.refused += 1;
            return Ok(None);
        };
        desk.file.open(id, &authorized, self.now)?;
        desk.outcomes.open(id, &authorized, ReleaseMode::Alone)?;
        // Every owner who is asked shares.
        let route = self.snapshot.route(authorized.assume_open(), self.now);
        for recipient in route.recipients() {
            desk.outcomes.ask(id, [recipient.owner])?;
            desk.outcomes.answer(id, recipient.owner, Answer::Shared)?;
        }
        desk.file.resolve(id, self.now)?;
        let seed = OutcomeSeed::new([self.seed; 32]);
        desk.outcomes.close(id, &desk.file, &seed, &mut desk.budget, self.now)?;
        let bands = |shared: u64| EDGES.iter().filter(|&&edge| shared >= edge).count();
        let level = match self.world.told {
            Told::Exact => bands(route.owners() as u64),
            Told::Outcome => bands(desk.outcomes.release(id)?.shared().at_least()),
            Told::WhetherAsked => usize::from(!route.is_empty()),
        };
        desk.tally.told_apart += usize::from(*desk.first_level.get_or_insert(level) != level);
        Ok(Some(level))
    }

    /// Claims that a household with a camera is in a strip, and counts the true claims.
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
