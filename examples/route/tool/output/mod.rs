//! The output for each feature, in one of four formats.

mod csv_rows;
mod features;
mod line;
mod table;

use std::error::Error;
use std::io::Write;

use canvass::{Position, Registry, Route};

use super::arguments::{Arguments, Format};
use super::camera_file::{Id, Ids};
use super::routing::Outcome;
use csv_rows::CsvRows;
use features::Features;
use line::Line;
use table::Table;

/// The cameras that routes refer to.
pub(crate) struct Found<'a> {
    pub(crate) ids: &'a Ids,
    pub(crate) registry: &'a Registry,
}

/// A camera that is asked for.
struct Asked<'a> {
    owner: Id<'a>,
    id: Id<'a>,
    position: Option<Position>,
}

impl<'a> Found<'a> {
    /// The cameras of a route, owner by owner.
    fn asked(&self, route: &'a Route) -> impl Iterator<Item = Asked<'a>> {
        let Self { ids, registry } = *self;
        route.recipients().flat_map(move |recipient| {
            let owner = ids.of_owner(recipient.owner);
            recipient.cameras.iter().map(move |&camera| Asked {
                owner,
                id: ids.of(camera),
                position: registry.camera(camera).map(|camera| camera.position),
            })
        })
    }
}

/// Writes one feature at a time; a table is written at the end, since its columns are as wide as
/// their widest entry.
pub(crate) struct Output<'a, 'w> {
    with_ids: bool,
    form: Form<'a, 'w>,
}

enum Form<'a, 'w> {
    Text(Table<'a>, &'w mut dyn Write),
    Json(&'w mut dyn Write),
    GeoJson(Features<'w>),
    Csv(Box<CsvRows<'w>>),
}

impl<'a, 'w> Output<'a, 'w> {
    pub(crate) fn new(
        arguments: &Arguments,
        out: &'w mut dyn Write,
    ) -> Result<Self, Box<dyn Error>> {
        let with_ids = arguments.ids;
        let form = match arguments.format {
            Format::Text => Form::Text(Table::default(), out),
            Format::Json => Form::Json(out),
            Format::GeoJson => Form::GeoJson(Features::new(out)?),
            Format::Csv => Form::Csv(Box::new(CsvRows::new(out, with_ids, arguments.timings)?)),
        };
        Ok(Self { with_ids, form })
    }

    pub(crate) fn write(
        &mut self,
        index: usize,
        name: Option<String>,
        outcome: &Outcome,
        found: &Found<'a>,
    ) -> Result<(), Box<dyn Error>> {
        let line = Line::new(index, name, outcome, found.ids, self.with_ids);
        let route = outcome.routed().map(|routed| &routed.route).filter(|_| self.with_ids);
        let asked = route.into_iter().flat_map(|route| found.asked(route));
        match &mut self.form {
            Form::Text(table, _) => table.push(line),
            Form::Json(out) => writeln!(out, "{}", serde_json::to_string(&line)?)?,
            Form::GeoJson(features) => features.write(&line, outcome.area(), asked)?,
            Form::Csv(rows) => rows.write(&line, asked)?,
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<(), Box<dyn Error>> {
        match self.form {
            Form::Text(table, out) => write!(out, "{table}")?,
            Form::Json(_) => {}
            Form::GeoJson(features) => features.finish()?,
            Form::Csv(rows) => rows.finish()?,
        }
        Ok(())
    }
}
