//! Rows of CSV: one for each feature or, with ids, one for each camera that is asked for.

use std::error::Error;
use std::io::Write;

use super::Asked;
use super::line::Line;

pub(super) struct CsvRows<'w> {
    writer: csv::Writer<&'w mut dyn Write>,
    with_ids: bool,
    timings: bool,
}

const COLUMNS: [&str; 8] =
    ["index", "name", "outcome", "violations", "error", "nobody", "owners", "cameras"];

impl<'w> CsvRows<'w> {
    pub(super) fn new(
        out: &'w mut dyn Write,
        with_ids: bool,
        timings: bool,
    ) -> Result<Self, csv::Error> {
        let mut writer = csv::Writer::from_writer(out);
        let ids: &[&str] = if with_ids { &["owner", "id", "lon", "lat"] } else { &[] };
        let micros: &[&str] = if timings { &["micros"] } else { &[] };
        writer.write_record(COLUMNS.iter().chain(micros).chain(ids))?;
        Ok(Self { writer, with_ids, timings })
    }

    /// With ids, a feature that asks nobody has one row without an id.
    pub(super) fn write<'a>(
        &mut self,
        line: &Line<'_>,
        asked: impl Iterator<Item = Asked<'a>>,
    ) -> Result<(), Box<dyn Error>> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut row = vec![
            line.index.to_string(),
            text(&line.name),
            line.outcome.to_owned(),
            line.violations.join(" "),
            text(&line.error),
            text(&line.nobody),
            line.owners.to_string(),
            line.cameras.to_string(),
        ];
        if self.timings {
            row.push(line.micros.map(|micros| format!("{micros:.1}")).unwrap_or_default());
        }
        let mut alone = true;
        for Asked { owner, id, position } in asked {
            let degrees = position.map(|at| (at.lon().to_string(), at.lat().to_string()));
            let (lon, lat) = degrees.unwrap_or_default();
            let camera = [owner.to_string(), id.to_string(), lon, lat];
            self.writer.write_record(row.iter().chain(&camera))?;
            alone = false;
        }
        if alone {
            let none = if self.with_ids { 4 } else { 0 };
            row.extend(std::iter::repeat_n(String::new(), none));
            self.writer.write_record(&row)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(), Box<dyn Error>> {
        Ok(self.writer.flush()?)
    }
}
