//! The seeds of `tile` that are tiles must equal a registry's present output, byte for byte. Set
//! `CANVASS_WRITE_SEEDS` to rewrite them for a new version of the format.

#![allow(clippy::expect_used, reason = "tests")]

use std::fs;
use std::path::Path;

use canvass::tiles::Tile;
use canvass::{
    AgencyId, AskLimit, Camera, CameraId, Change, Consent, IncidentKind, OwnerId, Position,
    Recording, Registry, Scope,
};
use canvass_fuzz::Reached;
use jiff::Timestamp;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_778_414_400 + hour * 3_600).expect("an instant")
}

fn camera(id: u64, owner: u64, lon: f64, lat: f64) -> Camera {
    let position = Position::new(lon, lat).expect("on the map");
    let recording = Recording::kept_for_days(60);
    Camera::new(CameraId(id), OwnerId(owner), position, recording)
}

fn cameras() -> Vec<Change> {
    let recording = Recording::between(at(-900), Some(at(-1)), 30).expect("a span");
    let cameras = [
        camera(1, 1, 10.0, 50.0),
        camera(2, 1, 10.000_1, 50.0).with_recording(recording),
        camera(1 << 32, 2, 10.2, 50.1),
        camera(u64::MAX, 3, 180.0, 0.0),
        camera(4, u64::MAX, 0.0, -90.0),
    ];
    cameras.map(Change::Register).to_vec()
}

fn owners() -> Vec<Change> {
    let zone = "Europe/Paris".parse().expect("a zone");
    let consents = [
        Consent::granted(),
        Consent::granted().with_paused_until(at(1)).with_expiry(at(90)).with_zone(zone),
        Consent::granted()
            .with_agencies(Scope::only([AgencyId(1), AgencyId(2)]))
            .with_incidents(Scope::all_but([IncidentKind::MissingPerson]))
            .with_limit(AskLimit::new(1, 30).expect("small numbers")),
    ];
    let set = |(owner, consent)| Change::SetConsent { owner: OwnerId(owner), consent };
    // Owner 5 has only a history.
    let asked = [(1, -200), (1, -20), (5, -4)];
    let asked = asked.map(|(owner, hour)| Change::RecordAsked {
        owner: OwnerId(owner),
        agency: None,
        at: at(hour),
    });
    (1..).zip(consents).map(set).chain(asked).collect()
}

/// Every seed of records must be read: a mutated input near a refused seed is refused as well, and
/// finds nothing.
#[test]
fn seeds_of_records_are_all_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/records");
    let mut read = 0;
    for seed in fs::read_dir(folder).expect("a folder of seeds") {
        let path = seed.expect("a seed").path();
        let bytes = fs::read(&path).expect("a seed");
        assert_eq!(canvass_fuzz::records(&bytes), Reached::Checked, "{}", path.display());
        read += 1;
    }
    assert!(read > 10);
}

#[test]
fn seeds_of_tiles_are_written_by_a_registry() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/tile");
    let both = cameras().into_iter().chain(owners()).collect();
    for (name, changes) in [("cameras", cameras()), ("owners", owners()), ("both", both)] {
        let registry = Registry::new();
        registry.apply(changes).expect("ids differ");
        let tiles: Vec<u8> = registry.tiles().changed.iter().flat_map(Tile::encode).collect();
        let path = folder.join(name);
        if std::env::var_os("CANVASS_WRITE_SEEDS").is_some() {
            fs::write(&path, &tiles).expect("a seed is written");
        }
        assert!(tiles.len() > 200 && fs::read(&path).expect("a seed") == tiles, "seed `{name}`");
    }
}
