//! The operator's desk in a quarter under the default policy: it opens requests, asks owners and gives outcomes, as a
//! service does.

use std::collections::BTreeMap;

use canvass::jiff::{SignedDuration, Timestamp};
use canvass::outcome::{Answer, OutcomeBudget, OutcomeSeed, Outcomes, ReleaseMode};
use canvass::{
    Agency, AgencyId, AgencyKind, Area, AuthorizedRequest, Change, IncidentKind, OpenRequests,
    OwnerId, Policy, Registry, Request, RequestId, TimeWindow, Zone,
};

use super::disclosures::{Fallible, seed, street};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asking {
    /// The request is withdrawn as soon as it is open.
    Nobody,
    /// All who are due are asked before.
    Everybody,
}

/// The result of a request that was opened and has ended.
pub(crate) struct Sent {
    /// The owners who were asked, in the order of asking.
    pub(crate) asked: Vec<OwnerId>,
    /// Those of them whom the outcome counts.
    pub(crate) counted: usize,
    /// The starts of the bands of those who shared and of the others.
    pub(crate) shared: u64,
    pub(crate) not_shared: u64,
}

impl Sent {
    /// How many of the two bands are not the lowest.
    pub(crate) fn raised(&self) -> u32 {
        u32::from(self.shared > 0) + u32::from(self.not_shared > 0)
    }
}

/// A request that stands.
pub(crate) struct Standing {
    by: AgencyId,
    id: RequestId,
    pub(crate) authorized: AuthorizedRequest,
    asked: Vec<OwnerId>,
}

/// The operator of a quarter under the default policy. One household in three shares if it is asked.
pub(crate) struct Desk {
    pub(crate) registry: Registry,
    pub(crate) open: OpenRequests,
    pub(crate) policy: Policy,
    outcomes: BTreeMap<AgencyId, Outcomes>,
    budget: OutcomeBudget,
    seed: OutcomeSeed,
    next: RequestId,
}

impl Desk {
    /// A street of so many households, and one of the operator's seeds.
    pub(crate) fn new(households: u64, number: u32) -> Fallible<Self> {
        Ok(Self {
            registry: street(households)?,
            open: OpenRequests::new(0),
            policy: Policy::in_zone(Zone::UTC),
            outcomes: BTreeMap::new(),
            budget: OutcomeBudget::default(),
            seed: OutcomeSeed::new(seed(7, number)),
            next: RequestId(0),
        })
    }

    /// A request about the quarter, shifted by some degrees: opened, asked and withdrawn. `None` if refused.
    pub(crate) fn send(
        &mut self,
        by: AgencyId,
        shift: f64,
        asking: Asking,
        now: Timestamp,
    ) -> Fallible<Option<Sent>> {
        let Some(mut standing) = self.open(by, quarter(shift)?, 1, now)? else { return Ok(None) };
        if asking == Asking::Everybody {
            self.ask(&mut standing, now)?;
        }
        self.end(standing, now).map(Some)
    }

    /// Opens a request about some hours, so many days ago. `None` if refused.
    pub(crate) fn open(
        &mut self,
        by: AgencyId,
        area: Area,
        days_ago: i64,
        now: Timestamp,
    ) -> Fallible<Option<Standing>> {
        let id = self.next;
        self.next = RequestId(id.0 + 1);
        let hours = |ago| now - SignedDuration::from_hours(ago);
        let window = TimeWindow::new(hours(24 * days_ago - 4), hours(24 * days_ago - 6))?;
        let agency = Agency::new(by, "Springfield Police", AgencyKind::Local)
            .with_jurisdiction(Area::from_bounds(9.0, 49.0, 11.0, 51.0)?);
        // Each has a case of its own, since inventing one costs nothing.
        let request = Request::new(by, IncidentKind::Burglary, area, window)
            .with_case(format!("26-{}", id.0))
            .with_contact("Det. Nosy");
        let reviewed = self.policy.review(&request, &agency, &self.open.case_file(by), now);
        let Ok(authorized) = reviewed else { return Ok(None) };
        let outcomes = self.outcomes.entry(by).or_insert_with(|| Outcomes::new(by));
        self.open.open(id, &authorized, now)?;
        outcomes.open(id, &authorized, ReleaseMode::Alone)?;
        Ok(Some(Standing { by, id, authorized, asked: Vec::new() }))
    }

    /// Asks all who are due; one in three of them shares.
    pub(crate) fn ask(&mut self, standing: &mut Standing, now: Timestamp) -> Fallible<()> {
        let &mut Standing { by, id, ref authorized, ref mut asked } = standing;
        let outcomes = self.outcomes.entry(by).or_insert_with(|| Outcomes::new(by));
        let snapshot = self.registry.snapshot();
        self.open.decide(id, authorized, &snapshot, now)?;
        let due = self.open.due(id, authorized, &snapshot, now)?;
        let (to_send, _) = self.open.record_asked(id, &due, now)?;
        let new: Vec<OwnerId> = to_send.recipients().map(|to| to.owner).collect();
        let of = |&owner: &OwnerId| Change::RecordAsked { owner, agency: Some(by), at: now };
        self.registry.apply(new.iter().map(of).collect::<Vec<_>>())?;
        outcomes.ask(id, new.iter().copied())?;
        for &owner in new.iter().filter(|owner| owner.0 % 3 == 0) {
            outcomes.answer(id, owner, Answer::Shared)?;
            self.open.record_shared(id, [owner], now)?;
        }
        asked.extend(new);
        Ok(())
    }

    /// Extends a request by so many days from now.
    pub(crate) fn extend(&mut self, of: &Standing, days: i64, now: Timestamp) -> Fallible<()> {
        self.open.extend(of.id, now + self::days(days), now)?;
        Ok(())
    }

    /// Withdraws a request and gives its outcome.
    pub(crate) fn end(&mut self, standing: Standing, now: Timestamp) -> Fallible<Sent> {
        let Standing { by, id, asked, .. } = standing;
        self.open.withdraw(id, now)?;
        let outcomes = self.outcomes.entry(by).or_insert_with(|| Outcomes::new(by));
        outcomes.close(id, &self.open.case_file(by), &self.seed, &mut self.budget, now)?;
        let counted = self.budget.take_changed().count();
        let outcome = outcomes.release(id)?;
        let (shared, not_shared) = (outcome.shared().at_least(), outcome.not_shared().at_least());
        Ok(Sent { asked, counted, shared, not_shared })
    }
}

/// The area of the street, shifted eastward by some degrees.
pub(crate) fn quarter(shift: f64) -> Fallible<Area> {
    Ok(Area::from_bounds(9.998 + shift, 49.997, 10.006 + shift, 50.003)?)
}

pub(crate) fn days(number: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * number)
}
