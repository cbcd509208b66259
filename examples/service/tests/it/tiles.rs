//! The registry is stored as tiles, and the log has only later changes.

use std::collections::BTreeMap;
use std::path::Path;

use canvass::Revision;
use canvass::tiles::TileKey;
use canvass_service::store::{Store, StoreError};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    OPERATOR, Service, Table, agreed, complaint, config, insert, remove, request, rows, square,
};

const TILES: Table<(u64, u64)> = Table::new("tiles");
const LOG: Table<u64> = Table::new("log");

/// Three houses in each of two towns, and one owner who has no camera.
fn towns() -> Vec<Value> {
    let first = (1..=3).flat_map(|owner| agreed(owner, -84.9, 41.1));
    let second = (4..=6).flat_map(|owner| agreed(owner, -84.0, 41.1));
    let granted = json!({ "owner": 7, "consent": { "standing": "granted" } });
    first.chain(second).chain([json!({ "set_consent": granted })]).collect()
}

/// The checkpoint's revision, its tiles, and the revisions in the log.
fn kept(folder: &Path) -> (u64, BTreeMap<u64, Vec<u8>>, Vec<u64>) {
    let store = Store::open(&folder.join("data")).unwrap();
    let (checkpoint, tiles) = store.checkpoint().unwrap();
    let mut log = Vec::new();
    let each = |revision: Revision, _| {
        log.push(revision.0);
        Ok(())
    };
    store.replay::<StoreError>(Revision(0), each).unwrap();
    (checkpoint.0, tiles, log)
}

fn held(service: &Service) -> Vec<Value> {
    let held = (1..=8).map(|owner| service.get(OPERATOR, &format!("/v1/owners/{owner}")));
    held.map(|answer| answer.expect(200)).collect()
}

#[test]
fn a_start_reads_tiles_and_the_log_since() {
    let folder = tempfile::tempdir().unwrap();
    // Without quiet hours the test passes at any hour.
    let policy = json!({ "max_area_m2": 1e12, "anonymity": "waived", "min_households": 0, "quiet_hours": "none" });
    let config = config(&policy, &json!({}));
    let service = Service::start(folder.path(), &config);
    service.change(&towns());
    let told = service.open(&request("26-8", &square(-85.0, 41.0, 1.2)));
    let path = format!("/v1/requests/{}/route", told["id"]);
    service.stop();

    let (checkpoint, tiles, log) = kept(folder.path());
    let is_cell = |&key: &u64| TileKey::from_u64(key).unwrap().to_string().starts_with('8');
    let cells = tiles.keys().filter(|key| is_cell(key)).count();
    assert_eq!((checkpoint, cells, log), (1, 2, vec![]));
    assert!(tiles.len() > cells, "no page of owners");

    // The second town is removed, owner 1 withdraws, owner 7 leaves nothing behind; the log has it.
    let service = Service::start(folder.path(), &config);
    for camera in 4..=6 {
        service.change(&[json!({ "remove": { "camera": camera } })]);
    }
    service.change(&[json!({ "withdraw": { "owner": 1 } }), json!({ "withdraw": { "owner": 7 } })]);
    let before = (held(&service), service.get(OPERATOR, &path).expect(200)["recipients"].clone());
    service.kill();
    let (checkpoint, _, log) = kept(folder.path());
    assert_eq!((checkpoint, log), (1, vec![2, 3, 4, 5]));

    // Restored once from tiles and the log, once from tiles alone, without the vanished ones.
    for (replayed, log) in [(4, vec![]), (0, vec![])] {
        let service = Service::start(folder.path(), &config);
        let after =
            (held(&service), service.get(OPERATOR, &path).expect(200)["recipients"].clone());
        assert_eq!(after, before);
        assert_eq!(
            after.1,
            json!([{ "owner": 2, "cameras": [2] }, { "owner": 3, "cameras": [3] }])
        );
        service.stop();
        let lines = std::fs::read_to_string(folder.path().join("log")).unwrap();
        let loaded = lines.lines().rfind(|line| line.contains("\"loaded\"")).unwrap();
        assert!(loaded.contains(&format!("\"replayed\":{replayed},")), "{loaded}");
        let (checkpoint, tiles, left) = kept(folder.path());
        assert_eq!((checkpoint, left), (5, log));
        assert_eq!(tiles.keys().filter(|key| is_cell(key)).count(), 1);
    }
    let rows = rows(folder.path(), TILES);
    assert!(rows.iter().all(|(_, bytes)| !bytes.is_empty()), "a vanished tile");
    // A tile that has vanished and was not swept away yet does not count.
    let mut cells = tiles.into_iter().filter(|(key, _)| is_cell(key));
    let (gone, bytes) = cells.find(|(key, _)| rows.iter().all(|row| row.0.0 != *key)).unwrap();
    insert(folder.path(), TILES, (gone, 1), &bytes);
    insert(folder.path(), TILES, (gone, 5), &[]);
    assert!(!kept(folder.path()).1.contains_key(&gone));
}

