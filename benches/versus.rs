//! The library against its peers: one process, one data set, the same requests.
//!
//! `cargo bench --bench versus -- --cameras 10000000 [--long] [--case NAME] [--agreed 1/2] [--engine NAME]
//! [--seed N] [--rounds N] [--population FILE.csv] [--memory] [--json]`
//!
//! For each share of owners who agreed (half, unless it is a long run), a data set is drawn and every engine built. Before anything
//! is timed, all engines answer all requests of a case, and the recipients must be equal: else it
//! exits 1. That is the warm-up as well. Then each engine in turn answers all requests in a
//! shuffled order, round after round. All times of all rounds make the median and the 99th
//! percentile. The last lines are the table of comparison.
//!
//! The bytes are those that live after the build and not before, by a counting allocator.

mod support;

use std::alloc::System;
use std::process::ExitCode;

use canvass::{CameraId, OwnerId};
use serde::Serialize;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use support::cases::{Around, Case, Query, Rules};
use support::compared::Compared;
use support::engines::library::{Beside, Way};
use support::engines::{self, Engine};
use support::memory;
use support::options::Options;
use support::population::{DataSet, rng};
use support::share::Share;
use support::timing::Times;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const USUAL_CAMERAS: usize = 1_000_000;
/// A scan takes part by itself up to here, and not at all past the second number.
const SCANNED: (usize, usize) = (100_000, 1_000_000);

fn main() -> ExitCode {
    let options = Options::read();
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

type Fallible<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn run(options: &Options) -> Fallible {
    let cameras = options.cameras(USUAL_CAMERAS);
    let cases = chosen_cases(options)?;
    let names = chosen_engines(options, cameras)?;
    for agreed in options.shares() {
        eprintln!("drawing {cameras} cameras, {agreed} of owners agreed, seed {}", options.seed);
        let set = match &options.population {
            None => DataSet::draw(cameras, agreed, options.seed),
            Some(file) => DataSet::populate(cameras, agreed, options.seed, file)?,
        };
        if options.memory {
            memory::print(&set, live_bytes);
            continue;
        }
        let mut contenders = Vec::new();
        for name in &names {
            contenders.push(Contender::build(name, &set));
        }
        contenders.extend(Contender::beside(&contenders));
        if !options.json {
            print_head(&set, agreed, options.seed);
        }
        let mut compared = Compared::new(!options.smoke);
        for case in &cases {
            let results = measure(case, agreed, &set, &mut contenders, options)?;
            print(case, agreed, &results, options.json)?;
            let times = results.iter().map(|measured| (measured.engine, measured.median_us));
            compared.add(case.name, results.first().map_or(0.0, |first| first.owners), times);
        }
        if !options.json {
            print!("{compared}");
        }
    }
    Ok(())
}

fn chosen_cases(options: &Options) -> Fallible<Vec<Case>> {
    if options.cases.is_empty() {
        return Ok(Case::UNDER_DEFAULT.into_iter().chain(Case::ALL).collect());
    }
    let named = |name: &String| Case::named(name).ok_or_else(|| format!("no case `{name}`").into());
    options.cases.iter().map(named).collect()
}

fn chosen_engines(options: &Options, cameras: usize) -> Fallible<Vec<&'static str>> {
    let (usually, at_most) = SCANNED;
    if let Some(name) = options.engines.iter().find(|name| !engines::NAMES.contains(&name.as_str()))
    {
        return Err(format!("no engine `{name}`; there are {}", engines::NAMES.join(", ")).into());
    }
    let scans = options.engines.iter().any(|name| name == "scan");
    if scans && cameras > at_most {
        return Err(format!("`scan` takes at most {at_most} cameras").into());
    }
    let chosen = |name: &str| {
        if options.engines.is_empty() {
            name != "scan" || cameras <= usually
        } else {
            options.engines.iter().any(|chosen| chosen == name)
        }
    };
    Ok(engines::NAMES.into_iter().filter(|name| chosen(name)).collect())
}

/// An engine that was built, and what that took.
struct Contender<'a> {
    engine: Box<dyn Engine + 'a>,
    build_s: f64,
    bytes_per_camera: f64,
}

impl<'a> Contender<'a> {
    fn build(name: &str, set: &'a DataSet) -> Self {
        let before = live_bytes();
        let (engine, build_s) = engines::build(name, set);
        let bytes_per_camera = (live_bytes() - before) as f64 / set.cameras.len() as f64;
        eprintln!("built {name} in {build_s:.2} s, {bytes_per_camera:.1} bytes a camera");
        Self { engine, build_s, bytes_per_camera }
    }

    /// The library in other ways, in the registry that was built.
    fn beside(built: &[Self]) -> Vec<Self> {
        let ours =
            built.iter().find_map(|contender| Some((contender, contender.engine.snapshot()?)));
        let Some((ours, snapshot)) = ours else { return Vec::new() };
        let ways = [Way::Unlimited, Way::Reviewed].into_iter();
        ways.map(|way| Self { engine: Box::new(Beside::new(way, snapshot.clone())), ..*ours })
            .collect()
    }

