//! Attacks on the state that requests share: pools of outcomes (D4), owners' ask limits (D5), and budgets of
//! outcomes (E4).

use std::collections::BTreeMap;

use canvass::jiff::{SignedDuration, Timestamp};
use canvass::outcome::{Answer, OutcomeBudget, OutcomeSeed, Outcomes, ReleaseMode};
use canvass::{
    Agency, AgencyId, AgencyKind, Area, CaseFile, Change, IncidentKind, OpenRequests, OwnerId,
    Policy, Registry, Request, RequestId, Zone,
};

use super::disclosures::{Fallible, Guessed, authorized, coin, noon, seed, street};

/// The households of the quarter that is attacked.
const HOUSEHOLDS: u64 = 60;

/// The guesses that follow from shared state, each tried so often.
pub(crate) fn guesses(tries: u32) -> Fallible<Vec<Guessed>> {
    Ok(vec![
        padded_pools(tries)?,
        other_agencies("another agency asked this week (D5)", tries, 1)?,
        other_agencies("two other agencies asked this week", tries, 2)?,
    ])
}

/// D4. Did one household share? The same question alone, and in a pool that is padded with nine empty areas.
fn padded_pools(tries: u32) -> Fallible<Guessed> {
    let request = authorized(AgencyId(1))?;
    let told = |number: u32, shares: bool| {
        let (seed, mut budget) = (OutcomeSeed::new(seed(6, number)), OutcomeBudget::default());
        let (mut file, mut outcomes) = (CaseFile::new(AgencyId(1)), Outcomes::new(AgencyId(1)));
        for id in (0..=10).map(RequestId) {
            let is_asked = id.0 < 2;
            let release = if id.0 == 0 { ReleaseMode::Alone } else { ReleaseMode::Pooled };
            file.open(id, &request, noon()?)?;
            outcomes.open(id, &request, release)?;
            if is_asked {
                outcomes.ask(id, (0..11).map(OwnerId))?;
                for owner in (0..11).filter(|&owner| owner > 0 || shares) {
                    outcomes.answer(id, OwnerId(owner), Answer::Shared)?;
                }
            }
            file.resolve(id, noon()?)?;
            outcomes.close(id, &file, &seed, &mut budget, noon()?)?;
        }
        let pool = outcomes.pool(0)?.shared().at_least() > 0;
        let alone = outcomes.release(RequestId(0))?.shared().at_least() > 0;
        Fallible::Ok(u32::from(pool) + u32::from(alone))
    };
    let mut right = 0;
    for number in 0..tries {
        let shares = coin(number.wrapping_mul(13).wrapping_add(7));
        // 10 others share: with the household there are as many as a band begins with.
        let guess = match told(number, shares)? {
            0 => false,
            1 => coin(number),
            _ => true,
        };
        right += u32::from(guess == shares);
    }
    let odds = (2.0 * OutcomeBudget::EPSILON).exp();
    Ok(Guessed {
        name: "alone and in a pool, nine areas empty (D4)",
        right,
        of: tries,
        chance: 0.5,
        bound: odds / (1.0 + odds),
    })
}

/// D5. Did so many other agencies ask the same households this week? By the outcome of a request of one's own.
fn other_agencies(name: &'static str, tries: u32, others: u64) -> Fallible<Guessed> {
    let mut right = 0;
    for number in 0..tries {
        let have_asked = coin(number.wrapping_mul(17).wrapping_add(11));
        let mut desk = Desk::new(number)?;
        for other in 0..others * u64::from(have_asked) {
            desk.send(AgencyId(2 + other), 0.0, Asking::Everybody, noon()?)?;
        }
        let own = desk.send(AgencyId(1), 0.0, Asking::Everybody, noon()? + days(1))?;
        let told = own.ok_or("a request that passes")?.shared;
        // A third of 60 households shares if they are asked: a band of 11 and more, but for the noise.
        right += u32::from((told < 11) == have_asked);
    }
    // An ask of one other agency leaves the limits of the week and the budgets of the quarter open. With two
    // the limit is used up, so nobody is asked: that is disclosed.
    let bound = if others == 1 { 0.5 } else { 1.0 };
    Ok(Guessed { name, right, of: tries, chance: 0.5, bound })
}

/// What became of later requests about a quarter that was burnt.
pub(crate) struct Burnt {
    pub(crate) name: &'static str,
    /// Requests with an outcome of their own: four in five of those asked are counted.
    pub(crate) own: u32,
    /// Requests that were refused, or asked nobody.
    pub(crate) blocked: u32,
    pub(crate) of: u32,
}

impl Burnt {
    pub(crate) fn row(&self) -> String {
        let share = 100.0 * f64::from(self.own) / f64::from(self.of);
        format!("{:<60} {:>6} {share:>7.1} % {:>8}", self.name, self.of, self.blocked)
    }
}

