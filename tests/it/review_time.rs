//! Whether the time of a review shows that a silent place is in the area.

use std::hint::black_box;
use std::time::Instant;

use canvass::policy::SensitiveRule;
use canvass::{CaseFile, Policy};

use crate::places::{place_of, protecting};
use crate::support::*;

/// So many reviews of each kind are timed.
const PROBES: usize = 20_000;

/// How often one of the first is larger than one of the second, equal ones counting half: 0.5 if they
/// cannot be told apart.
fn area_under_curve(first: &[u64], second: &[u64]) -> f64 {
    let mut second = second.to_vec();
    second.sort_unstable();
    let wins = |one: &u64| {
        let below = second.partition_point(|other| other < one);
        let equal = second.partition_point(|other| other <= one) - below;
        below as f64 + equal as f64 / 2.0
    };
    first.iter().map(wins).sum::<f64>() / (first.len() * second.len()) as f64
}

/// Only ranks of neighbouring probes count, so a busy machine slows both kinds alike.
#[test]
fn review_time_does_not_show_a_silent_place() {
    // A building with many corners in the middle of the area, or a whole turn of the town away.
    let (mut worst, origin) = (0.0_f64, (10, 50));
    for seed in 0..5 {
        let mut rng = Rng(seed);
        let shelter = area(&mut rng, origin);
        let silent = |area| place_of(SensitiveRule::NeverAsk, area, None);
        let elsewhere = square(11.0, 51.0, 11.01, 51.01);
        let with = protecting(0, [silent(shelter.clone())]);
        let without = protecting(0, [silent(elsewhere)]);
        let area = square(9.9, 49.9, 10.1, 50.1);
        assert!(shelter.intersects(&area));
        let (request, agency) = (asking(area), agency());
        let file = CaseFile::new(agency.id);
        let time = |policy: &Policy| {
            let start = Instant::now();
            let passed = policy.review(&request, &agency, &file, noon());
            drop(black_box(passed));
            u64::try_from(start.elapsed().as_nanos()).unwrap()
        };
        let (mut near, mut far) = (Vec::new(), Vec::new());
        for _ in 0..PROBES {
            // In an order that drifts of the machine do not favour.
            let near_first = rng.once_in(2);
            for is_near in [near_first, !near_first] {
                let (policy, times) =
                    if is_near { (&with, &mut near) } else { (&without, &mut far) };
                times.push(time(policy));
            }
        }
        let curve = area_under_curve(&near, &far);
        println!("seed {seed}: AUC {curve:.3} in 2 x {PROBES} probes");
        worst = worst.max(curve.max(1.0 - curve));
    }
    assert!(worst <= 0.55, "{worst}");
}