    /// Whether it has a part in a case: the library in another way only where there is a policy.
    fn takes_part(&self, case: &Case) -> bool {
        let is_beside = matches!(self.engine.name(), "unlimited" | "with review");
        case.rules != Rules::Unlimited || !is_beside
    }
}

fn live_bytes() -> isize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.wrapping_sub(stats.bytes_deallocated).cast_signed()
}

/// A row of the result.
#[derive(Serialize)]
struct Measured {
    case: &'static str,
    agreed: String,
    engine: &'static str,
    cameras: usize,
    median_us: f64,
    p99_us: f64,
    /// On average over the requests.
    owners: f64,
    build_s: f64,
    bytes_per_camera: f64,
}

fn measure(
    case: &Case,
    agreed: Share,
    set: &DataSet,
    contenders: &mut [Contender<'_>],
    options: &Options,
) -> Fallible<Vec<Measured>> {
    let requests = case.requests.div_ceil(if options.smoke {
        100
    } else if options.long {
        1
    } else {
        2
    });
    let rounds = options.rounds(case.rounds, case.rounds.div_ceil(3));
    let mut queries = case.draw(requests, set, options.seed);
    let mut contenders: Vec<&mut Contender<'_>> =
        contenders.iter_mut().filter(|contender| contender.takes_part(case)).collect();
    let owners = compare(case, agreed, &queries, &mut contenders)?;
    rng(options.seed, "order").shuffle(&mut queries);

    let mut times = vec![Times::default(); contenders.len()];
    for round in 0..rounds {
        for turn in 0..contenders.len() {
            let contender = (round + turn) % contenders.len();
            let engine = &mut contenders[contender].engine;
            for query in &queries {
                times[contender].time(|| engine.route(query));
            }
        }
    }
    let measured = contenders.iter().zip(&times).map(|(contender, times)| Measured {
        case: case.name,
        agreed: agreed.to_string(),
        engine: contender.engine.name(),
        cameras: set.cameras.len(),
        median_us: times.median(),
        p99_us: times.p99(),
        owners: owners as f64 / queries.len() as f64,
        build_s: contender.build_s,
        bytes_per_camera: contender.bytes_per_camera,
    });
    Ok(measured.collect())
}

/// Lets every engine answer every request; the number of owners in all answers.
fn compare(
    case: &Case,
    agreed: Share,
    queries: &[Query],
    contenders: &mut [&mut Contender<'_>],
) -> Fallible<usize> {
    let mut owners = 0;
    for (number, query) in queries.iter().enumerate() {
        let mut expected: Option<(&str, Vec<(OwnerId, CameraId)>)> = None;
        for contender in &mut *contenders {
            let engine = &mut contender.engine;
            engine.route(query);
            if !engine.is_compared() {
                continue;
            }
            let rows = engine.rows();
            match &expected {
                None => {
                    owners += engine.owners();
                    expected = Some((engine.name(), rows));
                }
                Some((other, expected)) if *expected != rows => {
                    let place = expected.iter().zip(&rows).take_while(|(a, b)| a == b).count();
                    return Err(format!(
                        "case {}, agreed {agreed}, request {number}: row {place} of {} by {other} \
                         is {:?}, and of {} by {} is {:?}",
                        case.name,
                        expected.len(),
                        expected.get(place),
                        rows.len(),
                        engine.name(),
                        rows.get(place),
                    )
                    .into());
                }
                Some(_) => {}
            }
        }
    }
    // Equal answers prove nothing where nobody could be asked.
    let some = case.around == Around::People && agreed.fraction() >= 0.5;
    if some && owners == 0 {
        return Err(format!("case {}, agreed {agreed}: nobody is asked at all", case.name).into());
    }
    Ok(owners)
}

fn print_head(set: &DataSet, agreed: Share, seed: u64) {
    println!(
        "\n{} cameras of {} owners in {} places, agreed {agreed}, seed {seed}",
        set.cameras.len(),
        set.owners.len(),
        set.centres.len()
    );
    println!(
        "{:<10} {:>9} {:<12} {:>12} {:>12} {:>12} {:>8}",
        "case", "owners", "engine", "median us", "p99 us", "x canvass", "target"
    );
}

fn print(case: &Case, agreed: Share, results: &[Measured], json: bool) -> Fallible {
    let ours = results.iter().find(|measured| measured.engine == "canvass");
    for measured in results {
        if json {
            println!("{}", serde_json::to_string(measured)?);
            continue;
        }
        let ratio = ours.map(|ours| measured.median_us / ours.median_us);
        let target =
            case.targets.filter(|_| agreed == Share::HALF).and_then(
                |(rstar, packed)| match measured.engine {
                    "rstar" => Some(rstar),
                    "geo-index" => Some(packed),
                    _ => None,
                },
            );
        println!(
            "{:<10} {:>9.1} {:<12} {:>12.2} {:>12.2} {:>12} {:>8}",
            measured.case,
            measured.owners,
            measured.engine,
            measured.median_us,
            measured.p99_us,
            ratio.map_or(String::new(), |ratio| format!("{ratio:.1}")),
            target.map_or(String::new(), |target| format!("{target}")),
        );
    }
    Ok(())
}
