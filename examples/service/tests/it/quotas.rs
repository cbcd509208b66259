//! Limits of one agency: concurrent, in a minute, and for good. Other agencies notice nothing.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};
use serde_json::{Value, json};

use crate::support::{FIRST, OPERATOR, SECOND, Service, config, request, square};
use crate::wire::Wire;

fn slow_body(token: &str) -> String {
    format!(
        "POST /v1/requests HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: \
         application/json\r\nContent-Length: 1000\r\n\r\n{{"
    )
}

#[test]
fn slow_bodies_of_one_agency_starve_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({ "answer_seconds": 8, "agency_in_flight": 10, "in_flight": 20 });
    let service = Service::start(folder.path(), &config(&json!({}), &limits));
    let mut slow: Vec<_> = (0..100).map(|_| Wire::open(&service)).collect();
    let begun = Instant::now();
    for wire in &mut slow {
        wire.send(slow_body(FIRST));
    }
    std::thread::sleep(Duration::from_millis(300));
    let mut slowest = Duration::ZERO;
    for number in 0..30 {
        let start = Instant::now();
        let mut asked = request(&format!("26-{number}"), &square(-84.9, 41.1, 0.008));
        asked["agency"] = json!(2);
        service.post(SECOND, "/v1/requests", asked.to_string()).expect(201);
        service.get(OPERATOR, "/v1/due").expect(200);
        slowest = slowest.max(start.elapsed());
        let own = service.get(FIRST, "/v1/requests/1");
        own.problem(429, "too_many_at_once");
    }
    println!("beside 100 slow bodies the slowest two answers took {slowest:?}");
    assert!(begun.elapsed() < Duration::from_secs(5) && slowest < Duration::from_secs(2));
    let mut statuses = Vec::new();
    for mut wire in slow {
        statuses.push(wire.answers()[0].problem());
    }
    let timed_out = statuses.iter().filter(|answer| **answer == (408, "body_too_slow".to_owned()));
    assert_eq!(timed_out.count(), 10);
    let refused = statuses.iter().filter(|answer| **answer == (429, "too_many_at_once".to_owned()));
    assert_eq!(refused.count(), 90);
    service.get(FIRST, "/v1/requests/1").problem(404, "no_such_request");
}

#[test]
fn an_agency_sends_so_many_requests_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let limits = json!({ "agency_requests_per_minute": 30 });
    let service = Service::start(folder.path(), &config(&json!({}), &limits));
    let mut answered = 0;
    let refused = loop {
        let answer = service.get(FIRST, "/v1/requests/1");
        if answer.status != 404 {
            break answer;
        }
        answered += 1;
    };
    refused.problem(429, "too_many_requests");
    assert_eq!(
        (&refused.headers["retry-after"], &refused.headers["connection"]),
        (&"1".parse().unwrap(), &"close".parse().unwrap())
    );
    assert!((30..40).contains(&answered), "{answered}");
    service.get(SECOND, "/v1/requests/1").problem(404, "no_such_request");
    service.get(OPERATOR, "/v1/due").expect(200);
}

#[test]
fn open_requests_of_an_agency_are_limited_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&json!({}), &json!({ "agency_open_requests": 3 }));
    let service = Service::start(folder.path(), &config);
    let area = square(-84.9, 41.1, 0.008);
    let open = |service: &Service, case: u32| {
        service.post(FIRST, "/v1/requests", request(&format!("26-{case}"), &area).to_string())
    };
    let opened: Vec<Value> = (0..3).map(|case| open(&service, case).expect(201)).collect();
    let full = open(&service, 3).problem(409, "too_many_open");
    assert_eq!((&full["open"], &full["allowed"]), (&json!(3), &json!(3)));
    // Another agency has its own limit of open requests.
    let mut other = request("26-1", &area);
    other["agency"] = json!(2);
    service.post(SECOND, "/v1/requests", other.to_string()).expect(201);
    service.kill();
    let service = Service::start(folder.path(), &config);
    open(&service, 4).problem(409, "too_many_open");
    service.post(FIRST, &format!("/v1/requests/{}/resolve", opened[0]["id"]), "{}").expect(200);
    open(&service, 5).expect(201);
    open(&service, 6).problem(409, "too_many_open");
}

