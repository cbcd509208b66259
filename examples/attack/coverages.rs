//! E1: an exact count from two coverages in succession, played, and summed over the distribution of the noise.

use std::collections::BTreeMap;

use canvass::coverage::{Coverage, CoverageCell, CoveragePeriod, CoverageSeed};

use super::disclosures::{Fallible, Guessed, seed, street};

/// The numbers of households that the attacker thinks possible, each as likely, before one more comes.
const BEFORE: std::ops::Range<u64> = 5..25;

/// Where the bands begin that such numbers come to with their noise.
const EDGES: [u64; 5] = [11, 21, 51, 101, 201];

/// How many households does a cell have whose band rose from one coverage to the next? As many as the
/// band begins with.
pub(crate) fn successive(tries: u32) -> Fallible<Guessed> {
    let seed = CoverageSeed::new(seed(4, 1));
    let mut snapshots = BTreeMap::new();
    for households in BEFORE.start..=BEFORE.end {
        snapshots.insert(households, street(households)?.snapshot());
    }
    let told = |households: u64, period: u32| {
        let snapshot = snapshots.get(&households).ok_or("a street that was built")?;
        let period = CoveragePeriod::numbered(u64::from(period));
        let coverage = snapshot.coverage(period, &seed, Coverage::FINEST, 11)?;
        Fallible::Ok(coverage.cells().iter().map(CoverageCell::at_least).sum::<u64>())
    };
    let (mut right, mut of) = (0, 0);
    for number in 0..tries {
        let before = BEFORE.start + u64::from(number) % (BEFORE.end - BEFORE.start);
        let (one, two) = (told(before, 2 * number)?, told(before + 1, 2 * number + 1)?);
        if two > one {
            (right, of) = (right + u32::from(two == before + 1), of + 1);
        }
    }
    // By chance, a claim is right where the number is one of the edges. The bound: each of the two coverages
    // shifts the odds by 2.
    let edges = EDGES.iter().filter(|&&edge| BEFORE.contains(&(edge - 1))).count();
    let chance = edges as f64 / (BEFORE.end - BEFORE.start) as f64;
    let odds = (2.0 * Coverage::EPSILON).exp() * chance / (1.0 - chance);
    let name = "a count, by a change of band (E1)";
    Ok(Guessed { name, right, of: of.max(1), chance, bound: odds / (1.0 + odds) })
}

/// The share of right claims, exactly, where each number of `before` is as likely: a sum over all pairs of bands.
pub(crate) fn exactly(before: std::ops::Range<u64>) -> f64 {
    let (mut right, mut all) = (0.0, 0.0);
    for number in before {
        let (one, two) = (bands(number), bands(number + 1));
        let rises = |from: f64, band: usize| from * one.iter().take(band).sum::<f64>();
        for (band, &likely) in two.iter().enumerate() {
            let claimed = rises(likely, band);
            all += claimed;
            let begins = band.checked_sub(1).and_then(|place| EDGES.get(place));
            right += if begins == Some(&(number + 1)) { claimed } else { 0.0 };
        }
    }
    right / all
}

/// The probability that a count comes to each band: to none, and to those that begin at the edges.
fn bands(count: u64) -> Vec<f64> {
    let from = |edge: u64| at_least(i128::from(edge) - i128::from(count));
    let begins = std::iter::once(1.0).chain(EDGES.iter().map(|&edge| from(edge)));
    let ends = EDGES.iter().map(|&edge| from(edge)).chain([0.0]);
    begins.zip(ends).map(|(begins, ends)| begins - ends).collect()
}

/// The probability that the noise, the difference of two geometric numbers with 1/2, is at least so much.
fn at_least(noise: i128) -> f64 {
    let tail = |noise: i128| 2.0 / 3.0 * 0.5_f64.powf(noise as f64);
    if noise >= 1 { tail(noise) } else { 1.0 - tail(1 - noise) }
}
