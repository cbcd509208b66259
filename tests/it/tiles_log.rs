//! Tiles and a log: the tiles that have changed, and a restart from a checkpoint and later changes.

use std::collections::BTreeSet;

use canvass::error::{ChangeError, ChangeRefusal, ReplayError};
use canvass::tiles::Tile;
use canvass::{Camera, CameraId, Change, Consent, OwnerId, Recording, Registry, Revision};

use crate::oracle::Town;
use crate::support::*;
use crate::tiles::{Kept, kept, restored, revision, same, small};

#[test]
fn after_the_last_revision_nothing_is_applied() {
    let registry = Registry::from_tiles::<[u8; 0]>(Revision(u64::MAX - 1), []).unwrap();
    let change = || [Change::Withdraw { owner: OwnerId(1) }];
    let last = registry.apply(change()).unwrap();
    assert_eq!(last.revision(), Revision(u64::MAX));
    for changes in [change().to_vec(), vec![]] {
        let refused = registry.apply(changes).unwrap_err();
        assert_eq!(refused, ChangeError { index: 0, reason: ChangeRefusal::NoMoreRevisions });
    }
    assert_eq!(
        registry.apply(change()).unwrap_err().to_string(),
        "change 0 cannot be applied, so none was: the registry is at the last revision that there is"
    );
    // A revision that was applied already can still be replayed.
    assert_eq!(registry.replay(Revision(u64::MAX), change()).unwrap().revision(), last.revision());
}

#[test]
fn a_tile_of_cameras_is_unchanged_by_consents() {
    let registry = small();
    let before = revision(&registry);
    registry.apply([Change::Withdraw { owner: OwnerId(1) }]).unwrap();
    let since = registry.tiles_since(before);
    assert_eq!(since.changed.iter().map(Tile::cameras).sum::<usize>(), 0);
    // The history is still there.
    assert_eq!((since.changed.len(), since.vanished.len()), (1, 0));
    assert_eq!(restored(&registry).consent(OwnerId(1)), Consent::default());
}

#[test]
fn changes_that_were_taken_back_leave_no_trace() {
    let registry = small();
    let (before, bytes) = (revision(&registry), kept(&registry));
    let unknown = Change::Remove { camera: CameraId(77) };
    let changes = [Change::Withdraw { owner: OwnerId(1) }, Change::Remove { camera: CameraId(1) }];
    assert!(registry.apply(changes.into_iter().chain([unknown])).is_err());
    assert_eq!(kept(&registry), bytes);
    assert!(registry.tiles_since(before).changed.is_empty());
    assert!(registry.tiles_since(before).vanished.is_empty());
}

#[test]
fn a_log_is_replayed_in_order_any_number_of_times() {
    let registry = small();
    let withdraw = || [Change::Withdraw { owner: OwnerId(1) }];
    assert_eq!(registry.replay(Revision(1), withdraw()).unwrap().revision(), Revision(1));
    assert_eq!(registry.consent(OwnerId(1)), Consent::granted(), "done before");
    let gap = registry.replay(Revision(3), withdraw()).unwrap_err();
    assert_eq!(gap, ReplayError::Gap { current: Revision(1), found: Revision(3) });
    assert_eq!(gap.to_string(), "revision `3` does not follow `1`: those between are missing");
    let refused = registry.replay(Revision(2), [Change::Remove { camera: CameraId(77) }]);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "revision `2` cannot be replayed: change 0 cannot be applied, so none was: camera `77` is \
         not registered"
    );
    assert_eq!(registry.replay(Revision(2), withdraw()).unwrap().revision(), Revision(2));
    assert_eq!(registry.consent(OwnerId(1)), Consent::default());
}

