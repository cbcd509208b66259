//! Attacks on the audit log, and on outcomes that are asked for again and again. Each gives how often a guess is
//! right, beside how often it is by chance and how often it may be by the stated bound.

use std::error::Error;

use canvass::audit::{AuditBatch, AuditEntry, AuditEvent, EntrySeed, OwnerSalt};
use canvass::jiff::{SignedDuration, Timestamp};
use canvass::outcome::{Answer, OutcomeBudget, OutcomeSeed, Outcomes, ReleaseMode};
use canvass::{
    Agency, AgencyId, AgencyKind, Area, AuthorizedRequest, Camera, CameraId, CaseFile, Change,
    Consent, IncidentKind, OwnerId, Policy, Position, Recording, Registry, Request, RequestId,
    Route,
};

pub(crate) type Fallible<T> = Result<T, Box<dyn Error>>;

/// The bound of a guess that nothing helps: chance, and a point for the luck of a run.
pub(crate) const A_POINT: f64 = 0.01;

/// How often guesses were right.
pub(crate) struct Guessed {
    pub(crate) name: &'static str,
    pub(crate) right: u32,
    pub(crate) of: u32,
    /// The share that is right by chance, and the most by the stated bound.
    pub(crate) chance: f64,
    pub(crate) bound: f64,
}

impl Guessed {
    pub(crate) fn share(&self) -> f64 {
        f64::from(self.right) / f64::from(self.of)
    }

    /// Wilson's interval of 95 %.
    pub(crate) fn interval(&self) -> (f64, f64) {
        let (n, p, z) = (f64::from(self.of), self.share(), 1.96_f64);
        let middle = p + z * z / (2.0 * n);
        let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z * z / n;
        ((middle - half) / scale, (middle + half) / scale)
    }

    pub(crate) fn row(&self) -> String {
        let ((low, high), percent) =
            (self.interval(), |share: f64| format!("{:.1} %", 100.0 * share));
        format!(
            "{:<48} {:>8} {:>8} {:>8} .. {:<8} {:>8}",
            self.name,
            percent(self.chance),
            percent(self.share()),
            percent(low),
            percent(high),
            percent(self.bound),
        )
    }
}

/// All of these attacks, each tried so often.
pub(crate) fn all(tries: u32) -> Fallible<Vec<Guessed>> {
    Ok(vec![
        entry_sizes(tries)?,
        linked_bulletins(tries)?,
        late_joiners(tries)?,
        repeats("the same question 12 times in a month", tries, 1, (12, 2))?,
        repeats("two agencies, 12 times each", tries, 2, (12, 2))?,
        repeats("eight agencies, 12 times each", tries, 8, (12, 2))?,
        repeats("24 times, all budgets spent before", tries, 1, (24, 1))?,
        repeats("eight agencies, a year, each fortnight", tries, 8, (26, 14))?,
    ])
}

pub(crate) fn seed(kind: u8, number: u32) -> [u8; 32] {
    let mut seed = [kind; 32];
    seed.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
    seed
}

pub(crate) fn noon() -> Fallible<Timestamp> {
    Ok("2026-05-10T12:00:00Z".parse()?)
}

/// A street of so many households that agreed to be asked.
pub(crate) fn street(households: u64) -> Fallible<Registry> {
    let house = |id: u64| {
        let position = Position::from_e7(100_000_000 + i32::try_from(id)? * 100, 500_000_000)?;
        Ok(Camera::new(CameraId(id), OwnerId(id), position, Recording::kept_for_days(60)))
    };
    let houses: Fallible<Vec<Camera>> = (0..households).map(house).collect();
    let yes = (0..households)
        .map(|id| Change::SetConsent { owner: OwnerId(id), consent: Consent::granted() });
    let registry = Registry::new();
    registry.apply(houses?.into_iter().map(Change::Register).chain(yes))?;
    Ok(registry)
}

