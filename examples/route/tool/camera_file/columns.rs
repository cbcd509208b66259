//! The columns of a file, found by the header.

use canvass::CameraScope;

use super::super::bad_input::shown;
use super::records::Record;

/// A property of a camera that the tool reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Id,
    Lon,
    Lat,
    Owner,
    Bearing,
    Angle,
    Reach,
}

/// The keys that a file must have all or none of.
pub(crate) const FACING: [Key; 3] = [Key::Bearing, Key::Angle, Key::Reach];

impl Key {
    const ALL: [Self; 7] =
        [Self::Id, Self::Lon, Self::Lat, Self::Owner, Self::Bearing, Self::Angle, Self::Reach];

    /// The column's default name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Lon => "lon",
            Self::Lat => "lat",
            Self::Owner => "owner",
            Self::Bearing => "bearing",
            Self::Angle => "angle",
            Self::Reach => "reach",
        }
    }

    /// Names that exports use, without capitals, blanks and `_`: suggested, never assumed.
    const fn likely(self) -> &'static [&'static str] {
        match self {
            Self::Id => &["id", "cameraid", "objectid", "fid", "uuid", "nr", "number"],
            Self::Lon => &["lon", "lng", "long", "longitude", "longitud", "x", "lon(e)"],
            Self::Lat => &["lat", "latitude", "latitud", "y", "lat(n)"],
            Self::Owner => &["owner", "ownerid", "household", "householdid"],
            Self::Bearing | Self::Angle | Self::Reach => &[],
        }
    }
}

/// The names of a file's columns, where they are not the defaults.
#[derive(Clone, Debug, Default)]
pub(crate) struct ColumnNames(Vec<(Key, String)>);

impl ColumnNames {
    /// Adds `id=ID,lon=LON`. A comma separates only if a key and `=` follow it, so names may
    /// contain commas.
    pub(crate) fn add(&mut self, text: &str) -> Result<(), String> {
        let mut rest = text;
        while !rest.is_empty() {
            let keyed = rest.split_once('=').and_then(|(key, name)| Some((named(key)?, name)));
            let Some((key, behind)) = keyed else {
                let keys = Key::ALL.map(Key::name).join(", ");
                return Err(format!("`{}` is not KEY=NAME with a key of {keys}", shown(rest)));
            };
            let next = behind.match_indices(',').find(|&(at, _)| {
                let after = behind.get(at + 1..).unwrap_or_default();
                after.split_once('=').is_some_and(|(key, _)| named(key).is_some())
            });
            let name = next.map_or(behind, |(at, _)| behind.split_at(at).0);
            if self.0.iter().any(|&(known, _)| known == key) {
                return Err(format!("`{}` is given twice", key.name()));
            }
            if name.trim().is_empty() {
                return Err(format!("`{}=` has no name", key.name()));
            }
            self.0.push((key, name.trim().to_owned()));
            rest = next.map_or("", |(at, _)| behind.get(at + 1..).unwrap_or_default());
        }
        Ok(())
    }

    fn given(&self, key: Key) -> Option<&str> {
        self.0.iter().find(|&&(known, _)| known == key).map(|(_, name)| name.as_str())
    }
}

fn named(key: &str) -> Option<Key> {
    Key::ALL.into_iter().find(|known| known.name() == key.trim())
}

/// The positions of the columns.
#[derive(Debug)]
pub(crate) struct Columns {
    pub(crate) id: usize,
    pub(crate) lon: usize,
    pub(crate) lat: usize,
    pub(crate) owner: Option<usize>,
    pub(crate) facing: Option<[usize; 3]>,
}

impl Columns {
    /// Finds the columns by their exact names.
    ///
    /// # Errors
    ///
    /// If a column is missing or occurs twice, with the options to try.
    pub(crate) fn find(
        header: &Record,
        delimiter: u8,
        names: &ColumnNames,
        camera_scope: CameraScope,
    ) -> Result<Self, String> {
        let optional = |key: Key| {
            let given = names.given(key);
            let name = given.unwrap_or(key.name());
            let mut places = header.iter().enumerate().filter(|&(_, column)| column == name);
            match (places.next(), places.next()) {
                (_, Some(_)) => Err(format!("the header has two columns `{}`", shown(name))),
                (None, _) if given.is_some() => Err(missing(header, delimiter, name)),
                (place, None) => Ok(place.map(|(place, _)| place)),
            }
        };
        let required =
            |key: Key| optional(key)?.ok_or_else(|| missing(header, delimiter, key.name()));
        let owner = optional(Key::Owner)?;
        // Without this error each camera would silently get a household of its own.
        if let (None, Some(like)) = (owner, header.iter().find(|name| plain(name) == "owner")) {
            let like = shown(like);
            return Err(format!(
                "the header has `{like}` in place of `owner`; try --columns 'owner={like}', or \
                 owner=id if each camera has a household of its own"
            ));
        }
        Ok(Self {
            id: required(Key::Id)?,
            lon: required(Key::Lon)?,
            lat: required(Key::Lat)?,
            owner,
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

fn missing(header: &Record, delimiter: u8, name: &str) -> String {
    let columns: Vec<&str> = header.iter().collect();
    let line = columns.join(&char::from(delimiter).to_string());
    let reason = format!("no column `{}` in the header `{}`", shown(name), shown(&line));
    match advice(&columns, &line) {
        Some(advice) => format!("{reason}; {advice}"),
        None => format!("{reason}; name the columns by --columns id=NAME,lon=NAME,lat=NAME"),
    }
}

/// The options to try, guessed from the header.
fn advice(columns: &[&str], line: &str) -> Option<String> {
    if line.starts_with("sep=") {
        return Some("remove this line, which is for spreadsheets, and use --delimiter".to_owned());
    }
    if let [only] = columns {
        let others = [("semicolon", ';'), ("tab", '\t'), ("pipe", '|'), ("comma", ',')];
        let (name, _) = others.into_iter().find(|&(_, other)| only.contains(other))?;
        return Some(format!("try --delimiter {name}"));
    }
    let like = |key: Key| {
        let mut likely = columns.iter().filter(|name| key.likely().contains(&plain(name).as_str()));
        likely.next().filter(|_| likely.next().is_none())
    };
    let (id, lon, lat) = (like(Key::Id)?, like(Key::Lon)?, like(Key::Lat)?);
    let owner = like(Key::Owner).map(|owner| format!(",owner={owner}")).unwrap_or_default();
    let names = format!("id={id},lon={lon},lat={lat}{owner}");
    Some(format!("try --columns '{}'", names.escape_debug()))
}

/// A name without capitals, blanks, `_` and `-`.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-'));
    kept.flat_map(char::to_lowercase).collect()
}
