//! The cameras of a CSV file.
//!
//! The library's ids are numbers; those of a file may be anything. If every id of the file is a
//! number, written plainly (`7`, not `007`), the ids are used as they are. If not, the rows are
//! numbered in the file's order, and the file's own texts are printed. Owners likewise, each at
//! their first row. An owner who is not named goes by the id of the camera.

use std::collections::HashMap;
use std::path::Path;

use canvass::error::PositionError;
use canvass::{Camera, CameraId, CameraScope, Facing, OwnerId, Position, Recording};
use csv::{ReaderBuilder, StringRecord, Trim};
use serde::Serialize;

use crate::input::{self, BadInput, shown};
use crate::progress::Progress;

const KEPT_FOR_DAYS: u16 = 60;

pub(crate) struct Cameras {
    cameras: Vec<Camera>,
    /// The file's ids by number, if they are not numbers themselves.
    texts: Option<Vec<String>>,
}

/// An id as the file has it.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Id<'a> {
    Number(u64),
    Text(&'a str),
}

impl Cameras {
    /// Reads a file. Where cameras are asked for that see into an area it must say which way they
    /// look, or the answer would be that of those that stand in it.
    pub(crate) fn read(file: &Path, camera_scope: CameraScope) -> Result<Self, BadInput> {
        let text = input::read(file)?;
        let mut progress = Progress::new("reading cameras", text.len() as u64, true);
        let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| bad_csv(file, &text, &error))?;
        let columns = Columns::find(file, header, camera_scope)?;

        let mut ids = Names::default();
        let mut owners = columns.owner.map(|column| (column, Names::default()));
        let mut places = Vec::new();
        let mut record = StringRecord::new();
        while reader.read_record(&mut record).map_err(|error| bad_csv(file, &text, &error))? {
            let row = Row { file, line: line(&text, record.position()), record: &record };
            let id = row.field(columns.id);
            if id.is_empty() {
                return Err(row.bad("id", "there is none"));
            }
            if let Err(before) = ids.add_new(id, row.line) {
                let reason = format!("`{}` is also the id in line {before}", shown(id));
                return Err(row.bad("id", reason));
            }
            if let Some((column, owners)) = &mut owners {
                let owner = row.field(*column);
                owners.add(if owner.is_empty() { id } else { owner }, row.line);
            }
            let (lon, lat) = (row.number("lon", columns.lon)?, row.number("lat", columns.lat)?);
            let position = Position::new(lon, lat);
            let position = position.map_err(|error| match error {
                PositionError::Longitude { .. } => row.bad("lon", error),
                _ => row.bad("lat", error),
            })?;
            places.push((position, row.facing(columns.facing)?));
            progress.advance_to(record.position().map_or(0, csv::Position::byte));
        }
        progress.finish();
        Ok(Self::join(&places, ids, owners.map(|(_, owners)| owners)))
    }

    fn join(places: &[(Position, Option<Facing>)], ids: Names, owners: Option<Names>) -> Self {
        let (ids, texts) = ids.numbered();
        let owners = owners.map_or_else(|| ids.clone(), |owners| owners.numbered().0);
        let cameras =
            places.iter().zip(ids).zip(owners).map(|((&(position, facing), id), owner)| Camera {
                id: CameraId(id),
                owner: OwnerId(owner),
                position,
                recording: Recording::kept_for_days(KEPT_FOR_DAYS),
                facing,
            });
        Self { cameras: cameras.collect(), texts }
    }

    pub(crate) fn as_slice(&self) -> &[Camera] {
        &self.cameras
    }

    /// Every owner once, ascending.
    pub(crate) fn owners(&self) -> impl Iterator<Item = OwnerId> {
        let mut owners: Vec<OwnerId> = self.cameras.iter().map(|camera| camera.owner).collect();
        owners.sort_unstable();
        owners.dedup();
        owners.into_iter()
    }

    /// The file's id of a camera.
    pub(crate) fn id(&self, camera: CameraId) -> Id<'_> {
        let text = self
            .texts
            .as_ref()
            .and_then(|texts| texts.get(usize::try_from(camera.0).ok()?).map(String::as_str));
        text.map_or(Id::Number(camera.0), Id::Text)
    }
}

/// The texts of one column, row by row.
#[derive(Default)]
struct Names {
    /// Each text's number, and the line that it first stood in.
    numbers: HashMap<String, (u64, u64)>,
    rows: Vec<u64>,
}

impl Names {
    /// Adds a row's text; if it is not new, says where it stood before.
    fn add_new(&mut self, text: &str, line: u64) -> Result<(), u64> {
        if let Some(&(_, before)) = self.numbers.get(text) {
            return Err(before);
        }
        self.add(text, line);
        Ok(())
    }

