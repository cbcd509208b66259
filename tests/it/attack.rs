//! The attack example's attacker against outcomes, and with a canary: when its claims are right by
//! chance, and when they are certain.

use std::sync::LazyLock;

use canvass::outcome::OutcomeBudget;
use canvass::{Registry, Snapshot, TimeWindow};

use crate::support::{at, noon};

#[path = "../../examples/attack/attacker/mod.rs"]
#[allow(dead_code, reason = "the example draws more")]
mod attacker;
#[path = "../../examples/quickstart/town.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "a crate of its own, included; the quickstart draws more of it"
)]
mod town;

use attacker::{Attack, Padding, STEPS, Search, Tally, WAYS, accomplices, worlds};

static TOWN: LazyLock<(town::Town, Registry)> = LazyLock::new(|| {
    let town = town::Town::build(noon()).unwrap();
    let registry = Registry::bulk_load(&town.cameras, town.consents.clone()).unwrap();
    registry.apply(town.asked_before.clone()).unwrap();
    (town, registry)
});

static PLAIN: LazyLock<Snapshot> = LazyLock::new(|| TOWN.1.snapshot());

/// The town with the attacker's accomplices.
static INFILTRATED: LazyLock<Snapshot> = LazyLock::new(|| {
    LazyLock::force(&PLAIN);
    TOWN.1.apply(accomplices().unwrap()).unwrap()
});

/// Attacks every `each`-th site of the town, and counts the steps taken.
fn attack(name: &str, search: Search, padding: Padding, each: usize, steps: usize) -> Tally {
    attack_with(7, name, search, padding, (each, steps))
}

/// The same with another of the operator's seeds.
fn attack_with(
    seed: u8,
    name: &str,
    search: Search,
    padding: Padding,
    (each, steps): (usize, usize),
) -> Tally {
    let worlds = worlds();
    let world = worlds.iter().find(|world| world.name == name).unwrap();
    let window = TimeWindow::new(at("2026-05-07T18:00:00Z"), at("2026-05-07T21:00:00Z")).unwrap();
    let (town, now) = (&TOWN.0, noon());
    let snapshot = if padding == Padding::Accomplices { &INFILTRATED } else { &PLAIN };
    Attack { town, snapshot, world, search, padding, window, now, each, steps, seed }.run().unwrap()
}

#[test]
fn exact_bands_isolate_a_household_with_most_claims() {
    for (search, each) in [(Search::Halve, 4), (Search::StepDown, 1)] {
        let tally = attack("exact bands", search, Padding::None, each, STEPS);
        let (isolated, claims) = (tally.isolated.len(), tally.claims);
        assert!(isolated > 2 && isolated + 3 > claims, "{isolated} of {claims}");
        assert!(isolated as f64 > 5.0 * tally.by_chance, "{isolated} {}", tally.by_chance);
        assert_eq!(tally.refused, 0);
        assert!(tally.told_apart > 0);
    }
}

/// The bound follows from the budget alone. Everything is asked within 90 days, so an outcome counts a household
/// `PER_90_DAYS` times, and each makes what was seen at most e^EPSILON as likely with it as without:
/// the odds of a claim shift by at most the product. Three seeds of the operator, so that one lucky run
/// does not decide; what is above that bound by three standard deviations is no luck.
#[test]
fn outcomes_isolate_nobody_beyond_the_budget() {
    let (mut claims, mut isolated, mut by_chance) = (0, 0, 0.0);
    for seed in [7, 8, 9] {
        for (search, padding) in WAYS {
            let tally = attack_with(seed, "the default", search, padding, (4, 12));
            assert_eq!(tally.refused, 0, "nothing that was asked before is in the way");
            claims += tally.claims;
            isolated += tally.isolated.len();
            by_chance += tally.by_chance;
        }
    }
    assert!(claims > 60, "{claims}");
    let counted = OutcomeBudget::PER_90_DAYS as f64;
    let most = by_chance * (OutcomeBudget::EPSILON * counted).exp();
    assert!((isolated as f64) < most + 3.0 * most.sqrt(), "{isolated} {by_chance}");
}

#[test]
fn no_overlap_at_all_withstands_exact_bands_as_well() {
    for (search, padding) in
        [(Search::Halve, Padding::EmptyLand), (Search::StepDown, Padding::None)]
    {
        let tally = attack("exact, no overlap", search, padding, 4, STEPS);
        assert!(tally.sent > tally.refused, "nothing was let pass");
        assert_eq!(tally.isolated.len(), 0);
    }
}

/// The documented limit: a household that the agency controls, in each area, notices whether
/// anybody is asked. Forbidding overlaps prevents this.
#[test]
fn a_canary_isolates_a_household_unless_no_areas_overlap() {
    let tally = attack("a canary", Search::Halve, Padding::EmptyLand, 4, STEPS);
    let (isolated, claims) = (tally.isolated.len(), tally.claims);
    assert!(isolated > 2 && isolated + 3 > claims, "{isolated} of {claims}");
    let tally = attack("canary, no overlap", Search::Halve, Padding::EmptyLand, 4, STEPS);
    assert!(tally.sent > tally.refused && tally.refused > 0);
    assert_eq!((tally.claims, tally.isolated.len()), (0, 0));
}
