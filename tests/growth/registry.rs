//! Many cameras, owners and changes, above all on one point, of one owner or with one consent.

use allocation_counter::measure;
use canvass::*;

use crate::support::*;

/// Cameras on one point, each of another owner.
fn on_a_point(number: u32) -> Vec<Camera> {
    let position = Position::new(10.0, 50.0).unwrap();
    let recording = Recording::kept_for_days(60);
    let camera = |id| Camera::new(CameraId(id), OwnerId(id), position, recording);
    (0..u64::from(number)).map(camera).collect()
}

/// Cameras of one owner, a few metres apart, registered in descending order.
fn of_one_owner(number: u32) -> Vec<Camera> {
    let apart = |id: u64| {
        let (east, north) = ((id % 300) as f64, (id / 300) as f64);
        Position::new(10.0 + east * 1e-4, 50.0 + north * 1e-4).unwrap()
    };
    let mut cameras = on_a_point(number);
    for camera in &mut cameras {
        (camera.owner, camera.position) = (OwnerId(7), apart(camera.id.0));
    }
    cameras.reverse();
    cameras
}

fn granted(owner: u64) -> (OwnerId, Consent) {
    (OwnerId(owner), Consent::granted())
}

fn set_consent(owner: u64) -> Change {
    Change::SetConsent { owner: OwnerId(owner), consent: Consent::granted() }
}

fn everywhere() -> AuthorizedRequest {
    everywhere_under(&Policy::without_limits_or_anonymity())
}

fn everywhere_under(policy: &Policy) -> AuthorizedRequest {
    let area = Area::new(&one(around(), vec![])).unwrap();
    reviewed(policy, &request(1, area))
}

#[test]
fn many_cameras_share_a_point() {
    grows("a point, loaded and routed", 5_000, NEARLY_LINEAR, on_a_point, |cameras| {
        let consents = (0..cameras.len() as u64).map(granted);
        let registry = Registry::bulk_load(&cameras, consents).unwrap();
        assert_eq!(
            registry.snapshot().route(everywhere().assume_open(), now()).owners(),
            cameras.len()
        );
    });
    // All changes in one list, so that each consent concerns a camera that has no block yet.
    let list = |number: u32| {
        let registered = on_a_point(number).into_iter().map(Change::Register);
        registered.chain((0..u64::from(number)).map(set_consent)).collect::<Vec<_>>()
    };
    grows("a point, in one list of changes", 3_000, NEARLY_LINEAR, list, |list| {
        let registry = Registry::new();
        let owners = list.len() / 2;
        registry.apply(list).unwrap();
        assert_eq!(registry.snapshot().route(everywhere().assume_open(), now()).owners(), owners);
    });
    // One change looks through the blocks of the point: O(cameras there).
    let loaded = |number: u32| {
        Registry::bulk_load(&on_a_point(number), (0..u64::from(number)).map(granted)).unwrap()
    };
    grows("a point, 50 withdrawals", 5_000, NEARLY_LINEAR, loaded, |registry| {
        for owner in 0..50 {
            registry.apply([Change::Withdraw { owner: OwnerId(owner * 97) }]).unwrap();
        }
    });
}

/// Each change of a camera searches the blocks of its point, so many changes search many blocks;
/// the search must not keep memory for each of them.
#[test]
fn many_changes_are_about_a_point() {
    let exponents = [QUADRATIC, NEARLY_LINEAR];
    let loaded = |number: u32| {
        let granted = (0..u64::from(number)).map(granted);
        let list: Vec<_> = granted.clone().map(|(owner, _)| Change::Withdraw { owner }).collect();
        (Registry::bulk_load(&on_a_point(number), granted).unwrap(), list)
    };
    grow("a point, all withdrawn in one list", 1_000, exponents, loaded, |(registry, list)| {
        let snapshot = registry.apply(list).unwrap();
        assert!(snapshot.route(everywhere().assume_open(), now()).is_empty());
    });
    let owned = |number: u32| {
        let on_a_point = on_a_point(number).into_iter();
        let cameras: Vec<_> = on_a_point.map(|camera| camera.with_owner(OwnerId(7))).collect();
        Registry::bulk_load(&cameras, [granted(7)]).unwrap()
    };
    grow("a point, all of one owner", 1_000, exponents, owned, |registry| {
        let cameras = registry.cameras_of(OwnerId(7)).len();
        assert_eq!(cameras, registry.snapshot().cameras());
    });
}

