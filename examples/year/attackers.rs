//! The results of attackers under the same policy: those of the `attack` example, in its town.

use std::error::Error;

use canvass::jiff::Timestamp;
use canvass::{Policy, Registry};

use crate::attacker::{Attack, Padding, STEPS, Search, Told, World, accomplices};
use crate::town::Town;

pub(crate) const HEADER: &str = "\
Attackers claim which strip of land holds exactly one household with a camera, by outcomes, or by a canary
who sees whether anybody is asked.

attack                        sent  refused   claims    right  by chance";

/// The result of one attack.
pub(crate) struct Attacked {
    pub(crate) name: &'static str,
    sent: usize,
    refused: usize,
    claims: usize,
    right: usize,
    by_chance: f64,
}

impl Attacked {
    pub(crate) fn row(&self) -> String {
        let Self { name, sent, refused, claims, right, by_chance } = self;
        format!("{name:<26} {sent:>7} {refused:>8} {claims:>8} {right:>8} {by_chance:>10.1}")
    }

    /// The share of right claims; 0 without claims.
    pub(crate) fn right_share(&self) -> f64 {
        if self.claims == 0 { 0.0 } else { self.right as f64 / self.claims as f64 }
    }
}

/// Runs the attacks, each on all sites of the town.
pub(crate) fn run(policy: &Policy) -> Result<Vec<Attacked>, Box<dyn Error>> {
    let now: Timestamp = "2026-05-04T09:00:00Z".parse()?;
    let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
    let town = Town::build(now)?;
    let registry = Registry::bulk_load(&town.cameras, town.consents.clone())?;
    let plain = registry.apply(town.asked_before.clone())?;
    let infiltrated = registry.apply(accomplices()?)?;
    let attacks = [
        ("halving", Told::Outcome, Search::Halve, Padding::EmptyLand),
        ("stepping down", Told::Outcome, Search::StepDown, Padding::EmptyLand),
        ("stepping up, accomplices", Told::Outcome, Search::StepUp, Padding::Accomplices),
        ("one house, accomplices", Told::Outcome, Search::OneHouse, Padding::Accomplices),
        ("halving with a canary", Told::WhetherAsked, Search::Halve, Padding::EmptyLand),
    ];
    let run = |(name, told, search, padding)| {
        let snapshot = if padding == Padding::Accomplices { &infiltrated } else { &plain };
        let world = &World { name, policy: policy.clone(), told };
        let (town, each, steps, seed) = (&town, 1, STEPS, 7);
        let attack =
            Attack { town, snapshot, world, search, padding, window, now, each, steps, seed };
        let tally = attack.run()?;
        Ok(Attacked {
            name,
            sent: tally.sent,
            refused: tally.refused,
            claims: tally.claims,
            right: tally.isolated.len(),
            by_chance: tally.by_chance,
        })
    };
    attacks.into_iter().map(run).collect()
}
