//! Attacks that combine several ways: agencies with different consents, windows that tell how long footage is kept, a
//! request that is extended, the threshold seen in outcomes, heads of the log beside coverages.

use canvass::audit::{AuditBatch, AuditEntry, EntrySeed, OwnerSalt};
use canvass::coverage::{Coverage, CoveragePeriod, CoverageSeed};
use canvass::outcome::OutcomeBudget;
use canvass::policy::{SensitiveKind, SensitivePlace, SensitiveRule};
use canvass::{
    AgencyId, Area, Camera, CameraId, Change, Consent, OwnerId, Position, Recording, Scope,
};

use super::desk::{Asking, Desk, days, quarter};
use super::disclosures::{A_POINT, Fallible, Guessed, authorized, coin, drawn, noon, seed, street};

/// The household that is attacked, beside others in the street. It is none of those who share.
const TARGET: OwnerId = OwnerId(16);

/// These attacks, each tried so often.
pub(crate) fn all(tries: u32) -> Fallible<Vec<Guessed>> {
    Ok(vec![
        for_one_agency(tries)?,
        kept_for_long(tries)?,
        extended(tries)?,
        eleventh_by_outcomes(tries)?,
        left_by_another(tries)?,
        heads_and_coverages(tries)?,
    ])
}

/// How often a guess is right at most, where so many outcomes count the household.
fn bound(outcomes: usize) -> f64 {
    let odds = (OutcomeBudget::EPSILON * outcomes as f64).exp();
    odds / (1.0 + odds)
}

/// A household comes with a camera that keeps footage for so many days, and agrees.
fn join(desk: &Desk, owner: OwnerId, kept_days: u16) -> Fallible<()> {
    let position = Position::from_e7(100_000_000 + i32::try_from(owner.0)? * 100, 500_000_000)?;
    let recording = Recording::kept_for_days(kept_days);
    let camera = Camera::new(CameraId(owner.0), owner, position, recording);
    let consent = Consent::granted();
    desk.registry.apply([Change::Register(camera), Change::SetConsent { owner, consent }])?;
    Ok(())
}

/// The bands above the lowest in the outcomes of so many requests of one agency, sixteen days apart, which ask as
/// often as limits allow.
fn raised(desk: &mut Desk, by: AgencyId, times: i64, days_ago: i64) -> Fallible<u32> {
    let mut raised = 0;
    for turn in 0..times {
        let now = noon()? + days(16 * turn);
        let opened = desk.open(by, quarter(0.0)?, days_ago, now)?;
        let mut standing = opened.ok_or("a request that passes")?;
        desk.ask(&mut standing, now)?;
        raised += desk.end(standing, now)?.raised();
    }
    Ok(raised)
}

/// Guesses which of two worlds is there. The attacker knows how often each gives which sum of bands, by plays of
/// its own with other seeds, and takes the likelier.
fn told_apart(
    name: &'static str,
    (tries, bound): (u32, f64),
    play: impl Fn(u32, bool) -> Fallible<u32>,
) -> Fallible<Guessed> {
    let mut known = [[0_u32; 16]; 2];
    let of = |sum: u32| sum.min(15) as usize;
    for number in 0..tries {
        for (is_there, counts) in [false, true].into_iter().zip(&mut known) {
            let sum = play(10_000_000 + number, is_there)?;
            counts.iter_mut().skip(of(sum)).take(1).for_each(|count| *count += 1);
        }
    }
    let mut right = 0;
    for number in 0..tries {
        let is_there = coin(number.wrapping_mul(19).wrapping_add(3));
        let sum = of(play(number, is_there)?);
        let [without, with] = known.map(|counts| counts.get(sum).copied().unwrap_or(0));
        let guess = if with == without { coin(number) } else { with > without };
        right += u32::from(guess == is_there);
    }
    Ok(Guessed { name, right, of: tries, chance: 0.5, bound })
}

/// Did the target consent for one agency alone? Another one, to which all others said yes as well, asks four times.
fn for_one_agency(tries: u32) -> Fallible<Guessed> {
    let name = "a consent for one agency, by another's outcomes";
    told_apart(name, (tries, bound(OutcomeBudget::PER_90_DAYS)), |number, is_for_one| {
        let mut desk = Desk::new(TARGET.0 + 1, number)?;
        if is_for_one {
            let consent = Consent::granted().with_agencies(Scope::only([AgencyId(1)]));
            desk.registry.apply([Change::SetConsent { owner: TARGET, consent }])?;
        }
        raised(&mut desk, AgencyId(2), 4, 1)
    })
}

/// For how long does the target keep footage? An agency asks for windows that lie twenty days back.
fn kept_for_long(tries: u32) -> Fallible<Guessed> {
    let name = "kept for 14 or 60 days, by pieces of a window";
    told_apart(name, (tries, bound(OutcomeBudget::PER_90_DAYS)), |number, is_long| {
        let mut desk = Desk::new(TARGET.0, number)?;
        join(&desk, TARGET, if is_long { 60 } else { 14 })?;
        raised(&mut desk, AgencyId(1), 4, 20)
    })
}

/// Did the target register while a request stood that was extended to 28 days? By the outcome at the end.
fn extended(tries: u32) -> Fallible<Guessed> {
    let name = "a late joiner of an extended request";
    told_apart(name, (tries, bound(1)), |number, has_joined| {
        let (mut desk, start) = (Desk::new(TARGET.0, number)?, noon()?);
        let opened = desk.open(AgencyId(1), quarter(0.0)?, 1, start)?;
        let mut standing = opened.ok_or("a request that passes")?;
        desk.ask(&mut standing, start)?;
        desk.extend(&standing, 19, start + days(9))?;
        if has_joined {
            join(&desk, TARGET, 60)?;
        }
        desk.ask(&mut standing, start + days(20))?;
        Ok(desk.end(standing, start + days(27))?.raised())
    })
}

