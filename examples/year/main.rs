//! Plays a year of requests and shows a policy's cost and protection before you roll it out.
//!
//! ```sh
//! cargo run --release --example year -- --town
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example prints")]

mod arguments;
#[path = "../attack/attacker/mod.rs"]
#[allow(dead_code, reason = "the attack example draws more")]
mod attacker;
mod attackers;
mod city;
mod incidents;
mod picture;
mod progress;
mod quarter;
mod replay;
#[path = "../quickstart/town.rs"]
#[allow(dead_code, unreachable_pub, reason = "the quickstart draws more of the town")]
mod town;
mod year;

use std::error::Error;
use std::process::ExitCode;

use arguments::{Arguments, Asked, HELP};
use city::City;
use quarter::{Quarter, header};
use year::Year;

const PICTURE: &str = "canvass-year.svg";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments = match Arguments::from_command_line()? {
        Asked::Help => {
            print!("{HELP}");
            return Ok(());
        }
        Asked::Run(arguments) => arguments,
    };
    if let Some(file) = &arguments.replay {
        return replay::print(file, &arguments.policy);
    }
    let city = City::build(&arguments)?;
    let quarters = Year::new(&arguments, &city)?.run()?;
    if arguments.json {
        for quarter in &quarters {
            println!("{}", quarter.to_json(arguments.population.name())?);
        }
        return Ok(());
    }
    println!(
        "{}: {} households in {:.0} km2, {} of them registered with {} cameras; {} requests of {:.0} m\n",
        arguments.population.name(),
        city.households,
        city.km2(),
        city.owners(),
        city.cameras.len(),
        arguments.requests,
        arguments.side,
    );
    println!("{}", header());
    for quarter in &quarters {
        println!("{}", quarter.row());
    }
    println!("{}", Quarter::total(&quarters).row());
    println!("\n{}", attackers::HEADER);
    let attacks = attackers::run(&arguments.policy)?;
    for attack in &attacks {
        println!("{}", attack.row());
    }
    let svg = picture::draw(arguments.population.name(), &quarters, &attacks)?;
    std::fs::write(PICTURE, svg)?;
    println!("\n{PICTURE}: the same as a picture");
    Ok(())
}
