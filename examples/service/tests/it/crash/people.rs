//! The service is killed while notices are approved, owners asked and answers counted: no approved
//! notice, bulletin, entry or answer is lost or doubled, and nobody is asked without an entry.
//!
//! `CANVASS_CRASH_KILLS` and `CANVASS_CRASH_SEED` work as in the other test.

use std::time::Duration;

use canvass::OwnerId;
use canvass::audit::{
    Asked, AuditBatch, AuditEntry, AuditEvent, ConsistencyProof, OwnerSalt, TreeHead,
};
use serde_json::{Value, json};

use super::Dice;
use crate::support::{
    Answer, FIRST, OPERATOR, Service, agreed, config, post_keyed, request, square,
};

/// One request from its opening to its end, step by step; each step has a key.
#[derive(Debug)]
struct Case {
    who: u64,
    number: u64,
    id: u64,
    /// The number of acknowledged steps.
    done: usize,
}

/// The steps of each case, in their order.
const STEPS: [&str; 7] = ["open", "approve", "ask", "answer", "correct", "ask again", "resolve"];

/// An owner cannot allow more than 30 requests a month, of which one agency has half: after this many
/// cases another owner is asked.
const CASES: u64 = 15;

/// The number of owners of each sender, used one after the other.
const OWNERS: u64 = 16;

/// The progress of one sender.
#[derive(Debug)]
struct Teller {
    who: u64,
    tokens: Vec<String>,
    cases: Vec<Case>,
    acknowledged: u64,
}

/// The notice of a case.
fn notice(public_text: &str) -> Value {
    json!({
        "template": "{agency} asks for footage of {window} from {cameras}, case {case}. To share is voluntary, and \
            this is not a warrant. {stop}",
        "stop": "To stop being asked, reply STOP.", "public_text": public_text, "reviewer": "J. Hill",
        "approve": true,
    })
}

impl Teller {
    /// Takes the next step of the last case, or begins another case.
    fn step(&mut self, agent: &ureq::Agent, address: &str) -> Result<(), ureq::Error> {
        if self.cases.last().is_none_or(|case| case.done == STEPS.len()) {
            let number = self.cases.len() as u64;
            if number >= CASES * OWNERS {
                std::thread::sleep(Duration::from_millis(10));
                return agent.get(format!("{address}/healthz")).call().map(drop);
            }
            self.cases.push(Case { who: self.who, number, id: 0, done: 0 });
        }
        let Some(case) = self.cases.last_mut() else { return Ok(()) };
        let token = &self.tokens[case.street()];
        let answer = case.send(agent, address, case.done, token)?;
        assert!(answer.status < 300, "{} of {case:?}: {}", STEPS[case.done], answer.text);
        if case.done == 0 {
            case.id = answer.json()["id"].as_u64().unwrap();
        }
        case.done += 1;
        self.acknowledged += 1;
        Ok(())
    }
}

impl Case {
    /// The street of the case: a sender's streets in turn.
    fn street(&self) -> usize {
        usize::try_from(self.number / CASES).unwrap()
    }

    fn text(&self) -> String {
        format!("A parcel of lot {} in street {} was taken.", word(self.number), word(self.who))
    }

    /// Sends a step, with its key.
    fn send(
        &self,
        agent: &ureq::Agent,
        address: &str,
        step: usize,
        token: &str,
    ) -> Result<Answer, ureq::Error> {
        let at = |verb: &str| format!("/v1/requests/{}/{verb}", self.id);
        let (caller, path, body) = match step {
            0 => {
                let area =
                    square(-84.9 + 0.1 * self.who as f64, 41.1 + 0.06 * self.street() as f64, 0.05);
                let body = request(&format!("{}-{}", self.who, self.number), &area);
                (FIRST, "/v1/requests".to_owned(), body)
            }
            1 => (OPERATOR, at("notice"), notice(&self.text())),
            2 | 5 => (OPERATOR, at("ask"), json!({})),
            3 => (
                token,
                format!("/v1/me/requests/{}/answer", self.id),
                json!({ "answer": "shared" }),
            ),
            4 => (OPERATOR, at("notice"), notice("It was two parcels.")),
            _ => (FIRST, at("resolve"), json!({})),
        };
        let key = format!("{}-{}-{step}", self.who, self.number);
        // A repetition must have the same body, although the window follows the clock.
        let body = if step == 0 { Self::fixed(body) } else { body };
        post_keyed(agent, address, caller, &path, &key, body.to_string().as_bytes())
    }

