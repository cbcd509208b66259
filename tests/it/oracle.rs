//! The naive twin: public API and `geo` only, one row at a time.

use std::collections::{BTreeMap, BTreeSet};

use canvass::error::ChangeRefusal;
use canvass::policy::{SensitivePlace, SensitiveRule};
use canvass::{
    Area, Ask, AuthorizedRequest, Camera, CameraId, CameraScope, Change, Consent, OwnerId,
    Question, QuietHours, Standing, Zone,
};
use geo::{BoundingRect, Intersects, MapCoords, MultiPolygon, Point, Triangle};
use jiff::civil::Time;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

/// The content of a registry, in plain collections.
#[derive(Clone, Debug, Default)]
pub struct Town {
    pub cameras: BTreeMap<CameraId, Camera>,
    pub consents: BTreeMap<OwnerId, Consent>,
    pub asked: BTreeMap<OwnerId, Vec<Ask>>,
}

/// Owners with their cameras, ascending.
pub type Answer = Vec<(OwnerId, Vec<CameraId>)>;

/// The owners to ask, decided by the documentation's rules alone.
pub fn oracle(town: &Town, authorized: &AuthorizedRequest, now: Timestamp) -> Answer {
    sparing(town, authorized, &[], now)
}

/// As [`oracle`], where an operator protects places.
pub fn sparing(
    town: &Town,
    authorized: &AuthorizedRequest,
    places: &[SensitivePlace],
    now: Timestamp,
) -> Answer {
    let spared = in_places(town, authorized, places);
    let request = authorized.request();
    let in_area = cameras_of(town, &request.area, request.camera_scope);
    let question = Question { agency: request.agency, incident: request.incident, now };
    let mut answer = BTreeMap::<_, Vec<_>>::new();
    for camera in in_area {
        let consent = town.consents.get(&camera.owner).cloned().unwrap_or_default();
        let asked = town.asked.get(&camera.owner).map_or(&[][..], Vec::as_slice);
        if consent.evaluate(&question, asked).is_ok()
            && camera.recording.has_footage(&request.window, now)
            && !spared.contains(&camera.id)
        {
            answer.entry(camera.owner).or_default().push(camera.id);
        }
    }
    let needed = authorized.min_households() as usize;
    if households_of(town, &request.area, request.camera_scope).len() < needed {
        answer.clear();
    }
    answer.into_iter().collect()
}

pub type Households = BTreeSet<OwnerId>;

/// The households with a camera in an area, whether they agreed or not.
pub fn households(town: &Town, area: &Area) -> Households {
    cameras_in(town, area).iter().map(|camera| camera.owner).collect()
}

/// As [`households`], including cameras that see into the area if the request asks for them.
pub fn households_of(town: &Town, area: &Area, camera_scope: CameraScope) -> Households {
    match camera_scope {
        CameraScope::StandingIn => households(town, area),
        CameraScope::SeeingInto => {
            cameras_of(town, area, camera_scope).iter().map(|camera| camera.owner).collect()
        }
    }
}

/// The cameras in protected places from which none is asked, at the request's window.
pub fn in_places(
    town: &Town,
    authorized: &AuthorizedRequest,
    places: &[SensitivePlace],
) -> BTreeSet<CameraId> {
    let asked = authorized.request().window;
    let counts = |place: &&SensitivePlace| {
        let own = place.window().copied().unwrap_or(asked);
        let apart = own.end() <= asked.start() || asked.end() <= own.start();
        place.rule() == SensitiveRule::NeverAsk && !apart
    };
    let inside = places.iter().filter(counts).flat_map(|place| cameras_in(town, place.area()));
    inside.map(|camera| camera.id).collect()
}

/// The cameras that a request about an area concerns.
pub fn cameras_of<'a>(town: &'a Town, area: &Area, camera_scope: CameraScope) -> Vec<&'a Camera> {
    let mut cameras = cameras_in(town, area);
    if camera_scope == CameraScope::SeeingInto {
        let standing: BTreeSet<_> = cameras.iter().map(|camera| camera.id).collect();
        let area = whole_units(area);
        let others = town.cameras.values().filter(|camera| !standing.contains(&camera.id));
        cameras.extend(others.filter(|camera| sees(camera, &area)));
        cameras.sort_unstable_by_key(|camera| camera.id);
    }
    cameras
}

/// Whether a triangle of a camera's view has a point of an area, in units of 1e-7 degree: by the
/// documentation of `Facing`, with the sines of this machine.
fn sees(camera: &Camera, area: &MultiPolygon) -> bool {
    let (Some(facing), Some(bounds)) = (camera.facing, area.bounding_rect()) else { return false };
    let (lon, lat) = (camera.position.lon(), camera.position.lat());
    if lat.abs() > 89.0 {
        return false;
    }
    let flattening = 1.0 / 298.257_223_563;
    let e2 = flattening * (2.0 - flattening);
    let w = (1.0 - e2 * lat.to_radians().sin().powi(2)).sqrt();
    let meridian = 6_378_137.0 * (1.0 - e2) / w.powi(3);
    let parallel = 6_378_137.0 / w * lat.to_radians().cos();
    let steps = (facing.angle() / 12.0).ceil();
    let place = |step: f64| {
        let bearing = facing.bearing() - facing.angle() / 2.0 + step * facing.angle() / steps;
        let (east, north) = bearing.to_radians().sin_cos();
        let by = |ratio: f64, radius: f64| (facing.reach_m() * ratio / radius).to_degrees() * 1e7;
        geo::coord! {
            x: (lon * 1e7).round() + by(east, parallel).round(),
            y: (lat * 1e7).round() + by(north, meridian).round(),
        }
    };
    let apex = geo::coord! { x: (lon * 1e7).round(), y: (lat * 1e7).round() };
    let turns = [-3.6e9, 0.0, 3.6e9];
    let each = std::iter::successors(Some(0.0), |step| Some(step + 1.0));
    each.take_while(|&step| step < steps).any(|step| {
        let triangle = Triangle::new(apex, place(step), place(step + 1.0));
        turns.iter().any(|&turn| {
            let turned = triangle.map_coords(|c| geo::coord! { x: c.x + turn, y: c.y });
            turned.bounding_rect().intersects(&bounds) && area.intersects(&turned.to_polygon())
        })
    })
}

