//! The cameras of a CSV file.
//!
//! The library's ids are numbers; those of a file may be any text. If every id of the file is a
//! plain number (`7`, not `007`), the ids are used unchanged. If not, the rows are numbered in the
//! file's order, and the file's own texts are printed. Owners are numbered in the same way, each at
//! their first row. An owner without a name has the id of the camera for a name.

pub(crate) mod canonical;
pub(crate) mod columns;
pub(crate) mod encoding;
pub(crate) mod malformed;
pub(crate) mod names;
pub(crate) mod records;
mod row;
mod rows_read;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use canvass::{Camera, CameraId, CameraScope, OwnerId};
use serde::Serialize;

use super::bad_input::{BadInput, is_stdin, shown_file};
use super::progress::Progress;
use columns::{ColumnNames, Columns};
use encoding::{Decoded, Encoding};
use malformed::{Malformed, Reason};
use names::{Full, Kept, Names};
use records::{Dialect, Record, Records};
use row::{BadRow, Row};
use rows_read::RowLines;

pub(crate) use rows_read::RowsRead;

/// The form of a file, and the treatment of rows that cannot be read.
#[derive(Clone, Debug)]
pub(crate) struct FileForm {
    pub(crate) encoding: Encoding,
    pub(crate) dialect: Dialect,
    pub(crate) columns: ColumnNames,
    pub(crate) decimal_comma: bool,
    pub(crate) bad_rows: BadRows,
}

impl Default for FileForm {
    fn default() -> Self {
        Self {
            encoding: Encoding::Utf8,
            dialect: Dialect::COMMAS,
            columns: ColumnNames::default(),
            decimal_comma: false,
            bad_rows: BadRows::Refuse,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadRows {
    Refuse,
    Skip,
}

/// The cameras, and the form in which the file's ids are printed.
pub(crate) struct Cameras {
    pub(crate) cameras: Vec<Camera>,
    pub(crate) ids: Ids,
}

/// The file's ids and owners by number, if they are not numbers themselves.
pub(crate) struct Ids {
    cameras: Option<names::Texts>,
    owners: Owners,
}

enum Owners {
    /// The file has no column of owners.
    AsCameras,
    Own(Option<names::Texts>),
}

/// An id as the file has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Id<'a> {
    Number(u64),
    Text(&'a str),
}

impl std::fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Ids {
    /// The file's id of a camera.
    pub(crate) fn of(&self, camera: CameraId) -> Id<'_> {
        id(self.cameras.as_ref(), camera.0)
    }

    /// An owner as the file names it.
    pub(crate) fn of_owner(&self, owner: OwnerId) -> Id<'_> {
        match &self.owners {
            Owners::AsCameras => id(self.cameras.as_ref(), owner.0),
            Owners::Own(texts) => id(texts.as_ref(), owner.0),
        }
    }
}

fn id(texts: Option<&names::Texts>, number: u64) -> Id<'_> {
    let text = texts.and_then(|texts| texts.get(usize::try_from(number).ok()?));
    text.map_or(Id::Number(number), Id::Text)
}

impl Cameras {
    /// Opens a file, or standard input for `-`, and reads it.
    pub(crate) fn open(
        file: &Path,
        form: &FileForm,
        camera_scope: CameraScope,
        stdin: &mut dyn Read,
    ) -> Result<(Self, RowsRead), BadInput> {
        if is_stdin(file) {
            return Self::read(file, stdin, None, form, camera_scope);
        }
        let cannot = |error| BadInput::new(format!("{}: cannot be read: {error}", file.display()));
        let opened = File::open(file).map_err(cannot)?;
        let length = opened.metadata().map_err(cannot)?.len();
        Self::read(file, opened, Some(length), form, camera_scope)
    }

