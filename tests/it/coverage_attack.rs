//! Coverage against an attacker who has all coverages.

use std::collections::BTreeMap;

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
        let ours = |resolution, number| {
            let coverage = snapshot.coverage(resolution, number).unwrap();
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
        let mut others = counts.clone();
        for count in others.values_mut() {
            let (low, high) = band(*count);
            let other = low + rng.below(high - low + 1);
            changed += usize::from(other != *count);
            *count = other;
        }
        let (one, other) = (living(&counts), living(&others));
        for (resolution, number) in RESOLUTIONS.iter().flat_map(|&each| NUMBERS.map(|n| (each, n)))
        {
            let [one, other] =
                [&one, &other].map(|town| town.coverage(resolution, number).unwrap());
            assert_eq!(one, other);
            assert_eq!(one.to_geojson(), other.to_geojson());
        }
    }
    assert!(changed > 40, "{changed}");
}
