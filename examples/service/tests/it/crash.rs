//! The service is killed at any moment under load, started again on the same folder, and must have
//! everything that it acknowledged, and nothing by halves.
//!
//! Checkpoints are made all the time, so that kills come into them. What was not answered is sent
//! again with its key, and must have been done once. What SIGKILL does not test is a power cut: the system still has what the process had written.
//!
//! `CANVASS_CRASH_KILLS` says how often (5), `CANVASS_CRASH_SEED` with which chance.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{FIRST, OPERATOR, Service, config, get, post_keyed, request, square};

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
    who: u64,
    pairs: Vec<Pair>,
    /// Owners who agreed once, and whose withdrawal was acknowledged.
    withdrawn: BTreeSet<u64>,
    next: u64,
    sent: u64,
    /// Receipts as they were acknowledged last.
    receipts: Vec<Value>,
    acknowledged: u64,
    /// What was sent last, until it is answered.
    unanswered: Option<Sent>,
    /// What was kept before its sender was answered, and was not done again.
    once: u64,
}

/// What is sent, with a key of its own.
#[derive(Clone, Debug)]
struct Sent {
    what: What,
    path: String,
    key: String,
    body: String,
}

#[derive(Clone, Copy, Debug)]
enum What {
    /// The next stamp of the pair at this place.
    Stamp(usize),
    /// A new owner agrees.
    Come(u64),
    /// They withdraw for good.
    Go(u64),
    Open,
    /// The request of the receipt at this place goes on in its life.
    Step(usize),
}

impl Sender {
    /// Sends until the service is gone.
    fn send(&mut self, agent: &ureq::Agent, address: &str, dice: &mut Dice) {
        loop {
            let sent = self.next_one(dice);
            self.unanswered = Some(sent.clone());
            let Ok(answered) = self.attempt(agent, address, &sent) else { return };
            assert!(answered, "refused: {sent:?}");
        }
    }

    fn next_one(&mut self, dice: &mut Dice) -> Sent {
        self.sent += 1;
        let key = format!("{}-{}", self.who, self.sent);
        let changes = |what, list: Value| Sent {
            what,
            path: "/v1/changes".to_owned(),
            key: key.clone(),
            body: list.to_string(),
        };
        // Whoever has come goes next.
        if let Some(Sent { what: What::Come(owner), .. }) = self.unanswered.take() {
            return changes(What::Go(owner), json!([{ "withdraw": { "owner": owner } }]));
        }
        let open = self.receipts.iter().rposition(|told| told["state"] == "open");
        match (dice.below(12), open) {
            (0 | 1, _) => {
                self.next += 1;
                let owner = self.next;
                let come = json!([
                    { "register": { "id": owner, "owner": owner, "position": [-84.5, 41.5],
                        "recording": { "kept_days": 60 } } },
                    { "set_consent": { "owner": owner, "consent": { "standing": "granted" } } },
                ]);
                changes(What::Come(owner), come)
            }
            (2, Some(place)) => {
                let told = &self.receipts[place];
                let (verb, body) = match dice.below(3) {
                    0 => ("resolve", json!({})),
                    1 => ("withdraw", json!({})),
                    _ => ("extend", json!({ "until": told["latest"] })),
                };
                let path = format!("/v1/requests/{}/{verb}", told["id"]);
                Sent { what: What::Step(place), path, key, body: body.to_string() }
            }
            (2 | 3, _) => {
                // Each has a case of its own, in which there may be one request.
                let body = request(&format!("case-{key}"), &square(-85.0, 41.0, 1.2)).to_string();
                Sent { what: What::Open, path: "/v1/requests".to_owned(), key, body }
            }
            _ => {
                let place = usize::try_from(dice.below(PAIRS)).unwrap();
                let pair = &mut self.pairs[place];
                pair.sent = pair.acknowledged + 1;
                changes(What::Stamp(place), pair.list(pair.sent))
            }
        }
    }

