//! Limits of owners, and sizes that the engine carries.

use canvass::{AskLimit, Camera, CameraId, Change, Consent, OwnerId, Recording};
use serde_json::json;

use crate::client::*;
use crate::engine::engine;
use crate::load::{populate, start};
use crate::spaces::Cables;

#[test]
fn an_agency_takes_half_of_a_limit() {
    let Some((server, _turn)) = engine() else { return };
    let local = start(server, &Cables::default());
    let front = local.front().unwrap();
    let (sent, first) = populate(front);
    assert_eq!(sent.len(), 100);
    let asked = |request| {
        let asked = ask(front, request).unwrap().asked;
        let by_limit = [30, 1, 2]
            .map(|most| asked.iter().filter(|recipient| limit(recipient.owner) == most).count());
        by_limit
    };
    // Of a hundred, 34 may be asked often, 33 may be asked once and 33 twice in thirty days.
    assert_eq!(asked(first), [34, 33, 33]);
    assert_eq!(asked(first), [0, 0, 0], "nobody twice for one request");
    assert_eq!(asked(open(front, 3, 10).unwrap()), [34, 0, 0], "the agency has used its half");
    assert_eq!(asked(open(front, 4, 10).unwrap()), [34, 0, 33], "the other half is another's");
    assert_eq!(asked(open(front, 4, 10).unwrap()), [34, 0, 0]);
    let (_, owner) = call(front, "/v1/owners/2", None).unwrap();
    let by: Vec<u64> = owner["asked"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ask| ask["agency"].as_u64().unwrap())
        .collect();
    assert_eq!(by, [3, 4]);
    let limited = Consent::granted().with_limit(AskLimit::new(2, 2).unwrap());
    assert_eq!(owner["consent"], json!(limited));
}

#[test]
fn lists_and_parts_above_the_engines_payload_are_refused_by_name() {
    let Some((server, _turn)) = engine() else { return };
    let local = start(server, &Cables::default());
    let front = local.front().unwrap();
    let (_, request) = populate(front);
    let place = camera(1).position;
    let cameras = |from: u64, to: u64| -> Vec<Change> {
        let camera =
            |id| Camera::new(CameraId(1_000 + id), OwnerId(1), place, Recording::kept_for_days(30));
        (from..to).map(|id| Change::Register(camera(id))).collect()
    };
    let body = |changes: Vec<Change>| Some(serde_json::to_string(&changes).unwrap());
    let list = body(cameras(0, 20_000));
    let (status, problem) = call(front, "/v1/owners/1/changes", list).unwrap();
    assert_eq!((status, problem["code"].as_str()), (413, Some("too_large")), "{problem}");
    // An apartment block of 52,000 cameras: 16 bytes for each in a part, and a third more in base64.
    for step in 0..26 {
        let list = body(cameras(step * 2_000, (step + 1) * 2_000));
        let (status, problem) = call(front, "/v1/owners/1/changes", list).unwrap();
        assert_eq!(status, 200, "{problem}");
    }
    assert_eq!(look(front, request, 0).map(|_| ()), Err("too_large".to_owned()));
    assert_eq!(ask(front, request).map(|_| ()), Err("too_large".to_owned()));
}