/// The stored form of changes in logs.
#[test]
fn the_json_of_every_change_is_pinned() {
    let recording = Recording::between(at("2026-01-01T00:00:00Z"), Some(noon()), 30).unwrap();
    let camera = camera_at(1, 2, place((10, 50), 1, 0)).with_recording(recording);
    let written = r#"{"id":1,"owner":2,"position":[10.0000001,50.0],"recording":{"since":"2026-01-01T00:00:00Z","until":"2026-05-10T12:00:00Z","kept_days":30}}"#;
    let consent = Consent::granted().with_paused_until(noon());
    let changes = [
        (Change::Register(camera), format!(r#"{{"register":{written}}}"#)),
        (Change::Replace(camera), format!(r#"{{"replace":{written}}}"#)),
        (Change::Upsert(camera), format!(r#"{{"upsert":{written}}}"#)),
        (
            Change::Move { camera: camera.id, position: camera.position },
            r#"{"move":{"camera":1,"position":[10.0000001,50.0]}}"#.to_owned(),
        ),
        (Change::Remove { camera: camera.id }, r#"{"remove":{"camera":1}}"#.to_owned()),
        (
            Change::SetConsent { owner: camera.owner, consent },
            r#"{"set_consent":{"owner":2,"consent":{"standing":"granted","agencies":"any","incidents":"any","paused_until":"2026-05-10T12:00:00Z","limit":{"per_7_days":2,"per_30_days":4}}}}"#.to_owned(),
        ),
        (Change::Withdraw { owner: camera.owner }, r#"{"withdraw":{"owner":2}}"#.to_owned()),
        (
            Change::RecordAsked { owner: camera.owner, agency: None, at: noon() },
            r#"{"record_asked":{"owner":2,"at":"2026-05-10T12:00:00Z"}}"#.to_owned(),
        ),
    ];
    for (change, json) in changes {
        assert_eq!(serde_json::to_string(&change).unwrap(), json);
        assert_eq!(serde_json::from_str::<Change>(&json).unwrap(), change);
    }
}

/// A change of any kind in a few tiles, so that tiles appear, vanish, and appear again.
fn any_change(rng: &mut Rng) -> Change {
    let camera = CameraId(rng.below(12));
    let owner = OwnerId(rng.below(8));
    let position = place((10, 50), rng.within(0, 3) * 5_000_000, rng.within(0, 1) * 5_000_000);
    let facing = rng.once_in(3).then(|| facing(rng));
    let record =
        |rng: &mut Rng| Camera::new(camera, owner, position, recording(rng)).with_facing(facing);
    match rng.below(10) {
        0..3 => Change::Register(record(rng)),
        3 if rng.once_in(2) => Change::Upsert(record(rng)),
        3 => Change::Replace(record(rng)),
        4 => Change::Move { camera, position },
        5 | 6 => Change::Remove { camera },
        7 => Change::Withdraw { owner },
        8 if rng.once_in(3) => {
            Change::RecordAsked { owner, agency: None, at: noon() - days(rng.within(0, 40)) }
        }
        _ => Change::SetConsent { owner, consent: consent(rng) },
    }
}

fn any_changes(rng: &mut Rng) -> Vec<Change> {
    (0..rng.below(4)).map(|_| any_change(rng)).collect()
}

#[test]
fn tiles_since_are_exactly_the_changed_ones() {
    let [mut vanished, mut unchanged, mut again] = [0; 3];
    for seed in 0..256 {
        let rng = &mut Rng(seed);
        let registry = Registry::new();
        let (mut copy, mut last) = (Kept::new(), Revision(0));
        let mut gone = BTreeSet::new();
        for _ in 0..60 {
            // Some changes are refused, and must leave no trace.
            let _ = registry.apply(any_changes(rng));
            if !rng.once_in(3) {
                continue;
            }
            let since = registry.tiles_since(last);
            let now = kept(&registry);
            for tile in &since.changed {
                assert!(tile.revision() > last, "seed {seed}");
                again += usize::from(gone.remove(&tile.key()));
                let before = copy.insert(tile.key(), tile.encode());
                assert_ne!(before, Some(tile.encode()), "seed {seed}");
            }
            unchanged += now.len() - since.changed.len();
            for key in since.vanished {
                vanished += usize::from(copy.remove(&key).is_some());
                gone.insert(key);
            }
            last = since.revision;
            assert_eq!(copy, now, "seed {seed}");
        }
    }
    let counts = [vanished, unchanged, again];
    assert!(counts.iter().all(|&count| count > 100), "{counts:?}");
}

#[test]
fn a_checkpoint_and_later_log_make_the_registry() {
    let mut refused = 0;
    for seed in 0..256 {
        let rng = &mut Rng(seed);
        let registry = Registry::new();
        let mut town = Town::default();
        let (mut log, mut checkpoint) = (Vec::new(), registry.tiles());
        let moment = rng.below(40);
        for step in 0..40 {
            let changes = any_changes(rng);
            match registry.apply(changes.clone()) {
                Ok(snapshot) => log.push((snapshot.revision(), changes)),
                Err(error) => {
                    let known = matches!(
                        error.reason,
                        ChangeRefusal::AlreadyRegistered { .. }
                            | ChangeRefusal::NotRegistered { .. }
                    );
                    assert!(known, "seed {seed}: {error}");
                    refused += 1;
                }
            }
            if step == moment {
                checkpoint = registry.tiles();
            }
        }
        town.consents.extend((0..8).map(|owner| (OwnerId(owner), Consent::default())));
        // Later changes do not alter tiles taken at the checkpoint.
        let bytes: Vec<Vec<u8>> = checkpoint.changed.iter().map(Tile::encode).collect();
        let again = Registry::from_tiles(checkpoint.revision, &bytes).unwrap();
        for _ in 0..2 {
            for (revision, changes) in &log {
                again.replay(*revision, changes.iter().cloned()).unwrap();
            }
            same(&registry, &again, &town, rng);
        }
        let copied = again.tiles_since(checkpoint.revision);
        let since = registry.tiles_since(checkpoint.revision);
        assert_eq!(copied.vanished, since.vanished, "seed {seed}");
        assert_eq!(copied.changed.len(), since.changed.len(), "seed {seed}");
    }
    assert!(refused > 100, "{refused}");
}
