//! A registry from its tiles, compared with registering everything again: one process, one data
//! set.
//!
//! `cargo bench --bench tiles -- [--cameras N] [--agreed A/B] [--seed N] [--rounds N] [--json]`
//!
//! Everything is registered by `apply`, a million changes at a time, as in a service without tiles.
//! Then tiles are taken, written and read. The restored registry must write the same tiles, or the
//! bench stops.

mod support;

use canvass::tiles::Tile;
use canvass::{Change, Registry};
use serde::Serialize;

use support::options::Options;
use support::population::DataSet;
use support::share::Share;
use support::timing::Times;

/// The number of changes in one batch.
const BATCH: usize = 1_000_000;

fn main() {
    let options = Options::read();
    let cameras = options.cameras(1_000_000);
    let agreed = options.agreed.first().copied().unwrap_or(Share::HALF);
    eprintln!("drawing {cameras} cameras, {agreed} of owners agreed, seed {}", options.seed);
    let set = DataSet::draw(cameras, agreed, options.seed);
    let measured = measure(&set, options.rounds.unwrap_or(if options.smoke { 1 } else { 3 }));
    if options.json {
        println!("{}", serde_json::to_string(&measured).expect("plain fields"));
        return;
    }
    println!("{cameras} cameras, {agreed} of owners agreed, seed {}", options.seed);
    println!("registered by apply          {:>9.2} s", measured.registered_s);
    println!("tiles taken                  {:>9.3} s", measured.taken_s);
    println!("tiles written                {:>9.2} s", measured.written_s);
    println!("{:<6} tiles                 {:>9.1} bytes a camera", measured.tiles, measured.bytes);
    println!("from_tiles                   {:>9.2} s", measured.read_s);
    println!("of that as fast (meant: 3)   {:>9.1} x", measured.registered_s / measured.read_s);
}

#[derive(Serialize)]
struct Measured {
    registered_s: f64,
    taken_s: f64,
    written_s: f64,
    read_s: f64,
    tiles: usize,
    /// The bytes of all tiles, by camera.
    bytes: f64,
}

fn measure(set: &DataSet, rounds: usize) -> Measured {
    let [mut registered, mut taken, mut written, mut read] = [(); 4].map(|()| Times::default());
    let registry = Registry::new();
    let mut changes = changes(set).peekable();
    // One batch is made at a time, outside the timed part.
    let mut seconds = 0.0;
    while changes.peek().is_some() {
        let batch: Vec<Change> = changes.by_ref().take(BATCH).collect();
        let mut time = Times::default();
        time.time(|| registry.apply(batch)).expect("ids are unique");
        seconds += time.median() / 1e6;
    }
    registered.push(std::time::Duration::from_secs_f64(seconds));
    let revision = registry.snapshot().revision();
    let kept = taken.time(|| registry.tiles());
    let tiles: Vec<Vec<u8>> = written.time(|| kept.changed.iter().map(Tile::encode).collect());
    drop((kept, registry));
    for round in 0..rounds {
        let restored = read.time(|| Registry::from_tiles(revision, &tiles)).expect("good tiles");
        if round == 0 {
            assert_eq!(restored.snapshot().cameras(), set.cameras.len());
            let again = restored.tiles().changed;
            assert!(again.len() == tiles.len() && again.iter().zip(&tiles).all(same));
        }
    }
    let bytes: usize = tiles.iter().map(Vec::len).sum();
    let [registered_s, taken_s, written_s, read_s] =
        [registered, taken, written, read].map(|times| times.median() / 1e6);
    let bytes = bytes as f64 / set.cameras.len() as f64;
    Measured { registered_s, taken_s, written_s, read_s, tiles: tiles.len(), bytes }
}

fn same((tile, bytes): (&Tile, &Vec<u8>)) -> bool {
    tile.encode() == *bytes
}

/// All changes of the data set's registry.
fn changes(set: &DataSet) -> impl Iterator<Item = Change> + '_ {
    let registered = set.cameras.iter().copied().map(Change::Register);
    let agreed = set.consents().map(|(owner, consent)| Change::SetConsent { owner, consent });
    registered.chain(agreed).chain(set.asked())
}
