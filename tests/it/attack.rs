//! The example's attacker against the differencing guard and the outcomes: what works, and what does not.

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

/// With the attacker's accomplices.
static INFILTRATED: LazyLock<Snapshot> = LazyLock::new(|| {
    LazyLock::force(&PLAIN);
    TOWN.1.apply(accomplices().unwrap()).unwrap()
});

/// Attacks each n-th site of the town, where it steps so often.
fn attack(name: &str, search: Search, padding: Padding, each: usize, steps: usize) -> Tally {
    let worlds = worlds();
    let world = worlds.iter().find(|world| world.name == name).unwrap();
    let window = TimeWindow::new(at("2026-05-07T18:00:00Z"), at("2026-05-07T21:00:00Z")).unwrap();
    let (town, now) = (&TOWN.0, noon());
    let snapshot = if padding == Padding::Accomplices { &INFILTRATED } else { &PLAIN };
    Attack { town, snapshot, world, search, padding, window, now, each, steps }.run().unwrap()
}

#[test]
fn without_memory_the_attack_isolates_a_household_with_most_claims() {
    for (search, each) in [(Search::Halve, 4), (Search::StepDown, 1)] {
        let tally = attack("no memory", search, Padding::None, each, STEPS);
        let (isolated, claims) = (tally.isolated.len(), tally.claims);
        assert!(isolated > 2 && isolated + 3 > claims, "{isolated} of {claims}");
        assert!(isolated as f64 > 5.0 * tally.by_chance, "{isolated} {}", tally.by_chance);
        assert_eq!(tally.refused, 0);
        assert!(tally.told_apart > 0);
    }
}

#[test]
fn the_default_policy_isolates_nobody_and_tells_no_two_areas_apart() {
    for (search, padding) in [
        (Search::Halve, Padding::None),
        (Search::Halve, Padding::EmptyLand),
        (Search::Halve, Padding::Accomplices),
        (Search::StepDown, Padding::None),
        (Search::StepDown, Padding::EmptyLand),
        (Search::StepDown, Padding::Chain),
        (Search::StepDown, Padding::Accomplices),
        (Search::StepUp, Padding::EmptyLand),
        (Search::StepUp, Padding::Accomplices),
    ] {
        let tally = attack("the default", search, padding, 8, 12);
        assert!(tally.sent > tally.refused + 2, "{} of {} refused", tally.refused, tally.sent);
        assert_eq!((tally.told_apart, tally.claims, tally.isolated.len()), (0, 0, 0));
    }
}

/// So it is not that nobody was asked, or that all was refused.
#[test]
fn what_outcomes_add_is_what_refusal_and_guard_leave_open() {
    let tally = attack("refusal and guard", Search::StepDown, Padding::EmptyLand, 1, STEPS);
    let isolated = tally.isolated.len();
    assert!(isolated > 2 && isolated as f64 > 5.0 * tally.by_chance, "{isolated}");
    let tally = attack("refusal and guard", Search::StepDown, Padding::None, 4, STEPS);
    assert!(tally.refused > 0 && tally.refused < tally.sent, "{} refused", tally.refused);
    assert_eq!(tally.isolated.len(), 0);
    // Without refusal or guard, outcomes hold all the same.
    let tally = attack("outcomes alone", Search::StepDown, Padding::EmptyLand, 8, 12);
    assert_eq!((tally.refused, tally.told_apart, tally.claims), (0, 0, 0));
    assert!(tally.sent > 12);
}

#[test]
fn no_overlap_at_all_withstands_padding_as_well() {
    for (search, padding) in
        [(Search::Halve, Padding::EmptyLand), (Search::StepDown, Padding::None)]
    {
        let tally = attack("no overlap at all", search, padding, 4, STEPS);
        assert!(tally.sent > tally.refused, "nothing was let pass");
        assert_eq!(tally.isolated.len(), 0);
    }
}

/// What the documentation admits: whoever has ten households in an area knows what the eleventh did.
#[test]
fn accomplices_beside_one_house_still_tell_what_it_did() {
    let tally = attack("the default", Search::OneHouse, Padding::Accomplices, 1, STEPS);
    let (isolated, claims) = (tally.isolated.len(), tally.claims);
    assert!(claims > 2 && 2 * isolated > claims, "{isolated} of {claims}");
}
