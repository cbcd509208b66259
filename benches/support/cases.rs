//! The cases: requests of one kind at many places.

use canvass::{
    Agency, AgencyId, AgencyKind, Area, AuthorizedRequest, CameraScope, CaseFile, IncidentKind,
    Policy, Question, Request, RequestId, TimeWindow, Zone,
};
use fastrand::Rng;
use geo::BoundingRect;
use geo::indexed::IntervalTreeMultiPolygon;
use geo_types::{MultiPolygon, Rect};
use jiff::SignedDuration;

use super::areas::{coastline, in_units};
use super::population::{AGENCIES, DataSet, offset, rng};
use super::{days, now};

/// Requests of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What it is called.
    pub name: &'static str,
    /// The size of each area.
    pub km2: f64,
    /// The number of vertices of its shell.
    pub vertices: usize,
    /// The number of its holes, of eight vertices each.
    pub holes: usize,
    /// Around which places.
    pub around: Around,
    /// How many requests: many where they are small, so that they do not find each other's blocks
    /// in the cache.
    pub requests: usize,
    /// How often all of them are timed, unless said otherwise.
    pub rounds: usize,
    /// How many times faster than `rstar` and `geo-index` the library is meant to be.
    pub targets: Option<(f64, f64)>,
    /// The policy that reviews the requests.
    pub rules: Rules,
}

/// The policy of a case's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// No limits, no anonymity set and no history: the walk alone.
    Unlimited,
    /// The default policy, and a case file with so many earlier areas of the agency that overlap.
    Default {
        /// How many earlier areas.
        earlier: usize,
    },
}

/// The places of a case's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// Where people live, everybody being as likely.
    People,
    /// Where nobody lives.
    Nobody,
}

impl Case {
    /// The cases under the default policy: those that a service has.
    pub const UNDER_DEFAULT: [Self; 3] = [
        Self::under_default("default", 0),
        Self::under_default("history-20", 20),
        Self::under_default("history-60", 60),
    ];

    /// The cases under a policy without limits: the walk alone, by the size of the area.
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
        let (holes, around, targets, rules) = (0, Around::People, None, Rules::Unlimited);
        Self { name, km2, vertices, holes, around, requests, rounds, targets, rules }
    }

    /// As large as the default policy lets pass. All have the same areas, so that their times are
    /// comparable; fewer than a portal's, since a case file keeps its earlier areas.
    const fn under_default(name: &'static str, earlier: usize) -> Self {
        let rules = Rules::Default { earlier };
        Self { rules, ..Self::of(name, 1.25, 8, 1_000, 15) }
    }

    const fn meant(self, rstar: f64, geo_index: f64) -> Self {
        Self { targets: Some((rstar, geo_index)), ..self }
    }

    /// The case of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::UNDER_DEFAULT.into_iter().chain(Self::ALL).find(|case| case.name == name)
    }

    /// Draws so many of its requests.
    pub fn draw(&self, requests: usize, set: &DataSet, seed: u64) -> Vec<Query> {
        let named = if self.rules == Rules::Unlimited { self.name } else { "default" };
        let (mut rng, mut earlier) = (rng(seed, named), rng(seed, "earlier"));
        (0..requests).map(|_| self.query(set, &mut rng, &mut earlier)).collect()
    }

    fn query(&self, set: &DataSet, rng: &mut Rng, earlier: &mut Rng) -> Query {
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
        let request = Request::new(agency, incident, area, window);
        match self.rules {
            Rules::Unlimited => Query::new(request),
            Rules::Default { earlier: number } => {
                let request = request.with_case("26-0").with_contact("Sgt. Ames");
                let mut review = Review::new(request);
                for number in 0..number {
                    let place = offset(place.0, place.1, 0.4 * earlier.f64(), earlier);
                    let area = coastline(place, self.km2, self.vertices, self.holes, earlier);
                    review.open_earlier(number, area);
                }
                Query::reviewed(review)
            }
        }
    }
}

/// One request, made ready for every engine. Making it ready is not timed for any of them.
pub struct Query {
    /// The request, authorised by the policy of its case.
    pub authorized: AuthorizedRequest,
    /// The same request, authorised by a policy without limits.
    pub unlimited: AuthorizedRequest,
    /// How it was reviewed, unless by a policy without limits.
    pub review: Option<Review>,
    /// With fewer households in the area nobody is asked.
    pub households: usize,
    /// What a consent is asked.
    pub question: Question,
    /// The window.
    pub window: TimeWindow,
    /// The area in units of 1e-7 degree, where `geo` is exact as well.
    pub polygon: MultiPolygon<f64>,
    /// The same behind `geo`'s index of edges.
    pub indexed: IntervalTreeMultiPolygon<f64>,
    /// The bounds of the same.
    pub bounds: Rect<f64>,
}

impl Query {
    /// The same for the cameras that see into the area, too. Peers would answer as before.
    #[must_use]
    pub fn seeing_into(&self) -> Self {
        Self::new(self.authorized.request().clone().with_camera_scope(CameraScope::SeeingInto))
    }

    fn new(request: Request) -> Self {
        let review =
            Review { policy: Policy::without_limits_or_anonymity(), ..Review::new(request) };
        Self { review: None, ..Self::reviewed(review) }
    }

    fn reviewed(review: Review) -> Self {
        let (authorized, request) = (review.authorized(), &review.request);
        let unlimited = Policy::without_limits_or_anonymity()
            .review(request, &review.agency, &CaseFile::new(review.agency.id), now())
            .expect("a policy without limits");
        let polygon = in_units(&request.area.to_multi_polygon());
        Self {
            households: authorized.min_households() as usize,
            authorized,
            unlimited,
            question: Question { agency: request.agency, incident: request.incident, now: now() },
            window: request.window,
            indexed: IntervalTreeMultiPolygon::new(&polygon),
            bounds: polygon.bounding_rect().expect("an area has vertices"),
            polygon,
            review: Some(review),
        }
    }
}

/// Everything that a review reads.
pub struct Review {
    policy: Policy,
    agency: Agency,
    file: CaseFile,
    request: Request,
}

impl Review {
    fn new(request: Request) -> Self {
        let jurisdiction = Area::from_bounds(-170.0, 0.0, -30.0, 80.0).expect("a rectangle");
        let agency = Agency::new(request.agency, "An agency", AgencyKind::Local)
            .with_jurisdiction(jurisdiction);
        let file = CaseFile::new(agency.id);
        Self { policy: Policy::in_zone(Zone::UTC), agency, file, request }
    }

    /// Opens a request about an earlier area, in a case of its own.
    fn open_earlier(&mut self, number: usize, area: Area) {
        let case = format!("25-{number}");
        let mut request = self.request.clone().with_case(case);
        request.area = area;
        let earlier = self.policy.review(&request, &self.agency, &self.file, now());
        let earlier = earlier.expect("a request as the default policy lets pass");
        let id = RequestId(number as u64);
        self.file.open(id, &earlier, now()).expect("an id that is not taken");
    }

    /// Reviews the request.
    pub fn authorized(&self) -> AuthorizedRequest {
        let Self { policy, agency, file, request } = self;
        policy.review(request, agency, file, now()).expect("a request that passes")
    }
}