pub(crate) fn authorized(agency: AgencyId) -> Fallible<AuthorizedRequest> {
    let area = Area::from_bounds(9.9, 49.9, 10.1, 50.1)?;
    let window = "2026-05-09T18:00:00Z/2026-05-09T20:00:00Z".parse()?;
    let request = Request::new(agency, IncidentKind::Burglary, area, window).with_case("26-1");
    let agency = Agency::new(agency, "Springfield Police", AgencyKind::Local);
    let review = Policy::without_limits_or_anonymity().review(
        &request,
        &agency,
        &CaseFile::new(agency.id),
        noon()?,
    );
    Ok(review.map_err(|violations| violations.to_string())?)
}

fn route(households: u64) -> Fallible<Route> {
    Ok(street(households)?.snapshot().route(authorized(AgencyId(1))?.assume_open(), noon()?))
}

fn entries(route: &Route, number: u32) -> Fallible<Vec<AuditEntry>> {
    let salt = |owner: OwnerId| Some(OwnerSalt::new(seed(9, u32::try_from(owner.0).ok()?)));
    Ok(AuditEntry::routed(route, &EntrySeed::new(seed(1, number)), salt)?)
}

fn closed(entries: Vec<AuditEntry>, number: u32) -> Fallible<AuditBatch> {
    let closed = "2026-05-11T00:00:00Z".parse()?;
    Ok(AuditBatch::close(entries, closed, &EntrySeed::new(seed(2, number))))
}

