//! Registries compared with a plain model, for any list of changes.

use std::collections::BTreeMap;

use canvass::error::ChangeError;
use canvass::{
    Camera, CameraId, Change, Layout, OwnerId, Policy, Registry, Revision, Snapshot, Standing,
};
use h3o::Resolution;
use jiff::SignedDuration;
use proptest::prelude::*;

use crate::oracle::{Town, oracle, step};
use crate::support::{Rng, *};

/// Ids from a counter, ids that only differ above 32 bits, and the last one.
pub const OWNERS: [u64; 14] =
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 1 << 32, (1 << 32) + 1, 7 << 40, u64::MAX - 1, u64::MAX];
pub const CAMERAS: u64 = 90;

pub fn camera_id(number: u64) -> CameraId {
    match number % 5 {
        0 => CameraId(number << 32),
        1 => CameraId(u64::MAX - number),
        _ => CameraId(number),
    }
}

/// A camera at the position that all of them share by default.
pub fn camera(id: u64, owner: u64) -> Camera {
    camera_at(id, owner, place((10, 50), 0, 0))
}

pub fn layouts() -> [Layout; 3] {
    [Layout::default(), Layout::new(Resolution::Nine, 3), Layout::new(Resolution::One, 64)]
}

/// A change that the town allows, if the town is not empty or full.
pub fn change(rng: &mut Rng, town: &Town, step: i64) -> Change {
    let owner = OwnerId(rng.pick(&OWNERS));
    let registered: Vec<CameraId> = town.cameras.keys().copied().collect();
    let free: Vec<CameraId> =
        (0..CAMERAS).map(camera_id).filter(|id| !town.cameras.contains_key(id)).collect();
    let position = place((10, 50), rng.within(-40, 40) * step, rng.within(-40, 40) * step);
    let recording = recording(rng);
    let facing = rng.once_in(3).then(|| facing(rng));
    match rng.below(13) {
        0..4 if !free.is_empty() => Change::Register(
            Camera::new(rng.pick(&free), owner, position, recording).with_facing(facing),
        ),
        4 if !registered.is_empty() => Change::Replace(
            Camera::new(rng.pick(&registered), owner, position, recording).with_facing(facing),
        ),
        5 if !registered.is_empty() => Change::Move { camera: rng.pick(&registered), position },
        6 if !registered.is_empty() => Change::Remove { camera: rng.pick(&registered) },
        12 => {
            let id = camera_id(rng.below(CAMERAS));
            Change::Upsert(Camera::new(id, owner, position, recording).with_facing(facing))
        }
        7 if rng.below(3) == 0 => Change::Forget { owner },
        7 => Change::Withdraw { owner },
        8 => Change::RecordAsked {
            owner,
            agency: None,
            at: noon() - SignedDuration::from_hours(rng.below(900) as i64),
        },
        _ => Change::SetConsent { owner, consent: consent(rng) },
    }
}

/// A change that the town does not allow.
pub fn bad_change(rng: &mut Rng, town: &Town) -> Change {
    let unknown = CameraId(1_000_000);
    let somewhere = place((10, 50), 0, 0);
    let stranger = |id: CameraId| camera_at(id.0, 0, somewhere);
    match (rng.below(4), town.cameras.keys().next()) {
        (0, Some(&taken)) => Change::Register(stranger(taken)),
        (1, _) => Change::Replace(stranger(unknown)),
        (2, _) => Change::Move { camera: unknown, position: somewhere },
        _ => Change::Remove { camera: unknown },
    }
}

pub fn cameras_of(town: &Town, owner: OwnerId) -> Vec<Camera> {
    town.cameras.values().filter(|camera| camera.owner == owner).copied().collect()
}

/// Asserts that a snapshot routes as the town does.
#[track_caller]
pub fn answers(snapshot: &Snapshot, town: &Town, rng: &mut Rng) {
    assert_eq!(snapshot.cameras(), town.cameras.len());
    let few = Policy::without_limits_or_anonymity().with_min_households(4);
    for policy in [&few, &Policy::without_limits_or_anonymity()] {
        let authorized = authorize_under(policy, area(rng, (10, 50)));
        let expected = oracle(town, &authorized, noon());
        assert_eq!(answer(&snapshot.route(authorized.assume_open(), noon())), expected);
        assert_eq!(snapshot.funnel(&authorized, noon()).asked(), cameras(&expected).len());
    }
    let everywhere = everywhere();
    let route = snapshot.route(everywhere.assume_open(), noon());
    assert_eq!(answer(&route), oracle(town, &everywhere, noon()));
}

