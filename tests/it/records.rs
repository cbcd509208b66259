//! Records as JSON: they read back as written, and messages name the fault in one that cannot be
//! read.

use canvass::policy::Jurisdiction;
use canvass::{
    Agency, AgencyId, AgencyKind, Area, AskLimit, Camera, CameraId, Change, Consent, IncidentKind,
    OwnerId, Policy, Position, Recording, Request, Scope, TimeWindow,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::policy::{police, request};
use crate::support::*;

/// Asserts that a value reads back from JSON unchanged.
#[track_caller]
pub fn round<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value, "{text}");
    // Also through a tree of values, as services with other formats do.
    let tree = serde_json::to_value(value).unwrap();
    assert_eq!(&serde_json::from_value::<T>(tree).unwrap(), value, "{text}");
}

#[test]
fn every_record_is_read_as_it_was_written() {
    round(&default_policy());
    round(&Policy::without_limits_or_anonymity());
    round(
        &default_policy()
            .with_agency_kinds([AgencyKind::State])
            .with_jurisdiction(Jurisdiction::Anywhere)
            .with_min_area_m2(0.1)
            .with_max_area_m2(0.1 + 0.2),
    );
    round(&request());
    round(&request().with_area(Area::from_bounds(170.0, -9.0, -170.0, 9.0).unwrap()));
    round(&agency());
    round(&police());
    for kind in [AgencyKind::Local, AgencyKind::County, AgencyKind::State, AgencyKind::Federal] {
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
    }
    for &kind in IncidentKind::ALL {
        round(&kind);
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.code()));
        assert_eq!(IncidentKind::from_code(kind.code()), Some(kind));
    }
    let mut rng = Rng(3);
    let town = town(&mut rng, (180, 0), 300);
    town.cameras.values().for_each(round);
    town.consents.values().for_each(round);
    changes(&town).iter().for_each(round);
    let camera = town.cameras.values().next().copied().unwrap();
    round(&Change::Replace(camera));
    round(&Change::Upsert(camera));
    round(&Change::Move { camera: CameraId(u64::MAX), position: camera.position });
    round(&Change::Remove { camera: CameraId(0) });
    round(&Change::Withdraw { owner: OwnerId(u64::MAX) });
    for agency in [None, Some(AgencyId(3))] {
        round(&Change::RecordAsked { owner: OwnerId(1), agency, at: noon() });
    }
    round(&Consent::granted().with_limit(AskLimit::new(0, 30).unwrap()));
}

#[test]
fn records_are_written_like_this() {
    let text = |value: serde_json::Result<String>| value.unwrap();
    let camera = Camera::new(
        CameraId(7),
        OwnerId(1),
        place((10, 50), 1, -1),
        Recording::between(at("2026-01-01T00:00:00Z"), None, 60).unwrap(),
    );
    assert_eq!(
        text(serde_json::to_string(&camera)),
        r#"{"id":7,"owner":1,"position":[10.0000001,49.9999999],"recording":{"since":"2026-01-01T00:00:00Z","kept_days":60}}"#
    );
    let consent = Consent::granted()
        .with_agencies(Scope::only([AgencyId(3)]))
        .with_incidents(Scope::all_but([IncidentKind::Theft]))
        .with_paused_until(noon());
    assert_eq!(
        text(serde_json::to_string(&Change::SetConsent { owner: OwnerId(1), consent })),
        r#"{"set_consent":{"owner":1,"consent":{"standing":"granted","agencies":{"only":[3]},"incidents":{"all_but":["theft"]},"paused_until":"2026-05-10T12:00:00Z","limit":{"per_7_days":2,"per_30_days":4}}}}"#
    );
    assert_eq!(
        text(serde_json::to_string(&request())),
        r#"{"agency":1,"incident":"burglary","area":{"type":"Polygon","coordinates":[[[10.0,50.0],[10.005,50.0],[10.005,50.005],[10.0,50.005],[10.0,50.0]]]},"window":{"start":"2026-05-09T18:00:00Z","end":"2026-05-09T20:00:00Z"},"case_reference":"26-0117","contact":"Det. Smith"}"#
    );
}

/// The error message of a text, without serde's line and column.
#[track_caller]
pub fn refuses<T: DeserializeOwned + std::fmt::Debug>(text: &str) -> String {
    let words = serde_json::from_str::<T>(text).unwrap_err().to_string();
    words.split(" at line").next().unwrap_or_default().to_owned()
}

