//! The engines that answer the same requests.
//!
//! Each gets requests that were prepared outside the time, and keeps its answer and its working
//! memory from one request to the next.

use std::ops::ControlFlow;
use std::time::Instant;

use canvass::{CameraId, OwnerId, Recording, Registry, Route, Scratch, Snapshot};
use geo::{Contains, Intersects};
use geo_index::rtree::sort::HilbertSort;
use geo_index::rtree::{RTree as PackedTree, RTreeBuilder, RTreeIndex};
use geo_types::Coord;
use rstar::primitives::GeomWithData;
use rstar::{AABB, RTree};

use super::cases::Query;
use super::load;
use super::population::{DataSet, Standing};

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

/// A camera in the peers' form: all data that consent and footage need, at hand. Consents and
/// histories are shared by many cameras, which is kind to the cache.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    id: CameraId,
    owner: OwnerId,
    recording: Recording,
    standing: Standing,
}

/// A point in units of 1e-7 degree: whole numbers, so `geo` decides exactly.
pub type Point = GeomWithData<[f64; 2], Record>;

/// The cameras in the peers' form.
fn records(set: &DataSet) -> impl Iterator<Item = (Coord<f64>, Record)> + '_ {
    set.cameras.iter().map(|camera| {
        let at = Coord {
            x: f64::from(camera.position.lon_e7()),
            y: f64::from(camera.position.lat_e7()),
        };
        let standing = set.owners[camera.owner.0 as usize];
        (at, Record { id: camera.id, owner: camera.owner, recording: camera.recording, standing })
    })
}

/// The cameras in the form of `rstar`.
pub fn points(set: &DataSet) -> Vec<Point> {
    records(set).map(|(at, record)| GeomWithData::new([at.x, at.y], record)).collect()
}

/// The work once a camera is in the envelope: the polygon by `geo`, consent and footage by the
/// row-at-a-time specification, and grouping.
struct Rest<'a> {
    set: &'a DataSet,
    rows: Vec<(OwnerId, CameraId)>,
    owners: Vec<(OwnerId, usize)>,
    cameras: Vec<CameraId>,
    /// The households in the area, whatever they answered, where they have to be counted.
    households: Option<Vec<OwnerId>>,
}

impl<'a> Rest<'a> {
    fn new(set: &'a DataSet) -> Self {
        let (rows, owners, cameras) = (Vec::new(), Vec::new(), Vec::new());
        Self { set, rows, owners, cameras, households: None }
    }

    fn take(&mut self, query: &Query, at: Coord<f64>, record: &Record) {
        if query.polygon.intersects(&at) {
            if let Some(households) = &mut self.households {
                households.push(record.owner);
            } else if self.may_be_asked(query, record) {
                self.rows.push((record.owner, record.id));
            }
        }
    }

    /// The same work, tuned with good knowledge of `geo` and measurements: the cheap tests first,
    /// and an index of edges where there are many. (That index leaves the boundary out; no drawn
    /// camera stands on one.)
    fn take_tuned(&mut self, query: &Query, at: Coord<f64>, record: &Record) {
        let covers = || match query.authorized.request().area.vertices() {
            0..32 => query.polygon.intersects(&at),
            _ => query.indexed.contains(&at),
        };
        if let Some(households) = &mut self.households {
            if covers() {
                households.push(record.owner);
            }
        } else if self.may_be_asked(query, record) && covers() {
            self.rows.push((record.owner, record.id));
        }
    }

    fn may_be_asked(&self, query: &Query, record: &Record) -> bool {
        record.recording.has_footage(&query.window, query.question.now)
            && self
                .set
                .consent(record.standing)
                .evaluate(&query.question, self.set.history(record.standing))
                .is_ok()
    }

    fn group(&mut self) {
        self.rows.sort_unstable();
        self.owners.clear();
        self.cameras.clear();
        for &(owner, camera) in &self.rows {
            self.cameras.push(camera);
            let end = self.cameras.len();
            match self.owners.last_mut() {
                Some((last, last_end)) if *last == owner => *last_end = end,
                _ => self.owners.push((owner, end)),
            }
        }
    }
}

