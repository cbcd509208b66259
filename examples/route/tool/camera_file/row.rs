//! One row of the file as a camera.

use std::borrow::Cow;
use std::fmt;

use canvass::error::PositionError;
use canvass::{Camera, CameraId, Facing, OwnerId, Position, Recording};

use super::super::bad_input::shown;
use super::canonical::{Invisible, canonical};
use super::columns::FACING;
use super::records::Record;

const KEPT_FOR_DAYS: u16 = 60;

/// The reason why a row is not a camera.
#[derive(Debug)]
pub(crate) struct BadRow {
    pub(crate) line: u64,
    /// The column by which skipped rows are counted.
    pub(crate) column: &'static str,
    reason: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

pub(crate) struct Row<'a> {
    pub(crate) record: &'a Record,
    pub(crate) decimal_comma: bool,
}

pub(crate) fn camera(id: u32, owner: u32, position: Position, facing: Option<Facing>) -> Camera {
    Camera::new(
        CameraId(id.into()),
        OwnerId(owner.into()),
        position,
        Recording::kept_for_days(KEPT_FOR_DAYS),
    )
    .with_facing(facing)
}

impl<'a> Row<'a> {
    pub(crate) fn has_fields(&self, width: usize) -> Result<(), BadRow> {
        let fields = self.record.len();
        if fields == width {
            return Ok(());
        }
        let line = self.record.line();
        let reason = format!("{fields} fields, but the header has {width}");
        Err(BadRow { line, column: "number of fields", reason })
    }

    pub(crate) fn required(
        &self,
        name: &'static str,
        column: usize,
    ) -> Result<Cow<'a, str>, BadRow> {
        let text = self.name(name, column)?;
        if text.is_empty() { Err(self.bad(name, column, "there is none")) } else { Ok(text) }
    }

    /// The name of a camera or an owner, in its canonical form.
    pub(crate) fn name(&self, name: &'static str, column: usize) -> Result<Cow<'a, str>, BadRow> {
        let text = self.record.get(column);
        canonical(text).map_err(|Invisible(mark)| {
            let code = u32::from(mark);
            let reason = format!(
                "`{}` contains the invisible character U+{code:04X}; remove it, for a text with \
                 it and one without it are different names",
                shown(text)
            );
            self.bad(name, column, reason)
        })
    }

    pub(crate) fn position(&self, lon: usize, lat: usize) -> Result<Position, BadRow> {
        let position = Position::new(self.number("lon", lon)?, self.number("lat", lat)?);
        position.map_err(|error| match error {
            PositionError::Longitude { .. } => self.bad("lon", lon, error),
            _ => self.bad("lat", lat, error),
        })
    }

    /// The camera's facing; `None` if it is not known.
    pub(crate) fn facing(&self, columns: Option<[usize; 3]>) -> Result<Option<Facing>, BadRow> {
        let Some(columns) = columns else { return Ok(None) };
        let is_blank = |&column: &usize| self.record.get(column).is_empty();
        if columns.iter().all(is_blank) {
            return Ok(None);
        }
        let named = FACING.iter().map(|key| key.name()).zip(columns);
        if let Some((name, column)) = named.into_iter().find(|(_, column)| is_blank(column)) {
            let reason = "there is none; a facing has a bearing, an angle and a reach";
            return Err(self.bad(name, column, reason));
        }
        let [bearing, angle, reach] = columns;
        let (first, degrees, metres) = (
            self.number("bearing", bearing)?,
            self.number("angle", angle)?,
            self.number("reach", reach)?,
        );
        let facing = Facing::new(first, degrees, metres);
        facing.map(Some).map_err(|error| self.bad("bearing, angle and reach", bearing, error))
    }

    fn number(&self, name: &'static str, column: usize) -> Result<f64, BadRow> {
        let text = self.record.get(column);
        let number = match (self.decimal_comma, text.contains(',')) {
            (true, true) if !text.contains('.') => text.replace(',', ".").parse().ok(),
            (true, false) if text.contains('.') => {
                let reason = format!("`{}` has a point, but --decimal-comma is given", shown(text));
                return Err(self.bad(name, column, reason));
            }
            (_, comma) => (!comma).then(|| text.parse().ok()).flatten(),
        };
        number.ok_or_else(|| {
            let number = format!("`{}` is no number", shown(text));
            let comma = !self.decimal_comma && text.replacen(',', ".", 1).parse::<f64>().is_ok();
            self.bad(name, column, if comma { number + "; try --decimal-comma" } else { number })
        })
    }

    /// An error for an id that another row has as well.
    pub(crate) fn twice(&self, column: usize, id: &str, line: u64) -> BadRow {
        let reason = format!("`{}` is also the id in line {line}", shown(id));
        self.bad("id", column, reason)
    }

    pub(crate) fn bad(
        &self,
        name: &'static str,
        column: usize,
        reason: impl fmt::Display,
    ) -> BadRow {
        let line = self.record.line_of(column);
        BadRow { line, column: name, reason: format!("column {name}: {reason}") }
    }
}