#[test]
fn one_owner_has_many_cameras() {
    grows("one owner, loaded", 5_000, NEARLY_LINEAR, of_one_owner, |cameras| {
        let registry = Registry::bulk_load(&cameras, [granted(7)]).unwrap();
        assert_eq!(registry.cameras_of(OwnerId(7)).len(), cameras.len());
        assert_eq!(registry.snapshot().route(everywhere().assume_open(), now()).owners(), 1);
    });
    grows("one owner, registered and removed", 3_000, NEARLY_LINEAR, of_one_owner, |cameras| {
        let registry = Registry::new();
        registry.apply(cameras.iter().copied().map(Change::Register)).unwrap();
        registry.apply(cameras.iter().map(|camera| Change::Remove { camera: camera.id })).unwrap();
        assert_eq!(registry.snapshot().cameras(), 0);
    });
    // The owner is asked as often as there are cameras, in one list: the rows are written once.
    let loaded =
        |number| (Registry::bulk_load(&of_one_owner(number), [granted(7)]).unwrap(), number);
    grows(
        "one owner, asked again and again",
        3_000,
        NEARLY_LINEAR,
        loaded,
        |(registry, number)| {
            let asked = (0..number).map(|_| Change::RecordAsked {
                owner: OwnerId(7),
                agency: None,
                at: now(),
            });
            let snapshot = registry.apply(asked).unwrap();
            assert!(snapshot.route(everywhere().assume_open(), now()).is_empty());
        },
    );
}

/// The look-ups of a registry that starts empty grow a little at a time. With one table for all
/// cameras, some short list of changes would have to allocate the whole table anew.
#[test]
fn no_list_of_changes_moves_all_cameras() {
    let _alone = alone();
    let registry = Registry::new();
    let mut most = 0;
    let (lists, each) = (1_200, 100);
    for list in 0..lists {
        // Each tile has a few hundred cameras, so that building one costs little.
        let camera = |id: u64| {
            let e7 = [id % 400 * 2_500_000, id / 400 * 7].map(|e7| i32::try_from(e7).unwrap());
            Camera::new(
                CameraId(id),
                OwnerId(id),
                Position::from_e7(e7[0], e7[1]).unwrap(),
                Recording::kept_for_days(30),
            )
        };
        let changes: Vec<Change> =
            (list * each..(list + 1) * each).map(|id| Change::Register(camera(id))).collect();
        most = most.max(measure(|| drop(registry.apply(changes).unwrap())).bytes_max);
    }
    println!("a list of {each} cameras: {most} bytes at most");
    assert_eq!(registry.snapshot().cameras() as u64, lists * each);
    // One table would have grown to 262,144 slots of 17 bytes.
    assert!(most < 1_000_000, "{most}");
}

/// The first list after a load is no more expensive, for any distribution of cameras over owners
/// and places.
#[test]
fn no_list_of_changes_makes_up_for_a_load() {
    let _alone = alone();
    let first: fn(u64) -> bool = |place| place < 10_000;
    let here_and_there: fn(u64) -> bool = |place| place % 1_000 < 100;
    for is_of_one in [first, here_and_there] {
        let owned = |(place, camera): (u64, Camera)| {
            let owner = OwnerId(if is_of_one(place) { 7 } else { place });
            camera.with_owner(owner)
        };
        let cameras: Vec<_> = (0..).zip(of_one_owner(100_000)).map(owned).collect();
        let registry = Registry::bulk_load(&cameras, [granted(7)]).unwrap();
        let withdrawal = [Change::Withdraw { owner: OwnerId(90_101) }];
        let most = measure(|| drop(registry.apply(withdrawal).unwrap())).bytes_max;
        println!("one withdrawal after a load: {most} bytes at most");
        assert!(most < 100_000, "{most}");
    }
}