/// A peer's search for the cameras in the envelope of a request's area.
trait Search {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Passes each camera found to `rest`.
    fn search(&self, query: &Query, rest: &mut Rest<'_>);
}

/// An engine with its own search that shares the remaining work with the others.
struct Peer<'a, S> {
    rest: Rest<'a>,
    cameras: S,
    /// Room to count households in.
    households: Vec<OwnerId>,
}

impl<'a, S: Search> Peer<'a, S> {
    fn new(set: &'a DataSet, cameras: S) -> Self {
        Self { rest: Rest::new(set), cameras, households: Vec::new() }
    }
}

impl<S: Search> Engine for Peer<'_, S> {
    fn name(&self) -> &'static str {
        self.cameras.name()
    }

    fn route(&mut self, query: &Query) {
        self.rest.rows.clear();
        self.cameras.search(query, &mut self.rest);
        self.rest.group();
        // As the library does: households are counted only where those who may be asked are too few.
        if (1..query.households).contains(&self.rest.owners.len()) {
            self.rest.households = Some(std::mem::take(&mut self.households));
            self.cameras.search(query, &mut self.rest);
            self.households = self.rest.households.take().unwrap_or_default();
            self.households.sort_unstable();
            self.households.dedup();
            if self.households.len() < query.households {
                self.rest.rows.clear();
                self.rest.owners.clear();
                self.rest.cameras.clear();
            }
            self.households.clear();
        }
    }

    fn owners(&self) -> usize {
        self.rest.owners.len()
    }

    fn rows(&self) -> Vec<(OwnerId, CameraId)> {
        self.rest.rows.clone()
    }
}

/// `rstar`: a tree of points that carry their record.
struct Points {
    tree: RTree<Point>,
    tuned: bool,
}

impl Search for Points {
    fn name(&self) -> &'static str {
        if self.tuned { "rstar-tuned" } else { "rstar" }
    }

    fn search(&self, query: &Query, rest: &mut Rest<'_>) {
        let (min, max) = (query.bounds.min(), query.bounds.max());
        let envelope = AABB::from_corners([min.x, min.y], [max.x, max.y]);
        if self.tuned {
            let found = self.tree.locate_in_envelope_int(envelope, |point| {
                let &[x, y] = point.geom();
                rest.take_tuned(query, Coord { x, y }, &point.data);
                ControlFlow::<()>::Continue(())
            });
            debug_assert!(found.is_continue());
        } else {
            for point in self.tree.locate_in_envelope(envelope) {
                let &[x, y] = point.geom();
                rest.take(query, Coord { x, y }, &point.data);
            }
        }
    }
}

/// `geo-index`: a packed Hilbert R-tree of points, and their records in the order of its leaves, so
/// that those of one leaf share lines of the cache.
///
/// Coordinates are `f64`: with `i32` the crate adds two of them before it widens, which overflows
/// at these longitudes and spoils its order.
struct PackedPoints {
    tree: PackedTree<f64>,
    records: Vec<(Coord<f64>, Record)>,
}

impl PackedPoints {
    fn new(set: &DataSet) -> Self {
        let given: Vec<_> = records(set).collect();
        let order = pack(&given);
        let leaves = (0..given.len()).map(|place| given[order.indices().get(place)]);
        let records: Vec<_> = leaves.collect();
        Self { tree: pack(&records), records }
    }
}

fn pack(records: &[(Coord<f64>, Record)]) -> PackedTree<f64> {
    let mut builder = RTreeBuilder::<f64>::new(records.len() as u32);
    for (at, _) in records {
        builder.add(at.x, at.y, at.x, at.y);
    }
    builder.finish::<HilbertSort>()
}