#[test]
fn impossible_records_name_their_fault() {
    let window = r#"{"start":"2026-05-09T20:00:00Z","end":"2026-05-09T18:00:00Z"}"#;
    assert_eq!(
        refuses::<TimeWindow>(window),
        "the window is empty: its end `2026-05-09T18:00:00Z` is not after its start \
         `2026-05-09T20:00:00Z`",
    );
    let request = |area: &str, incident: &str, window: &str| {
        refuses::<Request>(&format!(
            r#"{{"agency":1,"incident":"{incident}","area":{area},"window":{window}}}"#
        ))
    };
    let box_text = r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}"#;
    let evening = r#"{"start":"2026-05-09T18:00:00Z","end":"2026-05-09T20:00:00Z"}"#;
    let bow_tie = r#"{"type":"Polygon","coordinates":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}"#;
    assert_eq!(
        request(bow_tie, "theft", evening),
        "the outline crosses itself near `1 1` (part 1, shell, after vertex 1; and part 1, shell, \
         after vertex 3)",
    );
    assert!(request(box_text, "protest", evening).starts_with("unknown variant `protest`"));
    assert!(request(box_text, "theft", window).starts_with("the window is empty"));
    assert_eq!(
        refuses::<Camera>(r#"{"id":1,"owner":1,"position":[181,0],"recording":{"kept_days":1}}"#),
        "longitude `181` is outside -180..180",
    );
    assert_eq!(
        [refuses::<TimeWindow>("5"), refuses::<TimeWindow>("[]")],
        [
            "invalid type: integer `5`, expected an object with `start` and `end`",
            "invalid type: sequence, expected an object with `start` and `end` with the names of its fields",
        ],
    );
    assert_eq!(
        refuses::<Position>("[1.0]"),
        "invalid length 1, expected a longitude and a latitude in degrees, as `[lon, lat]`",
    );
    assert_eq!(serde_json::from_str::<Position>("[1.5,2.5,30.0]").unwrap().lat_e7(), 25_000_000);
    let wkt = request(r#""POLYGON((0 0, 1 0, 1 1, 0 0))""#, "theft", evening);
    assert!(wkt.ends_with("expected a GeoJSON polygon or multipolygon"), "{wkt}");
    assert_eq!(
        refuses::<Recording>(
            r#"{"since":"2026-01-02T00:00:00Z","until":"2026-01-01T00:00:00Z","kept_days":1}"#
        ),
        "recording until `2026-01-01T00:00:00Z` does not end after it starts at \
         `2026-01-02T00:00:00Z`",
    );
    assert!(refuses::<Recording>(r#"{"kept_days":-1}"#).contains("expected u16"));
    assert_eq!(
        refuses::<Consent>(r#"{"standing":"granted","limit":{"per_7_days":31,"per_30_days":4}}"#),
        "a limit of `31` requests is more than 30",
    );
    assert!(refuses::<Consent>(r#"{"standing":"yes"}"#).starts_with("unknown variant `yes`"));
    assert!(refuses::<Change>(r#"{"sell":{"owner":7}}"#).starts_with("unknown variant `sell`"));
    assert_eq!(refuses::<Change>(r#"{"withdraw":{}}"#), "missing field `owner`");
    assert_eq!(
        refuses::<Change>(r#"{"remove":{"camera":1,"owner":2}}"#),
        "unknown field `owner`, expected `camera`"
    );
    assert!(refuses::<Agency>(r#"{"id":1,"name":"x","kind":"secret"}"#).contains("`secret`"));
}

#[test]
fn unknown_fields_are_refused_everywhere() {
    fn strange<T: Serialize + DeserializeOwned + std::fmt::Debug>(value: &T) {
        let mut tree = serde_json::to_value(value).unwrap();
        tree.as_object_mut().unwrap().insert("strange".to_owned(), 1.into());
        let words = serde_json::from_value::<T>(tree).unwrap_err().to_string();
        assert!(words.starts_with("unknown field `strange`"), "{words}");
    }
    strange(&default_policy());
    strange(&request());
    strange(&police());
    strange(&evening());
    strange(&Consent::granted());
    strange(&AskLimit::default());
    strange(&Recording::kept_for_days(1));
    let town = street(1);
    town.cameras.values().for_each(strange);
}

#[test]
fn an_empty_consent_is_a_no() {
    assert_eq!(serde_json::from_str::<Consent>("{}").unwrap(), Consent::default());
    let scoped = r#"{"agencies":"any","incidents":"any"}"#;
    assert_eq!(serde_json::from_str::<Consent>(scoped).unwrap(), Consent::default());
    assert_eq!(refuses::<Consent>("null"), "invalid type: null, expected struct Consent");
}