/// The bytes of all rows that a store has.
fn stored(folder: &std::path::Path) -> u64 {
    let database = redb::Database::open(folder.join("data/canvass.redb")).unwrap();
    let transaction = database.begin_read().unwrap();
    let numbered = ["events", "receipts", "outcomes", "log"].map(|name| {
        let table = TableDefinition::<u64, &[u8]>::new(name);
        transaction.open_table(table).map_or(0, |table| table.stats().unwrap().stored_bytes())
    });
    let keys = TableDefinition::<&[u8], &[u8]>::new("keys");
    let keys = transaction.open_table(keys).unwrap();
    let rows: u64 = keys
        .iter()
        .unwrap()
        .map(|row| {
            let (key, value) = row.unwrap();
            // Each key has a row in the table by age.
            (2 * key.value().len() + 8 + value.value().len()) as u64
        })
        .sum();
    numbered.iter().sum::<u64>() + rows
}

#[test]
fn bytes_kept_for_an_agency_are_limited() {
    let folder = tempfile::tempdir().unwrap();
    let allowed = 2_000_000_u64;
    let policy = json!({ "max_requests_per_case": 1000, "max_overlaps": 1_000_000, "min_difference_m2": 0.0 });
    let limits = json!({ "agency_stored_bytes": allowed, "agency_requests_per_minute": 1_000_000 });
    let config = config(&policy, &limits);
    let service = Service::start(folder.path(), &config);
    service.stop();
    let before = stored(folder.path());
    let service = Service::start(folder.path(), &config);
    // The largest accepted request: 99 vertices of many digits, texts that take the most bytes, a
    // key each time, and an extension each day.
    let ring: Vec<[f64; 2]> = (0..=98)
        .map(|vertex| {
            let angle = f64::from(vertex % 98) * std::f64::consts::TAU / 98.0;
            [-84.893_123_7 + 0.0051 * angle.cos(), 41.103_123_7 + 0.0051 * angle.sin()]
        })
        .collect();
    let area = json!({ "type": "Polygon", "coordinates": [ring] });
    let (mut opened, mut number) = (0_u64, 0_u64);
    let mut key = || {
        number += 1;
        format!("{number:0>255}")
    };
    let refused = loop {
        let mut asked = request(&format!("{opened:0>200}").replace('0', "\u{1f46e}"), &area);
        asked["contact"] = json!("\\\"".repeat(100));
        let answer = service.post_keyed(FIRST, "/v1/requests", &key(), asked.to_string());
        if answer.status != 201 {
            break answer;
        }
        let told = answer.expect(201);
        opened += 1;
        let (until, latest): (Timestamp, Timestamp) = (
            told["open_until"].as_str().unwrap().parse().unwrap(),
            told["latest"].as_str().unwrap().parse().unwrap(),
        );
        if opened <= 60 {
            let mut next = until;
            while next < latest {
                next = (next + SignedDuration::from_hours(24)).min(latest);
                let path = format!("/v1/requests/{}/extend", told["id"]);
                let body = json!({ "until": next }).to_string();
                let extended = service.post_keyed(FIRST, &path, &key(), body);
                if extended.status != 200 {
                    extended.problem(403, "storage_quota");
                    break;
                }
            }
        }
        assert!(opened < 1_000);
    };
    let problem = refused.problem(403, "storage_quota");
    assert_eq!(problem["allowed_bytes"], allowed);
    // Another agency has its own account.
    let mut other = request("26-1", &square(-84.9, 41.1, 0.008));
    other["agency"] = json!(2);
    service.post(SECOND, "/v1/requests", other.to_string()).expect(201);
    service.stop();
    let kept = stored(folder.path()) - before;
    let file = std::fs::metadata(folder.path().join("data/canvass.redb")).unwrap().len();
    println!(
        "{opened} requests: {kept} bytes are kept where {allowed} are allowed; the file has {file}"
    );
    let service = Service::start(folder.path(), &config);
    let asked = request("26-9", &area).to_string();
    service.post(FIRST, "/v1/requests", asked).problem(403, "storage_quota");
    assert!(kept <= allowed, "{kept} bytes are kept");
    assert!(file < 8 * allowed, "the file has {file} bytes");
}