impl Search for PackedPoints {
    fn name(&self) -> &'static str {
        "geo-index"
    }

    fn search(&self, query: &Query, rest: &mut Rest<'_>) {
        let (min, max) = (query.bounds.min(), query.bounds.max());
        for place in self.tree.search(min.x, min.y, max.x, max.y) {
            let (at, record) = &self.records[place as usize];
            rest.take(query, *at, record);
        }
    }
}

/// A scan over all cameras.
struct Scan(Vec<(Coord<f64>, Record)>);

impl Search for Scan {
    fn name(&self) -> &'static str {
        "scan"
    }

    fn search(&self, query: &Query, rest: &mut Rest<'_>) {
        for (at, record) in self.0.iter().filter(|(at, _)| query.bounds.intersects(at)) {
            rest.take(query, *at, record);
        }
    }
}

/// The library.
pub struct Canvass {
    /// Kept, since its look-ups count towards the library's memory.
    registry: Registry,
    snapshot: Snapshot,
    scratch: Scratch,
    route: Option<Route>,
}

impl Canvass {
    /// Routes in the registry's present state.
    pub fn new(registry: Registry) -> Self {
        Self { snapshot: registry.snapshot(), registry, scratch: Scratch::new(), route: None }
    }

    /// The same engine with another scratch.
    #[must_use]
    pub fn with_scratch(self, scratch: Scratch) -> Self {
        Self { scratch, ..self }
    }
}

impl Engine for Canvass {
    fn name(&self) -> &'static str {
        "canvass"
    }

    fn route(&mut self, query: &Query) {
        let now = query.question.now;
        let route = self.route.get_or_insert_with(|| Route::empty(&query.authorized, now));
        self.snapshot.route_into(query.authorized.assume_open(), now, &mut self.scratch, route);
    }

    fn owners(&self) -> usize {
        self.route.as_ref().map_or(0, Route::owners)
    }

    fn rows(&self) -> Vec<(OwnerId, CameraId)> {
        rows(self.route.as_ref())
    }

    fn snapshot(&self) -> Option<&Snapshot> {
        Some(&self.snapshot)
    }
}

/// The library on the same requests in another way, beside which its own time is read.
pub struct Beside {
    way: Way,
    snapshot: Snapshot,
    scratch: Scratch,
    route: Option<Route>,
}

/// In which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Under a policy without limits: other owners are asked, where there are few households.
    Unlimited,
    /// With the review before each route, as it is done once for each request.
    Reviewed,
}

impl Beside {
    /// Routes in the same registry.
    pub fn new(way: Way, snapshot: Snapshot) -> Self {
        Self { way, snapshot, scratch: Scratch::new(), route: None }
    }
}

impl Engine for Beside {
    fn name(&self) -> &'static str {
        match self.way {
            Way::Unlimited => "unlimited",
            Way::Reviewed => "with review",
        }
    }

    fn route(&mut self, query: &Query) {
        let now = query.question.now;
        let route = self.route.get_or_insert_with(|| Route::empty(&query.authorized, now));
        let reviewed = match (self.way, &query.review) {
            (Way::Reviewed, Some(review)) => Some(review.authorized()),
            _ => None,
        };
        let authorized = match self.way {
            Way::Unlimited => &query.unlimited,
            Way::Reviewed => reviewed.as_ref().unwrap_or(&query.authorized),
        };
        self.snapshot.route_into(authorized.assume_open(), now, &mut self.scratch, route);
    }

    fn owners(&self) -> usize {
        self.route.as_ref().map_or(0, Route::owners)
    }

    fn rows(&self) -> Vec<(OwnerId, CameraId)> {
        rows(self.route.as_ref())
    }

    fn is_compared(&self) -> bool {
        self.way == Way::Reviewed
    }
}

fn rows(route: Option<&Route>) -> Vec<(OwnerId, CameraId)> {
    let recipients = route.into_iter().flat_map(Route::recipients);
    recipients.flat_map(|to| to.cameras.iter().map(move |&camera| (to.owner, camera))).collect()
}
