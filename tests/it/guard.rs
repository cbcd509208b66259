//! The anonymity set is decided by the area alone: nobody is asked below it, and earlier requests
//! do not matter.

use canvass::{
    AgencyId, Area, AuthorizedRequest, CaseFile, Explanation, IncidentKind, Policy, Request,
    RequestId, Violations,
};
use proptest::prelude::{ProptestConfig, any};
use proptest::{prop_assert, prop_assert_eq, proptest};

use crate::oracle::{Town, households, oracle};
use crate::support::*;

/// A policy with an anonymity set and without limits of geometry.
pub fn guarding(min_households: u32) -> Policy {
    Policy::without_limits_or_anonymity().with_min_households(min_households)
}

pub fn ask(area: &Area, case: usize) -> Request {
    Request::new(AgencyId(1), IncidentKind::Burglary, area.clone(), evening())
        .with_case(format!("26-{case}"))
        .with_contact("Det. Smith")
}

pub fn review(
    policy: &Policy,
    file: &CaseFile,
    area: &Area,
) -> Result<AuthorizedRequest, Violations> {
    policy.review(&ask(area, file.iter().count()), &agency(), file, noon())
}

/// Opens a request about each of the areas, in order.
#[track_caller]
pub fn opened(policy: &Policy, areas: &[Area]) -> CaseFile {
    let mut file = CaseFile::new(AgencyId(1));
    for (id, area) in (0..).zip(areas) {
        let authorized = review(policy, &file, area).unwrap();
        file.open(RequestId(id), &authorized, noon()).unwrap();
    }
    file
}

#[test]
fn an_area_with_too_few_households_is_never_asked() {
    let (town, policy) = (street(100), guarding(11));
    // Earlier areas surround it, lie beside it, or equal it.
    let around = [houses(20, 30), houses(20, 40), houses(25, 60), houses(25, 25)];
    for few in [houses(25, 25), houses(25, 34), houses(21, 30)] {
        for file in [opened(&policy, &[]), opened(&policy, &around)] {
            let authorized = review(&policy, &file, &few).unwrap();
            let route = snapshot(&town).route(authorized.assume_open(), noon());
            assert!(route.is_empty());
            let why = snapshot(&town).explain(&authorized, noon(), canvass::CameraId(25));
            assert_eq!(why, Explanation::TooFewHouseholds);
        }
    }
    let authorized = review(&policy, &opened(&policy, &around), &houses(25, 35)).unwrap();
    assert_eq!(snapshot(&town).route(authorized.assume_open(), noon()).owners(), 11);
}

#[test]
fn a_household_that_refused_counts_for_anonymity() {
    let mut town = street(100);
    town.consents.retain(|&owner, _| owner.0 == 25);
    let asked = |last| {
        let authorized = review(&guarding(11), &opened(&guarding(11), &[]), &houses(20, last));
        owners(&snapshot(&town).route(authorized.unwrap().assume_open(), noon()))
    };
    assert_eq!(asked(29), [0_u64; 0]);
    assert_eq!(asked(30), [25]);
}

/// A shape on a grid of 11 m that may share points with others.
fn shape(rng: &mut Rng) -> Area {
    loop {
        let area = area(rng, (10, 50));
        if area.size_m2() > 1e4 && area.size_m2() < 1e6 {
            return area;
        }
    }
}

/// A town of owners with one or two cameras on the grid of [`shape`].
fn town_of(rng: &mut Rng, cameras: u64) -> Town {
    let mut town = Town::default();
    for id in 0..cameras {
        let owner = rng.below(cameras * 3 / 4 + 1);
        let position = place((10, 50), rng.within(-40, 40) * 1_000, rng.within(-40, 40) * 1_000);
        let camera = camera_at(id, owner, position);
        town.cameras.insert(camera.id, camera);
        if !rng.once_in(4) {
            town.consents.insert(camera.owner, consent(rng));
        }
    }
    town
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Law: a route after a year of requests equals the route without them, and nobody is asked in
    /// an area with fewer households than the anonymity set.
    #[test]
    fn history_changes_no_route(seed in any::<u64>()) {
        let mut rng = Rng(seed);
        let town = town_of(&mut rng, 300);
        let policy = guarding(rng.pick(&[2, 11, 25]));
        let areas: Vec<Area> = (0..6).map(|_| shape(&mut rng)).collect();
        let file = opened(&policy, &areas);
        for area in areas.iter().chain([&shape(&mut rng)]) {
            let alone = review(&policy, &CaseFile::new(AgencyId(1)), area).unwrap();
            let after = review(&policy, &file, area).unwrap();
            let asked = answer(&snapshot(&town).route(after.assume_open(), noon()));
            prop_assert_eq!(&asked, &answer(&snapshot(&town).route(alone.assume_open(), noon())));
            prop_assert_eq!(&asked, &oracle(&town, &after, noon()));
            let few = households(&town, area).len() < policy.min_households as usize;
            prop_assert!(!few || asked.is_empty());
        }
    }
}

#[test]
fn debug_prints_no_owner_and_no_place() {
    let policy = guarding(11);
    let authorized = review(&policy, &opened(&policy, &[]), &houses(20, 60)).unwrap();
    let route = snapshot(&street(100)).route(authorized.assume_open(), noon());
    assert_eq!(route.owners(), 41);
    let request = r#"AuthorizedRequest { agency: AgencyId(1), policy_version: "unlimited", reviewed_at: 2026-05-10T12:00:00Z, .. }"#;
    assert_eq!(format!("{authorized:?}"), request);
    let words = format!("Route {{ authorized: {request}, revision: {:?}, now: ", route.revision());
    assert_eq!(format!("{route:?}"), words + "2026-05-10T12:00:00Z, .. }");
    assert_eq!(format!("{:?}", route.recipients()), "Recipients { .. }");
}

#[test]
fn a_recheck_against_an_older_snapshot_leaves_nobody() {
    let registry = loaded(&street(40), canvass::Layout::default());
    let older = registry.snapshot();
    let newer =
        registry.apply([canvass::Change::Withdraw { owner: canvass::OwnerId(25) }]).unwrap();
    let policy = guarding(11);
    let authorized = review(&policy, &opened(&policy, &[]), &houses(20, 39)).unwrap();
    let route = newer.route(authorized.assume_open(), noon());
    assert_eq!(
        (
            route.owners(),
            route.recheck(route.authorized().assume_open(), &newer, noon()).unwrap().owners()
        ),
        (19, 19)
    );
    let refused = route.recheck(route.authorized().assume_open(), &older, noon());
    let words = "the snapshot is of revision `1` and the route of `2`: it does not know who withdrew in \
                 between; recheck against a newer one";
    assert_eq!(refused.unwrap_err().to_string(), words);
    // A recheck of the older route does not restore the owner who withdrew.
    let route = older
        .route(authorized.assume_open(), noon())
        .recheck(authorized.assume_open(), &newer, noon())
        .unwrap();
    assert!(
        !owners(&route).contains(&25)
            && route.recheck(route.authorized().assume_open(), &older, noon()).is_err()
    );
}
