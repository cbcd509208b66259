//! Attacks on the state that requests share: pools of outcomes (D4), owners' ask limits (D5), and budgets of
//! outcomes (E4).

use canvass::outcome::{Answer, OutcomeBudget, OutcomeSeed, Outcomes, ReleaseMode};
use canvass::{AgencyId, CaseFile, OwnerId, RequestId};

use super::desk::{Asking, Desk, days};
use super::disclosures::{A_POINT, Fallible, Guessed, authorized, coin, noon, seed};

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
        let mut desk = Desk::new(HOUSEHOLDS, number)?;
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
    let bound = if others == 1 { 0.5 + A_POINT } else { 1.0 };
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
            let mut desk = Desk::new(HOUSEHOLDS, number)?;
            let mut now = noon()?;
            for turn in 0..times {
                now = noon()? + days(apart * i64::from(turn));
                desk.send(AgencyId(1), f64::from(turn) * 1e-6, asking, now)?;
            }
            // By the agency itself where it asked nobody; else by another, whose share of limits is left.
            let by = AgencyId(if asking == Asking::Nobody { 1 } else { 2 });
            let shift = f64::from(number % 50) * 1e-5;
            match desk.send(by, shift, Asking::Everybody, now + days(later))? {
                Some(sent) if !sent.asked.is_empty() => {
                    own += u32::from(5 * sent.counted >= 4 * sent.asked.len());
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
