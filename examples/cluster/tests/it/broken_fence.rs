//! The checker of the fault run notices a broken fence: a writer that was stopped asks against a withdrawal.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use canvass::parts::OperatorKey;
use canvass::{
    Agency, AgencyId, AgencyKind, Area, AuthorizedRequest, CaseFile, Change, IncidentKind,
    LifecycleEvent, LifecycleStep, OpenRequests, OwnerId, Policy, Request, RequestId, TimeWindow,
};
use canvass_cluster::log::chain::Fence;
use canvass_cluster::log::record::{Body, REQUESTS};
use canvass_cluster::log::stream::Log;
use canvass_cluster::roles::call::Recipient;
use canvass_cluster::state::reader::Reader;
use canvass_cluster::state::replica::{Content, Refused, Replica};
use canvass_cluster::state::writer::Writer;
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;

use crate::checker::{check, records};
use crate::client::{HandedOver, Sent, camera};
use crate::engine::{Node, server};

/// When a write of a test is given up.
fn by() -> tokio::time::Instant {
    tokio::time::Instant::now() + std::time::Duration::from_secs(20)
}

/// An owner without a limit, who may be asked again and again.
const OWNER: OwnerId = OwnerId(3);
const REQUEST: RequestId = RequestId(1);

/// A process that holds a partition and the requests, and may stop reading.
struct Process {
    log: Log,
    reader: Arc<Reader>,
    writer: Writer,
    reads: Option<JoinHandle<()>>,
}

impl Process {
    async fn start(log: &Log, name: &str, fence: Fence) -> Self {
        let replicas = BTreeMap::from([
            (0, Replica::partition().under(fence)),
            (REQUESTS, Replica::requests().under(fence)),
        ]);
        let reader = Arc::new(Reader::new(1, replicas, 0));
        let writer = Writer::new(log.clone(), Arc::clone(&reader), name).unwrap();
        let mut process = Self { log: log.clone(), reader, writer, reads: None };
        process.read();
        let end = process.writer.fence().await;
        process.reader.wait_for(end).await;
        process
    }

    /// Reads the log from where it stopped.
    fn read(&mut self) {
        let (log, reader) = (self.log.clone(), Arc::clone(&self.reader));
        self.reads = Some(tokio::spawn(async move {
            let from = reader.read();
            panic!("{}", log.follow(from, |at, record| reader.take(at, &record)).await);
        }));
    }

    fn stop(&mut self) {
        self.reads.take().unwrap().abort();
    }

    async fn change(&self, change: Change) -> Sent {
        let begun = Instant::now();
        let body = Body::Changes { owner: OWNER, changes: vec![change.clone()] };
        let sequence = self.writer.write(by(), 0, |_| Ok(body.clone())).await.unwrap();
        let acknowledged = Some((Instant::now(), sequence));
        Sent { owner: OWNER, changes: vec![change], begun, acknowledged, is_refused: false }
    }

    /// Asks the owner if its own state permits it; whether it did.
    async fn ask(&self, at: Timestamp) -> bool {
        let asked = self.writer.write(by(), 0, |replica| {
            let Content::Partition(registry) = &replica.content else { panic!() };
            if registry.consent(OWNER).standing() != canvass::Standing::Granted {
                return Err(Refused::new("nobody", "withdrawn"));
            }
            let owners = vec![OWNER];
            Ok(Body::Asked { request: REQUEST, agency: AgencyId(3), at, owners })
        });
        asked.await.is_ok()
    }

    async fn note(&self, events: Vec<LifecycleEvent>) {
        self.writer
            .write(by(), REQUESTS, |_| Ok(Body::Steps { events: events.clone() }))
            .await
            .unwrap();
    }
}