/// E4. An agency burns a quarter on purpose; each is tried so often, with one later request.
pub(crate) fn burning(tries: u32) -> Fallible<Vec<Burnt>> {
    let burnt = |name, times: u32, apart: i64, asking, later: i64| {
        let (mut own, mut blocked) = (0, 0);
        for number in 0..tries {
            let mut desk = Desk::new(number)?;
            let mut now = noon()?;
            for turn in 0..times {
                now = noon()? + days(apart * i64::from(turn));
                desk.send(AgencyId(1), f64::from(turn) * 1e-6, asking, now)?;
            }
            // By the agency itself where it asked nobody; else by another, whose share of limits is left.
            let by = AgencyId(if asking == Asking::Nobody { 1 } else { 2 });
            let shift = f64::from(number % 50) * 1e-5;
            match desk.send(by, shift, Asking::Everybody, now + days(later))? {
                Some(sent) if sent.asked > 0 => {
                    own += u32::from(5 * sent.counted >= 4 * sent.asked);
                }
                _ => blocked += 1,
            }
        }
        Fallible::Ok(Burnt { name, own, blocked, of: tries })
    };
    let (nobody, everybody) = (Asking::Nobody, Asking::Everybody);
    Ok(vec![
        burnt("3 opened and withdrawn at once, the next day", 3, 0, nobody, 1)?,
        burnt("3 opened and withdrawn at once, a year on (E4)", 3, 0, nobody, 365)?,
        burnt("65 that overlap, withdrawn at once, a year on (E4)", 65, 0, nobody, 365)?,
        burnt("6 that ask everybody, 16 days apart, the next day", 6, 16, everybody, 1)?,
        burnt("6 that ask everybody, 16 days apart, a quarter on", 6, 16, everybody, 91)?,
        burnt("6 that ask everybody, 16 days apart, a year on", 6, 16, everybody, 365)?,
    ])
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asking {
    /// The request is withdrawn as soon as it is open.
    Nobody,
    /// All who are due are asked before.
    Everybody,
}

/// The result of a request that was opened and has ended.
struct Sent {
    asked: usize,
    /// Those of them whom the outcome counts.
    counted: usize,
    /// The start of the band of those who shared.
    shared: u64,
}

/// The operator of a quarter under the default policy.
struct Desk {
    registry: Registry,
    open: OpenRequests,
    outcomes: BTreeMap<AgencyId, Outcomes>,
    budget: OutcomeBudget,
    seed: OutcomeSeed,
    next: RequestId,
}

impl Desk {
    fn new(number: u32) -> Fallible<Self> {
        Ok(Self {
            registry: street(HOUSEHOLDS)?,
            open: OpenRequests::new(0),
            outcomes: BTreeMap::new(),
            budget: OutcomeBudget::default(),
            seed: OutcomeSeed::new(seed(7, number)),
            next: RequestId(0),
        })
    }

    /// A request about the quarter, shifted by some degrees: opened, asked and withdrawn. `None` if refused.
    fn send(
        &mut self,
        by: AgencyId,
        shift: f64,
        asking: Asking,
        now: Timestamp,
    ) -> Fallible<Option<Sent>> {
        let id = self.next;
        self.next = RequestId(id.0 + 1);
        let area = Area::from_bounds(9.998 + shift, 49.997, 10.006 + shift, 50.003)?;
        let hours = |ago| now - SignedDuration::from_hours(ago);
        let window = canvass::TimeWindow::new(hours(20), hours(18))?;
        let agency = Agency::new(by, "Springfield Police", AgencyKind::Local)
            .with_jurisdiction(Area::from_bounds(9.0, 49.0, 11.0, 51.0)?);
        // Each has a case of its own, since inventing one costs nothing.
        let request = Request::new(by, IncidentKind::Burglary, area, window)
            .with_case(format!("26-{}", id.0))
            .with_contact("Det. Nosy");
        let policy = Policy::in_zone(Zone::UTC);
        let Ok(authorized) = policy.review(&request, &agency, &self.open.case_file(by), now) else {
            return Ok(None);
        };
        let outcomes = self.outcomes.entry(by).or_insert_with(|| Outcomes::new(by));
        self.open.open(id, &authorized, now)?;
        outcomes.open(id, &authorized, ReleaseMode::Alone)?;
        let mut asked: Vec<OwnerId> = Vec::new();
        if asking == Asking::Everybody {
            let snapshot = self.registry.snapshot();
            self.open.decide(id, &authorized, &snapshot, now)?;
            let due = self.open.due(id, &authorized, &snapshot, now)?;
            let (to_send, _) = self.open.record_asked(id, &due, now)?;
            asked.extend(to_send.recipients().map(|to| to.owner));
            let of = |&owner: &OwnerId| Change::RecordAsked { owner, agency: Some(by), at: now };
            self.registry.apply(asked.iter().map(of).collect::<Vec<_>>())?;
            outcomes.ask(id, asked.iter().copied())?;
            for &owner in asked.iter().filter(|owner| owner.0 % 3 == 0) {
                outcomes.answer(id, owner, Answer::Shared)?;
                self.open.record_shared(id, [owner], now)?;
            }
        }
        self.open.withdraw(id, now)?;
        outcomes.close(id, &self.open.case_file(by), &self.seed, &mut self.budget, now)?;
        let counted = self.budget.take_changed().count();
        let shared = outcomes.release(id)?.shared().at_least();
        Ok(Some(Sent { asked: asked.len(), counted, shared }))
    }
}

fn days(number: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * number)
}
