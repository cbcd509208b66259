//! Which way cameras look: what a facing is, how it is kept, and who is asked because of it.

use canvass::{
    AgencyId, Area, AuthorizedRequest, Camera, CameraId, CaseFile, CaseFileError, Change, Consent,
    Denial, Explanation, Facing, IncidentKind, Layout, OwnerId, Policy, Position, Receipt,
    Recording, Registry, Request, RequestId, Revision, Route, Scratch, SeeingInto, SensitiveKind,
    SensitivePlace, SensitiveRule, Sight, SimdLevel, Snapshot, TileFlaw, Violation,
};
use h3o::Resolution;

use crate::oracle::{Answer, Town, cameras_of, oracle, weighing};
use crate::support::{Rng, *};

fn looks(bearing: f64, angle: f64, reach_m: f64) -> Facing {
    Facing::new(bearing, angle, reach_m).unwrap()
}

fn camera(id: u64, facing: Option<Facing>) -> Camera {
    Camera {
        id: CameraId(id),
        owner: OwnerId(id),
        position: place((10, 50), id as i64 * 100, 0),
        recording: Recording::kept_for_days(60),
        facing,
    }
}

#[test]
fn a_facing_is_rounded_to_hundredths_of_a_degree_and_tenths_of_a_metre() {
    let rounded = Facing::new(359.996, 0.005, 0.05).unwrap();
    assert_eq!((rounded.bearing(), rounded.angle(), rounded.reach_m()), (0.0, 0.01, 0.1));
    let rounded = Facing::new(12.344, 109.999, 24.96).unwrap();
    assert_eq!((rounded.bearing(), rounded.angle(), rounded.reach_m()), (12.34, 110.0, 25.0));
    assert_eq!(Facing::new(360.0, 360.0, 200.0), Facing::new(0.0, 360.0, Facing::MAX_REACH_M));
    assert_eq!(Facing::new(-0.0, 90.0, 10.0), Facing::new(0.0, 90.0, 10.0));
    assert!(size_of::<Facing>() == 6 && size_of::<Option<Facing>>() <= 8);
}

#[test]
fn what_is_wrong_with_a_facing_is_said() {
    let text = |bearing, angle, reach| Facing::new(bearing, angle, reach).unwrap_err().to_string();
    assert_eq!(text(f64::NAN, 1.0, 1.0), "bearing `NaN` is outside 0..360 degrees");
    assert_eq!(text(-0.5, 90.0, 10.0), "bearing `-0.5` is outside 0..360 degrees");
    assert_eq!(text(360.001, 90.0, 10.0), "bearing `360.001` is outside 0..360 degrees");
    for angle in [0.0, 0.004, -1.0, 360.001, f64::INFINITY] {
        let expected = format!("angle of view `{angle}` is not between 0.01 and 360 degrees");
        assert_eq!(text(0.0, angle, 10.0), expected);
    }
    for reach in [0.0, 0.04, -1.0, 200.01, f64::MAX, f64::NAN] {
        let expected = format!("reach `{reach}` is not between 0.1 and 200 metres");
        assert_eq!(text(0.0, 90.0, reach), expected);
    }
}

