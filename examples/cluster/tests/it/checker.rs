//! The checker: applies the log to one registry by a statement of its own of which records count, and holds
//! against it whatever callers were told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use canvass::parts::OperatorKey;
use canvass::{
    AuthorizedRequest, Change, Explanation, LifecycleStep, OwnerId, Registry, RequestId, Revision,
    Snapshot,
};
use canvass_cluster::log::Log;
use canvass_cluster::record::{Body, MARKS, REQUESTS, Record};
use canvass_cluster::state::State;
use canvass_cluster::writer::Writer;

use crate::client::{HandedOver, Looked, Sent};

/// The log as it stands, read through the engine.
pub fn records(nats: &str) -> Vec<Record> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let urls: Vec<String> = nats.split(',').map(str::to_owned).collect();
        let client = async_nats::ConnectOptions::new()
            .retry_on_initial_connect()
            .connect(urls)
            .await
            .unwrap();
        let log = Log::open(client, "demo", 3).await.unwrap();
        let state = Arc::new(State::new(BTreeMap::new()));
        let fence = Writer::new(log.clone(), Arc::clone(&state), "checker").unwrap().fence().await;
        let read = Mutex::new(Vec::new());
        let follow = log.follow(0, |sequence, record| {
            // This state holds no chain; it counts records until the fence.
            let mark = Record { chain: MARKS, ..record.clone() };
            read.lock().unwrap().push(record);
            state.take(sequence, &mark)
        });
        tokio::select! {
            error = follow => panic!("{error}"),
            () = state.wait_for(fence) => {}
        }
        read.into_inner().unwrap()
    })
}

/// How much was checked, so that no run is about nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checked {
    pub records: usize,
    pub void: usize,
    pub acknowledged: usize,
    pub looks: usize,
    pub looks_with_owners: usize,
    pub handed_over: usize,
}

/// Holds everything that callers were told against the log.
pub fn check(
    records: &[Record],
    key_file: &Path,
    (sent, looked, handed): (&[Sent], &[Looked], &[HandedOver]),
) -> Checked {
    let key: canvass::audit::Digest = std::fs::read_to_string(key_file).unwrap().parse().unwrap();
    let key = OperatorKey::new(key.0);
    let registry = Registry::new();
    let mut snapshots: BTreeMap<u64, Snapshot> = BTreeMap::from([(0, registry.snapshot())]);
    let mut valid: BTreeMap<u64, &Record> = BTreeMap::new();
    let mut chains: BTreeMap<u16, (u64, u64)> = BTreeMap::new();
    let mut requests: BTreeMap<RequestId, AuthorizedRequest> = BTreeMap::new();
    let mut asked = BTreeSet::<(RequestId, OwnerId)>::new();
    let mut noted = BTreeSet::<(RequestId, OwnerId)>::new();
    let mut checked = Checked { records: records.len(), ..Checked::default() };
    for (sequence, record) in (1..).zip(records) {
        if record.chain == MARKS {
            continue;
        }
        // Said once more: the office goes up by one, and each record follows the last one that counted.
        let (epoch, last) = chains.entry(record.chain).or_default();
        let due = *epoch + u64::from(record.body == Body::Office);
        if (record.epoch, record.after) != (due, *last) {
            checked.void += 1;
            continue;
        }
        (*epoch, *last) = (record.epoch, sequence);
        valid.insert(sequence, record);
        match &record.body {
            Body::Changes { changes, .. } => {
                if let Ok(next) = registry.apply_at(Revision(sequence), changes.iter().cloned()) {
                    snapshots.insert(sequence, next);
                }
            }
            Body::Asked { request, at, owners } => {
                // Each of them could be asked by the whole state right before.
                let explained = registry.snapshot().explain_area(&requests[request], *at);
                let free: BTreeSet<OwnerId> = explained
                    .iter()
                    .filter(|(_, why)| {
                        matches!(why, Explanation::Asked | Explanation::TooFewHouseholds)
                    })
                    .map(|(camera, _)| camera.owner)
                    .collect();
                for owner in owners {
                    assert!(free.contains(owner), "record {sequence} asks {owner} against the log");
                    asked.insert((*request, *owner));
                }
                let changes = owners.iter().map(|&owner| Change::RecordAsked { owner, at: *at });
                snapshots.insert(sequence, registry.apply_at(Revision(sequence), changes).unwrap());
            }
            Body::Opened { sealed, events } => {
                let bytes =
                    base64::Engine::decode(&base64::prelude::BASE64_STANDARD, sealed).unwrap();
                let id = events.last().unwrap().id;
                assert!(
                    requests.insert(id, AuthorizedRequest::unseal(&key, &bytes).unwrap()).is_none()
                );
            }
            Body::Steps { events } => {
                assert_eq!(record.chain, REQUESTS);
                for event in events {
                    if let LifecycleStep::Asked { owners } = &event.step {
                        for owner in owners {
                            assert!(
                                asked.contains(&(event.id, *owner)),
                                "{owner} is noted and not recorded"
                            );
                            assert!(
                                noted.insert((event.id, *owner)),
                                "{owner} is asked twice for {}",
                                event.id
                            );
                        }
                    }
                }
            }
            Body::Office | Body::Mark => {}
        }
    }
    for list in sent {
        if let Some((_, sequence)) = list.acknowledged {
            let expected = Body::Changes { owner: list.owner, changes: list.changes.clone() };
            let found = valid.get(&sequence).map(|record| &record.body);
            assert_eq!(found, Some(&expected), "an acknowledged list is lost or halved");
            checked.acknowledged += 1;
        }
    }
    for look in looked {
        let (_, snapshot) = snapshots.range(..=look.revision).next_back().unwrap();
        let route = snapshot.route(&requests[&look.request], look.now);
        let expected: Vec<_> =
            route.recipients().map(|to| (to.owner, to.cameras.to_vec())).collect();
        let found: Vec<_> =
            look.recipients.iter().map(|to| (to.owner, to.cameras.clone())).collect();
        assert_eq!(found, expected, "a route as of {} is not that of one registry", look.revision);
        checked.looks += 1;
        checked.looks_with_owners += usize::from(!found.is_empty());
    }
    let mut handed_once = BTreeSet::new();
    let mut by_owner = BTreeMap::<OwnerId, usize>::new();
    for hand in handed {
        for recipient in &hand.asked {
            let owner = recipient.owner;
            assert!(noted.contains(&(hand.request, owner)), "{owner} is handed over and not noted");
            assert!(handed_once.insert((hand.request, owner)), "{owner} is handed over twice");
            *by_owner.entry(owner).or_default() += 1;
            checked.handed_over += 1;
            // The last list of the owner that was begun before: an acknowledged withdrawal holds.
            let before = sent.iter().filter(|list| list.owner == owner && list.begun < hand.begun);
            if let Some(last) = before.max_by_key(|list| list.begun)
                && let [Change::Withdraw { .. }] = last.changes[..]
                && last.acknowledged.is_some_and(|(at, _)| at < hand.begun)
            {
                // A list that was begun while the ask ran may have granted again.
                let granted =
                    sent.iter().any(|list| list.owner == owner && list.begun >= hand.begun);
                assert!(granted, "{owner} is handed over after an acknowledged withdrawal");
            }
        }
    }
    for (owner, times) in by_owner {
        assert!(owner.0 % 2 == 0 || times <= 1, "{owner} is asked {times} times against the limit");
    }
    checked
}
