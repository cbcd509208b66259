//! Limits of owners, and sizes that the engine carries.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use canvass::parts::OperatorKey;
use canvass::{AskLimit, Camera, CameraId, Change, Consent, OwnerId, Recording};
use canvass_cluster::roles::call::{Answer, Call};
use jiff::Timestamp;
use serde_json::json;

use crate::broken_fence::authorized;
use crate::checkpoints::Kept;
use crate::client::*;
use crate::engine::{engine, server};
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
        [30, 1, 2]
            .map(|most| asked.iter().filter(|recipient| limit(recipient.owner) == most).count())
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
    let Some(server) = server() else { return };
    // A sixteenth of the engine's default, so that few cameras are too many.
    let kept = Kept::new(&server, "max_payload: 65536");
    let place = camera(1).position;
    let recording = Recording::kept_for_days(30);
    let camera = |id| Change::Register(Camera::new(CameraId(id), OwnerId(1), place, recording));
    let changes = |list| Call::Change { owner: OwnerId(1), changes: list };
    kept.with_worker(|| {
        let names = ["w".to_owned()];
        let write = |list| kept.runtime.block_on(kept.bus.write(0, &names, &changes(list)));
        let refused = |answer| match answer {
            Answer::Refused { code, message } => (code, message),
            answer => panic!("{answer:?}"),
        };
        let (code, message) = refused(write((0..2_000).map(camera).collect()));
        assert_eq!(code, "too_large", "{message}");
        assert!(message.contains("the engine carries 65536: send fewer changes"), "{message}");
        let consent = Consent::granted();
        write(vec![Change::SetConsent { owner: OwnerId(1), consent }]);
        // An apartment block of 3,200 cameras: 16 bytes for each in a part, and a third more in base64.
        for step in 0..16 {
            let list = (step * 200..(step + 1) * 200).map(camera).collect();
            assert!(matches!(write(list), Answer::Written(_)));
        }
        let now = Timestamp::now();
        let sealed = BASE64_STANDARD.encode(authorized(now).seal(&OperatorKey::new([7; 32])));
        let call = Call::Part { chain: 0, sealed, now, at_least: 0 };
        let part = kept.runtime.block_on(kept.bus.look(&names, 0, &call));
        let (code, message) = refused(part.unwrap());
        assert_eq!(code, "too_large", "{message}");
        assert!(message.contains("ask about a smaller area"), "{message}");
    });
}
