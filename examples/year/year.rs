//! The year itself: each request is reviewed, routed, answered and closed, in the order of time.

use std::collections::HashMap;
use std::error::Error;
use std::time::Instant;

use canvass::jiff::Timestamp;
use canvass::outcome::{Answer, OutcomeBudget, OutcomeSeed, Outcomes, ReleaseMode};
use canvass::{
    Agency, AgencyId, AgencyKind, Area, AuthorizedRequest, CaseFile, Change, IncidentKind, OwnerId,
    Policy, Registry, Request, RequestId, Route, Scratch, Violation,
};
use fastrand::Rng;

use crate::arguments::Arguments;
use crate::city::City;
use crate::incidents::{Incident, Square, draw};
use crate::progress::Progress;
use crate::quarter::Quarter;

/// The share of those asked who send footage.
const SHARES: f64 = 0.35;
/// The operator's seed of the noise in outcomes.
const SEED: OutcomeSeed = OutcomeSeed::new([42; 32]);

pub(crate) struct Year<'a> {
    arguments: &'a Arguments,
    city: &'a City,
    agency: Agency,
    /// The policy, and one under which consent and footage alone decide whom to ask.
    policy: Policy,
    free: Policy,
    registry: Registry,
    file: CaseFile,
    outcomes: Outcomes,
    opened: HashMap<RequestId, (Area, Square)>,
    budget: OutcomeBudget,
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
        Ok(Self {
            arguments,
            city,
            agency: Agency::new(id, name, kind),
            policy,
            free: Policy::without_limits_or_anonymity(),
            registry: Registry::bulk_load(&city.cameras, city.consents.clone())?,
            file: CaseFile::new(id),
            outcomes: Outcomes::new(id),
            opened: HashMap::new(),
            budget: OutcomeBudget::default(),
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
        for (number, incident) in (0..).zip(&incidents) {
            progress.advance_to(number);
            let day = incident.asked_at.duration_since(first).as_hours() / 24;
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
        let eligible = snapshot.route(free.assume_open(), now);
        let households = snapshot.funnel(&free, now).households();
        let mut route = Route::empty(&authorized, now);
        let start = Instant::now();
        snapshot.route_into(authorized.assume_open(), now, &mut self.scratch, &mut route);
        quarter.route_nanos.push(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
        let asked: Vec<OwnerId> = route.recipients().map(|recipient| recipient.owner).collect();
        let needed = authorized.min_households() as usize;
        if asked.is_empty() {
            match households {
                _ if eligible.is_empty() => quarter.nobody += 1,
                few if few < needed => quarter.too_few += 1,
                _ => quarter.guarded += 1,
            }
        }
        self.file.open(id, &authorized, now)?;
        self.file.resolve(id, now)?;
        let own = self.tell(id, &authorized, &asked, now)?;
        self.opened.insert(id, (authorized.request().area.clone(), square));
        if households >= needed {
            quarter.eligible += eligible.owners();
            quarter.asked += asked.len();
            quarter.answered += usize::from(eligible.owners() >= 11);
            quarter.own += usize::from(eligible.owners() >= 11 && own && !asked.is_empty());
        }
        let agency = Some(self.agency.id);
        let changes = asked.into_iter().map(|owner| Change::RecordAsked { owner, agency, at: now });
        self.registry.apply(changes.collect::<Vec<_>>())?;
        Ok(())
    }

    /// The request that passes review: the area as drawn, or an earlier area to which it is too
    /// close.
    fn review(
        &self,
        id: RequestId,
        incident: &Incident,
        quarter: &mut Quarter,
    ) -> Result<Option<(AuthorizedRequest, Square)>, Box<dyn Error>> {
        let mut square = incident.square;
        let mut area = square.area(self.city)?;
        let file = &self.file;
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

    /// Whether a request gets an outcome of its own: with at least four in five of those asked.
    fn tell(
        &mut self,
        id: RequestId,
        authorized: &AuthorizedRequest,
        asked: &[OwnerId],
        now: Timestamp,
    ) -> Result<bool, Box<dyn Error>> {
        self.outcomes.open(id, authorized, ReleaseMode::Alone)?;
        self.outcomes.ask(id, asked.iter().copied())?;
        for &owner in asked {
            if self.rng.f64() < SHARES {
                self.outcomes.answer(id, owner, Answer::Shared)?;
                self.file.record_shared(id, [owner], now)?;
            }
        }
        self.outcomes.close(id, &self.file, &SEED, &mut self.budget, now)?;
        let counted = self.budget.take_changed().count();
        let is_own = self.outcomes.release(id)?.requests() == [id];
        Ok(is_own && 5 * counted >= 4 * asked.len())
    }
}
