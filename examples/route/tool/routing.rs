//! The steps from a feature to its route. Each step may refuse it.

use std::time::{Duration, Instant};

use canvass::{
    Agency, AgencyId, AgencyKind, Area, AuthorizedRequest, Camera, CameraScope, CaseFile, Consent,
    IncidentKind, OwnerId, Policy, Registry, Request, Route, Scratch, Snapshot, TimeWindow,
    Violations, Zone,
};

use super::area_file::Feature;
use super::arguments::{Arguments, Limits};
use super::nobody::Nobody;

/// The result of one feature.
pub(crate) enum Outcome {
    Routed(Box<Routed>),
    Refused { area: Area, violations: Violations },
    Invalid(String),
}

pub(crate) struct Routed {
    pub(crate) route: Route,
    /// The time of routing, if it was measured.
    pub(crate) time: Option<Duration>,
    /// The reason why nobody is asked, if so.
    pub(crate) nobody: Option<Nobody>,
}

impl Outcome {
    pub(crate) fn area(&self) -> Option<&Area> {
        match self {
            Self::Routed(routed) => Some(&routed.route.authorized().request().area),
            Self::Refused { area, .. } => Some(area),
            Self::Invalid(_) => None,
        }
    }

    pub(crate) fn routed(&self) -> Option<&Routed> {
        match self {
            Self::Routed(routed) => Some(routed),
            Self::Refused { .. } | Self::Invalid(_) => None,
        }
    }
}

/// The inputs that all areas share.
pub(crate) struct Router {
    registry: Registry,
    snapshot: Snapshot,
    policy: Policy,
    agency: Agency,
    window: TimeWindow,
    camera_scope: CameraScope,
    now: jiff::Timestamp,
    timings: bool,
}

impl Router {
    pub(crate) fn new(
        cameras: &[Camera],
        arguments: &Arguments,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        // Nobody was asked before, so a limit of an owner would change nothing.
        let consents = owners(cameras).into_iter().map(|owner| (owner, Consent::granted()));
        let policy = match arguments.policy {
            // No notice is sent, so that no clock matters.
            Limits::Default => Policy::in_zone(Zone::UTC),
            Limits::Open => Policy::without_limits_or_anonymity(),
        };
        let registry = Registry::bulk_load(cameras, consents)?;
        Ok(Self {
            snapshot: registry.snapshot(),
            registry,
            policy,
            // The jurisdiction is the world, so that only the request's own limits apply.
            agency: Agency::new(AgencyId(1), "Example Police Department", AgencyKind::Local)
                .with_jurisdiction(Area::from_bounds(-180.0, -90.0, 180.0, 90.0)?),
            window: arguments.window,
            camera_scope: arguments.camera_scope,
            now: arguments.now,
            timings: arguments.timings,
        })
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(crate) fn outcome(&self, feature: &Feature<'_>, scratch: &mut Scratch) -> Outcome {
        let area = match feature.geometry.as_ref().map(|text| Area::from_geojson(text)) {
            Ok(Ok(area)) => area,
            Ok(Err(error)) => return Outcome::Invalid(error.to_string()),
            Err(reason) => return Outcome::Invalid(reason.clone()),
        };
        let request = Request::new(self.agency.id, IncidentKind::Burglary, area, self.window)
            .with_case("EXAMPLE-1")
            .with_contact("desk@example.org")
            .with_camera_scope(self.camera_scope);

        let file = CaseFile::new(self.agency.id);
        let authorized = match self.policy.review(&request, &self.agency, &file, self.now) {
            Ok(authorized) => authorized,
            Err(violations) => return Outcome::Refused { area: request.area, violations },
        };
        let mut route = Route::empty(&authorized, self.now);
        let mut time = || {
            let start = Instant::now();
            self.snapshot.route_into(authorized.assume_open(), self.now, scratch, &mut route);
            start.elapsed()
        };
        // The first run warms the scratch; the median of the next three is reported.
        time();
        let time = self.timings.then(|| {
            let mut times = [time(), time(), time()];
            times.sort_unstable();
            times[1]
        });
        let nobody = route.is_empty().then(|| self.why_nobody(&authorized));
        Outcome::Routed(Box::new(Routed { route, time, nobody }))
    }

    fn why_nobody(&self, authorized: &AuthorizedRequest) -> Nobody {
        Nobody::new(&self.snapshot.funnel(authorized, self.now), authorized.min_households())
    }
}

/// Every owner once, in ascending order.
fn owners(cameras: &[Camera]) -> Vec<OwnerId> {
    let mut owners: Vec<OwnerId> = cameras.iter().map(|camera| camera.owner).collect();
    owners.sort_unstable();
    owners.dedup();
    owners
}