/// A stopped service's folder with some towns, its configuration, and its content.
fn stopped() -> (TempDir, Value, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&json!({}), &json!({}));
    let service = Service::start(folder.path(), &config);
    service.change(&towns());
    let before = held(&service);
    service.stop();
    (folder, config, before)
}

#[test]
fn missing_or_old_tiles_and_short_logs_stop_the_start() {
    let (folder, config, before) = stopped();
    // Each remaining tile decodes, and none reveals that another is missing.
    let rows = rows(folder.path(), TILES);
    for (key, bytes) in &rows {
        remove(folder.path(), TILES, *key);
        let said = complaint(folder.path(), &config);
        let (kept, found) = (rows.len(), rows.len() - 1);
        let expected =
            format!("tiles are missing: revision `1` was kept in {kept}, and {found} are there");
        assert!(said.contains(&expected), "{said}");
        // The tile of an earlier revision.
        insert(folder.path(), TILES, (key.0, 0), bytes);
        let said = complaint(folder.path(), &config);
        assert!(said.contains("not those in which revision `1` was kept"), "{said}");
        remove(folder.path(), TILES, (key.0, 0));
        insert(folder.path(), TILES, *key, bytes);
    }
    let service = Service::start(folder.path(), &config);
    assert_eq!(held(&service), before);
    service.change(&[json!({ "withdraw": { "owner": 1 } })]);
    service.change(&[json!({ "withdraw": { "owner": 2 } })]);
    service.kill();
    remove(folder.path(), LOG, 3);
    let said = complaint(folder.path(), &config);
    let expected = "the log is cut off: it ends at revision `2`, and went on to `3`";
    assert!(said.contains(expected), "{said}");
}

#[test]
fn a_flipped_byte_in_a_tile_stops_the_start() {
    let (folder, config, before) = stopped();
    let rows = rows(folder.path(), TILES);
    for (key, bytes) in &rows {
        let named = format!("tile `{}` of the store", TileKey::from_u64(key.0).unwrap());
        // In its name, its key, its rows, and its checksum.
        for place in [0, 9, bytes.len() / 2, bytes.len() - 1] {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1;
            insert(folder.path(), TILES, *key, &flipped);
            let said = complaint(folder.path(), &config);
            assert!(said.contains(&named), "{place}: {said}");
        }
        insert(folder.path(), TILES, *key, &bytes[..bytes.len() - 1]);
        let said = complaint(folder.path(), &config);
        assert!(said.contains(&named), "{said}");
        insert(folder.path(), TILES, *key, bytes);
    }
    let service = Service::start(folder.path(), &config);
    assert_eq!(held(&service), before);
    assert!(before.iter().filter(|held| held["consent"]["standing"] == "granted").count() == 7);
}

#[test]
fn a_gap_between_tiles_and_log_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&json!({}), &json!({}));
    let service = Service::start(folder.path(), &config);
    for owner in 1..=3 {
        service.change(&agreed(owner, -84.9, 41.1));
    }
    service.kill();
    remove(folder.path(), LOG, 2);
    let said = complaint(folder.path(), &config);
    let expected = "the log of the store cannot be replayed: revision `3` does not follow `1`: \
                    those between are missing";
    assert!(said.contains(expected), "{said}");
}

#[test]
fn the_log_stays_short_while_changes_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({ "checkpoint_revisions": 5, "transaction_bytes": 64 });
    let service = Service::start(folder.path(), &config(&json!({}), &limits));
    for owner in 1..=60 {
        service.change(&agreed(owner, -84.9 + 0.01 * owner as f64, 41.1));
    }
    let metrics = service.get(OPERATOR, "/metrics").text;
    service.kill();
    let number = |name: &str| -> u64 {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().parse().unwrap()
    };
    assert!(number("canvass_checkpoints_total") >= 2, "{metrics}");
    let (checkpoint, tiles, log) = kept(folder.path());
    // A checkpoint may be in progress when the log has reached its limit.
    assert!(log.len() <= 21, "{log:?}");
    assert!(checkpoint >= 39 && !tiles.is_empty(), "{checkpoint}");
}
