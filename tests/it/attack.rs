//! The example's attacker against the differencing guard: what works, and what does not.

use std::sync::LazyLock;

use canvass::{Registry, Snapshot, TimeWindow};

use crate::support::{at, noon};

#[path = "../../examples/attack/attacker.rs"]
#[allow(dead_code, reason = "the example draws more")]
mod attacker;
#[path = "../../examples/quickstart/town.rs"]
#[allow(dead_code, reason = "the quickstart draws more of the town")]
mod town;

use attacker::{Attack, Padding, Search, Tally, worlds};

static TOWN: LazyLock<(town::Town, Snapshot)> = LazyLock::new(|| {
    let town = town::Town::build(noon()).unwrap();
    let registry = Registry::bulk_load(&town.cameras, town.consents.clone()).unwrap();
    let snapshot = registry.apply(town.asked_before.clone()).unwrap();
    (town, snapshot)
});

fn attack(name: &str, search: Search, padding: Padding) -> Tally {
    let worlds = worlds();
    let world = worlds.iter().find(|world| world.name == name).unwrap();
    let window = TimeWindow::new(at("2026-05-07T18:00:00Z"), at("2026-05-07T21:00:00Z")).unwrap();
    let ((town, snapshot), now) = (&*TOWN, noon());
    Attack { town, snapshot, world, search, padding, window, now }.run().unwrap()
}

#[test]
fn without_memory_the_attack_isolates_a_household_with_nearly_each_claim() {
    for (search, least) in [(Search::Halve, 40), (Search::StepDown, 5)] {
        let tally = attack("no memory", search, Padding::None);
        let (isolated, claims) = (tally.isolated.len(), tally.claims);
        assert!(isolated >= least && isolated + 2 > claims, "{isolated} of {claims}");
        assert!(isolated as f64 > 5.0 * tally.by_chance, "{isolated} {}", tally.by_chance);
        assert_eq!(tally.refused, 0);
    }
}

#[test]
fn refusal_and_guard_together_leave_nothing_to_isolate() {
    for search in [Search::Halve, Search::StepDown] {
        let tally = attack("both", search, Padding::None);
        assert!(tally.refused > 0 && tally.refused < tally.sent, "{} refused", tally.refused);
        assert_eq!(tally.isolated.len(), 0);
    }
}

/// What the documentation admits; whoever closes the gap turns this round.
#[test]
fn the_guard_alone_and_padding_leave_steps_down_to_isolate_by() {
    for (world, padding) in [("guard alone", Padding::None), ("both", Padding::EmptyLand)] {
        let tally = attack(world, Search::StepDown, padding);
        assert!(tally.isolated.len() as f64 > 2.0 * tally.by_chance, "{}", tally.isolated.len());
    }
}

#[test]
fn no_overlap_at_all_withstands_padding_as_well() {
    for search in [Search::Halve, Search::StepDown] {
        for padding in [Padding::None, Padding::EmptyLand] {
            let tally = attack("no overlap at all", search, padding);
            assert!(tally.sent > tally.refused, "nothing was let pass");
            assert_eq!(tally.isolated.len(), 0);
        }
    }
}
