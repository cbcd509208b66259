//! Instants, requests, registries and routes for tests, with the random towns and areas of
//! `random`.

use std::collections::BTreeMap;

use canvass::{
    Agency, AgencyId, AgencyKind, Area, Ask, AuthorizedRequest, Camera, CameraId, CameraScope,
    CaseFile, Change, Consent, IncidentKind, Layout, OwnerId, Policy, Position, Recording,
    Registry, Request, Route, Scratch, SimdLevel, Snapshot, TimeWindow, Violation, Violations,
    Zone,
};
use geo::polygon;
use jiff::{SignedDuration, Timestamp};

use crate::oracle::{Answer, Town};

pub use crate::random::*;

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The instant at which most tests ask.
pub fn noon() -> Timestamp {
    at("2026-05-10T12:00:00Z")
}

pub fn days(number: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * number)
}

/// The evening before [`noon`].
pub fn evening() -> TimeWindow {
    TimeWindow::new(at("2026-05-09T18:00:00Z"), at("2026-05-09T20:00:00Z")).unwrap()
}

/// A place in units of 1e-7 degree east and north of (lon, lat) degrees.
pub fn place(origin: (i32, i32), east: i64, north: i64) -> Position {
    let lon = i64::from(origin.0) * 10_000_000 + east;
    let lon = (lon + 1_800_000_000).rem_euclid(3_600_000_000) - 1_800_000_000;
    let lat = i64::from(origin.1) * 10_000_000 + north;
    Position::from_e7(i32::try_from(lon).unwrap(), i32::try_from(lat).unwrap()).unwrap()
}

/// A box of degrees.
pub fn square(west: f64, south: f64, east: f64, north: f64) -> Area {
    Area::try_from(polygon![
        (x: west, y: south), (x: east, y: south), (x: east, y: north), (x: west, y: north)
    ])
    .unwrap()
}

pub fn agency() -> Agency {
    Agency::new(AgencyId(1), "Springfield Police", AgencyKind::Local)
}

/// The request of the tests' agency about an area.
pub fn asking(area: Area) -> Request {
    Request::new(AgencyId(1), IncidentKind::Burglary, area, evening())
        .with_case("26-0117")
        .with_contact("Det. Smith")
}

/// The default policy of an operator in UTC.
pub fn default_policy() -> Policy {
    Policy::in_zone(Zone::UTC)
}

/// A request that only consent and footage limit.
pub fn authorize(area: Area) -> AuthorizedRequest {
    authorize_request(&asking(area))
}

/// As [`authorize`], for cameras that see into the area, too.
pub fn authorize_seeing_into(area: Area) -> AuthorizedRequest {
    authorize_request(&asking(area).with_camera_scope(CameraScope::SeeingInto))
}

#[track_caller]
pub fn authorize_request(request: &Request) -> AuthorizedRequest {
    Policy::without_limits_or_anonymity()
        .review(request, &agency(), &CaseFile::new(AgencyId(1)), noon())
        .unwrap()
}

#[track_caller]
pub fn authorize_under(policy: &Policy, area: Area) -> AuthorizedRequest {
    policy.review(&asking(area), &agency(), &CaseFile::new(AgencyId(1)), noon()).unwrap()
}

/// A request around (10, 50), with room to the east.
pub fn everywhere() -> AuthorizedRequest {
    authorize(square(9.0, 49.0, 13.0, 51.0))
}

/// The codes of the violations.
pub fn codes(violations: &Violations) -> Vec<&'static str> {
    violations.iter().map(Violation::code).collect()
}

/// A camera that has kept the last 60 days.
pub fn camera_at(id: u64, owner: u64, position: Position) -> Camera {
    let recording = Recording::kept_for_days(60);
    Camera::new(CameraId(id), OwnerId(owner), position, recording)
}

pub fn grant(owner: u64) -> Change {
    Change::SetConsent { owner: OwnerId(owner), consent: Consent::granted() }
}

pub fn withdraw(owner: u64) -> Change {
    Change::Withdraw { owner: OwnerId(owner) }
}

/// A town of one street: `number` cameras of as many owners, who all agreed, a metre or so apart.
pub fn street(number: u64) -> Town {
    let house = |id| place((10, 50), i64::try_from(id).unwrap() * 100, 0);
    let cameras = (0..number).map(|id| camera_at(id, id, house(id)));
    let cameras: BTreeMap<_, _> = cameras.map(|camera| (camera.id, camera)).collect();
    let consents = (0..number).map(|id| (OwnerId(id), Consent::granted())).collect();
    Town { cameras, consents, asked: BTreeMap::new() }
}

/// The part of [`street`] from one house to another, both included.
pub fn houses(first: u64, last: u64) -> Area {
    let edge = |house: u64, side: f64| 10.0 + (house as f64 + side) * 1e-5;
    square(edge(first, -0.5), 49.9999, edge(last, 0.5), 50.0001)
}

/// The changes that make a registry of a town, one by one.
pub fn changes(town: &Town) -> Vec<Change> {
    let registered = town.cameras.values().map(|&camera| Change::Register(camera));
    let consents = town
        .consents
        .iter()
        .map(|(&owner, consent)| Change::SetConsent { owner, consent: consent.clone() });
    registered.chain(consents).chain(asked(town)).collect()
}

fn asked(town: &Town) -> impl Iterator<Item = Change> {
    town.asked.iter().flat_map(|(&owner, asked)| asked.iter().map(move |&ask| recorded(owner, ask)))
}

/// A registry of a town, by bulk loading.
pub fn loaded(town: &Town, layout: Layout) -> Registry {
    let cameras: Vec<Camera> = town.cameras.values().copied().collect();
    let consents = town.consents.clone();
    let registry = Registry::bulk_load_with_layout(&cameras, consents, layout).unwrap();
    registry.apply(asked(town)).unwrap();
    registry
}

pub fn snapshot(town: &Town) -> Snapshot {
    loaded(town, Layout::default()).snapshot()
}

/// The route at each vector width that this machine has.
pub fn routes_at_every_width(
    snapshot: &Snapshot,
    authorized: &AuthorizedRequest,
    now: Timestamp,
) -> impl Iterator<Item = (SimdLevel, Route)> {
    SimdLevel::ALL.into_iter().filter_map(move |level| {
        let mut scratch = Scratch::with_simd(level)?;
        let mut route = Route::empty(authorized, now);
        snapshot.route_into(authorized.assume_open(), now, &mut scratch, &mut route);
        Some((level, route))
    })
}

/// A route in the oracle's form.
pub fn answer(route: &Route) -> Answer {
    route.recipients().map(|recipient| (recipient.owner, recipient.cameras.to_vec())).collect()
}

/// The owners whom a route asks, as plain numbers.
pub fn owners(route: &Route) -> Vec<u64> {
    route.recipients().map(|recipient| recipient.owner.0).collect()
}

/// All ids of cameras in an answer.
pub fn cameras(answer: &Answer) -> Vec<CameraId> {
    answer.iter().flat_map(|(_, cameras)| cameras.iter().copied()).collect()
}

/// The owners of a route who must wait, each with the end of the wait.
pub fn waits(route: &Route) -> Vec<(OwnerId, Timestamp)> {
    route.recipients().filter_map(|asked| Some((asked.owner, asked.not_before?))).collect()
}

/// The change that records that an owner was asked.
pub fn recorded(owner: OwnerId, Ask { agency, at }: Ask) -> Change {
    Change::RecordAsked { owner, agency, at }
}