/// An owner who has no camera, no consent and no history is forgotten, and so are scopes that only
/// they used. Neither their former presence nor a refused list of theirs takes memory.
#[test]
fn removed_owners_take_no_memory() {
    let _alone = alone();
    let registry = Registry::new();
    let come_and_go = |rounds: std::ops::Range<u64>| {
        for round in rounds {
            let numbered = |camera: Camera| {
                let id = round * 1_000 + camera.id.0;
                camera.with_id(CameraId(id)).with_owner(OwnerId(id))
            };
            let cameras: Vec<Camera> = on_a_point(400).into_iter().map(numbered).collect();
            let remove = |camera: &Camera| Change::Remove { camera: camera.id };
            let agree = |&Camera { owner, .. }: &Camera| {
                let consent = Consent::granted().with_agencies(Scope::only([AgencyId(owner.0)]));
                Change::SetConsent { owner, consent }
            };
            let withdraw = |camera: &Camera| Change::Withdraw { owner: camera.owner };
            let unknown = cameras.iter().take(1).map(remove);
            registry.apply(cameras.iter().map(agree).chain(unknown)).unwrap_err();
            registry.apply(cameras.iter().copied().map(Change::Register)).unwrap();
            registry.apply(cameras.iter().map(agree)).unwrap();
            registry.apply(cameras.iter().map(withdraw)).unwrap();
            registry.apply(cameras.iter().map(remove)).unwrap();
        }
    };
    come_and_go(0..8);
    let more = measure(|| come_and_go(8..40)).bytes_current;
    println!("12,800 owners who left: {more} bytes");
    assert!(more < 100_000, "{more}");
}

/// A page whose owners share one consent, which lists ten times as many agencies.
fn shared_consent(number: u32) -> Vec<u8> {
    let agencies = Scope::only((0..u64::from(number) * 10).map(AgencyId));
    let json = serde_json::to_vec(&Consent::granted().with_agencies(agencies)).unwrap();
    // The finalizer of `SplitMix64` assigns owners to pages.
    let page = |owner: u64| {
        let x = (owner ^ (owner >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) >> 54
    };
    let owners = (0_u64..).filter(|&owner| page(owner) == 3).take(number as usize);
    let mut bytes = b"CNVT\x02\0\x02\0\x03\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0".to_vec();
    for count in [number, 1, 0, u32::try_from(json.len()).unwrap()] {
        bytes.extend(count.to_le_bytes());
    }
    bytes.extend(json);
    for owner in owners {
        bytes.extend(owner.to_le_bytes());
        bytes.extend([0; 5]);
    }
    let checksum = crc32fast::hash(&bytes).to_le_bytes();
    bytes.extend(checksum);
    bytes
}

#[test]
fn a_page_of_owners_shares_one_long_consent() {
    grows("owners with one long consent", 1_000, NEARLY_LINEAR, shared_consent, |page| {
        let registry = Registry::from_tiles(Revision(1), [page]).unwrap();
        assert_eq!(registry.tiles().changed.len(), 1);
    });
}

#[test]
fn a_policy_may_want_very_many_households() {
    // Cameras on one point in no order of owners; only the first owner agreed.
    let town = |number: u32| {
        let mut cameras = on_a_point(number);
        for camera in &mut cameras {
            camera.owner = OwnerId(camera.id.0.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        }
        (Registry::bulk_load(&cameras, [granted(0)]).unwrap(), number)
    };
    let policy = |min_households: u32| {
        Policy::without_limits_or_anonymity().with_min_households(min_households)
    };
    grows("households counted", 20_000, NEARLY_LINEAR, town, |(registry, number)| {
        let snapshot = registry.snapshot();
        for (needed, asked) in [(number, 1), (number + 1, 0)] {
            let authorized = everywhere_under(&policy(needed));
            assert_eq!(snapshot.route(authorized.assume_open(), now()).owners(), asked);
        }
        registry
    });
}
