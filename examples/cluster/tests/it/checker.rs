//! The checker: applies the log to one registry by a statement of its own of which records count, and compares
//! with it every answer that callers had.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use canvass::jiff::Timestamp;
use canvass::parts::OperatorKey;
use canvass::{
    AgencyId, AuthorizedRequest, Change, Explanation, LifecycleEvent, LifecycleStep, OwnerId,
    Registry, RequestId, Revision, Snapshot,
};
use canvass_cluster::log::record::{Body, MARKS, REQUESTS, Record};
use canvass_cluster::log::stream::Log;
use canvass_cluster::pieces::Piece;
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
    pub in_pieces: usize,
    pub acknowledged: usize,
    pub looks: usize,
    pub looks_with_owners: usize,
    pub handed_over: usize,
}

/// The log applied to one registry, with all that its records lead to.
struct Twin<'a> {
    key: &'a OperatorKey,
    registry: Registry,
    snapshots: BTreeMap<u64, Snapshot>,
    /// The contents of the records that count, each at the record that made it whole.
    valid: BTreeMap<u64, Body>,
    /// The pieces of each chain since its last record that was none.
    pieces: BTreeMap<u16, Vec<&'a Piece>>,
    chains: BTreeMap<u16, (u64, u64)>,
    requests: BTreeMap<RequestId, AuthorizedRequest>,
    asked: BTreeSet<(RequestId, OwnerId)>,
    noted: BTreeSet<(RequestId, OwnerId)>,
    histories: BTreeMap<OwnerId, Vec<AgencyId>>,
    checked: Checked,
}

impl<'a> Twin<'a> {
    fn new(key: &'a OperatorKey) -> Self {
        let registry = Registry::new();
        Self {
            key,
            snapshots: BTreeMap::from([(0, registry.snapshot())]),
            registry,
            valid: BTreeMap::new(),
            pieces: BTreeMap::new(),
            chains: BTreeMap::new(),
            requests: BTreeMap::new(),
            asked: BTreeSet::new(),
            noted: BTreeSet::new(),
            histories: BTreeMap::new(),
            checked: Checked::default(),
        }
    }

    fn take(&mut self, sequence: u64, record: &'a Record) {
        // The rule once more, in other words: the office goes up by one, and each record follows the last one that counted.
        let (epoch, last) = self.chains.entry(record.chain).or_default();
        let due = *epoch + u64::from(record.body.takes_office());
        if (record.epoch, record.after) != (due, *last) {
            self.checked.void += 1;
            return;
        }
        (*epoch, *last) = (record.epoch, sequence);
        let Some(body) = self.whole(record) else { return };
        self.valid.insert(sequence, body.clone());
        match &body {
            Body::Changes { changes, .. } | Body::Import { changes } => {
                let changes = changes.iter().cloned();
                if let Ok(next) = self.registry.apply_at(Revision(sequence), changes) {
                    self.snapshots.insert(sequence, next);
                }
            }
            &Body::Asked { request, agency, at, ref owners } => {
                self.ask(sequence, request, (agency, at), owners);
            }
            Body::Opened { sealed, events } => {
                let bytes =
                    base64::Engine::decode(&base64::prelude::BASE64_STANDARD, sealed).unwrap();
                let authorized = AuthorizedRequest::unseal(self.key, &bytes).unwrap();
                let id = events.last().unwrap().id;
                assert!(self.requests.insert(id, authorized).is_none());
            }
            Body::Steps { events } => {
                assert_eq!(record.chain, REQUESTS);
                for event in events {
                    self.note(event);
                }
            }
            Body::Office { .. } | Body::Mark | Body::Piece(_) => {}
        }
    }

    /// The content that is whole with this record: its own, or that of all pieces up to it.
    fn whole(&mut self, record: &'a Record) -> Option<Body> {
        let pieces = self.pieces.entry(record.chain).or_default();
        let Body::Piece(piece) = &record.body else {
            pieces.clear();
            return Some(record.body.clone());
        };
        if piece.number == 0 {
            pieces.clear();
        }
        pieces.push(piece);
        if pieces.len() < piece.count as usize {
            return None;
        }
        for (number, one) in (0..).zip(pieces.iter()) {
            assert_eq!((one.whole, one.number), (piece.whole, number), "foreign pieces count");
        }
        let text: Vec<u8> = pieces.drain(..).flat_map(|one| one.bytes.clone()).collect();
        self.checked.in_pieces += 1;
        Some(serde_json::from_slice(&text).unwrap())
    }