#[test]
fn texts_are_short_and_plain() {
    let folder = tempfile::tempdir().unwrap();
    let service =
        Service::start(folder.path(), &config(&json!({ "max_requests_per_case": 99 }), &json!({})));
    let area = square(-84.9, 41.1, 0.008);
    let ask = |field: &str, text: &str| {
        let mut asked = request("26-1", &area);
        asked[field] = json!(text);
        service.post(FIRST, "/v1/requests", asked.to_string())
    };
    for field in ["case_reference", "contact"] {
        ask(field, &"ä".repeat(200)).expect(201);
        let problem = ask(field, &"ä".repeat(201)).problem(422, "text_too_long");
        assert_eq!(
            (&problem["field"], &problem["allowed_characters"]),
            (&json!(field), &json!(200))
        );
        for (text, character, index) in [
            ("26\n1", "U+000A", 2),
            ("\t", "U+0009", 0),
            ("a\0", "U+0000", 1),
            ("\u{7f}", "U+007F", 0),
            ("desk\u{202e}gro.elpmaxe@", "U+202E", 4),
            ("\u{2066}x\u{2069}", "U+2066", 0),
            ("a\u{200f}", "U+200F", 1),
            ("a\u{2028}", "U+2028", 1),
            ("\u{feff}26", "U+FEFF", 0),
        ] {
            let problem = ask(field, text).problem(422, "text_refused");
            assert_eq!(problem["character"], character);
            assert_eq!((&problem["field"], &problem["index"]), (&json!(field), &json!(index)));
        }
    }
    ask("contact", "Müller, 北京, محمد, नमस्ते").expect(201);
    // Quotations of a body are short, and lack such characters too.
    let long = format!("{{\"{}\u{202e}\": 1}}", "x".repeat(5_000));
    let problem = service.post(FIRST, "/v1/requests", long).problem(422, "wrong_shape");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.len() < 1_000 && !detail.contains('\u{202e}'), "{detail}");
}

#[test]
fn an_agencys_name_is_a_text_too() {
    for (name, expected) in [
        ("Police\u{202e}".to_owned(), "has the control or direction character U+202E at place 6"),
        ("x".repeat(201), "has more than 200 characters"),
    ] {
        let mut config = config(&json!({}), &json!({}));
        config["agencies"][0]["agency"]["name"] = json!(name);
        let error = serde_json::from_value::<canvass_service::settings::Settings>(config);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("the name of agency `1`") && error.contains(expected), "{error}");
    }
}

#[test]
fn extensions_are_by_days_and_no_empty_one_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &config(&json!({}), &json!({})));
    let told = service.open(&request("26-1", &square(-84.9, 41.1, 0.008)));
    let path = format!("/v1/requests/{}/extend", told["id"]);
    let instant = |name: &str| told[name].as_str().unwrap().parse::<Timestamp>().unwrap();
    let (until, latest) = (instant("open_until"), instant("latest"));
    let hours = |hours: i64| SignedDuration::from_hours(hours);
    let extend =
        |until: Timestamp| service.post(FIRST, &path, json!({ "until": until }).to_string());
    let events = || {
        let events = service.get(OPERATOR, "/v1/events?after=0").expect(200);
        events["events"].as_array().unwrap().len()
    };
    for short in [until + hours(1), until + hours(23)] {
        let problem = extend(short).problem(422, "cannot_extend");
        assert_eq!(problem["from"], json!(until + hours(24)));
        assert_eq!(problem["latest"], told["latest"]);
    }
    assert_eq!(extend(until).expect(200), told);
    assert_eq!(events(), 1);
    extend(until + hours(24)).expect(200);
    extend(latest - hours(1)).expect(200);
    // The last extension may be short.
    let last = extend(latest).expect(200);
    assert_eq!(last["open_until"], told["latest"]);
    for _ in 0..5 {
        assert_eq!(extend(latest).expect(200), last);
    }
    assert_eq!(events(), 4);
    // A key returns the first answer, though the end has moved since.
    let second = service.open(&request("26-2", &square(-84.9, 41.1, 0.008)));
    let path = format!("/v1/requests/{}/extend", second["id"]);
    let until = second["open_until"].as_str().unwrap().parse::<Timestamp>().unwrap() + hours(24);
    let body = json!({ "until": until }).to_string();
    let first = service.post_keyed(FIRST, &path, "k-1", &body).expect(200);
    assert_eq!(service.post_keyed(FIRST, &path, "k-1", &body).expect(200), first);
}
