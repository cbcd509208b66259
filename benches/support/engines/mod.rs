//! The engines that answer the same requests.
//!
//! Each gets requests that were prepared outside the time, and keeps its answer and its working
//! memory from one request to the next: `peers`, and the `library` itself.

use std::time::Instant;

use canvass::{CameraId, OwnerId, Snapshot};
use rstar::RTree;

use super::cases::Query;
use super::load;
use super::population::DataSet;

pub mod library;
mod peers;

pub use library::Canvass;
pub use peers::points;
use peers::{PackedPoints, Peer, Points, Scan, records};

/// An engine that finds the owners to ask.
pub trait Engine {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Answers a request, and keeps the answer: owners ascending, each with its cameras ascending.
    fn route(&mut self, query: &Query);

    /// The number of owners in the last answer.
    fn owners(&self) -> usize;

    /// The last answer as rows: owners and cameras, both ascending.
    fn rows(&self) -> Vec<(OwnerId, CameraId)>;

    /// Whether it answers under the policy of the case, so that its answer must be that of all others.
    fn is_compared(&self) -> bool {
        true
    }

    /// The registry that it routes in, if it is the library.
    fn snapshot(&self) -> Option<&Snapshot> {
        None
    }
}

/// The names of all engines that are built, in the order of tables.
pub const NAMES: [&str; 5] = ["scan", "rstar", "rstar-tuned", "geo-index", "canvass"];

/// Builds an engine; returns it with the seconds that this took.
pub fn build<'a>(name: &str, set: &'a DataSet) -> (Box<dyn Engine + 'a>, f64) {
    match name {
        "canvass" => {
            let (registry, seconds) = load(set);
            (Box::new(Canvass::new(registry)), seconds)
        }
        "geo-index" => timed(|| Peer::new(set, PackedPoints::new(set))),
        "scan" => timed(|| Peer::new(set, Scan(records(set).collect()))),
        _ => {
            let (points, tuned) = (points(set), name == "rstar-tuned");
            timed(|| Peer::new(set, Points { tree: RTree::bulk_load(points), tuned }))
        }
    }
}

fn timed<'a, E: Engine + 'a>(build: impl FnOnce() -> E) -> (Box<dyn Engine + 'a>, f64) {
    let start = Instant::now();
    let engine = build();
    let seconds = start.elapsed().as_secs_f64();
    (Box::new(engine), seconds)
}
