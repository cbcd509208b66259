//! Requests for cameras that see into the area, in policies, sensitive places, the guard and
//! receipts.

use canvass::policy::{SeeingInto, SensitiveRule};
use canvass::{
    AgencyId, Area, AuthorizedRequest, CameraId, CameraScope, CaseFile, Denial, Explanation,
    Policy, Receipt, Request, RequestId, Route, TimeWindow,
};

use crate::facing::{STREET, asked, looking, looks};
use crate::oracle::Town;
use crate::places::{place_of, protecting};
use crate::places_spared::never_asked;
use crate::support::*;

#[test]
fn a_policy_must_allow_cameras_that_see_into_the_area() {
    let area = square(10.0, 50.0, 10.01, 50.01);
    assert_eq!(default_policy().seeing_into, SeeingInto::Refused);
    let policy = Policy::without_limits_or_anonymity().with_seeing_into(SeeingInto::Refused);
    let file = CaseFile::new(AgencyId(1));
    let refused = policy
        .review(
            &asking(area.clone()).with_camera_scope(CameraScope::SeeingInto),
            &agency(),
            &file,
            noon(),
        )
        .unwrap_err();
    assert_eq!(codes(&refused), ["seeing_into_not_allowed"]);
    assert_eq!(
        refused.to_string(),
        "cameras that only see into the area may not be asked for; ask for those that stand in it"
    );
    reviewed(&policy, &asking(area.clone()), &file);
    let allowed: Policy =
        serde_json::from_str(r#"{"seeing_into":"allowed","quiet_hours":{"zone":"UTC"}}"#).unwrap();
    assert_eq!(allowed, default_policy().with_seeing_into(SeeingInto::Allowed));
}

#[test]
fn a_request_names_its_scope_only_when_wider() {
    let area = square(10.0, 50.0, 10.01, 50.01);
    let (usual, into) =
        (asking(area.clone()), asking(area.clone()).with_camera_scope(CameraScope::SeeingInto));
    let json = |request: &Request| serde_json::to_string(request).unwrap();
    assert!(!json(&usual).contains("camera_scope"));
    assert!(json(&into).contains(r#""camera_scope":"seeing_into""#));
    for request in [&usual, &into] {
        assert_eq!(serde_json::from_str::<Request>(&json(request)).unwrap(), *request);
    }
    assert_ne!(usual.digest(), into.digest());
    let explicit = json(&into).replace("seeing_into", "standing_in");
    assert_eq!(serde_json::from_str::<Request>(&explicit).unwrap(), usual);
}

#[test]
fn a_camera_in_a_silent_place_stays_out() {
    // The place is across the street: the area does not touch it.
    let area = square(10.0, 50.0, 10.01, 50.01);
    let shelter = square(9.999, 50.004, 9.9999, 50.006);
    let policy = protecting(0, [never_asked(shelter.clone())]);
    let look = Some(looks(90.0, 110.0, 25.0));
    let town = looking(&[
        (place((10, 50), -STREET, 50_000), look),
        (place((10, 50), -STREET, 70_000), look),
    ]);
    assert!(!area.intersects(&shelter) && shelter.covers(town.cameras[&CameraId(0)].position));
    let authorized = reviewed(
        &policy,
        &asking(area.clone()).with_camera_scope(CameraScope::SeeingInto),
        &CaseFile::new(AgencyId(1)),
    );
    let snapshot = snapshot(&town);
    assert_eq!(asked(&snapshot, &authorized), [1]);
    let why = snapshot.explain(&authorized, noon(), CameraId(0));
    assert_eq!(why, Explanation::Denied(Denial::SensitivePlace));
    // A place whose rule is refusal spares no camera, nor does a place with a window of another
    // day.
    let yesterday = TimeWindow::new(noon() - days(3), noon() - days(2)).unwrap();
    for (rule, window) in
        [(SensitiveRule::Refuse, None), (SensitiveRule::NeverAsk, Some(yesterday))]
    {
        let policy = protecting(0, [place_of(rule, shelter.clone(), window)]);
        let asks = asking(area.clone()).with_camera_scope(CameraScope::SeeingInto);
        let passes = reviewed(&policy, &asks, &CaseFile::new(AgencyId(1)));
        assert_eq!(asked(&snapshot, &passes), [0, 1]);
    }
    // The same at the antimeridian, with the place on the other side.
    let area = square(-180.0, -17.01, -179.99, -17.0);
    let shelter = square(179.999, -17.006, 179.9999, -17.004);
    let policy = protecting(0, [never_asked(shelter)]);
    let town = looking(&[
        (place((180, -17), -STREET, -50_000), look),
        (place((180, -17), -STREET, -80_000), look),
    ]);
    let authorized = reviewed(
        &policy,
        &asking(area.clone()).with_camera_scope(CameraScope::SeeingInto),
        &CaseFile::new(AgencyId(1)),
    );
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
fn areas_apart_do_not_overlap_by_views() {
    let policy = Policy::without_limits_or_anonymity().with_max_overlaps(1);
    let yard = |north: f64| asking(square(10.0, north, 10.001, north + 0.001));
    let mut file = CaseFile::new(AgencyId(1));
    let mut open = |id, request: &Request| {
        let refused = policy.review(request, &agency(), &file, noon());
        let authorized = refused.map_err(|violations| violations.to_string())?;
        file.open(RequestId(id), &authorized, noon()).map_err(|error| error.to_string())
    };
    // Cameras ten metres apart, and further ones at the same places: one area asked about in two
    // ways.
    for (id, north) in (1..).zip([50.0, 50.001_1, 50.002_2]) {
        assert_eq!(open(id, &yard(north).with_camera_scope(CameraScope::SeeingInto)), Ok(()));
        assert_eq!(open(id + 10, &yard(north)), Ok(()));
        assert_eq!(open(id + 20, &yard(north).with_camera_scope(CameraScope::SeeingInto)), Ok(()));
    }
    let across = yard(50.000_5).with_camera_scope(CameraScope::SeeingInto);
    let refused = "the area overlaps those of 2 earlier requests; draw one that overlaps at most 1";
    assert_eq!(open(30, &across), Err(refused.to_owned()));
}

#[test]
fn the_receipt_names_the_scope_and_no_count() {
    let policy = Policy::without_limits_or_anonymity().with_min_households(11);
    let (_, area) = with_onlookers(0);
    let into = reviewed(
        &policy,
        &asking(area.clone()).with_camera_scope(CameraScope::SeeingInto),
        &CaseFile::new(AgencyId(1)),
    );
    let receipts = [0, 5, 11, 100].map(|onlookers| {
        let route = snapshot(&with_onlookers(onlookers).0).route(into.assume_open(), noon());
        assert_eq!(route.owners(), 30 + onlookers);
        serde_json::to_string(&route.receipt()).unwrap()
    });
    let nobody = serde_json::to_string(&Route::empty(&into, noon()).receipt()).unwrap();
    assert!(receipts.iter().all(|receipt| *receipt == nobody), "{receipts:?}");
    // Apart from the scope, the receipt equals that of an ordinary request, in its established
    // form.
    let usual = authorize_under(&policy, area).receipt();
    let said = r#","camera_scope":"seeing_into","policy_version":"#;
    let unsaid = nobody.replace(said, r#","policy_version":"#);
    assert!(nobody.contains(said) && unsaid == serde_json::to_string(&usual).unwrap(), "{nobody}");
    assert_eq!(serde_json::from_str::<Receipt>(&nobody).unwrap(), into.receipt());
    assert_eq!(serde_json::from_str::<Receipt>(&unsaid).unwrap(), usual);
    assert_eq!(
        (into.receipt().camera_scope(), usual.camera_scope()),
        (CameraScope::SeeingInto, CameraScope::StandingIn)
    );
    assert_ne!(into.receipt().digest(), usual.digest());
}

#[track_caller]
fn reviewed(policy: &Policy, request: &Request, file: &CaseFile) -> AuthorizedRequest {
    policy.review(request, &agency(), file, noon()).unwrap()
}
