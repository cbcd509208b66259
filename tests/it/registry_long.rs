//! Long lists of changes, and look-ups while a registry grows.

use std::collections::BTreeMap;

use canvass::error::{ChangeError, ChangeRefusal};
use canvass::*;

use crate::oracle::{Town, step};
use crate::registry::{answers, bad_change, cameras_of, change, holds};
use crate::support::*;

/// Long lists use look-ups in several shards, which are planned in parallel. The first change that
/// cannot be applied is named, at any place in the list, and order counts.
#[test]
fn a_long_list_is_applied_in_order_or_refused() {
    let mut rng = Rng(7);
    let mut town = Town::default();
    for id in 0..9_000 {
        let position = place((10, 50), rng.within(-40, 40) * 50_000, rng.within(-40, 40) * 50_000);
        let camera = camera_at(1_000 + id, 20 + id / 3 * 2, position);
        step(&mut town, &Change::Register(camera)).unwrap();
    }
    let granted: Vec<_> = (0..6_000).map(|id| (OwnerId(20 + id), Consent::granted())).collect();
    town.consents.extend(granted.iter().cloned());
    let cameras: Vec<Camera> = town.cameras.values().copied().collect();
    let registry = Registry::bulk_load(&cameras, granted).unwrap();
    let (mut applied, mut refused_at) = (0, Vec::new());
    for round in 0..6 {
        let (mut next, mut list, mut expected) = (town.clone(), Vec::new(), Ok(()));
        let bad = (round % 2 == 0).then(|| rng.below(900));
        for place in 0..1_200 {
            // After the first bad change there are more, which must not be reported.
            let change = if bad.is_some_and(|bad| place >= bad && place % 7 == bad % 7) {
                bad_change(&mut rng, &next)
            } else {
                change(&mut rng, &next, 50_000)
            };
            let stepped = step(&mut next, &change);
            expected =
                expected.and(stepped.map_err(|reason| ChangeError { index: list.len(), reason }));
            list.push(change);
        }
        match registry.apply(list) {
            Ok(_) => {
                assert_eq!(expected, Ok(()));
                (town, applied) = (next, applied + 1);
            }
            Err(error) => {
                assert_eq!(Err(error), expected);
                refused_at.push(error.index);
            }
        }
        holds(&registry, &town);
        for id in (0..6_000).step_by(97) {
            let owner = OwnerId(20 + id);
            assert_eq!(registry.cameras_of(owner), cameras_of(&town, owner));
        }
        answers(&registry.snapshot(), &town, &mut rng);
    }
    assert_eq!(applied, 3);
    assert!(refused_at.iter().all(|&index| index > 0), "{refused_at:?}");
}

/// Look-ups are split while a registry grows from empty or from a load: every owner and camera is
/// found before and after a split, and duplicates are refused.
#[test]
fn everybody_is_found_while_look_ups_are_split() {
    let mut rng = Rng(11);
    for loaded_first in [0, 9_000] {
        let mut town = Town::default();
        let household = |id: u64| {
            let position = place((10, 50), (id % 200) as i64 * 20_000, (id / 200) as i64 * 20_000);
            // Of three owners two have one camera, and one has two.
            Change::Register(camera_at(id * 3, id * 3 / 4, position))
        };
        for id in 0..loaded_first {
            step(&mut town, &household(id)).unwrap();
        }
        let registry = loaded(&town, Layout::default());
        let mut next = loaded_first;
        while next < 30_000 {
            let until = next + rng.pick(&[1, 2, 100, 700, 3_000]);
            let mut list: Vec<Change> = (next..until).map(household).collect();
            for _ in 0..20.min(next) {
                let id = rng.below(next);
                list.push(grant(id * 3 / 4));
                list.push(Change::RecordAsked {
                    owner: OwnerId(id * 3 / 4),
                    agency: None,
                    at: noon(),
                });
            }
            for change in &list {
                step(&mut town, change).unwrap();
            }
            registry.apply(list).unwrap();
            next = until;
            let known = rng.below(next);
            let error = registry.apply([household(next), household(known)]).unwrap_err();
            let camera = CameraId(known * 3);
            assert_eq!(
                (error.index, error.reason),
                (1, ChangeRefusal::AlreadyRegistered { camera })
            );
        }
        let mut owned = BTreeMap::<OwnerId, Vec<Camera>>::new();
        for camera in town.cameras.values() {
            owned.entry(camera.owner).or_default().push(*camera);
        }
        for (owner, cameras) in owned {
            assert_eq!(registry.cameras_of(owner), cameras);
            assert_eq!(
                registry.consent(owner),
                town.consents.get(&owner).cloned().unwrap_or_default()
            );
        }
        answers(&registry.snapshot(), &town, &mut rng);
    }
}
