//! The year itself: each request is reviewed, routed, answered and told, in the order of time.

use std::collections::HashMap;
use std::error::Error;
use std::time::Instant;

use canvass::jiff::{SignedDuration, Timestamp};
use canvass::outcome::{Answer, Outcomes, ReleaseMode};
use canvass::{
    Agency, AgencyId, AgencyKind, Area, AuthorizedRequest, CaseFile, Change, IncidentKind,
    OpenedRequest, OwnerId, Policy, Registry, Request, RequestId, Route, Scratch, Snapshot,
    Violation,
};
use fastrand::Rng;

use crate::arguments::Arguments;
use crate::city::City;
use crate::design::{Budget, Design, Lattice};
use crate::incidents::{Incident, Square, draw};
use crate::progress::Progress;
use crate::quarter::Quarter;

/// The share of those asked who send footage.
const SHARES: f64 = 0.35;

pub(crate) struct Year<'a> {
    arguments: &'a Arguments,
    city: &'a City,
    agency: Agency,
    /// The policy, and one that asks whoever may be asked by consent and footage alone.
    policy: Policy,
    free: Policy,
    registry: Registry,
    file: CaseFile,
    outcomes: Outcomes,
    opened: HashMap<RequestId, (Area, Square)>,
    budget: Budget,
    lattice: Lattice,
    homes: Vec<(OwnerId, (f64, f64))>,
    scratch: Scratch,
    rng: Rng,
}

impl<'a> Year<'a> {
    pub(crate) fn new(arguments: &'a Arguments, city: &'a City) -> Result<Self, Box<dyn Error>> {
        let id = AgencyId(1);
        let (name, kind) = ("Springfield Police".to_owned(), AgencyKind::Local);
        let mut policy = arguments.policy.clone();
        policy.jurisdiction = canvass::policy::Jurisdiction::Anywhere;
        policy.quiet_hours = None;
        if matches!(arguments.design, Design::Budget(_) | Design::Lattice | Design::Grid(_)) {
            policy.min_difference_m2 = 0.0;
            policy.max_overlaps = u32::MAX;
        }
        let mut homes = HashMap::new();
        for camera in &city.cameras {
            homes.entry(camera.owner).or_insert_with(|| city.metres(camera.position));
        }
        let mut homes: Vec<_> = homes.into_iter().collect();
        homes.sort_unstable_by_key(|home| home.0);
        Ok(Self {
            arguments,
            city,
            agency: Agency { id, name, kind, jurisdiction: None },
            policy,
            free: Policy::unlimited(),
            registry: Registry::bulk_load(&city.cameras, city.consents.clone())?,
            file: CaseFile::new(id),
            outcomes: Outcomes::new(id),
            opened: HashMap::new(),
            budget: Budget::default(),
            lattice: Lattice::of(&homes.iter().map(|home| home.1).collect::<Vec<_>>()),
            homes,
            scratch: Scratch::new(),
            rng: Rng::with_seed(arguments.seed ^ 0xa9),
        })
    }

    pub(crate) fn run(mut self) -> Result<Vec<Quarter>, Box<dyn Error>> {
        let mut quarters: Vec<Quarter> =
            (1..=4).map(|number| Quarter { number, ..Quarter::default() }).collect();
        let incidents = draw(self.arguments, self.city)?;
        let first = incidents.first().map_or(Timestamp::UNIX_EPOCH, |incident| incident.asked_at);
        let total = incidents.len() as u64;
        let mut progress = Progress::new("a year", total, !self.arguments.json);
        let mut forgotten = first;
        for (number, incident) in (0..).zip(&incidents) {
            progress.advance_to(number);
            let day = incident.asked_at.duration_since(first).as_hours() / 24;
            if let Design::Horizon(days) = self.arguments.design
                && incident.asked_at - SignedDuration::from_hours(24 * 7) > forgotten
            {
                forgotten = incident.asked_at;
                self.forget(incident.asked_at - SignedDuration::from_hours(24 * days))?;
            }
            let quarter = usize::try_from(day * 4 / 366).unwrap_or(3).min(3);
            if let Some(quarter) = quarters.get_mut(quarter) {
                self.play(RequestId(number), incident, quarter)?;
            }
        }
        progress.finish();
        Ok(quarters)
    }

