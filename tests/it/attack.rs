//! The attack example's attacker against outcomes, and with a canary: when its claims are right by
//! chance, and when they are certain.

use std::sync::LazyLock;

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

use attacker::{Attack, Padding, STEPS, Search, Tally, accomplices, worlds};

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
    let worlds = worlds();
    let world = worlds.iter().find(|world| world.name == name).unwrap();
    let window = TimeWindow::new(at("2026-05-07T18:00:00Z"), at("2026-05-07T21:00:00Z")).unwrap();
    let (town, now) = (&TOWN.0, noon());
    let snapshot = if padding == Padding::Accomplices { &INFILTRATED } else { &PLAIN };
    Attack { town, snapshot, world, search, padding, window, now, each, steps }.run().unwrap()
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

/// Each claim rests on a difference of two outcomes, which noise causes. All requests fall within
/// 90 days, so a household is counted four times: no claim is more than (5/4)^4 times as likely to
/// be right.
#[test]
fn outcomes_isolate_nobody_but_by_chance() {
    let (mut claims, mut isolated, mut by_chance) = (0, 0, 0.0);
    for (search, padding) in [
        (Search::Halve, Padding::None),
        (Search::Halve, Padding::EmptyLand),
        (Search::Halve, Padding::Accomplices),
        (Search::StepDown, Padding::None),
        (Search::StepDown, Padding::EmptyLand),
        (Search::StepDown, Padding::Chain),
        (Search::StepUp, Padding::EmptyLand),
        (Search::StepUp, Padding::Accomplices),
    ] {
        let tally = attack("the default", search, padding, 4, 12);
        assert_eq!(tally.refused, 0, "nothing that was asked before is in the way");
        claims += tally.claims;
        isolated += tally.isolated.len();
        by_chance += tally.by_chance;
    }
    assert!(claims > 20, "{claims}");
    let most = by_chance * 1.25_f64.powi(4);
    assert!((isolated as f64) < most + 3.0 * (most + 1.0).sqrt(), "{isolated} {by_chance}");
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
