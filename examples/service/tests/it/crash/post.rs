//! A standing request, and the owners who come meanwhile. One sender has it to itself, so that it
//! knows exactly who is due.

use std::collections::BTreeSet;

use canvass::{OpenRequests, RequestId};
use serde_json::{Value, json};

use super::Dice;
use crate::support::{FIRST, OPERATOR, Service, agreed, request, square};

#[derive(Debug, Default)]
pub struct Post {
    /// The request's id.
    pub id: u64,
    /// The place where its owners live.
    place: (f64, f64),
    next: u64,
    /// Owners who agreed, and neither withdrew nor were asked.
    due: BTreeSet<u64>,
    /// Owners whose withdrawal was acknowledged before they were asked.
    withdrew: BTreeSet<u64>,
    /// Owners who were asked, by acknowledged answers.
    pub asked: BTreeSet<u64>,
    shared: BTreeSet<u64>,
    /// The last answered key, and the owners in the answer.
    last: (String, Vec<u64>),
}

/// A call about the request.
#[derive(Clone, Copy, Debug)]
pub enum Errand {
    /// Somebody registers and agrees,
    Come(u64),
    /// and may withdraw before they are asked.
    Withdraw(u64),
    Ask,
    /// An owner who was asked shares.
    Share(u64),
}

impl Post {
    pub fn open(service: &Service, who: u64) -> Self {
        let place = (-83.75, 41.0 + 0.1 * who as f64);
        let told = service.open(&request(&format!("post-{who}"), &square(place.0, place.1, 0.05)));
        let next = 1_000_000_000 * (who + 1);
        Self { id: told["id"].as_u64().unwrap(), place, next, ..Self::default() }
    }

    /// The next call: its meaning, its path, and its body.
    pub fn next_one(&mut self, dice: &mut Dice) -> (Errand, String, Value) {
        let changes = || "/v1/changes".to_owned();
        let at = |verb: &str| format!("/v1/requests/{}/{verb}", self.id);
        let silent = self.asked.difference(&self.shared).next().copied();
        match (dice.below(6), self.due.first().copied(), silent) {
            (0, Some(owner), _) => {
                let list = json!([{ "withdraw": { "owner": owner } }]);
                (Errand::Withdraw(owner), changes(), list)
            }
            (1, _, Some(owner)) => {
                let list = json!([{ "owner": owner, "answer": "shared" }]);
                (Errand::Share(owner), at("answers"), list)
            }
            (2 | 3, ..) => (Errand::Ask, at("ask"), json!({})),
            _ => {
                self.next += 1;
                let (lon, lat) = (self.place.0 + 0.01, self.place.1 + 0.01);
                (Errand::Come(self.next), changes(), json!(agreed(self.next, lon, lat)))
            }
        }
    }

    /// Records an acknowledged call; the same key may be answered again.
    pub fn answered(&mut self, errand: Errand, key: &str, answer: &Value) {
        let again = self.last.0 == key;
        match errand {
            _ if again && !matches!(errand, Errand::Ask) => {}
            Errand::Come(owner) => drop(self.due.insert(owner)),
            Errand::Withdraw(owner) => {
                assert!(self.due.remove(&owner));
                self.withdrew.insert(owner);
            }
            Errand::Share(owner) => drop(self.shared.insert(owner)),
            Errand::Ask => {
                let named = owners(answer);
                if again {
                    assert_eq!(named, self.last.1, "one key was answered in two ways");
                    return;
                }
                assert!(
                    named.iter().all(|owner| !self.asked.contains(owner)),
                    "asked twice: {named:?}"
                );
                assert!(named.iter().eq(&self.due), "{named:?} were named, and due {:?}", self.due);
                self.asked.append(&mut self.due);
                self.last.1 = named;
            }
        }
        key.clone_into(&mut self.last.0);
    }

    /// Asserts that due owners are in the route, and none who was asked or withdrew.
    pub fn verify(&self, service: &Service) {
        let route = service.get(OPERATOR, &format!("/v1/requests/{}/route", self.id)).expect(200);
        assert!(owners(&route).iter().eq(&self.due), "{route}, and due {:?}", self.due);
    }

    /// Asserts that the events agree with the acknowledged calls.
    pub fn compare(&self, open: &OpenRequests) {
        let asked: BTreeSet<u64> = open.asked(RequestId(self.id)).map(|owner| owner.0).collect();
        assert_eq!(asked, self.asked);
        assert!(asked.is_disjoint(&self.withdrew), "asked after they withdrew");
    }

    /// Asserts that the stored answers, in a store that is not open, are the acknowledged ones.
    pub fn compare_kept(&self, kept: &[(u64, Vec<u8>)]) {
        let (_, row) = kept.iter().find(|(id, _)| *id == self.id).unwrap();
        // Behind the row is its checksum.
        let row: Value = serde_json::from_slice(&row[..row.len() - 4]).unwrap();
        let open = &row["answers"]["open"];
        assert_eq!((&open["asked"], &open["shared"]), (&json!(self.asked), &json!(self.shared)));
    }

    /// Ends the request. Its outcome has noise, so no count can be compared with it.
    pub fn finish(&self, service: &Service) {
        service.post(FIRST, &format!("/v1/requests/{}/resolve", self.id), "{}").expect(200);
        let told = service.get(FIRST, &format!("/v1/requests/{}/outcome", self.id)).expect(200);
        for name in ["shared", "not_shared"] {
            let edge = |edge: &str| told[name][edge].as_u64().unwrap();
            assert!(edge("at_least") <= edge("at_most"), "{told}");
        }
    }
}

fn owners(routed: &Value) -> Vec<u64> {
    let recipients = routed["recipients"].as_array().unwrap().iter();
    recipients.map(|recipient| recipient["owner"].as_u64().unwrap()).collect()
}
