//! Counters and timers for Prometheus. The operator's: they include the number of cameras.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use canvass::{LifecycleEvent, LifecycleStep, Snapshot};
use prometheus_client::encoding::{EncodeLabelSet, prometheus_text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::clock::Reading;

/// All metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Family<Endpoint, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    connections: Gauge,
    /// Connections refused, since their address had reached its limit.
    pub refused_connections: Counter,
    /// Connections ended, since the client did not take the answer.
    pub unread_answers: Counter,
    refused_heads: Family<RefusedHead, Counter>,
    revision: Gauge<u64, AtomicU64>,
    cameras: Gauge,
    changes: Counter,
    opened: Counter,
    events: Counter,
    asked: Counter,
    commits: Counter,
    commit_seconds: Histogram,
    checkpoints: Counter,
    checkpoint_tiles: Counter,
    checkpoint_seconds: Histogram,
    /// Revisions in the log that no checkpoint includes yet.
    pub log_entries: Gauge,
    /// 1 while the disk accepts no writes.
    pub store_failing: Gauge,
    /// 1 from a failed checkpoint until the next successful one.
    pub checkpoint_failing: Gauge,
    /// 1 while asking is held because a copy was put back.
    pub restored: Gauge,
    /// The seconds by which the wall clock is ahead of the time, while it is in doubt.
    pub clock_off: Gauge,
    /// How often the wall clock jumped.
    pub clock_jumps: Gauge,
    /// How often the store failed.
    pub store_failures: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusedHead {
    status: u16,
    code: &'static str,
}

/// Counts one in a gauge until it is dropped.
#[derive(Debug)]
pub struct Counted(Gauge);

impl Counted {
    fn one(of: &Gauge) -> Self {
        of.inc();
        Self(of.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Endpoint {
    route: String,
}

/// Buckets from 50 microseconds to 10 seconds.
fn histogram() -> Histogram {
    let steps = [0.5, 1.0, 2.5].into_iter();
    let decades = [1e-4, 1e-3, 1e-2, 1e-1, 1.0];
    Histogram::new(
        decades
            .into_iter()
            .flat_map(move |decade| steps.clone().map(move |step| step * decade))
            .chain([5.0, 10.0]),
    )
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("canvass");
        let requests = Family::<Answered, Counter>::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        let seconds = Family::new_with_constructor(histogram as fn() -> Histogram);
        registry.register("http_request_seconds", "Time to answer", seconds.clone());
        let refused_heads = Family::<RefusedHead, Counter>::default();
        registry.register("http_heads_refused", "Heads of requests refused", refused_heads.clone());
        let mut gauge = |name, help| {
            let gauge: Gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let connections = gauge("http_connections", "Connections that are open");
        let in_flight = gauge("http_requests_in_flight", "Requests being answered");
        let cameras = gauge("cameras", "Cameras registered");
        let log_entries = gauge("log_revisions", "Revisions that no checkpoint has yet");
        let store_failing = gauge("store_failing", "1 while the disk takes nothing");
        let checkpoint_failing =
            gauge("checkpoint_failing", "1 from a checkpoint that failed until one is made");
        let restored = gauge("restored", "1 while nobody is asked since a copy was put back");
        let clock_off =
            gauge("clock_off_seconds", "How far the wall clock is off while it is in doubt");
        let clock_jumps = gauge("clock_jumps", "How often the wall clock jumped");
        let revision = Gauge::<u64, AtomicU64>::default();
        registry.register("revision", "The published revision", revision.clone());
        let mut counter = |name, help| {
            let counter: Counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let refused_connections =
            counter("http_connections_refused", "Connections beyond the limit of an address");
        let unread_answers =
            counter("http_answers_unread", "Connections ended with an answer unread");
        let changes = counter("changes", "Changes applied and kept");
        let opened = counter("requests_opened", "Requests of agencies opened");
        let events = counter("events", "Events of requests");
        let asked = counter("owners_asked", "Owners handed over to be asked, for each request");
        let commits = counter("commits", "Transactions committed");
        let checkpoints = counter("checkpoints", "Checkpoints made");
        let checkpoint_tiles = counter("checkpoint_tiles", "Tiles written by checkpoints");
        let store_failures = counter("store_failures", "How often the store failed");
        let commit_seconds = histogram();
        registry.register("commit_seconds", "Time of a commit", commit_seconds.clone());
        let checkpoint_seconds = histogram();
        registry.register("checkpoint_seconds", "Time of a checkpoint", checkpoint_seconds.clone());
        Self {
            registry,
            requests,
            seconds,
            in_flight,
            connections,
            refused_connections,
            unread_answers,
            refused_heads,
            revision,
            cameras,
            changes,
            opened,
            events,
            asked,
            commits,
            commit_seconds,
            checkpoints,
            checkpoint_tiles,
            checkpoint_seconds,
            log_entries,
            store_failing,
            checkpoint_failing,
            restored,
            clock_off,
            clock_jumps,
            store_failures,
        }
    }
}

impl Metrics {
    /// All metrics in the text format of Prometheus.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = prometheus_text::encode(&mut text, &self.registry);
        text
    }

    /// Counts a request as being answered.
    #[must_use]
    pub fn answering(&self) -> Counted {
        Counted::one(&self.in_flight)
    }

    /// Counts a connection as open.
    #[must_use]
    pub fn connection(&self) -> Counted {
        Counted::one(&self.connections)
    }

    /// Counts a head that was refused before any endpoint.
    pub fn refused_head(&self, status: u16, code: &'static str) {
        self.refused_heads.get_or_create(&RefusedHead { status, code }).inc();
    }

    /// Counts an answer. The route is the pattern that matched, never the path.
    pub fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let labels = Answered { method: method.to_owned(), route: route.to_owned(), status };
        self.requests.get_or_create(&labels).inc();
        let endpoint = Endpoint { route: route.to_owned() };
        self.seconds.get_or_create(&endpoint).observe(took.as_secs_f64());
    }

    /// Records a reading of the clock.
    pub fn time(&self, reading: Reading) {
        self.clock_off.set(reading.off.as_secs());
        self.clock_jumps.set(i64::try_from(reading.jumps).unwrap_or(i64::MAX));
    }

    /// Records the state that readers see from now on.
    pub fn publish(&self, snapshot: &Snapshot) {
        self.revision.set(snapshot.revision().0);
        self.cameras.set(i64::try_from(snapshot.cameras()).unwrap_or(i64::MAX));
    }

    /// Records a commit with its changes and events.
    pub fn committed(&self, took: Duration, changes: usize, events: &[LifecycleEvent]) {
        self.commits.inc();
        self.changes.inc_by(changes as u64);
        self.events.inc_by(events.len() as u64);
        for event in events {
            match &event.step {
                LifecycleStep::Opened { .. } => drop(self.opened.inc()),
                LifecycleStep::Asked { owners } => drop(self.asked.inc_by(owners.len() as u64)),
                _ => {}
            }
        }
        self.commit_seconds.observe(took.as_secs_f64());
    }

    /// Records a checkpoint, and the number of revisions that it included.
    pub fn checkpointed(&self, took: Duration, tiles: usize, revisions: u64) {
        self.checkpoints.inc();
        self.checkpoint_failing.set(0);
        self.checkpoint_tiles.inc_by(tiles as u64);
        self.checkpoint_seconds.observe(took.as_secs_f64());
        self.log_entries.dec_by(i64::try_from(revisions).unwrap_or(i64::MAX));
    }
}
