//! The checker: applies the log to one registry by a statement of its own of which records count, and compares
//! with it every answer that callers had.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use canvass::parts::OperatorKey;
use canvass::{
    AgencyId, AuthorizedRequest, Change, Explanation, LifecycleStep, OwnerId, Registry, RequestId,
    Revision, Snapshot,
};
use canvass_cluster::log::record::{Body, MARKS, REQUESTS, Record};
use canvass_cluster::log::stream::Log;
use canvass_cluster::state::reader::Reader;
use canvass_cluster::state::writer::Writer;

use crate::client::{HandedOver, Looked, Sent, limit};

/// The log as it stands, read through the engine.
pub fn records(nats: &str, region: &str, replicas: usize) -> Vec<Record> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let urls: Vec<String> = nats.split(',').map(str::to_owned).collect();
        let client = async_nats::ConnectOptions::new()
            .retry_on_initial_connect()
            .connect(urls)
            .await
            .unwrap();
        let log = Log::open(client, region, replicas).await.unwrap();
        let reader = Arc::new(Reader::new(0, BTreeMap::new(), 0));
        let writer = Writer::new(log.clone(), Arc::clone(&reader), "checker").unwrap();
        let fence = writer.fence().await;
        let read = Mutex::new(Vec::new());
        let follow = log.follow(0, |sequence, record| {
            // This reader holds no chain; it counts records until the fence.
            let mark = Record { chain: MARKS, body: Body::Mark, ..record.clone() };
            read.lock().unwrap().push(record);
            reader.take(sequence, &mark)
        });
        tokio::select! {
            error = follow => panic!("{error}"),
            () = reader.wait_for(fence) => {}
        }
        read.into_inner().unwrap()
    })
}

/// How much was checked, so that no run is about nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checked {
    pub void: usize,
    pub acknowledged: usize,
    pub looks: usize,
    pub looks_with_owners: usize,
    pub handed_over: usize,
}

/// Compares every answer that callers had with the log.
pub fn check(
    records: &[Record],
    key: &OperatorKey,
    (sent, looked, handed): (&[Sent], &[Looked], &[HandedOver]),
) -> Checked {
    let registry = Registry::new();
    let mut snapshots: BTreeMap<u64, Snapshot> = BTreeMap::from([(0, registry.snapshot())]);
    let mut valid: BTreeMap<u64, &Record> = BTreeMap::new();
    let mut chains: BTreeMap<u16, (u64, u64)> = BTreeMap::new();
    let mut requests: BTreeMap<RequestId, AuthorizedRequest> = BTreeMap::new();
    let mut asked = BTreeSet::<(RequestId, OwnerId)>::new();
    let mut histories = BTreeMap::<OwnerId, Vec<AgencyId>>::new();
    let mut noted = BTreeSet::<(RequestId, OwnerId)>::new();
    let mut checked = Checked::default();
    for (sequence, record) in (1..).zip(records) {
        if record.chain == MARKS {
            continue;
        }
        // The rule once more, in other words: the office goes up by one, and each record follows the last one that counted.
        let (epoch, last) = chains.entry(record.chain).or_default();
        let due = *epoch + u64::from(record.body.takes_office());
        if (record.epoch, record.after) != (due, *last) {
            checked.void += 1;
            continue;
        }
        (*epoch, *last) = (record.epoch, sequence);
        valid.insert(sequence, record);
        match &record.body {
            Body::Changes { changes, .. } | Body::Import { changes } => {
                if let Ok(next) = registry.apply_at(Revision(sequence), changes.iter().cloned()) {
                    snapshots.insert(sequence, next);
                }
            }
            &Body::Asked { request, agency, at, ref owners } => {
                // Each of them could be asked by the whole state right before.
                let explained = registry.snapshot().explain_area(&requests[&request], at);
                let free: BTreeSet<OwnerId> = explained
                    .iter()
                    .filter(|(_, why)| {
                        matches!(why, Explanation::Asked | Explanation::TooFewHouseholds)
                    })
                    .map(|(camera, _)| camera.owner)
                    .collect();
                for owner in owners {
                    assert!(free.contains(owner), "record {sequence} asks {owner} against the log");
                    asked.insert((request, *owner));
                    let history = histories.entry(*owner).or_default();
                    history.push(agency);
                    let most = usize::from(limit(*owner));
                    assert!(history.len() <= most, "{owner} is asked more often than {most} times");
                    let own = history.iter().filter(|&&by| by == agency).count();
                    assert!(
                        own <= most.div_ceil(2),
                        "agency {agency} takes more than its share of {owner}"
                    );
                }
                let changes = owners.iter().map(|&owner| Change::RecordAsked {
                    owner,
                    agency: Some(agency),
                    at,
                });
                snapshots.insert(sequence, registry.apply_at(Revision(sequence), changes).unwrap());
            }
            Body::Opened { sealed, events } => {
                let bytes =
                    base64::Engine::decode(&base64::prelude::BASE64_STANDARD, sealed).unwrap();
                let id = events.last().unwrap().id;
                assert!(
                    requests.insert(id, AuthorizedRequest::unseal(key, &bytes).unwrap()).is_none()
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
            Body::Office { .. } | Body::Mark => {}
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
        assert!(look.revision >= look.at_least, "a look is older than it may be: {look:?}");
        let (_, snapshot) = snapshots.range(..=look.revision).next_back().unwrap();
        let route = snapshot.route(requests[&look.request].assume_open(), look.now);
        let expected: Vec<_> =
            route.recipients().map(|to| (to.owner, to.cameras.to_vec(), to.not_before)).collect();
        let found: Vec<_> = look
            .recipients
            .iter()
            .map(|to| (to.owner, to.cameras.clone(), to.not_before))
            .collect();
        assert_eq!(found, expected, "a route as of {} is not that of one registry", look.revision);
        checked.looks += 1;
        checked.looks_with_owners += usize::from(!found.is_empty());
    }
    let mut handed_once = BTreeSet::new();
    for hand in handed {
        for recipient in &hand.asked {
            let owner = recipient.owner;
            assert!(noted.contains(&(hand.request, owner)), "{owner} is handed over and not noted");
            assert!(handed_once.insert((hand.request, owner)), "{owner} is handed over twice");
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
    checked
}

/// The operator's key in a file.
pub fn key(file: &std::path::Path) -> OperatorKey {
    let key: canvass::audit::Digest = std::fs::read_to_string(file).unwrap().parse().unwrap();
    OperatorKey::new(key.0)
}
