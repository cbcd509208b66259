//! Plays an agency that tries to find out which homes have a camera, and counts how often it is right.
//!
//! ```sh
//! cargo run --release --example attack
//! cargo run --release --example attack -- --tries 20000   # narrower intervals
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

mod attacker;
mod combined;
mod coverages;
mod desk;
mod disclosures;
mod guesses;
mod picture;
mod registered;
mod shared_state;
#[path = "../quickstart/town.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "a crate of its own, included; the quickstart draws more of it"
)]
mod town;

use std::error::Error;
use std::time::Instant;

use attacker::{Attack, Padding, STEPS, Search, Told, WAYS, accomplices, worlds};
use canvass::jiff::Timestamp;
use canvass::{Registry, Snapshot, TimeWindow};
use lexopt::{Arg, ValueExt};
use town::Town;

const PICTURE: &str = "canvass-attack.svg";

const LEGEND: &str = "\
An agency draws area after area that differ by a strip of land, and claims that a strip holds exactly one
household with a camera where it was told two bands. `attack` is how it draws, `is told` what it
is told: `the default` is what the library tells. A canary is an accomplice in each area, who sees whether
anybody is asked.

  sent        requests that it submitted
  refused     those of them that the policy refused
  told apart  requests that were told another band than the first one of their place
  claims      strips of which it says that they hold one household
  isolated    claims that are true
  by chance   strips of the same sizes, anywhere in their places, of which that would be true
";

fn main() -> Result<(), Box<dyn Error>> {
    let tries = tries()?;
    let now: Timestamp = "2026-05-04T09:00:00Z".parse()?;
    let window = "2026-05-01T18:00:00Z/2026-05-01T21:00:00Z".parse()?;
    let town = Town::build(now)?;
    let registry = Registry::bulk_load(&town.cameras, town.consents.clone())?;
    let snapshot = registry.apply(town.asked_before.clone())?;
    let infiltrated = registry.apply(accomplices()?)?;
    println!("{} houses, {} cameras\n\n{LEGEND}", town.houses.len(), town.cameras.len());
    println!(
        "{:<18} {:<22} {:>6} {:>8} {:>10} {:>7} {:>9} {:>10} {:>8}",
        "is told",
        "attack",
        "sent",
        "refused",
        "told apart",
        "claims",
        "isolated",
        "by chance",
        "seconds"
    );
    let mut pictured = None;
    for world in &worlds() {
        for (padding, search, name) in [
            (Padding::None, Search::Halve, "halving"),
            (Padding::None, Search::StepDown, "stepping down"),
            (Padding::None, Search::StepUp, "stepping up"),
            (Padding::EmptyLand, Search::Halve, "halving, padded"),
            (Padding::EmptyLand, Search::StepDown, "stepping down, padded"),
            (Padding::EmptyLand, Search::StepUp, "stepping up, padded"),
            (Padding::Chain, Search::StepDown, "stepping down, chained"),
            (Padding::Accomplices, Search::Halve, "halving, accomplices"),
            (Padding::Accomplices, Search::StepUp, "stepping up, accompl."),
            (Padding::Accomplices, Search::OneHouse, "one house, accomplices"),
        ] {
            let start = Instant::now();
            let is_infiltrated = padding == Padding::Accomplices;
            let snapshot = if is_infiltrated { &infiltrated } else { &snapshot };
            let (town, each, steps) = (&town, 1, STEPS);
            let seed = 7;
            let attack =
                Attack { town, snapshot, world, search, padding, window, now, each, steps, seed };
            let tally = attack.run()?;
            println!(
                "{:<18} {name:<22} {:>6} {:>8} {:>10} {:>7} {:>9} {:>10.1} {:>8.2}",
                world.name,
                tally.sent,
                tally.refused,
                tally.told_apart,
                tally.claims,
                tally.isolated.len(),
                tally.by_chance,
                start.elapsed().as_secs_f64(),
            );
            pictured.get_or_insert((format!("{}, {name}", world.name), tally));
        }
    }
    guesses::print(tries)?;
    outcomes_over_seeds(&town, &snapshot, &infiltrated, window, now)?;
    if let Some((which, tally)) = pictured {
        std::fs::write(PICTURE, picture::draw(&town, &which, &tally)?)?;
        println!("\n{PICTURE}: the first of these attacks ({which})");
    }
    Ok(())
}

/// How often each guess is made: `--tries N`.
fn tries() -> Result<u32, Box<dyn Error>> {
    let mut parser = lexopt::Parser::from_env();
    let mut tries = 400;
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("tries") => {
                let text = parser.value()?.string()?;
                let number = text.parse().ok().filter(|&number| number > 0);
                tries = number.ok_or(format!("--tries: `{text}` is not a number from 1 on"))?;
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(tries)
}

/// The ways of attacking outcomes, each with twenty seeds of the operator: right claims beside those by chance.
fn outcomes_over_seeds(
    town: &Town,
    snapshot: &Snapshot,
    infiltrated: &Snapshot,
    window: TimeWindow,
    now: Timestamp,
) -> Result<(), Box<dyn Error>> {
    let worlds = worlds();
    let world = worlds.iter().find(|world| world.told == Told::Outcome).ok_or("no such world")?;
    let (mut claims, mut right, mut by_chance) = (0, 0, 0.0);
    for seed in 0..20 {
        for (search, padding) in WAYS {
            let snapshot = if padding == Padding::Accomplices { infiltrated } else { snapshot };
            let (each, steps) = (4, 12);
            let attack =
                Attack { town, snapshot, world, search, padding, window, now, each, steps, seed };
            let tally = attack.run()?;
            claims += tally.claims;
            right += tally.isolated.len();
            by_chance += tally.by_chance;
        }
    }
    println!(
        "\noutcomes, 8 ways, 20 seeds: {right} of {claims} claims right, {by_chance:.1} by chance: {:.2} times",
        right as f64 / by_chance
    );
    Ok(())
}
