//! The service is killed at any moment under load and restarted on the same folder. It must have
//! everything that it acknowledged, and no part of a list of changes.
//!
//! Checkpoints run all the time, so that kills hit them. Unanswered calls are sent again with their
//! keys, and must take effect once. Owners who come while requests stand must be handed over once,
//! and the followed events must have no gap. SIGKILL does not test a power cut: the system still
//! has the data that the process had written.
//!
//! `CANVASS_CRASH_KILLS` sets the number of kills (5), `CANVASS_CRASH_SEED` the random seed.

mod events;
mod pair;
mod people;
mod post;
mod sender;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{OPERATOR, Service, Table, config, get, request, rows, square};
use events::Follower;
use post::Post;
use sender::Sender;

/// The number of concurrent senders, each with pairs of owners of its own.
const SENDERS: u64 = 4;
const PAIRS: u64 = 12;

pub struct Dice(u64);

impl Dice {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

#[test]
fn a_kill_loses_and_halves_nothing_acknowledged() {
    let number = |name: &str, otherwise| {
        std::env::var(name).map_or(otherwise, |text| text.parse::<u64>().unwrap())
    };
    let kills = number("CANVASS_CRASH_KILLS", 5);
    let seed = number("CANVASS_CRASH_SEED", u64::from(std::process::id()));
    println!("CANVASS_CRASH_SEED={seed}");
    let mut dice = Dice(seed);
    let folder = tempfile::tempdir().unwrap();
    let policy = json!({
        "max_area_m2": 1e12, "anonymity": "waived", "min_households": 0, "max_requests_per_case": 1,
    });
    // Checkpoints come often, in many transactions or in one, so that kills hit all their stages.
    let configs = [(2, 64), (10, 64), (10, 4 << 20), (40, 1000)].map(|(revisions, bytes)| {
        let limits = json!({
            "checkpoint_revisions": revisions, "checkpoint_seconds": 1, "transaction_bytes": bytes,
        });
        config(&policy, &limits)
    });
    let config = |dice: &mut Dice| &configs[usize::try_from(dice.below(4)).unwrap()];
    let mut senders: Vec<Sender> = (0..SENDERS).map(Sender::new).collect();
    let mut service = Service::start(folder.path(), config(&mut dice));
    for sender in &mut senders {
        sender.post = Post::open(&service, sender.who);
    }
    let mut follower = Follower::new();
    let everywhere = service.open(&request("all", &square(-85.0, 41.0, 1.2)));
    let path = format!("/v1/requests/{}/route", everywhere["id"]);
    let (mut verified, mut slowest) = (0, Duration::ZERO);
    for kill in 1..=kills {
        let (agent, address) = (service.agent(), service.address().to_owned());
        let lifetime = Duration::from_millis(20 + dice.below(400));
        std::thread::scope(|scope| {
            for (who, sender) in (0..).zip(&mut senders) {
                let (agent, address) = (agent.clone(), address.clone());
                let mut dice = Dice(seed ^ kill << 8 ^ who << 40);
                scope.spawn(move || sender.send(&agent, &address, &mut dice));
            }
            std::thread::sleep(lifetime);
            service.kill();
        });
        let start = Instant::now();
        service = Service::start(folder.path(), config(&mut dice));
        slowest = slowest.max(start.elapsed());
        let route = get(&service.agent(), service.address(), OPERATOR, &path).unwrap().expect(200);
        let asked = route["recipients"].as_array().unwrap().iter();
        let asked: BTreeSet<u64> = asked.map(|r| r["owner"].as_u64().unwrap()).collect();
        let receipts = if kill == kills { usize::MAX } else { 50 };
        let each = senders.iter_mut().map(|sender| sender.verify(&service, &asked, receipts));
        verified += each.sum::<u64>();
        follower.follow(&service);
        for sender in &senders {
            sender.post.compare(&follower.open);
            for told in sender.receipts.iter().rev().take(receipts) {
                follower.compare(told);
            }
        }
    }
    let events = follower.read_again(&service);
    service.stop();
    let kept = rows(folder.path(), Table::<u64>::new("outcomes"));
    for sender in &senders {
        sender.post.compare_kept(&kept);
    }
    service = Service::start(folder.path(), config(&mut dice));
    for sender in &senders {
        sender.post.finish(&service);
    }
    let sum = |of: fn(&Sender) -> u64| senders.iter().map(of).sum::<u64>();
    let (acknowledged, once) = (sum(|s| s.acknowledged), sum(|s| s.once));
    let (receipts, withdrawn) =
        (sum(|s| s.receipts.len() as u64), sum(|s| s.withdrawn.len() as u64));
    let asked = sum(|s| s.post.asked.len() as u64);
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    let lines = |of: &str| log.lines().filter(|line| line.contains(of)).count();
    let (checkpoints, loaded) =
        (lines("\"message\":\"checkpoint\""), lines("\"message\":\"loaded\""));
    let cut_off = loaded - lines("\"unfinished\":0,");
    println!(
        "{kills} kills survived; {acknowledged} acknowledgements, {verified} looks at pairs, \
         {withdrawn} withdrawals for good and {receipts} receipts, all there; {asked} owners asked, \
         none twice; {events} events without a gap; {once} lists kept \
         before they were answered, and not applied again; {checkpoints} checkpoints made, {cut_off} \
         cut off; slowest start {slowest:?}"
    );
    assert!(
        [verified, withdrawn, receipts, asked].iter().all(|&number| number > 0) && checkpoints > 0,
        "nothing was verified"
    );
    assert!(kills < 50 || (cut_off > 0 && once > 0), "no kill came into a checkpoint or an answer");
    service.stop();
}