    fn play(
        &mut self,
        id: RequestId,
        incident: &Incident,
        quarter: &mut Quarter,
    ) -> Result<(), Box<dyn Error>> {
        quarter.requests += 1;
        let now = incident.asked_at;
        let Some((authorized, square)) = self.review(id, incident, quarter)? else { return Ok(()) };
        let snapshot = self.registry.snapshot();
        let empty = CaseFile::new(self.agency.id);
        let free = self.free.review(authorized.request(), &self.agency, &empty, now)?;
        let eligible = snapshot.route(&free, now);
        let households = snapshot.funnel(&free, now).households();
        let mut route = Route::empty(&authorized, now);
        let start = Instant::now();
        snapshot.route_into(&authorized, now, &mut self.scratch, &mut route);
        quarter.route_nanos.push(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
        let asked = self.asked(&snapshot, &route, square);
        let needed = authorized.min_households() as usize;
        if asked.is_empty() {
            match households {
                _ if eligible.is_empty() => quarter.nobody += 1,
                few if few < needed => quarter.too_few += 1,
                _ => quarter.guarded += 1,
            }
        }
        if matches!(self.arguments.design, Design::Library | Design::Horizon(_)) {
            self.file.open(id, &authorized, now)?;
            self.file.resolve(id, now)?;
        }
        let own = match self.arguments.design {
            Design::Horizon(_) => {
                self.file.iter().filter(|opened| opened.id() != id).all(|opened| {
                    self.opened.get(&opened.id()).is_none_or(|other| !other.1.meets(square))
                })
            }
            _ => self.tell(id, &authorized, &asked, now)?,
        };
        self.opened.insert(id, (authorized.request().area.clone(), square));
        if households >= needed {
            quarter.eligible += eligible.owners();
            quarter.asked += asked.len();
            quarter.answered += usize::from(eligible.owners() >= 11);
            quarter.own += usize::from(eligible.owners() >= 11 && own && !asked.is_empty());
        }
        let changes = asked.into_iter().map(|owner| Change::RecordAsked { owner, at: now });
        self.registry.apply(changes.collect::<Vec<_>>())?;
        Ok(())
    }

    /// What passes review: the area as drawn, or an earlier one of which it is too close.
    fn review(
        &self,
        id: RequestId,
        incident: &Incident,
        quarter: &mut Quarter,
    ) -> Result<Option<(AuthorizedRequest, Square)>, Box<dyn Error>> {
        let mut square = incident.square;
        let mut area = square.area(self.city)?;
        let empty = CaseFile::new(self.agency.id);
        let remembers = matches!(self.arguments.design, Design::Library | Design::Horizon(_));
        let file = if remembers { &self.file } else { &empty };
        for drawn in 0..3 {
            let request =
                Request::new(self.agency.id, IncidentKind::Burglary, area, incident.window)
                    .with_case(format!("26-{}", id.0))
                    .with_contact("Sgt. Ames");
            let violations =
                match self.policy.review(&request, &self.agency, file, incident.asked_at) {
                    Ok(authorized) => {
                        quarter.redrawn += usize::from(drawn > 0);
                        return Ok(Some((authorized, square)));
                    }
                    Err(violations) => violations,
                };
            let close = violations.iter().find_map(|violation| match violation {
                Violation::TooCloseToEarlier { id, .. } => self.opened.get(id),
                _ => None,
            });
            let Some(earlier) = close else { break };
            (area, square) = earlier.clone();
        }
        quarter.refused_for_good += 1;
        Ok(None)
    }

    /// Whom a design asks.
    fn asked(&self, _: &Snapshot, route: &Route, square: Square) -> Vec<OwnerId> {
        let owners = || route.recipients().map(|recipient| recipient.owner);
        let homes = |owner: OwnerId| {
            let found = self.homes.binary_search_by_key(&owner, |home| home.0);
            found.ok().and_then(|place| self.homes.get(place)).map_or((0.0, 0.0), |home| home.1)
        };
        let inside = |low: (f64, f64), side: f64| {
            low.0 >= square.middle.x - square.half
                && low.1 >= square.middle.y - square.half
                && low.0 + side <= square.middle.x + square.half
                && low.1 + side <= square.middle.y + square.half
        };
        match self.arguments.design {
            Design::Lattice => owners()
                .filter(|&owner| {
                    let (x, y) = homes(owner);
                    self.lattice.cells.iter().any(|&(west, south, side)| {
                        (west..west + side).contains(&x)
                            && (south..south + side).contains(&y)
                            && inside((west, south), side)
                    })
                })
                .collect(),
            Design::Grid(side) => {
                let count = self.homes.iter().filter(|(_, (x, y))| {
                    inside(((x / side).floor() * side, (y / side).floor() * side), side)
                });
                if count.take(11).count() < 11 { Vec::new() } else { owners().collect() }
            }
            _ => owners().collect(),
        }
    }

    /// Whether a request is told an outcome of its own: of at least four in five of those asked.
    fn tell(
        &mut self,
        id: RequestId,
        authorized: &AuthorizedRequest,
        asked: &[OwnerId],
        now: Timestamp,
    ) -> Result<bool, Box<dyn Error>> {
        if let Design::Budget(each) = self.arguments.design {
            let counted = asked.iter().filter(|&&owner| self.budget.count(owner, now, each));
            return Ok(5 * counted.count() >= 4 * asked.len());
        }
        if self.arguments.design != Design::Library {
            return Ok(true);
        }
        self.outcomes.open(id, authorized, ReleaseMode::Alone)?;
        self.outcomes.ask(id, asked.iter().copied())?;
        for &owner in asked {
            if self.rng.f64() < SHARES {
                self.outcomes.answer(id, owner, Answer::Shared)?;
            }
        }
        self.outcomes.close(id, &self.file, now)?;
        Ok(self.outcomes.release(id)?.requests() == [id])
    }

    /// Forgets what was opened before an instant.
    fn forget(&mut self, before: Timestamp) -> Result<(), Box<dyn Error>> {
        let kept: Vec<&OpenedRequest> =
            self.file.iter().filter(|opened| opened.opened_at() >= before).collect();
        let written = serde_json::json!({ "agency": self.agency.id, "opened": kept });
        self.file = serde_json::from_value(written)?;
        Ok(())
    }
}
