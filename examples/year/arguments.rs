//! The command line.

use std::error::Error;
use std::path::PathBuf;
use std::str::FromStr;

use canvass::{Policy, Zone};
use lexopt::{Arg, ValueExt};

pub(crate) const HELP: &str = "\
Plays a year of requests under a policy and prints, by quarter, how it wears.

Usage: year [--city | --town] [options]

  --city              a city of 350,000 households, 8,503 requests, 10 % of households registered
  --town              a town of 100,000 households, 600 requests, a fifth at 30 hot spots, 5 %
                      registered [default]
  --places FILE.csv   households around the places of a file with columns lon, lat and population,
                      such as census block groups, instead of made-up ones
  --policy FILE.json  the policy to play; the library's default if not given
  --replay FILE.json  review the requests of a case file under the policy instead, each against those
                      before it that pass
  --requests N        how many requests
  --side M            the side of an area in metres [default: 350]
  --registered P      the share of households with a camera, in percent
  --seed N            what everything is drawn from [default: 1]
  --json              one object a quarter instead of the table
  -h, --help          this
";

/// The task that the command line describes.
pub(crate) enum Asked {
    Help,
    Run(Box<Arguments>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Population {
    City,
    Town,
}

impl Population {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::City => "city",
            Self::Town => "town",
        }
    }
}

pub(crate) struct Arguments {
    pub(crate) population: Population,
    pub(crate) places: Option<PathBuf>,
    pub(crate) policy: Policy,
    pub(crate) requests: usize,
    pub(crate) side: f64,
    pub(crate) registered: f64,
    pub(crate) seed: u64,
    pub(crate) replay: Option<PathBuf>,
    pub(crate) json: bool,
}

impl Arguments {
    pub(crate) fn from_command_line() -> Result<Asked, Box<dyn Error>> {
        let (mut population, mut policy, mut places) =
            (Population::Town, Policy::in_zone(Zone::UTC), None);
        let (mut requests, mut registered, mut side) = (None, None, 350.0);
        let (mut seed, mut json, mut replay) = (1, false, None);
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("city") => population = Population::City,
                Arg::Long("town") => population = Population::Town,
                Arg::Long("places") => places = Some(PathBuf::from(parser.value()?)),
                Arg::Long("policy") => policy = read_policy(&PathBuf::from(parser.value()?))?,
                Arg::Long("requests") => requests = Some(number(&mut parser, "--requests")?),
                Arg::Long("side") => side = number(&mut parser, "--side")?,
                Arg::Long("registered") => {
                    registered = Some(number(&mut parser, "--registered")?);
                }
                Arg::Long("seed") => seed = number(&mut parser, "--seed")?,
                Arg::Long("replay") => replay = Some(PathBuf::from(parser.value()?)),
                Arg::Long("json") => json = true,
                Arg::Long("help") | Arg::Short('h') => return Ok(Asked::Help),
                other => return Err(other.unexpected().into()),
            }
        }
        let (usual_requests, usual_registered) = match population {
            Population::City => (8_503, 10.0),
            Population::Town => (600, 5.0),
        };
        Ok(Asked::Run(Box::new(Self {
            population,
            places,
            policy,
            requests: requests.unwrap_or(usual_requests),
            side,
            registered: registered.unwrap_or(usual_registered) / 100.0,
            seed,
            replay,
            json,
        })))
    }
}

fn read_policy(file: &PathBuf) -> Result<Policy, Box<dyn Error>> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("--policy: cannot read `{}`: {error}", file.display()))?;
    serde_json::from_str(&text)
        .map_err(|error| format!("--policy: `{}` is not a policy: {error}", file.display()).into())
}

fn number<T: FromStr>(parser: &mut lexopt::Parser, option: &str) -> Result<T, Box<dyn Error>> {
    let text = parser.value()?.string()?;
    text.parse()
        .map_err(|_| format!("{option}: `{text}` is not a value for it (see --help)").into())
}
