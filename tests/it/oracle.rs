//! The naive twin: public API and `geo` only, one row at a time.

use std::collections::{BTreeMap, BTreeSet};

use canvass::{AuthorizedRequest, Camera, CameraId, Consent, OwnerId, Question};
use geo::{Intersects, MapCoords, Point};
use jiff::Timestamp;

/// What a registry holds, in plain collections.
#[derive(Clone, Debug, Default)]
pub struct Town {
    pub cameras: BTreeMap<CameraId, Camera>,
    pub consents: BTreeMap<OwnerId, Consent>,
    pub asked: BTreeMap<OwnerId, Vec<Timestamp>>,
}

/// Owners with their cameras, ascending.
pub type Answer = Vec<(OwnerId, Vec<CameraId>)>;

/// Whom to ask, decided as the documentation says and no other way.
pub fn oracle(town: &Town, authorized: &AuthorizedRequest, now: Timestamp) -> Answer {
    let request = authorized.request();
    // In units of 1e-7 degree all coordinates are whole numbers, and `geo` is exact.
    let area = request.area.to_multi_polygon().map_coords(|c| (c * 1e7).map_each(f64::round));
    let covers = |camera: &Camera| {
        let (lon, lat) = (camera.position.lon_e7(), camera.position.lat_e7());
        // Longitude -180 is 180 as well.
        [lon, if lon == -1_800_000_000 { 1_800_000_000 } else { lon }]
            .iter()
            .any(|&lon| area.intersects(&Point::new(f64::from(lon), f64::from(lat))))
    };
    let question = Question { agency: request.agency, incident: request.incident, now };
    let (mut answer, mut households) = (BTreeMap::<_, Vec<_>>::new(), BTreeSet::new());
    for camera in town.cameras.values().filter(|camera| covers(camera)) {
        households.insert(camera.owner);
        let consent = town.consents.get(&camera.owner).cloned().unwrap_or_default();
        let asked = town.asked.get(&camera.owner).map_or(&[][..], Vec::as_slice);
        if consent.evaluate(&question, asked).is_ok()
            && camera.recording.has_footage(&request.window, now)
        {
            answer.entry(camera.owner).or_default().push(camera.id);
        }
    }
    if households.len() < authorized.min_households() as usize {
        answer.clear();
    }
    answer.into_iter().collect()
}

trait MapEach {
    fn map_each(self, f: impl Fn(f64) -> f64) -> Self;
}

impl MapEach for geo::Coord {
    fn map_each(self, f: impl Fn(f64) -> f64) -> Self {
        geo::coord! { x: f(self.x), y: f(self.y) }
    }
}
