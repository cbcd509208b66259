//! Limits of owners, and sizes that the engine carries.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use canvass::parts::{OperatorKey, PartialRoute};
use canvass::{AskLimit, Camera, CameraId, Change, Consent, OwnerId, Recording};
use canvass_cluster::roles::call::{Answer, Call};
use jiff::Timestamp;
use serde_json::json;
use std::time::Instant;

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

/// One owner's cameras, all at one place.
fn block(ids: std::ops::Range<u64>) -> Vec<Change> {
    let (place, recording) = (camera(1).position, Recording::kept_for_days(30));
    let camera = |id| Change::Register(Camera::new(CameraId(id), OwnerId(1), place, recording));
    ids.map(camera).collect()
}

/// A worker on one node, with the calls that the tests below make.
struct Block {
    kept: Kept,
    names: [String; 1],
}

impl Block {
    fn write(&self, changes: Vec<Change>) -> Answer {
        let call = Call::Change { owner: OwnerId(1), changes };
        self.kept.runtime.block_on(self.kept.bus.write(0, &self.names, &call))
    }

    fn look(&self, call: &Call) -> Answer {
        self.kept.runtime.block_on(self.kept.bus.look(&self.names, 0, call)).unwrap()
    }

    fn cameras(&self) -> usize {
        match self.look(&Call::Owner { owner: OwnerId(1), at_least: 0 }) {
            Answer::Owner(record) => record.cameras.len(),
            answer => panic!("{answer:?}"),
        }
    }

    /// The sealed part of a request about the block, and how many cameras it has.
    fn part(&self) -> (usize, usize) {
        let (key, now) = (OperatorKey::new([7; 32]), Timestamp::now());
        let sealed = BASE64_STANDARD.encode(authorized(now).seal(&key));
        match self.look(&Call::Part { chain: 0, sealed, now, at_least: 0 }) {
            Answer::Part(sealed) => {
                let sealed = BASE64_STANDARD.decode(sealed).unwrap();
                (sealed.len(), PartialRoute::unseal(&key, &sealed).unwrap().cameras())
            }
            answer => panic!("{answer:?}"),
        }
    }
}

#[test]
fn lists_and_parts_above_the_engines_payload_go_in_pieces() {
    let Some(server) = server() else { return };
    // A sixteenth of the engine's default, so that few cameras are too many for one message.
    let kept = Kept::new(&server, "max_payload: 65536");
    let block_of = Block { names: ["w".to_owned()], kept };
    let (consent, owner) = (Consent::granted(), OwnerId(1));
    block_of.kept.with_worker(|| {
        let list = [block(0..3_200), vec![Change::SetConsent { owner, consent }]].concat();
        assert!(serde_json::to_vec(&list).unwrap().len() > 4 * 65_536);
        assert!(matches!(block_of.write(list), Answer::Written(_)));
        // 16 bytes for each camera in a part, and a third more in base64.
        assert_eq!(block_of.part(), (3_200 * 16 + 182, 3_200));
        assert_eq!(block_of.cameras(), 3_200);
        // The last change of a list is refused, and with it all pieces: camera 5 is taken.
        let list = [block(4_000..6_000), block(5..6)].concat();
        match block_of.write(list) {
            Answer::Refused { code, message } => {
                assert_eq!(code, "change_refused");
                assert!(message.contains("`5`"), "{message}");
            }
            answer => panic!("{answer:?}"),
        }
        assert_eq!(block_of.cameras(), 3_200);
    });
    // From the checkpoint, and the log after it.
    block_of.kept.with_worker(|| assert_eq!(block_of.cameras(), 3_200));
}

#[test]
#[ignore = "a measurement, for release"]
fn a_part_with_a_hundred_thousand_cameras() {
    let kept = Kept::new(&server().unwrap(), "");
    let block_of = Block { names: ["w".to_owned()], kept };
    let (consent, owner) = (Consent::granted(), OwnerId(1));
    block_of.kept.with_worker(|| {
        let list = [block(0..100_000), vec![Change::SetConsent { owner, consent }]].concat();
        let bytes = serde_json::to_vec(&list).unwrap().len();
        let begun = Instant::now();
        assert!(matches!(block_of.write(list), Answer::Written(_)));
        eprintln!("a list of {bytes} bytes was written after {:.1?}", begun.elapsed());
        for _ in 0..3 {
            let begun = Instant::now();
            let (bytes, cameras) = block_of.part();
            eprintln!(
                "a part with {cameras} cameras has {bytes} bytes, after {:.1?}",
                begun.elapsed()
            );
        }
    });
}