    /// Reads a file row by row. If cameras that see into an area are requested, every row needs a
    /// facing: otherwise the answer would silently leave cameras out.
    pub(crate) fn read(
        file: &Path,
        input: impl Read,
        length: Option<u64>,
        form: &FileForm,
        camera_scope: CameraScope,
    ) -> Result<(Self, RowsRead), BadInput> {
        let (input, mark) = Decoded::open(input, form.encoding)
            .map_err(|error| BadInput::at(file, 1, format!("cannot be read: {error}")))?;
        if let Some(mark) = mark.filter(|&mark| mark != form.encoding) {
            let (mark, given) = (mark.name(), form.encoding.name().to_uppercase());
            let reason = format!("not {given} text but {mark}; use --encoding {mark}");
            return Err(BadInput::at(file, 1, reason));
        }
        let mut records = Records::new(input, form.dialect);
        let malformed = |error: Malformed| BadInput::at(file, error.line, error.reason);
        let mut record = Record::default();
        if !records.read(&mut record).map_err(malformed)? {
            return Err(BadInput::at(
                file,
                1,
                "the file is empty; its first line names the columns",
            ));
        }
        let columns = Columns::find(&record, form.dialect.delimiter, &form.columns, camera_scope);
        let columns = match columns {
            Ok(columns) => columns,
            // In a wrong encoding no column name matches, so the encoding is reported first.
            Err(reason) => {
                let header = BadInput::at(file, record.line(), reason);
                return Err(encoding_error(&mut records, &mut record).map_or(header, malformed));
            }
        };
        let mut table = Table::new(columns, record.len(), form);
        let mut progress = Progress::new("reading cameras", length);
        let mut rows = RowsRead::new(shown_file(file));
        while records.read(&mut record).map_err(malformed)? {
            if record.is_blank() {
                rows.blank += 1;
                continue;
            }
            match table.add(&record) {
                Ok(()) => rows.add(&record),
                Err(bad) if form.bad_rows == BadRows::Skip => rows.skip(bad),
                Err(bad) => return Err(BadInput::at(file, bad.line, bad)),
            }
            progress.advance_to(records.bytes(), rows.read);
        }
        rows.blank += records.empty_lines();
        progress.finish();
        Ok((table.into_cameras(), rows))
    }
}

/// The first line of the rest that is not UTF-8, if there is one.
fn encoding_error(
    records: &mut Records<impl std::io::BufRead>,
    record: &mut Record,
) -> Option<Malformed> {
    loop {
        match records.read(record) {
            Ok(true) => {}
            Err(error) if matches!(error.reason, Reason::NotUtf8 | Reason::Nul) => {
                return Some(error);
            }
            Ok(false) | Err(_) => return None,
        }
    }
}

/// The rows so far. Until the whole file is read, cameras and owners have the numbers of their
/// names.
struct Table<'a> {
    columns: Columns,
    width: usize,
    form: &'a FileForm,
    ids: Names,
    owners: Option<Names>,
    cameras: Vec<Camera>,
    lines: RowLines,
}

impl<'a> Table<'a> {
    fn new(columns: Columns, width: usize, form: &'a FileForm) -> Self {
        let owners = columns.owner.map(|_| Names::default());
        let (ids, cameras, lines) = (Names::default(), Vec::new(), RowLines::default());
        Self { columns, width, form, ids, owners, cameras, lines }
    }

    /// Adds a row, or nothing if it is invalid.
    fn add(&mut self, record: &Record) -> Result<(), BadRow> {
        let row = Row { record, decimal_comma: self.form.decimal_comma };
        row.has_fields(self.width)?;
        let id = row.required("id", self.columns.id)?;
        let position = row.position(self.columns.lon, self.columns.lat)?;
        let facing = row.facing(self.columns.facing)?;
        let owner = self.columns.owner.map(|column| row.name("owner", column)).transpose()?;
        let full = |_: Full| row.bad("id", self.columns.id, "a registry takes no more rows");
        let (number, new) = self.ids.insert(&id).map_err(full)?;
        if !new {
            return Err(row.twice(self.columns.id, &id, self.lines.of(number)));
        }
        let owner = match (&mut self.owners, owner) {
            (Some(owners), Some(owner)) => {
                owners.insert(if owner.is_empty() { &id } else { &owner }).map_err(full)?.0
            }
            _ => number,
        };
        self.lines.push(record.line());
        self.cameras.push(row::camera(number, owner, position, facing));
        Ok(())
    }

    /// Gives each camera and owner its number in the file, or keeps the texts.
    fn into_cameras(self) -> Cameras {
        let mut cameras = self.cameras;
        let ids = self.ids.into_kept();
        // Without a column of owners each has the number of the camera.
        let owners = self.owners.map(Names::into_kept);
        let number_of = |kept: &Kept, number: u64| match kept {
            Kept::Numbers(numbers) => {
                usize::try_from(number).ok().and_then(|at| numbers.get(at)).copied()
            }
            Kept::Texts(_) => None,
        };
        for camera in &mut cameras {
            let of_owner = number_of(owners.as_ref().unwrap_or(&ids), camera.owner.0);
            camera.owner = OwnerId(of_owner.unwrap_or(camera.owner.0));
            camera.id = CameraId(number_of(&ids, camera.id.0).unwrap_or(camera.id.0));
        }
        let texts = |kept| match kept {
            Kept::Numbers(_) => None,
            Kept::Texts(texts) => Some(texts),
        };
        let owners = owners.map_or(Owners::AsCameras, |owners| Owners::Own(texts(owners)));
        Cameras { cameras, ids: Ids { cameras: texts(ids), owners } }
    }
}
