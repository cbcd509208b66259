//! Routes to cameras that see into an area, compared with the oracle.

use canvass::{
    AgencyId, Area, AuthorizedRequest, CameraScope, Explanation, Facing, IncidentKind, Layout,
    Position, Request, Snapshot,
};
use h3o::Resolution;

use crate::oracle::{Answer, Town, cameras_of, oracle};
use crate::support::*;

pub fn looks(bearing: f64, angle: f64, reach_m: f64) -> Facing {
    Facing::new(bearing, angle, reach_m).unwrap()
}

/// A request for cameras that see into the area, limited by consent and footage alone.
fn seeing(area: &Area) -> AuthorizedRequest {
    authorize_seeing_into(area.clone())
}

/// A town whose owners agreed, with cameras at these places and with these facings.
pub fn looking(cameras: &[(Position, Option<Facing>)]) -> Town {
    let mut town = street(cameras.len() as u64);
    for (camera, &(position, facing)) in town.cameras.values_mut().zip(cameras) {
        (camera.position, camera.facing) = (position, facing);
    }
    town
}

pub fn asked(snapshot: &Snapshot, authorized: &AuthorizedRequest) -> Vec<u64> {
    snapshot
        .route(authorized.assume_open(), noon())
        .cameras()
        .iter()
        .map(|camera| camera.0)
        .collect()
}

/// At 50 degrees north a street of 10 m is 1,396 units of longitude or 899 of latitude wide.
pub const STREET: i64 = 1_396;

#[test]
fn a_camera_across_the_street_is_asked_when_facing() {
    let area = square(10.0, 50.0, 10.01, 50.01);
    let west = place((10, 50), -STREET, 50_000);
    let town = looking(&[
        (west, Some(looks(90.0, 110.0, 25.0))),
        (west, Some(looks(270.0, 110.0, 25.0))),
        (west, Some(looks(90.0, 110.0, 9.0))),
        (west, Some(looks(270.0, 360.0, 11.0))),
        (west, None),
        (place((10, 50), 50_000, 50_000), None),
        (place((10, 50), 50_000, 50_000), Some(looks(0.0, 1.0, 1.0))),
    ]);
    let snapshot = snapshot(&town);
    assert_eq!(asked(&snapshot, &seeing(&area)), [0, 3, 5, 6]);
    assert_eq!(asked(&snapshot, &authorize(area.clone())), [5, 6], "off by default");
    assert_eq!(
        Request::new(AgencyId(1), IncidentKind::Theft, area, evening()).camera_scope,
        CameraScope::StandingIn
    );
}

#[test]
fn one_point_of_a_view_is_enough() {
    // The camera looks due east, so that the middle of the arc is its easternmost place: two steps.
    let eye = place((10, 50), 0, 50_000);
    let east = looks(90.0, 24.0, 50.0);
    let tip = east.view(eye).exterior().coords().map(|at| at.x).fold(0.0, f64::max);
    let snapshot = snapshot(&looking(&[(eye, Some(east))]));
    let beyond = |west: f64| square(west, 50.0, 10.02, 50.01);
    assert_eq!(asked(&snapshot, &seeing(&beyond(tip))), [0]);
    assert!(asked(&snapshot, &seeing(&beyond(tip + 1e-7))).is_empty());
}

#[test]
fn an_area_within_a_view_or_around_it_is_seen() {
    let eye = place((10, 50), 0, 0);
    let far = Some(looks(0.0, 60.0, 200.0));
    let near = Some(looks(0.0, 60.0, 20.0));
    let snapshot = snapshot(&looking(&[(eye, far), (eye, near)]));
    // A yard 100 m to the north, 2 m wide.
    let yard = square(9.999_99, 50.000_9, 10.000_01, 50.000_92);
    assert_eq!(asked(&snapshot, &seeing(&yard)), [0]);
    // A ring whose hole reaches 100 m to all sides.
    let around = "POLYGON((9.99 49.99, 10.01 49.99, 10.01 50.01, 9.99 50.01), \
                  (9.9986 49.9991, 10.0014 49.9991, 10.0014 50.0009, 9.9986 50.0009))";
    assert_eq!(asked(&snapshot, &seeing(&Area::from_wkt(around).unwrap())), [0]);
    // A square past a corner of the view: nearer than the reach, but beside the view.
    let beside = square(10.001, 50.0, 10.001_01, 50.000_01);
    assert!(asked(&snapshot, &seeing(&beside)).is_empty());
}