/// A number by chance: the finalizer of `SplitMix64`. Multiples of a constant, as were used here before, agree with each
/// other more often than by chance, which looks like an attack that works.
pub(crate) fn drawn(number: u32) -> u64 {
    let x = u64::from(number).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A coin, for the world and for those who see no difference.
pub(crate) fn coin(number: u32) -> bool {
    drawn(number) >> 63 == 1
}

/// C1. Was the house that is in the area, and was left out before, asked? By the size of its entry.
fn entry_sizes(tries: u32) -> Fallible<Guessed> {
    let (edges, mut right) = ([16, 17, 20, 11, 12], 0);
    for number in 0..tries {
        let edge = edges.get(number as usize % edges.len()).copied().unwrap_or(16);
        let was_asked = coin(number.wrapping_mul(7).wrapping_add(3));
        let bytes = |owners| {
            let entries = entries(&route(owners)?, number)?;
            Fallible::Ok(entries.iter().map(|entry| entry.to_bytes().len()).sum::<usize>())
        };
        let (without, seen) = (bytes(edge)?, bytes(edge + u64::from(was_asked))?);
        let guess = if seen == without { coin(number) } else { seen > without };
        right += u32::from(guess == was_asked);
    }
    Ok(Guessed {
        name: "size of an entry, one house left out (C1)",
        right,
        of: tries,
        chance: 0.5,
        bound: 0.5 + A_POINT,
    })
}

/// C3. Which entry is a bulletin's, in a day of ten requests? The one at its place in the order of the day.
fn linked_bulletins(tries: u32) -> Fallible<Guessed> {
    let (requests, accepted) = (10, authorized(AgencyId(1))?);
    let (mut right, days) = (0, tries.div_ceil(requests));
    for day in 0..days {
        let made =
            |number| AuditEntry::accepted(&accepted, &EntrySeed::new(seed(3, 100 * day + number)));
        let made: Vec<AuditEntry> = (0..requests).map(made).collect();
        let batch = closed(made.clone(), day)?;
        let published =
            batch.entries().iter().filter(|entry| *entry.event() == AuditEvent::Accepted);
        let linked = made.iter().zip(published).filter(|(one, other)| one.nonce() == other.nonce());
        right += u32::try_from(linked.count())?;
    }
    let chance = 1.0 / f64::from(requests);
    Ok(Guessed {
        name: "a bulletin's entry, of ten that day (C3)",
        right,
        of: days * requests,
        chance,
        bound: chance + A_POINT,
    })
}

/// C4. Did somebody join late? By the size of the head, of whoever made all other requests of the day.
fn late_joiners(tries: u32) -> Fallible<Guessed> {
    let (others, route) = (u32::try_from(AuditBatch::STEP)? - 1, route(1)?);
    let mut made: Vec<AuditEntry> = Vec::new();
    for number in 0..=others {
        made.extend(entries(&route, number)?);
    }
    let mut right = 0;
    for number in 0..tries {
        let joined = coin(number.wrapping_mul(5).wrapping_add(1));
        let of = made.iter().take(others as usize + usize::from(joined)).cloned().collect();
        let size = closed(of, number)?.entries().len();
        // With one more than 31 the batch has 64 entries but once in 32, and with 31 but twice.
        let guess = if size > AuditBatch::STEP { coin(number) } else { false };
        right += u32::from(guess == joined);
    }
    let bound = 0.5 + 0.5 / AuditBatch::STEP as f64;
    Ok(Guessed {
        name: "a late joiner, by the size of a head (C4)",
        right,
        of: tries,
        chance: 0.5,
        bound,
    })
}

/// Did one household share? Ten others share whenever they are asked; agencies ask the same question so often, one
/// `days` after the other, and add up all bands.
fn repeats(
    name: &'static str,
    tries: u32,
    agencies: u64,
    (times, days): (u64, i64),
) -> Fallible<Guessed> {
    let requests: Fallible<Vec<AuthorizedRequest>> =
        (0..agencies).map(|agency| authorized(AgencyId(agency))).collect();
    let requests = requests?;
    let told = |number: u32, shares: bool| {
        let (seed, mut budget) = (OutcomeSeed::new(seed(5, number)), OutcomeBudget::default());
        let mut files: Vec<_> = (0..agencies)
            .map(|agency| (CaseFile::new(AgencyId(agency)), Outcomes::new(AgencyId(agency))))
            .collect();
        let mut sum = 0_u64;
        if name.contains("spent") {
            for _ in 0..OutcomeBudget::PER_90_DAYS {
                budget.spend(OwnerId(0), noon()?);
            }
        }
        for turn in 0..times {
            let now = noon()? + SignedDuration::from_hours(24 * days * turn.cast_signed());
            for ((file, outcomes), request) in files.iter_mut().zip(&requests) {
                let id = RequestId(turn);
                // A case each; the file is new each time, since inventing a case costs nothing.
                *file = CaseFile::new(file.agency());
                file.open(id, request, now)?;
                outcomes.open(id, request, ReleaseMode::Alone)?;
                outcomes.ask(id, (0..11).map(OwnerId))?;
                for owner in (0..11).filter(|&owner| owner > 0 || shares) {
                    outcomes.answer(id, OwnerId(owner), Answer::Shared)?;
                }
                file.resolve(id, now)?;
                outcomes.close(id, file, &seed, &mut budget, now)?;
                sum += u64::from(outcomes.release(id)?.shared().at_least() > 0);
            }
        }
        Fallible::Ok(sum)
    };
    let mut right = 0;
    // The attacker knows how the outcomes come, and puts the threshold where it is best.
    let learnt = tries / 2;
    let (mut with, mut without) = (0, 0);
    for number in 0..learnt {
        with += told(2 * number, true)?;
        without += told(2 * number + 1, false)?;
    }
    let threshold = (with + without) as f64 / (2.0 * f64::from(learnt.max(1)));
    for number in 0..tries {
        let shares = coin(number.wrapping_mul(11).wrapping_add(5));
        let seen = told(1_000_000 + number, shares)? as f64;
        right += u32::from((seen > threshold) == shares);
    }
    let outcomes = match days * times.cast_signed() {
        ..=90 if name.contains("spent") => 0,
        ..=90 => OutcomeBudget::PER_90_DAYS,
        _ => OutcomeBudget::PER_365_DAYS,
    };
    let odds = (OutcomeBudget::EPSILON * outcomes as f64).exp();
    let bound = if outcomes == 0 { 0.5 + A_POINT } else { odds / (1.0 + odds) };
    Ok(Guessed { name, right, of: tries, chance: 0.5, bound })
}
