//! One sender: its calls, and the state that it expects.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::pair::Pair;
use super::post::{Errand, Post};
use super::{Dice, PAIRS};
use crate::support::{FIRST, OPERATOR, Service, post_keyed, request, square};

/// One sender's knowledge.
#[derive(Debug, Default)]
pub struct Sender {
    pub who: u64,
    pairs: Vec<Pair>,
    pub post: Post,
    /// Owners who agreed once, and whose withdrawal was acknowledged.
    pub withdrawn: BTreeSet<u64>,
    next: u64,
    sent: u64,
    /// Receipts in their last acknowledged form.
    pub receipts: Vec<Value>,
    pub acknowledged: u64,
    /// The last call, until it is answered.
    unanswered: Option<Sent>,
    /// The number of calls that were stored without an answer, and not repeated.
    pub once: u64,
}

/// A call with a key of its own.
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
    /// The request of the receipt at this place takes a step in its life.
    Step(usize),
    /// A call about the standing request.
    Post(Errand),
}

impl Sender {
    pub fn new(who: u64) -> Self {
        let pair = |pair| Pair { number: who * PAIRS + pair, acknowledged: 0, sent: 0 };
        let pairs = (0..PAIRS).map(pair).collect();
        Self { who, pairs, next: 1_000_000 * (who + 1), ..Self::default() }
    }

    /// Sends until the service is gone.
    pub fn send(&mut self, agent: &ureq::Agent, address: &str, dice: &mut Dice) {
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
        // An owner who has come goes next.
        if let Some(Sent { what: What::Come(owner), .. }) = self.unanswered.take() {
            return changes(What::Go(owner), json!([{ "withdraw": { "owner": owner } }]));
        }
        let open = self.receipts.iter().rposition(|told| told["state"] == "open");
        match (dice.below(16), open) {
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
                // Each request is the only one of its case.
                let body = request(&format!("case-{key}"), &square(-85.0, 41.0, 1.2)).to_string();
                Sent { what: What::Open, path: "/v1/requests".to_owned(), key, body }
            }
            (4..=7, _) => {
                let (errand, path, body) = self.post.next_one(dice);
                Sent { what: What::Post(errand), path, key, body: body.to_string() }
            }
            _ => {
                let place = usize::try_from(dice.below(PAIRS)).unwrap();
                let pair = &mut self.pairs[place];
                pair.sent = pair.acknowledged + 1;
                changes(What::Stamp(place), pair.list(pair.sent))
            }
        }
    }

    /// Makes a call, and records its answer; returns whether it was accepted.
    fn attempt(
        &mut self,
        agent: &ureq::Agent,
        address: &str,
        sent: &Sent,
    ) -> Result<bool, ureq::Error> {
        let Sent { what, path, key, body } = sent;
        let operators = path == "/v1/changes" || matches!(what, What::Post(_));
        let token = if operators { OPERATOR } else { FIRST };
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
            What::Post(errand) => self.post.answered(errand, key, &answer.json()),
        }
        self.acknowledged += 1;
        Ok(true)
    }

    /// Asserts that every acknowledged effect is there, and no list by half; the next call starts
    /// from that. Only the last receipts are compared, which the kill may have hit.
    pub fn verify(&mut self, service: &Service, asked: &BTreeSet<u64>, receipts: usize) -> u64 {
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
            assert_eq!(routed, expected, "the route differs: {pair:?}");
            pair.acknowledged = stamp;
            verified += 1;
        }
        assert!(self.withdrawn.is_disjoint(asked), "a withdrawal was forgotten");
        self.send_again(service);
        self.post.verify(service);
        for told in self.receipts.iter().rev().take(receipts) {
            let again = service.get(FIRST, &format!("/v1/requests/{}", told["id"])).expect(200);
            assert_eq!(&again, told);
        }
        verified
    }

    /// Repeats the unanswered call: it must take effect now, or have taken effect once before.
    fn send_again(&mut self, service: &Service) {
        let Some(sent) = self.unanswered.clone() else { return };
        let revision = || service.get(OPERATOR, "/v1/owners/1").expect(200)["revision"].clone();
        let before = revision();
        assert!(self.attempt(&service.agent(), service.address(), &sent).unwrap(), "{sent:?}");
        let changes = sent.path == "/v1/changes";
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