/// Asserts that a registry holds the town.
#[track_caller]
pub fn holds(registry: &Registry, town: &Town) {
    for owner in OWNERS.map(OwnerId) {
        let consent = town.consents.get(&owner).cloned().unwrap_or_default();
        assert_eq!(registry.consent(owner), consent, "{owner}");
        assert_eq!(registry.cameras_of(owner), cameras_of(town, owner), "{owner}");
    }
    for id in (0..CAMERAS).map(camera_id) {
        assert_eq!(registry.camera(id), town.cameras.get(&id).copied(), "{id}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Random changes in random batches, some of them bad, against the model.
    #[test]
    fn a_registry_equals_its_changes(seed in any::<u64>()) {
        let mut rng = Rng(seed);
        let registry = Registry::with_layout(rng.pick(&layouts()));
        let spread = rng.pick(&[0, 1, 1_000, 50_000]);
        let mut town = Town::default();
        let mut revision = registry.snapshot().revision();
        // Readers may hold all revisions, some or none; those that nobody holds give their memory
        // to new ones.
        let held = rng.pick(&[1, 3, 1_000]);
        let mut older = vec![(registry.snapshot(), town.clone())];
        for _ in 0..20 {
            let (mut next, mut batch, mut refused) = (town.clone(), Vec::new(), None);
            let bad = rng.once_in(4).then(|| rng.below(12));
            for index in 0..rng.pick(&[0, 1, 2, 12, 60, 600]) {
                let change = match bad {
                    Some(place) if place == index => bad_change(&mut rng, &next),
                    _ => change(&mut rng, &next, spread),
                };
                if let (None, Err(reason)) = (refused, step(&mut next, &change)) {
                    refused = Some(ChangeError { index: batch.len(), reason });
                }
                batch.push(change);
            }
            match (registry.apply(batch), refused) {
                (Ok(snapshot), None) => {
                    prop_assert_eq!(snapshot.revision(), Revision(revision.0 + 1));
                    (town, revision) = (next, snapshot.revision());
                    answers(&snapshot, &town, &mut rng);
                    if rng.once_in(held) {
                        older.push((snapshot, town.clone()));
                    }
                }
                (Err(error), Some(expected)) => prop_assert_eq!(error, expected),
                (result, expected) => prop_assert!(false, "{result:?}, expected {expected:?}"),
            }
            prop_assert_eq!(registry.snapshot().revision(), revision);
            holds(&registry, &town);
            answers(&registry.snapshot(), &town, &mut rng);
            let (snapshot, town) = &older[usize::try_from(rng.below(older.len() as u64)).unwrap()];
            answers(snapshot, town, &mut rng);
        }
    }

    /// Rows outside all envelopes make some envelopes grow, also in the reused trees of the
    /// revision before: every row must be found at its position in each revision.
    #[test]
    fn overflow_rows_survive_a_reload(seed in any::<u64>()) {
        let mut rng = Rng(seed);
        let layouts = [Layout::new(Resolution::Five, 30), Layout::new(Resolution::Seven, 3)];
        let layout = rng.pick(&[layouts[0], layouts[1], Layout::new(Resolution::One, 50)]);
        let mut town = Town::default();
        // Houses in hamlets, with room between.
        for id in 0..900 {
            let mut near = || rng.within(-4, 4) * 400_000 + rng.within(-9_000, 9_000);
            let position = place((10, 50), near(), near());
            step(&mut town, &Change::Register(camera_at(id, id, position))).unwrap();
            step(&mut town, &grant(id)).unwrap();
        }
        let registry = loaded(&town, layout);
        let (mut older, mut moved) = (None, Vec::new());
        for _ in 0..25 {
            let mut batch = Vec::new();
            for _ in 0..rng.pick(&[1, 2, 5]) {
                let camera = CameraId(rng.below(900));
                let mut anywhere = || rng.within(-1_700_000, 1_700_000);
                let change = Change::Move { camera, position: place((10, 50), anywhere(), anywhere()) };
                step(&mut town, &change).unwrap();
                batch.push(change);
                moved.push(camera);
            }
            let snapshot = registry.apply(batch).unwrap();
            for &camera in &moved {
                let camera = town.cameras[&camera];
                prop_assert_eq!(registry.cameras_of(camera.owner), vec![camera]);
                prop_assert_eq!(registry.camera(camera.id), Some(camera));
            }
            let at = town.cameras[&rng.pick(&moved)].position;
            let around = |by: f64| square(at.lon() - by, at.lat() - by, at.lon() + by, at.lat() + by);
            for authorized in [authorize(around(1e-4)), authorize(around(0.05))] {
                let expected = oracle(&town, &authorized, noon());
                prop_assert!(!expected.is_empty());
                prop_assert_eq!(answer(&snapshot.route(authorized.assume_open(), noon())), expected);
            }
            // Now and then a reader holds a revision for a while.
            if rng.once_in(2) {
                older = rng.once_in(3).then_some(snapshot);
            }
        }
        drop(older);
    }

    /// Law: bulk loading gives the same registry as single changes, also for later changes.
    #[test]
    fn bulk_loading_equals_one_by_one(seed in any::<u64>(), size in 0..200_u64) {
        let mut rng = Rng(seed);
        let mut town = town(&mut rng, (10, 50), size);
        town.asked.clear();
        let layout = rng.pick(&layouts());
        let one_by_one = Registry::with_layout(layout);
        for change in changes(&town) {
            one_by_one.apply([change]).unwrap();
        }
        let at_once = loaded(&town, layout);
        for _ in 0..8 {
            for registry in [&one_by_one, &at_once] {
                answers(&registry.snapshot(), &town, &mut rng.clone());
                for owner in town.consents.keys().chain(town.cameras.values().map(|c| &c.owner)) {
                    let consent = town.consents.get(owner).filter(|c| c.standing() == Standing::Granted);
                    prop_assert_eq!(registry.consent(*owner), consent.cloned().unwrap_or_default());
                    prop_assert_eq!(registry.cameras_of(*owner), cameras_of(&town, *owner));
                }
                for camera in town.cameras.values() {
                    prop_assert_eq!(registry.camera(camera.id), Some(*camera));
                }
            }
            let mut batch = Vec::new();
            for _ in 0..10 {
                let change = change(&mut rng, &town, 1_000);
                step(&mut town, &change).unwrap();
                batch.push(change);
            }
            one_by_one.apply(batch.clone()).unwrap();
            at_once.apply(batch).unwrap();
        }
    }
}

/// The test above meets every kind of change, every refusal and every answer often.
#[test]
fn random_changes_are_of_all_kinds() {
    let mut kinds = BTreeMap::<&str, usize>::new();
    let (mut asked, mut left_out) = (0, 0);
    for seed in 0..30 {
        let (mut rng, mut town) = (Rng(seed), Town::default());
        for _ in 0..200 {
            let change = change(&mut rng, &town, 1_000);
            step(&mut town, &change).unwrap();
            *kinds.entry(kind(&change)).or_default() += 1;
            let bad = bad_change(&mut rng, &town);
            step(&mut town, &bad).unwrap_err();
            *kinds.entry(kind(&bad)).or_default() += 1;
        }
        let everywhere = everywhere();
        let cameras = cameras(&oracle(&town, &everywhere, noon())).len();
        (asked, left_out) = (asked + cameras, left_out + town.cameras.len() - cameras);
    }
    assert!(kinds.len() == 9 && kinds.values().all(|&number| number > 100), "{kinds:?}");
    assert!(asked > 100 && left_out > 100, "{asked} {left_out}");
}

pub fn kind(change: &Change) -> &'static str {
    match change {
        Change::Register(_) => "register",
        Change::Replace(_) => "replace",
        Change::Upsert(_) => "upsert",
        Change::Move { .. } => "move",
        Change::Remove { .. } => "remove",
        Change::SetConsent { .. } => "set_consent",
        Change::Withdraw { .. } => "withdraw",
        Change::Forget { .. } => "forget",
        Change::RecordAsked { .. } => "record_asked",
        other => unreachable!("no name for {other:?}"),
    }
}