    fn fixed(mut body: Value) -> Value {
        let day = (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24)).to_string();
        let day = day.split('T').next().unwrap();
        body["window"] =
            json!({ "start": format!("{day}T10:00:00Z"), "end": format!("{day}T12:00:00Z") });
        body
    }

    /// Asserts that the sender's bulletins have all acknowledged texts exactly once. The
    /// unacknowledged step may have been done.
    fn compare(&self, bulletins: &[Value]) {
        let own: Vec<&Value> = bulletins.iter().filter(|b| b["text"] == self.text()).collect();
        assert!(own.len() <= 1 && (own.len() == 1 || self.done < 2), "{self:?}: {own:?}");
        let Some(bulletin) = own.first() else { return };
        let events = bulletin["history"].as_array().unwrap();
        let count = |of: &str| events.iter().filter(|e| e["event"].get(of).is_some()).count();
        let done = |step: usize| usize::from(self.done > step)..=usize::from(self.done >= step);
        assert!(done(4).contains(&count("correction")), "{self:?}: {bulletin}");
        assert!(done(6).contains(&count("ended")), "{self:?}: {bulletin}");
    }
}

/// A number as a word, so that no rule of notices takes it for an address.
fn word(number: u64) -> String {
    number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
}

/// All bulletins, the newest first.
fn bulletins(service: &Service) -> Vec<Value> {
    let (mut all, mut before) = (Vec::new(), u64::MAX);
    loop {
        let page = service.get("", &format!("/v1/bulletins?before={before}")).expect(200);
        all.extend(page["bulletins"].as_array().unwrap().iter().cloned());
        if page["more"] == false {
            return all;
        }
        before = all.last().unwrap()["id"].as_u64().unwrap();
    }
}

/// In how many entries an owner is named.
fn naming(service: &Service, token: &str) -> usize {
    let (mut named, mut after) = (0, String::new());
    loop {
        let page = service.get(token, &format!("/v1/me/log{after}")).expect(200);
        let salt = page["salt"]
            .as_str()
            .unwrap()
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
        let salt = OwnerSalt::new(salt.collect::<Vec<_>>().try_into().unwrap());
        let owner = OwnerId(page["owner"].as_u64().unwrap());
        let entries = page["entries"].as_array().unwrap();
        for entry in entries {
            let entry: AuditEntry = serde_json::from_value(entry["entry"].clone()).unwrap();
            named += usize::from(entry.whether_asked(owner, &salt) == Some(Asked::Asked));
        }
        if page["more"] == false {
            return named;
        }
        after = format!("?after={}", entries.last().unwrap()["index"]);
    }
}

/// How many entries of each kind everybody sees, and the head.
fn entries(service: &Service) -> (TreeHead, [usize; 3]) {
    let (mut counts, mut from) = ([0; 3], 0);
    loop {
        let page = service.get("", &format!("/v1/log/entries?from={from}")).expect(200);
        let entries = page["entries"].as_array().unwrap();
        for entry in entries {
            let entry: AuditEntry = serde_json::from_value(entry["entry"].clone()).unwrap();
            match entry.event() {
                AuditEvent::Accepted => counts[0] += 1,
                AuditEvent::Receipt => counts[1] += 1,
                AuditEvent::Routed { .. } => counts[2] += 1,
                other => panic!("{other:?}"),
            }
        }
        from += entries.len();
        if page["more"] == false {
            return (serde_json::from_value(page["head"].clone()).unwrap(), counts);
        }
    }
}

