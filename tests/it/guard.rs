//! The differencing guard: what two requests of an agency differ by is never a few households.

use canvass::{
    AgencyId, Area, AuthorizedRequest, CaseFile, Change, Explanation, IncidentKind, Policy,
    Position, QuietHours, Request, RequestId, Violations, Zone,
};
use geo::Relate;
use jiff::civil::time;
use proptest::prelude::{ProptestConfig, any};
use proptest::{prop_assert, proptest};

use crate::oracle::{Town, guarded, households, oracle, whole_units};
use crate::support::*;

/// Only the guard and the anonymity set, not the limits of geometry.
pub fn guarding(min_households: u32) -> Policy {
    Policy { min_households, ..Policy::unlimited() }
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

/// Opens requests about areas one after the other.
#[track_caller]
pub fn opened(policy: &Policy, areas: &[Area]) -> CaseFile {
    let mut file = CaseFile::new(AgencyId(1));
    for (id, area) in (0..).zip(areas) {
        let authorized = review(policy, &file, area).unwrap();
        file.open(RequestId(id), &authorized, noon()).unwrap();
    }
    file
}

/// Who is asked about some houses of a street after others were asked about.
#[track_caller]
fn asked_after(town: &Town, earlier: &[Area], area: &Area) -> Vec<u64> {
    let policy = guarding(11);
    let authorized = review(&policy, &opened(&policy, earlier), area).unwrap();
    let route = snapshot(town).route(&authorized, noon());
    assert_eq!(answer(&route), guarded(town, &authorized, earlier, noon()));
    owners(&route)
}

#[test]
fn households_in_a_small_difference_are_not_asked() {
    let town = street(100);
    let old = [houses(20, 49)];
    let all = |first: u64, last: u64| (first..=last).collect::<Vec<_>>();
    // A few more at one end, at both ends, and none at all.
    assert_eq!(asked_after(&town, &old, &houses(20, 50)), all(20, 49));
    assert_eq!(asked_after(&town, &old, &houses(20, 59)), all(20, 49));
    assert_eq!(asked_after(&town, &old, &houses(15, 54)), all(20, 49));
    assert_eq!(asked_after(&town, &old, &houses(20, 49)), all(20, 49));
    // From the anonymity set on a difference tells nothing about a few.
    assert_eq!(asked_after(&town, &old, &houses(20, 60)), all(20, 60));
    // A few fewer: who is in both was asked before and is asked again.
    assert_eq!(asked_after(&town, &old, &houses(21, 49)), all(21, 49));
    assert_eq!(asked_after(&town, &old, &houses(25, 53)), all(25, 49));
    // A few more at one end and many fewer at the other.
    assert_eq!(asked_after(&town, &old, &houses(38, 52)), all(38, 49));
    // Elsewhere the agency has not asked.
    assert_eq!(asked_after(&town, &old, &houses(60, 70)), all(60, 70));
}

#[test]
fn whether_anyone_is_asked_is_decided_as_if_the_areas_were_equal() {
    let town = street(100);
    // 10 households are too few, and so are 11 that differ from them by one.
    assert_eq!(asked_after(&town, &[], &houses(20, 29)), [0_u64; 0]);
    assert_eq!(asked_after(&town, &[], &houses(20, 30)).len(), 11);
    assert_eq!(asked_after(&town, &[houses(20, 29)], &houses(20, 30)), [0_u64; 0]);
    // 11 are enough, and so are 10 that differ from them by one: they were asked before.
    assert_eq!(asked_after(&town, &[houses(20, 30)], &houses(20, 29)).len(), 10);
}

#[test]
fn earlier_areas_are_compared_one_by_one_and_together() {
    let town = street(100);
    let (west, east) = (houses(10, 39), houses(40, 69));
    // 25 more than in the west alone, but 3 more than in both.
    let asked = asked_after(&town, &[west.clone(), houses(36, 62)], &houses(20, 65));
    assert_eq!(asked, (20..=62).collect::<Vec<_>>());
    // Both together are nothing new.
    let both = houses(10, 69);
    assert_eq!(asked_after(&town, &[west.clone(), east], &both).len(), 60);
    // A chain: each is compared with what it was drawn as, not with whom it reached.
    let chain = [west, houses(10, 44), houses(10, 49)];
    assert_eq!(asked_after(&town, &chain, &houses(10, 60)), (10..=60).collect::<Vec<_>>());
    // Ten more than the last one; without them five more than the first, who never were asked.
    assert_eq!(asked_after(&town, &chain, &houses(10, 54)), (10..=39).collect::<Vec<_>>());
}

/// All cameras of a tower may stand in one point: areas that touch there, or share a hair, have them in
/// common.
#[test]
fn areas_that_touch_are_compared_as_those_that_overlap() {
    let mut town = street(30);
    for camera in town.cameras.values_mut().filter(|camera| camera.id.0 < 27) {
        camera.position = Position::new(10.001, 50.0).unwrap();
    }
    let all = |first: u64, last: u64| (first..=last).collect::<Vec<_>>();
    for (one, other) in [(10.001, 10.001), (10.001_000_1, 10.001), (10.001, 10.000_999_9)] {
        let (tower, houses) =
            (square(9.999, 49.9999, one, 50.0001), square(other, 49.9999, 10.002, 50.0001));
        for camera in town.cameras.values_mut().filter(|camera| camera.id.0 >= 27) {
            camera.position = Position::new(10.0015, 50.0).unwrap();
        }
        // Three of the 30 are not in the tower.
        assert_eq!(asked_after(&town, std::slice::from_ref(&tower), &houses), all(0, 26));
        assert_eq!(asked_after(&town, &[], &houses), all(0, 29));
        // One that was reviewed before the other was opened would not be compared with it.
        let policy = guarding(11);
        let mut file = opened(&policy, &[]);
        let [first, second] = [&tower, &houses].map(|area| review(&policy, &file, area).unwrap());
        file.open(RequestId(1), &first, noon()).unwrap();
        let refused = file.open(RequestId(2), &second, noon()).unwrap_err();
        assert_eq!(refused.code(), "overlap_opened");
        // It is no overlap that a review refuses.
        let policy = Policy { max_overlaps: 0, min_difference_m2: f64::MAX, ..policy };
        assert!(review(&policy, &file, &houses).is_ok());
    }
}

#[test]
fn whoever_is_left_must_wait_in_quiet_hours_and_nobody_else() {
    let town = street(100);
    let midday = QuietHours::new(time(11, 0, 0, 0), time(14, 0, 0, 0), Zone::UTC).unwrap();
    let policy = Policy { quiet_hours: Some(midday), ..guarding(11) };
    let authorized = review(&policy, &opened(&policy, &[houses(20, 49)]), &houses(15, 54)).unwrap();
    let route = snapshot(&town).route(&authorized, noon());
    // The first house is left out, and would stop the waits of all others if it were kept.
    assert_eq!(route.owners(), 30);
    let end = "2026-05-10T14:00:00Z".parse().unwrap();
    assert_eq!(noon(), "2026-05-10T12:00:00Z".parse().unwrap());
    assert!(route.recipients().all(|recipient| recipient.not_before == Some(end)));
}

#[test]
fn whoever_answered_no_counts_as_a_household_all_the_same() {
    // The difference is 11 households, of whom one agreed: as in the anonymity set.
    let mut town = street(100);
    town.consents.retain(|&owner, _| owner.0 < 50 || owner.0 == 55);
    let asked = asked_after(&town, &[houses(20, 49)], &houses(20, 60));
    assert!(asked.contains(&55));
    let asked = asked_after(&town, &[houses(20, 49)], &houses(20, 59));
    assert!(!asked.contains(&55));
}

#[test]
fn explanations_and_the_funnel_say_who_is_guarded() {
    let town = street(100);
    let policy = guarding(11);
    let authorized = review(&policy, &opened(&policy, &[houses(20, 49)]), &houses(20, 54)).unwrap();
    let snapshot = snapshot(&town);
    let funnel = snapshot.funnel(&authorized, noon());
    assert_eq!((funnel.in_area(), funnel.permitted(), funnel.guarded()), (35, 35, 5));
    assert_eq!((funnel.households(), funnel.asked()), (35, 30));
    let explain = |id| snapshot.explain(&authorized, noon(), canvass::CameraId(id));
    assert_eq!(explain(49), Explanation::Asked);
    assert_eq!(explain(50), Explanation::Guarded);
    assert_eq!(explain(55), Explanation::OutsideArea);
    assert_eq!(serde_json::to_string(&Explanation::Guarded).unwrap(), r#""guarded""#);
}

#[test]
fn enough_households_are_too_few_where_an_earlier_area_with_too_few_has_all_but_a_few_of_them() {
    let (town, policy) = (street(100), guarding(11));
    let authorized = review(&policy, &opened(&policy, &[houses(20, 28)]), &houses(20, 31)).unwrap();
    let funnel = snapshot(&town).funnel(&authorized, noon());
    assert_eq!((funnel.households(), funnel.permitted(), funnel.guarded()), (12, 12, 3));
    assert_eq!(funnel.asked(), 0);
    let why =
        [20, 31].map(|id| snapshot(&town).explain(&authorized, noon(), canvass::CameraId(id)));
    assert_eq!(why, [Explanation::TooFewHouseholds; 2]);
}

#[test]
fn a_recheck_guards_as_well() {
    let town = street(100);
    let registry = loaded(&town, canvass::Layout::default());
    let policy = guarding(11);
    let file = opened(&policy, &[houses(20, 49)]);
    let authorized = review(&policy, &file, &houses(20, 60)).unwrap();
    let route = registry.snapshot().route(&authorized, noon());
    assert_eq!(route.owners(), 41);
    // One of the eleven has moved away: the other ten would be few.
    let newer = registry.apply([Change::Remove { camera: canvass::CameraId(55) }]).unwrap();
    let kept = route.recheck(&newer, noon());
    assert_eq!(kept.owners(), 30);
    assert!(kept.recipients().all(|recipient| recipient.owner.0 < 50));
    // One household more is a household, not a difference: it stands where both areas are.
    let camera = camera_at(1_000, 1_000, Position::new(10.0003, 50.0).unwrap());
    let newer = registry.apply([Change::Register(camera)]).unwrap();
    assert_eq!(newer.funnel(&authorized, noon()).households(), 41);
    assert_eq!(newer.funnel(&authorized, noon()).guarded(), 10);
}

#[test]
fn a_guarded_request_has_the_usual_receipt() {
    let policy = guarding(11);
    let file = opened(&policy, &[houses(20, 49)]);
    let of = |area: &Area| {
        let request = ask(area, 0);
        let authorized = policy.review(&request, &agency(), &file, noon()).unwrap();
        let route = snapshot(&street(100)).route(&authorized, noon());
        (route.owners(), serde_json::to_string(&route.receipt()).unwrap())
    };
    let (guarded, elsewhere) = (of(&houses(20, 54)), of(&houses(60, 94)));
    assert_eq!((guarded.0, elsewhere.0), (30, 35));
    assert_eq!(guarded.1, elsewhere.1);
}

/// A shape in a grid of 11 m, and whether another shares a point with it.
fn shape(rng: &mut Rng) -> Area {
    loop {
        let area = area(rng, (10, 50));
        if area.size_m2() > 1e4 && area.size_m2() < 1e6 {
            return area;
        }
    }
}

fn share_a_point(one: &Area, other: &Area) -> bool {
    whole_units(one).relate(&whole_units(other)).is_intersects()
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

#[test]
fn guarded_routes_equal_the_oracle() {
    let (mut left_out, mut silenced, mut same, mut compared) = (0, 0, 0, 0);
    for seed in 0..250 {
        let mut rng = Rng(seed);
        let size = rng.pick(&[20, 64, 200, 400]);
        let town = town_of(&mut rng, size);
        let policy = guarding(rng.pick(&[2, 3, 5, 11, 25]));
        let areas: Vec<Area> = (0..=rng.below(4)).map(|_| shape(&mut rng)).collect();
        let file = opened(&policy, &areas);
        let area = shape(&mut rng);
        let authorized = review(&policy, &file, &area).unwrap();
        let earlier: Vec<Area> =
            areas.into_iter().filter(|old| share_a_point(old, &area)).collect();
        let expected = guarded(&town, &authorized, &earlier, noon());
        let snapshot = snapshot(&town);
        let route = snapshot.route(&authorized, noon());
        assert_eq!(answer(&route), expected, "{seed}");
        let batch = snapshot.route_batch(std::slice::from_ref(&authorized), noon());
        assert_eq!(batch.first(), Some(&route));
        let funnel = snapshot.funnel(&authorized, noon());
        assert_eq!(funnel.asked(), route.cameras().len(), "{seed}");
        let ids: Vec<_> = town.cameras.keys().copied().collect();
        for id in (0..8).map(|_| rng.pick(&ids)) {
            let is_asked = snapshot.explain(&authorized, noon(), id) == Explanation::Asked;
            assert_eq!(is_asked, cameras(&expected).contains(&id), "{seed}");
        }
        let alone = oracle(&town, &authorized, noon());
        compared += usize::from(!earlier.is_empty());
        same += usize::from(!expected.is_empty() && expected == alone && !earlier.is_empty());
        silenced += usize::from(expected.is_empty() && !alone.is_empty());
        left_out += usize::from(!expected.is_empty() && expected != alone);
    }
    // Not vacuous: often nobody is left out, often a few are, and sometimes nobody is asked.
    assert!(compared > 120, "{compared} compared");
    assert!(left_out > 15 && same > 15 && silenced > 5, "{left_out} {same} {silenced}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Law: whoever is asked is not among a few by whom the area differs from an earlier one, or
    /// from all of them; and if somebody is asked without the guard, then nobody else is with it.
    #[test]
    fn nobody_who_is_asked_is_one_of_a_few(seed in any::<u64>()) {
        let mut rng = Rng(seed);
        let town = town_of(&mut rng, 300);
        let policy = guarding(11);
        let mut areas: Vec<Area> = Vec::new();
        for _ in 0..5 {
            let area = shape(&mut rng);
            let file = opened(&policy, &areas);
            let authorized = review(&policy, &file, &area).unwrap();
            let asked = answer(&snapshot(&town).route(&authorized, noon()));
            let new = households(&town, &area);
            let mut others: Vec<_> = areas
                .iter()
                .filter(|old| share_a_point(old, &area))
                .map(|old| households(&town, old))
                .collect();
            others.push(others.iter().flatten().copied().collect());
            for old in others.iter().filter(|_| others.len() > 1) {
                let added = &new - old;
                let few = added.len() < 11;
                prop_assert!(!few || asked.iter().all(|(owner, _)| !added.contains(owner)));
            }
            let alone = review(&policy, &CaseFile::new(AgencyId(1)), &area).unwrap();
            let alone = oracle(&town, &alone, noon());
            prop_assert!(alone.is_empty() || asked.iter().all(|one| alone.contains(one)));
            areas.push(area);
        }
    }
}