    /// Each of the owners could be asked by the whole state right before.
    fn ask(
        &mut self,
        sequence: u64,
        request: RequestId,
        (agency, at): (AgencyId, Timestamp),
        owners: &[OwnerId],
    ) {
        let explained = self.registry.snapshot().explain_area(&self.requests[&request], at);
        let free: BTreeSet<OwnerId> = explained
            .iter()
            .filter(|(_, why)| matches!(why, Explanation::Asked | Explanation::TooFewHouseholds))
            .map(|(camera, _)| camera.owner)
            .collect();
        for owner in owners {
            assert!(free.contains(owner), "record {sequence} asks {owner} against the log");
            self.asked.insert((request, *owner));
            let history = self.histories.entry(*owner).or_default();
            history.push(agency);
            let most = usize::from(limit(*owner));
            assert!(history.len() <= most, "{owner} is asked more often than {most} times");
            let own = history.iter().filter(|&&by| by == agency).count();
            let share = most.div_ceil(2);
            assert!(own <= share, "agency {agency} takes more than its share of {owner}");
        }
        let changes =
            owners.iter().map(|&owner| Change::RecordAsked { owner, agency: Some(agency), at });
        let next = self.registry.apply_at(Revision(sequence), changes).unwrap();
        self.snapshots.insert(sequence, next);
    }

    fn note(&mut self, event: &LifecycleEvent) {
        let LifecycleStep::Asked { owners } = &event.step else { return };
        for owner in owners {
            let ask = (event.id, *owner);
            assert!(self.asked.contains(&ask), "{owner} is noted and not recorded");
            assert!(self.noted.insert(ask), "{owner} is asked twice for {}", event.id);
        }
    }

    fn lists_are_whole(&mut self, sent: &[Sent]) {
        for list in sent {
            if let Some((_, sequence)) = list.acknowledged {
                let expected = Body::Changes { owner: list.owner, changes: list.changes.clone() };
                let found = self.valid.get(&sequence);
                assert!(
                    found == Some(&expected),
                    "an acknowledged list is lost or halved: {list:?}"
                );
                self.checked.acknowledged += 1;
            }
        }
    }

    fn routes_are_equal(&mut self, looked: &[Looked]) {
        for look in looked {
            assert!(look.revision >= look.at_least, "a look is older than it may be: {look:?}");
            let (_, snapshot) = self.snapshots.range(..=look.revision).next_back().unwrap();
            let route = snapshot.route(self.requests[&look.request].assume_open(), look.now);
            let expected: Vec<_> = route
                .recipients()
                .map(|to| (to.owner, to.cameras.to_vec(), to.not_before))
                .collect();
            let found: Vec<_> = look
                .recipients
                .iter()
                .map(|to| (to.owner, to.cameras.clone(), to.not_before))
                .collect();
            let revision = look.revision;
            assert_eq!(found, expected, "a route as of {revision} is not that of one registry");
            self.checked.looks += 1;
            self.checked.looks_with_owners += usize::from(!found.is_empty());
        }
    }

    fn nobody_is_handed_over_twice_or_late(&mut self, sent: &[Sent], handed: &[HandedOver]) {
        let mut once = BTreeSet::new();
        for hand in handed {
            for recipient in &hand.asked {
                let (owner, ask) = (recipient.owner, (hand.request, recipient.owner));
                assert!(self.noted.contains(&ask), "{owner} is handed over and not noted");
                assert!(once.insert(ask), "{owner} is handed over twice");
                self.checked.handed_over += 1;
                // The last list of the owner that was begun before: an acknowledged withdrawal holds.
                let before =
                    sent.iter().filter(|list| list.owner == owner && list.begun < hand.begun);
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
    }
}

/// Compares every answer that callers had with the log.
pub fn check(
    records: &[Record],
    key: &OperatorKey,
    (sent, looked, handed): (&[Sent], &[Looked], &[HandedOver]),
) -> Checked {
    let mut twin = Twin::new(key);
    for (sequence, record) in (1..).zip(records) {
        if record.chain != MARKS {
            twin.take(sequence, record);
        }
    }
    twin.lists_are_whole(sent);
    twin.routes_are_equal(looked);
    twin.nobody_is_handed_over_twice_or_late(sent, handed);
    twin.checked
}

/// The operator's key in a file.
pub fn key(file: &std::path::Path) -> OperatorKey {
    let key: canvass::audit::Digest = std::fs::read_to_string(file).unwrap().parse().unwrap();
    OperatorKey::new(key.0)
}
