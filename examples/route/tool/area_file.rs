//! The features of a GeoJSON file, one by one, so that an invalid one does not stop the others.

use std::fs;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::bad_input::{BadInput, LineCounter, is_stdin, shown_file};

/// Properties that identify a feature, the best first; compared without case.
const TELLING: [&str; 18] = [
    "name",
    "title",
    "label",
    "precinct",
    "beat_num",
    "beat",
    "sector",
    "district",
    "division",
    "neighborhood",
    "neighbourhood",
    "ward",
    "zone",
    "event",
    "code",
    "geoid",
    "id",
    "objectid",
];

/// A feature, as far as it can be read.
pub(crate) struct Feature<'a> {
    pub(crate) name: Option<String>,
    /// The text of its geometry, or the reason why there is none.
    pub(crate) geometry: Result<&'a str, String>,
}

/// The outermost object of a GeoJSON text; its features are still text.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Outermost<'a> {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(borrow)]
    features: Option<Vec<&'a RawValue>>,
    // Members that would draw something in an object of another type.
    coordinates: Option<IgnoredAny>,
    geometries: Option<IgnoredAny>,
    geometry: Option<IgnoredAny>,
}

/// The members of a feature, still text.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Members<'a> {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    properties: Option<&'a RawValue>,
    #[serde(borrow)]
    geometry: Option<&'a RawValue>,
    coordinates: Option<IgnoredAny>,
    geometries: Option<IgnoredAny>,
    features: Option<IgnoredAny>,
}

/// The refusal of a second drawing in an object, as in RFC 7946, 7.1: it would be lost silently.
fn second_drawing(of: &str, members: [(&str, bool); 3]) -> Option<String> {
    let (member, _) = members.into_iter().find(|&(_, is_there)| is_there)?;
    Some(format!("a `{of}` cannot have a member `{member}`: draw one or the other"))
}

/// The text of a file, or of standard input for `-`, without a byte order mark.
pub(crate) fn read(file: &Path, stdin: &mut dyn Read) -> Result<String, BadInput> {
    let mut bytes = Vec::new();
    let read = if is_stdin(file) {
        stdin.read_to_end(&mut bytes).map(drop)
    } else {
        fs::read(file).map(|read| bytes = read)
    };
    read.map_err(|error| BadInput::new(format!("{}: cannot be read: {error}", shown_file(file))))?;
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let (good, _) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
        let line = LineCounter::line_after(good);
        BadInput::at(file, line, "not UTF-8 text, which GeoJSON must be; convert the file")
    })?;
    if let Some((before, _)) = text.split_once('\0') {
        let line = LineCounter::line_after(before.as_bytes());
        let reason = "a NUL byte, which no GeoJSON has; if the file is UTF-16, convert it to UTF-8";
        return Err(BadInput::at(file, line, reason));
    }
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Ok(text)
}

/// The features of a collection, or a single feature or geometry.
pub(crate) fn split<'a>(file: &Path, text: &'a str) -> Result<Vec<&'a str>, BadInput> {
    if !is_object(text) {
        return Err(BadInput::at(file, 1, "not a GeoJSON text: not an object"));
    }
    let outermost: Outermost<'_> = serde_json::from_str(text).map_err(|error| {
        let (line, column) = place(text, &error);
        let reason = reason(&error);
        let file = shown_file(file);
        BadInput::new(format!("{file}:{line}:{column}: not a GeoJSON text: {reason}"))
    })?;
    let others = [
        ("coordinates", outermost.coordinates.is_some()),
        ("geometries", outermost.geometries.is_some()),
        ("geometry", outermost.geometry.is_some()),
    ];
    match (outermost.kind.as_deref(), outermost.features) {
        (Some(kind @ "FeatureCollection"), Some(features)) => match second_drawing(kind, others) {
            None => Ok(features.into_iter().map(RawValue::get).collect()),
            Some(reason) => Err(BadInput::at(file, 1, reason)),
        },
        (Some("FeatureCollection"), None) => {
            Err(BadInput::at(file, 1, "a `FeatureCollection` without `features`"))
        }
        (Some(_), _) => Ok(vec![text]),
        (None, _) => Err(BadInput::at(file, 1, "not a GeoJSON text: it has no `type`")),
    }
}