    /// Sends something, and notes its answer; whether it was accepted.
    fn attempt(
        &mut self,
        agent: &ureq::Agent,
        address: &str,
        sent: &Sent,
    ) -> Result<bool, ureq::Error> {
        let Sent { what, path, key, body } = sent;
        let token = if path == "/v1/changes" { OPERATOR } else { FIRST };
        let answer = post_keyed(agent, address, token, path, key, body.as_bytes())?;
        let accepted = if matches!(what, What::Open) { 201 } else { 200 };
        if answer.status != accepted {
            println!("{}", answer.text);
            return Ok(false);
        }
        match *what {
            What::Stamp(place) => self.pairs[place].acknowledged = self.pairs[place].sent,
            What::Come(_) => {}
            What::Go(owner) => drop(self.withdrawn.insert(owner)),
            What::Open => self.receipts.push(answer.json()),
            What::Step(place) => self.receipts[place] = answer.json(),
        }
        self.acknowledged += 1;
        Ok(true)
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
            pair.acknowledged = stamp;
            verified += 1;
        }
        assert!(self.withdrawn.is_disjoint(asked), "a withdrawal was forgotten");
        self.send_again(service);
        for told in self.receipts.iter().rev().take(receipts) {
            let again = service.get(FIRST, &format!("/v1/requests/{}", told["id"])).expect(200);
            assert_eq!(&again, told);
        }
        verified
    }

    /// Sends what was not answered again: it must be done now, or have been done before, and then
    /// not twice.
    fn send_again(&mut self, service: &Service) {
        let Some(sent) = self.unanswered.clone() else { return };
        let revision = || service.get(OPERATOR, "/v1/owners/1").expect(200)["revision"].clone();
        let before = revision();
        assert!(self.attempt(&service.agent(), service.address(), &sent).unwrap(), "{sent:?}");
        let changes = matches!(sent.what, What::Stamp(_) | What::Come(_) | What::Go(_));
        if let What::Stamp(place) = sent.what {
            let pair = &mut self.pairs[place];
            let held = service.get(OPERATOR, &format!("/v1/owners/{}", pair.owners()[0]));
            let stamp = held.expect(200)["cameras"][0]["recording"]["kept_days"].as_u64();
            pair.acknowledged = stamp.unwrap();
        }
        self.once += u64::from(changes && revision() == before);
        let after = revision();
        assert!(self.attempt(&service.agent(), service.address(), &sent).unwrap(), "{sent:?}");
        assert_eq!(revision(), after, "done twice: {sent:?}");
        if matches!(sent.what, What::Open) {
            let twice = [self.receipts.pop().unwrap(), self.receipts.last().unwrap().clone()];
            assert_eq!(twice[0], twice[1], "opened twice: {sent:?}");
        }
        self.acknowledged -= 1;
        if !matches!(sent.what, What::Come(_)) {
            self.unanswered = None;
        }
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
    // Checkpoints come often, in many transactions or in one, so that kills come into all of them.
    let configs = [(2, 64), (10, 64), (10, 4 << 20), (40, 1000)].map(|(revisions, bytes)| {
        let limits = json!({
            "checkpoint_revisions": revisions, "checkpoint_seconds": 1, "transaction_bytes": bytes,
        });
        config(&policy, &limits)
    });
    let config = |dice: &mut Dice| &configs[usize::try_from(dice.below(4)).unwrap()];
    let mut senders: Vec<Sender> = (0..SENDERS)
        .map(|who| Sender {
            who,
            pairs: (0..PAIRS)
                .map(|pair| Pair { number: who * PAIRS + pair, acknowledged: 0, sent: 0 })
                .collect(),
            next: 1_000_000 * (who + 1),
            ..Sender::default()
        })
        .collect();
    let mut service = Service::start(folder.path(), config(&mut dice));
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
    }
    let sum = |of: fn(&Sender) -> u64| senders.iter().map(of).sum::<u64>();
    let (acknowledged, once) = (sum(|s| s.acknowledged), sum(|s| s.once));
    let (receipts, withdrawn) =
        (sum(|s| s.receipts.len() as u64), sum(|s| s.withdrawn.len() as u64));
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    let lines = |of: &str| log.lines().filter(|line| line.contains(of)).count();
    let (checkpoints, loaded) =
        (lines("\"message\":\"checkpoint\""), lines("\"message\":\"loaded\""));
    let cut_off = loaded - lines("\"unfinished\":0,");
    println!(
        "{kills} kills survived; {acknowledged} acknowledgements, {verified} looks at pairs, \
         {withdrawn} withdrawals for good and {receipts} receipts, all there; {once} lists kept \
         before they were answered, and not applied again; {checkpoints} checkpoints made, {cut_off} \
         cut off; slowest start {slowest:?}"
    );
    assert!(
        verified > 0 && withdrawn > 0 && receipts > 0 && checkpoints > 0,
        "nothing was verified"
    );
    assert!(kills < 50 || (cut_off > 0 && once > 0), "no kill came into a checkpoint or an answer");
    service.stop();
}
