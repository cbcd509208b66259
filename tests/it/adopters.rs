//! Conveniences for services that embed the library: ids from text, geometries of `geo-types`,
//! streams that are delivered again, and `now` under concurrency.

use std::sync::{Barrier, Mutex};
use std::thread;

use canvass::error::{ChangeRefusal, PositionError};
use canvass::geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiPolygon, Point, Rect, Triangle, polygon,
};
use canvass::{
    AgencyId, AgencyKind, Area, CameraId, Change, IncidentKind, OpenRequests, OwnerId, Position,
    Registry, RequestId,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::oracle::{Town, step};
use crate::registry::{bad_change, change};
use crate::support::*;

proptest! {
    #[test]
    fn an_id_is_read_only_as_it_is_displayed(number in any::<u64>(), text in "[0-9+ -]{0,21}") {
        prop_assert_eq!(OwnerId(number).to_string().parse(), Ok(OwnerId(number)));
        match text.parse::<CameraId>() {
            Ok(id) => prop_assert_eq!(id.to_string(), text),
            Err(error) => {
                prop_assert!(text.parse::<u64>().map(|number| number.to_string()) != Ok(text.clone()));
                prop_assert!(error.to_string().contains(&text));
            }
        }
    }

    #[test]
    fn a_position_and_a_point_are_the_same_place(lon in -1_799_999_999_i32..1_800_000_000, lat in -900_000_000_i32..=900_000_000) {
        let position = Position::from_e7(lon, lat).unwrap();
        prop_assert_eq!(Position::try_from(Point::from(position)), Ok(position));
        prop_assert_eq!(Position::try_from(Coord::from(position)), Ok(position));
    }
}

#[test]
fn other_spellings_of_ids_and_codes_are_refused() {
    for text in ["", "+7", "-7", "007", "00", " 7", "7 ", "0x7", "18446744073709551616", "seven"] {
        assert!(text.parse::<RequestId>().is_err() && text.parse::<AgencyId>().is_err(), "{text}");
    }
    for &kind in IncidentKind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
    let error = "Burglary".parse::<IncidentKind>().unwrap_err().to_string();
    assert!(error.starts_with("`Burglary` is not one of missing_person, "), "{error}");
    let error = "city".parse::<AgencyKind>().unwrap_err().to_string();
    assert_eq!(error, "`city` is not one of local, county, state, federal");
    assert_eq!("federal".parse(), Ok(AgencyKind::Federal));
    let outside = Position::try_from(Point::new(181.0, 0.0));
    assert!(matches!(outside, Err(PositionError::Longitude { .. })));
}

#[test]
fn any_geometry_with_an_inside_is_an_area() {
    let (near, far) = (
        polygon![(x: 0.0, y: 0.0), (x: 1.0, y: 0.0), (x: 1.0, y: 1.0)],
        polygon![(x: 3.0, y: 3.0), (x: 4.0, y: 3.0), (x: 4.0, y: 4.0)],
    );
    let both = Area::try_from(MultiPolygon(vec![near.clone(), far.clone()])).unwrap();
    let nested = GeometryCollection(vec![
        Geometry::GeometryCollection(GeometryCollection(vec![near.clone().into()])),
        far.clone().into(),
    ]);
    let triangle = Triangle::new((0.0, 0.0).into(), (1.0, 0.0).into(), (1.0, 1.0).into());
    for (geometry, area) in [
        (Geometry::GeometryCollection(nested), both.clone()),
        (MultiPolygon(vec![near.clone(), far]).into(), both),
        (near.clone().into(), Area::try_from(&near).unwrap()),
        (triangle.into(), Area::try_from(near).unwrap()),
        (Rect::new((0.0, 0.0), (2.0, 1.0)).into(), Area::from_bounds(0.0, 0.0, 2.0, 1.0).unwrap()),
        // Bounds wider than half a turn: an edge between their corners would take the short way
        // around.
        (
            Rect::new((-100.0, 0.0), (120.0, 1.0)).into(),
            Area::from_bounds(-100.0, 0.0, 120.0, 1.0).unwrap(),
        ),
    ] {
        assert_eq!(Area::try_from(geometry), Ok(area));
    }
    let line = LineString::from(vec![(0.0, 0.0), (1.0, 1.0)]);
    for without in [
        Geometry::from(Point::new(0.0, 0.0)),
        line.clone().into(),
        Geometry::GeometryCollection(GeometryCollection(vec![line.into()])),
    ] {
        assert_eq!(Area::try_from(without).unwrap_err().code(), "not_areal");
    }
    let none = Geometry::<f64>::GeometryCollection(GeometryCollection(Vec::new()));
    assert_eq!(Area::try_from(none).unwrap_err().code(), "empty");
    // Collections nested as deep as a caller likes.
    let mut deep = Geometry::from(Point::new(0.0, 0.0));
    for _ in 0..1_000 {
        deep = Geometry::GeometryCollection(GeometryCollection(vec![deep]));
    }
    assert_eq!(Area::try_from(deep).unwrap_err().code(), "not_areal");
}

/// Compared with the model, one change after another, for lists below and above the length that is
/// planned in parallel.
#[test]
fn skipping_leaves_out_the_changes_the_model_refuses() {
    let mut rng = Rng(26);
    let (registry, mut town) = (Registry::new(), Town::default());
    let (mut applied, mut left_out) = (0, 0);
    for round in 0..60 {
        let mut expected = Vec::new();
        let list: Vec<Change> = (0..if round % 20 == 19 { 2_000 } else { rng.below(8) })
            .map(|_| {
                if rng.once_in(3) {
                    bad_change(&mut rng, &town)
                } else {
                    change(&mut rng, &town, 1_000)
                }
            })
            .collect();
        for (index, change) in list.iter().enumerate() {
            match step(&mut town, change) {
                Ok(()) => applied += 1,
                Err(reason) => expected.push((index, reason)),
            }
        }
        let (snapshot, skipped) = registry.apply_skipping(list).unwrap();
        let skipped: Vec<(usize, ChangeRefusal)> =
            skipped.iter().map(|skipped| (skipped.index, skipped.reason)).collect();
        assert_eq!(skipped, expected);
        left_out += skipped.len();
        assert_eq!(snapshot.cameras(), town.cameras.len());
        assert_eq!(snapshot.revision().0, round + 1);
        for camera in town.cameras.values() {
            assert_eq!(registry.camera(camera.id), Some(*camera));
        }
        crate::registry::answers(&snapshot, &town, &mut rng);
    }
    assert!(applied > 1_000 && left_out > 1_000, "{applied} {left_out}");
}

#[test]
fn a_stream_delivered_again_ends_as_it_was() {
    let mut rng = Rng(27);
    let mut skipped_in_all = 0;
    for _ in 0..40 {
        let (registry, mut town) = (Registry::new(), Town::default());
        let mut stream = Vec::new();
        while stream.len() < 60 {
            let change = change(&mut rng, &town, 1_000);
            if !matches!(change, Change::RecordAsked { .. }) {
                step(&mut town, &change).unwrap();
                stream.push(change);
            }
        }
        registry.apply(stream.clone()).unwrap();
        let again = stream.split_off(rng.below(stream.len() as u64) as usize);
        let (snapshot, skipped) = registry.apply_skipping(again).unwrap();
        skipped_in_all += skipped.len();
        crate::registry::answers(&snapshot, &town, &mut rng);
        for (owner, consent) in &town.consents {
            assert_eq!(&registry.consent(*owner), consent);
        }
    }
    assert!(skipped_in_all > 40, "{skipped_in_all}");
}

/// Many threads read the clock before they wait for the lock. With the clamp each opens and
/// withdraws its requests; without it some steps are refused.
#[test]
fn a_clock_read_before_the_lock_refuses_nobody() {
    const THREADS: u64 = 8;
    const EACH: u64 = 50;
    let clock = Mutex::new(noon());
    let tick = || {
        let mut now = clock.lock().unwrap();
        *now += SignedDuration::from_millis(1);
        *now
    };
    let run = |clamp: fn(&OpenRequests, Timestamp) -> Timestamp| -> usize {
        let (open, start) = (Mutex::new(OpenRequests::new(0)), Barrier::new(THREADS as usize));
        let refused: Vec<usize> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let (open, start, tick) = (&open, &start, &tick);
                    scope.spawn(move || {
                        start.wait();
                        let act = |number: u64| {
                            let id = RequestId(thread * EACH + number);
                            let authorized = authorize(square(10.0, 50.0, 10.1, 50.1));
                            let now = tick();
                            // Other threads run between clock and lock, as they do under load.
                            thread::yield_now();
                            let mut open = open.lock().unwrap();
                            let now = clamp(&open, now);
                            open.open(id, &authorized, now).is_err()
                        };
                        (0..EACH).filter(|&number| act(number)).count()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        refused.into_iter().sum()
    };
    assert_eq!(run(OpenRequests::clamp_now), 0);
    let without: usize = (0..20).map(|_| run(|_, now| now)).sum();
    assert!(without > 0, "clock and lock were always in one order: the test shows nothing");
}
