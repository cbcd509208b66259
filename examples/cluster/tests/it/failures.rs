//! Single failures, each with the time after which the cluster answers again.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use canvass::{Change, OwnerId, RequestId};
use canvass_cluster::local::cluster::Local;
use rustix::process::Signal;
use std::sync::MutexGuard;

use crate::client::*;
use crate::engine::engine;
use crate::load::{populate, start, table};
use crate::spaces::Cables;

/// A cluster with a town of a hundred owners, one request about all of them, and the last record.
struct Town {
    local: Local,
    front: SocketAddr,
    request: RequestId,
    last: u64,
    _turn: MutexGuard<'static, ()>,
}

fn town() -> Option<Town> {
    let (server, turn) = engine()?;
    let local = start(server, &Cables::default());
    let front = local.front().unwrap();
    let (sent, request) = populate(front);
    let last = sent.last().unwrap().acknowledged.unwrap().1;
    let town = Town { local, front, request, last, _turn: turn };
    assert_eq!(town.look(), Ok(100));
    Some(town)
}

impl Town {
    /// The number of owners in the route, or the code of the refusal.
    fn look(&self) -> Result<usize, String> {
        look(self.front, self.request, self.last).map(|found| found.recipients.len())
    }

    /// Withdraws and agrees again; how long it took until both were acknowledged. Looks are from then on as of
    /// the second one or later.
    fn until_written(&mut self, owner: u64, at_most: Duration) -> Duration {
        let begun = Instant::now();
        let yes = Change::SetConsent { owner: OwnerId(owner), consent: consent(owner) };
        for change_of in [Change::Withdraw { owner: OwnerId(owner) }, yes] {
            self.last = loop {
                let sent = change(self.front, owner, vec![change_of.clone()]);
                assert!(begun.elapsed() < at_most, "no write within {:?}", begun.elapsed());
                if let Some((_, sequence)) = sent.acknowledged {
                    break sequence;
                }
            };
        }
        begun.elapsed()
    }
}

#[test]
fn looks_answer_within_a_second_of_a_workers_death() {
    let Some(mut town) = town() else { return };
    for name in ["w2", "w0"] {
        town.local.kill(name);
        let begun = Instant::now();
        while town.look() != Ok(100) {
            assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", town.look());
        }
        eprintln!("{name} was killed: looks answered after {:.1?}", begun.elapsed());
        for _ in 0..20 {
            assert_eq!(town.look(), Ok(100));
        }
        town.local.spawn(name).unwrap();
        town.local.ready(name).unwrap();
    }
}

#[test]
fn no_look_fails_while_a_worker_is_stopped() {
    let Some(mut town) = town() else { return };
    for name in ["w1", "w3"] {
        town.local.children().signal(name, Signal::STOP);
        let mut slowest = Duration::ZERO;
        for _ in 0..50 {
            let begun = Instant::now();
            assert_eq!(town.look(), Ok(100));
            slowest = slowest.max(begun.elapsed());
        }
        // Writes go by another replica.
        let written = town.until_written(7, Duration::from_secs(15));
        eprintln!(
            "{name} was stopped: the slowest of 50 looks took {slowest:.1?}, two writes {written:.1?}"
        );
        town.local.children().signal(name, Signal::CONT);
    }
}

#[test]
fn writes_return_within_fifteen_seconds_of_a_nodes_death() {
    let Some(mut town) = town() else { return };
    for name in ["node-0", "node-1", "node-2"] {
        town.local.kill(name);
        assert_eq!(town.look(), Ok(100));
        let written = town.until_written(7, Duration::from_secs(15));
        eprintln!("{name} was killed: two writes were acknowledged after {written:.1?}");
        assert_eq!(town.look(), Ok(100));
        town.local.spawn(name).unwrap();
        town.local.ready(name).unwrap();
    }
}

