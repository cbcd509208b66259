//! Coverage against an attacker who has all coverages.

use std::collections::BTreeMap;

use canvass::coverage::*;
use canvass::*;
use h3o::{CellIndex, Resolution};

use crate::coverage::*;
use crate::support::*;

/// The attacker's knowledge of each cell: its least and its most households.
type Bounds = BTreeMap<CellIndex, (u64, u64)>;

/// Computes bounds by interval arithmetic, until none changes: cells present or absent, with their
/// bands, and the sums of parents, which have a lower and perhaps an upper end.
fn attack(cells: &[CellIndex], tell: &dyn Fn(Resolution, u32) -> (u64, Published)) -> Bounds {
    let mut bounds: Bounds = cells.iter().map(|&cell| (cell, (0, u64::MAX))).collect();
    let mut sums = Vec::new();
    for number in NUMBERS {
        let (least, there) = tell(Resolution::Eight, number);
        for (cell, (low, high)) in &mut bounds {
            match there.iter().find(|(there, ..)| there == cell) {
                Some((_, at_least, at_most)) => {
                    *low = (*low).max(*at_least);
                    *high = (*high).min(at_most.unwrap_or(u64::MAX));
                }
                None => *high = (*high).min(least - 1),
            }
        }
        for resolution in &RESOLUTIONS[..8] {
            let (_, parents) = tell(*resolution, number);
            for (parent, at_least, at_most) in parents {
                let below = |cell: &&CellIndex| cell.parent(*resolution) == Some(parent);
                let children: Vec<CellIndex> = cells.iter().filter(below).copied().collect();
                // Children without further knowledge have at most 10 each.
                let unknown = parent.children_count(Resolution::Eight) - children.len() as u64;
                sums.push((children, unknown * 10, at_least, at_most.unwrap_or(u64::MAX)));
            }
        }
    }
    loop {
        let before = bounds.clone();
        for (children, unknown, at_least, at_most) in &sums {
            for &cell in children {
                let others = || children.iter().filter(|&&other| other != cell);
                let most =
                    others().fold(*unknown, |sum, other| sum.saturating_add(bounds[other].1));
                let least: u64 = others().map(|other| bounds[other].0).sum();
                let (low, high) = bounds.get_mut(&cell).unwrap();
                *low = (*low).max(at_least.saturating_sub(most));
                *high = (*high).min(at_most.saturating_sub(least));
            }
        }
        if bounds == before {
            return bounds;
        }
    }
}

fn band(count: u64) -> (u64, u64) {
    let above = EDGES.partition_point(|&edge| edge <= count);
    (above.checked_sub(1).map_or(0, |below| EDGES[below]), EDGES[above] - 1)
}

#[test]
fn an_attacker_with_every_coverage_learns_no_more_than_bands() {
    let mut rng = Rng(3);
    let mut leaked = [0; 2];
    for _ in 0..4 {
        let counts = counts(&mut rng);
        let cells: Vec<CellIndex> = counts.keys().copied().collect();
        let snapshot = living(&counts);
        let counts = noised(&counts, PERIOD, &coverage_seed());
        let ours = |resolution, number| {
            let coverage = covered(&snapshot, resolution, number);
            (coverage.min_households(), published(&coverage))
        };
        for (cell, bounds) in attack(&cells, &ours) {
            assert_eq!(bounds, band(counts[&cell]), "{cell}");
        }
        // The attacker must succeed against two weaker publishers: one applies the minimum
        // unrounded, the other counts anew at each resolution.
        let banded = |resolution, number: u32, all: bool| {
            let mut sums = Counts::new();
            for (cell, &count) in &counts {
                *sums.entry(cell.parent(resolution).unwrap()).or_default() += count;
            }
            let shown = sums.into_iter().filter(|&(_, sum)| sum >= u64::from(number));
            let shown = shown.map(|(cell, sum)| {
                let (low, high) = if all { (sum, sum) } else { band(sum) };
                (cell, low, Some(high))
            });
            shown.collect::<Published>()
        };
        let as_given = |resolution, number| match resolution {
            Resolution::Eight => (u64::from(number), banded(resolution, number, false)),
            _ => (u64::from(number), Vec::new()),
        };
        let anew = |resolution, number| match resolution {
            Resolution::Eight => ours(resolution, number),
            _ => (u64::from(number), banded(resolution, number, true)),
        };
        let narrowed = |bounds: Bounds| {
            bounds.iter().filter(|(cell, bounds)| **bounds != band(counts[cell])).count()
        };
        leaked[0] += narrowed(attack(&cells, &as_given));
        leaked[1] += narrowed(attack(&cells, &anew));
    }
    assert!(leaked.iter().all(|&cells| cells > 10), "{leaked:?}");
}

