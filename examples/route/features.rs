//! The features of a GeoJSON file, one by one, so that a bad one does not stop the others.

use std::borrow::Cow;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::input::BadInput;

/// Properties that tell one feature from the next, the most telling first; in any case.
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

/// What a feature says, as far as it can be read.
pub(crate) struct Feature<'a> {
    pub(crate) name: Option<String>,
    /// The text of its geometry, or why there is none.
    pub(crate) geometry: Result<Cow<'a, str>, String>,
}

/// The outermost object of a GeoJSON text, its features still text.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Outermost<'a> {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(borrow)]
    features: Option<Vec<&'a RawValue>>,
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
}

/// The features of a collection, or the one feature or geometry that the file is.
pub(crate) fn split<'a>(file: &Path, text: &'a str) -> Result<Vec<&'a str>, BadInput> {
    let outermost: Outermost<'_> = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        // The place is in front already.
        let reason = error.to_string();
        let reason = reason.strip_suffix(&format!(" at line {line} column {column}"));
        let place = format!("{}:{line}:{column}", file.display());
        BadInput::new(match reason {
            Some(reason) => format!("{place}: not a GeoJSON text: {reason}"),
            None => format!("{place}: not a GeoJSON text: {error}"),
        })
    })?;
    match (outermost.kind.as_deref(), outermost.features) {
        (Some("FeatureCollection"), Some(features)) => {
            Ok(features.into_iter().map(RawValue::get).collect())
        }
        (Some("FeatureCollection"), None) => {
            Err(BadInput::at(file, 1, "a `FeatureCollection` without `features`"))
        }
        (Some(_), _) => Ok(vec![text]),
        (None, _) => Err(BadInput::at(file, 1, "not a GeoJSON text: it has no `type`")),
    }
}

impl<'a> Feature<'a> {
    /// Reads one of the texts that [`split`] gave.
    pub(crate) fn read(text: &'a str) -> Self {
        let members: Members<'a> = match serde_json::from_str(text) {
            Ok(members) => members,
            Err(error) => {
                return Self { name: None, geometry: Err(format!("not a feature: {error}")) };
            }
        };
        let geometry = match (members.kind.as_deref(), members.geometry) {
            (Some("Feature"), Some(geometry)) => Ok(Cow::Borrowed(geometry.get())),
            (Some("Feature"), None) => Err("the feature has no geometry".to_owned()),
            // A geometry by itself; what is none, the library says.
            (Some(_), _) => Ok(Cow::Borrowed(text)),
            (None, _) => Err("not a feature: it has no `type`".to_owned()),
        };
        Self { name: name(&members), geometry }
    }
}

/// What tells a feature from the others. A feature without it, or whose properties cannot be read,
/// is routed all the same.
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