#[test]
fn views_cross_the_antimeridian_and_end_before_the_poles() {
    let town = looking(&[
        (Position::new(179.999_9, -17.0).unwrap(), Some(looks(90.0, 90.0, 50.0))),
        (Position::new(-179.999_9, -17.0).unwrap(), Some(looks(270.0, 90.0, 50.0))),
        (Position::new(-180.0, -17.0).unwrap(), Some(looks(270.0, 90.0, 50.0))),
        (Position::new(0.0, 89.0).unwrap(), Some(looks(0.0, 90.0, 200.0))),
        (Position::new(0.0, 89.000_000_1).unwrap(), Some(looks(0.0, 90.0, 200.0))),
    ]);
    let snapshot = snapshot(&town);
    assert_eq!(asked(&snapshot, &seeing(&square(-179.999_8, -17.1, -179.0, -16.9))), [0]);
    assert_eq!(asked(&snapshot, &seeing(&square(179.0, -17.1, 179.999_8, -16.9))), [1, 2]);
    // An area on both sides of the line, in which all cameras stand.
    assert_eq!(asked(&snapshot, &seeing(&square(179.0, -17.1, 181.0, -16.9))), [0, 1, 2]);
    assert_eq!(asked(&snapshot, &seeing(&square(-10.0, 89.001, 10.0, 89.1))), [3]);
    assert_eq!(asked(&snapshot, &seeing(&square(-10.0, 88.9, 10.0, 89.1))), [3, 4]);
    let pole = looks(0.0, 90.0, 200.0).view(Position::new(0.0, 89.5).unwrap());
    assert!(pole.exterior().coords().all(|at| (at.x, at.y) == (0.0, 89.5)));
}

/// The origins of towns; the last town lies on both sides of the latitude where views end.
const ORIGINS: [(i32, i32); 5] = [(10, 50), (180, -17), (-60, 88), (0, 0), (180, -89)];

fn layouts() -> [Layout; 3] {
    [Layout::default(), Layout::new(Resolution::Nine, 5), Layout::new(Resolution::Five, 1)]
}

/// A town of which most cameras look somewhere, at distances that views bridge.
fn looking_town(rng: &mut Rng, origin: (i32, i32), size: u64) -> Town {
    let mut town = town(rng, origin, size);
    let step = rng.pick(&[20, 300, 1_000, 3_000]);
    for camera in town.cameras.values_mut() {
        camera.position = place(origin, rng.within(-40, 40) * step, rng.within(-40, 40) * step);
        camera.facing = (!rng.once_in(4)).then(|| facing(rng));
    }
    town
}

#[track_caller]
pub fn agree(town: &Town, authorized: &AuthorizedRequest, expected: &Answer) {
    for layout in layouts() {
        let snapshot = loaded(town, layout).snapshot();
        for (level, route) in routes_at_every_width(&snapshot, authorized, noon()) {
            assert_eq!(answer(&route), *expected, "{layout:?} {level:?}");
        }
        let batch = snapshot.route_batch(&[authorized.assume_open(); 2], noon());
        for route in &batch {
            assert_eq!(answer(route), *expected, "batch, {layout:?}");
            assert_eq!(
                route.recheck(route.authorized().assume_open(), &snapshot, noon()).unwrap(),
                *route
            );
        }
        let funnel = snapshot.funnel(authorized, noon());
        let request = authorized.request();
        assert_eq!(funnel.in_area(), cameras_of(town, &request.area, request.camera_scope).len());
        assert_eq!(funnel.asked(), cameras(expected).len());
    }
}

#[test]
fn routes_by_view_equal_the_oracle() {
    let (mut standing, mut seen, mut outside, mut more) = (0, 0, 0, 0);
    for seed in 0..250 {
        let mut rng = Rng(seed);
        let origin = ORIGINS[seed as usize % ORIGINS.len()];
        let size = rng.pick(&[1, 63, 64, 65, 128, 200]);
        let town = looking_town(&mut rng, origin, size);
        let area = area(&mut rng, origin);
        let authorized = seeing(&area);
        let expected = oracle(&town, &authorized, noon());
        agree(&town, &authorized, &expected);
        let into = cameras_of(&town, &area, CameraScope::SeeingInto).len();
        let inside = cameras_of(&town, &area, CameraScope::StandingIn).len();
        let specified = town.cameras.values().filter(|camera| camera.sees_into(&area)).count();
        assert_eq!(specified, into);
        (standing, seen) = (standing + inside, seen + into - inside);
        outside += town.cameras.len() - into;
        more += usize::from(expected.len() > oracle(&town, &authorize(area), noon()).len());
    }
    // The towns have all cases: many cameras stand in the area, many only see into it, many do
    // neither.
    assert!(standing > 1_000 && seen > 1_000 && outside > 1_000, "{standing} {seen} {outside}");
    assert!(more > 50, "{more} of 250 routes ask somebody more");
}

#[test]
fn explanations_of_cameras_equal_the_facts() {
    let mut rng = Rng(7);
    let town = looking_town(&mut rng, (180, -17), 100);
    let area = area(&mut rng, (180, -17));
    let (snapshot, authorized) = (snapshot(&town), seeing(&area));
    let expected = cameras(&oracle(&town, &authorized, noon()));
    for camera in town.cameras.values() {
        let why = snapshot.explain(&authorized, noon(), camera.id);
        assert_eq!(why == Explanation::OutsideArea, !camera.sees_into(&area), "{why:?}");
        assert_eq!(why == Explanation::Asked, expected.contains(&camera.id), "{why:?}");
    }
}
