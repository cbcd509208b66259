//! The service is killed at any moment under load, started again on the same folder, and must have
//! everything that it acknowledged, and nothing by halves.
//!
//! What SIGKILL does not test is a power cut: the system still has what the process had written.
//!
//! `CANVASS_CRASH_KILLS` says how often (5), `CANVASS_CRASH_SEED` with which chance.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{FIRST, OPERATOR, Service, config, get, post, request, square};

/// So many send changes at the same time, each about pairs of owners of its own.
const SENDERS: u64 = 4;
const PAIRS: u64 = 12;

struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

/// Two owners of whom exactly one agreed at any time, with a stamp on the cameras of both.
#[derive(Clone, Copy, Debug)]
struct Pair {
    number: u64,
    acknowledged: u64,
    sent: u64,
}

impl Pair {
    fn owners(self) -> [u64; 2] {
        [2 * self.number + 10, 2 * self.number + 11]
    }

    /// The list of changes that makes a stamp of both, and has the other owner agree.
    fn list(self, stamp: u64) -> Value {
        let mut list = Vec::new();
        for (place, owner) in (0..).zip(self.owners()) {
            // From one city to another and back, so that tiles come and go.
            let lon = if stamp.is_multiple_of(3) { -84.9 } else { -84.0 };
            let camera = json!({
                "id": owner, "owner": owner, "position": [lon, 41.1 + 0.0001 * self.number as f64],
                "recording": { "kept_days": stamp },
            });
            let verb = if stamp == 1 { "register" } else { "replace" };
            list.push(json!({ verb: camera }));
            list.push(if stamp % 2 == place {
                json!({ "set_consent": { "owner": owner, "consent": { "standing": "granted" } } })
            } else {
                json!({ "withdraw": { "owner": owner } })
            });
        }
        json!(list)
    }
}

/// What one sender knows.
#[derive(Debug, Default)]
struct Sender {
    pairs: Vec<Pair>,
    /// Owners who agreed once, and whose withdrawal was acknowledged.
    withdrawn: BTreeSet<u64>,
    next: u64,
    cases: u64,
    /// Receipts that were acknowledged.
    receipts: Vec<Value>,
    acknowledged: u64,
}

impl Sender {
    /// Sends until the service is gone.
    fn send(&mut self, agent: &ureq::Agent, address: &str, who: u64, dice: &mut Dice) {
        let wide = square(-85.0, 41.0, 1.2);
        loop {
            let done = match dice.below(10) {
                0 => self.come_and_go(agent, address),
                1 => {
                    // A case of its own each time: one that was cut off may have been kept.
                    let case = format!("case-{who}-{}", self.cases);
                    self.cases += 1;
                    let body = request(&case, &wide).to_string();
                    post(agent, address, FIRST, "/v1/requests", body.as_bytes()).map(|answer| {
                        self.receipts.push(answer.expect(201));
                    })
                }
                _ => {
                    let place = usize::try_from(dice.below(PAIRS)).unwrap();
                    let pair = &mut self.pairs[place];
                    pair.sent = pair.acknowledged + 1;
                    let list = pair.list(pair.sent).to_string();
                    post(agent, address, OPERATOR, "/v1/changes", list.as_bytes()).map(|answer| {
                        answer.expect(200);
                        pair.acknowledged = pair.sent;
                    })
                }
            };
            match done {
                Ok(()) => self.acknowledged += 1,
                Err(_) => return,
            }
        }
    }

    /// A new owner agrees, and then withdraws for good.
    fn come_and_go(&mut self, agent: &ureq::Agent, address: &str) -> Result<(), ureq::Error> {
        let owner = self.next;
        self.next += 1;
        let come = json!([
            { "register": { "id": owner, "owner": owner, "position": [-84.5, 41.5],
                "recording": { "kept_days": 60 } } },
            { "set_consent": { "owner": owner, "consent": { "standing": "granted" } } },
        ]);
        let change = |list: Value| {
            post(agent, address, OPERATOR, "/v1/changes", list.to_string().as_bytes())
        };
        change(come)?.expect(200);
        change(json!([{ "withdraw": { "owner": owner } }]))?.expect(200);
        self.withdrawn.insert(owner);
        Ok(())
    }

