//! Faults under load, seeded: processes and engine nodes are killed, stopped and cut off while two agencies ask and
//! owners change their minds. A checker then compares every answer with the log.

use std::sync::Mutex;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use canvass_cluster::local::cluster::Local;
use rustix::process::Signal;

use crate::checker::{self, check, records};
use crate::client::*;
use crate::engine::engine;
use crate::load::{Load, REGION, Rng, counted, populate, start_with};
use crate::spaces::{Cables, enter};

const NODES: [&str; 3] = ["node-0", "node-1", "node-2"];
const PROCESSES: [&str; 7] = ["w0", "w1", "w2", "w3", "r0", "r1", "front"];

/// How many faults.
fn faults() -> u64 {
    std::env::var("CANVASS_FAULTS").map_or(12, |number| number.parse().unwrap())
}

fn seed() -> u64 {
    std::env::var("CANVASS_SEED").map_or(1, |seed| seed.parse().unwrap())
}

/// Makes faults among some children, one after the other, with pauses between.
fn make_faults(
    local: &Mutex<Local>,
    cables: &Cables,
    names: &[&str],
    number: u64,
    calm: u64,
    mut rng: Rng,
) -> Vec<&'static str> {
    let mut made = Vec::new();
    for fault in 0..number {
        let name = names[rng.below(names.len() as u64) as usize];
        let lasts = Duration::from_millis(150 + rng.below(1_000));
        let lock = || local.lock().unwrap();
        let kinds = if cables.can_cut() { 3 } else { 2 };
        let kind = match rng.below(kinds) {
            0 => {
                lock().kill(name);
                sleep(lasts);
                lock().spawn(name).unwrap();
                "killed"
            }
            1 => {
                lock().children().signal(name, Signal::STOP);
                sleep(lasts);
                lock().children().signal(name, Signal::CONT);
                "stopped"
            }
            _ => {
                cables.set(name, false);
                // Long enough that others notice.
                sleep(2 * lasts);
                cables.set(name, true);
                "cut off"
            }
        };
        made.push(kind);
        // A process that starts while most nodes are cut off is refused, and started again.
        made.extend(lock().supervise().unwrap().iter().map(|_| "started again"));
        if fault % 20 == 19 {
            eprintln!("{} faults among {names:?}", fault + 1);
        }
        sleep(Duration::from_millis(rng.below(calm)));
    }
    made
}

#[test]
fn faults_under_load_break_nothing() {
    let Some((server, _turn)) = engine() else { return };
    if !enter("faults::faults_under_load_break_nothing") {
        return;
    }
    let cables = Cables::lay(NODES.into_iter().chain(PROCESSES));
    // A sixteenth of the engine's default, so that few changes are too many for one message.
    let local = Mutex::new(start_with(server, &cables, Some(1 << 16)));
    let front = local.lock().unwrap().front().unwrap();
    let load = Load::default();
    let (first, request) = populate(front);
    load.sent.lock().unwrap().extend(first);
    load.requests.lock().unwrap().push(request);
    let mut rng = Rng(seed());
    let begun = Instant::now();
    let made = scope(|threads| {
        load.run(threads, front, &mut rng);
        // A fault of a node lasts longer, since the engine chooses another leader.
        let nodes = faults() / 5;
        let (one, other) = (Rng(rng.below(1 << 30)), Rng(rng.below(1 << 30)));
        let (local, cables) = (&local, &cables);
        let engine = threads.spawn(move || make_faults(local, cables, &NODES, nodes, 6_000, one));
        let mut made = make_faults(local, cables, &PROCESSES, faults() - nodes, 600, other);
        made.extend(engine.join().unwrap());
        load.is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        made
    });
    let took = begun.elapsed();
    assert_eq!(made.iter().filter(|&&kind| kind != "started again").count() as u64, faults());
    local.lock().unwrap().supervise().unwrap();
    // All is well again: looks are whole, at everything that was acknowledged.
    let last = load.last();
    let requests = load.requests.lock().unwrap().clone();
    for request in requests.into_iter().rev().take(5) {
        let begun = Instant::now();
        loop {
            match look(front, request, last) {
                Ok(found) => break load.looked.lock().unwrap().push(found),
                Err(code) if code == "not_open" => break,
                Err(code) => assert!(begun.elapsed() < Duration::from_secs(30), "{code}"),
            }
        }
    }
    let local = local.into_inner().unwrap();
    let records = records(&local.nats(), REGION, 3);
    let key = checker::key(&local.folder().join("key"));
    let (sent, looked, handed) =
        (load.sent.lock().unwrap(), load.looked.lock().unwrap(), load.handed.lock().unwrap());
    let checked = check(&records, &key, (&sent, &looked, &handed));
    let refused = load.refused.lock().unwrap();
    eprintln!(
        "seed {}: {:?} in {took:.1?}; {checked:?}; {} lists sent; refused or unknown: {refused:?}",
        seed(),
        counted(made.iter().copied()),
        sent.len()
    );
    let least = faults() as usize;
    assert!(
        checked.acknowledged > 100 + 3 * least
            && checked.looks_with_owners > least
            && checked.handed_over > 20 + least / 4
            && checked.in_pieces > least / 4,
        "too little happened for a verdict: {checked:?}"
    );
}