#[test]
fn a_camera_is_written_with_its_facing_and_read_without_one() {
    let porch = camera(7, Some(looks(90.0, 110.5, 25.0)));
    let json = serde_json::to_string(&porch).unwrap();
    let facing = r#","facing":{"bearing":90.0,"angle":110.5,"reach_m":25.0}}"#;
    assert!(json.ends_with(facing), "{json}");
    assert_eq!(serde_json::from_str::<Camera>(&json).unwrap(), porch);
    // What was written before there were facings.
    let before = json.replace(facing, "}");
    assert_eq!(serde_json::from_str::<Camera>(&before).unwrap(), camera(7, None));
    assert_eq!(serde_json::to_string(&camera(7, None)).unwrap(), before);
    let refused = |from: &str, to: &str| {
        serde_json::from_str::<Camera>(&json.replace(from, to)).unwrap_err().to_string()
    };
    assert!(refused("25.0", "250.0").starts_with("reach `250` is not between 0.1 and 200 metres"));
    assert!(refused("bearing", "heading").starts_with("unknown field `heading`"));
    assert!(refused(r#","reach_m":25.0"#, "").starts_with("missing field `reach_m`"));
}

#[test]
fn any_facing_reads_as_it_was_written() {
    let mut rng = Rng(1);
    for _ in 0..20_000 {
        let hundredths = |number| number as f64 / 100.0;
        let bearing = hundredths(rng.within(0, 35_999));
        let (angle, reach) =
            (hundredths(rng.within(1, 36_000)), rng.within(1, 2_000) as f64 / 10.0);
        let facing = Facing::new(bearing, angle, reach).unwrap();
        assert_eq!((facing.bearing(), facing.angle(), facing.reach_m()), (bearing, angle, reach));
        let json = serde_json::to_string(&facing).unwrap();
        assert_eq!(serde_json::from_str::<Facing>(&json).unwrap(), facing);
    }
}

#[test]
fn moving_a_camera_keeps_its_facing_and_replacing_it_does_not() {
    let registry = Registry::new();
    let [old, new] = [Some(looks(90.0, 110.0, 25.0)), Some(looks(270.0, 60.0, 5.0))];
    let of = |id: u64| registry.cameras_of(OwnerId(id))[0].facing;
    registry.apply((0..200).map(|id| Change::Register(camera(id, old)))).unwrap();
    let position = place((11, 50), 0, 0);
    registry
        .apply([
            Change::Move { camera: CameraId(1), position },
            Change::Replace(camera(2, new)),
            Change::Replace(camera(3, None)),
            Change::SetConsent { owner: OwnerId(4), consent: Consent::granted() },
            Change::Remove { camera: CameraId(5) },
        ])
        .unwrap();
    assert_eq!([of(1), of(2), of(3), of(4)], [old, new, None, old]);
    // Rows change places within a block; facings go with them.
    assert!((6..200).all(|id| of(id) == old));
    let snapshot = registry.apply([Change::Withdraw { owner: OwnerId(4) }]).unwrap();
    assert_eq!(snapshot.find(CameraId(2)).unwrap().facing, new);
    assert_eq!(of(4), old);
}

/// The tile of cameras of a registry in which two of three have a facing.
fn tile() -> Vec<u8> {
    let facings = [Some(looks(90.0, 110.0, 25.0)), None, Some(looks(0.0, 360.0, 200.0))];
    let registry = Registry::new();
    let cameras = (0..).zip(facings).map(|(id, facing)| Change::Register(camera(id, facing)));
    registry.apply(cameras).unwrap();
    registry.tiles().changed[0].encode()
}

fn read(bytes: &[u8]) -> Result<Registry, canvass::TileError> {
    let mut bytes = bytes.to_vec();
    let end = bytes.len() - 4;
    let checksum = crc32fast::hash(&bytes[..end]);
    bytes[end..].copy_from_slice(&checksum.to_le_bytes());
    Registry::from_tiles(Revision(1), [bytes])
}

#[test]
fn a_tile_has_ten_bytes_more_for_each_facing() {
    let bytes = tile();
    assert_eq!(bytes.len(), 36 + 3 * 34 + 2 * 10 + 4);
    assert_eq!(bytes[24..36], [3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
    // Row 0 looks to 90.00 degrees, 110.00 wide, 25.0 m far.
    assert_eq!(bytes[138..148], [0, 0, 0, 0, 0x28, 0x23, 0xf8, 0x2a, 0xfa, 0]);
    let registry = read(&bytes).unwrap();
    assert_eq!(registry.tiles().changed[0].encode(), bytes);
    assert_eq!(registry.cameras_of(OwnerId(2)), [camera(2, Some(looks(0.0, 360.0, 200.0)))]);
    assert_eq!(registry.cameras_of(OwnerId(1)), [camera(1, None)]);
}

#[test]
fn hostile_facings_in_a_tile_are_errors() {
    let changed = |at: usize, to: &[u8]| {
        let mut bytes = tile();
        bytes[at..at + to.len()].copy_from_slice(to);
        let error = read(&bytes).unwrap_err();
        error.to_string().split_once(", at byte ").unwrap().1.to_owned()
    };
    assert_eq!(changed(28, &[3]), "36: expected `132` more bytes, but `122` are left");
    assert_eq!(changed(28, &[1]), "148: expected the end, but `10` bytes are left");
    assert_eq!(changed(31, &[0xff]), "36: expected `42781900922` more bytes, but `122` are left");
    assert_eq!(changed(32, &[1]), "32: expected `0` instants in a tile of cameras, not `1`");
    for [first, second] in [[2, 2], [2, 1]] {
        let mut bytes = tile();
        (bytes[138], bytes[148]) = (first, second);
        let error = read(&bytes).unwrap_err();
        let flaw = TileFlaw::FacingRow { from: 3, rows: 3, found: second.into() };
        assert_eq!((error.offset, error.reason), (148, flaw));
    }
    assert_eq!(
        changed(148, &[3]),
        "148: expected a facing of a row from `1` to below `3`, not of `3`: they ascend"
    );
    assert_eq!(
        changed(142, &36_000_u16.to_le_bytes()),
        "142: camera `0`: bearing `360` is outside 0..360 degrees"
    );
    assert_eq!(
        changed(144, &[0, 0]),
        "142: camera `0`: angle of view `0` is not between 0.01 and 360 degrees"
    );
    assert_eq!(
        changed(146, &2_001_u16.to_le_bytes()),
        "142: camera `0`: reach `200.1` is not between 0.1 and 200 metres"
    );
    for length in 0..tile().len() {
        assert!(Registry::from_tiles(Revision(1), [&tile()[..length]]).is_err(), "{length}");
        assert!(length < 40 || read(&tile()[..length]).is_err(), "{length}");
    }
}

#[track_caller]
fn reviewed(policy: &Policy, request: &Request, file: &CaseFile) -> AuthorizedRequest {
    policy.review(request, &agency(), file, noon()).unwrap()
}

/// A request that only consent and footage can stop, for cameras that see into the area.
fn seeing(area: &Area) -> AuthorizedRequest {
    authorize_seeing_into(area.clone())
}

/// A town whose owners agreed, with cameras at places and with facings.
fn looking(cameras: &[(Position, Option<Facing>)]) -> Town {
    let mut town = street(cameras.len() as u64);
    for (camera, &(position, facing)) in town.cameras.values_mut().zip(cameras) {
        (camera.position, camera.facing) = (position, facing);
    }
    town
}

fn asked(snapshot: &Snapshot, authorized: &AuthorizedRequest) -> Vec<u64> {
    snapshot.route(authorized, noon()).cameras().iter().map(|camera| camera.0).collect()
}

/// At 50 degrees north a street of 10 m is 1,396 units of longitude or 899 of latitude wide.
const STREET: i64 = 1_396;

#[test]
fn a_camera_across_the_street_is_asked_if_it_looks_this_way() {
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
        Request::new(AgencyId(1), IncidentKind::Theft, area, evening()).sight,
        Sight::StandingIn
    );
}

#[test]
fn a_view_that_touches_the_boundary_in_one_point_is_enough() {
    // It looks due east, so that the middle of the arc is its easternmost place: two steps.
    let eye = place((10, 50), 0, 50_000);
    let east = looks(90.0, 24.0, 50.0);
    let tip = east.view(eye).exterior().coords().map(|at| at.x).fold(0.0, f64::max);
    let snapshot = snapshot(&looking(&[(eye, Some(east))]));
    let beyond = |west: f64| square(west, 50.0, 10.02, 50.01);
    assert_eq!(asked(&snapshot, &seeing(&beyond(tip))), [0]);
    assert!(asked(&snapshot, &seeing(&beyond(tip + 1e-7))).is_empty());
}

#[test]
fn an_area_that_lies_wholly_in_a_view_is_seen_and_one_around_it_from_a_hole_too() {
    let eye = place((10, 50), 0, 0);
    let far = Some(looks(0.0, 60.0, 200.0));
    let near = Some(looks(0.0, 60.0, 20.0));
    let snapshot = snapshot(&looking(&[(eye, far), (eye, near)]));
    // 100 m to the north, 2 m wide.
    let yard = square(9.999_99, 50.000_9, 10.000_01, 50.000_92);
    assert_eq!(asked(&snapshot, &seeing(&yard)), [0]);
    // A ring whose hole reaches 100 m to all sides.
    let around = "POLYGON((9.99 49.99, 10.01 49.99, 10.01 50.01, 9.99 50.01), \
                  (9.9986 49.9991, 10.0014 49.9991, 10.0014 50.0009, 9.9986 50.0009))";
    assert_eq!(asked(&snapshot, &seeing(&Area::from_wkt(around).unwrap())), [0]);
    // Past a corner of the view: nearer than the reach, but beside it.
    let beside = square(10.001, 50.0, 10.001_01, 50.000_01);
    assert!(asked(&snapshot, &seeing(&beside)).is_empty());
}

#[test]
fn views_go_on_past_the_antimeridian_and_end_before_the_poles() {
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
    // Both sides of the line: everybody stands in it.
    assert_eq!(asked(&snapshot, &seeing(&square(179.0, -17.1, 181.0, -16.9))), [0, 1, 2]);
    assert_eq!(asked(&snapshot, &seeing(&square(-10.0, 89.001, 10.0, 89.1))), [3]);
    assert_eq!(asked(&snapshot, &seeing(&square(-10.0, 88.9, 10.0, 89.1))), [3, 4]);
    let pole = looks(0.0, 90.0, 200.0).view(Position::new(0.0, 89.5).unwrap());
    assert!(pole.exterior().coords().all(|at| (at.x, at.y) == (0.0, 89.5)));
}

/// Where towns are; the last one lies on both sides of the latitude where views end.
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
fn agree(town: &Town, authorized: &AuthorizedRequest, expected: &Answer) {
    for layout in layouts() {
        let snapshot = loaded(town, layout).snapshot();
        for level in SimdLevel::ALL {
            let Some(mut scratch) = Scratch::with_simd(level) else { continue };
            let mut route = Route::empty(authorized, noon());
            snapshot.route_into(authorized, noon(), &mut scratch, &mut route);
            assert_eq!(answer(&route), *expected, "{layout:?} {level:?}");
        }
        let batch = snapshot.route_batch(&[authorized.clone(), authorized.clone()], noon());
        for route in &batch {
            assert_eq!(answer(route), *expected, "batch, {layout:?}");
            assert_eq!(route.recheck(&snapshot, noon()), *route);
        }
        let funnel = snapshot.funnel(authorized, noon());
        let request = authorized.request();
        assert_eq!(funnel.in_area(), cameras_of(town, &request.area, request.sight).len());
        assert_eq!(funnel.asked(), cameras(expected).len());
    }
}

#[test]
fn routes_to_cameras_that_see_into_the_area_equal_the_oracle() {
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
        let into = cameras_of(&town, &area, Sight::SeeingInto).len();
        let inside = cameras_of(&town, &area, Sight::StandingIn).len();
        let specified = town.cameras.values().filter(|camera| camera.sees_into(&area)).count();
        assert_eq!(specified, into);
        (standing, seen) = (standing + inside, seen + into - inside);
        outside += town.cameras.len() - into;
        more += usize::from(expected.len() > oracle(&town, &authorize(area), noon()).len());
    }
    // Not vacuous: plenty stand in, plenty only see into it, plenty do neither, and it shows.
    assert!(standing > 1_000 && seen > 1_000 && outside > 1_000, "{standing} {seen} {outside}");
    assert!(more > 50, "{more} of 250 routes ask somebody more");
}

#[test]
fn what_each_camera_is_said_to_be_is_what_it_is() {
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

#[test]
fn a_policy_must_allow_cameras_that_see_into_the_area() {
    let area = square(10.0, 50.0, 10.01, 50.01);
    assert_eq!(Policy::default().seeing_into, SeeingInto::Refused);
    let policy = Policy { seeing_into: SeeingInto::Refused, ..Policy::unlimited() };
    let file = CaseFile::new(AgencyId(1));
    let refused =
        policy.review(&asking(area.clone()).seeing_into(), &agency(), &file, noon()).unwrap_err();
    assert_eq!(
        refused.iter().map(Violation::code).collect::<Vec<_>>(),
        ["seeing_into_not_allowed"]
    );
    assert_eq!(
        refused.to_string(),
        "cameras that only see into the area may not be asked for; ask for those that stand in it"
    );
    reviewed(&policy, &asking(area.clone()), &file);
    let allowed: Policy = serde_json::from_str(r#"{"seeing_into":"allowed"}"#).unwrap();
    assert_eq!(allowed, Policy { seeing_into: SeeingInto::Allowed, ..Policy::default() });
}

#[test]
fn a_request_says_so_only_if_it_asks_for_it() {
    let area = square(10.0, 50.0, 10.01, 50.01);
    let (usual, into) = (asking(area.clone()), asking(area.clone()).seeing_into());
    let json = |request: &Request| serde_json::to_string(request).unwrap();
    assert!(!json(&usual).contains("sight"));
    assert!(json(&into).contains(r#""sight":"seeing_into""#));
    for request in [&usual, &into] {
        assert_eq!(serde_json::from_str::<Request>(&json(request)).unwrap(), *request);
    }
    assert_ne!(usual.digest(), into.digest());
    let explicit = json(&into).replace("seeing_into", "standing_in");
    assert_eq!(serde_json::from_str::<Request>(&explicit).unwrap(), usual);
}

#[test]
fn a_camera_in_a_place_that_is_never_asked_stays_out_wherever_it_looks() {
    // The place is across the street: the area does not touch it.
    let area = square(10.0, 50.0, 10.01, 50.01);
    let shelter = square(9.999, 50.004, 9.9999, 50.006);
    let never = SensitivePlace::new(
        SensitiveKind::Shelter,
        "Elm Street",
        SensitiveRule::NeverAsk,
        shelter.clone(),
        None,
    );
    let policy =
        Policy { sensitive_places: [never.unwrap()].into_iter().collect(), ..Policy::unlimited() };
    let look = Some(looks(90.0, 110.0, 25.0));
    let town = looking(&[
        (place((10, 50), -STREET, 50_000), look),
        (place((10, 50), -STREET, 70_000), look),
    ]);
    assert!(!area.intersects(&shelter) && shelter.covers(town.cameras[&CameraId(0)].position));
    let authorized =
        reviewed(&policy, &asking(area.clone()).seeing_into(), &CaseFile::new(AgencyId(1)));
    let snapshot = snapshot(&town);
    assert_eq!(asked(&snapshot, &authorized), [1]);
    let why = snapshot.explain(&authorized, noon(), CameraId(0));
    assert_eq!(why, Explanation::Denied(Denial::SensitivePlace));
    // The same at the antimeridian, the place on the other side.
    let area = square(-180.0, -17.01, -179.99, -17.0);
    let shelter = square(179.999, -17.006, 179.9999, -17.004);
    let never = SensitivePlace::new(
        SensitiveKind::Shelter,
        "Elm Street",
        SensitiveRule::NeverAsk,
        shelter,
        None,
    );
    let policy =
        Policy { sensitive_places: [never.unwrap()].into_iter().collect(), ..Policy::unlimited() };
    let town = looking(&[
        (place((180, -17), -STREET, -50_000), look),
        (place((180, -17), -STREET, -80_000), look),
    ]);
    let authorized =
        reviewed(&policy, &asking(area.clone()).seeing_into(), &CaseFile::new(AgencyId(1)));
    assert_eq!(asked(&self::snapshot(&town), &authorized), [1]);
}

/// Thirty households in the area, and a few across the street that see into it.
fn with_onlookers(few: usize) -> (Town, Area) {
    let inside = (0..30).map(|house| (place((10, 50), 1_000 * house, 50_000), None));
    let onlooker =
        |house| (place((10, 50), -STREET, 40_000 + 500 * house), Some(looks(90.0, 110.0, 25.0)));
    let all: Vec<_> = inside.chain((0..few as i64).map(onlooker)).collect();
    (looking(&all), square(10.0, 50.0, 10.01, 50.01))
}

#[test]
fn a_few_that_only_see_into_it_are_not_asked_right_after_the_others() {
    let policy = Policy { min_households: 11, ..Policy::unlimited() };
    for (few, expected) in [(10, 0), (11, 11)] {
        let (town, area) = with_onlookers(few);
        let (snapshot, mut file) = (snapshot(&town), CaseFile::new(AgencyId(1)));
        let (usual, into) = (asking(area.clone()), asking(area.clone()).seeing_into());
        // Both reviewed before either is opened: one of them is too late.
        let early = reviewed(&policy, &into, &file);
        assert_eq!(asked(&snapshot, &early).len(), 30 + few);
        let first = reviewed(&policy, &usual, &file);
        file.open(RequestId(1), &first, noon()).unwrap();
        let error = file.open(RequestId(2), &early, noon()).unwrap_err();
        assert_eq!(error, CaseFileError::OverlapOpened { id: RequestId(1) });
        // Of the second request only those who are many may be asked on its account.
        let second = reviewed(&policy, &into, &file);
        let answers = weighing(&town, &second, &[(area, Sight::StandingIn)], &[], noon());
        agree(&town, &second, &answers);
        assert_eq!(asked(&snapshot, &second).len(), 30 + expected);
        file.open(RequestId(2), &second, noon()).unwrap();
    }
}

#[test]
fn areas_that_do_not_touch_are_compared_if_a_camera_may_see_into_both() {
    let policy = Policy { min_households: 11, ..Policy::unlimited() };
    // Two yards 11 m apart, and cameras of which all see into the one, and all but two into both.
    let yard = |north: f64| square(10.0, 50.0 + north, 10.001, 50.0 + north + 0.000_1);
    let (one, other) = (yard(0.001), yard(0.001_2));
    let look = |house: i64| {
        let reach = if house < 2 { 115.0 } else { 150.0 };
        (place((10, 50), 300 * house, 0), Some(looks(0.0, 20.0, reach)))
    };
    let town = looking(&(0..20).map(look).collect::<Vec<_>>());
    let snapshot = snapshot(&town);
    let mut file = CaseFile::new(AgencyId(1));
    let first = reviewed(&policy, &asking(other.clone()).seeing_into(), &file);
    assert_eq!(asked(&snapshot, &first).len(), 18);
    file.open(RequestId(1), &first, noon()).unwrap();
    let second = reviewed(&policy, &asking(one.clone()).seeing_into(), &file);
    let earlier = [(other, Sight::SeeingInto)];
    agree(&town, &second, &weighing(&town, &second, &earlier, &[], noon()));
    assert_eq!(asked(&snapshot, &second).len(), 18, "without the two by whom they differ");
    // Who asks for cameras that stand in its area has none in common with it.
    let standing = reviewed(&policy, &asking(one.clone()), &file);
    assert!(asked(&snapshot, &standing).is_empty());
}

#[test]
fn the_receipt_says_which_cameras_are_asked_for_and_not_whether_there_are_any() {
    let policy = Policy { min_households: 11, ..Policy::unlimited() };
    let (_, area) = with_onlookers(0);
    let into = reviewed(&policy, &asking(area.clone()).seeing_into(), &CaseFile::new(AgencyId(1)));
    let receipts = [0, 5, 11, 100].map(|onlookers| {
        let route = snapshot(&with_onlookers(onlookers).0).route(&into, noon());
        assert_eq!(route.owners(), 30 + onlookers);
        serde_json::to_string(&route.receipt()).unwrap()
    });
    let nobody = serde_json::to_string(&Route::empty(&into, noon()).receipt()).unwrap();
    assert!(receipts.iter().all(|receipt| *receipt == nobody), "{receipts:?}");
    // But for what it asked it is the receipt of the usual request, which has the words it always had.
    let usual = authorize_under(&policy, area).receipt();
    let said = r#","sight":"seeing_into","policy_version":"#;
    let unsaid = nobody.replace(said, r#","policy_version":"#);
    assert!(nobody.contains(said) && unsaid == serde_json::to_string(&usual).unwrap(), "{nobody}");
    assert_eq!(serde_json::from_str::<Receipt>(&nobody).unwrap(), into.receipt());
    assert_eq!(serde_json::from_str::<Receipt>(&unsaid).unwrap(), usual);
    assert_eq!((into.receipt().sight(), usual.sight()), (Sight::SeeingInto, Sight::StandingIn));
    assert_ne!(into.receipt().digest(), usual.digest());
}
