//! Outcomes compared with a naive twin, and the bound on the information about one household.

use std::collections::BTreeMap;

use canvass::outcome::{OutcomeBudget, ReleaseMode};
use canvass::{OwnerId, RequestId};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;

use crate::outcome::*;
use crate::support::*;

/// The naive twin of noise: a count with noise, from the bytes of all blocks in a row.
pub fn noisy(kinds: [u8; 2], numbers: [u64; 2], count: u64) -> u64 {
    let block = |block: u64| {
        let mut mac = Hmac::<Sha256>::new_from_slice(&seed().to_bytes()).unwrap();
        mac.update(b"canvass outcome noise 1");
        mac.update(&kinds);
        for number in [numbers[0], numbers[1], block] {
            mac.update(&number.to_be_bytes());
        }
        mac.finalize().into_bytes()
    };
    let mut heads = (0..).flat_map(block).filter(|&byte| byte < 255).map(|byte| byte % 5 < 4);
    let mut run = || heads.by_ref().take_while(|&head| head).count() as i64;
    let (up, down) = (run(), run());
    u64::try_from(count as i64 + up - down).unwrap_or(0)
}

/// The naive twin of a band, in words.
pub fn band(count: u64, lowest_end: u64) -> String {
    let edges = [11, 21, 51, 101, 201, 501, 1001, 2001];
    let least = edges.into_iter().rfind(|&edge| edge <= count && edge >= lowest_end);
    let above = |least: u64| edges.into_iter().find(|&edge| edge > least).unwrap();
    match least {
        None => format!("fewer than {lowest_end}"),
        Some(least) => format!("{least} to {}", above(least) - 1),
    }
}

/// The naive twin of a budget: all counts ever made, scanned each time.
#[derive(Default)]
struct Spent(BTreeMap<u64, Vec<Timestamp>>);

impl Spent {
    fn spend(&mut self, owner: u64, now: Timestamp) -> bool {
        let all = self.0.entry(owner).or_default();
        let within = |days: i64| {
            all.iter().filter(|&&at| at > now - SignedDuration::from_hours(24 * days)).count()
        };
        let is_left = within(90) < 4 && within(365) < 16;
        if is_left {
            all.push(now);
        }
        is_left
    }
}

#[test]
fn outcomes_and_budgets_equal_the_naive_twin() {
    let (mut spent_out, mut counted) = (0, 0);
    for seed in 0..30 {
        let mut rng = Rng(seed);
        let (mut desk, mut twin) = (Desk::new(), Spent::default());
        desk.policy.min_households = 0;
        for id in 0..40 {
            desk.now += SignedDuration::from_hours(24 * rng.within(0, 20));
            let answers = [rng.below(40), rng.below(6), rng.below(40)];
            desk.open(id, &road(0, 100), ReleaseMode::Alone);
            let first = rng.below(60);
            desk.answer(id, first, answers);
            desk.close(id);
            let mut counts = [0, 0];
            for place in 0..answers.iter().sum() {
                if twin.spend(first + place, desk.now) {
                    counts[usize::from(place >= answers[0])] += 1;
                    counted += 1;
                } else {
                    spent_out += 1;
                }
            }
            assert_eq!(desk.words(id), told(id, counts, 11), "seed {seed}, request {id}");
        }
        // A budget that is written reads back equal.
        let text = serde_json::to_string(&desk.budget).unwrap();
        assert_eq!(serde_json::from_str::<OutcomeBudget>(&text).unwrap(), desk.budget);
    }
    assert!(spent_out > 2_000 && counted > 2_000, "{spent_out} {counted}");
}

/// The frequency of each shared band for a number of households that shared, over outcomes with
/// independent noise.
fn frequencies(shared: u64, outcomes: u64) -> BTreeMap<u64, f64> {
    let mut told = BTreeMap::new();
    for id in 0..outcomes {
        let count = noisy([0, 0], [1, id], shared);
        *told.entry(count).or_default() += 1.0 / outcomes as f64;
    }
    told
}