#[test]
fn a_lost_partition_is_an_error_and_no_shorter_route() {
    let Some(mut town) = town() else { return };
    let down = table().partitions[0].clone();
    for name in &down {
        town.local.kill(name);
    }
    assert_eq!(town.look(), Err("partition_unavailable".to_owned()));
    let asked = ask(town.front, town.request);
    assert_eq!(asked.map(|_| ()), Err("partition_unavailable".to_owned()));
    for (path, body, expected) in [
        ("/v1/owners/seven", None, (400, "unreadable")),
        ("/v1/owners/7/changes", Some("[".to_owned()), (400, "unreadable")),
        ("/v1/owners/7/changes", Some(" ".repeat((64 << 20) + 1)), (413, "too_large")),
        ("/v1/owners/7/changes", None, (405, "other_method")),
        ("/v1/nothing", None, (404, "no_such_endpoint")),
        ("/v1/requests/9/route", None, (404, "unknown_request")),
    ] {
        let (status, problem) = call(town.front, path, body).unwrap();
        assert_eq!((status, problem["code"].as_str().unwrap()), expected, "{problem}");
    }
    for name in &down {
        town.local.spawn(name).unwrap();
    }
    for name in &down {
        town.local.ready(name).unwrap();
    }
    assert_eq!(town.look(), Ok(100));
}

#[test]
fn without_most_nodes_a_write_is_unknown_and_nobody_is_asked() {
    let Some(mut town) = town() else { return };
    town.local.kill("node-0");
    town.local.kill("node-1");
    let begun = Instant::now();
    let body = r#"[{"withdraw":{"owner":7}}]"#.to_owned();
    let (status, problem) = call(town.front, "/v1/owners/7/changes", Some(body)).unwrap();
    let code = problem["code"].as_str().unwrap();
    assert!(
        status == 503 && ["outcome_unknown", "partition_unavailable"].contains(&code),
        "{problem}"
    );
    eprintln!(
        "two of three nodes were killed: a write was answered `{code}` after {:.1?}",
        begun.elapsed()
    );
    let begun = Instant::now();
    let asked = ask(town.front, town.request).map(|_| ());
    eprintln!("an ask was answered {asked:?} after {:.1?}", begun.elapsed());
    assert_eq!(asked, Err("ask_unavailable".to_owned()));
    for name in ["node-0", "node-1"] {
        town.local.spawn(name).unwrap();
        town.local.ready(name).unwrap();
    }
    let written = town.until_written(7, Duration::from_secs(30));
    eprintln!("they were started again: two writes were acknowledged after {written:.1?}");
    assert_eq!(town.look(), Ok(100));
    // The ask that was refused has recorded nobody since, whom nobody would have told.
    sleep(Duration::from_secs(10));
    assert_eq!(ask(town.front, town.request).map(|handed| handed.asked.len()), Ok(100));
}

#[test]
fn a_worker_comes_and_another_goes_while_nothing_is_refused() {
    let Some(mut town) = town() else { return };
    let goes_on = AtomicBool::new(true);
    let (front, request, last) = (town.front, town.request, town.last);
    scope(|threads| {
        let looks = threads.spawn(|| {
            let mut looks = 0;
            while goes_on.load(Ordering::Relaxed) {
                let found = look(front, request, last).unwrap();
                assert!(found.recipients.len() >= 99, "one owner may be withdrawn at a time");
                looks += 1;
            }
            looks
        });
        let writes = threads.spawn(|| {
            let mut writes = 0;
            while goes_on.load(Ordering::Relaxed) {
                let owner = writes % 100;
                let yes = Change::SetConsent { owner: OwnerId(owner), consent: consent(owner) };
                for list in [Change::Withdraw { owner: OwnerId(owner) }, yes] {
                    let sent = change(front, owner, vec![list]);
                    assert!(sent.acknowledged.is_some(), "{sent:?}");
                }
                writes += 1;
            }
            writes
        });
        // The new worker is in the table beside the old one, then it is up, then the old one goes.
        let mut table = table();
        for row in table.partitions.iter_mut().filter(|row| row.iter().any(|name| name == "w3")) {
            row.push("w4".to_owned());
        }
        town.local.place(table.clone()).unwrap();
        town.local.spawn("w4").unwrap();
        town.local.ready("w4").unwrap();
        for row in &mut table.partitions {
            row.retain(|name| name != "w3");
        }
        town.local.place(table).unwrap();
        // Every process has read the table by then.
        sleep(Duration::from_millis(1_500));
        town.local.kill("w3");
        sleep(Duration::from_secs(2));
        goes_on.store(false, Ordering::Relaxed);
        let (looks, writes) = (looks.join().unwrap(), writes.join().unwrap());
        eprintln!(
            "a worker came and another went: {looks} looks and {writes} pairs of writes, none refused"
        );
        assert!(looks > 20 && writes > 5);
    });
}
