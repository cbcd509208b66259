//! Standing requests: which of them a position touches.

use std::collections::BTreeMap;

use canvass::*;

use crate::open_requests::*;
use crate::oracle::{Town, households};
use crate::support::*;

#[test]
fn open_requests_find_cameras_that_see_into_the_area() {
    // The camera is 36 m east of the last house of the area, and looks west, 100 m far.
    let facing = Some(Facing::new(270.0, 60.0, 100.0).unwrap());
    let onlooker = house(59, 59).with_position(place((10, 50), 5_900, 0)).with_facing(facing);
    let registry = Registry::new();
    registry.apply([Change::Register(onlooker), agrees(59)]).unwrap();
    for (standing, found) in [(true, false), (false, true)] {
        let mut open = OpenRequests::new(0);
        let asked = request(1, houses(0, 9));
        let asked = if standing { asked } else { asked.with_camera_scope(CameraScope::SeeingInto) };
        let authorized = reviewed(&open, &policy(0), &asked);
        open.open(FIRST, &authorized, noon()).unwrap();
        let near: &[RequestId] = if found { &[FIRST] } else { &[] };
        assert_eq!(open.touched_by([onlooker.position], noon()), near);
        assert_eq!(written(&open).touched_by([onlooker.position], noon()), near);
        decided(&mut open, &authorized, &registry.snapshot());
        let due = open.due(FIRST, &authorized, &registry.snapshot(), noon()).unwrap();
        assert_eq!(owners(&due), if found { vec![59] } else { vec![] });
        // From a kilometre away no camera can see into it.
        assert_eq!(open.touched_by([place((10, 50), 140_000, 0)], noon()), []);
        open.resolve(FIRST, noon()).unwrap();
        assert_eq!(open.touched_by([onlooker.position], noon()), []);
    }
}

#[test]
fn open_areas_of_one_envelope_are_distinguished() {
    let corners = vec![(10.0, 50.0), (10.001, 50.0), (10.0, 50.001)];
    let half = Area::try_from(geo::Polygon::new(corners.into(), vec![])).unwrap();
    let (mut open, _) = opened(&policy(0), half);
    let beyond = place((10, 50), 9_000, 9_000);
    assert_eq!(open.touched_by([beyond], noon()), []);
    let whole = reviewed(&open, &policy(0), &request(1, square(10.0, 50.0, 10.001, 50.001)));
    open.open(SECOND, &whole, noon()).unwrap();
    assert!(open.touched_by([beyond], noon()).contains(&SECOND));
    assert!(written(&open).touched_by([beyond], noon()).contains(&SECOND));
}

#[test]
fn an_area_ending_at_the_antimeridian_is_touched_there() {
    let (open, _) = opened(&policy(0), square(179.99, -17.0, 180.0, -16.99));
    for (east, touched) in [(-100_000, true), (0, true), (1, false), (-100_001, false)] {
        let found = open.touched_by([place((180, -17), east, 50_000)], noon());
        assert_eq!(found == [FIRST], touched, "{east}");
    }
}

#[test]
fn a_repeated_area_stands_after_the_first_ended() {
    const THIRD: RequestId = RequestId(3);
    let (mut open, _) = opened(&policy(11), houses(0, 39));
    let again = reviewed(&open, &policy(11), &request(1, houses(0, 39)));
    open.open(SECOND, &again, noon()).unwrap();
    let other = reviewed(&open, &policy(11), &request(1, houses(30, 49)).with_case("26-2"));
    open.open(THIRD, &other, noon()).unwrap();
    let (near, far) = (house(5, 5).position, house(45, 45).position);
    let touched = |open: &OpenRequests, at, expected: &[RequestId]| {
        assert_eq!(open.touched_by([at], noon()), expected);
        assert_eq!(written(open).touched_by([at], noon()), expected);
        assert_eq!(&written(open), open);
    };
    touched(&open, near, &[FIRST, SECOND]);
    touched(&open, far, &[THIRD]);
    open.resolve(FIRST, noon()).unwrap();
    touched(&open, near, &[SECOND]);
    open.resolve(SECOND, noon()).unwrap();
    touched(&open, near, &[]);
    touched(&open, far, &[THIRD]);
    open.resolve(THIRD, noon()).unwrap();
    touched(&open, near, &[]);
}

#[test]
fn positions_find_open_requests_as_a_scan_does() {
    let (mut hits, mut misses, mut at_the_line) = (0, 0, 0);
    for seed in 0..60 {
        let mut rng = Rng(seed);
        let origin = rng.pick(&[(10, 50), (180, 10), (-180, -40), (0, 0)]);
        let mut open = OpenRequests::new(0);
        let mut areas = BTreeMap::new();
        for number in 0..30 {
            let id = RequestId(number * 3 % 31);
            let area = area(&mut rng, origin);
            let authorized = reviewed(&open, &policy(0), &request(number, area.clone()));
            open.open(id, &authorized, noon()).unwrap();
            areas.insert(id, area);
        }
        for id in [3, 6, 9].map(RequestId) {
            open.resolve(id, noon()).unwrap();
            areas.remove(&id);
        }
        let town = town(&mut rng, origin, 60);
        let restored = written(&open);
        for camera in town.cameras.values() {
            let one = Town { cameras: [(camera.id, *camera)].into(), ..Town::default() };
            let inside = |area: &Area| !households(&one, area).is_empty();
            let scan = areas.iter().filter(|(_, area)| inside(area)).map(|(&id, _)| id);
            let scan: Vec<RequestId> = scan.collect();
            assert_eq!(open.touched_by([camera.position], noon()), scan, "seed {seed}");
            assert_eq!(restored.touched_by([camera.position], noon()), scan, "seed {seed}");
            hits += scan.len();
            misses += areas.len() - scan.len();
            at_the_line += usize::from(camera.position.lon_e7() == -1_800_000_000) * scan.len();
        }
    }
    assert!(hits > 1_000 && misses > 1_000 && at_the_line > 50, "{hits} {misses} {at_the_line}");
}
