//! The cases: requests of one kind at many places.

use canvass::{
    Agency, AgencyId, AgencyKind, AuthorizedRequest, CameraScope, CaseFile, IncidentKind, Policy,
    Question, Request, TimeWindow,
};
use fastrand::Rng;
use geo::BoundingRect;
use geo::indexed::IntervalTreeMultiPolygon;
use geo_types::{MultiPolygon, Rect};
use jiff::SignedDuration;

use super::areas::{coastline, in_units};
use super::population::{AGENCIES, DataSet, rng};
use super::{days, now};

/// Requests of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// The size of each area.
    pub km2: f64,
    /// The number of vertices of its shell.
    pub vertices: usize,
    /// The number of its holes, of eight vertices each.
    pub holes: usize,
    /// The places around which its areas lie.
    pub around: Around,
    /// The number of requests: many where they are small, so that they do not find each other's
    /// blocks in the cache.
    pub requests: usize,
    /// The number of times that all requests are timed, unless an option sets it.
    pub rounds: usize,
    /// The targets: how many times faster than `rstar` and `geo-index` the library should be.
    pub targets: Option<(f64, f64)>,
}

/// The places of a case's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// At homes, each person equally likely.
    People,
    /// Away from all homes.
    Nobody,
}

impl Case {
    /// All cases.
    pub const ALL: [Self; 6] = [
        Self::of("portal", 1.3, 8, 4_000, 9).meant(8.0, 4.0),
        Self::of("district", 20.0, 64, 800, 9).meant(25.0, 15.0),
        Self::of("city", 500.0, 1_000, 100, 5).meant(60.0, 50.0),
        Self::of("region", 20_000.0, 5_000, 25, 3).meant(200.0, 150.0),
        Self { around: Around::Nobody, ..Self::of("sparse", 1.3, 8, 4_000, 9).meant(2.0, 1.0) },
        Self { holes: 20, ..Self::of("holes", 20.0, 64, 800, 9) },
    ];

    const fn of(
        name: &'static str,
        km2: f64,
        vertices: usize,
        requests: usize,
        rounds: usize,
    ) -> Self {
        let (holes, around, targets) = (0, Around::People, None);
        Self { name, km2, vertices, holes, around, requests, rounds, targets }
    }

    const fn meant(self, rstar: f64, geo_index: f64) -> Self {
        Self { targets: Some((rstar, geo_index)), ..self }
    }

    /// The case of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|case| case.name == name)
    }

    /// Draws `requests` of its requests.
    pub fn draw(&self, requests: usize, set: &DataSet, seed: u64) -> Vec<Query> {
        let mut rng = rng(seed, self.name);
        (0..requests).map(|_| self.query(set, &mut rng)).collect()
    }

    fn query(&self, set: &DataSet, rng: &mut Rng) -> Query {
        let place = match self.around {
            Around::People => set.somewhere(rng),
            Around::Nobody => set.nowhere(10.0, rng),
        };
        let area = coastline(place, self.km2, self.vertices, self.holes, rng);
        let agency = AgencyId(rng.u64(..AGENCIES));
        let incident = IncidentKind::ALL[rng.usize(..IncidentKind::ALL.len())];
        let start = now() - days(1) - SignedDuration::from_hours(rng.i64(0..20 * 24));
        let end = start + SignedDuration::from_hours(rng.i64(1..=6));
        let window = TimeWindow::new(start, end).expect("hours");
        Query::new(&Request::new(agency, incident, area, window))
    }
}

/// One request, prepared for every engine. The preparation is not timed for any of them.
pub struct Query {
    /// The request, authorised by a policy without limits.
    pub authorized: AuthorizedRequest,
    /// The question to a consent.
    pub question: Question,
    /// The window.
    pub window: TimeWindow,
    /// The area in units of 1e-7 degree, where `geo` is exact as well.
    pub polygon: MultiPolygon<f64>,
    /// The same polygon behind `geo`'s index of edges.
    pub indexed: IntervalTreeMultiPolygon<f64>,
    /// The bounds of the polygon.
    pub bounds: Rect<f64>,
}

impl Query {
    /// The same request for the cameras that see into the area, too. Peers would answer as before.
    #[must_use]
    pub fn seeing_into(&self) -> Self {
        Self::new(&self.authorized.request().clone().with_camera_scope(CameraScope::SeeingInto))
    }

    fn new(request: &Request) -> Self {
        let agency = Agency::new(request.agency, "An agency", AgencyKind::Local);
        let polygon = in_units(&request.area.to_multi_polygon());
        Self {
            authorized: Policy::unlimited()
                .review(request, &agency, &CaseFile::new(agency.id), now())
                .expect("a policy without limits"),
            question: Question { agency: request.agency, incident: request.incident, now: now() },
            window: request.window,
            indexed: IntervalTreeMultiPolygon::new(&polygon),
            bounds: polygon.bounding_rect().expect("an area has vertices"),
            polygon,
        }
    }
}
