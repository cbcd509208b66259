//! A damaged file: each start ends with one line, or has all acknowledged state.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{FIRST, OPERATOR, Service, agreed, complaint, config, request, square};

/// A page of the database.
pub const PAGE: usize = 4096;

/// A way to damage a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Zeros {
        page: usize,
    },
    Bit {
        byte: usize,
        bit: usize,
    },
    /// A page has the content of another.
    Moved {
        from: usize,
        to: usize,
    },
    Cut {
        length: usize,
    },
}

impl Damage {
    fn to(self, file: &[u8]) -> Vec<u8> {
        let mut file = file.to_vec();
        match self {
            Self::Zeros { page } => file[page * PAGE..(page + 1) * PAGE].fill(0),
            Self::Bit { byte, bit } => file[byte] ^= 1 << bit,
            Self::Moved { from, to } => {
                file.copy_within(from * PAGE..(from + 1) * PAGE, to * PAGE);
            }
            Self::Cut { length } => file.truncate(length),
        }
        file
    }
}

/// Random numbers, the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

/// The visible state of a service's owners, events and requests.
fn seen(service: &Service, requests: &[u64]) -> Vec<Value> {
    let owners = (1..=12).map(|owner| format!("/v1/owners/{owner}"));
    let paths = owners.chain(["/v1/events?after=0".to_owned()]);
    let operators = paths.map(|path| service.get(OPERATOR, &path).expect(200));
    let mut seen: Vec<Value> = operators.collect();
    for owner in &mut seen {
        owner.as_object_mut().unwrap().remove("revision");
    }
    for id in requests {
        seen.push(service.get(FIRST, &format!("/v1/requests/{id}")).json());
        seen.push(service.get(FIRST, &format!("/v1/requests/{id}/outcome")).json());
    }
    seen
}

/// Makes a store with withdrawals last, stopped or killed, and damages it in many ways.
fn damaged(is_killed: bool, tries: usize) -> (usize, usize) {
    let folder = tempfile::tempdir().unwrap();
    let policy = json!({ "max_area_m2": 1e12, "anonymity": "waived", "min_households": 0, "quiet_hours": "none" });
    let limits = json!({ "checkpoint_revisions": if is_killed { 1000 } else { 4 } });
    let config = config(&policy, &limits);
    let service = Service::start(folder.path(), &config);
    for owner in 1..=12 {
        service.change(&agreed(owner, -84.9 + 0.0002 * owner as f64, 41.102));
    }
    let open =
        |case| service.open(&request(case, &square(-84.9, 41.1, 0.01)))["id"].as_u64().unwrap();
    let ids = [open("26-1"), open("26-2")];
    let path = |step: &str| format!("/v1/requests/{}/{step}", ids[0]);
    service.post(OPERATOR, &path("ask"), "{}").expect(200);
    let answers = json!([{ "owner": 1, "answer": "shared" }]);
    service.post(OPERATOR, &path("answers"), answers.to_string()).expect(200);
    service.post(FIRST, &path("resolve"), "{}").expect(200);
    service.change(&[json!({ "withdraw": { "owner": 5 } }), json!({ "withdraw": { "owner": 6 } })]);
    let before = seen(&service, &ids);
    if is_killed {
        service.kill();
    } else {
        service.stop();
    }

    let file = folder.path().join("data/canvass.redb");
    let mark = folder.path().join("data/canvass.mark");
    let (kept, marked) = (std::fs::read(&file).unwrap(), std::fs::read(&mark).unwrap());
    let pages: Vec<usize> = (0..kept.len() / PAGE)
        .filter(|p| kept[p * PAGE..(p + 1) * PAGE].iter().any(|b| *b != 0))
        .collect();
    let mut chance = Chance(7);
    let each = pages.iter().map(|&page| Damage::Zeros { page });
    let drawn = (0..tries).map(|number| {
        let page = pages[chance.below(pages.len())];
        match number % 8 {
            0..=4 => Damage::Bit { byte: page * PAGE + chance.below(PAGE), bit: chance.below(8) },
            5 | 6 => Damage::Moved { from: pages[chance.below(pages.len())], to: page },
            _ => Damage::Cut { length: chance.below(kept.len()) },
        }
    });
    let all: Vec<Damage> = each.chain(drawn).collect();
    let (mut refused, mut whole) = (0, 0);
    for damage in all {
        std::fs::write(&file, damage.to(&kept)).unwrap();
        std::fs::write(&mark, &marked).unwrap();
        match start(folder.path(), &config) {
            Ok(service) => {
                assert_eq!(seen(&service, &ids), before, "{damage:?}");
                service.kill();
                whole += 1;
            }
            Err(said) => {
                assert_eq!(said.lines().count(), 1, "{damage:?}: {said}");
                assert!(said.starts_with("canvass-service: "), "{damage:?}: {said}");
                refused += 1;
            }
        }
    }
    (refused, whole)
}

/// A service, or its error message.
pub fn start(folder: &Path, config: &Value) -> Result<Service, String> {
    // A check reads the same as a start and changes nothing, so both must agree.
    let mut check = crate::support::command(folder, config);
    let checked = check.arg("--check").output().unwrap();
    match checked.status.code() {
        Some(0) => Ok(Service::start(folder, config)),
        Some(1) => {
            let said = complaint(folder, config);
            assert_eq!(crate::support::told(&checked.stderr), said);
            Err(said)
        }
        other => panic!("exit code {other:?}: {}", String::from_utf8_lossy(&checked.stderr)),
    }
}

fn tries() -> usize {
    std::env::var("CANVASS_DAMAGES").map_or(40, |tries| tries.parse().unwrap())
}

#[test]
fn a_damaged_store_that_was_stopped_loses_nothing_unnoticed() {
    let (refused, whole) = damaged(false, tries());
    println!("stopped: {refused} refused, {whole} as it was");
    assert!(refused > 10 && whole > 0, "{refused} {whole}");
}

#[test]
fn a_damaged_store_that_was_killed_loses_nothing_unnoticed() {
    let (refused, whole) = damaged(true, tries());
    println!("killed: {refused} refused, {whole} as it was");
    assert!(refused > 10 && whole > 0, "{refused} {whole}");
}
