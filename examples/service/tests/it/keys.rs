//! A repeated call with the same key takes effect once, and gets the same answer.

use serde_json::json;

use crate::support::{
    FIRST, OPERATOR, SECOND, Service, agreed, config, post_keyed, request, square,
};

#[test]
fn changes_sent_again_with_their_key_are_applied_once() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&json!({}), &json!({}));
    let service = Service::start(folder.path(), &config);
    let list = json!(agreed(1, -84.9, 41.1)).to_string();
    let first = service.post_keyed(OPERATOR, "/v1/changes", "key-1", &list).expect(200);
    assert_eq!(first, json!({ "revision": 1, "changes": 2 }));
    // Without a key the repetition would be refused, since the camera is registered.
    assert_eq!(service.post_keyed(OPERATOR, "/v1/changes", "key-1", &list).expect(200), first);
    service.post(OPERATOR, "/v1/changes", &list).problem(409, "changes_refused");
    let other = json!([{ "withdraw": { "owner": 1 } }]).to_string();
    service.post_keyed(OPERATOR, "/v1/changes", "key-1", &other).problem(422, "key_reused");
    let held = service.get(OPERATOR, "/v1/owners/1").expect(200);
    assert_eq!((&held["revision"], &held["consent"]["standing"]), (&json!(1), &json!("granted")));
    // A refused call has no effect, and its key is free.
    service.post_keyed(OPERATOR, "/v1/changes", "key-2", &list).problem(409, "changes_refused");
    let second = service.post_keyed(OPERATOR, "/v1/changes", "key-2", &other).expect(200);
    assert_eq!(second["revision"], 2);
    for bad in ["", "with space", &"x".repeat(256)] {
        service.post_keyed(OPERATOR, "/v1/changes", bad, &list).problem(400, "bad_key");
    }
    service.kill();
    let service = Service::start(folder.path(), &config);
    assert_eq!(service.post_keyed(OPERATOR, "/v1/changes", "key-1", &list).expect(200), first);
    service.post_keyed(OPERATOR, "/v1/changes", "key-1", &other).problem(422, "key_reused");
    assert_eq!(service.post_keyed(OPERATOR, "/v1/changes", "key-2", &other).expect(200), second);
    assert_eq!(service.get(OPERATOR, "/v1/owners/1").expect(200)["revision"], 2);
}

#[test]
fn a_request_repeated_with_its_key_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&json!({ "max_requests_per_case": 1 }), &json!({}));
    let service = Service::start(folder.path(), &config);
    let area = square(-84.9, 41.1, 0.008);
    let body = request("26-5", &area).to_string();
    let first = service.post_keyed(FIRST, "/v1/requests", "k", &body);
    let again = service.post_keyed(FIRST, "/v1/requests", "k", &body);
    assert_eq!((first.status, &first.text), (201, &again.text));
    assert_eq!(first.headers["location"], again.headers["location"]);
    service.post(FIRST, "/v1/requests", &body).problem(422, "refused");
    let other = request("26-6", &area).to_string();
    service.post_keyed(FIRST, "/v1/requests", "k", &other).problem(422, "key_reused");
    // A key belongs to its sender and to a path.
    service.post_keyed(OPERATOR, "/v1/changes", "k", "[]").expect(200);
    let seconds = other.replace("\"agency\":1", "\"agency\":2");
    service.post_keyed(SECOND, "/v1/requests", "k", &seconds).expect(201);
    let id = first.json()["id"].clone();
    let resolve = format!("/v1/requests/{id}/resolve");
    service.post_keyed(FIRST, &resolve, "k", "{}").problem(422, "key_reused");
    let resolved = service.post_keyed(FIRST, &resolve, "r", "{}").expect(200);
    assert_eq!(resolved["state"], "resolved");
    service.kill();
    let service = Service::start(folder.path(), &config);
    let again = service.post_keyed(FIRST, "/v1/requests", "k", &body);
    assert_eq!((again.status, &again.text), (201, &first.text));
    assert_eq!(service.post_keyed(FIRST, &resolve, "r", "{}").expect(200), resolved);
}

#[test]
fn one_key_sent_many_times_at_once_gets_one_answer() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&json!({ "max_requests_per_case": 1 }), &json!({}));
    let service = Service::start(folder.path(), &config);
    let (agent, address) = (service.agent(), service.address().to_owned());
    for round in 0..5 {
        let area = square(-84.9 + 0.02 * f64::from(round), 41.1, 0.008);
        let (key, body) = (format!("key-{round}"), request(&format!("26-{round}"), &area));
        let body = body.to_string();
        let answers: Vec<_> = std::thread::scope(|scope| {
            let send =
                || post_keyed(&agent, &address, FIRST, "/v1/requests", &key, body.as_bytes());
            let sent: Vec<_> = (0..6).map(|_| scope.spawn(send)).collect();
            sent.into_iter().map(|sent| sent.join().unwrap().unwrap()).collect()
        });
        for answer in &answers {
            assert_eq!((answer.status, &answer.text), (201, &answers[0].text));
        }
    }
}

#[test]
fn keys_are_forgotten_once_they_are_old() {
    use canvass_service::store::{Answered, Caller, Kept, Once, Store};

    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let keep = |key: &str, second: u64, kept_after: u64| {
        let once = Once::new(Caller::Operator, key.as_bytes(), "/v1/changes", b"[]", second);
        let body = serde_json::value::to_raw_value(&second).unwrap();
        let kept = once.answered(Answered { request: None, body });
        let answers = vec![(once.clone(), kept)];
        let kept = Kept { answers, keys_kept_after: kept_after, ..Kept::default() };
        store.commit(&kept).unwrap();
        once
    };
    let keys: Vec<_> = (0..10).map(|n| keep(&format!("key-{n}"), 100 + n, 0)).collect();
    let known = |once: &Once| store.answered(once).unwrap().is_some();
    assert!(keys.iter().all(known));
    // Old keys are removed a few at a time, the oldest first, and no recent ones.
    let newer = keep("newer", 200, 106);
    assert_eq!(
        keys.iter().map(known).collect::<Vec<_>>(),
        [[false; 4].as_slice(), &[true; 6]].concat()
    );
    keep("newest", 201, 106);
    assert_eq!(
        keys.iter().map(known).collect::<Vec<_>>(),
        [[false; 6].as_slice(), &[true; 4]].concat()
    );
    assert!(known(&newer));
}
