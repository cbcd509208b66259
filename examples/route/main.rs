//! Routes every area of a GeoJSON file over the cameras of a CSV file.
//!
//! ```text
//! cargo run --release --example route -- --cameras cameras.csv --areas areas.geojson \
//!     --from 2026-05-01T18:00:00Z --to 2026-05-01T22:00:00Z
//! ```
//!
//! Everyone in the file consents, and footage is kept for 60 days: it is for trying the library on
//! real geometry. `--help` says the rest.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program talks to its terminal")]

mod arguments;
mod cameras;
mod features;
mod input;
mod progress;
mod report;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Instant;

use canvass::{
    Agency, AgencyId, AgencyKind, Area, AskLimit, AuthorizedRequest, CameraScope, CaseFile,
    Consent, IncidentKind, Policy, Registry, Request, Route, Scratch, Snapshot, TimeWindow,
};

use arguments::{Arguments, Asked, Format, Limits};
use cameras::Cameras;
use features::Feature;
use input::BadInput;
use progress::Progress;
use report::{Line, Outcome, Table};

fn main() -> ExitCode {
    match Arguments::from_command_line() {
        Ok(Asked::Help) => {
            print!("{}", arguments::HELP);
            ExitCode::SUCCESS
        }
        Ok(Asked::Run(arguments)) => run(&arguments).unwrap_or_else(|error| complain(&*error)),
        Err(error) => complain(&error),
    }
}

fn complain(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    if let Some(io) = error.downcast_ref::<io::Error>()
        && io.kind() == io::ErrorKind::BrokenPipe
    {
        // Whoever reads the lines has seen enough.
        return ExitCode::SUCCESS;
    }
    eprintln!("{error}");
    if error.is::<BadInput>() { ExitCode::from(2) } else { ExitCode::FAILURE }
}

fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let areas = input::read(&arguments.areas)?;
    let features = features::split(&arguments.areas, &areas)?;
    let cameras = Cameras::read(&arguments.cameras, arguments.camera_scope)?;
    let router = Router::new(&cameras, arguments)?;

    let mut out = BufWriter::new(io::stdout().lock());
    // A bar between lines that go to the same terminal would only be in their way.
    let draw = arguments.format == Format::Text || !io::stdout().is_terminal();
    let mut progress = Progress::new("routing", features.len() as u64, draw);
    let mut table = Table::default();
    let mut scratch = Scratch::new();
    for (index, text) in features.iter().enumerate() {
        let feature = Feature::read(text);
        let outcome = router.outcome(&feature, &mut scratch);
        let line = Line::new(index, feature.name, outcome, &cameras, arguments.ids);
        match arguments.format {
            Format::Json => writeln!(out, "{}", serde_json::to_string(&line)?)?,
            Format::Text => table.push(line),
        }
        progress.advance_to(index as u64 + 1);
    }
    progress.finish();
    if arguments.format == Format::Text {
        write!(out, "{table}")?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// What stays the same from one area to the next.
struct Router {
    snapshot: Snapshot,
    policy: Policy,
    agency: Agency,
    window: TimeWindow,
    camera_scope: CameraScope,
    now: jiff::Timestamp,
}

impl Router {
    fn new(cameras: &Cameras, arguments: &Arguments) -> Result<Self, Box<dyn std::error::Error>> {
        let consent = Consent::granted().with_limit(AskLimit::new(AskLimit::MAX, AskLimit::MAX)?);
        let consents = cameras.owners().map(|owner| (owner, consent.clone()));
        let policy = match arguments.policy {
            Limits::Default => Policy::default(),
            Limits::Open => Policy::unlimited(),
        };
        Ok(Self {
            snapshot: Registry::bulk_load(cameras.as_slice(), consents)?.snapshot(),
            policy,
            // The whole world, so that only the request's own limits speak.
            agency: Agency {
                id: AgencyId(1),
                name: "Example Police Department".to_owned(),
                kind: AgencyKind::Local,
                jurisdiction: Some(Area::from_bounds(-180.0, -90.0, 180.0, 90.0)?),
            },
            window: arguments.window,
            camera_scope: arguments.camera_scope,
            now: arguments.now,
        })
    }

    /// Geometry to area, area to request, request to route: each step may be the last.
    fn outcome(&self, feature: &Feature<'_>, scratch: &mut Scratch) -> Outcome {
        let area = match feature.geometry.as_ref().map(|text| Area::from_geojson(text)) {
            Ok(Ok(area)) => area,
            Ok(Err(error)) => return Outcome::Invalid(error.to_string()),
            Err(reason) => return Outcome::Invalid(reason.clone()),
        };
        let request = Request::new(self.agency.id, IncidentKind::Burglary, area, self.window)
            .with_case("EXAMPLE-1")
            .with_contact("desk@example.org");
        let request = Request { camera_scope: self.camera_scope, ..request };
        let authorized = match self.policy.review(
            &request,
            &self.agency,
            &CaseFile::new(self.agency.id),
            self.now,
        ) {
            Ok(authorized) => authorized,
            Err(violations) => return Outcome::Refused(violations),
        };
        let mut route = Route::empty(&authorized, self.now);
        let mut time = || {
            let start = Instant::now();
            self.snapshot.route_into(&authorized, self.now, scratch, &mut route);
            start.elapsed()
        };
        // The first run warms the scratch; of the next three the one in the middle counts.
        time();
        let mut times = [time(), time(), time()];
        times.sort_unstable();
        let nobody = route.is_empty().then(|| self.why_nobody(&authorized));
        Outcome::Routed { route: Box::new(route), time: times[1], nobody }
    }

    /// Why an authorised request asks nobody.
    fn why_nobody(&self, authorized: &AuthorizedRequest) -> String {
        let funnel = self.snapshot.funnel(authorized, self.now);
        if funnel.in_area() == 0 {
            "no camera is there".to_owned()
        } else if funnel.permitted() == 0 {
            let held = funnel.denied().filter(|&(_, cameras)| cameras > 0);
            let held: Vec<_> = held.map(|(why, cameras)| format!("{cameras} {why}")).collect();
            format!("each camera there is denied: {}", held.join(", "))
        } else {
            let (households, least) = (funnel.households(), authorized.min_households());
            format!("households there: {households}, and nobody is asked below {least}")
        }
    }
}
