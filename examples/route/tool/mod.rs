//! The tool without its terminal, so that tests can run it.

pub(crate) mod area_file;
pub(crate) mod arguments;
pub(crate) mod bad_input;
pub(crate) mod camera_file;
pub(crate) mod nobody;
pub(crate) mod output;
pub(crate) mod picture;
pub(crate) mod progress;
pub(crate) mod routing;

use std::error::Error;
use std::fs;
use std::io::{self, Read, Write};

use canvass::Scratch;

use area_file::{Feature, Places};
use arguments::Arguments;
use bad_input::BadInput;
use camera_file::Cameras;
use nobody::{Bounds, Tally};
use output::{Found, Output};
use picture::Picture;
use progress::Progress;
use routing::{Outcome, Router};

/// Reads both files, routes each feature, and writes the requested output. `err` gets the report on
/// the rows, and advice if nobody is asked.
pub(crate) fn run(
    arguments: &Arguments,
    stdin: &mut dyn Read,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Box<dyn Error>> {
    let areas = area_file::read(&arguments.areas, stdin)?;
    let features = area_file::split(&arguments.areas, &areas)?;
    let (Cameras { cameras, ids }, rows) =
        Cameras::open(&arguments.cameras, &arguments.form, arguments.camera_scope, stdin)?;
    progress::announce("loading cameras:", cameras.len());
    let router = Router::new(&cameras, arguments)?;
    let camera_bounds = Bounds::of_cameras(&cameras);
    // The registry has the cameras; only a picture needs those outside all areas.
    let mut picture = arguments.svg.as_ref().map(|file| (file, Picture::new(cameras)));

    let found = Found { ids: &ids, registry: router.registry() };
    let mut output = Output::new(arguments, out)?;
    let mut tally = Tally::default();
    let mut progress = Progress::new("routing", Some(features.len() as u64));
    let mut scratch = Scratch::new();
    let mut places = Places::new(&areas);
    for (index, text) in features.iter().enumerate() {
        let feature = Feature::read(text);
        let mut outcome = router.outcome(&feature, &mut scratch);
        if let (Outcome::Invalid(reason), Ok(geometry)) = (&mut outcome, &feature.geometry) {
            *reason = places.in_file(geometry, reason);
        }
        tally.add(&outcome);
        output.write(index, feature.name, &outcome, &found)?;
        if let Some((_, picture)) = &mut picture {
            picture.add(&outcome);
        }
        let done = index as u64 + 1;
        progress.advance_to(done, done);
    }
    progress.finish();
    output.finish()?;
    if let Some((file, picture)) = picture {
        let cannot =
            |error| BadInput::new(format!("{}: cannot be written: {error}", file.display()));
        fs::write(file, picture.draw(arguments)?).map_err(cannot)?;
    }
    // If standard error is closed, nobody reads the report.
    write!(err, "{rows}").ok();
    for line in tally.advice(camera_bounds) {
        writeln!(err, "{line}").ok();
    }
    Ok(())
}

/// Whether standard output was closed, through any library's error.
pub(crate) fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let io = error.downcast_ref::<io::Error>().map(io::Error::kind);
        let json =
            error.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        let csv = error.downcast_ref::<csv::Error>().and_then(|error| match error.kind() {
            csv::ErrorKind::Io(error) => Some(error.kind()),
            _ => None,
        });
        if [io, json, csv].contains(&Some(io::ErrorKind::BrokenPipe)) {
            return true;
        }
        next = error.source();
    }
    false
}