    /// Everything acknowledged is there, nothing is by halves; who sends next starts from that.
    /// Of the receipts the last ones are asked for, which the kill may have hit.
    fn verify(&mut self, service: &Service, asked: &BTreeSet<u64>, receipts: usize) -> u64 {
        let mut verified = 0;
        for pair in &mut self.pairs {
            let held = pair
                .owners()
                .map(|owner| service.get(OPERATOR, &format!("/v1/owners/{owner}")).expect(200));
            let stamp = held.each_ref().map(|h| h["cameras"][0]["recording"]["kept_days"].as_u64());
            let granted = held.each_ref().map(|h| h["consent"]["standing"] == "granted");
            assert_eq!(stamp[0], stamp[1], "half of a list: {pair:?}");
            let stamp = stamp[0].unwrap_or(0);
            assert!(
                stamp == pair.acknowledged || stamp == pair.sent,
                "{stamp}, which was neither acknowledged nor sent last: {pair:?}"
            );
            let expected = [0, 1].map(|place| stamp > 0 && stamp % 2 == place);
            assert_eq!(granted, expected, "half of a list: {pair:?}");
            let routed = pair.owners().map(|owner| asked.contains(&owner));
            assert_eq!(routed, expected, "the route says otherwise: {pair:?}");
            (pair.acknowledged, pair.sent) = (stamp, stamp);
            verified += stamp;
        }
        assert!(self.withdrawn.is_disjoint(asked), "a withdrawal was forgotten");
        for told in self.receipts.iter().rev().take(receipts) {
            let again = service.get(FIRST, &format!("/v1/requests/{}", told["id"])).expect(200);
            assert_eq!(&again, told);
        }
        verified
    }
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_half_there_after_a_kill() {
    let number = |name: &str, otherwise| {
        std::env::var(name).map_or(otherwise, |text| text.parse::<u64>().unwrap())
    };
    let kills = number("CANVASS_CRASH_KILLS", 5);
    let seed = number("CANVASS_CRASH_SEED", u64::from(std::process::id()));
    println!("CANVASS_CRASH_SEED={seed}");
    let mut dice = Dice(seed);
    let folder = tempfile::tempdir().unwrap();
    let policy = json!({
        "max_area_m2": 1e12, "min_households": 0, "max_requests_per_case": 1,
    });
    // Checkpoints come often, so that kills come into them.
    let config = config(&policy, &json!({ "checkpoint_revisions": 40 }));
    let mut senders: Vec<Sender> = (0..SENDERS)
        .map(|who| Sender {
            pairs: (0..PAIRS)
                .map(|pair| Pair { number: who * PAIRS + pair, acknowledged: 0, sent: 0 })
                .collect(),
            next: 1_000_000 * (who + 1),
            ..Sender::default()
        })
        .collect();
    let mut service = Service::start(folder.path(), &config);
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
                scope.spawn(move || sender.send(&agent, &address, who, &mut dice));
            }
            std::thread::sleep(lifetime);
            service.kill();
        });
        let start = Instant::now();
        service = Service::start(folder.path(), &config);
        slowest = slowest.max(start.elapsed());
        let route = get(&service.agent(), service.address(), OPERATOR, &path).unwrap().expect(200);
        let asked = route["recipients"].as_array().unwrap().iter();
        let asked: BTreeSet<u64> = asked.map(|r| r["owner"].as_u64().unwrap()).collect();
        let receipts = if kill == kills { usize::MAX } else { 50 };
        let each = senders.iter_mut().map(|sender| sender.verify(&service, &asked, receipts));
        verified = each.sum();
    }
    let sum = |of: fn(&Sender) -> usize| senders.iter().map(of).sum::<usize>();
    let (receipts, withdrawn) = (sum(|s| s.receipts.len()), sum(|s| s.withdrawn.len()));
    let acknowledged: u64 = senders.iter().map(|sender| sender.acknowledged).sum();
    println!(
        "{kills} kills survived; {acknowledged} acknowledgements, of {verified} lists about pairs, \
         {withdrawn} withdrawals and {receipts} receipts, all there; slowest start {slowest:?}"
    );
    assert!(verified > 0 && withdrawn > 0 && receipts > 0, "nothing was verified");
    service.stop();
}
