//! The peers: `rstar`, `geo-index` and a scan. They find points, and share the work after that.

use std::ops::ControlFlow;

use canvass::{CameraId, OwnerId, Recording};
use geo::{Contains, Intersects};
use geo_index::rtree::sort::HilbertSort;
use geo_index::rtree::{RTree as PackedTree, RTreeBuilder, RTreeIndex};
use geo_types::Coord;
use rstar::primitives::GeomWithData;
use rstar::{AABB, RTree};

use super::Engine;
use crate::support::cases::Query;
use crate::support::population::{DataSet, Standing};

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
pub(super) fn records(set: &DataSet) -> impl Iterator<Item = (Coord<f64>, Record)> + '_ {
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
pub(super) struct Rest<'a> {
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
pub(super) trait Search {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Passes each camera found to `rest`.
    fn search(&self, query: &Query, rest: &mut Rest<'_>);
}

/// An engine with its own search that shares the remaining work with the others.
pub(super) struct Peer<'a, S> {
    rest: Rest<'a>,
    cameras: S,
    /// Room to count households in.
    households: Vec<OwnerId>,
}

impl<'a, S: Search> Peer<'a, S> {
    pub(super) fn new(set: &'a DataSet, cameras: S) -> Self {
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
pub(super) struct Points {
    pub(super) tree: RTree<Point>,
    pub(super) tuned: bool,
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
pub(super) struct PackedPoints {
    tree: PackedTree<f64>,
    records: Vec<(Coord<f64>, Record)>,
}

impl PackedPoints {
    pub(super) fn new(set: &DataSet) -> Self {
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
pub(super) struct Scan(pub(super) Vec<(Coord<f64>, Record)>);

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