#[test]
fn a_kill_loses_and_doubles_no_disclosure() {
    let number = |name: &str, otherwise| {
        std::env::var(name).map_or(otherwise, |text| text.parse::<u64>().unwrap())
    };
    let kills = number("CANVASS_CRASH_KILLS", 5);
    let seed = number("CANVASS_CRASH_SEED", u64::from(std::process::id()));
    println!("CANVASS_CRASH_SEED={seed}");
    let mut dice = Dice(seed);
    let folder = tempfile::tempdir().unwrap();
    let policy = json!({
        "max_area_m2": 1e12, "anonymity": "waived", "min_households": 0, "max_requests_per_case": 1, "quiet_hours": "none",
    });
    let mut config =
        config(&policy, &json!({ "checkpoint_revisions": 10, "checkpoint_seconds": 1 }));
    config["notices"] = json!({ "zone": "UTC" });
    // Each period adds entries: shorter ones would outrun a reader on a busy machine.
    config["log"] = json!({ "seconds": 4 });
    let mut service = Service::start(folder.path(), &config);
    let mut tellers = Vec::new();
    for who in 0..3 {
        let mut teller = Teller { who, tokens: Vec::new(), cases: Vec::new(), acknowledged: 0 };
        for street in 0..OWNERS {
            let owner = 2_000_000 + 100 * who + street;
            let (west, south) = (-84.9 + 0.1 * who as f64, 41.1 + 0.06 * street as f64);
            let mut changes = agreed(owner, west + 0.01, south + 0.01);
            changes[1]["set_consent"]["consent"]["limit"] =
                json!({ "per_7_days": 2 * CASES, "per_30_days": 2 * CASES });
            service.change(&changes);
            let invite = format!("/v1/owners/{owner}/invitation");
            let invited = service.post(OPERATOR, &invite, "{}").expect(201);
            let with = json!({ "invitation": invited["invitation"] });
            let came = crate::people::sign_in(&service, "owner.localhost", &with);
            teller.tokens.push(came.told["token"].as_str().unwrap().to_owned());
        }
        tellers.push(teller);
    }
    let mut last: Option<TreeHead> = None;
    for _ in 0..kills {
        let (agent, address) = (service.agent(), service.address().to_owned());
        let lifetime = Duration::from_millis(50 + dice.below(600));
        std::thread::scope(|scope| {
            for teller in &mut tellers {
                let (agent, address) = (agent.clone(), address.clone());
                scope.spawn(move || while teller.step(&agent, &address).is_ok() {});
            }
            std::thread::sleep(lifetime);
            service.kill();
        });
        service = Service::start(folder.path(), &config);
        let (head, _) = entries(&service);
        if let Some(older) = last.replace(head) {
            let path = format!("/v1/log/consistency?older={}", older.size());
            // The log may have grown since the entries were read: the proof is to its own head.
            let told = service.get("", &path).expect(200);
            let newest: TreeHead = serde_json::from_value(told["head"].clone()).unwrap();
            let proof: ConsistencyProof = serde_json::from_value(told["proof"].clone()).unwrap();
            newest.verify_extends(&older, &proof).unwrap();
        }
        let shown = bulletins(&service);
        for teller in &tellers {
            for case in &teller.cases {
                case.compare(&shown);
            }
            let Some(case) = teller.cases.last() else { continue };
            // An acknowledged answer is there as long as the request is open.
            let token = &teller.tokens[case.street()];
            let reached = service.get(token, "/v1/me/requests").expect(200)["requests"].clone();
            let one = reached.as_array().unwrap().iter().find(|one| one["id"] == case.id).cloned();
            if case.done >= 3 {
                let one = one.unwrap_or_else(|| panic!("{case:?} reached nobody"));
                if case.done >= 4 && one["state"] == "open" {
                    assert_eq!(one["answer"], "shared", "{case:?}");
                }
                let path = format!("/v1/requests/{}/notice", case.id);
                let kept = service.get(OPERATOR, &path).expect(200)["approved"].clone();
                assert_eq!(kept["reviewer"], "J. Hill", "{case:?}");
            }
        }
    }
    // Each case is taken to its end, so that all entries become public.
    for teller in &mut tellers {
        while teller.cases.last().is_some_and(|case| case.done < STEPS.len()) {
            teller.step(&service.agent(), service.address()).unwrap();
        }
    }
    let cases: usize = tellers.iter().map(|teller| teller.cases.len()).sum();
    // All of it is in the log once the next batch is closed.
    std::thread::sleep(Duration::from_millis(8500));
    let (head, [accepted, receipts, routed]) = entries(&service);
    assert_eq!((accepted, receipts), (cases, cases), "of each request two entries");
    assert!(routed >= 2 * cases && routed % AuditBatch::STEP == 0, "one for each ask: {routed}");
    assert_eq!(head.size(), (accepted + receipts + routed) as u64);
    let tokens = tellers.iter().flat_map(|teller| &teller.tokens);
    let named: usize = tokens.map(|token| naming(&service, token)).sum();
    assert_eq!(named, cases, "each ask that named somebody has an entry");
    let shown = bulletins(&service);
    assert_eq!(shown.len(), cases);
    for teller in &tellers {
        teller.cases.iter().for_each(|case| case.compare(&shown));
        // Each ask that named somebody reached them once.
        let reached = teller.tokens.iter().map(|token| {
            let told = service.get(token, "/v1/me/requests").expect(200);
            told["requests"].as_array().unwrap().len()
        });
        assert_eq!(reached.sum::<usize>(), teller.cases.len());
    }
    let acknowledged: u64 = tellers.iter().map(|teller| teller.acknowledged).sum();
    println!(
        "{kills} kills survived; {acknowledged} acknowledgements in {cases} cases, all there, none twice"
    );
    assert!(cases > 0, "nothing was verified");
    service.stop();
}