impl<'a> Feature<'a> {
    /// Reads one of the texts that [`split`] returned.
    pub(crate) fn read(text: &'a str) -> Self {
        if !is_object(text) {
            let geometry = Err("not a feature: not an object".to_owned());
            return Self { name: None, geometry };
        }
        let members: Members<'a> = match serde_json::from_str(text) {
            Ok(members) => members,
            Err(error) => {
                let geometry = Err(format!("not a feature: {}", reason(&error)));
                return Self { name: None, geometry };
            }
        };
        let others = [
            ("coordinates", members.coordinates.is_some()),
            ("geometries", members.geometries.is_some()),
            ("features", members.features.is_some()),
        ];
        let geometry = match (members.kind.as_deref(), members.geometry) {
            (Some(kind @ "Feature"), Some(geometry)) => {
                second_drawing(kind, others).map_or(Ok(geometry.get()), Err)
            }
            (Some("Feature"), None) => Err("the feature has no geometry".to_owned()),
            // A geometry by itself; the library refuses one that is invalid.
            (Some(_), _) => Ok(text),
            (None, _) => Err("not a feature: it has no `type`".to_owned()),
        };
        Self { name: name(&members), geometry }
    }
}

/// Finds where the pieces of a text begin, in their order.
pub(crate) struct Places<'a> {
    text: &'a str,
    /// The number of bytes counted so far.
    at: usize,
    counter: LineCounter,
    /// Where the last of the counted lines begins.
    line_start: usize,
}

impl<'a> Places<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, counter: LineCounter::new(), line_start: 0 }
    }

    /// A message about a piece of the text whose place is one in the file, as editors count, if it
    /// ends with one. No earlier piece can be asked for afterwards.
    pub(crate) fn in_file(&mut self, piece: &str, message: &str) -> String {
        let found = message.rsplit_once(" at line ").and_then(|(reason, place)| {
            let (line, column) = place.split_once(" column ")?;
            Some((reason, line.parse::<u64>().ok()?, column.parse::<usize>().ok()?))
        });
        let Some((reason, line, column)) = found else { return message.to_owned() };
        let start = (piece.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        while self.at < start
            && let Some(&byte) = self.text.as_bytes().get(self.at)
        {
            self.counter.pass(byte);
            self.at += 1;
            if matches!(byte, b'\r' | b'\n') {
                self.line_start = self.at;
            }
        }
        let before = self.text.get(self.line_start..start).unwrap_or_default();
        let column = column + if line == 1 { before.chars().count() } else { 0 };
        format!("{reason} at line {} column {column}", self.counter.line() + line - 1)
    }
}

/// Whether a JSON text is an object. A list would be read by position, although its values have no
/// names.
fn is_object(text: &str) -> bool {
    text.trim_ascii_start().starts_with('{')
}

/// The place of an error as editors count lines: the parser counts only those that end with LF.
fn place(text: &str, error: &serde_json::Error) -> (u64, u64) {
    let lines = text.split_inclusive('\n');
    let before: usize = lines.take(error.line().saturating_sub(1)).map(str::len).sum();
    let until = before + error.column().saturating_sub(1);
    let read = text.as_bytes().get(..until).unwrap_or(text.as_bytes());
    let column = read.iter().rev().take_while(|&&byte| !matches!(byte, b'\r' | b'\n')).count();
    (LineCounter::line_after(read), column as u64 + 1)
}

/// A message without the place, which is reported in front.
fn reason(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&place).unwrap_or(&message).to_owned()
}

/// A property that identifies the feature. A feature without one, or with unreadable properties, is
/// routed all the same.
fn name(members: &Members<'_>) -> Option<String> {
    let properties: Map<String, Value> = members.properties.and_then(parsed).unwrap_or_default();
    let telling = TELLING.iter().find_map(|name| {
        let mut named = properties.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.find_map(|(_, value)| plain(value))
    });
    telling.or_else(|| plain(&members.id.and_then(parsed)?))
}

fn parsed<T: DeserializeOwned>(text: &RawValue) -> Option<T> {
    serde_json::from_str(text.get()).ok()
}

/// A text or a number as text.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
