//! Valid rows in invalid places: swapped with another's, from an earlier state, or duplicated. A
//! start refuses them, or has the state as before.

use std::path::Path;

use canvass_service::engine::Engine;
use canvass_service::metrics::Metrics;
use canvass_service::settings::Settings;
use redb::{AccessGuard, ReadableTable, TableDefinition, WriteTransaction};
use serde_json::{Value, json};

use crate::support::{FIRST, OPERATOR, Service, Table, agreed, config, edit, request, square};

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const TILES: Table<(u64, u64)> = Table::new("tiles");
/// The tables whose keys are one number: the log, and the tables about requests.
const NUMBERED: [&str; 4] = ["log", "events", "receipts", "outcomes"];
/// The tables of disclosures, whose keys are bytes.
const SEEN: [&str; 10] = [
    "notices",
    "bulletins",
    "coverage",
    "audit",
    "audit_seeds",
    "audit_pending",
    "owner_salts",
    "reached",
    "owner_keys",
    "owner_digests",
];

/// A row's key and content.
type Row<K> = (K, Vec<u8>);

/// All rows that a start reads.
#[derive(Clone, Debug, PartialEq)]
struct Rows {
    meta: Vec<(String, u64)>,
    tiles: Vec<Row<(u64, u64)>>,
    numbered: Vec<(&'static str, Vec<Row<u64>>)>,
    seen: Vec<(&'static str, Vec<Row<Vec<u8>>>)>,
}

impl Rows {
    fn read(folder: &Path) -> Self {
        fn all<K>(transaction: &WriteTransaction, table: Table<K>) -> Vec<Row<K>>
        where
            K: redb::Key + for<'a> redb::Value<SelfType<'a> = K>,
        {
            let rows = transaction.open_table(table).unwrap();
            let row = |row: Result<(AccessGuard<'_, K>, AccessGuard<'_, &[u8]>), _>| {
                row.map(|(key, bytes)| (key.value(), bytes.value().to_vec())).unwrap()
            };
            rows.iter().unwrap().map(row).collect()
        }
        fn named(transaction: &WriteTransaction, name: &'static str) -> Vec<Row<Vec<u8>>> {
            let rows = transaction.open_table(Table::<&'static [u8]>::new(name)).unwrap();
            let rows = rows.iter().unwrap().map(Result::unwrap);
            rows.map(|(key, bytes)| (key.value().to_vec(), bytes.value().to_vec())).collect()
        }
        edit(folder, |transaction| {
            let table = transaction.open_table(META).unwrap();
            let row = |row: Result<(AccessGuard<'_, &str>, AccessGuard<'_, u64>), _>| {
                row.map(|(name, number)| (name.value().to_owned(), number.value())).unwrap()
            };
            Self {
                meta: table.iter().unwrap().map(row).collect(),
                tiles: all(transaction, TILES),
                numbered: NUMBERED.map(|name| (name, all(transaction, Table::new(name)))).into(),
                seen: SEEN.map(|name| (name, named(transaction, name))).into(),
            }
        })
    }

    /// Replaces all rows of a store.
    fn write(&self, folder: &Path) {
        edit(folder, |transaction| {
            let mut meta = transaction.open_table(META).unwrap();
            meta.retain(|_, _| false).unwrap();
            for (name, number) in &self.meta {
                meta.insert(name.as_str(), number).unwrap();
            }
            let mut tiles = transaction.open_table(TILES).unwrap();
            tiles.retain(|_, _| false).unwrap();
            for (key, bytes) in &self.tiles {
                tiles.insert(key, bytes.as_slice()).unwrap();
            }
            for (name, rows) in &self.numbered {
                let mut table = transaction.open_table(Table::<u64>::new(name)).unwrap();
                table.retain(|_, _| false).unwrap();
                for (key, bytes) in rows {
                    table.insert(key, bytes.as_slice()).unwrap();
                }
            }
            for (name, rows) in &self.seen {
                let mut table = transaction.open_table(Table::<&'static [u8]>::new(name)).unwrap();
                table.retain(|_, _| false).unwrap();
                for (key, bytes) in rows {
                    table.insert(key.as_slice(), bytes.as_slice()).unwrap();
                }
            }
        });
    }
}

/// Starts a service with these rows; if it refuses, asserts that it changed none of them.
fn starts(folder: &Path, config: &Value, rows: &Rows) -> Result<(), String> {
    rows.write(folder);
    let settings: Settings = serde_json::from_value(config.clone()).unwrap();
    let (data, metrics) = (folder.join("data"), std::sync::Arc::new(Metrics::default()));
    match Engine::start(&data, settings.rules(), &settings.limits, &metrics) {
        Ok((engine, threads)) => {
            drop(engine);
            threads.join();
            Ok(())
        }
        Err(error) => {
            assert_eq!(&Rows::read(folder), rows, "a store that was refused was changed: {error}");
            Err(error.to_string())
        }
    }
}

/// Every way to swap the contents of two rows, duplicate one, drop one, or restore an earlier one.
fn wrong<K: Clone + Ord>(rows: &[Row<K>], before: &[Row<K>]) -> Vec<Vec<Row<K>>> {
    let mut wrong = Vec::new();
    for one in 0..rows.len() {
        // Of long tables some pairs: the log has entries about nobody.
        let tried = |other: &usize| rows.len() <= 12 || (one * 31 + other) % rows.len() < 3;
        for other in (0..rows.len()).filter(tried) {
            let mut edited = rows.to_vec();
            edited[one].1.clone_from(&rows[other].1);
            if one < other {
                edited[other].1.clone_from(&rows[one].1);
            }
            wrong.push(edited);
        }
        let mut edited = rows.to_vec();
        edited.remove(one);
        wrong.push(edited);
        if let Some((_, old)) = before.iter().find(|(key, _)| *key == rows[one].0) {
            let mut edited = rows.to_vec();
            edited[one].1.clone_from(old);
            wrong.push(edited);
        }
    }
    wrong.push(before.to_vec());
    wrong.retain(|edited| edited != rows);
    wrong
}

#[test]
fn rows_in_anothers_place_or_from_before_stop_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(
        &json!({ "anonymity": "waived", "min_households": 0, "quiet_hours": "none" }),
        &json!({}),
    );
    config["notices"] = json!({ "zone": "America/New_York" });
    // The log closes its batches, and later it has entries that wait for theirs.
    let mut often = config.clone();
    often["log"] = json!({ "seconds": 1 });
    let service = Service::start(folder.path(), &often);
    let house = |owner: u64| agreed(owner, -84.9 + 0.0002 * owner as f64, 41.102);
    service.change(&(1..=3).flat_map(house).collect::<Vec<_>>());
    let area = |west: f64| square(west, 41.1, 0.008);
    let ids = [("26-1", -84.9), ("26-2", -84.9), ("26-3", -84.7)]
        .map(|(case, west)| service.open(&request(case, &area(west)))["id"].clone());
    let path = |verb: &str| format!("/v1/requests/{}/{verb}", ids[0]);
    let approve = |service: &Service, id: &Value, public_text: &str| {
        let body = json!({ "template": "{agency} asks for {window}, case {case}. To share is voluntary, and this is \
            not a warrant. {stop}", "stop": "Reply STOP.", "public_text": public_text, "reviewer": "J. Hill",
            "approve": true });
        service.post(OPERATOR, &format!("/v1/requests/{id}/notice"), body.to_string()).expect(200);
    };
    let invite = |service: &Service, owner: u64| {
        service.post(OPERATOR, &format!("/v1/owners/{owner}/invitation"), "{}").expect(201);
    };
    let answer = |service: &Service, owner: u64| {
        let answers = json!([{ "owner": owner, "answer": "shared" }]).to_string();
        service.post(OPERATOR, &path("answers"), answers).expect(200);
    };
    approve(&service, &ids[0], "A home was entered.");
    approve(&service, &ids[1], "A home was entered.");
    service.post(OPERATOR, &path("ask"), "{}").expect(200);
    answer(&service, 1);
    invite(&service, 2);
    service.wait_for(std::time::Duration::from_secs(30), |service| {
        service.get("", "/v1/log/head").expect(200)["size"].as_u64() > Some(0)
    });
    service.stop();
    let before = Rows::read(folder.path());
    // Another owner is asked, one withdraws, a request ends; a checkpoint follows, and a log after
    // it.
    let service = Service::start(folder.path(), &config);
    service.change(&house(4));
    service.change(&[json!({ "withdraw": { "owner": 1 } })]);
    service.post(OPERATOR, &path("ask"), "{}").expect(200);
    answer(&service, 2);
    approve(&service, &ids[0], "A home was entered on Friday.");
    invite(&service, 2);
    invite(&service, 3);
    service.post(FIRST, &format!("/v1/requests/{}/resolve", ids[2]), "{}").expect(200);
    service.stop();
    let service = Service::start(folder.path(), &config);
    service.change(&house(5));
    service.change(&[json!({ "withdraw": { "owner": 2 } })]);
    service.kill();
    let now = Rows::read(folder.path());

    let mut tried = 0;
    let mut refused = |what: &str, edited: Rows| {
        tried += 1;
        assert!(edited != now, "{what}: nothing was edited, try {tried}");
        let started = starts(folder.path(), &config, &edited);
        assert!(started.is_err(), "{what}: it starts, try {tried}");
    };
    for tiles in wrong(&now.tiles, &before.tiles) {
        refused("tiles", Rows { tiles, ..now.clone() });
    }
    for (place, &(name, ref rows)) in now.numbered.iter().enumerate() {
        for rows in wrong(rows, &before.numbered[place].1) {
            let mut edited = now.clone();
            edited.numbered[place].1 = rows;
            refused(name, edited);
        }
    }
    for (place, &(name, ref rows)) in now.seen.iter().enumerate() {
        assert!(!rows.is_empty(), "{name} has no rows");
        for rows in wrong(rows, &before.seen[place].1) {
            let mut edited = now.clone();
            edited.seen[place].1 = rows;
            refused(name, edited);
        }
    }
    for place in 0..now.meta.len() {
        for step in [-1, 1] {
            let mut edited = now.clone();
            edited.meta[place].1 = now.meta[place].1.wrapping_add_signed(step);
            refused(&format!("{} {step}", now.meta[place].0), edited);
        }
        let mut edited = now.clone();
        edited.meta.remove(place);
        refused(&now.meta[place].0, edited);
    }
    refused("meta", Rows { meta: before.meta.clone(), ..now.clone() });
    assert!(tried > 100, "{tried}");
    starts(folder.path(), &config, &now).unwrap();
}