/// The proof in the documentation: towns with the same bands have the same coverages, byte by byte,
/// so no computation can separate two numbers of one band.
#[test]
fn towns_with_equal_bands_publish_equal_bytes() {
    let mut rng = Rng(4);
    let mut changed = 0;
    for _ in 0..4 {
        let counts = counts(&mut rng);
        let told = noised(&counts, PERIOD, &coverage_seed());
        let mut others = counts.clone();
        for (cell, count) in &mut others {
            // Another count whose noise, which is the same, keeps it in the band.
            let (low, high) = band(told[cell]);
            let noise = told[cell].cast_signed() - count.cast_signed();
            let other = (low + rng.below(high - low + 1)).saturating_add_signed(-noise).max(1);
            if told[cell] > 0 && band(other.saturating_add_signed(noise)) == (low, high) {
                changed += usize::from(other != *count);
                *count = other;
            }
        }
        let (one, other) = (living(&counts), living(&others));
        for (resolution, number) in RESOLUTIONS.iter().flat_map(|&each| NUMBERS.map(|n| (each, n)))
        {
            let [one, other] = [&one, &other].map(|town| covered(town, resolution, number));
            assert_eq!(one, other);
            assert_eq!(one.to_geojson(), other.to_geojson());
        }
    }
    assert!(changed > 40, "{changed}");
}

/// The probability that the noise is at least so much: the difference of two geometric numbers with 1/2.
fn at_least(noise: i64) -> f64 {
    // The sum from k on of 2^-k / 3 is 2 / 3 * 2^-k for k of 1 and more.
    let tail = |noise: i64| 2.0 / 3.0 * 0.5_f64.powi(i32::try_from(noise).unwrap());
    if noise >= 1 { tail(noise) } else { 1.0 - tail(1 - noise) }
}

/// The probability of each band of a count; the last is that of a cell that is absent.
fn probabilities(count: u64) -> Vec<f64> {
    if count == 0 {
        return [vec![0.0; EDGES.len()], vec![1.0]].concat();
    }
    let from = |edge: u64| at_least(edge.cast_signed() - count.cast_signed());
    let ends = EDGES.iter().skip(1).map(|&edge| from(edge)).chain([0.0]);
    let bands = EDGES.iter().zip(ends).map(|(&edge, end)| from(edge) - end);
    bands.chain([1.0 - from(EDGES[0])]).collect()
}

/// The bound, by the exact distribution: two towns that differ by one household.
#[test]
fn one_household_makes_no_coverage_twice_as_likely() {
    let most = Coverage::EPSILON.exp() + 1e-6;
    for count in 1..300 {
        for (one, more) in probabilities(count).into_iter().zip(probabilities(count + 1)) {
            // Differences of nearly equal numbers have no digits left below this.
            if one.max(more) > 1e-9 {
                assert!(one <= most * more && more <= most * one, "{count}: {one} {more}");
            }
        }
    }
    // A cell with nobody is never there: the one exception, and how often it comes.
    let there = 1.0 - probabilities(1).last().unwrap();
    assert!(there < 1.0 / 1_500.0, "{there}");
    assert!(probabilities(1).last().unwrap() * most > 1.0);
}

/// That the noise has that distribution: one town in many periods.
#[test]
fn bands_come_as_often_as_the_noise_has_it() {
    let cell = *counts(&mut Rng(7)).keys().next().unwrap();
    let periods = 4_000;
    for count in [10, 11, 13, 20, 50] {
        let snapshot = living(&Counts::from([(cell, count)]));
        let mut seen = vec![0_u32; EDGES.len() + 1];
        for period in 0..periods {
            let period = CoveragePeriod::numbered(period);
            let coverage =
                snapshot.coverage(period, &coverage_seed(), Resolution::Eight, 11).unwrap();
            let band = published(&coverage).first().map(|&(_, at_least, _)| at_least);
            let place = band.map_or(EDGES.len(), |band| EDGES.partition_point(|&edge| edge < band));
            seen[place] += 1;
        }
        for (seen, expected) in seen.into_iter().zip(probabilities(count)) {
            let number = periods as f64;
            let deviation = (number * expected * (1.0 - expected)).sqrt();
            let off = (f64::from(seen) - number * expected).abs();
            assert!(off <= 4.0 * deviation + 1.0, "{count}: {seen} {expected}");
        }
    }
}

/// E1. Of two successive coverages, between which one household came: a cell whose band changes is claimed to
/// have exactly as many as its edge. Without noise all claims are right.
#[test]
fn a_change_of_band_gives_no_exact_count() {
    let cell = *counts(&mut Rng(7)).keys().next().unwrap();
    let (mut claims, mut right, mut exact) = (0, 0, 0);
    for number in 0..3_000_u64 {
        let before = 5 + number % 50;
        let told = |count, period| {
            let counts = Counts::from([(cell, count)]);
            band(noised(&counts, CoveragePeriod::numbered(period), &coverage_seed())[&cell])
        };
        let (one, two) = (told(before, 2 * number), told(before + 1, 2 * number + 1));
        if two.0 > one.0 {
            claims += 1;
            right += u32::from(two.0 == before + 1);
        }
        exact += u32::from(band(before + 1).0 > band(before).0);
    }
    let chance = f64::from(exact) / 3_000.0;
    assert!(claims > 100 && chance < 0.1, "{claims} {chance}");
    // Each of the two has noise: whoever sees both gains a factor of 2 for each at most, of the odds.
    let odds = f64::from(right) / f64::from(claims - right);
    assert!(odds < 4.0 * 2.0 * chance / (1.0 - chance) + 0.1, "{right} of {claims}, {chance}");
    assert!(right * 3 < claims, "{right} of {claims}");
}