/// In units of 1e-7 degree all coordinates are whole numbers, and `geo` is exact.
pub fn whole_units(area: &Area) -> MultiPolygon {
    area.to_multi_polygon().map_coords(|c| (c * 1e7).map_each(f64::round))
}

fn cameras_in<'a>(town: &'a Town, area: &Area) -> Vec<&'a Camera> {
    let area = whole_units(area);
    let covers = |camera: &&Camera| {
        let (lon, lat) = (camera.position.lon_e7(), camera.position.lat_e7());
        // Longitude -180 is 180 as well.
        [lon, if lon == -1_800_000_000 { 1_800_000_000 } else { lon }]
            .iter()
            .any(|&lon| area.intersects(&Point::new(f64::from(lon), f64::from(lat))))
    };
    town.cameras.values().filter(covers).collect()
}

/// The owners of an answer who must wait, each with the end of the wait.
pub fn waiting(
    town: &Town,
    authorized: &AuthorizedRequest,
    now: Timestamp,
) -> Vec<(OwnerId, Timestamp)> {
    let Some(hours) = authorized.quiet_hours() else { return Vec::new() };
    let mut known = BTreeMap::new();
    let answer = oracle(town, authorized, now).into_iter();
    let waits = answer.filter_map(|(owner, _)| {
        let zone = town.consents[&owner].zone().unwrap_or(hours.zone()).clone();
        let wait = *known.entry(zone.clone()).or_insert_with(|| not_before(hours, now, &zone));
        Some((owner, wait?))
    });
    waits.collect()
}

/// The first second that is not quiet, found by checking the clock in each.
pub fn not_before(hours: &QuietHours, now: Timestamp, zone: &Zone) -> Option<Timestamp> {
    let clock = clock(&zone.to_string());
    let quiet = |at: Timestamp| {
        let time: Time = clock.to_datetime(at).time();
        if hours.from() < hours.until() {
            (hours.from()..hours.until()).contains(&time)
        } else {
            time >= hours.from() || time < hours.until()
        }
    };
    let second = SignedDuration::from_secs(1);
    let mut seconds = std::iter::successors(Some(now), |&at| Some(at + second));
    seconds.find(|&at| !quiet(at)).filter(|&at| at > now)
}

/// The clock of a zone that the tests know by name.
fn clock(name: &str) -> TimeZone {
    match name.split_at_checked(3) {
        Some((hours, minutes)) if name.starts_with(['+', '-']) => {
            let (hours, minutes): (i32, i32) =
                (hours.parse().unwrap(), minutes[1..].parse().unwrap());
            let sign = if name.starts_with('-') { -1 } else { 1 };
            TimeZone::fixed(Offset::from_seconds(hours * 3600 + sign * minutes * 60).unwrap())
        }
        _ => TimeZoneDatabase::bundled().get(name).unwrap(),
    }
}

/// The model: applies a change to plain collections.
pub fn step(town: &mut Town, change: &Change) -> Result<(), ChangeRefusal> {
    let known = |town: &Town, camera: CameraId| {
        town.cameras.get(&camera).copied().ok_or(ChangeRefusal::NotRegistered { camera })
    };
    match change {
        Change::Register(camera) => {
            if town.cameras.contains_key(&camera.id) {
                return Err(ChangeRefusal::AlreadyRegistered { camera: camera.id });
            }
            town.cameras.insert(camera.id, *camera);
        }
        Change::Replace(camera) => {
            known(town, camera.id)?;
            town.cameras.insert(camera.id, *camera);
        }
        Change::Upsert(camera) => {
            town.cameras.insert(camera.id, *camera);
        }
        Change::Move { camera, position } => {
            let old = known(town, *camera)?;
            town.cameras.insert(*camera, old.with_position(*position));
        }
        Change::Remove { camera } => {
            known(town, *camera)?;
            town.cameras.remove(camera);
        }
        Change::SetConsent { owner, consent } if consent.standing() == Standing::Granted => {
            town.consents.insert(*owner, consent.clone());
        }
        Change::SetConsent { owner, .. } | Change::Withdraw { owner } => {
            town.consents.remove(owner);
        }
        Change::Forget { owner } => {
            town.consents.remove(owner);
            town.asked.remove(owner);
        }
        &Change::RecordAsked { owner, agency, at } => {
            town.asked.entry(owner).or_default().push(Ask { agency, at });
        }
        other => unreachable!("the model does not know {other:?}"),
    }
    Ok(())
}

trait MapEach {
    fn map_each(self, f: impl Fn(f64) -> f64) -> Self;
}

impl MapEach for geo::Coord {
    fn map_each(self, f: impl Fn(f64) -> f64) -> Self {
        geo::coord! { x: f(self.x), y: f(self.y) }
    }
}
