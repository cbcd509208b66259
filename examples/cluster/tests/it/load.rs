//! A town on a cluster, and callers who change their minds, ask and look until they are stopped.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{Scope, sleep};
use std::time::{Duration, Instant};

use canvass::{Agency, AgencyId, AgencyKind, Change, OwnerId, Policy, RequestId};
use canvass_cluster::local::cluster::{Engine, Local, Setup};
use canvass_cluster::local::demo::placement;
use canvass_cluster::placement::Placement;

use crate::client::*;
use crate::engine::program;
use crate::spaces::Cables;

/// The owners: ten in a row of the map, ten rows.
pub const OWNERS: u64 = 100;

/// The region of clusters under test.
pub const REGION: &str = "town";

#[derive(Debug)]
pub struct Rng(pub u64);

impl Rng {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Starts a cluster with the demo's table, and a policy for small areas and small towns.
pub fn start(server: std::path::PathBuf, cables: &Cables) -> Local {
    start_with(server, cables, None)
}

/// The same with another largest message than the engine's default.
pub fn start_with(server: std::path::PathBuf, cables: &Cables, max_payload: Option<u32>) -> Local {
    let agency = |id| Agency::new(AgencyId(id), "Police", AgencyKind::Local);
    let policy = Policy::without_limits_or_anonymity().with_min_households(5);
    let setup = Setup {
        engine: Engine::Started { server },
        program: program(),
        placement: table(),
        policy: policy.with_open_days(10).with_max_open_days(28),
        agencies: vec![agency(3), agency(4)],
        hosts: cables.hosts.clone(),
        checkpoint_seconds: 5,
        max_payload,
        gives_up: Arc::default(),
    };
    let begun = Instant::now();
    let local = Local::start(setup).unwrap();
    eprintln!("a cluster was up after {:.1?}", begun.elapsed());
    local
}

pub fn table() -> Placement {
    placement(REGION, 3)
}

/// Registers all owners, all of whom agree, and opens a request about them.
pub fn populate(front: SocketAddr) -> (Vec<Sent>, RequestId) {
    let lists = (0..OWNERS).map(|owner| {
        let yes = Change::SetConsent { owner: OwnerId(owner), consent: consent(owner) };
        change(front, owner, vec![Change::Register(camera(owner)), yes])
    });
    let sent: Vec<Sent> = lists.collect();
    let failed = sent.iter().find(|list| list.acknowledged.is_none());
    assert!(failed.is_none(), "{failed:?}");
    (sent, open(front, 3, 10).unwrap())
}

/// Everything that callers sent and were answered.
#[derive(Debug, Default)]
pub struct Load {
    pub sent: Mutex<Vec<Sent>>,
    pub looked: Mutex<Vec<Looked>>,
    pub handed: Mutex<Vec<HandedOver>>,
    pub requests: Mutex<Vec<RequestId>>,
    /// Refusals by code.
    pub refused: Mutex<BTreeMap<String, usize>>,
    pub is_over: AtomicBool,
}

impl Load {
    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }

    /// Notes a refusal, and pauses as a sensible caller does.
    fn refuse(&self, code: String) {
        sleep(Duration::from_millis(10));
        *self.refused.lock().unwrap().entry(code).or_default() += 1;
    }

    /// Starts two callers who change consents, two agencies that ask, and one who looks.
    pub fn run<'scope>(
        &'scope self,
        threads: &'scope Scope<'scope, '_>,
        front: SocketAddr,
        rng: &mut Rng,
    ) {
        for caller in 0..2 {
            let rng = Rng(rng.below(1 << 30));
            threads.spawn(move || self.change_minds(front, caller, rng));
        }
        for agency in [3, 4] {
            let rng = Rng(rng.below(1 << 30));
            threads.spawn(move || self.ask(front, agency, rng));
        }
        let rng = Rng(rng.below(1 << 30));
        threads.spawn(move || self.look(front, rng));
    }

    /// Each owner is one caller's, so the order of their lists is known.
    fn change_minds(&self, front: SocketAddr, caller: u64, mut rng: Rng) {
        while self.goes_on() {
            let owner = OWNERS / 2 * caller + rng.below(OWNERS / 2);
            let yes = Change::SetConsent { owner: OwnerId(owner), consent: consent(owner) };
            let changes = match rng.below(4) {
                0 | 1 => vec![Change::Withdraw { owner: OwnerId(owner) }],
                2 => vec![yes],
                // Now and then larger than the engine carries.
                _ if rng.below(4) == 0 => {
                    let same = Change::Upsert(camera(owner));
                    [vec![same; 600], vec![yes]].concat()
                }
                _ => vec![Change::Upsert(camera(owner)), yes],
            };
            let list = change(front, owner, changes);
            assert!(!list.is_refused, "{list:?}");
            if list.acknowledged.is_none() {
                self.refuse("change".to_owned());
            }
            self.sent.lock().unwrap().push(list);
        }
    }

    fn ask(&self, front: SocketAddr, agency: u64, mut rng: Rng) {
        while self.goes_on() {
            let Some(request) = open(front, agency, 1 + rng.below(10)) else {
                self.refuse("open".to_owned());
                sleep(Duration::from_millis(20));
                continue;
            };
            self.requests.lock().unwrap().push(request);
            for _ in 0..3 {
                match ask(front, request) {
                    Ok(handed) => self.handed.lock().unwrap().push(handed),
                    Err(code) => self.refuse(format!("ask: {code}")),
                }
            }
        }
    }

    fn look(&self, front: SocketAddr, mut rng: Rng) {
        while self.goes_on() {
            let request = {
                let requests = self.requests.lock().unwrap();
                let number = rng.below(requests.len().max(1) as u64) as usize;
                requests.get(number).copied()
            };
            let Some(request) = request else {
                sleep(Duration::from_millis(10));
                continue;
            };
            // Every second look must have all that was acknowledged.
            let at_least = if rng.below(2) == 0 { self.last() } else { 0 };
            match look(front, request, at_least) {
                Ok(found) => self.looked.lock().unwrap().push(found),
                // Decided to have too few households.
                Err(code) if code == "not_open" => {}
                Err(code) => self.refuse(format!("look: {code}")),
            }
        }
    }

    /// The last record that was acknowledged.
    pub fn last(&self) -> u64 {
        let sent = self.sent.lock().unwrap();
        sent.iter()
            .rev()
            .take(100)
            .filter_map(|list| list.acknowledged)
            .map(|(_, at)| at)
            .max()
            .unwrap_or(0)
    }
}

/// How often each word occurs, for messages.
pub fn counted<'a>(words: impl IntoIterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    let mut counted = HashMap::new();
    for word in words {
        *counted.entry(word).or_default() += 1;
    }
    counted
}