/// Is an eleventh household registered? No accomplice sees who is asked: by the outcomes of four requests alone. With
/// ten nobody is asked, with eleven all are: no budget bounds that.
fn eleventh_by_outcomes(tries: u32) -> Fallible<Guessed> {
    let name = "an eleventh household, by outcomes alone";
    told_apart(name, (tries, 1.0), |number, is_there| {
        let mut desk = Desk::new(10 + u64::from(is_there), number)?;
        raised(&mut desk, AgencyId(1), 4, 1)
    })
}

/// D2. One agency asks all but the target as often as it can, so that nobody else can answer another, which asks
/// among ten silent accomplices. Of those who can, one answers; the claim is that it is the target.
fn left_by_another(tries: u32) -> Fallible<Guessed> {
    let others = 20_u64;
    let mut right = 0;
    for number in 0..tries {
        let (mut desk, start) = (Desk::new(others, number)?, noon()?);
        for turn in 0..3 {
            desk.send(AgencyId(1), 0.0, Asking::Everybody, start + days(turn))?;
        }
        let target = OwnerId(99);
        join(&desk, target, 60)?;
        let sent = desk.send(AgencyId(2), 0.0, Asking::Everybody, start + days(3))?;
        let asked = sent.ok_or("a request that passes")?.asked;
        // Each is as likely to be the one who answers.
        let place = drawn(number) % u64::try_from(asked.len().max(1))?;
        let answers = asked.get(usize::try_from(place)?);
        right += u32::from(answers == Some(&target));
    }
    Ok(Guessed {
        name: "the one whom another agency left (D2)",
        right,
        of: tries,
        chance: 1.0 / (others + 1) as f64,
        bound: 1.0 / (others + 1) as f64 + A_POINT,
    })
}

/// Were 65 households asked, or 64, which fit one entry? By the size of the day's head, beside the coverage of the
/// quarter, which both are in the open.
fn heads_and_coverages(tries: u32) -> Fallible<Guessed> {
    let coverage_seed = CoverageSeed::new(seed(11, 1));
    let of = |households: u64| {
        let snapshot = street(households)?.snapshot();
        let route = snapshot.route(authorized(AgencyId(1))?.assume_open(), noon()?);
        let salt = |owner: OwnerId| Some(OwnerSalt::new(seed(12, u32::try_from(owner.0).ok()?)));
        let entries = AuditEntry::routed(&route, &EntrySeed::new(seed(13, 1)), salt)?;
        Fallible::Ok((snapshot, entries))
    };
    let worlds = [of(64)?, of(65)?];
    // The coverage makes one of the two twice as likely at most, and one day in 32 the head differs.
    let odds = Coverage::EPSILON.exp();
    let most = odds / (1.0 + odds) + 0.5 / AuditBatch::STEP as f64;
    let name = "a 65th household, by heads and coverages";
    told_apart(name, (tries, most), |number, is_there| {
        let [without, with] = &worlds;
        let (snapshot, entries) = if is_there { with } else { without };
        let closed = "2026-05-11T00:00:00Z".parse()?;
        // The agency fills the day with routes of its own up to where one more shows most.
        let own = entries.iter().cycle().take(AuditBatch::STEP - 2);
        let all = own.chain(entries).cloned().collect();
        let size = AuditBatch::close(all, closed, &EntrySeed::new(seed(14, number)));
        let period = CoveragePeriod::numbered(u64::from(number));
        let coverage = snapshot.coverage(period, &coverage_seed, Coverage::FINEST, 11)?;
        let bands = coverage.cells().iter().filter(|cell| cell.at_least() >= 101).count();
        let steps = size.entries().len() / AuditBatch::STEP;
        Ok(u32::try_from(steps + 8 * bands.min(1))?)
    })
}

/// How many reviews of one agency are refused, and so are counted in the log, until it knows an edge of a sensitive
/// place to a metre, and how far its claim is off, in metres.
pub(crate) fn refusals_to_find_an_edge() -> Fallible<(u32, f64)> {
    let mut desk = Desk::new(20, 0)?;
    let hidden = 10.003_217_f64;
    let (kind, rule) = (SensitiveKind::PlaceOfWorship, SensitiveRule::Refuse);
    let place = Area::from_bounds(hidden, 49.999, hidden + 0.001, 50.001)?;
    let place = SensitivePlace::new(kind, "St. Anne", rule, place, None)?;
    desk.policy = desk.policy.clone().with_sensitive_places(vec![place].into());
    let metres_of_degree = 71_700.0;
    // The east side of an area moves between one that passes and one that is refused.
    let (mut passes, mut refused, mut refusals) = (10.0, 10.008, 0);
    let mut number = 0;
    while (refused - passes) * metres_of_degree > 1.0 {
        let middle = f64::midpoint(passes, refused);
        let area = Area::from_bounds(9.995, 49.997, middle, 50.003)?;
        number += 1;
        match desk.open(AgencyId(1), area, 1, noon()? + days(number))? {
            Some(_) => passes = middle,
            None => (refused, refusals) = (middle, refusals + 1),
        }
    }
    Ok((refusals, (f64::midpoint(passes, refused) - hidden).abs() * metres_of_degree))
}