pub fn authorized(now: Timestamp) -> AuthorizedRequest {
    let agency = Agency::new(AgencyId(3), "Police", AgencyKind::Local);
    let area = Area::from_bounds(9.999, 49.999, 10.01, 50.01).unwrap();
    let ago = |hours| now - SignedDuration::from_hours(hours);
    let window = TimeWindow::new(ago(3), ago(1)).unwrap();
    let request = Request::new(agency.id, IncidentKind::Burglary, area, window);
    let policy = Policy::without_limits_or_anonymity();
    policy.review(&request, &agency, &CaseFile::new(agency.id), now).unwrap()
}

/// A writer is stopped, another takes its office and acknowledges a withdrawal, and the first goes on to ask.
/// Runs the checker on the log and on what callers had; whether the first asked.
fn stopped_writer_asks(fence: Fence) -> bool {
    let Some(server) = server() else { return fence == Fence::Broken };
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(&server, folder.path(), ("sync_interval: always", ""));
    let key = OperatorKey::new([7; 32]);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (sent, handed) = runtime.block_on(async {
        let options = async_nats::ConnectOptions::new().retry_on_initial_connect();
        let log = Log::open(options.connect(&node.nats).await.unwrap(), "fence", 1).await.unwrap();
        let mut first = Process::start(&log, "first", fence).await;
        let yes = Change::SetConsent { owner: OWNER, consent: canvass::Consent::granted() };
        let mut sent = vec![first.change(Change::Register(camera(OWNER.0))).await];
        sent.push(first.change(yes).await);
        let now = Timestamp::now();
        let authorized = authorized(now);
        let mut open = OpenRequests::new(0);
        let mut opened = open.open(REQUEST, &authorized, now).unwrap();
        let sealed = BASE64_STANDARD.encode(authorized.seal(&key));
        let body = Body::Opened { sealed, events: std::mem::take(&mut opened) };
        first.writer.write(by(), REQUESTS, |_| Ok(body.clone())).await.unwrap();
        first.note(open.decide_with(REQUEST, &authorized, || true, now).unwrap()).await;

        first.stop();
        let second = Process::start(&log, "second", fence).await;
        sent.push(second.change(Change::Withdraw { owner: OWNER }).await);
        let begun = Instant::now();
        // The first makes its record from the state that it has read, and reads on only then.
        let asking = first.ask(now);
        tokio::pin!(asking);
        let early = tokio::time::timeout(Duration::from_millis(300), &mut asking).await;
        assert!(early.is_err(), "it has not read its record back");
        let (reader, reads) = (Arc::clone(&first.reader), first.log.clone());
        let reads = tokio::spawn(async move {
            let from = reader.read();
            panic!("{}", reads.follow(from, |at, record| reader.take(at, &record)).await);
        });
        let asked = asking.await;
        let mut handed = Vec::new();
        if asked {
            let step = LifecycleStep::Asked { owners: vec![OWNER] };
            first.note(vec![LifecycleEvent::new(open.next_sequence(), now, REQUEST, step)]).await;
            let recipient =
                Recipient { owner: OWNER, cameras: vec![camera(OWNER.0).id], not_before: None };
            handed.push(HandedOver { request: REQUEST, begun, asked: vec![recipient] });
        }
        reads.abort();
        (sent, handed)
    });
    let records = records(&node.nats, "fence", 1);
    let checked = check(&records, &key, (&sent, &[], &handed));
    assert_eq!(checked.acknowledged, 3);
    !handed.is_empty()
}

#[test]
fn a_stopped_writer_asks_nobody_who_withdrew() {
    assert!(!stopped_writer_asks(Fence::Kept));
}

#[test]
fn the_checker_notices_a_broken_fence() {
    let noticed = std::panic::catch_unwind(|| stopped_writer_asks(Fence::Broken));
    match noticed {
        // Without an engine nothing was run.
        Ok(asked) => assert!(asked && crate::engine::server().is_none(), "nothing was noticed"),
        Err(message) => {
            let words = message.downcast_ref::<String>().unwrap();
            assert!(words.contains("is noted and not recorded"), "{words}");
        }
    }
}
