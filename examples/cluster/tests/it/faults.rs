//! Faults under load, seeded: processes and engine nodes killed, stopped and started again while two agencies
//! ask and owners change their minds.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use canvass::{Agency, AgencyId, AgencyKind, Change, OwnerId, Policy, RequestId};
use canvass_cluster::demo::placement;
use canvass_cluster::local::Local;
use rustix::process::{Pid, Signal, kill_process};

use crate::checker::{check, records};
use crate::client::*;
use crate::{engine, program};

/// The owners: ten in a row of the map, ten rows.
const OWNERS: u64 = 100;

/// How many faults: 200 within ten minutes with `CANVASS_FAULTS=200`.
fn faults() -> usize {
    std::env::var("CANVASS_FAULTS").map_or(12, |number| number.parse().unwrap())
}

fn seed() -> u64 {
    std::env::var("CANVASS_SEED").map_or(1, |seed| seed.parse().unwrap())
}

#[derive(Debug)]
struct Rng(u64);

impl Rng {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

fn start() -> Option<Local> {
    let server = engine()?;
    let agency = |id| Agency::new(AgencyId(id), "Police", AgencyKind::Local);
    let policy =
        Policy::unlimited().with_min_households(5).with_open_days(10).with_max_open_days(28);
    Some(Local::start(server, program(), placement(), (&policy, &[agency(3), agency(4)])).unwrap())
}

fn signal(local: &Local, name: &str, signal: Signal) {
    let id = local.process(name).and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    kill_process(id.unwrap(), signal).unwrap();
}

/// Registers all owners, all of whom agree, and opens a request about them.
fn populate(front: SocketAddr) -> (Vec<Sent>, RequestId) {
    let lists = (0..OWNERS).map(|owner| {
        let yes = Change::SetConsent { owner: OwnerId(owner), consent: consent(owner) };
        change(front, owner, vec![Change::Register(camera(owner)), yes])
    });
    let sent: Vec<Sent> = lists.collect();
    assert!(sent.iter().all(|list| list.acknowledged.is_some()), "{:?}", sent.first());
    (sent, open(front, 3, 10).unwrap())
}

/// Reads until it succeeds; how long it took.
fn until_looked(front: SocketAddr, request: RequestId, at_most: Duration) -> Duration {
    let begun = Instant::now();
    while let Err(code) = look(front, request, 0) {
        assert!(begun.elapsed() < at_most, "{code} after {:?}", begun.elapsed());
    }
    begun.elapsed()
}

#[test]
fn looks_and_writes_outlive_single_failures() {
    let Some(mut local) = start() else { return };
    let front = local.front().unwrap();
    let (sent, request) = populate(front);
    let last = sent.last().unwrap().acknowledged.unwrap().1;
    let whole = look(front, request, last).unwrap();
    assert_eq!(whole.recipients.len(), 100);

    // A stopped worker: no look fails, and each is whole.
    signal(&local, "w1", Signal::STOP);
    for _ in 0..20 {
        assert_eq!(look(front, request, last).unwrap().recipients.len(), 100);
    }
    signal(&local, "w1", Signal::CONT);

    // A killed worker: looks answer within a second.
    local.kill("w2");
    let took = until_looked(front, request, Duration::from_secs(1));
    eprintln!("a worker was killed: looks answered after {took:?}");
    for _ in 0..20 {
        assert_eq!(look(front, request, last).unwrap().recipients.len(), 100);
    }
    local.start_again("w2").unwrap();

    // All replicas of a partition down: an error by name, and no shorter route.
    let table = placement();
    for name in &table.partitions[0] {
        local.kill(name);
    }
    assert_eq!(look(front, request, last).map(|_| ()), Err("partition_unavailable".to_owned()));
    for name in &table.partitions[0] {
        local.start_again(name).unwrap();
    }
    until_looked(front, request, Duration::from_secs(5));

    // A killed engine node: writes return within fifteen seconds.
    local.kill("node-0");
    let begun = Instant::now();
    while change(front, 2, vec![Change::Withdraw { owner: OwnerId(2) }]).acknowledged.is_none() {
        assert!(begun.elapsed() < Duration::from_secs(15), "writes do not return");
    }
    eprintln!("an engine node was killed: a write was acknowledged after {:?}", begun.elapsed());
    local.start_again("node-0").unwrap();

    // A worker goes out of the table and another comes in, under load: no look is refused.
    let moved = |name: &str| {
        let mut table = placement();
        table
            .partitions
            .iter_mut()
            .flatten()
            .filter(|worker| *worker == "w3")
            .for_each(|worker| name.clone_into(worker));
        table
    };
    let goes_on = AtomicBool::new(true);
    scope(|threads| {
        let looks = threads.spawn(|| {
            let mut looks = 0;
            while goes_on.load(Ordering::Relaxed) {
                let found = look(front, request, last).unwrap();
                assert!(found.recipients.len() >= 99);
                looks += 1;
            }
            looks
        });
        local.place(moved("w4")).unwrap();
        local.start_again("w4").unwrap();
        sleep(Duration::from_secs(2));
        local.kill("w3");
        sleep(Duration::from_secs(1));
        goes_on.store(false, Ordering::Relaxed);
        assert!(looks.join().unwrap() > 10);
    });
}

#[test]
fn faults_under_load_break_nothing() {
    let Some(mut local) = start() else { return };
    let front = local.front().unwrap();
    let (first, _) = populate(front);
    let (sent, looked, handed) =
        (Mutex::new(first), Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let requests = Mutex::new(Vec::new());
    let refused = Mutex::new(std::collections::BTreeMap::<String, usize>::new());
    let is_over = Arc::new(AtomicBool::new(false));
    let goes_on = || !is_over.load(Ordering::Relaxed);
    let mut rng = Rng(seed());
    scope(|threads| {
        for caller in 0..2 {
            let (sent, mut rng) = (&sent, Rng(rng.below(1 << 30)));
            threads.spawn(move || {
                while goes_on() {
                    let owner = OWNERS / 2 * caller + rng.below(OWNERS / 2);
                    let yes = Change::SetConsent { owner: OwnerId(owner), consent: consent(owner) };
                    let changes = match rng.below(4) {
                        0 | 1 => vec![Change::Withdraw { owner: OwnerId(owner) }],
                        2 => vec![yes],
                        _ => vec![Change::Upsert(camera(owner)), yes],
                    };
                    let list = change(front, owner, changes);
                    assert!(!list.is_refused, "{list:?}");
                    sent.lock().unwrap().push(list);
                }
            });
        }
        for agency in [3, 4] {
            let (handed, requests, mut rng) = (&handed, &requests, Rng(rng.below(1 << 30)));
            threads.spawn(move || {
                while goes_on() {
                    let Some(request) = open(front, agency, 1 + rng.below(10)) else { continue };
                    requests.lock().unwrap().push(request);
                    for _ in 0..3 {
                        handed.lock().unwrap().extend(ask(front, request));
                    }
                }
            });
        }
        let (looked, requests, refused, mut own) =
            (&looked, &requests, &refused, Rng(rng.below(1 << 30)));
        threads.spawn(move || {
            while goes_on() {
                let request = {
                    let requests = requests.lock().unwrap();
                    let number = own.below(requests.len().max(1) as u64) as usize;
                    requests.get(number).copied()
                };
                match request.map(|request| look(front, request, 0)) {
                    Some(Ok(found)) => looked.lock().unwrap().push(found),
                    Some(Err(code)) => *refused.lock().unwrap().entry(code).or_default() += 1,
                    None => sleep(Duration::from_millis(10)),
                }
            }
        });
        let begun = Instant::now();
        for number in 0..faults() {
            let names: Vec<String> =
                local.names().filter(|name| *name != "front").map(str::to_owned).collect();
            let name = &names[rng.below(names.len() as u64) as usize];
            let pause = Duration::from_millis(200 + rng.below(1_800));
            if rng.below(2) == 0 {
                local.kill(name);
                sleep(pause);
                local.start_again(name).unwrap();
            } else {
                signal(&local, name, Signal::STOP);
                sleep(pause);
                signal(&local, name, Signal::CONT);
            }
            eprintln!("fault {number} of seed {}: {name}, after {:?}", seed(), begun.elapsed());
        }
        is_over.store(true, Ordering::Relaxed);
    });
    // All is well again: looks are whole, at everything that was acknowledged.
    let (sent, handed) = (sent.into_inner().unwrap(), handed.into_inner().unwrap());
    let last = sent
        .iter()
        .filter_map(|list| list.acknowledged)
        .map(|(_, sequence)| sequence)
        .max()
        .unwrap();
    let mut looked = looked.into_inner().unwrap();
    for request in requests.into_inner().unwrap().into_iter().rev().take(5) {
        let begun = Instant::now();
        let found = loop {
            match look(front, request, last) {
                Ok(found) => break found,
                Err(code) => assert!(begun.elapsed() < Duration::from_secs(20), "{code}"),
            }
        };
        assert!(found.revision >= last);
        looked.push(found);
    }
    let records = records(&local.nats());
    let checked = check(&records, &local.folder().join("key"), (&sent, &looked, &handed));
    eprintln!(
        "{checked:?}, {} lists sent, refused looks: {:?}",
        sent.len(),
        refused.into_inner().unwrap()
    );
    assert!(
        checked.acknowledged > 150 && checked.looks_with_owners > 10 && checked.handed_over > 50,
        "{checked:?}"
    );
}
