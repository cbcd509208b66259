//! Records are read by the names of their fields, never from a list of values.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use canvass::audit::{AuditEntry, AuditEvent, TreeHead};
use canvass::bulletin::{Bulletin, BulletinEntry};
use canvass::outcome::Outcomes;
use canvass::policy::SensitivePlace;
use canvass::{
    Agency, AgencyId, Area, AskLimit, Camera, CaseFile, Change, Consent, Facing, IncidentKind,
    LifecycleEvent, LifecycleStep, OpenRequests, OpenedRequest, OwnerId, Policy, QuietHours,
    Receipt, Recording, Request, Scope, TimeWindow, Zone,
};
use serde::de::value::{MapDeserializer, U32Deserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::policy::{police, request};
use crate::support::*;

const AREA: &str = r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}"#;

/// The error for a text that has a list in the place of a record.
fn refusal<T: DeserializeOwned + Debug>(text: &str) -> String {
    serde_json::from_str::<T>(text).unwrap_err().to_string()
}

/// For each record of the library, by the name of the type that is read: a text with a list in the
/// record's place.
fn lists() -> Vec<(&'static str, String)> {
    let entry = format!(
        r#"{{"id":1,"area":{AREA},"lowest_end":11,"release":"alone","answers":{{"open":[]}}}}"#
    );
    let outcomes = |requests: &str, pools: &str| {
        refusal::<Outcomes>(&format!(r#"{{"agency":1,"requests":[{requests}],"pools":[{pools}]}}"#))
    };
    let open = r#"{"next":1,"last":null,"files":[],"open":[[]]}"#;
    vec![
        ("Agency", refusal::<Agency>(r#"[1,"Police","local",null]"#)),
        ("AskLimit", refusal::<AskLimit>("[1,2]")),
        ("AskedOwners", outcomes(&entry, "")),
        ("AuditEntry", refusal::<AuditEntry>("[]")),
        ("AuditEvent", refusal::<AuditEvent>(r#"{"refused":[["window_empty"]]}"#)),
        ("Band", outcomes("", r#"{"shared":[11,20]}"#)),
        ("Bands", outcomes("", "[]")),
        ("Bulletin", refusal::<Bulletin>("[]")),
        ("BulletinEntry", refusal::<BulletinEntry>("[]")),
        ("Camera", refusal::<Camera>(r#"[1,2,[-84.95,41.13],{"kept_days":60}]"#)),
        ("CaseFile", refusal::<CaseFile>("[1,[]]")),
        ("Change", refusal::<Change>(r#"{"withdraw":[7]}"#)),
        ("Consent", refusal::<Consent>(r#"["granted"]"#)),
        ("Facing", refusal::<Facing>("[90,60,30]")),
        ("LedgerEntry", outcomes("[]", "")),
        ("LifecycleEvent", refusal::<LifecycleEvent>("[]")),
        ("LifecycleStep", refusal::<LifecycleStep>(r#"{"extended":["2026-05-09T18:00:00Z"]}"#)),
        ("OpenRequest", refusal::<OpenRequests>(open)),
        ("OpenRequests", refusal::<OpenRequests>("[1,null,[],[]]")),
        ("OpenedRequest", refusal::<OpenedRequest>("[]")),
        ("Outcomes", refusal::<Outcomes>("[1,[],[]]")),
        ("Policy", refusal::<Policy>(r#"["default-1"]"#)),
        ("QuietHours", refusal::<QuietHours>(r#"["21:00:00","08:00:00","UTC"]"#)),
        ("Receipt", refusal::<Receipt>("[]")),
        ("Recording", refusal::<Recording>("[null,null,60]")),
        ("Request", refusal::<Request>(&format!(r#"[1,"burglary",{AREA}]"#))),
        ("SensitivePlace", refusal::<SensitivePlace>(r#"["clinic","a","refuse"]"#)),
        (
            "Sharer",
            refusal::<CaseFile>(
                r#"{"agency":1,"opened":[],"shared":[[1,"2026-05-09T18:00:00Z"]]}"#,
            ),
        ),
        ("TimeWindow", refusal::<TimeWindow>(r#"["2026-05-09T18:00:00Z","2026-05-09T20:00:00Z"]"#)),
        ("TreeHead", refusal::<TreeHead>("[]")),
    ]
}

#[test]
fn no_record_is_read_from_a_list() {
    for (name, words) in lists() {
        assert!(words.starts_with("invalid type: sequence"), "{name}: {words}");
        assert!(words.contains("with the names of its fields"), "{name}: {words}");
    }
}

/// The test finds a record in the sources that is missing from the list above, or lacks the
/// attribute.
#[test]
fn every_record_in_the_sources_is_read_by_name() {
    let mut found = BTreeSet::new();
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        for record in records(&text) {
            let by_name = record.attributes.contains(r#"crate = "crate::util::by_name""#);
            let name = record.name;
            assert!(by_name, "`{name}` in {} is read by position", file.display());
            if file.ends_with("parts/sealed_request.rs") {
                // Read from sealed bytes alone, which nobody without the key can write.
                continue;
            }
            found.insert(owner(&name, &record.attributes).to_owned());
        }
    }
    let listed: BTreeSet<String> = lists().iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(found, listed);
}

/// An enum of plain variants would be read by number in formats that have numbers there.
#[test]
fn every_enum_in_the_sources_is_read_by_name() {
    let mut found = 0;
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        for derive in text.split("#[derive(").skip(1) {
            let item = derive.find("enum ").map_or("", |at| &derive[..at]);
            let is_enum = item.lines().skip(1).all(|line| {
                let line = line.trim_start();
                line.is_empty() || line.starts_with(['#', '/', 'p'])
            });
            if is_enum && item.split(']').next().unwrap().contains("Deserialize") {
                found += 1;
                assert!(
                    item.contains(r#"crate = "crate::util::by_name""#),
                    "{}: {item}",
                    file.display()
                );
            }
        }
    }
    assert!(found > 20, "{found}");
}

/// The record that a wire form belongs to.
fn owner<'a>(name: &'a str, attributes: &'a str) -> &'a str {
    if let Some((_, rest)) = attributes.split_once("rename = \"") {
        return rest.split('"').next().unwrap();
    }
    match name {
        "Counts" => "AskLimit",
        "Ends" => "TimeWindow",
        "Hours" => "QuietHours",
        "Numbers" => "Facing",
        "PolicyForm" => "Policy",
        "Record" => "SensitivePlace",
        "Spans" => "Recording",
        name => name,
    }
}

struct Record {
    name: String,
    attributes: String,
}

/// Structs with named fields and enums with such variants for which reading is derived.
fn records(text: &str) -> Vec<Record> {
    let mut records = Vec::new();
    for (at, _) in text.match_indices("#[derive(") {
        let rest = &text[at..];
        let derives = &rest[..rest.find(")]").unwrap()];
        if !derives.contains("Deserialize") {
            continue;
        }
        let is_item = |line: &str| {
            let line = line.trim_start();
            let public = ["pub(crate) ", "pub(super) ", "pub "];
            let line = public.iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
            line.starts_with("struct ") || line.starts_with("enum ")
        };
        let Some(item) = rest.split_inclusive('\n').find(|line| is_item(line)) else { continue };
        let start = rest.find(item).unwrap();
        let attributes = rest[..start].to_owned();
        let words: Vec<&str> = item.split(|c: char| !c.is_alphanumeric()).collect();
        let kind = words.iter().position(|word| ["struct", "enum"].contains(word)).unwrap();
        let is_struct = words[kind] == "struct";
        let converted = attributes.contains("from = \"") || attributes.contains("transparent");
        let body = body(&rest[start..]);
        let fields = body.is_some_and(|body| {
            let code: String = body
                .lines()
                .map(str::trim)
                .filter(|line| !line.starts_with("//") && !line.starts_with("#["))
                .collect();
            is_struct || code.contains('{')
        });
        if fields && !converted && !attributes.contains("field_identifier") {
            records.push(Record { name: words[kind + 1].to_owned(), attributes });
        }
    }
    records
}

/// The text between the braces of an item, if it has any; items with generated names have none.
fn body(item: &str) -> Option<&str> {
    let open = item.find('{')?;
    if item.find(';').is_some_and(|end| end < open) {
        return None;
    }
    let mut depth = 0;
    for (at, mark) in item.char_indices().skip(open) {
        match mark {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 && at >= open {
            return Some(&item[open + 1..at]).filter(|body| !body.contains('$'));
        }
    }
    None
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// With any one object replaced by the list of its values, a record is refused.
#[test]
fn lists_in_place_of_objects_are_refused_at_any_depth() {
    fn turned<T: Serialize + DeserializeOwned + Debug>(value: &T) -> usize {
        let tree = serde_json::to_value(value).unwrap();
        assert!(serde_json::from_value::<T>(tree.clone()).is_ok());
        let objects = objects(&mut tree.clone(), usize::MAX);
        for chosen in 0..objects {
            let mut turned = tree.clone();
            self::objects(&mut turned, chosen);
            let read = serde_json::from_value::<T>(turned.clone());
            assert!(read.is_err(), "{turned} is read as {read:?}");
        }
        objects
    }
    let town = town(&mut Rng(9), (180, 0), 60);
    let mut count = turned(&default_policy()) + turned(&request()) + turned(&police());
    count += town.cameras.values().map(turned).sum::<usize>();
    count += town.consents.values().map(turned).sum::<usize>();
    count += changes(&town).iter().map(turned).sum::<usize>();
    assert!(count > 300, "{count}");
}

/// Turns the chosen object of a tree into a list; returns the number of objects.
fn objects(tree: &mut Value, chosen: usize) -> usize {
    let mut count = 0;
    let mut rest = vec![tree];
    while let Some(value) = rest.pop() {
        if let Value::Object(members) = value {
            if count == chosen {
                *value = std::mem::take(members).into_iter().map(|(_, value)| value).collect();
                return count;
            }
            count += 1;
        }
        match value {
            Value::Object(members) => rest.extend(members.values_mut()),
            Value::Array(values) => rest.extend(values),
            _ => {}
        }
    }
    count
}

/// Formats other than JSON name fields as well.
#[test]
fn records_are_read_from_toml_and_cbor() {
    fn cbor<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
        let mut bytes = Vec::new();
        ciborium::into_writer(value, &mut bytes).unwrap();
        assert_eq!(&ciborium::from_reader::<T, _>(bytes.as_slice()).unwrap(), value);
    }
    fn both<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
        cbor(value);
        let text = toml::to_string(value).unwrap();
        assert_eq!(&toml::from_str::<T>(&text).unwrap(), value, "{text}");
    }
    let consent = Consent::granted()
        .with_agencies(Scope::only([AgencyId(3)]))
        .with_incidents(Scope::all_but([IncidentKind::Theft]))
        .with_paused_until(noon());
    both(&default_policy());
    both(&request());
    both(&police());
    both(&consent);
    both(&Change::SetConsent { owner: OwnerId(1), consent });
    both(&Recording::kept_for_days(30));
    let town = town(&mut Rng(9), (180, 0), 60);
    town.cameras.values().for_each(both);
    changes(&town).iter().for_each(cbor);
    // CBOR writes members of a map in the order of their names: coordinates before the type.
    let area: Area =
        toml::from_str("coordinates = [[[0, 0], [1, 0], [1, 1]]]\ntype = 'Polygon'").unwrap();
    assert_eq!(area, Area::from_geojson(AREA).unwrap());
}

/// Formats such as CBOR have keys of any type. A number in the place of a name would be a position,
/// and so would one in the place of a variant's.
#[test]
fn fields_and_variants_are_not_read_by_number() {
    fn numbered<T: Serialize + DeserializeOwned + Debug>(value: &T, fields: &[&str]) {
        let Value::Object(members) = serde_json::to_value(value).unwrap() else { panic!() };
        assert_eq!(members.len(), fields.len(), "{members:?}");
        let named = fields.iter().map(|&name| (name, members[name].clone()));
        let read = T::deserialize(MapDeserializer::new(named.clone()));
        assert_eq!(serde_json::to_value(read.unwrap()).unwrap(), Value::Object(members.clone()));
        let numbers = (0_u64..).zip(named).map(|(number, (_, member))| (number, member));
        let words = T::deserialize(MapDeserializer::new(numbers)).unwrap_err().to_string();
        let expected = "invalid type: integer `0`, expected the name of a field or of a variant";
        assert_eq!(words, expected, "{}", std::any::type_name::<T>());
    }
    let at = place((10, 50), 0, 0);
    numbered(&camera_at(1, 2, at), &["id", "owner", "position", "recording"]);
    numbered(&Recording::kept_for_days(30), &["kept_days"]);
    numbered(&Facing::new(90.0, 60.0, 30.0).unwrap(), &["bearing", "angle", "reach_m"]);
    numbered(&evening(), &["start", "end"]);
    numbered(&QuietHours::in_zone(Zone::UTC), &["from", "until", "zone"]);
    numbered(&square(0.0, 0.0, 1.0, 1.0), &["type", "coordinates"]);
    let number: U32Deserializer<serde_json::Error> = 0_u32.into_deserializer();
    let words = IncidentKind::deserialize(number).unwrap_err().to_string();
    assert!(words.contains("expected the name of a field or of a variant"), "{words}");
}
