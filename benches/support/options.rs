//! The options of the command line.

use std::path::PathBuf;

use lexopt::prelude::*;

use super::share::Share;

/// The options of `versus` and `targets`. Cargo's own (`--bench`) is ignored.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The number of cameras; each bench has its default.
    pub cameras: Option<usize>,
    /// The cases to run, all if empty.
    pub cases: Vec<String>,
    /// The shares of owners who agreed; see [`shares`](Self::shares) if empty.
    pub agreed: Vec<Share>,
    /// The engines to run, the default ones if empty.
    pub engines: Vec<String>,
    /// The seed of all randomness.
    pub seed: u64,
    /// The number of rounds, instead of the case's.
    pub rounds: Option<usize>,
    /// A file of homes, instead of the drawn centres.
    pub population: Option<PathBuf>,
    /// Whether to print one JSON object a line instead of tables.
    pub json: bool,
    /// Whether to print where the bytes of a registry are, and to time nothing.
    pub memory: bool,
    /// Whether only to test that it runs, on a few cameras.
    pub smoke: bool,
    /// Whether to take the time for all shares of owners who agreed, and for all rounds.
    pub long: bool,
}

const USAGE: &str = "\
options: --cameras N        how many cameras
         --case NAME        only this case; may be repeated
         --agreed A/B       only this share of owners who agreed; may be repeated
         --engine NAME      only this engine; may be repeated
         --seed N           another data set and other requests
         --rounds N         how often everything is timed
         --population FILE  CSV `id,lon,lat,population`: cameras where people live
         --memory           where the bytes of a registry are, part by part; nothing is timed
         --json             one JSON object a line
         --long             all shares of owners who agreed and all rounds; so does a variable
                            `CANVASS_BENCH=long`, which criterion's benches read as well
         --smoke, --test    few cameras, one round: only to see that it runs";

impl Options {
    /// Reads the command line; prints the usage and exits if it is invalid.
    pub fn read() -> Self {
        Self::parse(lexopt::Parser::from_env()).unwrap_or_else(|error| {
            eprintln!("{error}\n{USAGE}");
            std::process::exit(2)
        })
    }

    fn parse(mut parser: lexopt::Parser) -> Result<Self, lexopt::Error> {
        let mut options = Self { seed: 1, long: is_long(), ..Self::default() };
        let mut benched = false;
        while let Some(option) = parser.next()? {
            match option {
                Long("cameras") => options.cameras = Some(parser.value()?.parse()?),
                Long("case") => options.cases.push(parser.value()?.string()?),
                Long("agreed") => options.agreed.push(parser.value()?.parse()?),
                Long("engine") => options.engines.push(parser.value()?.string()?),
                Long("seed") => options.seed = parser.value()?.parse()?,
                Long("rounds") => options.rounds = Some(parser.value()?.parse()?),
                Long("population") => options.population = Some(parser.value()?.into()),
                Long("json") => options.json = true,
                Long("memory") => options.memory = true,
                Long("smoke" | "test") => options.smoke = true,
                Long("long") => options.long = true,
                Long("bench") => benched = true,
                Long("help") | Short('h') => {
                    println!("{USAGE}");
                    std::process::exit(0);
                }
                _ => return Err(option.unexpected()),
            }
        }
        // `cargo test --benches` does not pass `--bench`.
        options.smoke |= !benched;
        Ok(options)
    }

    /// The number of cameras: the option, or few for a smoke test, or `usual`.
    pub fn cameras(&self, usual: usize) -> usize {
        self.cameras.unwrap_or(if self.smoke { 10_000 } else { usual })
    }

    /// The shares of owners who agreed: as said, or half in a short run.
    pub fn shares(&self) -> Vec<Share> {
        match &self.agreed[..] {
            [] if self.long || self.smoke => Share::ALL.to_vec(),
            [] => vec![Share::HALF],
            chosen => chosen.to_vec(),
        }
    }

    /// How often everything is timed: as said, or once for a smoke test, or as often as a long run or a
    /// short one takes.
    pub fn rounds(&self, long: usize, short: usize) -> usize {
        let usual = if self.long { long } else { short };
        self.rounds.unwrap_or(if self.smoke { 1 } else { usual })
    }
}

/// Whether the environment asks for a long run: cargo passes options to all benches, and criterion
/// refuses those of others.
pub fn is_long() -> bool {
    std::env::var_os("CANVASS_BENCH").is_some_and(|value| value == "long")
}

/// Whether a criterion bench only has to run once: then it takes few cameras. Criterion itself
/// knows these two options as well.
pub fn is_smoke() -> bool {
    let mut arguments = std::env::args();
    let tested = arguments.any(|argument| argument == "--test");
    tested || !std::env::args().any(|argument| argument == "--bench")
}