#[test]
fn one_household_changes_no_probability_by_more_than_the_bound() {
    let (one, other) = (frequencies(30, 60_000), frequencies(31, 60_000));
    let mut compared = 0;
    // Each count has 1,200 draws and more: 13 % are three standard deviations.
    for (count, likely) in one.iter().filter(|&(_, &likely)| likely > 0.02) {
        let ratio = likely / other[count];
        assert!(ratio < 1.25 * 1.13 && ratio > 0.8 / 1.13, "{count}: {ratio}");
        compared += 1;
    }
    assert!(compared > 10, "{compared}");
    // Below both counts the ratio is 5/4 everywhere, above them 4/5, and the same holds for the
    // sums.
    let up_to = |told: &BTreeMap<u64, f64>| told.range(..=30).map(|(_, share)| share).sum::<f64>();
    let below = up_to(&one) / up_to(&other);
    let above = (1.0 - up_to(&one)) / (1.0 - up_to(&other));
    assert!((1.22..1.28).contains(&below) && (0.78..0.82).contains(&above), "{below} {above}");
    // The noise is as documented: 5 at most in 7 of 10, 13 in 19 of 20.
    let within = |most: u64| one.range(30 - most..=30 + most).map(|(_, share)| share).sum::<f64>();
    assert!((0.69..0.73).contains(&within(5)), "{}", within(5));
    assert!((0.94..0.96).contains(&within(13)), "{}", within(13));
    assert!((OutcomeBudget::EPSILON.exp() - 1.25).abs() < 1e-12);
}

/// An agency asks about the same area as often as it likes for a year. One household always shares
/// or never does, among 39 whose answers the agency knows, and it averages the outcomes.
#[test]
fn a_year_of_repeats_reveals_no_more_than_the_budget() {
    let mut counted = Vec::new();
    for shares in [false, true] {
        let mut desk = Desk::new();
        let mut times = 0;
        for id in 0..120 {
            desk.now += SignedDuration::from_hours(72);
            let before = desk.budget.counted(OwnerId(39)).len();
            desk.open(id, &road(0, 100), ReleaseMode::Alone);
            let answers = if shares { [40, 0, 0] } else { [39, 0, 1] };
            desk.answer(id, 0, answers);
            desk.close(id);
            times += usize::from(desk.budget.counted(OwnerId(39)).len() > before);
        }
        counted.push(times);
    }
    // Of 120 outcomes the household is counted in 16.
    assert_eq!(counted, [OutcomeBudget::PER_365_DAYS; 2]);
}

/// Two agencies ask on the same days: together they learn no more of a household than one.
#[test]
fn all_agencies_together_spend_one_budget() {
    let mut budget = OutcomeBudget::default();
    let counted = (0..8 * 30).filter(|asked| {
        let day = SignedDuration::from_hours(24 * 3 * (asked / 8));
        budget.spend(OwnerId(7), noon() + day)
    });
    assert_eq!(counted.count(), OutcomeBudget::PER_90_DAYS);
    assert_eq!(budget.take_changed().collect::<Vec<_>>(), [OwnerId(7)]);
    let mut read = OutcomeBudget::default();
    read.restore(OwnerId(7), budget.counted(OwnerId(7)).iter().copied());
    assert_eq!(read, budget);
    budget.forget_before(noon() + SignedDuration::from_hours(24 * 460));
    assert_eq!(budget, OutcomeBudget::default());
}

/// Burning: an agency opens requests and withdraws them at once, to exhaust others' budgets.
#[test]
fn requests_withdrawn_at_once_spend_nothing() {
    let mut desk = Desk::new();
    for id in 0..70 {
        desk.open(id, &road(0, 100), ReleaseMode::Alone);
        desk.file.withdraw(RequestId(id), desk.now).unwrap();
        desk.close_at(id, desk.now).unwrap();
    }
    assert_eq!(desk.budget, OutcomeBudget::default());
    desk.answered(70, &road(0, 100), [30, 0, 20]);
    desk.close(70);
    assert_eq!(desk.words(70), told(70, [30, 20], 11));
}