    fn add(&mut self, text: &str, line: u64) {
        let new = self.numbers.len() as u64;
        let number = match self.numbers.get(text) {
            Some(&(number, _)) => number,
            None => self.numbers.entry(text.to_owned()).or_insert((new, line)).0,
        };
        self.rows.push(number);
    }

    /// The number of each row and, where the texts are no numbers, the text of each number.
    fn numbered(self) -> (Vec<u64>, Option<Vec<String>>) {
        let mut texts = vec![String::new(); self.numbers.len()];
        for (text, (number, _)) in self.numbers {
            if let Some(place) = usize::try_from(number).ok().and_then(|at| texts.get_mut(at)) {
                *place = text;
            }
        }
        let own = texts
            .iter()
            .map(|text| text.parse().ok().filter(|number: &u64| number.to_string() == *text));
        match own.collect::<Option<Vec<u64>>>() {
            Some(own) => {
                let of = |number: u64| own.get(usize::try_from(number).ok()?).copied();
                (self.rows.into_iter().filter_map(of).collect(), None)
            }
            None => (self.rows, Some(texts)),
        }
    }
}

/// Where the columns are.
struct Columns {
    id: usize,
    lon: usize,
    lat: usize,
    owner: Option<usize>,
    facing: Option<[usize; 3]>,
}

/// The columns of which a file has all or none.
const FACING: [&str; 3] = ["bearing", "angle", "reach"];

impl Columns {
    fn find(
        file: &Path,
        header: &StringRecord,
        camera_scope: CameraScope,
    ) -> Result<Self, BadInput> {
        let optional = |name: &str| {
            let mut places = header.iter().enumerate().filter(|&(_, column)| column == name);
            match (places.next(), places.next()) {
                (_, Some(_)) => {
                    let reason = format!("the header has two columns `{name}`");
                    Err(BadInput::at(file, 1, reason))
                }
                (place, None) => Ok(place.map(|(place, _)| place)),
            }
        };
        let required = |name: &str| {
            optional(name)?.ok_or_else(|| {
                let columns: Vec<&str> = header.iter().collect();
                let header = shown(&columns.join(","));
                let reason = format!("no column `{name}` in the header `{header}`");
                BadInput::at(file, 1, reason)
            })
        };
        Ok(Self {
            id: required("id")?,
            lon: required("lon")?,
            lat: required("lat")?,
            owner: optional("owner")?,
            facing: match FACING.map(optional) {
                [Ok(None), Ok(None), Ok(None)] if camera_scope == CameraScope::StandingIn => None,
                _ => {
                    let [bearing, angle, reach] = FACING.map(required);
                    Some([bearing?, angle?, reach?])
                }
            },
        })
    }
}

/// One row of the file.
struct Row<'a> {
    file: &'a Path,
    line: u64,
    record: &'a StringRecord,
}

impl<'a> Row<'a> {
    fn field(&self, column: usize) -> &'a str {
        self.record.get(column).unwrap_or("")
    }

    fn number(&self, name: &str, column: usize) -> Result<f64, BadInput> {
        let text = self.field(column);
        text.parse().map_err(|_| self.bad(name, format!("`{}` is no number", shown(text))))
    }

    /// Which way the camera looks; `None` where that is not known.
    fn facing(&self, columns: Option<[usize; 3]>) -> Result<Option<Facing>, BadInput> {
        let Some(columns) = columns else { return Ok(None) };
        let is_blank = |&column: &usize| self.field(column).is_empty();
        if columns.iter().all(is_blank) {
            return Ok(None);
        }
        if let Some((name, _)) = FACING.iter().zip(&columns).find(|(_, column)| is_blank(column)) {
            return Err(
                self.bad(name, "there is none; a facing has a bearing, an angle and a reach")
            );
        }
        let [bearing, angle, reach] = columns;
        let (bearing, angle, reach) = (
            self.number("bearing", bearing)?,
            self.number("angle", angle)?,
            self.number("reach", reach)?,
        );
        let facing = Facing::new(bearing, angle, reach);
        facing.map(Some).map_err(|error| self.bad("bearing, angle and reach", error))
    }

    fn bad(&self, column: &str, reason: impl std::fmt::Display) -> BadInput {
        BadInput::at(self.file, self.line, format!("column {column}: {reason}"))
    }
}

fn bad_csv(file: &Path, text: &str, error: &csv::Error) -> BadInput {
    let line = line(text, error.position());
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let reason = format!("{len} fields, but the header has {expected_len}");
            BadInput::at(file, line, reason)
        }
        _ => BadInput::at(file, line, error),
    }
}

/// The line that a record starts in. The reader's position is before any empty lines, which it
/// passes over.
fn line(text: &str, position: Option<&csv::Position>) -> u64 {
    let Some(position) = position else { return 1 };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.as_bytes().get(start..).unwrap_or_default();
    let empty = rest.iter().take_while(|&byte| matches!(byte, b'\r' | b'\n'));
    position.line() + empty.filter(|&&byte| byte == b'\n').count() as u64
}
